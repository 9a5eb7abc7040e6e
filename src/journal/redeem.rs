//! Redeeming: value taken from lots (rules C).

use serde::{Deserialize, Serialize};

use crate::id::{Identifier, RedemptionId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::list::{short_list, short_list_in_documents};
use crate::journal::{Bucket, Items, Late, PaidLines};
use crate::json::Json;
use crate::value::{Amount, Exchange, ExchangeRate};

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

short_list! {
    /// The kinds of value to pay with, in order (rule C3).
    ///
    /// ```
    /// use scrip::request::{Strategies, Strategy};
    ///
    /// let both = Strategies::from([Strategy::Rewards, Strategy::Points]);
    /// assert!(both.contains(&Strategy::Points));
    /// assert_eq!(serde_json::to_string(&both)?, r#"["rewards","points"]"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Strategies of Strategy, 2
}

short_list_in_documents! { Strategies of Strategy }

impl Strategies {
    /// Rewards alone: the default of a request that names no strategy.
    pub(crate) fn rewards() -> Self {
        Self::from([Strategy::Rewards])
    }

    pub(crate) fn is_rewards(&self) -> bool {
        **self == [Strategy::Rewards]
    }
}

/// The journal entry of a redemption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redeemed {
    /// The new redemption.
    pub redemption: RedemptionId,
    /// The amount requested.
    pub requested: Amount,
    /// The amount taken.
    pub total: Amount,
    /// The share of each lot, in the order of use.
    pub items: Items,
    /// The optional details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RedeemDetails>>,
}

/// The details that not every redemption or hold has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RedeemDetails {
    /// The rate at which points paid: later returns use the same rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// The lines that each item paid, if the request said what is bought (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<PaidLines>,
    /// When it happened, if it was sent late (rule T10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Box<Late>>,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl RedeemDetails {
    /// The details in a box, if there are any.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    /// The details with a document, if there are any then.
    #[inline]
    pub(crate) fn with_meta(mut details: Option<Box<Self>>, meta: Option<Json>) -> Option<Box<Self>> {
        if meta.is_some() {
            details.get_or_insert_default().meta = meta;
        }
        details
    }
}

impl Redeemed {
    #[inline]
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Redeemed { redeemed: self, hold: None });
        match self.late() {
            Some(late) => late.effects(&self.items, tell),
            None => self.items.iter().for_each(|item| tell(Effect::take(item, Bucket::Available))),
        }
    }

    /// When it happened, if it was sent late.
    #[inline]
    pub(crate) fn late(&self) -> Option<&Late> {
        self.details.as_ref()?.late.as_deref()
    }
}

impl Binary for Redeemed {
    #[inline]
    fn write(&self, to: &mut Writer<'_>) {
        let Self { redemption, requested, total, items, details } = self;
        let details = details.as_deref();
        Spending { id: *redemption, requested: *requested, total: *total, items, details }.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a redemption";
        let Spending { id, requested, total, items, details } = Spending::read(from)?;
        Ok(Self { redemption: id, requested, total, items, details })
    }
}

/// The fields that redemptions and holds share.
pub(super) struct Spending<I, L, D> {
    pub(super) id: I,
    pub(super) requested: Amount,
    pub(super) total: Amount,
    pub(super) items: L,
    pub(super) details: D,
}

impl<I: Identifier> Spending<I, &Items, Option<&RedeemDetails>> {
    #[inline]
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        let exchange = self.details.and_then(|details| details.exchange);
        let lines = self.details.and_then(|details| details.lines.as_ref());
        let meta = self.details.and_then(|details| details.meta.as_ref());
        let late = self.details.and_then(|details| details.late.as_deref());
        let (is_other, is_less) = (to.is_other(self.id), self.total != self.requested);
        let (with_points, has_details) = (self.items.with_points(), self.details.is_some());
        let (has_exchange, has_meta, has_lines) = (exchange.is_some(), meta.is_some(), lines.is_some());
        let is_late = late.is_some();
        to.flags([is_other, is_less, with_points, has_details, has_exchange, has_meta, has_lines, is_late]);
        if is_other {
            to.id(self.id);
        }
        to.quantity(self.requested);
        if is_less {
            to.quantity(self.total);
        }
        self.items.write(with_points, to);
        exchange.inspect(|exchange| exchange.write(to));
        meta.inspect(|meta| to.json(meta));
        lines.inspect(|lines| lines.write(to));
        late.inspect(|late| late.write(to));
    }
}

impl<I: Identifier> Spending<I, Items, Option<Box<RedeemDetails>>> {
    pub(super) fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let [is_other, is_less, with_points, has_details, has_exchange, has_meta, has_lines, is_late] =
            from.flags()?;
        let (id, requested) = (from.made(is_other)?, from.amount()?);
        let total = if is_less { from.amount()? } else { requested };
        let items = Items::read(with_points, from)?;
        let exchange = from.if_set(has_exchange, Binary::read)?;
        let meta = from.if_set(has_meta, Reader::json)?;
        let lines = from.if_set(has_lines, Binary::read)?;
        let late = from.if_set(is_late, Binary::read)?.map(Box::new);
        let details = has_details.then(|| Box::new(RedeemDetails { exchange, lines, late, meta }));
        Ok(Self { id, requested, total, items, details })
    }
}

impl Binary for Exchange {
    fn write(&self, to: &mut Writer<'_>) {
        to.byte(self.minor_unit);
        to.byte(self.point_scale);
        to.quantity(self.rate.points());
        to.quantity(self.rate.amount());
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "an exchange rate";
        let (minor_unit, point_scale) = (from.byte()?, from.byte()?);
        let (points, amount) = (from.points()?, from.amount()?);
        let rate = ExchangeRate::new(points, amount)
            .map_err(|_| from.invalid("a rate above zero", format_args!("{points} points = {amount}")))?;
        Ok(Self { rate, minor_unit, point_scale })
    }
}
