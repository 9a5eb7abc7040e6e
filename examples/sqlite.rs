//! The same short job as in the README, in a file that is still there tomorrow.
//!
//! `cargo run --example sqlite --features sqlite -- shop.sqlite` keeps the file; run it again, and the rewards add up.
//! Without a name it works in a folder of its own, which it removes.

use std::error::Error;
use std::path::{Path, PathBuf};

use scrip::store::sqlite::{SqliteStore, rusqlite::Connection};
use scrip::{Amount, Define, IssueReward, Ledger, PeriodType, PostTransaction, ProfileId, Program, Redeem};
use scrip::{RewardDefinition, Timestamp};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = std::env::args().nth(1).map_or_else(|| folder.path().join("shop.sqlite"), PathBuf::from);
    let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    redeem_a_birthday_reward(&path, now)?;
    report(&path, now)?;
    keep_it_well(&path)
}

fn open(path: &Path) -> Result<Ledger<SqliteStore>, Box<dyn Error>> {
    Ok(Ledger::new(Program::new("AUD", "Australia/Melbourne")?, SqliteStore::open(path)?))
}

/// What the till does. Each commit is on the disk before it is answered.
fn redeem_a_birthday_reward(path: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let mut ledger = open(path)?;
    let alice = ProfileId::new("alice")?;
    let handle = "birthday-reward".parse()?;
    let birthday = match ledger.at(now).catalogue()?.reward(&handle) {
        Some(known) => known.id,
        None => {
            let birthday = RewardDefinition::new(handle, "Birthday Reward", Amount::from(10))
                .valid_for(30, PeriodType::Days);
            ledger.at(now).commit(Define::from(birthday))?.id
        }
    };
    ledger.at(now).commit(IssueReward::new(alice, birthday))?;
    let redemption = ledger.at(now).commit(Redeem::strict(alice, "7.50".parse()?))?;
    let sale = PostTransaction::new(alice, "92.45".parse()?).paid_with(redemption.id, "99.95".parse()?);
    ledger.at(now).commit(sale)?;
    let left = ledger.at(now).balances(alice)?.reward_balance;
    println!("Redeemed {}. Left: {left}.", redemption.total);
    // Each run leaves 2.50 more.
    assert!(left >= "2.50".parse()?);
    Ok(())
}

/// What the back office asks, in plain SQL.
fn report(path: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let projected = open(path)?.store().project()?;
    println!(
        "Carried {} entries over to the tables; they are at {}.",
        projected.entries,
        projected.position.as_str()
    );
    let reports = Connection::open(path)?;
    let mut expiring = reports.prepare(
        "SELECT a.profile, d.name, l.remaining, l.expires_at
         FROM scrip_lot l JOIN scrip_account a USING (number) JOIN scrip_definition d USING (definition)
         WHERE l.standing = 'usable' AND l.remaining > 0 AND l.expires_at > ?1 AND l.expires_at <= ?2
         ORDER BY l.expires_at, l.lot",
    )?;
    let month = now.checked_add(chrono::TimeDelta::days(31))?;
    let mut rows = expiring.query([now, month])?;
    while let Some(row) = rows.next()? {
        let (profile, name, left, end): (ProfileId, String, Amount, Timestamp) = row.try_into()?;
        println!("{profile} has {left:.2} of {name}, until {end}.");
    }
    Ok(())
}

/// What happens at night: a copy, and a look at whether it is whole.
fn keep_it_well(path: &Path) -> Result<(), Box<dyn Error>> {
    let copy = path.with_extension("copy.sqlite");
    open(path)?.store().back_up(&copy)?;
    let checked = SqliteStore::open(&copy)?.check()?;
    println!("Copied to {}: {} entries, {} faults.", copy.display(), checked.entries, checked.faults.len());
    assert!(checked.is_whole(), "a copy is whole");
    Ok(())
}
