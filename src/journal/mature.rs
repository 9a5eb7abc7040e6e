//! A lot that becomes available by itself (rule T2).

use serde::{Deserialize, Serialize};

use crate::id::LotId;
use crate::journal::LotKind;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::journal::effect::Effect;
use crate::value::Quantity;

/// A lot, and the part of it that an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotValue {
    /// The lot.
    pub lot: LotId,
    /// The kind of value in it.
    pub kind: LotKind,
    /// The quantity.
    pub value: Quantity,
}

impl LotValue {
    pub(super) fn effects<'a>(&self, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Mature(*self));
    }
}

impl Binary for LotValue {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.kind.is_points(), self.kind == LotKind::Status]);
        to.id(self.lot);
        to.quantity(self.value);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a lot that becomes available";
        let [is_points, is_status] = from.flags()?;
        Ok(Self { lot: from.id()?, kind: kind_of(is_points, is_status), value: from.quantity()? })
    }
}
