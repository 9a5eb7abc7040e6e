//! Releasing a hold, and its lapse: what it set aside is let go (rules H3 and H4).

use serde::{Deserialize, Serialize};

use crate::journal::bytes::{Binary, Reader, Reading, Writer};
use crate::journal::effect::{Effect, HoldEnd};
use crate::journal::{HoldEntry, LotState};
use crate::value::Quantity;

/// What a journal entry says when a hold is released, or lapses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// The hold, as it was placed.
    pub placed: HoldEntry,
    /// What was let go of each lot.
    pub released: Vec<ReleasedLot>,
}

/// Held value that was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReleasedLot {
    /// How much.
    pub value: Quantity,
    /// How its lot stands now. If that has expired, so has the value (rule H4).
    pub after: LotState,
}

impl Release {
    /// `end`: released, or lapsed.
    pub(super) fn effects<'a>(&'a self, end: HoldEnd<'a>, tell: &mut impl FnMut(Effect<'a>)) {
        self.released.iter().for_each(|freed| freed.effects(tell));
        tell(Effect::HoldClosed { hold: self.placed.hold, end });
    }
}

impl ReleasedLot {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        let Self { value, after } = self;
        let (lot, kind, to) = (after.lot, after.kind, after.standing.bucket());
        tell(Effect::Free { lot, kind, value: *value, to });
        tell(Effect::State(after));
    }
}

impl Binary for Release {
    fn write(&self, to: &mut Writer<'_>) {
        self.placed.write(to);
        to.list(&self.released);
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        Ok(Self { placed: Binary::read(from)?, released: from.list()? })
    }
}

impl Binary for ReleasedLot {
    fn write(&self, to: &mut Writer<'_>) {
        to.quantity(self.value);
        self.after.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        from.part = "a released lot";
        Ok(Self { value: from.quantity()?, after: Binary::read(from)? })
    }
}
