//! Tests of the binary form of entries: the round trip, few bytes, and errors for invalid bytes.

mod definitions;
mod examples;
mod lots;
mod owed;

use examples::*;
use lots::issue;

use super::*;
use crate::account::Account;
use crate::id::ProfileId;
use crate::journal::*;
use crate::json;

fn number() -> ProfileNumber {
    ProfileNumber::new(1).unwrap()
}

fn goldens() -> Vec<Entry> {
    json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap()
}

fn written(entry: &Entry, number: ProfileNumber) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(entry, number, &mut bytes);
    bytes
}

#[test]
fn entries_come_back_as_they_were() {
    for entry in goldens().into_iter().chain(every_kind()) {
        // In another account, the ids that follow from the entry would differ.
        for number in [number(), ProfileNumber::new(2).unwrap(), ProfileNumber::CATALOGUE] {
            assert_eq!(read(&written(&entry, number), number), Ok(entry.clone()));
        }
    }
}

#[test]
fn every_form_is_tested() {
    let forms: std::collections::BTreeSet<u8> =
        goldens().iter().chain(&every_kind()).map(|entry| written(entry, number())[0]).collect();
    assert_eq!(forms.into_iter().collect::<Vec<_>>(), FORMS);
}

#[test]
fn what_is_written_most_takes_few_bytes() {
    let entry = |kind| Entry { at: at(1_750_000_000_123_456), ..entry(kind) };
    let redemption = written(&entry(EntryKind::Redeem(redeemed(false))), number());
    let issue = written(&entry(EntryKind::Issue(issue())), number());
    assert_eq!((redemption.len(), issue.len()), (28, 48));
}

/// The binary form is permanent: bytes once written are read by every later version.
#[test]
fn the_forms_never_change() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let all = goldens().into_iter().chain(every_kind());
    let written = all.map(|entry| hex(written(&entry, number()))).collect::<Vec<_>>().join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/wire_entries.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
}

#[test]
fn spoiled_bytes_are_an_error_and_no_panic() {
    for entry in goldens().into_iter().chain(every_kind()) {
        let bytes = written(&entry, number());
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], number()).is_err(), "{length} bytes of {entry:?}");
        }
        for place in 0..bytes.len() {
            for value in [0, 1, 2, 5, 0x7f, 0x80, 0xff] {
                let mut spoiled = bytes.clone();
                spoiled[place] = value;
                // The bytes may be another entry, which must round-trip as well; they must not cause a panic.
                if let Ok(other) = read(&spoiled, number()) {
                    assert_eq!(read(&written(&other, number()), number()), Ok(other));
                }
            }
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(read(&longer, number()).unwrap_err().to_string().ends_with("1 byte is left over"));
    }
    assert!(read(&[99, 1, 3, 3], number()).unwrap_err().to_string().contains("written by a newer version"));
}

/// Rates are numbered in a byte (rule K2): more of them are an error when they are read, and not numbered anew from zero.
///
/// Catches: a limit that is not looked at, or that is one off.
#[test]
fn more_rates_than_a_byte_numbers_are_an_error() {
    let [_, sale] = transactions();
    let of = |rates: usize| {
        let transaction = Transaction { earned: vec![sale.earned[0].clone(); rates], ..sale.clone() };
        let change =
            TransactionChange { transaction, redemptions: vec![], returned: None, transacted_before: None };
        entry(EntryKind::Transaction(Box::new(change)))
    };
    for rates in [0, 1, 2, 255] {
        assert_eq!(read(&written(&of(rates), number()), number()), Ok(of(rates)));
    }
    for (rates, found) in [(256, "found 256"), (257, "found 257"), (70_000, "found 70000")] {
        let error = read(&written(&of(rates), number()), number()).map(drop).unwrap_err().to_string();
        assert!(error.contains("at most 255 rates, ") && error.ends_with(found), "{error}");
    }
}

#[test]
fn entries_of_one_change_stand_together() {
    let mut bytes = Vec::new();
    write_all(&goldens(), number(), &mut bytes);
    assert_eq!(read_all(&bytes, number()), Ok(goldens()));
    assert!(read_all(&[], number()).is_err(), "at least one is written");
    assert!(read_all(&bytes[..bytes.len() - 1], number()).is_err());
}

/// The balances, the account and the entries' stated balances agree, as all of them read the same effects.
#[test]
fn a_journal_folds_to_balances_that_its_entries_state() {
    let mut account = Account::new(ProfileId::new("alice").unwrap(), number());
    for entry in goldens() {
        let mut balances = account.balances();
        balances.follow(&entry.kind, entry.at);
        account.follow(&entry).unwrap();
        assert_eq!((account.balances(), entry.balances), (balances, balances));
    }
}
