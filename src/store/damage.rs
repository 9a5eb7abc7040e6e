//! Faults of stored data.

use std::fmt::Debug;

use thiserror::Error;

use crate::account::Corrupt;
use crate::id::ProfileNumber;
use crate::journal::Unreadable;

/// A fault of stored data. A retry is no use; restore a backup.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// An account or an entry that cannot be read back.
    #[error("account {}: {source}", number.get())]
    Unreadable {
        /// The account's number.
        number: ProfileNumber,
        /// Why.
        source: Unreadable,
    },
    /// A journal that this ledger did not write.
    #[error("account {}: {source}", number.get())]
    Corrupt {
        /// The account's number.
        number: ProfileNumber,
        /// Why.
        source: Corrupt,
    },
    /// Missing entries: they were archived, or somebody deleted them.
    #[error("account {}: some of its entries {low} to {high} are missing", number.get())]
    Missing {
        /// The account's number.
        number: ProfileNumber,
        /// The first missing entry.
        low: u32,
        /// The last entry of the range that was looked up; the journal may end before.
        high: u32,
    },
    /// Rows that do not belong together.
    #[error("account {}: {what}", number.get())]
    Broken {
        /// The account's number; zero, the catalogue's, if the rows belong to no account.
        number: ProfileNumber,
        /// The fault: what was expected, and what was found.
        what: String,
    },
}

/// Words a fault: what it is, what was expected and what was found.
pub(crate) fn differ(what: &str, expected: &impl Debug, found: &impl Debug) -> String {
    format!("{what}: expected {expected:?}, found {found:?}")
}

impl Damage {
    /// A stable code for programs to act on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Corrupt { .. } => "corrupt",
            Self::Missing { .. } => "missing",
            Self::Broken { .. } => "broken",
        }
    }

    pub(crate) fn broken(number: ProfileNumber, what: impl Into<String>) -> Self {
        Self::Broken { number, what: what.into() }
    }

    pub(crate) fn unreadable(number: ProfileNumber) -> impl Fn(Unreadable) -> Self {
        move |source| Self::Unreadable { number, source }
    }

    pub(crate) fn corrupt(number: ProfileNumber) -> impl Fn(Corrupt) -> Self {
        move |source| Self::Corrupt { number, source }
    }
}
