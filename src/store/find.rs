//! The look-ups that a store must support.

use crate::id::{Key, ProfileNumber};
use crate::journal::{Entry, External, RecordId};
use crate::time::Timestamp;

/// One thing to look up in one journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The profile whose journal it is.
    pub journal: ProfileNumber,
    /// The entries to find.
    pub find: Find,
}

/// A look-up of entries in one journal, in the order of their sequence. A store need not support any other.
///
/// ```
/// use scrip::id::ProfileNumber;
/// use scrip::journal::Entry;
/// use scrip::store::{Find, Lookup};
///
/// // A store that keeps each journal as a list.
/// fn look_up(lookup: &Lookup, entries: &[Entry]) -> Vec<Entry> {
///     let mut found = entries.iter().filter(|entry| lookup.find.finds(entry, lookup.journal)).cloned();
///     if lookup.find.is_of_newest() { found.next_back().into_iter().collect() } else { found.collect() }
/// }
///
/// let lookup = Lookup { journal: ProfileNumber::CATALOGUE, find: Find::Range(1, u32::MAX) };
/// assert!(look_up(&lookup, &[]).is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Find {
    /// The entries with these sequence numbers, both ends included; the journal may end before.
    Range(u32, u32),
    /// Every entry up to and at this instant.
    Until(Timestamp),
    /// The newest entry that has this among its [records](Entry::records).
    Latest(RecordId),
    /// Every entry that has this among its [records](Entry::records).
    About(RecordId),
    /// The newest entry that carries this key; see [`Entry::key`].
    Key(Key),
    /// The newest entry that carries this name; see [`Entry::external`].
    Named(External),
}

impl Find {
    /// Whether an entry of the journal matches.
    pub fn finds(&self, entry: &Entry, journal: ProfileNumber) -> bool {
        match self {
            Self::Range(first, last) => (*first..=*last).contains(&entry.sequence),
            Self::Until(instant) => entry.at <= *instant,
            Self::Latest(record) | Self::About(record) => entry.records(journal).contains(record),
            Self::Key(key) => entry.key() == Some(key),
            Self::Named(name) => entry.external() == Some(name),
        }
    }

    /// Whether only the newest match is wanted.
    pub const fn is_of_newest(&self) -> bool {
        matches!(self, Self::Latest(_) | Self::Key(_) | Self::Named(_))
    }
}
