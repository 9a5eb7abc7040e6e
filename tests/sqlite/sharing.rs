//! Several handles on one file, and what each keeps in memory.

use std::time::Duration;

use scrip::store::sqlite::rusqlite::Connection;
use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::{Amount, Command, Error, Ledger, Rejection};

use crate::shop::{balance, define, issue, now, open, open_with, program, redeem};

/// Also through the handle that has the definition in memory.
#[test]
fn a_definition_that_was_archived_is_not_issued_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(&folder.path().join("ledger.sqlite"));
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    ledger.at(now()).commit(scrip::request::ArchiveDefinition::new(bonus)).unwrap();
    let late = scrip::IssueReward::new(crate::shop::profile("alice"), bonus);
    let refused = ledger.at(now()).commit(late).unwrap_err();
    assert!(refused.rejection().is_some(), "{refused:?}");
}

/// Whoever looks waits for nobody; whoever writes waits, and then says so.
#[test]
fn a_writer_who_takes_too_long_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open_with(&path, SqliteOptions::new().busy_timeout(Duration::from_millis(20)));
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(balance(&mut ledger, "alice"), Amount::from(10));
    for _ in 0..2 {
        let Error::Store(error) = ledger.at(now()).commit(redeem("alice", 1)).unwrap_err() else { panic!() };
        assert_eq!(error.code(), "busy", "{error:?}");
        assert_eq!(balance(&mut ledger, "alice"), Amount::from(10), "nothing of it stays in memory");
    }
    other.execute_batch("ROLLBACK").unwrap();
    ledger.at(now()).commit(redeem("alice", 1)).unwrap();
    assert_eq!(balance(&mut ledger, "alice"), Amount::from(9));
}

#[test]
fn racing_handles_never_overspend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    for name in ["alice", "bob"] {
        issue(&mut ledger, name, bonus);
    }
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut ledger = open_with(&path, SqliteOptions::new().resident(thread));
                let mut paid = [0, 0];
                for round in 0..10_usize {
                    for (paid, name) in paid.iter_mut().zip(["alice", "bob"]) {
                        // Now one by one, now together with another.
                        let at =
                            |key: String| Command::new(now(), redeem(name, 1)).keyed(key.parse().unwrap());
                        let key = format!("{thread} {round}");
                        let commands = vec![at(key.clone()); 1 + round % 2];
                        let answers = ledger.run_all(&commands);
                        match &answers[0] {
                            Ok(_) => *paid += 1,
                            Err(Error::Rejected(Rejection::InsufficientValue { .. })) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
                paid
            })
        })
        .collect();
    let mut paid = [0, 0];
    for thread in threads {
        let [alice, bob] = thread.join().unwrap();
        paid = [paid[0] + alice, paid[1] + bob];
    }
    assert_eq!(paid, [10, 10], "all that there was, and no more");
    assert!(ledger.store().check().unwrap().is_whole());
}

#[test]
fn a_read_only_handle_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    let mut reader = open_with(&path, SqliteOptions::new().read_only());
    assert_eq!(balance(&mut reader, "alice"), Amount::from(10));
    for _ in 0..2 {
        let Error::Store(error) = reader.at(now()).commit(redeem("alice", 1)).unwrap_err() else { panic!() };
        assert_eq!(error.code(), "read_only", "{error:?}");
        assert_eq!(balance(&mut reader, "alice"), Amount::from(10));
    }
    let missing = SqliteStore::open_with(folder.path().join("none.sqlite"), SqliteOptions::new().read_only());
    assert!(matches!(missing, Err(SqliteError::CannotOpen { .. })));
}

/// With `max_bytes` reached, what was acknowledged stays and the rest is an error.
#[test]
fn a_file_that_reached_its_most_bytes_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open_with(&path, SqliteOptions::new().max_bytes(300_000));
    let bonus = define(&mut ledger);
    let mut acknowledged = 0;
    let error = loop {
        let names = (0..20).map(|place| format!("customer {acknowledged} {place}"));
        let issues = names.map(|name| scrip::IssueReward::new(crate::shop::profile(&name), bonus));
        let mut answers = ledger.at(now()).commit_all(issues);
        match answers.pop().unwrap() {
            Ok(_) => acknowledged += 20,
            Err(error) => break error,
        }
        assert!(acknowledged < 100_000, "it never fills");
    };
    let Error::Store(error) = error else { panic!("{error:?}") };
    assert_eq!(error.code(), "full", "{error:?}");
    assert!(acknowledged > 0);
    // Looking goes on, and what is in memory is what is in the file.
    assert_eq!(balance(&mut ledger, "customer 0 0"), Amount::from(10));
    assert_eq!(balance(&mut ledger, &format!("customer {acknowledged} 0")), Amount::ZERO);
    let checked = ledger.store().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert_eq!(checked.entries, acknowledged + 1);
    // With room again, it goes on where it was.
    drop(ledger);
    issue(&mut open(&path), "late", bonus);
    let mut again = Ledger::new(program(), SqliteStore::open(&path).unwrap());
    assert_eq!(balance(&mut again, "late"), Amount::from(10));
    assert_eq!(again.store().check().unwrap().entries, acknowledged + 2);
}
