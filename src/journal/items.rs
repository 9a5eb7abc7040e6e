//! What each lot gives to a redemption, or sets aside for a hold.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use crate::id::LotId;
use crate::journal::LotKind;
use crate::journal::bytes::{Reader, Reading, Writer};
use crate::value::{Amount, Points, Quantity};

/// What one lot gave (rule C5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// The lot.
    pub lot: LotId,
    /// What it paid, in money. A point lot's share may be zero (rule Q5).
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

    /// The quantity, in what the lot holds.
    pub fn value(&self) -> Quantity {
        if self.points.is_zero() { self.amount.into() } else { self.points.into() }
    }
}

/// What each lot gave, in the order of use. Up to four lots take no allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items(SmallVec<[Item; 4]>);

impl Items {
    #[inline]
    pub(crate) fn push(&mut self, item: Item) {
        self.0.push(item);
    }
}

impl Deref for Items {
    type Target = [Item];

    fn deref(&self) -> &[Item] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a Item;
    type IntoIter = std::slice::Iter<'a, Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Item> for Items {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Item>::deserialize(deserializer).map(|items| Self(SmallVec::from_vec(items)))
    }
}

impl Items {
    /// Whether a point lot is among them: then each is written with its points.
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

    pub(super) fn read(with_points: bool, from: &mut Reader<'_>) -> Reading<Self> {
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
