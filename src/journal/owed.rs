//! Points that transactions owe, and recoveries of them (rules X4 and X5).

use serde::{Deserialize, Serialize};

use crate::id::{DefinitionId, LotId, TransactionId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, LotKind};
use crate::program::Clawback;
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// What points are earned by, clawed back from and owed by: a transaction, at one of its rates (rules K2 and X5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Earner {
    pub(crate) transaction: TransactionId,
    /// From 0, in the order of [`Transaction::earned`](crate::Transaction::earned).
    pub(crate) rate: u8,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde asks.
pub(super) const fn is_first(rate: &u8) -> bool {
    *rate == 0
}

/// Points deducted from a transaction's earnings that were already spent or held at that time (rule X5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owed {
    /// The transaction that owes them.
    pub transaction: TransactionId,
    /// The rate that it is about, of those that the transaction earns at (rule K2).
    #[serde(default, skip_serializing_if = "is_first")]
    pub rate: u8,
    /// The time of purchase: the oldest debt is paid first.
    pub sold_at: Timestamp,
    /// The program's policy when the points were deducted: whether later earnings pay them.
    pub policy: Clawback,
    /// The number of points owed.
    pub points: Points,
    /// The definition that they were earned of, if such points cannot be redeemed: only points of the same definition
    /// pay them (rule K1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DefinitionId>,
    /// The transaction's own lots with a part held: value that these holds release is clawed back first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<LotId>,
}

/// Points that flowed back to a transaction's own lot and were clawed back at once, because the transaction owed them
/// (rule X5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recovered {
    /// The transaction that owed them.
    pub transaction: TransactionId,
    /// The rate that it is about, of those that the transaction earns at (rule K2).
    #[serde(default, skip_serializing_if = "is_first")]
    pub rate: u8,
    /// The part that lowers the transaction's debt.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub debt: Points,
    /// The part that lowers the transaction's shortfall.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub shortfall: Points,
}

impl Owed {
    pub(crate) const fn earner(&self) -> Earner {
        Earner { transaction: self.transaction, rate: self.rate }
    }

    /// The part that later earnings pay.
    pub fn collected(&self) -> Points {
        if self.policy == Clawback::Debt { self.points } else { Points::ZERO }
    }

    /// The part of that in the balance of redeemable points owed.
    pub(crate) fn point_debt(&self) -> Points {
        if self.status.is_none() { self.collected() } else { Points::ZERO }
    }
}

impl Recovered {
    pub(crate) const fn earner(&self) -> Earner {
        Earner { transaction: self.transaction, rate: self.rate }
    }

    /// All points that were clawed back.
    pub fn points(&self) -> Points {
        self.debt.plus(self.shortfall)
    }

    /// The points as a quantity of a lot.
    pub(crate) fn value(&self) -> Quantity {
        self.points().into()
    }

    /// The recovered points of a lot are clawed back from the given bucket, instead of going to it.
    pub(super) fn effects<'a>(
        &self,
        (lot, kind): (LotId, LotKind),
        from: Bucket,
        tell: &mut impl FnMut(Effect<'a>),
    ) {
        tell(Effect::ClawBack { lot, kind, value: self.value(), from });
        tell(Effect::Recover { recovered: *self, kind });
    }
}

impl Binary for Owed {
    fn write(&self, to: &mut Writer<'_>) {
        let has_rate = self.rate > 0;
        to.flags([
            self.policy == Clawback::Shortfall,
            !self.held.is_empty(),
            self.status.is_some(),
            has_rate,
        ]);
        to.id(self.transaction);
        to.instant(self.sold_at);
        to.quantity(self.points);
        if !self.held.is_empty() {
            to.number(self.held.len() as u64);
            self.held.iter().for_each(|lot| to.id(*lot));
        }
        self.status.inspect(|definition| to.id(*definition));
        if has_rate {
            to.byte(self.rate);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "points that a transaction owes";
        let [is_shortfall, has_held, is_status, has_rate] = from.flags()?;
        let (transaction, sold_at, points) = (from.id()?, from.instant()?, from.points()?);
        let policy = if is_shortfall { Clawback::Shortfall } else { Clawback::Debt };
        let held =
            from.if_set(has_held, |from| (0..from.number()?).map(|_| from.id()).collect::<Decoded<_>>())?;
        let status = from.if_set(is_status, Reader::id)?;
        let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
        Ok(Self { transaction, rate, sold_at, policy, points, status, held: held.unwrap_or_default() })
    }
}

impl Binary for Recovered {
    fn write(&self, to: &mut Writer<'_>) {
        let (has_debt, has_shortfall) = (!self.debt.is_zero(), !self.shortfall.is_zero());
        to.flags([has_debt, has_shortfall, self.rate > 0]);
        to.id(self.transaction);
        if has_debt {
            to.quantity(self.debt);
        }
        if has_shortfall {
            to.quantity(self.shortfall);
        }
        if self.rate > 0 {
            to.byte(self.rate);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "points that were clawed back as they flowed back";
        let [has_debt, has_shortfall, has_rate] = from.flags()?;
        Ok(Self {
            transaction: from.id()?,
            debt: from.if_set(has_debt, Reader::points)?.unwrap_or_default(),
            shortfall: from.if_set(has_shortfall, Reader::points)?.unwrap_or_default(),
            rate: from.if_set(has_rate, Reader::byte)?.unwrap_or_default(),
        })
    }
}
