//! A full shard, which no request can bring about.

use super::*;
use crate::definition::RewardDefinition;
use crate::ledger::Ledger;
use crate::ops::{Define, IssueReward, Reassign};
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::Amount;

/// Half a move would be value that vanished, or that is there twice (rule J6).
#[test]
fn where_one_account_has_no_room_neither_is_written() {
    let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
    let store = MemoryStore::new();
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), store.clone());
    let mut till = ledger.at(now);
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = RewardDefinition { is_reassignable: true, ..ten };
    let ten = till.commit(Define::from(ten)).unwrap().id;
    let alice = ProfileId::new("alice").unwrap();
    let lot = till.commit(IssueReward::new(alice, ten)).unwrap().id;
    // Somebody whose shard is another, and who has an account already or has none.
    let shard = |profile: &ProfileId| store.shared.place(profile).1;
    let mut others = (0..).map(|n| ProfileId::new(&format!("bob-{n}")).unwrap());
    let mut other = || others.find(|profile| shard(profile) != shard(&alice)).unwrap();
    let (old, new) = (other(), other());
    till.commit(IssueReward::new(old, ten)).unwrap();
    for to in [old, new] {
        locked(&store.shared.shards[shard(&to)]).fill_journal();
        let before = till.wallet(alice).unwrap().journal().len();
        let error = till.commit(Reassign::new(lot, to)).unwrap_err();
        assert!(matches!(error, crate::ledger::Error::Store(error) if *error == MemoryError::Full));
        assert_eq!(till.wallet(alice).unwrap().journal().len(), before);
        assert_eq!(till.balances(alice).unwrap().reward_balance, Amount::from(10));
        assert_eq!(locked(&store.shared.numbers).len(), 2, "nobody new has a number");
    }
}
