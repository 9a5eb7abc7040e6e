//! Transferring: part of a profile's value goes to another profile, in new lots (rule L5).

use serde::{Deserialize, Serialize};

use crate::id::{LotId, ProfileNumber, TransferId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{LotChange, LotKind};
use crate::json::Json;
use crate::time::Timestamp;
use crate::value::Quantity;

/// The journal entry of a transfer, at the profile that sends. Each new lot is issued in the receiver's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransferOut {
    /// The new transfer.
    pub transfer: TransferId,
    /// The profile that receives.
    pub to: ProfileNumber,
    /// The end of the program's local day: until then it counts towards the sender's limit.
    pub counts_until: Timestamp,
    /// The value of each lot, in the order of use. All lots are of one kind.
    pub items: Vec<TransferredItem>,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The part of one lot that a transfer takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransferredItem {
    /// The change of the sender's lot.
    pub change: LotChange,
    /// The receiver's new lot.
    pub new_lot: LotId,
}

impl TransferOut {
    /// The kind of value that it takes.
    pub fn kind(&self) -> LotKind {
        self.items.first().map_or(LotKind::Reward, |item| item.change.after.kind)
    }

    /// The sum of its items.
    pub fn value(&self) -> Quantity {
        self.items.iter().fold(Quantity::ZERO, |sum, item| sum.plus(item.value()))
    }

    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.items.iter().for_each(|item| item.change.effects(tell));
        tell(Effect::Sent { kind: self.kind(), value: self.value(), until: self.counts_until });
    }
}

impl TransferredItem {
    /// The value that leaves the sender's lot.
    pub fn value(&self) -> Quantity {
        self.change.moved.iter().fold(Quantity::ZERO, |sum, movement| sum.plus(movement.value))
    }
}

impl Binary for TransferOut {
    fn write(&self, to: &mut Writer<'_>) {
        let is_other = to.is_other(self.transfer);
        to.flags([is_other, self.meta.is_some()]);
        if is_other {
            to.id(self.transfer);
        }
        to.profile(self.to);
        to.instant(self.counts_until);
        to.list(&self.items);
        self.meta.iter().for_each(|meta| to.json(meta));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a transfer to another profile";
        let [is_other, has_meta] = from.flags()?;
        Ok(Self {
            transfer: from.made(is_other)?,
            to: from.profile()?,
            counts_until: from.instant()?,
            items: from.list()?,
            meta: from.if_set(has_meta, Reader::json)?,
        })
    }
}

impl Binary for TransferredItem {
    fn write(&self, to: &mut Writer<'_>) {
        self.change.write(to);
        to.id(self.new_lot);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Ok(Self { change: Binary::read(from)?, new_lot: from.id()? })
    }
}
