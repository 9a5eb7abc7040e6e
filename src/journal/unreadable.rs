//! Errors of stored bytes that cannot be read.

use std::fmt;

use thiserror::Error;

/// Stored bytes that are not an entry or an account of this ledger: the part being read, and the problem found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot read {part}: {problem}")]
pub struct Unreadable {
    part: &'static str,
    problem: Problem,
}

impl Unreadable {
    pub(crate) const fn new(part: &'static str, problem: Problem) -> Self {
        Self { part, problem }
    }
}

/// The problem with stored bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The bytes end early.
    Missing(usize),
    /// Bytes are left over.
    Left(usize),
    /// A later version of the ledger wrote a form, or a field, that this one does not know.
    Newer(u64),
    /// A value is out of its range.
    Invalid { expected: &'static str, found: String },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(1) => f.write_str("1 byte is missing"),
            Self::Missing(count) => write!(f, "{count} bytes are missing"),
            Self::Left(1) => f.write_str("1 byte is left over"),
            Self::Left(count) => write!(f, "{count} bytes are left over"),
            Self::Newer(found) => {
                write!(f, "expected a known form, found {found}: written by a newer version")
            }
            Self::Invalid { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}
