//! The store keeps the contract, with whatever options it is opened.

use rusqlite::{Connection, TransactionBehavior};
use scrip::store::sqlite::{Durability, SqliteError, SqliteOptions, SqliteStore};
use scrip::store::{CommitStatus, Store, Work, conformance};

use crate::held::Held;

fn conforms(options: &SqliteOptions) {
    conformance::check_blocking(|| {
        let (folder, options) = (tempfile::tempdir().unwrap(), options.clone());
        move || SqliteStore::open_with(folder.path().join("ledger.sqlite"), options.clone()).unwrap()
    })
    .unwrap();
}

#[test]
fn with_accounts_kept_in_memory() {
    conforms(&SqliteOptions::new());
}

#[test]
fn with_few_accounts_kept_in_memory() {
    conforms(&SqliteOptions::new().resident(3));
}

#[test]
fn with_nothing_kept_in_memory() {
    conforms(&SqliteOptions::new().resident(0));
}

#[test]
fn with_less_durability() {
    conforms(&SqliteOptions::new().durability(Durability::LosesLastOnPowerLoss).log_bytes(1));
    conforms(&SqliteOptions::new().durability(Durability::MayRuinOnPowerLoss).page_cache(0));
}

#[test]
fn across_profiles() {
    conformance::check_scan_blocking(|| {
        let folder = tempfile::tempdir().unwrap();
        move || SqliteStore::open(folder.path().join("ledger.sqlite")).unwrap()
    })
    .unwrap();
}

#[test]
fn with_rows_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let spoil = |profile: scrip::ProfileId| {
        let sql = "UPDATE scrip_journal SET entries = X'00'
                   WHERE number = (SELECT number FROM scrip_profile WHERE profile = ?)";
        let spoiled = Connection::open(&path).unwrap().execute(sql, [profile.as_str()]).unwrap();
        assert!(spoiled > 0, "there was nothing to spoil");
    };
    conformance::check_corrupt_blocking(|| SqliteStore::open(&path).unwrap(), spoil).unwrap();
}

/// A store that opens a transaction of its own for each work and joins it, as a caller would.
struct InTransactions(Connection);

impl Store for InTransactions {
    type Error = SqliteError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), SqliteError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut held = Held(work, Vec::new());
        let result = SqliteStore::joining(&transaction)?.run(&mut held);
        transaction.commit()?;
        let Held(work, fates) = held;
        for (unit, fate) in fates {
            assert_ne!(fate, CommitStatus::Committed, "whoever joins never commits");
            work.settle(unit, if fate == CommitStatus::Staged { CommitStatus::Committed } else { fate });
        }
        result
    }
}

#[test]
fn joining_a_transaction_of_the_callers() {
    conformance::check_blocking(|| {
        let folder = tempfile::tempdir().unwrap();
        move || {
            let mut connection = Connection::open(folder.path().join("shop.sqlite")).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            SqliteStore::prepare(&mut connection).unwrap();
            InTransactions(connection)
        }
    })
    .unwrap();
}
