//! The storage traits hold for stores of very different kinds: one that joins the caller's transaction, one that
//! compares and swaps across awaits, and the memory store.

#![cfg(feature = "conformance")]

#[path = "small_stores/cas.rs"]
mod cas;
#[path = "small_stores/sqlite.rs"]
mod sqlite;

use cas::SmallCas;
use scrip::store::{Blocking, Store, conformance};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, IssueReward, Ledger, MemoryStore, ProfileId,
    Program, Redeem, Rejection, RewardDefinition, Timestamp,
};
use sqlite::SmallSqlite;

fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

fn alice() -> ProfileId {
    ProfileId::new("alice").unwrap()
}

fn define() -> Define {
    RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10)).into()
}

#[test]
fn the_memory_store_conforms() {
    conformance::check_blocking(|| {
        let backing = MemoryStore::new();
        move || backing.clone()
    })
    .unwrap();
}

#[test]
fn the_small_sqlite_store_conforms() {
    conformance::check_blocking(|| {
        let folder = tempfile::tempdir().unwrap();
        move || SmallSqlite::open(&folder.path().join("ledger.sqlite")).unwrap()
    })
    .unwrap();
}

#[test]
fn the_small_sqlite_store_says_what_it_cannot_read() {
    let whose = "number = (SELECT number FROM head WHERE profile = ?)";
    // An entry that is none, a value of another type, and no entries at all.
    for spoiled in
        ["UPDATE journal SET entry = '{}'", "UPDATE journal SET entry = X'00'", "DELETE FROM journal"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let open = || SmallSqlite::open(&path).unwrap();
        let spoil = |profile: ProfileId| {
            let rows = open().0.execute(&format!("{spoiled} WHERE {whose}"), [profile.as_str()]).unwrap();
            assert!(rows > 0, "there was nothing to spoil");
        };
        conformance::check_corrupt_blocking(open, spoil).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_small_cas_store_conforms() {
    // Spawned, so that it is known to be `Send` and `'static` enough for a server.
    let conforms = tokio::spawn(conformance::check(async || {
        let backing = SmallCas::default();
        async move || backing.clone()
    }));
    conforms.await.unwrap().unwrap();
}

#[test]
fn a_rolled_back_transaction_takes_the_ledger_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    let mut ledger = Ledger::new(program(), SmallSqlite::open(&path).unwrap());
    ledger.store().0.execute_batch("CREATE TABLE sale (id INTEGER PRIMARY KEY, paid TEXT)").unwrap();
    let definition = ledger.at(now()).commit(define()).unwrap().id;
    ledger.at(now()).commit(IssueReward::new(alice(), definition)).unwrap();

    for (end, left, sales) in [("ROLLBACK", 10, 0), ("COMMIT", 4, 1)] {
        ledger.store().0.execute_batch("BEGIN; INSERT INTO sale VALUES (1, '99.95')").unwrap();
        let receipt = ledger.at(now()).commit_with_receipt(Redeem::strict(alice(), Amount::from(6))).unwrap();
        assert!(receipt.is_staged, "it is durable when the caller commits, and not before");
        // A rejection inside the transaction leaves it usable.
        let refused = ledger.at(now()).commit(Redeem::strict(alice(), Amount::from(6))).unwrap_err();
        assert!(matches!(refused, Error::Rejected(Rejection::InsufficientValue { .. })));
        ledger.store().0.execute_batch(end).unwrap();

        let balances = ledger.at(now()).balances(alice()).unwrap();
        assert_eq!(balances.reward_balance, Amount::from(left), "after {end}");
        let count: u32 =
            ledger.store().0.query_row("SELECT count(*) FROM sale", [], |row| row.get(0)).unwrap();
        assert_eq!(count, sales, "after {end}");
    }
}

/// Many tasks on one profile, over a store whose decisions really do collide.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn j6_racing_tasks_never_overspend() {
    let store = SmallCas::default();
    let mut ledger = AsyncLedger::new(program(), store.clone());
    let definition: DefinitionId = ledger.at(now()).commit(define()).await.unwrap().id;
    ledger.at(now()).commit(IssueReward::new(alice(), definition)).await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let mut ledger = ledger.clone();
            tokio::spawn(
                async move { ledger.at(now()).commit(Redeem::strict(alice(), Amount::from(1))).await },
            )
        })
        .collect();
    let mut paid = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(redemption) => paid += u32::from(redemption.total == Amount::from(1)),
            Err(Error::Rejected(Rejection::InsufficientValue { .. }) | Error::Contention { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let left = ledger.at(now()).balances(alice()).await.unwrap().reward_balance;
    assert_eq!(left.checked_add(Amount::from(paid)), Some(Amount::from(10)), "{paid} were paid");
}

/// The same key from many tasks at once is carried out once, and all of them get the same answer (rule J5).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn j5_one_key_from_many_tasks_commits_once() {
    let store = Blocking(MemoryStore::new());
    let mut ledger = AsyncLedger::new(program(), store);
    let definition = ledger.at(now()).commit(define()).await.unwrap().id;
    ledger.at(now()).commit(IssueReward::new(alice(), definition)).await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let mut ledger = ledger.clone();
            let command = Command::new(now(), Redeem::strict(alice(), Amount::from(3)));
            tokio::spawn(async move { ledger.run(&command.keyed("once".parse().unwrap())).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap().unwrap().outcome);
    }
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    assert_eq!(ledger.at(now()).balances(alice()).await.unwrap().reward_balance, Amount::from(7));
}

/// A handle can be sent to another thread, and used behind the trait.
#[test]
fn stores_are_send() {
    fn send<S: Store + Send>(_: S) {}
    send(MemoryStore::new());
    send(SmallSqlite::open(std::path::Path::new(":memory:")).unwrap());
}
