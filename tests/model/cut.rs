//! Moments of a journal.

use super::calendar::Micros;

/// A moment: so many entries are written, and it is so late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) entries: usize,
    pub(crate) at: Micros,
}

/// The number of an entry in the journal of whoever took over from a merged profile: no wallet of the merged one shows
/// what it says of it.
pub(crate) const SINCE: u32 = u32::MAX;

impl Cut {
    /// With everything that was written since a merger as well.
    pub(crate) const fn with_since(at: Micros) -> Self {
        Self { entries: usize::MAX, at }
    }
}
