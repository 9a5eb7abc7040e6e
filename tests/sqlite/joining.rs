//! The ledger inside a transaction that the caller has open.

use rusqlite::Connection;
use scrip::store::sqlite::{SqliteError, SqliteStore};
use scrip::{Amount, Error, Ledger, Rejection};

use crate::shop::{balance, define, issue, now, profile, program, redeem};

fn shop() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Connection::open(folder.path().join("shop.sqlite")).unwrap();
    shop.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE sale (id INTEGER PRIMARY KEY, paid TEXT)")
        .unwrap();
    SqliteStore::prepare(&mut shop).unwrap();
    // Once more does no harm.
    SqliteStore::prepare(&mut shop).unwrap();
    let transaction = shop.transaction().unwrap();
    let mut ledger = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    transaction.commit().unwrap();
    (folder, shop)
}

fn sales(shop: &Connection) -> u32 {
    shop.query_row("SELECT count(*) FROM sale", [], |row| row.get(0)).unwrap()
}

fn left(shop: &mut Connection) -> Amount {
    let transaction = shop.transaction().unwrap();
    balance(&mut Ledger::new(program(), SqliteStore::joining(&transaction).unwrap()), "alice")
}

#[test]
fn the_ledger_commits_or_rolls_back_with_the_callers_rows() {
    let (_folder, mut shop) = shop();
    for (commits, expected, count) in [(false, 10, 0), (true, 4, 1)] {
        let transaction = shop.transaction().unwrap();
        transaction.execute("INSERT INTO sale VALUES (1, '99.95')", []).unwrap();
        let mut ledger = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
        let receipt = ledger.at(now()).commit_with_receipt(redeem("alice", 6)).unwrap();
        assert!(receipt.is_staged, "it is durable when the caller commits, and not before");
        // A rejection inside the transaction leaves it usable.
        let refused = ledger.at(now()).commit(redeem("alice", 6)).unwrap_err();
        assert!(matches!(refused, Error::Rejected(Rejection::InsufficientValue { .. })));
        if commits {
            transaction.commit().unwrap();
        } else {
            transaction.rollback().unwrap();
        }
        assert_eq!(left(&mut shop), Amount::from(expected));
        assert_eq!(sales(&shop), count);
    }
}

#[test]
fn each_request_stands_for_itself_in_one_transaction() {
    let (folder, mut shop) = shop();
    let transaction = shop.transaction().unwrap();
    let mut ledger = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
    let answers = ledger.at(now()).commit_all([3, 30, 4].map(|dollars| redeem("alice", dollars)));
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    transaction.commit().unwrap();
    drop(shop);
    let mut store = SqliteStore::open(folder.path().join("shop.sqlite")).unwrap();
    let checked = store.check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    assert_eq!(balance(&mut Ledger::new(program(), store), "alice"), Amount::from(3));
}

/// What goes wrong half-way through a unit leaves nothing of it behind, and the transaction usable.
#[test]
fn a_unit_that_fails_half_way_leaves_nothing_behind() {
    let (folder, mut shop) = shop();
    let transaction = shop.transaction().unwrap();
    let mut ledger = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
    let trap = "CREATE TEMP TRIGGER trap BEFORE UPDATE ON scrip_head BEGIN SELECT RAISE(ABORT, 'no'); END";
    transaction.execute_batch(trap).unwrap();
    let failed = ledger.at(now()).commit(redeem("alice", 4)).unwrap_err();
    assert!(matches!(failed, Error::Store(_)), "{failed:?}");
    transaction.execute_batch("DROP TRIGGER trap; INSERT INTO sale VALUES (1, '99.95')").unwrap();
    ledger.at(now()).commit(redeem("alice", 3)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(left(&mut shop), Amount::from(7));
    drop(shop);
    let checked = SqliteStore::open(folder.path().join("shop.sqlite")).unwrap().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
}

#[test]
fn a_transaction_that_read_stale_data_is_aborted() {
    let (folder, mut shop) = shop();
    let transaction = shop.transaction().unwrap();
    let mut ledger = Ledger::new(program(), SqliteStore::joining(&transaction).unwrap());
    assert_eq!(balance(&mut ledger, "alice"), Amount::from(10));
    // Somebody else redeems between the caller's reading and writing.
    let mut other = crate::shop::open(&folder.path().join("shop.sqlite"));
    other.at(now()).commit(redeem("alice", 1)).unwrap();
    let doomed = ledger.at(now()).commit(redeem("alice", 1)).unwrap_err();
    assert!(matches!(doomed, Error::Aborted), "{doomed:?}");
    transaction.rollback().unwrap();
    assert_eq!(left(&mut shop), Amount::from(9));
}

#[test]
fn what_cannot_be_joined_says_so() {
    let connection = Connection::open_in_memory().unwrap();
    let unprepared = SqliteStore::joining(&connection).unwrap_err();
    assert!(matches!(unprepared, SqliteError::Unprepared { found: 0, .. }), "{unprepared:?}");

    let (_folder, shop) = shop();
    let mut ledger = Ledger::new(program(), SqliteStore::joining(&shop).unwrap());
    let Error::Store(error) = ledger.at(now()).balances(profile("alice")).unwrap_err() else { panic!() };
    assert!(matches!(*error, SqliteError::NoTransaction));
}
