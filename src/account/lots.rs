//! The live lots of an account, in the order in which they are used.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::LotId;
use crate::journal::order::{Rank, Tie};
use crate::journal::{Inactivity, LotKind, LotState, Standing};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// A lot with remaining value, as the account holds it: small, flat, and with the fields that decisions need only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LiveLot {
    /// The end of use, as it stands: without further activity, for a lot that lapses for inactivity (rule T9).
    pub expires_at: Expiry,
    /// The instant of issue.
    pub issued_at: Timestamp,
    /// Its id.
    pub id: LotId,
    /// The remaining value, held value included (rule L4).
    pub remaining: Quantity,
    /// The part of it that holds set aside.
    pub held: Quantity,
}

impl LiveLot {
    /// A live lot from its state after an entry, and its held quantity.
    pub(crate) const fn after(after: &LotState, held: Quantity) -> Self {
        Self {
            expires_at: after.expires_at,
            issued_at: after.issued_at,
            id: after.lot,
            remaining: after.remaining,
            held,
        }
    }

    /// Its state, with the standing that an entry gives it.
    pub(crate) fn state(&self, kind: LotKind, standing: Standing) -> LotState {
        LotState {
            lot: self.id,
            kind,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            remaining: self.remaining,
            standing,
            inactivity: None,
        }
    }

    /// The quantity that is neither held nor expired at an instant.
    pub(crate) fn available(&self, at: Timestamp) -> Quantity {
        if self.expires_at.is_past(at) { Quantity::ZERO } else { self.unheld() }
    }

    pub(crate) fn unheld(&self) -> Quantity {
        self.remaining.minus(self.held)
    }

    #[inline]
    pub(crate) fn rank(&self) -> Rank {
        Rank(self.expires_at, self.tie())
    }

    #[inline]
    pub(crate) fn tie(&self) -> Tie {
        Tie::of(self.issued_at, self.id)
    }
}

/// Live lots of one kind in the order of use, so that a draw looks at the front and stops when it has enough.
///
/// One contiguous piece, with used-up lots kept at its front for a while: a deque in two pieces is slower to walk, and
/// closing the gap each time would move all remaining lots.
#[derive(Clone, Debug, Default)]
pub(crate) struct LotQueue {
    lots: Vec<LiveLot>,
    /// The number of used-up lots at the front: at most as many as are left, plus eight.
    spent: usize,
}

/// The number of used-up lots that are always tolerated.
const SLACK: usize = 8;

impl LotQueue {
    pub(super) const EMPTY: Self = Self { lots: Vec::new(), spent: 0 };

    #[inline]
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, LiveLot> {
        self.live().iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live().is_empty()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.live().len()
    }

    #[inline]
    fn live(&self) -> &[LiveLot] {
        self.lots.get(self.spent..).unwrap_or_default()
    }

    #[inline]
    fn live_mut(&mut self) -> &mut [LiveLot] {
        self.lots.get_mut(self.spent..).unwrap_or_default()
    }

    /// The first lot with an unheld part.
    #[inline]
    pub(crate) fn first_unheld(&self) -> Option<&LiveLot> {
        self.iter().find(|lot| !lot.unheld().is_zero())
    }

    #[inline]
    pub(crate) fn insert(&mut self, lot: LiveLot) {
        if self.spent > 0 && self.lots.len() == self.lots.capacity() {
            self.close_gap();
        }
        // New lots mostly expire last.
        if self.live().last().is_none_or(|last| last.rank() < lot.rank()) {
            self.lots.push(lot);
        } else {
            let place = self.live().partition_point(|other| other.rank() < lot.rank());
            self.lots.insert(self.spent.saturating_add(place), lot);
        }
    }

    /// Changes a lot, if it is in the queue. A lot with nothing left is removed.
    #[inline]
    pub(crate) fn change(&mut self, id: LotId, change: impl FnOnce(&mut LiveLot)) -> bool {
        let Some((place, lot)) = self.live_mut().iter_mut().enumerate().find(|(_, lot)| lot.id == id) else {
            return false;
        };
        change(lot);
        if lot.remaining.is_zero() {
            self.take_out(place);
        }
        true
    }

    pub(crate) fn remove(&mut self, id: LotId) -> Option<LiveLot> {
        let place = self.iter().position(|lot| lot.id == id)?;
        let lot = self.live().get(place).copied();
        self.take_out(place);
        lot
    }

    /// Removes a live lot, by its index among the live ones.
    fn take_out(&mut self, place: usize) {
        if place == 0 {
            self.skip(1);
        } else {
            self.lots.remove(self.spent.saturating_add(place));
        }
    }

    /// Drops the first `count` live lots.
    #[inline]
    fn skip(&mut self, count: usize) {
        self.spent = self.spent.saturating_add(count);
        if self.spent > SLACK.max(self.live().len()) {
            self.close_gap();
        }
    }

    fn close_gap(&mut self) {
        let spent = std::mem::take(&mut self.spent).min(self.lots.len());
        self.lots.drain(..spent);
    }
}

impl PartialEq for LotQueue {
    fn eq(&self, other: &Self) -> bool {
        self.live() == other.live()
    }
}

impl Eq for LotQueue {}

impl Serialize for LotQueue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.live().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LotQueue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { lots: Vec::deserialize(deserializer)?, spent: 0 })
    }
}

/// A lot that is not usable yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingLot {
    /// The start of use.
    pub available_at: Timestamp,
    /// The kind of value in the lot.
    pub kind: LotKind,
    /// The lot, with its own end.
    pub lot: LiveLot,
    /// The period without activity after which it lapses (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Inactivity>,
}

impl PendingLot {
    /// The lot, with the expiry that it has without further activity (rule T9).
    pub fn with_current_end(&self) -> LiveLot {
        let end = self.inactivity.map_or(Expiry::NEVER, |inactivity| inactivity.end());
        LiveLot { expires_at: self.lot.expires_at.min(end), ..self.lot }
    }
}

/// Lots that are not usable yet, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PendingLots(Vec<PendingLot>);

impl PendingLots {
    pub(super) const EMPTY: Self = Self(Vec::new());

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

/// A lot with a part held past its expiry. Its unheld part has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OverdueLot {
    /// The kind of value in the lot.
    pub kind: LotKind,
    /// The lot.
    pub lot: LiveLot,
    /// The period without activity after which it lapsed, or would have (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Inactivity>,
}
