//! What is wrong with stored data.

use std::fmt::Debug;

use thiserror::Error;

use crate::account::Corrupt;
use crate::id::ProfileNumber;
use crate::journal::Unreadable;

/// Stored data that is not what was written. Trying again is no use, only a copy of it helps.
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
    /// A journal that is not what this ledger wrote.
    #[error("account {}: {source}", number.get())]
    Corrupt {
        /// The account's number.
        number: ProfileNumber,
        /// Why.
        source: Corrupt,
    },
    /// Entries that were written and are not there: they were archived, or somebody deleted them.
    #[error("account {}: of its entries {low} to {high} some are missing", number.get())]
    Missing {
        /// The account's number.
        number: ProfileNumber,
        /// The first that was looked for.
        low: u32,
        /// The last that was looked for, if there are so many.
        high: u32,
    },
    /// Rows that do not belong together.
    #[error("account {}: {what}", number.get())]
    Broken {
        /// The account's number; zero, the catalogue's, if the rows are no account's.
        number: ProfileNumber,
        /// What is wrong: what was expected, and what was found.
        what: String,
    },
}

/// What is wrong, what was expected instead, and what was found.
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
