//! Transactions: purchases at the till that are posted, changed or deleted (rules X1 and X2).

use serde::{Deserialize, Serialize};

use crate::definition::Scope;
use crate::id::{DefinitionId, ExternalId, LotId, ProfileId, RedemptionId, TransactionId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{LotKind, RecordId, RedemptionState};
use crate::json::Json;
use crate::time::{Period, Timestamp, Zone};
use crate::value::{Amount, Points, Rounding, Scale, proportion};

/// A purchase at the till, in its current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// The profile that made the purchase.
    pub profile_id: ProfileId,
    /// The caller's own id for it (rule X2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// The redemption that paid part of it (rule X1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// The amount that the customer paid.
    pub total: Amount,
    /// The price without the redemption.
    pub total_original: Amount,
    /// The time of the purchase.
    pub transacted_at: Timestamp,
    /// The zone of the shop.
    pub timezone: Zone,
    /// Search words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The lines that were charged, each in its current state (rule K2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SoldLine>,
    /// The items bought, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Json>,
    /// The payments, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Json>,
    /// A further document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
    /// The part of the total that was returned (rule X4).
    #[serde(default, skip_serializing_if = "Amount::is_nothing")]
    pub returned: Amount,
    /// The points that it earned, at each of the rates that the program had when it was posted (rules X3 and K2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earned: Vec<Earned>,
    /// Whether it was deleted; its history is kept.
    pub is_deleted: bool,
    /// Whether it was deleted by an update: then it stays visible, as void (rule X6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_void: bool,
    /// The time at which it was posted.
    pub created_at: Timestamp,
    /// The time of its last change.
    pub updated_at: Timestamp,
}

/// A line of a purchase, in its current state (rule K2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SoldLine {
    /// Its id, unique in the transaction.
    pub id: String,
    /// What was charged for it.
    pub amount: Amount,
    /// The part of the amount that was returned.
    #[serde(default, skip_serializing_if = "Amount::is_nothing")]
    pub returned: Amount,
    /// The words that rates go by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// The points that a transaction earned at one rate, in their current state (rules X3, X4 and K2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Earned {
    /// The points earned …
    pub points_rate: Points,
    /// … for this much money: the rule at posting, which stays in force for the transaction.
    pub amount_rate: Amount,
    /// The decimals of points at posting.
    pub point_scale: u8,
    /// The days from the transaction until the points can be spent.
    pub delay_days: u32,
    /// The period of use from then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The period without activity after which the points lapse (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Period>,
    /// The point definition that the lot names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<DefinitionId>,
    /// Whether such points cannot be redeemed (rule K1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_status: bool,
    /// Whether such points can be reassigned or transferred to another profile (rules L2 and L5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_reassignable: bool,
    /// The lines that earn; without it, the total does (rule K2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
    /// The points that stay earned.
    pub points: Points,
    /// The part of the rest that counts as taken from the lot, because a manager had adjusted it away (rule X4).
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub written_off: Points,
    /// The lot that was issued for the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
}

/// The journal entry of a transaction that is posted, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransactionChange {
    /// The transaction's new state.
    pub transaction: Transaction,
    /// The new states of the redemptions that were linked or unlinked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redemptions: Vec<RedemptionState>,
    /// The part of the purchase that was returned with this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Amount>,
    /// The time of the purchase as it was before this entry, if the entry changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transacted_before: Option<Timestamp>,
}

/// About a month of purchases: 2<sup>41</sup> microseconds, or 25 days and a half. Points that were earned are looked up
/// by it (rule K3).
pub(crate) const fn earned_month(transacted_at: Timestamp) -> i64 {
    transacted_at.micros() >> 41
}

impl Transaction {
    /// Whether it is no longer visible: its external id is free.
    pub(crate) const fn is_gone(&self) -> bool {
        self.is_deleted && !self.is_void
    }

    /// The part of its total that was not returned; nothing, if it is deleted.
    pub(crate) fn kept(&self) -> Amount {
        if self.is_deleted { Amount::ZERO } else { self.total.minus(self.returned) }
    }

    /// What a rate earns on: the total as kept, or the lines in its scope as kept (rule K2).
    pub(crate) fn base(&self, earned: &Earned) -> Amount {
        let Some(scope) = &earned.scope else { return self.kept() };
        let lines = self.lines.iter().filter(|line| !self.is_deleted && scope.admits(&line.tags));
        lines.fold(Amount::ZERO, |sum, line| sum.plus(line.kept()))
    }

    /// The points that stay earned, at all rates together.
    pub fn points_earned(&self) -> Points {
        self.earned.iter().fold(Points::ZERO, |sum, earned| sum.plus(earned.points))
    }

    /// Whether it earned by its lines: then what comes back must say which (rule K2).
    pub(crate) fn has_earned_by_line(&self) -> bool {
        !self.lines.is_empty() && self.earned.iter().any(|earned| earned.scope.is_some())
    }
}

impl SoldLine {
    /// The part of it that was not returned.
    pub(crate) fn kept(&self) -> Amount {
        self.amount.minus(self.returned)
    }
}

impl Earned {
    /// The kind of the points.
    pub(crate) const fn kind(&self) -> LotKind {
        if self.is_status { LotKind::Status } else { LotKind::Point }
    }

    /// The definition of the points, if these cannot be redeemed.
    pub(crate) fn status(&self) -> Option<DefinitionId> {
        self.definition_id.filter(|_| self.is_status)
    }

    /// The points earned for an amount, rounded down at the point scale (rule X3).
    pub(crate) fn points_for(&self, total: Amount) -> Points {
        let scale = Scale::new(self.point_scale).unwrap_or(Scale::FINEST);
        let (points, per) = (self.points_rate.ten_thousandths(), self.amount_rate.ten_thousandths());
        let points = proportion(total.ten_thousandths(), points, per, scale, Rounding::Down);
        i64::try_from(points).map_or(Points::MAX_TOTAL, |raw| Points::raw(raw).min(Points::MAX_TOTAL))
    }
}

impl TransactionChange {
    /// The months in which its points are or were earned, as records (rule K3).
    pub(super) fn earned_in(&self) -> impl Iterator<Item = RecordId> + use<'_> {
        let definitions = self.transaction.earned.iter().filter_map(|earned| earned.definition_id);
        let times = [Some(self.transaction.transacted_at), self.transacted_before];
        let months = times.into_iter().flatten().map(earned_month);
        definitions.flat_map(move |id| months.clone().map(move |month| RecordId::of_earned(id, month)))
    }

    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        tell(Effect::Transaction(&self.transaction));
        self.redemptions.iter().for_each(|state| state.effects(tell));
    }
}

impl Binary for TransactionChange {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { transaction, redemptions, returned, transacted_before } = self;
        to.flags([!redemptions.is_empty(), returned.is_some(), transacted_before.is_some()]);
        transaction.write(to);
        if !redemptions.is_empty() {
            to.list(redemptions);
        }
        returned.inspect(|returned| to.quantity(*returned));
        transacted_before.inspect(|before| to.instant(*before));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a change of a transaction";
        let [has_redemptions, has_returned, has_before] = from.flags()?;
        Ok(Self {
            transaction: Binary::read(from)?,
            redemptions: from.if_set(has_redemptions, Reader::list)?.unwrap_or_default(),
            returned: from.if_set(has_returned, Reader::amount)?,
            transacted_before: from.if_set(has_before, Reader::instant)?,
        })
    }
}

impl Binary for Transaction {
    fn write(&self, to: &mut Writer<'_>) {
        let (is_other, has_paid_less) = (to.is_other(self.id), self.total_original != self.total);
        let (is_older, is_updated) = (self.created_at != to.at, self.updated_at != to.at);
        to.flags([
            is_other,
            has_paid_less,
            is_older,
            is_updated,
            self.is_deleted,
            self.external_id.is_some(),
            self.redemption_id.is_some(),
            !self.earned.is_empty(),
            !self.returned.is_zero(),
            !self.tags.is_empty(),
            self.items.is_some(),
            self.payments.is_some(),
            self.meta.is_some(),
            self.is_void,
            self.earned.len() > 1,
            !self.lines.is_empty(),
        ]);
        if is_other {
            to.id(self.id);
        }
        to.text(self.profile_id.as_str());
        to.quantity(self.total);
        if has_paid_less {
            to.quantity(self.total_original);
        }
        to.instant(self.transacted_at);
        to.text(self.timezone.name());
        if is_older {
            to.instant(self.created_at);
        }
        if is_updated {
            to.instant(self.updated_at);
        }
        self.external_id.iter().for_each(|id| to.text(id.as_str()));
        self.redemption_id.inspect(|id| to.id(*id));
        if let Some((first, others)) = self.earned.split_first() {
            first.write(to);
            if !others.is_empty() {
                to.list(others);
            }
        }
        if !self.returned.is_zero() {
            to.quantity(self.returned);
        }
        if !self.tags.is_empty() {
            to.texts(&self.tags);
        }
        [&self.items, &self.payments, &self.meta].into_iter().flatten().for_each(|json| to.json(json));
        if !self.lines.is_empty() {
            to.list(&self.lines);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a transaction";
        let [
            is_other,
            has_paid_less,
            is_older,
            is_updated,
            is_deleted,
            has_external_id,
            has_redemption,
            has_earned,
            has_returned,
            has_tags,
            has_items,
            has_payments,
            has_meta,
            is_void,
            has_rates,
            has_lines,
        ] = from.flags()?;
        let (id, profile_id, total) = (from.made(is_other)?, from.parsed("a profile's id")?, from.amount()?);
        let total_original = if has_paid_less { from.amount()? } else { total };
        Ok(Self {
            id,
            profile_id,
            total,
            total_original,
            transacted_at: from.instant()?,
            timezone: from.parsed("an IANA time zone")?,
            created_at: if is_older { from.instant()? } else { from.at },
            updated_at: if is_updated { from.instant()? } else { from.at },
            is_deleted,
            is_void,
            external_id: from.if_set(has_external_id, |from| from.parsed("an external id"))?,
            redemption_id: from.if_set(has_redemption, Reader::id)?,
            earned: read_rates(from, has_earned, has_rates)?,
            returned: from.if_set(has_returned, Reader::amount)?.unwrap_or_default(),
            tags: from.if_set(has_tags, Reader::texts)?.unwrap_or_default(),
            items: from.if_set(has_items, Reader::json)?,
            payments: from.if_set(has_payments, Reader::json)?,
            meta: from.if_set(has_meta, Reader::json)?,
            lines: from.if_set(has_lines, Reader::list)?.unwrap_or_default(),
        })
    }
}

fn read_rates(from: &mut Reader<'_>, has_earned: bool, has_rates: bool) -> Decoded<Vec<Earned>> {
    let first = from.if_set(has_earned, Binary::read)?;
    let others: Vec<Earned> = from.if_set(has_rates, Reader::list)?.unwrap_or_default();
    let rates: Vec<Earned> = first.into_iter().chain(others).collect();
    // Rates are numbered in a byte.
    if rates.len() > usize::from(u8::MAX) {
        return Err(from.invalid("at most 255 rates", rates.len()));
    }
    Ok(rates)
}

impl Binary for SoldLine {
    fn write(&self, to: &mut Writer<'_>) {
        let (has_returned, has_tags) = (!self.returned.is_zero(), !self.tags.is_empty());
        to.flags([has_returned, has_tags]);
        to.text(&self.id);
        to.quantity(self.amount);
        if has_returned {
            to.quantity(self.returned);
        }
        if has_tags {
            to.texts(&self.tags);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a line of a transaction";
        let [has_returned, has_tags] = from.flags()?;
        Ok(Self {
            id: from.string()?,
            amount: from.amount()?,
            returned: from.if_set(has_returned, Reader::amount)?.unwrap_or_default(),
            tags: from.if_set(has_tags, Reader::texts)?.unwrap_or_default(),
        })
    }
}

impl Binary for Earned {
    fn write(&self, to: &mut Writer<'_>) {
        let is_written_off = !self.written_off.is_zero();
        to.flags([
            self.period.is_some(),
            self.definition_id.is_some(),
            self.lot.is_some(),
            is_written_off,
            self.is_status,
            self.scope.is_some(),
            self.inactivity.is_some(),
            self.is_reassignable,
        ]);
        to.quantity(self.points_rate);
        to.quantity(self.amount_rate);
        to.byte(self.point_scale);
        to.number(self.delay_days.into());
        self.period.inspect(|period| period.write(to));
        self.definition_id.inspect(|id| to.id(*id));
        to.quantity(self.points);
        self.lot.inspect(|lot| to.id(*lot));
        if is_written_off {
            to.quantity(self.written_off);
        }
        self.scope.iter().for_each(|scope| scope.write(to));
        self.inactivity.inspect(|period| period.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "what a transaction earned";
        let [has_period, has_definition, has_lot, is_written_off, is_status, has_scope, can_lapse, can_move] =
            from.flags()?;
        Ok(Self {
            points_rate: from.points()?,
            amount_rate: from.amount()?,
            point_scale: from.byte()?,
            delay_days: from.small()?,
            period: from.if_set(has_period, Binary::read)?,
            definition_id: from.if_set(has_definition, Reader::id)?,
            is_status,
            is_reassignable: can_move,
            points: from.points()?,
            lot: from.if_set(has_lot, Reader::id)?,
            written_off: from.if_set(is_written_off, Reader::points)?.unwrap_or_default(),
            scope: from.if_set(has_scope, Binary::read)?,
            inactivity: from.if_set(can_lapse, Binary::read)?,
        })
    }
}
