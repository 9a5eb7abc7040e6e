//! What a redemption allocates: nothing, while it takes from up to four lots, but for the journal's own growth.

use scrip::{
    Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem, RewardDefinition,
    Timestamp,
};

const REDEMPTIONS: usize = 1_000;

/// How many of a thousand redemptions, each over so many lots, allocate anything.
fn that_allocate(lots: u32) -> usize {
    let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
    let alice = ProfileId::new("alice").unwrap();
    let one = RewardDefinition::new("one".parse().unwrap(), "One", Amount::from(1));
    let one = ledger.at(now).commit(Define::from(one)).unwrap().id;
    let issues = vec![Command::new(now, IssueReward::new(alice, one)); REDEMPTIONS * lots as usize];
    assert!(ledger.run_all(&issues).iter().all(Result::is_ok));

    let redeem = Command::new(now, Redeem::strict(alice, Amount::from(lots)));
    let counts = (0..REDEMPTIONS).map(|_| {
        let counted = allocation_counter::measure(|| {
            let redemption = ledger.run(&redeem).unwrap().outcome;
            assert_eq!(redemption.items.len(), lots as usize);
        });
        counted.count_total
    });
    counts.filter(|count| *count > 0).count()
}

#[test]
fn a_redemption_over_up_to_four_lots_allocates_nothing() {
    for lots in 1..=4 {
        // Now and then the journal is given room for the next thousands.
        let allocate = that_allocate(lots);
        assert!(allocate <= REDEMPTIONS / 50, "{allocate} of {REDEMPTIONS} over {lots} lots");
    }
    // The fifth item is where they move to the heap: so much is seen of what is counted.
    assert_eq!(that_allocate(5), REDEMPTIONS);
}
