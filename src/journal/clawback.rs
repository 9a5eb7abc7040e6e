//! Clawbacks: points that come back with the purchase that earned them (rule X4).

use serde::{Deserialize, Serialize};

use crate::id::TransactionId;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::owed::{Earner, is_first};
use crate::journal::{LotChange, Owed};
use crate::program::Clawback;
use crate::value::Points;

/// The journal entry of a clawback: points that a transaction earned come back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClawedBack {
    /// The transaction that had earned them.
    pub transaction: TransactionId,
    /// The rate that it is about, of those that the transaction earns at (rule K2).
    #[serde(default, skip_serializing_if = "is_first")]
    pub rate: u8,
    /// The number of points that come back.
    pub points: Points,
    /// The changes of the transaction's own lots that points are taken from, in the order of the lots' creation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LotChange>,
    /// The points that count as taken because a manager had adjusted them away.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub written_off: Points,
    /// The rest, which the transaction owes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
}

impl ClawedBack {
    pub(crate) const fn earner(&self) -> Earner {
        Earner { transaction: self.transaction, rate: self.rate }
    }

    /// The rest, if the program collects it from later earnings.
    pub fn debt(&self) -> Points {
        self.rest(Clawback::Debt)
    }

    /// The rest, if the program does not collect it.
    pub fn shortfall(&self) -> Points {
        self.rest(Clawback::Shortfall)
    }

    fn rest(&self, policy: Clawback) -> Points {
        let rest = self.owed.as_ref().filter(|owed| owed.policy == policy);
        rest.map_or(Points::ZERO, |owed| owed.points)
    }

    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.changes.iter().for_each(|change| change.effects(tell));
        self.owed.iter().for_each(|owed| tell(Effect::Owe(owed)));
    }
}

impl Binary for ClawedBack {
    fn write(&self, to: &mut Writer<'_>) {
        let is_written_off = !self.written_off.is_zero();
        to.flags([!self.changes.is_empty(), is_written_off, self.owed.is_some(), self.rate > 0]);
        to.id(self.transaction);
        to.quantity(self.points);
        if !self.changes.is_empty() {
            to.list(&self.changes);
        }
        if is_written_off {
            to.quantity(self.written_off);
        }
        self.owed.iter().for_each(|owed| owed.write(to));
        if self.rate > 0 {
            to.byte(self.rate);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "points that were clawed back";
        let [has_changes, is_written_off, is_owed, has_rate] = from.flags()?;
        Ok(Self {
            transaction: from.id()?,
            points: from.points()?,
            changes: from.if_set(has_changes, Reader::list)?.unwrap_or_default(),
            written_off: from.if_set(is_written_off, Reader::points)?.unwrap_or_default(),
            owed: from.if_set(is_owed, Binary::read)?,
            rate: from.if_set(has_rate, Reader::byte)?.unwrap_or_default(),
        })
    }
}
