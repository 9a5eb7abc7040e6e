//! The whole journal of one profile.

use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Entry;

/// A profile and every entry that was written for it, in order: what [reports](crate::report) are made from.
///
/// [`LedgerAt::journals`](crate::LedgerAt::journals) gives those of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileJournal {
    /// The profile.
    pub profile_id: ProfileId,
    /// Its number, as identifiers carry it.
    pub number: ProfileNumber,
    /// Its entries, from the first.
    pub entries: Vec<Entry>,
}

impl ProfileJournal {
    /// The journal of a profile, from wherever it is kept.
    pub const fn new(profile_id: ProfileId, number: ProfileNumber, entries: Vec<Entry>) -> Self {
        Self { profile_id, number, entries }
    }
}
