//! Returns and reversals: value of a redemption that is given back (rules R).

use serde::{Deserialize, Serialize};

use crate::id::{LotId, RedemptionId, ReturnId, TransactionId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, LotChange, LotKind, PaidLines, Recovered};
use crate::json::Json;
use crate::value::{Amount, Points, Quantity};

/// The journal entry of a return or a reversal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnEntry {
    /// The new return.
    pub id: ReturnId,
    /// The redemption's new state.
    pub redemption: RedemptionState,
    /// The amount requested.
    pub requested: Amount,
    /// The amount given back.
    pub total: Amount,
    /// The returned items, the last lot used first.
    pub items: Vec<ReturnedItem>,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The part of one lot's share in a redemption that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnedItem {
    /// The lot that the value had been taken from.
    pub lot: LotId,
    /// The kind of value in that lot.
    pub kind: LotKind,
    /// The part in money.
    pub amount: Amount,
    /// The part in points; zero for a reward.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points: Points,
    /// The destination of the value that was not clawed back.
    pub to: ReturnedTo,
    /// The part clawed back at once because the lot's transaction owed it (rule X5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clawed_back: Option<Recovered>,
    /// The change of that lot, if the value went back to it, or to a stand-in for a lot that was earned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<LotChange>,
}

impl ReturnedItem {
    /// The quantity, in the lot's kind of value.
    pub fn value(&self) -> Quantity {
        match self.kind {
            LotKind::Reward => self.amount.into(),
            LotKind::Point | LotKind::Status => self.points.into(),
        }
    }

    fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.clawed_back
            .iter()
            .for_each(|recovered| recovered.effects((self.lot, self.kind), Bucket::Redeemed, tell));
        self.change.iter().for_each(|change| change.effects(tell));
    }
}

/// The destination of returned value (rule R3).
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
    /// Nowhere: all of it was clawed back (rule X5).
    ClawedBack,
}

/// The state of a redemption, as each journal entry that changes one gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionState {
    /// The redemption's id.
    pub id: RedemptionId,
    /// The amount given back so far.
    pub returned: Amount,
    /// Whether the redemption was reversed.
    pub is_reversed: bool,
    /// The transaction that the redemption is linked to.
    pub transaction_id: Option<TransactionId>,
    /// The lines that its items still pay, once part of a redemption with lines was given back (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Box<PaidLines>>,
}

impl RedemptionState {
    /// The state of a redemption right after it was made.
    pub(crate) const fn new(id: RedemptionId) -> Self {
        Self { id, returned: Amount::ZERO, is_reversed: false, transaction_id: None, lines: None }
    }
}

impl ReturnEntry {
    /// The points clawed back from it, because the purchases that had earned them came back before (rule X5).
    pub fn points_clawed_back(&self) -> Points {
        let clawed_back = self.items.iter().filter_map(|item| item.clawed_back);
        clawed_back.fold(Points::ZERO, |sum, recovered| sum.plus(recovered.points()))
    }

    pub(super) fn effects<'a>(&'a self, is_reversal: bool, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Returned { back: self, is_reversal });
        tell(Effect::Redemption(&self.redemption));
        self.items.iter().for_each(|item| item.effects(tell));
    }
}

impl RedemptionState {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Redemption(self));
    }
}

impl Binary for ReturnEntry {
    fn write(&self, to: &mut Writer<'_>) {
        let (is_other, is_less) = (to.is_other(self.id), self.total != self.requested);
        to.flags([is_other, is_less, self.meta.is_some()]);
        if is_other {
            to.id(self.id);
        }
        self.redemption.write(to);
        to.quantity(self.requested);
        if is_less {
            to.quantity(self.total);
        }
        to.list(&self.items);
        self.meta.iter().for_each(|meta| to.json(meta));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a return";
        let [is_other, is_less, has_meta] = from.flags()?;
        let (id, redemption, requested) = (from.made(is_other)?, Binary::read(from)?, from.amount()?);
        let total = if is_less { from.amount()? } else { requested };
        let items = from.list()?;
        from.part = "a return's document";
        Ok(Self { id, redemption, requested, total, items, meta: from.if_set(has_meta, Reader::json)? })
    }
}

impl Binary for ReturnedItem {
    fn write(&self, to: &mut Writer<'_>) {
        let has_points = !self.points.is_zero();
        to.flags([self.kind.is_points(), has_points, self.change.is_some(), self.clawed_back.is_some()]);
        to.id(self.lot);
        to.quantity(self.amount);
        if has_points {
            to.quantity(self.points);
        }
        match self.to {
            ReturnedTo::Lot => to.number(0),
            ReturnedTo::Expired => to.number(1),
            ReturnedTo::Revoked => to.number(2),
            ReturnedTo::NewLot(lot) => {
                to.number(3);
                to.id(lot);
            }
            ReturnedTo::ClawedBack => to.number(4),
        }
        self.clawed_back.iter().for_each(|recovered| recovered.write(to));
        self.change.iter().for_each(|change| change.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the items of a return";
        let [is_point, has_points, has_change, has_clawed_back] = from.flags()?;
        Ok(Self {
            lot: from.id()?,
            kind: kind_of(is_point, false),
            amount: from.amount()?,
            points: from.if_set(has_points, Reader::points)?.unwrap_or_default(),
            to: match from.number()? {
                0 => ReturnedTo::Lot,
                1 => ReturnedTo::Expired,
                2 => ReturnedTo::Revoked,
                3 => ReturnedTo::NewLot(from.id()?),
                4 => ReturnedTo::ClawedBack,
                newer => return Err(from.newer(newer)),
            },
            clawed_back: from.if_set(has_clawed_back, Binary::read)?,
            change: from.if_set(has_change, Binary::read)?,
        })
    }
}

impl Binary for RedemptionState {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.is_reversed, self.transaction_id.is_some(), self.lines.is_some()]);
        to.id(self.id);
        to.quantity(self.returned);
        self.transaction_id.inspect(|id| to.id(*id));
        self.lines.iter().for_each(|lines| lines.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "how a redemption stands";
        let [is_reversed, is_linked, has_lines] = from.flags()?;
        let (id, returned) = (from.id()?, from.amount()?);
        let transaction_id = from.if_set(is_linked, Reader::id)?;
        Ok(Self { id, returned, is_reversed, transaction_id, lines: from.if_set(has_lines, Binary::read)? })
    }
}
