//! The order in which lots are used (rule C1).

use crate::id::LotId;
use crate::time::{Expiry, Timestamp};

/// The place of a lot in the order of use: the one that ends soonest first, those without an end last (rule C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) Expiry, pub(crate) Tie);

/// Which of the lots that end together goes first: the one issued earliest, then the one with the lowest id (rule C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tie(Timestamp, LotId);

impl Tie {
    #[inline]
    pub(crate) const fn of(issued_at: Timestamp, lot: LotId) -> Self {
        Self(issued_at, lot)
    }
}
