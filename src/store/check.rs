//! The integrity check of a database: every journal is replayed, and compared with what is stored beside it.

use super::damage::Damage;
use super::row::{AccountRow, ends_elsewhere};
use crate::account::Account;
use crate::audit::{Auditor, Definitions};
use crate::id::ProfileNumber;
use crate::journal::Entry;

/// How many faults are listed; there may be more.
const FAULTS: usize = 100;

/// The result of an integrity check.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// How many accounts were replayed, the catalogue among them.
    pub accounts: u64,
    /// How many entries they have.
    pub entries: u64,
    /// The faults, up to a hundred.
    pub faults: Vec<Damage>,
}

impl CheckReport {
    /// Whether there are no faults.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn note(&mut self, fault: Damage) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }
}

/// Collects the results, account by account. The catalogue comes first.
pub(crate) struct Checker {
    pub(crate) report: CheckReport,
    /// The definitions; issues are not compared with a broken catalogue.
    definitions: Option<Definitions>,
}

impl Checker {
    pub(crate) fn new() -> Self {
        Self { report: CheckReport::default(), definitions: Some(Definitions::default()) }
    }

    /// Begins the replay of an account.
    pub(crate) fn replay(&self, row: &AccountRow<'_>) -> Result<Replay<'_>, Damage> {
        let mut auditor = Auditor::new(row.profile()?, row.number);
        if let Some(definitions) = &self.definitions {
            auditor = auditor.with_definitions(definitions);
        }
        let replay = Replay { auditor, state: row.state()?, head: row.head };
        replay.compare_state()?;
        Ok(replay)
    }

    /// Adds the result for an account.
    pub(crate) fn note(&mut self, number: ProfileNumber, replayed: Result<Replayed, Damage>) {
        self.report.accounts = self.report.accounts.saturating_add(1);
        let definitions = match replayed {
            Ok(Replayed { entries, definitions }) => {
                self.report.entries = self.report.entries.saturating_add(entries.into());
                Some(definitions)
            }
            Err(fault) => {
                self.report.note(fault);
                None
            }
        };
        if number == ProfileNumber::CATALOGUE {
            self.definitions = definitions;
        }
    }
}

/// The replay of one journal.
pub(crate) struct Replay<'d> {
    auditor: Auditor<'d>,
    state: Account,
    head: u32,
}

/// A journal without faults.
pub(crate) struct Replayed {
    entries: u32,
    definitions: Definitions,
}

impl Replay<'_> {
    /// The account after the entries so far.
    pub(crate) fn account(&self) -> &Account {
        self.auditor.account()
    }

    /// Reads the next entry.
    pub(crate) fn follow(&mut self, entry: &Entry) -> Result<(), Damage> {
        self.auditor.follow(entry).map_err(Damage::corrupt(self.account().number()))?;
        self.compare_state()
    }

    /// Compares the replayed account with the stored snapshot, at the entry where that was taken.
    fn compare_state(&self) -> Result<(), Damage> {
        let account = self.account();
        if self.state.sequence() == account.sequence() && self.state != *account {
            let what = format!("its state differs from its journal at entry {}", account.sequence());
            return Err(Damage::broken(account.number(), what));
        }
        Ok(())
    }

    /// Ends the replay.
    pub(crate) fn end(self) -> Result<Replayed, Damage> {
        let (number, entries) = (self.account().number(), self.account().sequence());
        if entries != self.head {
            return Err(Damage::broken(number, ends_elsewhere(self.head, entries)));
        }
        self.auditor.check_end().map_err(Damage::corrupt(number))?;
        Ok(Replayed { entries, definitions: self.auditor.into_definitions() })
    }
}
