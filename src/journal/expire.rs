//! A lot that expires with value left (rule T2).

use serde::{Deserialize, Serialize};

use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, LotState, Movement};
use crate::value::Quantity;

/// The journal entry of a lot that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expired {
    /// The value that expired; less than the remaining value if a part is held.
    pub value: Quantity,
    /// The lot's new state.
    pub after: LotState,
}

impl Expired {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        let (kind, value) = (self.after.kind, self.value);
        tell(Effect::Move(Movement { kind, from: Bucket::Available, to: Bucket::Expired, value }));
        tell(Effect::State(&self.after));
    }
}

impl Binary for Expired {
    fn write(&self, to: &mut Writer<'_>) {
        to.quantity(self.value);
        self.after.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "an expiry";
        Ok(Self { value: from.quantity()?, after: Binary::read(from)? })
    }
}
