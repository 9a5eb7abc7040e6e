//! The open holds of an account, the soonest to lapse first.

use serde::{Deserialize, Serialize};

use crate::id::HoldId;
use crate::journal::HoldEntry;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OpenHolds(Vec<HoldEntry>);

impl OpenHolds {
    pub(super) const EMPTY: Self = Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, HoldEntry> {
        self.0.iter()
    }

    pub(crate) fn first(&self) -> Option<&HoldEntry> {
        self.0.first()
    }

    pub(crate) fn insert(&mut self, hold: HoldEntry) {
        let rank = |hold: &HoldEntry| (hold.expires_at, hold.hold);
        let place = self.0.partition_point(|other| rank(other) < rank(&hold));
        self.0.insert(place, hold);
    }

    pub(crate) fn remove(&mut self, id: HoldId) {
        self.0.retain(|hold| hold.hold != id);
    }
}
