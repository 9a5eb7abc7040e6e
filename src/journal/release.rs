//! Releasing a hold, and its lapse: the value set aside is released (rules H3 and H4).

use serde::{Deserialize, Serialize};

use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::{Effect, HoldEnd};
use crate::journal::{Bucket, HoldEntry, LotState, Recovered};
use crate::value::Quantity;

/// The journal entry of a hold that is released, or lapses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// The hold, as it was placed.
    pub placed: HoldEntry,
    /// The value released, lot by lot.
    pub released: Vec<ReleasedLot>,
}

/// Held value of one lot that was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReleasedLot {
    /// The quantity released.
    pub value: Quantity,
    /// The part clawed back at once because the lot's transaction owed it (rule X5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clawed_back: Option<Recovered>,
    /// The lot's new state. If the lot has expired, so has the rest of the value (rule H4).
    pub after: LotState,
}

impl Release {
    /// `end`: a release, or a lapse.
    pub(super) fn effects<'a>(&'a self, end: HoldEnd<'a>, tell: &mut impl FnMut(Effect<'a>)) {
        self.released.iter().for_each(|freed| freed.effects(tell));
        tell(Effect::HoldClosed { hold: self.placed.hold, end });
    }
}

impl ReleasedLot {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        let Self { value, clawed_back, after } = self;
        let (lot, kind, to) = (after.lot, after.kind, after.standing.bucket());
        let gone = clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value());
        let rest = value.minus(gone);
        if !rest.is_zero() {
            tell(Effect::Free { lot, kind, value: rest, to });
        }
        if let Some(recovered) = clawed_back {
            tell(Effect::Free { lot, kind, value: gone, to: Bucket::ClawedBack });
            tell(Effect::Recover { recovered: *recovered, kind });
        }
        tell(Effect::State(after));
    }
}

impl Binary for Release {
    fn write(&self, to: &mut Writer<'_>) {
        self.placed.write(to);
        to.list(&self.released);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Ok(Self { placed: Binary::read(from)?, released: from.list()? })
    }
}

impl Binary for ReleasedLot {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.clawed_back.is_some()]);
        to.quantity(self.value);
        self.clawed_back.iter().for_each(|recovered| recovered.write(to));
        self.after.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a released lot";
        let [has_clawed_back] = from.flags()?;
        let (value, clawed_back) = (from.quantity()?, from.if_set(has_clawed_back, Binary::read)?);
        Ok(Self { value, clawed_back, after: Binary::read(from)? })
    }
}
