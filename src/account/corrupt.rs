//! Why a journal is not one that a ledger wrote.

use thiserror::Error;

/// Why a journal is not what this ledger wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corrupt {
    /// An entry is missing, or stands twice.
    #[error("expected entry {expected} and found {found} (rule J1)")]
    Gap {
        /// The number that was next.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// An entry happened before the one it follows.
    #[error("entry {sequence} happened before the one it follows (rule T6)")]
    TimeReversed {
        /// The entry.
        sequence: u32,
    },
    /// The balances that an entry states are not those that it leads to.
    #[error("entry {sequence} states other balances than it leads to (rule J1)")]
    Balances {
        /// The entry.
        sequence: u32,
    },
    /// Value appeared or vanished.
    #[error("entry {sequence} makes value appear or vanish (rule J3)")]
    Conservation {
        /// The entry.
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
    /// The entry.
    pub sequence: u32,
    /// The field, as the entry's JSON has it: `after.expires_at`.
    pub field: &'static str,
    /// Its value, as JSON.
    pub found: String,
    /// The value that the rules give, as JSON; or a description, where several would do.
    pub expected: String,
    /// The rule that it breaks: `C5`.
    pub rule: &'static str,
}
