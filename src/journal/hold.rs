//! Placing a hold: value set aside in named lots, for a while (rules H).

use serde::{Deserialize, Serialize};

use crate::id::HoldId;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::redeem::Spending;
use crate::journal::{Items, RedeemDetails};
use crate::time::Timestamp;
use crate::value::Amount;

/// The journal entry of a hold. The account keeps it while the hold is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HoldEntry {
    /// The new hold.
    pub hold: HoldId,
    /// The amount requested.
    pub requested: Amount,
    /// The amount set aside.
    pub total: Amount,
    /// The share of each lot, in the order of use.
    pub items: Items,
    /// The time at which it was placed.
    pub held_at: Timestamp,
    /// The end of the hold, exclusive.
    pub expires_at: Timestamp,
    /// The optional details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RedeemDetails>>,
}

impl HoldEntry {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.items.iter().for_each(|item| tell(Effect::hold(item)));
        tell(Effect::HoldOpened(self));
    }
}

impl Binary for HoldEntry {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { hold, requested, total, items, details, .. } = self;
        let is_earlier = self.held_at != to.at;
        to.flags([is_earlier]);
        let details = details.as_deref();
        Spending { id: *hold, requested: *requested, total: *total, items, details }.write(to);
        if is_earlier {
            to.instant(self.held_at);
        }
        to.instant(self.expires_at);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a hold";
        let [is_earlier] = from.flags()?;
        let Spending { id, requested, total, items, details } = Spending::read(from)?;
        from.part = "a hold's time";
        let held_at = if is_earlier { from.instant()? } else { from.at };
        Ok(Self { hold: id, requested, total, items, held_at, expires_at: from.instant()?, details })
    }
}
