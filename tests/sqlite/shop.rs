//! A small shop, for every test.

use std::path::Path;

use scrip::store::Store;
use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{
    Amount, Define, DefinitionId, IssueReward, Ledger, PeriodType, ProfileId, Program, Redeem,
    RewardDefinition, Timestamp,
};

pub fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

pub fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

pub fn days_later(days: i64) -> Timestamp {
    now().checked_add(chrono::TimeDelta::days(days)).unwrap()
}

pub fn profile(name: &str) -> ProfileId {
    ProfileId::new(name).unwrap()
}

pub fn open(path: &Path) -> Ledger<SqliteStore> {
    Ledger::new(program(), SqliteStore::open(path).unwrap())
}

pub fn open_with(path: &Path, options: SqliteOptions) -> Ledger<SqliteStore> {
    Ledger::new(program(), SqliteStore::open_with(path, options).unwrap())
}

/// Rewards of ten dollars for thirty days.
pub fn define<S: Store>(ledger: &mut Ledger<S>) -> DefinitionId
where
    S::Error: std::fmt::Debug,
{
    let bonus = RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10))
        .valid_for(30, PeriodType::Days);
    ledger.at(now()).commit(Define::from(bonus)).unwrap().id
}

pub fn issue<S: Store>(ledger: &mut Ledger<S>, name: &str, bonus: DefinitionId)
where
    S::Error: std::fmt::Debug,
{
    ledger.at(now()).commit(IssueReward::new(profile(name), bonus)).unwrap();
}

pub fn redeem(name: &str, dollars: u32) -> Redeem {
    Redeem::strict(profile(name), Amount::from(dollars))
}

pub fn balance<S: Store>(ledger: &mut Ledger<S>, name: &str) -> Amount
where
    S::Error: std::fmt::Debug,
{
    ledger.at(now()).balances(profile(name)).unwrap().reward_balance
}
