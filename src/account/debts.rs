//! The points that an account's transactions owe, the oldest sale first (rules X4 and X5).

use serde::{Deserialize, Serialize};

use crate::id::{DefinitionId, LotId};
use crate::journal::owed::Earner;
use crate::journal::{Owed, Recovered};
use crate::program::Clawback;
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// The owed points of each transaction, in the order in which they arose: recoveries lower them in the same order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Debts(Vec<Owed>);

impl Debts {
    pub(super) const EMPTY: Self = Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Owed> {
        self.0.iter()
    }

    /// The total that later earnings pay: of redeemable points, or of those of a definition whose points are not
    /// (rule K1).
    pub(super) fn collected(&self, status: Option<DefinitionId>) -> i128 {
        let alike = self.iter().filter(|owed| owed.status == status);
        alike.map(|owed| i128::from(owed.collected().ten_thousandths())).sum()
    }

    /// The part of points earned later that pays debts.
    pub(crate) fn paid_by(&self, points: Points, status: Option<DefinitionId>) -> Points {
        let collected = i64::try_from(self.collected(status)).unwrap_or(i64::MAX);
        Points::raw(collected.min(points.ten_thousandths()))
    }

    /// The instant of the sale, for a transaction that owes at this rate already.
    pub(crate) fn sold_at(&self, earner: Earner) -> Option<Timestamp> {
        self.0.iter().find(|owed| owed.earner() == earner).map(|owed| owed.sold_at)
    }

    /// What the lot belongs to, if that owes, and a hold sets part of the lot aside.
    pub(crate) fn owner(&self, lot: LotId) -> Option<Earner> {
        self.0.iter().find(|owed| owed.held.contains(&lot)).map(Owed::earner)
    }

    pub(super) fn insert(&mut self, owed: &Owed) {
        let rank = |owed: &Owed| (owed.sold_at, owed.earner());
        let place = self.0.partition_point(|other| rank(other) <= rank(owed));
        let last = place.checked_sub(1).and_then(|last| self.0.get_mut(last));
        match last.filter(|last| last.earner() == owed.earner() && last.policy == owed.policy) {
            Some(last) => {
                last.points = last.points.plus(owed.points);
                last.held.clone_from(&owed.held);
            }
            None => self.0.insert(place, owed.clone()),
        }
    }

    /// Pays with later earnings, the oldest sale's debt first.
    pub(super) fn pay(&mut self, points: Points, status: Option<DefinitionId>) {
        self.lower(points, |owed| owed.policy == Clawback::Debt && owed.status == status);
    }

    pub(super) fn recover(&mut self, recovered: &Recovered) {
        let of = |owed: &Owed| owed.earner() == recovered.earner();
        self.lower(recovered.debt, |owed| of(owed) && owed.policy == Clawback::Debt);
        self.lower(recovered.shortfall, |owed| of(owed) && owed.policy == Clawback::Shortfall);
    }

    /// Claws back value that flows back to a transaction's own lot, up to the points that the transaction owes, the
    /// oldest first. Lowers the points owed by that.
    pub(crate) fn claw_back(&mut self, earner: Earner, value: Quantity) -> Option<Recovered> {
        let Earner { transaction, rate } = earner;
        let mut left = value.as_points();
        let mut recovered = Recovered { transaction, rate, debt: Points::ZERO, shortfall: Points::ZERO };
        for owed in self.0.iter().filter(|owed| owed.earner() == earner) {
            let part = owed.points.min(left);
            left = left.minus(part);
            let sum = match owed.policy {
                Clawback::Debt => &mut recovered.debt,
                Clawback::Shortfall => &mut recovered.shortfall,
            };
            *sum = sum.plus(part);
        }
        self.recover(&recovered);
        (!recovered.points().is_zero()).then_some(recovered)
    }

    fn lower(&mut self, points: Points, of: impl Fn(&Owed) -> bool) {
        let mut left = points;
        for owed in self.0.iter_mut().filter(|owed| of(owed)) {
            let part = owed.points.min(left);
            left = left.minus(part);
            owed.points = owed.points.minus(part);
        }
        self.0.retain(|owed| !owed.points.is_zero());
    }
}
