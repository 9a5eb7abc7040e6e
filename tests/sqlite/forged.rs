//! Entries that fit the account and contradict themselves, the journal or the catalogue: the check finds them.

use scrip::account::Corrupt;
use scrip::journal::EntryKind;
use scrip::store::sqlite::{SqliteError, SqliteStore};
use scrip::store::{Damage, Store, Work};
use scrip::{DefinitionId, Ledger};

use crate::forging::Forged;
use crate::shop::{define, issue, now, program, redeem};

#[test]
fn a_check_names_the_field_that_was_changed() {
    let total = |kind: &mut EntryKind| {
        if let EntryKind::Redeem(redeemed) = kind {
            redeemed.total = redeemed.total.checked_add(redeemed.total).unwrap();
            redeemed.requested = redeemed.total;
        }
    };
    assert_eq!(checked(total), vec![("total", "C5")]);
    let definition = |kind: &mut EntryKind| {
        if let EntryKind::Issue(issue) = kind {
            issue.definition_id = Some(DefinitionId::new(2).unwrap());
        }
    };
    assert_eq!(checked(definition), vec![("definition_id", "D2")]);
    assert_eq!(checked(|_| ()), vec![]);
}

/// What the check finds where each entry was changed on its way into the file.
fn checked(forge: fn(&mut EntryKind)) -> Vec<(&'static str, &'static str)> {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("ledger.sqlite")).unwrap();
    let mut ledger = Ledger::new(program(), Forging { store, forge });
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    ledger.at(now()).commit(redeem("alice", 1)).unwrap();
    let checked = ledger.store().store.check().unwrap();
    let field = |fault: &Damage| match fault {
        Damage::Corrupt { source: Corrupt::Contradiction(found), .. } => (found.field, found.rule),
        other => panic!("{other}"),
    };
    checked.faults.iter().map(field).collect()
}

/// A store that changes what it is given to write.
struct Forging {
    store: SqliteStore,
    forge: fn(&mut EntryKind),
}

impl Store for Forging {
    type Error = SqliteError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), SqliteError> {
        self.store.run(&mut Forged::new(work, self.forge))
    }
}
