//! One redemption under a key, out of a SQLite file: `.ci/callpath` runs it unoptimised, and asks callgrind which functions of
//! the crate it goes through.

use std::hint::black_box;

use scrip::store::sqlite::SqliteStore;
use scrip::{
    Amount, Define, IssueReward, Key, Ledger, ProfileId, Program, Redeem, RewardDefinition, Timestamp,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("shop.sqlite"))?;
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    let alice = ProfileId::new("alice")?;
    let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    let ten = ledger.at(now).commit(Define::from(ten))?;
    ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    let redeem = Redeem::strict(alice, Amount::from(4));
    // What is done once for a file is done by the first.
    ledger.at(now).keyed("till-7/0041".parse()?).commit(redeem.clone())?;
    looked_at(&mut ledger, now, "till-7/0042".parse()?, redeem);
    Ok(())
}

/// What callgrind looks at.
#[inline(never)]
fn looked_at(ledger: &mut Ledger<SqliteStore>, now: Timestamp, key: Key, redeem: Redeem) {
    black_box(ledger.at(now).keyed(key).commit(redeem).is_ok());
}
