//! Flows: why what a customer owns grew or shrank, told from the movements of an entry.

use serde::{Deserialize, Serialize};

use smallvec::SmallVec;

use crate::id::{DefinitionId, LotId};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, Cause, Entry, LotKind, Movement};
use crate::value::{Delta, Sum};

/// The reason for which what customers own grows or shrinks: a column of the liability roll-forward.
///
/// Owned is what can be redeemed now or later: available, pending and held. Value that moves among these is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flow {
    /// Issued by hand, by a batch or by a migration.
    Issued,
    /// Earned by a purchase, less what paid a debt or was clawed back at once.
    Earned,
    /// Given back by a return or a reversal.
    Returned,
    /// Brought back after it had expired, by an extension or a late request.
    Revived,
    /// Came from another profile.
    MovedIn,
    /// Redeemed.
    Redeemed,
    /// Expired unused.
    Expired,
    /// Revoked by the shop.
    Revoked,
    /// Clawed back with the purchase that earned it.
    ClawedBack,
    /// Corrected by a manager, up or down.
    Adjusted,
    /// Went to another profile.
    MovedOut,
}

impl Flow {
    /// All flows, in the order of the roll-forward's columns.
    pub const ALL: [Self; 11] = [
        Self::Issued,
        Self::Earned,
        Self::Returned,
        Self::Revived,
        Self::MovedIn,
        Self::Redeemed,
        Self::Expired,
        Self::Revoked,
        Self::ClawedBack,
        Self::Adjusted,
        Self::MovedOut,
    ];

    /// The flow of a name.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.name() == name)
    }

    /// The name of its column.
    ///
    /// ```
    /// use scrip::journal::Flow;
    ///
    /// assert_eq!(Flow::ALL.map(Flow::name)[4..6], ["moved_in", "redeemed"]);
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Earned => "earned",
            Self::Returned => "returned",
            Self::Revived => "revived",
            Self::MovedIn => "moved_in",
            Self::Redeemed => "redeemed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::ClawedBack => "clawed_back",
            Self::Adjusted => "adjusted",
            Self::MovedOut => "moved_out",
        }
    }

    /// Calls `tell` with the flows of a movement: none, one, or two if value only passes through.
    ///
    /// Value that comes back from a redemption into a lot that has expired is returned, and expired. Value that never counted
    /// is no flow: what arrives expired (rule D4), and earnings that pay a debt (rule X4). Nor is the history of a profile
    /// that moves in a merger.
    pub(crate) fn each(movement: Movement, cause: Cause, mut tell: impl FnMut(Self, Delta)) {
        let Movement { from, to, value, .. } = movement;
        let (leaves, enters) = (from.is_owned(), to.is_owned());
        let is_neither = !leaves && !enters;
        let is_silent = |bucket| matches!(bucket, Bucket::Issued | Bucket::Moved);
        if value.is_zero() || (leaves && enters) || (is_neither && (is_silent(from) || is_silent(to))) {
            return;
        }
        if !leaves {
            tell(Self::into_owned(from, cause), Delta::ZERO.up(value));
        }
        if !enters {
            tell(Self::out_of_owned(to, cause), Delta::ZERO.down(value));
        }
    }

    fn into_owned(from: Bucket, cause: Cause) -> Self {
        match from {
            Bucket::Redeemed => Self::Returned,
            Bucket::Expired => Self::Revived,
            Bucket::Moved => Self::MovedIn,
            other => Self::out_of_owned(other, cause),
        }
    }

    /// The flow of value to a bucket; of value from it, where it has no flow of its own, the same with the other sign.
    fn out_of_owned(to: Bucket, cause: Cause) -> Self {
        match to {
            Bucket::Issued if matches!(cause, Cause::Transaction(_)) => Self::Earned,
            Bucket::Issued => Self::Issued,
            Bucket::Moved => Self::MovedOut,
            Bucket::Redeemed => Self::Redeemed,
            Bucket::Expired => Self::Expired,
            Bucket::Revoked => Self::Revoked,
            Bucket::ClawedBack => Self::ClawedBack,
            // Owned buckets do not get here; earnings that pay a debt come from no owned bucket.
            Bucket::Adjusted | Bucket::PaidToDebt | Bucket::Available | Bucket::Pending | Bucket::Held => {
                Self::Adjusted
            }
        }
    }
}

/// The sum of one flow over many profiles, as the table of movements has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct FlowSum {
    /// How many of the cuts that were asked for are not after it.
    pub period: usize,
    /// The kind of value.
    pub kind: LotKind,
    /// The definition of the lots.
    pub definition_id: Option<DefinitionId>,
    /// The flow.
    pub flow: Flow,
    /// The sum: below zero for what went out.
    pub value: Sum,
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl FlowSum {
    pub(crate) fn new(
        (period, kind, definition_id, flow): (usize, LotKind, Option<DefinitionId>, Flow),
        ten_thousandths: i128,
    ) -> Self {
        Self { period, kind, definition_id, flow, value: Sum::raw(ten_thousandths) }
    }
}

impl Entry {
    /// Calls `tell` with each flow of this entry, and the lot that it is of. Only history that moves in a merger has no lot, and
    /// that is no flow.
    pub(crate) fn flows(&self, mut tell: impl FnMut(Option<LotId>, LotKind, Flow, Delta)) {
        // Movements whose lot is not known yet: the state of the lot comes next.
        let mut moved = SmallVec::<[Movement; 2]>::new();
        let mut told = |lot, movement: Movement| {
            Flow::each(movement, self.cause, |flow, value| tell(lot, movement.kind, flow, value));
        };
        self.effects(|effect| match effect {
            Effect::Move(movement) => moved.push(movement),
            Effect::Arrive(arrival) => {
                moved.drain(..).for_each(|movement| told(Some(arrival.issue.lot), movement));
            }
            Effect::State(after) => moved.drain(..).for_each(|movement| told(Some(after.lot), movement)),
            Effect::Take { lot, .. }
            | Effect::Hold { lot, .. }
            | Effect::Free { lot, .. }
            | Effect::ClawBack { lot, .. } => {
                effect.movement().into_iter().for_each(|movement| told(Some(lot), movement));
            }
            _ => {}
        });
        moved.into_iter().for_each(|movement| told(None, movement));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ReturnId;
    use crate::journal::LotKind;
    use crate::value::Quantity;

    fn flows(from: Bucket, to: Bucket) -> Vec<(Flow, i64)> {
        let value = Quantity::from_ten_thousandths(7).unwrap();
        let movement = Movement { kind: LotKind::Reward, from, to, value };
        let mut told = Vec::new();
        let cause = Cause::Return(ReturnId::new(1 << 22 | 1).unwrap());
        Flow::each(movement, cause, |flow, delta| told.push((flow, delta.ten_thousandths())));
        told
    }

    /// Catches: value that comes back into an expired lot, and is counted as returned only.
    #[test]
    fn value_that_passes_through_is_seen_twice_and_what_never_counted_is_not() {
        assert_eq!(flows(Bucket::Redeemed, Bucket::Expired), [(Flow::Returned, 7), (Flow::Expired, -7)]);
        assert_eq!(flows(Bucket::Expired, Bucket::Redeemed), [(Flow::Revived, 7), (Flow::Redeemed, -7)]);
        assert_eq!(flows(Bucket::Held, Bucket::ClawedBack), [(Flow::ClawedBack, -7)]);
        assert_eq!(flows(Bucket::Adjusted, Bucket::Pending), [(Flow::Adjusted, 7)]);
        for (from, to) in [
            (Bucket::Issued, Bucket::Expired),
            (Bucket::Issued, Bucket::PaidToDebt),
            (Bucket::Moved, Bucket::Redeemed),
            (Bucket::Expired, Bucket::Moved),
            (Bucket::Pending, Bucket::Available),
            (Bucket::Held, Bucket::Available),
        ] {
            assert_eq!(flows(from, to), [], "{from:?} to {to:?}");
        }
    }
}
