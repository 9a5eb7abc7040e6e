//! Files of other versions, of other applications, damaged ones, and copies.

use rusqlite::{Connection, params};
use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::{Amount, Command, Error, Ledger, MemoryStore, json};

use crate::shop::{balance, define, issue, now, open, profile, program, redeem};

/// What the first format was, before there were tables to query.
const FIRST_FORMAT: &str = include_str!("format_1.sql");

#[test]
fn an_older_file_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    Connection::open(&path).unwrap().execute_batch(FIRST_FORMAT).unwrap();
    let refused = SqliteStore::open_with(&path, SqliteOptions::new().read_only());
    assert!(matches!(refused, Err(SqliteError::Unprepared { found: 1, known: 2 })), "{refused:?}");
    let mut ledger = open(&path);
    assert_eq!(balance(&mut ledger, "alice"), Amount::from(4));
    ledger.at(now()).commit(redeem("alice", 1)).unwrap();
    assert_eq!(ledger.store().project().unwrap().entries, 4);
    let checked = ledger.store().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    drop(ledger);
    // Once is enough.
    assert_eq!(balance(&mut open(&path), "alice"), Amount::from(3));
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    define(&mut open(&path));
    let future = Connection::open(&path).unwrap();
    future.execute("UPDATE scrip_meta SET value = 99", []).unwrap();
    let bytes = |path: &std::path::Path| std::fs::read(path).unwrap();
    let before = bytes(&path);
    for result in [
        SqliteStore::open(&path).map(drop),
        SqliteStore::open_with(&path, SqliteOptions::new().read_only()).map(drop),
        SqliteStore::joining(&future).map(drop),
        SqliteStore::prepare(&mut Connection::open(&path).unwrap()),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, SqliteError::Newer { found: 99, known: 2 }), "{error:?}");
        assert_eq!(error.code(), "newer_format");
    }
    assert_eq!(bytes(&path), before);
}

#[test]
fn another_applications_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.sqlite");
    let photos = Connection::open(&path).unwrap();
    photos.execute_batch("PRAGMA application_id = 7; CREATE TABLE photo (id INTEGER PRIMARY KEY)").unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, SqliteError::Foreign { application_id: 7 }), "{error:?}");
    let not_a_database = folder.path().join("letter.txt");
    std::fs::write(&not_a_database, "Dear customer, this is not a database. ".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::open(&not_a_database), Err(SqliteError::CannotOpen { .. })));
    // One that is the caller's own takes the tables in.
    let own = folder.path().join("shop.sqlite");
    Connection::open(&own).unwrap().execute_batch("CREATE TABLE sale (id INTEGER PRIMARY KEY)").unwrap();
    define(&mut open(&own));
    let id: i64 =
        Connection::open(&own).unwrap().query_row("PRAGMA application_id", [], |row| row.get(0)).unwrap();
    assert_eq!(id, 0);
}

/// Everything that can be asked for, carried out in a file and in memory: the same answers, and a whole file.
#[test]
fn every_kind_of_request_has_the_outcome_that_it_has_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let program = || json::read(include_bytes!("../goldens/program.json")).unwrap();
    let mut memory = Ledger::new(program(), MemoryStore::new());
    let mut file = Ledger::new(program(), SqliteStore::open(&path).unwrap());
    for line in include_str!("../goldens/commands.ndjson").lines() {
        let command: Command = json::read(line.as_bytes()).unwrap();
        assert_eq!(file.run(&command).unwrap().outcome, memory.run(&command).unwrap().outcome, "{line}");
    }
    let checked = file.store().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert!(checked.accounts >= 3 && checked.entries > 40);
}

/// One change to one row of each table: it is found, what reads it is an error or right, and nothing panics.
#[test]
fn damage_in_any_table_is_found() {
    let spoil = [
        "DELETE FROM scrip_head WHERE number = 1",
        "UPDATE scrip_head SET sequence = sequence + 1 WHERE number = 1",
        "UPDATE scrip_head SET sequence = 2 WHERE number = 1",
        "UPDATE scrip_head SET last = 99999 WHERE number = 1",
        "UPDATE scrip_head SET last = (SELECT last FROM scrip_head WHERE number = 2) WHERE number = 1",
        "UPDATE scrip_head SET last = 'x' WHERE number = 1",
        "UPDATE scrip_head SET soonest = 5 WHERE number = 1",
        "UPDATE scrip_head SET number = 4294967295 WHERE number = 1",
        "DELETE FROM scrip_profile WHERE number = 1",
        "UPDATE scrip_profile SET profile = 'mallory' WHERE number = 1",
        "UPDATE scrip_profile SET profile = '' WHERE number = 1",
        "UPDATE scrip_profile SET profile = x'ff' WHERE number = 1",
        "DELETE FROM scrip_journal WHERE place = (SELECT max(place) FROM scrip_journal WHERE number = 1)",
        "DELETE FROM scrip_journal WHERE place = (SELECT min(place) FROM scrip_journal WHERE number = 1)",
        "UPDATE scrip_journal SET before = place WHERE number = 1",
        "UPDATE scrip_journal SET before = -1 WHERE number = 1",
        "UPDATE scrip_journal SET number = 2 WHERE number = 1",
        "UPDATE scrip_journal SET entries = x'' WHERE number = 1",
        "UPDATE scrip_journal SET entries = 'text' WHERE number = 1",
        "UPDATE scrip_journal SET entries = substr(entries, 1, length(entries) - 1) WHERE number = 1",
        "UPDATE scrip_journal SET entries = entries || x'00' WHERE number = 1",
        "INSERT INTO scrip_journal SELECT place + 1000, number, before, entries FROM scrip_journal WHERE number = 1",
        "UPDATE scrip_state SET account = x'01' WHERE number = 1",
        "UPDATE scrip_state SET account = 5 WHERE number = 1",
        "UPDATE scrip_state SET account = (SELECT account FROM scrip_state WHERE number = 2) WHERE number = 1",
        "INSERT INTO scrip_state VALUES (77, x'00')",
        "DELETE FROM scrip_mark",
        "UPDATE scrip_mark SET place = 1",
        "INSERT INTO scrip_mark VALUES (5, 5)",
        "DELETE FROM scrip_name",
        "INSERT INTO scrip_name VALUES (1, 1, 1)",
        "DELETE FROM scrip_subject",
        "INSERT INTO scrip_subject VALUES (1, 1, 1)",
    ];
    for sql in spoil {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let mut ledger = open(&path);
        let bonus = define(&mut ledger);
        for name in ["alice", "bob"] {
            for _ in 0..3 {
                issue(&mut ledger, name, bonus);
            }
            for round in 0..15 {
                let key = format!("till {round}").parse().unwrap();
                let redemption = ledger.at(now()).keyed(key).commit(redeem(name, 1)).unwrap();
                let undo = scrip::ReturnRedemption::strict(redemption.id, Amount::from(1));
                ledger.at(now()).commit(undo).unwrap();
            }
        }
        assert!(ledger.store().check().unwrap().is_whole());
        drop(ledger);
        let changed = Connection::open(&path).unwrap().execute(sql, params![]).unwrap();
        assert!(changed > 0, "{sql}");
        let mut ledger = open(&path);
        let checked = ledger.store().check().unwrap();
        assert!(!checked.is_whole(), "not found: {sql}");
        // Whatever is asked for is answered or an error.
        let alice = profile("alice");
        for result in [
            ledger.at(now()).balances(alice).map(drop),
            ledger.at(now()).wallet(alice).map(drop),
            ledger.at(now()).commit(redeem("alice", 1)).map(drop),
            ledger.at(now()).keyed("till 3".parse().unwrap()).commit(redeem("alice", 1)).map(drop),
            ledger.as_of(scrip::store::AsOf::Sequence(7)).balances(alice).map(drop),
        ] {
            if let Err(error) = result {
                assert!(
                    matches!(error, Error::Store(_) | Error::Corrupt(_) | Error::Rejected(_)),
                    "{sql}: {error:?}"
                );
            }
        }
        let _ = ledger.store().project();
    }
}

#[test]
fn an_account_that_cannot_be_read_does_its_neighbours_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    for name in ["alice", "bob", "carol"] {
        issue(&mut ledger, name, bonus);
    }
    let mut spoiler = Connection::open(&path).unwrap();
    spoiler.execute("UPDATE scrip_state SET account = x'01' WHERE number = 2", []).unwrap();
    let redeem_all = || ["alice", "bob", "carol"].map(|name| redeem(name, 4));
    let expect = |answers: Vec<Result<_, Error<SqliteError>>>| match &answers[..] {
        [Ok(_), Err(failed @ Error::Store(error)), Ok(_)] => {
            assert_eq!((error.code(), failed.code()), ("unreadable", "corrupt"));
        }
        other => panic!("{other:?}"),
    };
    expect(ledger.at(now()).commit_all(redeem_all()));
    assert_eq!(balance(&mut ledger, "carol"), Amount::from(6));
    let transaction = spoiler.transaction().unwrap();
    let mut joined = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
    expect(joined.at(now()).commit_all(redeem_all()));
    transaction.commit().unwrap();
    assert_eq!(balance(&mut ledger, "carol"), Amount::from(2));
}

/// The places of entries are noted now and then, so what was written since is not read to find one.
#[test]
fn an_old_entry_is_found_without_reading_what_came_since() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    (0..10).for_each(|_| issue(&mut ledger, "alice", bonus));
    let first = ledger.at(now()).commit(redeem("alice", 1)).unwrap();
    (0..60).for_each(|_| drop(ledger.at(now()).commit(redeem("alice", 1)).unwrap()));
    drop(ledger);
    let sql = "DELETE FROM scrip_journal
               WHERE place = (SELECT place FROM scrip_journal WHERE number = 1 ORDER BY place LIMIT 1 OFFSET 50)";
    assert_eq!(Connection::open(&path).unwrap().execute(sql, []).unwrap(), 1);
    let mut ledger = open(&path);
    let undo = scrip::ReturnRedemption::strict(first.id, Amount::from(1));
    assert_eq!(ledger.at(now()).commit(undo).unwrap().total, Amount::from(1));
    assert!(ledger.at(now()).wallet(profile("alice")).is_err(), "the whole journal has a gap");
}

#[test]
fn a_copy_is_made_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("ledger.sqlite"), folder.path().join("copy.sqlite"));
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    for customer in 0..50 {
        issue(&mut ledger, &format!("customer {customer}"), bonus);
    }
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn({
        let path = path.clone();
        move || {
            let mut ledger = open(&path);
            let mut written = 0;
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                issue(&mut ledger, &format!("meanwhile {written}"), bonus);
                written += 1;
            }
            written
        }
    });
    ledger.store().back_up(&copy).unwrap();
    // An older copy is replaced.
    issue(&mut ledger, "last", bonus);
    ledger.store().back_up(&copy).unwrap();
    drop(stop);
    let written: u64 = writer.join().unwrap();
    let checked = SqliteStore::open(&copy).unwrap().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert!((52..=52 + written).contains(&checked.entries), "{checked:?}, {written} written meanwhile");
    let mut restored = Ledger::new(program(), SqliteStore::open(&copy).unwrap());
    assert_eq!(balance(&mut restored, "last"), Amount::from(10));
}
