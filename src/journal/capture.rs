//! Capturing a hold: a redemption of the value that it set aside (rules H2 and H4).

use serde::{Deserialize, Serialize};

use crate::id::HoldId;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::{Effect, HoldEnd};
use crate::journal::{Bucket, LotState, Redeemed, ReleasedLot};

/// The journal entry of a capture: the redemption, and the value released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capture {
    /// The hold.
    pub hold: HoldId,
    /// The redemption that the hold became.
    pub redeem: Redeemed,
    /// The rest of the hold, which was released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<ReleasedLot>,
    /// The states of the lots that gave to it although they had expired meanwhile (rule H4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<LotState>,
}

impl Capture {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Redeemed { redeemed: &self.redeem, hold: Some(self.hold) });
        self.redeem.items.iter().for_each(|item| tell(Effect::take(item, Bucket::Held)));
        self.released.iter().for_each(|freed| freed.effects(tell));
        self.expired.iter().for_each(|after| tell(Effect::State(after)));
        let end = HoldEnd::Captured(self.redeem.redemption);
        tell(Effect::HoldClosed { hold: self.hold, end });
    }
}

impl Binary for Capture {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([!self.released.is_empty(), !self.expired.is_empty()]);
        to.id(self.hold);
        self.redeem.write(to);
        if !self.released.is_empty() {
            to.list(&self.released);
        }
        if !self.expired.is_empty() {
            to.list(&self.expired);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a capture";
        let [has_released, has_expired] = from.flags()?;
        Ok(Self {
            hold: from.id()?,
            redeem: Binary::read(from)?,
            released: from.if_set(has_released, Reader::list)?.unwrap_or_default(),
            expired: from.if_set(has_expired, Reader::list)?.unwrap_or_default(),
        })
    }
}
