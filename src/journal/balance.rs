//! The balances and totals of an account: where its value is or went, adding up at every step (rule J3).

use serde::{Deserialize, Serialize};

use crate::journal::EntryKind;
use crate::journal::effect::Effect;
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::{Amount, Delta, Points, Quantity, Worth};

/// The kind of value in a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LotKind {
    /// Money: a reward.
    Reward,
    /// Points that can be redeemed.
    Point,
    /// Points that cannot be redeemed, such as those of a tier (rule K1).
    Status,
}

impl LotKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Reward, Self::Point, Self::Status];

    /// Whether lots of this kind hold points.
    pub const fn is_points(self) -> bool {
        !matches!(self, Self::Reward)
    }
}

/// The places where value can be, come from or go to (rule J3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Issued, which brings it in.
    Issued,
    /// Adjusted by a correction, which brings it in or takes it out.
    Adjusted,
    /// Moved here from another profile, or from here to another.
    Moved,
    /// Available to be redeemed.
    Available,
    /// Pending: available later.
    Pending,
    /// Held: set aside by a hold.
    Held,
    /// Redeemed.
    Redeemed,
    /// Expired unused.
    Expired,
    /// Revoked by the shop.
    Revoked,
    /// Clawed back with the purchase that earned it.
    ClawedBack,
    /// Paid to a debt.
    PaidToDebt,
}

impl Bucket {
    /// Whether value in it belongs to the customer: it can be redeemed now or later.
    pub(crate) const fn is_owned(self) -> bool {
        match self {
            Self::Available | Self::Pending | Self::Held => true,
            Self::Issued
            | Self::Adjusted
            | Self::Moved
            | Self::Redeemed
            | Self::Expired
            | Self::Revoked
            | Self::ClawedBack
            | Self::PaidToDebt => false,
        }
    }
}

/// A quantity of one kind that moves from one bucket to another. An entry that moves value has a few of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Movement {
    /// The kind of value that moves.
    pub kind: LotKind,
    /// The bucket that it leaves.
    pub from: Bucket,
    /// The bucket that it enters.
    pub to: Bucket,
    /// The quantity.
    pub value: Quantity,
}

impl Movement {
    /// The reverse movement.
    pub(crate) const fn back(self) -> Self {
        Self { from: self.to, to: self.from, ..self }
    }
}

/// The totals of one kind of value: everything that ever came in, and where it is now.
///
/// Rule J3: `issued ± adjusted ± moved` is always the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindTotals {
    /// Issued.
    pub issued: Quantity,
    /// Available now.
    pub available: Quantity,
    /// Pending: available later.
    pub pending: Quantity,
    /// Held: set aside by holds.
    pub held: Quantity,
    /// Redeemed, less returns.
    pub redeemed: Quantity,
    /// Expired unused.
    pub expired: Quantity,
    /// Revoked by the shop.
    pub revoked: Quantity,
    /// Earned points clawed back with the purchase that earned them.
    pub clawed_back: Quantity,
    /// Earned points that paid debts.
    pub paid_to_debt: Quantity,
    /// Corrections, upward less downward.
    pub adjusted: Delta,
    /// Moved in from other profiles, less moved out to them.
    pub moved: Delta,
}

impl KindTotals {
    /// The totals of an account without entries.
    pub(crate) const EMPTY: Self = Self {
        issued: Quantity::ZERO,
        available: Quantity::ZERO,
        pending: Quantity::ZERO,
        held: Quantity::ZERO,
        redeemed: Quantity::ZERO,
        expired: Quantity::ZERO,
        revoked: Quantity::ZERO,
        clawed_back: Quantity::ZERO,
        paid_to_debt: Quantity::ZERO,
        adjusted: Delta::ZERO,
        moved: Delta::ZERO,
    };

    /// Whether there never was any.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::EMPTY
    }

    /// Whether the totals are conserved: no value appeared or vanished (rule J3).
    pub fn is_conserved(&self) -> bool {
        let came = [self.issued.into(), self.adjusted, self.moved];
        let went = [
            self.available,
            self.pending,
            self.held,
            self.redeemed,
            self.expired,
            self.revoked,
            self.clawed_back,
            self.paid_to_debt,
        ];
        let sum =
            |deltas: &[Delta]| deltas.iter().map(|delta| i128::from(delta.ten_thousandths())).sum::<i128>();
        sum(&came) == sum(&went.map(Delta::from)) && went.iter().all(|value| value.ten_thousandths() >= 0)
    }

    /// Applies a movement.
    #[inline]
    pub(crate) fn shift(&mut self, movement: Movement) {
        let Movement { from, to, value, .. } = movement;
        match from {
            Bucket::Issued => self.issued = self.issued.plus(value),
            Bucket::Adjusted => self.adjusted = self.adjusted.up(value),
            Bucket::Moved => self.moved = self.moved.up(value),
            inside => self.inside(inside, |held| held.minus(value)),
        }
        match to {
            Bucket::Issued => self.issued = self.issued.minus(value),
            Bucket::Adjusted => self.adjusted = self.adjusted.down(value),
            Bucket::Moved => self.moved = self.moved.down(value),
            inside => self.inside(inside, |held| held.plus(value)),
        }
    }

    #[inline]
    fn inside(&mut self, place: Bucket, change: impl FnOnce(Quantity) -> Quantity) {
        let pool = match place {
            Bucket::Available => &mut self.available,
            Bucket::Pending => &mut self.pending,
            Bucket::Held => &mut self.held,
            Bucket::Redeemed => &mut self.redeemed,
            Bucket::Expired => &mut self.expired,
            Bucket::Revoked => &mut self.revoked,
            Bucket::ClawedBack => &mut self.clawed_back,
            Bucket::PaidToDebt => &mut self.paid_to_debt,
            Bucket::Issued | Bucket::Adjusted | Bucket::Moved => return,
        };
        *pool = change(*pool);
    }

    /// Whether this quantity can come in, by an issue, a correction or a move, without any total leaving its bounds
    /// (rule Q3).
    #[inline]
    pub(crate) fn has_room_for(&self, more: Quantity) -> bool {
        // Four parts below 2^60 stay below the bound together, and nearly all parts are far below.
        let parts = [self.issued.into(), self.adjusted, self.moved, more.into()];
        let all = parts.iter().fold(0, |all, part: &Delta| all | part.ten_thousandths());
        (0..1 << 60).contains(&all) || self.has_room_exactly(more)
    }

    fn has_room_exactly(&self, more: Quantity) -> bool {
        let most = i128::from(Quantity::MAX_TOTAL.ten_thousandths());
        let came = [self.issued.into(), self.adjusted, self.moved]
            .map(|came: Delta| i128::from(came.ten_thousandths()));
        let more = i128::from(more.ten_thousandths());
        let fits = |came: &i128| came.saturating_add(more) <= most;
        // Each way in; and all of them together, which bound all other totals.
        came.iter().all(fits) && fits(&came.iter().sum())
    }

    /// Whether all value of another account can come in (rule Q3).
    pub(crate) fn can_take_over(&self, other: &Self) -> bool {
        let came = |totals: &Self| {
            let parts = [totals.issued.into(), totals.adjusted, totals.moved];
            parts.iter().map(|part: &Delta| i128::from(part.ten_thousandths())).sum::<i128>()
        };
        let all = came(other);
        Quantity::from_ten_thousandths(i64::try_from(all).unwrap_or(i64::MAX))
            .is_ok_and(|all| self.has_room_for(all) && other.can_lose(all))
    }

    /// Whether this quantity can leave, by a correction or a move, without any total leaving its bounds (rule Q3).
    pub(crate) fn can_lose(&self, less: Quantity) -> bool {
        let least = i128::from(Quantity::MAX_TOTAL.ten_thousandths()).saturating_neg();
        let less = i128::from(less.ten_thousandths());
        [self.adjusted, self.moved]
            .iter()
            .all(|came| i128::from(came.ten_thousandths()).saturating_sub(less) >= least)
    }
}

/// The totals of an account, in money, in points, and in points that cannot be redeemed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Totals {
    /// Money.
    pub rewards: KindTotals,
    /// Points that can be redeemed.
    pub points: KindTotals,
    /// Points that cannot be redeemed (rule K1).
    #[serde(default, skip_serializing_if = "KindTotals::is_nothing")]
    pub status_points: KindTotals,
    /// Redeemable points owed: spent before the purchase that earned them came back (rule X4).
    pub point_debt: Points,
}

impl Totals {
    /// Whether each kind of value is conserved (rule J3).
    pub fn is_conserved(&self) -> bool {
        LotKind::ALL.into_iter().all(|kind| self.pot(kind).is_conserved())
    }

    /// The balances that callers see.
    pub const fn balances(&self) -> Balances {
        Balances::of(&self.rewards, &self.points, &self.status_points, self.point_debt)
    }

    /// The totals of one kind of value.
    pub const fn pot(&self, kind: LotKind) -> &KindTotals {
        match kind {
            LotKind::Reward => &self.rewards,
            LotKind::Point => &self.points,
            LotKind::Status => &self.status_points,
        }
    }
}

/// The balances of an account at one moment: spendable, pending and held. Every journal entry states them (rule J1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Balances {
    /// Money that can be redeemed.
    pub reward_balance: Amount,
    /// Money that will become available.
    #[serde(default, skip_serializing_if = "Amount::is_nothing")]
    pub reward_pending: Amount,
    /// Money set aside by holds.
    #[serde(default, skip_serializing_if = "Amount::is_nothing")]
    pub reward_held: Amount,
    /// Points that can be redeemed.
    pub point_balance: Points,
    /// Points that will become available.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_pending: Points,
    /// Points set aside by holds.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_held: Points,
    /// Points owed.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_debt: Points,
    /// Points that count, and cannot be redeemed (rule K1).
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub status_point_balance: Points,
    /// Such points that will count later.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub status_point_pending: Points,
}

impl Balances {
    /// The balances that totals give.
    #[inline]
    pub(crate) const fn of(
        rewards: &KindTotals,
        points: &KindTotals,
        status_points: &KindTotals,
        point_debt: Points,
    ) -> Self {
        Self {
            reward_balance: rewards.available.as_amount(),
            reward_pending: rewards.pending.as_amount(),
            reward_held: rewards.held.as_amount(),
            point_balance: points.available.as_points(),
            point_pending: points.pending.as_points(),
            point_held: points.held.as_points(),
            point_debt,
            status_point_balance: status_points.available.as_points(),
            status_point_pending: status_points.pending.as_points(),
        }
    }

    /// Applies an entry that happens at `at`.
    #[inline]
    pub(crate) fn follow(&mut self, entry: &EntryKind, at: Timestamp) {
        entry.effects(at, |effect| {
            if let Some(Movement { kind, from, to, value }) = effect.movement() {
                self.change(kind, from, |held| held.minus(value));
                self.change(kind, to, |held| held.plus(value));
            }
            self.follow_debt(&effect);
        });
    }

    #[inline(always)]
    fn follow_debt(&mut self, effect: &Effect<'_>) {
        match effect {
            Effect::Owe(owed) => self.point_debt = self.point_debt.plus(owed.point_debt()),
            Effect::PayDebt { points, status: None } => self.point_debt = self.point_debt.minus(*points),
            Effect::Recover { recovered, kind: LotKind::Point } => {
                self.point_debt = self.point_debt.minus(recovered.debt);
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn change(&mut self, kind: LotKind, bucket: Bucket, change: impl FnOnce(Quantity) -> Quantity) {
        if kind == LotKind::Reward {
            let held = match bucket {
                Bucket::Available => &mut self.reward_balance,
                Bucket::Pending => &mut self.reward_pending,
                Bucket::Held => &mut self.reward_held,
                _ => return,
            };
            *held = change((*held).into()).as_amount();
            return;
        }
        let held = match (kind, bucket) {
            (LotKind::Point, Bucket::Available) => &mut self.point_balance,
            (LotKind::Point, Bucket::Pending) => &mut self.point_pending,
            (LotKind::Point, Bucket::Held) => &mut self.point_held,
            (LotKind::Status, Bucket::Available) => &mut self.status_point_balance,
            (LotKind::Status, Bucket::Pending) => &mut self.status_point_pending,
            _ => return,
        };
        *held = change((*held).into()).as_points();
    }

    /// The balances with their worth in a program.
    pub fn valued(self, program: &Program) -> ValuedBalances {
        let worth = |money: Amount, points: Points| program.worth(points).plus(money);
        ValuedBalances {
            reward_balance: self.reward_balance,
            reward_pending: self.reward_pending,
            reward_held: self.reward_held,
            point_balance: self.point_balance,
            point_pending: self.point_pending,
            point_held: self.point_held,
            point_debt: self.point_debt,
            status_point_balance: self.status_point_balance,
            status_point_pending: self.status_point_pending,
            point_worth: program.worth(self.point_balance),
            combined_worth: worth(self.reward_balance, self.point_balance),
            pending_worth: worth(self.reward_pending, self.point_pending),
            held_worth: worth(self.reward_held, self.point_held),
        }
    }
}

/// A profile's [`Balances`], and what they are worth in money (rule Q4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ValuedBalances {
    /// Money that can be redeemed.
    pub reward_balance: Amount,
    /// Money that will become available.
    pub reward_pending: Amount,
    /// Money set aside by holds.
    pub reward_held: Amount,
    /// Points that can be redeemed.
    pub point_balance: Points,
    /// Points that will become available.
    pub point_pending: Points,
    /// Points set aside by holds.
    pub point_held: Points,
    /// Points owed.
    pub point_debt: Points,
    /// Points that count, and cannot be redeemed: worth nothing (rule K1).
    pub status_point_balance: Points,
    /// Such points that will count later.
    pub status_point_pending: Points,
    /// The worth of the points that can be redeemed.
    pub point_worth: Worth,
    /// The worth of the money and points that can be redeemed.
    pub combined_worth: Worth,
    /// The worth of the money and points that will become available.
    pub pending_worth: Worth,
    /// The worth of the money and points set aside by holds.
    pub held_worth: Worth,
}

#[cfg(test)]
mod tests;
