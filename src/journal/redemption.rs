//! Redemptions: value taken from lots (rules C).

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use crate::id::{HoldId, LotId, ProfileId, RedemptionId, ReturnId, TransactionId};
use crate::journal::{Balances, LotChange, LotKind};
use crate::time::Timestamp;
use crate::value::json::Json;
use crate::value::{Amount, Exchange, Points, Quantity};

/// A kind of value to pay with. A redemption exhausts the first of its strategies before it touches the next
/// (rule C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Pay from rewards.
    Rewards,
    /// Pay from points, at the program's exchange rate.
    Points,
}

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

/// A redemption, as it stands: what was taken, and what has happened to it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redemption {
    /// Its id.
    pub id: RedemptionId,
    /// Whose value was taken.
    pub profile_id: ProfileId,
    /// When.
    pub redeemed_at: Timestamp,
    /// What was asked for.
    pub requested: Amount,
    /// What was taken; less than requested only where the request was lenient (rule C4).
    pub total: Amount,
    /// What each lot gave, in the order of use. They add up to the total (rule C5).
    pub items: Items,
    /// What has been given back since (rule R2).
    pub returned: Amount,
    /// Whether it was undone (rule R4).
    pub is_reversed: bool,
    /// The transaction that it is linked to (rule X1).
    pub transaction_id: Option<TransactionId>,
    /// The hold that it captured (rule H2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The account's balances right after it.
    pub balances: Balances,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Redemption {
    /// What was taken and not given back.
    pub const fn net(&self) -> Amount {
        self.total.minus(self.returned)
    }
}

/// What a journal entry says when value is redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redeemed {
    /// The new redemption.
    pub redemption: RedemptionId,
    /// What was asked for.
    pub requested: Amount,
    /// What was taken.
    pub total: Amount,
    /// What each lot gave, in the order of use.
    pub items: Items,
    /// What is not always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RedeemDetails>>,
}

/// What not every redemption or hold has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RedeemDetails {
    /// At which rate points paid: what is given back later goes by the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl RedeemDetails {
    /// Boxed, if there is anything in it.
    pub(crate) fn boxed(exchange: Option<Exchange>, meta: Option<Json>) -> Option<Box<Self>> {
        (exchange.is_some() || meta.is_some()).then(|| Box::new(Self { exchange, meta }))
    }
}

/// What a journal entry says of a redemption when it changes one: how it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionState {
    /// Which redemption.
    pub id: RedemptionId,
    /// What has been given back.
    pub returned: Amount,
    /// Whether it was undone.
    pub is_reversed: bool,
    /// The transaction that it is linked to.
    pub transaction_id: Option<TransactionId>,
}

/// Value given back to the lots that it was taken from: a return, or a reversal (rules R).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Return {
    /// Its id.
    pub id: ReturnId,
    /// To whom.
    pub profile_id: ProfileId,
    /// The redemption that gave back.
    pub redemption_id: RedemptionId,
    /// Whether it undid the whole redemption (rule R4).
    pub is_reversal: bool,
    /// When.
    pub returned_at: Timestamp,
    /// What was asked for.
    pub requested: Amount,
    /// What was given back; less than requested only where the request was lenient (rule R2).
    pub total: Amount,
    /// What went back where, the last lot used first.
    pub items: Vec<ReturnedItem>,
    /// The account's balances right after it.
    pub balances: Balances,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// What a journal entry says when value is given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnEntry {
    /// The new return.
    pub id: ReturnId,
    /// How the redemption stands now.
    pub redemption: RedemptionState,
    /// What was asked for.
    pub requested: Amount,
    /// What was given back.
    pub total: Amount,
    /// What went back where, the last lot used first.
    pub items: Vec<ReturnedItem>,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// What of a redemption went back from one lot's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnedItem {
    /// The lot that it had been taken from.
    pub lot: LotId,
    /// What that holds.
    pub kind: LotKind,
    /// In money.
    pub amount: Amount,
    /// In points; zero for a reward.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points: Points,
    /// Where it went.
    pub to: ReturnedTo,
    /// What became of that lot, where the value went back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<LotChange>,
}

impl ReturnedItem {
    /// The quantity, in what the lot holds.
    pub fn value(&self) -> Quantity {
        match self.kind {
            LotKind::Reward => self.amount.into(),
            LotKind::Point => self.points.into(),
        }
    }
}

/// Where returned value went (rule R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnedTo {
    /// Back to its lot, where it can be used.
    Lot,
    /// Back to its lot, which has expired, and the value with it.
    Expired,
    /// Back to its lot, which was revoked, and the value with it.
    Revoked,
    /// A new lot, linked to the old one.
    NewLot(LotId),
}
