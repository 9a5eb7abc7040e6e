use super::*;
use crate::definition::RewardDefinition;
use crate::id::{DefinitionId, ProfileId, ProfileNumber};
use crate::ledger::Ledger;
use crate::ops::{Define, IssueReward, Redeem, ReturnRedemption};
use crate::program::Program;
use crate::store::MemoryStore;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An early and a late instant, ten days apart.
const EARLY: &str = "2025-06-15T00:00:00Z";
const LATE: &str = "2025-06-25T00:00:00Z";
const BETWEEN: &str = "2025-06-20T00:00:00Z";
const AFTER: &str = "2025-06-30T00:00:00Z";

/// A ledger with a reward of 10 defined.
fn ledger() -> (Ledger<MemoryStore>, DefinitionId, ProfileId) {
    let program = Program::new("AUD", "Australia/Melbourne").unwrap();
    let mut ledger = Ledger::new(program, MemoryStore::new());
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", 10.into());
    let ten = ledger.at(at(EARLY)).commit(Define::from(ten)).unwrap().id;
    (ledger, ten, ProfileId::new("alice").unwrap())
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
    let (mut ledger, ten, alice) = ledger();
    let mut till = ledger.at(at(EARLY));
    till.commit(IssueReward::new(alice, ten)).unwrap();
    till.commit(Redeem::strict(alice, 6.into())).unwrap();
    let journal = till.wallet(alice).unwrap().journal().to_vec();
    assert_eq!(sequences(&journal, BETWEEN), [2], "the lot is live");
    let mut till = ledger.at(at(LATE));
    till.commit(Redeem::strict(alice, 4.into())).unwrap();
    let journal = till.wallet(alice).unwrap().journal().to_vec();
    assert!(sequences(&journal, EARLY).is_empty());
    assert_eq!(sequences(&journal, BETWEEN), [2], "the late redemption drew from the lot");
    assert_eq!(sequences(&journal, AFTER), [1, 2, 3]);
}

#[test]
fn a_redemption_that_changed_is_needed_with_its_lots() {
    let (mut ledger, ten, alice) = ledger();
    let mut till = ledger.at(at(EARLY));
    for _ in 0..2 {
        till.commit(IssueReward::new(alice, ten)).unwrap();
        till.commit(Redeem::strict(alice, 10.into())).unwrap();
    }
    let last = till.wallet(alice).unwrap().redemptions().last().unwrap().id;
    till.commit(ReturnRedemption::strict(last, 4.into())).unwrap();
    let journal = till.wallet(alice).unwrap().journal().to_vec();
    assert_eq!(sequences(&journal[..4], BETWEEN), [1, 2, 3, 4]);
    assert_eq!(sequences(&journal, BETWEEN), [1, 2]);
}
