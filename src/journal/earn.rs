//! Further earnings of a transaction (rule X4).

use serde::{Deserialize, Serialize};

use crate::id::{DefinitionId, TransactionId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::owed::{Earner, is_first};
use crate::journal::{Bucket, LotChange, Recovered};
use crate::value::Points;

/// The journal entry of a transaction that earns more than before (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarnedMore {
    /// The transaction.
    pub transaction: TransactionId,
    /// The rate that it is about, of those that the transaction earns at (rule K2).
    #[serde(default, skip_serializing_if = "is_first")]
    pub rate: u8,
    /// The change of its lot, which the points came into.
    pub change: LotChange,
    /// The definition that they were earned of, if such points cannot be redeemed (rule K1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DefinitionId>,
    /// The points that paid a debt instead.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub paid_to_debt: Points,
    /// The points clawed back at once because the transaction owed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clawed_back: Option<Recovered>,
}

impl EarnedMore {
    pub(crate) const fn earner(&self) -> Earner {
        Earner { transaction: self.transaction, rate: self.rate }
    }

    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.clawed_back.iter().for_each(|recovered| {
            recovered.effects((self.change.after.lot, self.change.after.kind), Bucket::Issued, tell)
        });
        self.change.effects(tell);
        tell(Effect::PayDebt { points: self.paid_to_debt, status: self.status });
    }
}

impl Binary for EarnedMore {
    fn write(&self, to: &mut Writer<'_>) {
        let has_paid = !self.paid_to_debt.is_zero();
        to.flags([has_paid, self.clawed_back.is_some(), self.status.is_some(), self.rate > 0]);
        to.id(self.transaction);
        self.change.write(to);
        if has_paid {
            to.quantity(self.paid_to_debt);
        }
        self.clawed_back.iter().for_each(|recovered| recovered.write(to));
        self.status.inspect(|definition| to.id(*definition));
        if self.rate > 0 {
            to.byte(self.rate);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "points that a transaction earned";
        let [has_paid, has_clawed_back, is_status, has_rate] = from.flags()?;
        let (transaction, change) = (from.id()?, Binary::read(from)?);
        let paid_to_debt = from.if_set(has_paid, Reader::points)?.unwrap_or_default();
        let clawed_back = from.if_set(has_clawed_back, Binary::read)?;
        let status = from.if_set(is_status, Reader::id)?;
        let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
        Ok(Self { transaction, rate, change, status, paid_to_debt, clawed_back })
    }
}
