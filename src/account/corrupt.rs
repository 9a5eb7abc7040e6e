//! Errors of a journal that no ledger wrote.

use thiserror::Error;

/// The reason why a journal is not what this ledger wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corrupt {
    /// An entry is missing or duplicated.
    #[error("expected entry {expected} and found {found} (rule J1)")]
    Gap {
        /// The expected sequence number.
        expected: u32,
        /// The sequence number that was found.
        found: u32,
    },
    /// An entry is dated before the entry that it follows.
    #[error("entry {sequence} is dated before the entry that it follows (rule T6)")]
    TimeReversed {
        /// The entry's sequence number.
        sequence: u32,
    },
    /// An entry states balances that differ from those it leads to.
    #[error("entry {sequence} states balances that differ from those it leads to (rule J1)")]
    Balances {
        /// The entry's sequence number.
        sequence: u32,
    },
    /// Value appeared or vanished.
    #[error("entry {sequence} makes value appear or vanish (rule J3)")]
    Conservation {
        /// The entry's sequence number.
        sequence: u32,
    },
    /// An entry contradicts itself, or the entries before it.
    #[error(transparent)]
    Contradiction(Box<Contradiction>),
}

/// A field of an entry that contradicts the rest of the entry, or the entries before it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("entry {sequence}: `{field}` is {found}, expected {expected} (rule {rule})")]
#[non_exhaustive]
pub struct Contradiction {
    /// The entry's sequence number.
    pub sequence: u32,
    /// The field, as the entry's JSON has it: `after.expires_at`.
    pub field: &'static str,
    /// Its value, as JSON.
    pub found: String,
    /// The value that the rules give, as JSON; or a description, if several are allowed.
    pub expected: String,
    /// The rule that the field breaks: `C5`.
    pub rule: &'static str,
}
