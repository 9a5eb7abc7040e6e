//! The live lots of an account, in the order in which they are used.

use std::collections::VecDeque;
use std::collections::vec_deque;

use serde::{Deserialize, Serialize};

use crate::{Expiry, LotAfter, LotId, LotKind, Quantity, Timestamp};

/// A lot with value left in it, as the account holds it: small, flat, and free of everything that deciding does
/// not need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveLot {
    /// When it stops being usable.
    pub expires_at: Expiry,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its id.
    pub id: LotId,
    /// What is left of it, held value included (rule L4).
    pub remaining: Quantity,
    /// What of that is set aside by holds.
    pub held: Quantity,
}

impl LiveLot {
    /// From how a lot stands after an entry, with what of it is held.
    pub(crate) const fn after(after: &LotAfter, held: Quantity) -> Self {
        Self {
            expires_at: after.expires_at,
            issued_at: after.issued_at,
            id: after.lot,
            remaining: after.remaining,
            held,
        }
    }

    /// What is neither held nor expired at an instant.
    pub(crate) fn available(&self, at: Timestamp) -> Quantity {
        if self.expires_at.is_past(at) { Quantity::ZERO } else { self.unheld() }
    }

    pub(crate) fn unheld(&self) -> Quantity {
        self.remaining.minus(self.held)
    }

    /// The order of use: soonest expiry first, then earliest issued, then lowest id (rule C1).
    pub(crate) fn rank(&self) -> (Expiry, Timestamp, LotId) {
        (self.expires_at, self.issued_at, self.id)
    }
}

/// Live lots of one kind in the order of use, so that a draw looks at the front and stops when it has enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LotQueue(VecDeque<LiveLot>);

impl LotQueue {
    pub(crate) fn iter(&self) -> vec_deque::Iter<'_, LiveLot> {
        self.0.iter()
    }

    /// The first lot of which something is not held.
    #[inline]
    pub(crate) fn first_unheld(&self) -> Option<&LiveLot> {
        match self.0.front() {
            Some(front) if front.unheld().is_zero() => self.0.iter().find(|lot| !lot.unheld().is_zero()),
            front => front,
        }
    }

    pub(crate) fn insert(&mut self, lot: LiveLot) {
        // New lots mostly expire last.
        if self.0.back().is_none_or(|last| last.rank() < lot.rank()) {
            self.0.push_back(lot);
        } else {
            let place = self.0.partition_point(|other| other.rank() < lot.rank());
            self.0.insert(place, lot);
        }
    }

    /// Changes a lot, if it is here; one with nothing left is live no more.
    pub(crate) fn change(&mut self, id: LotId, change: impl FnOnce(&mut LiveLot)) -> bool {
        // Draws take from the front, in order.
        if let Some(front) = self.0.front_mut().filter(|front| front.id == id) {
            change(front);
            if front.remaining.is_zero() {
                self.0.pop_front();
            }
            return true;
        }
        let Some((place, lot)) = self.0.iter_mut().enumerate().find(|(_, lot)| lot.id == id) else {
            return false;
        };
        change(lot);
        if lot.remaining.is_zero() {
            self.0.remove(place);
        }
        true
    }

    pub(crate) fn remove(&mut self, id: LotId) -> Option<LiveLot> {
        let place = self.0.iter().position(|lot| lot.id == id)?;
        self.0.remove(place)
    }
}

/// A lot that is not usable yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingLot {
    /// When it becomes usable.
    pub available_at: Timestamp,
    /// What it holds.
    pub kind: LotKind,
    /// The lot.
    pub lot: LiveLot,
}

/// Lots that are not usable yet, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PendingLots(Vec<PendingLot>);

impl PendingLots {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, PendingLot> {
        self.0.iter()
    }

    pub(crate) fn first(&self) -> Option<&PendingLot> {
        self.0.first()
    }

    pub(crate) fn insert(&mut self, pending: PendingLot) {
        let rank = |pending: &PendingLot| (pending.available_at, pending.lot.id);
        let place = self.0.partition_point(|other| rank(other) < rank(&pending));
        self.0.insert(place, pending);
    }

    pub(crate) fn remove(&mut self, id: LotId) -> Option<PendingLot> {
        let place = self.0.iter().position(|pending| pending.lot.id == id)?;
        Some(self.0.remove(place))
    }
}

/// A lot of which something is held past its expiry: what is not held of it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OverdueLot {
    /// What it holds.
    pub kind: LotKind,
    /// The lot.
    pub lot: LiveLot,
}
