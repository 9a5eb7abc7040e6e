use super::*;
use crate::definition::RewardDefinition;
use crate::id::{ProfileId, ProfileNumber};
use crate::ledger::Ledger;
use crate::ops::{Define, IssueReward, PlaceHold, Redeem, ReturnRedemption};
use crate::program::Program;
use crate::store::MemoryStore;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Eight entries: three lots of 10, of which one is redeemed in full, one in full and returned in part, one held in part (and let go).
fn journal() -> Vec<Entry> {
    let program = Program::new("AUD", "Australia/Melbourne").unwrap();
    let mut ledger = Ledger::new(program, MemoryStore::new());
    let alice = ProfileId::new("alice").unwrap();
    let mut till = ledger.at(at("2025-06-15T00:00:00Z"));
    let ten =
        till.commit(Define::from(RewardDefinition::new("ten".parse().unwrap(), "Ten", 10.into()))).unwrap();
    for _ in 0..2 {
        till.commit(IssueReward::new(alice, ten.id)).unwrap();
        till.commit(Redeem::strict(alice, 10.into())).unwrap();
    }
    till.commit(IssueReward::new(alice, ten.id)).unwrap();
    till.commit(PlaceHold::strict(alice, 3.into())).unwrap();
    let mut till = ledger.at(at("2025-06-20T00:00:00Z"));
    let redemption = till.wallet(alice).unwrap().redemptions().last().unwrap().id;
    till.commit(ReturnRedemption::strict(redemption, 4.into())).unwrap();
    till.wallet(alice).unwrap().journal().to_vec()
}

fn sequences(journal: &[Entry], before: &str) -> Vec<u32> {
    let (alice, number) = (ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
    let account = Account::replay(Some(alice), number, journal).unwrap();
    let mut found: Vec<u32> = unneeded(&account, journal, at(before)).map(|entry| entry.sequence).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_lot_is_unneeded_with_the_last_redemption_from_it() {
    let journal = journal();
    assert_eq!(journal.len(), 8);
    // The second redemption was returned in part, and the third lot is live.
    assert_eq!(sequences(&journal, "2025-06-16T00:00:00Z"), [1, 2]);
    // Nothing is from before.
    assert!(sequences(&journal, "2025-06-15T00:00:00Z").is_empty());
    // Before the return, both redemptions were closed.
    assert_eq!(sequences(&journal[..6], "2025-06-16T00:00:00Z"), [1, 2, 3, 4]);
}
