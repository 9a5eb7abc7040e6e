//! Points that come back with the purchase that earned them (rule X4).

use serde::{Deserialize, Serialize};

use crate::id::TransactionId;
use crate::journal::LotChange;
use crate::journal::bytes::{Binary, Reader, Reading, Writer};
use crate::journal::effect::Effect;
use crate::value::Points;

/// What a journal entry says when points that a transaction earned come back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClawedBack {
    /// The transaction.
    pub transaction: TransactionId,
    /// How many come back.
    pub points: Points,
    /// What came out of the transaction's own lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<LotChange>,
    /// What is owed for the rest.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub owed: Points,
    /// The rest, where the program does not collect it.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub shortfall: Points,
}

impl ClawedBack {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.change.iter().for_each(|change| change.effects(tell));
        tell(Effect::Owe(self.owed));
    }
}

impl Binary for ClawedBack {
    fn write(&self, to: &mut Writer<'_>) {
        let (is_owed, is_short) = (!self.owed.is_zero(), !self.shortfall.is_zero());
        to.flags([self.change.is_some(), is_owed, is_short]);
        to.id(self.transaction);
        to.quantity(self.points);
        self.change.iter().for_each(|change| change.write(to));
        if is_owed {
            to.quantity(self.owed);
        }
        if is_short {
            to.quantity(self.shortfall);
        }
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        from.part = "points that were clawed back";
        let [has_change, is_owed, is_short] = from.flags()?;
        Ok(Self {
            transaction: from.id()?,
            points: from.points()?,
            change: from.if_set(has_change, Binary::read)?,
            owed: from.if_set(is_owed, Reader::points)?.unwrap_or_default(),
            shortfall: from.if_set(is_short, Reader::points)?.unwrap_or_default(),
        })
    }
}
