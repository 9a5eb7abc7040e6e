//! What an account holds and where its value went: running totals that add up at every step (rule J3).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::amount::decimal_text;
use crate::{Amount, Delta, Points, Program, Quantity};

/// Which kind of value a lot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LotKind {
    /// Money: a reward.
    Reward,
    /// Points.
    Point,
}

/// Where value can be, or have come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Came in by being issued.
    Issued,
    Available,
    Pending,
    Redeemed,
    Expired,
}

/// A quantity of one kind, on its way from one class to another. Every journal entry is a few of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) kind: LotKind,
    pub(crate) from: Class,
    pub(crate) to: Class,
    pub(crate) value: Quantity,
}

/// Everything that ever came into an account in one kind of value, and where it is now.
///
/// Rule J3: `issued ± adjusted ± moved` is always the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pot {
    /// Came in by being issued.
    pub issued: Quantity,
    /// Can be redeemed now.
    pub available: Quantity,
    /// Will be available later.
    pub pending: Quantity,
    /// Set aside by holds.
    pub held: Quantity,
    /// Redeemed, less what was returned.
    pub redeemed: Quantity,
    /// Expired unused.
    pub expired: Quantity,
    /// Taken back by the shop.
    pub revoked: Quantity,
    /// Earned points that came back with the purchase that earned them.
    pub clawed_back: Quantity,
    /// Earned points that paid what was owed.
    pub paid_to_debt: Quantity,
    /// Corrections, up less down.
    pub adjusted: Delta,
    /// Came in from other profiles, less what went to them.
    pub moved: Delta,
}

impl Pot {
    /// Whether no value appeared or vanished (rule J3).
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

    fn shift(&mut self, flow: Flow) {
        let Flow { from, to, value, .. } = flow;
        match from {
            Class::Issued => self.issued = self.issued.plus(value),
            Class::Available => self.available = self.available.minus(value),
            Class::Pending => self.pending = self.pending.minus(value),
            Class::Redeemed => self.redeemed = self.redeemed.minus(value),
            Class::Expired => self.expired = self.expired.minus(value),
        }
        match to {
            Class::Issued => self.issued = self.issued.minus(value),
            Class::Available => self.available = self.available.plus(value),
            Class::Pending => self.pending = self.pending.plus(value),
            Class::Redeemed => self.redeemed = self.redeemed.plus(value),
            Class::Expired => self.expired = self.expired.plus(value),
        }
    }

    /// Whether so much more can be issued without any total leaving its bounds (rule Q3).
    pub(crate) fn has_room_for(&self, more: Quantity) -> bool {
        let most = i128::from(Quantity::MAX_TOTAL.ten_thousandths());
        let issued = i128::from(self.issued.ten_thousandths()).saturating_add(more.ten_thousandths().into());
        let net = issued
            .saturating_add(self.adjusted.ten_thousandths().into())
            .saturating_add(self.moved.ten_thousandths().into());
        issued <= most && net <= most
    }
}

/// The totals of an account, in money and in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Totals {
    /// Money.
    pub rewards: Pot,
    /// Points.
    pub points: Pot,
    /// Points owed: spent before the purchase that earned them came back (rule X4).
    pub point_debt: Points,
}

impl Totals {
    /// Whether no value appeared or vanished, in either kind (rule J3).
    pub fn is_conserved(&self) -> bool {
        self.rewards.is_conserved() && self.points.is_conserved()
    }

    /// What can be seen of them from outside.
    pub const fn balances(&self) -> Balances {
        Balances {
            reward_balance: self.rewards.available.as_amount(),
            reward_pending: self.rewards.pending.as_amount(),
            reward_held: self.rewards.held.as_amount(),
            point_balance: self.points.available.as_points(),
            point_pending: self.points.pending.as_points(),
            point_held: self.points.held.as_points(),
            point_debt: self.point_debt,
        }
    }

    pub(crate) const fn pot(&self, kind: LotKind) -> &Pot {
        match kind {
            LotKind::Reward => &self.rewards,
            LotKind::Point => &self.points,
        }
    }

    pub(crate) fn shift(&mut self, flow: Flow) {
        match flow.kind {
            LotKind::Reward => self.rewards.shift(flow),
            LotKind::Point => self.points.shift(flow),
        }
    }
}

/// What an account can spend and what is on its way, at one moment. Every journal entry states it (rule J1).
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
}

impl Balances {
    /// With what the points in them are worth in a program.
    pub fn valued(self, program: &Program) -> ValuedBalances {
        let dollars = program.worth(self.point_balance);
        let with_points = |money: Amount, points: Points| {
            // A worth is at most 10^21 and an amount at most 10^15, and a decimal holds 10^24 with four decimals.
            money.to_decimal().saturating_add(program.worth(points)).normalize()
        };
        ValuedBalances {
            reward_balance: self.reward_balance,
            point_balance: self.point_balance,
            point_balance_dollars: dollars,
            combined_balance_dollars: with_points(self.reward_balance, self.point_balance),
            held_balance: with_points(self.reward_held, self.point_held),
            pending_balance: with_points(self.reward_pending, self.point_pending),
            point_debt: self.point_debt,
        }
    }
}

/// A profile's balances, with what its points are worth (rule Q4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ValuedBalances {
    /// Money that can be redeemed.
    pub reward_balance: Amount,
    /// Points that can be redeemed.
    pub point_balance: Points,
    /// What those points are worth, rounded down to the minor unit.
    #[serde(with = "decimal_text")]
    pub point_balance_dollars: Decimal,
    /// The money and the worth of the points.
    #[serde(with = "decimal_text")]
    pub combined_balance_dollars: Decimal,
    /// Money, and the worth of points, set aside by holds.
    #[serde(with = "decimal_text")]
    pub held_balance: Decimal,
    /// Money, and the worth of points, that will become available.
    #[serde(with = "decimal_text")]
    pub pending_balance: Decimal,
    /// Points owed.
    pub point_debt: Points,
}
