//! The store keeps the contract, with whatever options it is opened.

use scrip::store::conformance;
use scrip::store::sqlite::{Durability, SqliteOptions, SqliteStore};

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
        let spoiled = rusqlite::Connection::open(&path).unwrap().execute(sql, [profile.as_str()]).unwrap();
        assert!(spoiled > 0, "there was nothing to spoil");
    };
    conformance::check_corrupt_blocking(|| SqliteStore::open(&path).unwrap(), spoil).unwrap();
}
