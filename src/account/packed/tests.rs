//! What accounts come to in bytes, and that they come back.

use super::*;
use crate::journal::Entry;

/// An account after each of the entries that the goldens hold, but for those inside a merger: the lots have come by then
/// and the holds on them have not. A store writes an account after whole changes only.
fn goldens() -> Vec<Account> {
    let entries: Vec<Entry> = json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap();
    let mut account = Account::new(ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
    let mut accounts = vec![account.clone(), Account::without_profile(ProfileNumber::CATALOGUE)];
    for entry in &entries {
        account.follow(entry).unwrap();
        accounts.push(account.clone());
    }
    accounts.retain(Account::is_conserved);
    accounts
}

fn packed(account: &Account) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(account, &mut bytes);
    bytes
}

#[test]
fn accounts_come_back_as_they_were() {
    let mut forms = std::collections::BTreeSet::new();
    for account in goldens() {
        let bytes = packed(&account);
        assert_eq!(read(&bytes), Ok(account.clone()), "{bytes:?}");
        forms.insert(bytes[0]);
    }
    assert_eq!(forms.into_iter().collect::<Vec<_>>(), [JSON, PLAIN], "every form is used");
    assert!(goldens().iter().any(|account| account.pending().len() > 0 && packed(account)[0] == PLAIN));
    let never = |account: &Account| account.lots(LotKind::Point).any(|lot| lot.expires_at == Expiry::NEVER);
    assert!(goldens().iter().any(|account| never(account) && packed(account)[0] == PLAIN));
}

#[test]
fn every_instant_has_a_step() {
    let instants = [Timestamp::MIN, Timestamp::MAX, Timestamp::from_micros(0).unwrap()];
    let near = [-1_000_001, -1, 1, 999_999, 1_000_000].map(|micros| Timestamp::from_micros(micros).unwrap());
    for from in instants.into_iter().chain(near) {
        for to in instants.into_iter().chain(near) {
            let mut bytes = Vec::new();
            let mut last = from;
            Writer { out: &mut bytes, number: ProfileNumber::CATALOGUE }.step(to, &mut last);
            let mut reader = Reader { rest: &bytes, number: ProfileNumber::CATALOGUE };
            assert_eq!(reader.step(&mut from.clone()), Ok(Some(to)), "from {from} to {to}");
            assert_eq!(last, to);
        }
    }
}

/// The bytes are for ever: what was written once is read by every version after.
#[test]
fn the_forms_never_change() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tight = goldens().into_iter().map(|account| packed(&account)).filter(|bytes| bytes[0] != JSON);
    let written = tight.map(hex).collect::<Vec<_>>().join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/packed_accounts.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
}

#[test]
fn spoiled_bytes_are_an_error_and_no_panic() {
    for account in goldens() {
        let bytes = packed(&account);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err());
        }
        for place in 0..bytes.len().min(300) {
            for value in [0, 1, 2, 5, 0x7f, 0x80, 0xff] {
                let mut spoiled = bytes.clone();
                spoiled[place] = value;
                // It may be another account; it must not be a panic, and no value may come of it.
                assert!(
                    read(&spoiled).is_ok_and(|account| account.is_conserved()) || read(&spoiled).is_err()
                );
            }
        }
    }
    assert!(read(&[]).is_err());
    assert!(read(&[99]).is_err());
}
