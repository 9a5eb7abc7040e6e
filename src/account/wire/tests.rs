//! Tests of the binary form of accounts: the round trip, and errors for invalid bytes.

use super::*;
use crate::definition::Scope;
use crate::id::LotId;
use crate::journal::{Balances, Cause, Entry, EntryKind, Expired, LotKind, Standing};
use crate::json;
use crate::value::Amount;

/// An account after each of the golden entries, except inside a merger, where lots have arrived and the holds on them
/// have not. A store writes an account after whole changes only.
fn goldens() -> Vec<Account> {
    let entries: Vec<Entry> = json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap();
    let mut account = Account::new(ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
    let mut accounts = vec![account.clone(), Account::without_profile(ProfileNumber::CATALOGUE)];
    for entry in &entries {
        account.follow(entry).unwrap();
        accounts.push(account.clone());
    }
    accounts.retain(Account::is_conserved);
    // States that few accounts have.
    let overdue: Vec<Account> = accounts.iter().filter_map(expired_while_held).collect();
    accounts.extend(overdue);
    let mut merged = accounts[0].clone();
    merged.rest_mut().merged_into = Some(ProfileNumber::MAX);
    merged.rest_mut().merged_from = vec![ProfileNumber::new(2).unwrap(), ProfileNumber::MAX];
    accounts.push(merged);
    let mut sent = accounts[0].clone();
    let mut value = Sent::none_until(Timestamp::MAX);
    (value.rewards, value.status) = (Amount::from(5).into(), Amount::from(7).into());
    sent.rest_mut().sent = Some(Box::new(value));
    accounts.push(sent);
    let mut former = accounts[0].clone();
    former.rest_mut().has_former_lots = true;
    let scoped: Vec<Account> = accounts.iter().filter_map(with_scopes).collect();
    accounts.extend(scoped);
    accounts.push(former);
    accounts
}

/// The account with a scope for each of its live lots.
fn with_scopes(account: &Account) -> Option<Account> {
    let lots = account.rewards().map(|lot| lot.id);
    let lots: Vec<LotId> = lots.chain(account.pending().map(|pending| pending.lot.id)).collect();
    let scope = Scope::only(["shoes"]).with_except(["sale"]).with_minimum_spend(Amount::from(50));
    let mut scoped = account.clone();
    lots.iter().for_each(|lot| scoped.rest_mut().scopes.insert(*lot, scope.clone()));
    (!lots.is_empty()).then_some(scoped)
}

/// The account after a lot with a held part expired.
fn expired_while_held(account: &Account) -> Option<Account> {
    let (kind, lot) = [LotKind::Reward, LotKind::Point]
        .into_iter()
        .find_map(|kind| Some((kind, account.lots(kind).find(|lot| !lot.held.is_zero())?)))?;
    let after = lot.state(kind, Standing::Expired);
    let kind = EntryKind::Expire(Expired { value: lot.unheld(), after });
    let (sequence, at, balances) = (account.sequence + 1, account.last_at, Balances::default());
    let mut later = account.clone();
    later.apply(&Entry {
        sequence,
        at,
        cause: Cause::Clock,
        is_activity: false,
        kind,
        balances,
        stamp: None,
    });
    Some(later)
}

fn written(account: &Account) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(account, &mut bytes);
    bytes
}

#[test]
fn accounts_come_back_as_they_were() {
    for account in goldens() {
        let bytes = written(&account);
        assert_eq!(read(&bytes), Ok(account.clone()), "{bytes:?}");
    }
    let is_there = |what: fn(&Account) -> bool| goldens().iter().any(what);
    assert!(is_there(|account| account.pending().len() > 0), "a lot that is pending");
    assert!(is_there(|account| account.overdue().len() > 0), "a lot that is held past its expiry");
    assert!(is_there(|account| account.holds().len() > 0), "an open hold");
    assert!(is_there(|account| account.lots(LotKind::Point).any(|lot| lot.expires_at == Expiry::NEVER)));
    assert!(is_there(|account| account.owed().len() > 0), "points that are owed");
    assert!(is_there(|account| account.merged_into().is_some()), "a merger into another");
    assert!(is_there(|account| account.merged_from().len() > 1), "mergers of others");
}

#[test]
fn every_instant_has_a_step() {
    let instants = [Timestamp::MIN, Timestamp::MAX, Timestamp::from_micros(0).unwrap()];
    let near = [-1_000_001, -1, 1, 999_999, 1_000_000].map(|micros| Timestamp::from_micros(micros).unwrap());
    for from in instants.into_iter().chain(near) {
        for to in instants.into_iter().chain(near) {
            let mut bytes = Vec::new();
            let mut last = from;
            let (number, at) = (ProfileNumber::CATALOGUE, from);
            Writer::new(&mut bytes, number, 0, at).step(to, &mut last);
            let mut reader = Reader::new(&bytes, number, "a step");
            assert_eq!(reader.step(&mut from.clone()), Ok(to), "from {from} to {to}");
            assert_eq!(last, to);
        }
    }
}

/// The binary form is permanent: bytes once written are read by every later version.
#[test]
fn the_forms_never_change() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let all = goldens().into_iter().map(|account| written(&account));
    let written = all.map(hex).collect::<Vec<_>>().join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/wire_accounts.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
}

#[test]
fn spoiled_bytes_are_an_error_and_no_panic() {
    for account in goldens() {
        let bytes = written(&account);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err());
        }
        for place in 0..bytes.len().min(300) {
            for value in [0, 1, 2, 5, 0x7f, 0x80, 0xff] {
                let mut spoiled = bytes.clone();
                spoiled[place] = value;
                // The bytes may be another account, but must not cause a panic or create value.
                assert!(
                    read(&spoiled).is_ok_and(|account| account.is_conserved()) || read(&spoiled).is_err()
                );
            }
        }
    }
    assert!(read(&[]).is_err());
    assert!(read(&[99]).is_err());
}
