//! The items of a redemption or a hold: the share of each lot.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::id::LotId;
use crate::journal::LotKind;
use crate::journal::bytes::{Decoded, Reader, Writer};
use crate::journal::list::{short_list, short_list_in_documents};
use crate::value::{Amount, Points, Quantity};

/// The share that one lot gave (rule C5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// The lot.
    pub lot: LotId,
    /// The amount that it paid, in money. A point lot's share may be zero (rule Q5).
    pub amount: Amount,
    /// The points it gave; zero for a reward.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points: Points,
}

impl Item {
    /// Whether the lot is a reward or a point lot: a point lot that gave nothing is not in the list.
    pub const fn kind(&self) -> LotKind {
        if self.points.is_zero() { LotKind::Reward } else { LotKind::Point }
    }

    /// The quantity, in the lot's kind of value.
    pub fn value(&self) -> Quantity {
        if self.points.is_zero() { self.amount.into() } else { self.points.into() }
    }
}

short_list! {
    /// The share of each lot, in the order of use. Up to four lots take no allocation.
    Items of Item, 4
}

short_list_in_documents! { Items of Item }

impl Items {
    #[inline]
    pub(crate) fn push(&mut self, item: Item) {
        self.0.push(item);
    }

    /// Whether a point lot is among the items: then each item is written with its points.
    pub(super) fn with_points(&self) -> bool {
        self.iter().any(|item| !item.points.is_zero())
    }

    #[inline]
    pub(super) fn write(&self, with_points: bool, to: &mut Writer<'_>) {
        to.number(self.len() as u64);
        for item in self {
            to.id(item.lot);
            to.quantity(item.amount);
            if with_points {
                to.quantity(item.points);
            }
        }
    }

    pub(super) fn read(with_points: bool, from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the items of a redemption or a hold";
        let mut items = SmallVec::new();
        for _ in 0..from.number()? {
            let (lot, amount) = (from.id()?, from.amount()?);
            let points = if with_points { from.points()? } else { Points::ZERO };
            items.push(Item { lot, amount, points });
        }
        Ok(Self(items))
    }
}
