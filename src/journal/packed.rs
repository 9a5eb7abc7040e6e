//! Entries as few bytes, for journals that are written far more often than they are read.
//!
//! The first byte says how the rest is written. What nearly every journal is made of (issues, redemptions, expiries) has a
//! tight form of its own; everything else is the JSON that is stable anyway. A form never changes: a new one gets a new
//! first byte, and the old one is read for ever.

use crate::definition::Terms;
use crate::id::{DefinitionId, Key, LotId, ProfileNumber, RedemptionId};
use crate::journal::bytes::{Reader, Reading, Unreadable, Writer};
use crate::journal::{
    Balances, Cause, Entry, EntryKind, Expired, External, Fingerprint, Issue, Item, Items, LotKind, LotState,
    LotValue, RedeemDetails, Redeemed, Stamp, Standing,
};
use crate::time::{Period, PeriodType, Timestamp, Zone};
use crate::value::{Amount, Exchange, ExchangeRate, Points, Quantity, json};

/// The forms.
const JSON: u8 = 0;
const REDEEM: u8 = 1;
const ISSUE: u8 = 2;
const MATURE: u8 = 3;
const EXPIRE: u8 = 4;

/// What is in each entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryHeader {
    pub(crate) number: ProfileNumber,
    pub(crate) sequence: u32,
    pub(crate) at: Timestamp,
    pub(crate) balances: Balances,
}

/// Writes an entry of the account with this number.
#[cfg(any(test, feature = "postgres", feature = "sqlite"))]
pub(crate) fn write(entry: &Entry, number: ProfileNumber, out: &mut Vec<u8>) {
    if !write_tight(entry, number, out) {
        out.push(JSON);
        // An entry always has a JSON form, and a vector takes it.
        let _ = serde_json::to_writer(out, entry);
    }
}

/// Writes an entry, if there is a tight form for it.
pub(crate) fn write_tight(entry: &Entry, number: ProfileNumber, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut to = Writer { out, number };
    let is_tight = match (&entry.kind, entry.cause) {
        // The id of what an entry makes follows from the entry.
        (EntryKind::Redeem(redeemed), Cause::Request)
            if redeemed.redemption == RedemptionId::made_by(number, entry.sequence) =>
        {
            to.entry(REDEEM, entry, |to| to.redeemed(redeemed))
        }
        (EntryKind::Issue(issue), Cause::Request)
            if issue.details.is_none() && issue.lot == LotId::made_by(number, entry.sequence) =>
        {
            to.entry(ISSUE, entry, |to| to.issue(issue))
        }
        (EntryKind::Mature(lot), Cause::Clock) => to.entry(MATURE, entry, |to| to.lot_value(lot)),
        (EntryKind::Expire(expired), Cause::Clock) => to.entry(EXPIRE, entry, |to| to.expired(expired)),
        _ => None,
    };
    if is_tight.is_none() {
        out.truncate(start);
    }
    is_tight.is_some()
}

/// Writes the entry of a plain redemption: what was requested, what was taken, and from where.
pub(crate) fn write_redemption(head: &EntryHeader, amounts: [Amount; 2], items: &Items, out: &mut Vec<u8>) {
    let mut to = Writer { out, number: head.number };
    to.head(REDEEM, head.sequence, head.at, &head.balances);
    to.byte(0);
    // What a rate would be needed for is not plain.
    let _ = to.redemption(amounts, None, items);
}

/// Writes the entry of a plain issue.
pub(crate) fn write_issue(head: &EntryHeader, issue: &Issue, out: &mut Vec<u8>) {
    let mut to = Writer { out, number: head.number };
    to.head(ISSUE, head.sequence, head.at, &head.balances);
    to.byte(0);
    let _ = to.issue(issue);
}

/// Reads an entry of the account with this number.
pub(crate) fn read(bytes: &[u8], number: ProfileNumber) -> Result<Entry, Unreadable> {
    let (form, rest) = bytes.split_first().ok_or(Unreadable("they are none"))?;
    if *form == JSON {
        return json::read(rest).map_err(|_| Unreadable("their JSON is none of an entry"));
    }
    let mut from = Reader { rest, number };
    let entry = match *form {
        REDEEM => {
            from.entry(Cause::Request, |from, sequence| Ok(EntryKind::Redeem(from.redeemed(sequence)?)))
        }
        ISSUE => from.entry(Cause::Request, |from, sequence| Ok(EntryKind::Issue(from.issue(sequence)?))),
        MATURE => from.entry(Cause::Clock, |from, _| Ok(EntryKind::Mature(from.lot_value()?))),
        EXPIRE => from.entry(Cause::Clock, |from, _| Ok(EntryKind::Expire(from.expired()?))),
        _ => Err(Unreadable("a newer version wrote them")),
    }?;
    from.end()?;
    Ok(entry)
}

// What does not fit the tight form answers `None`, and the entry is written as JSON.
impl Writer<'_> {
    fn entry(&mut self, form: u8, entry: &Entry, kind: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.head(form, entry.sequence, entry.at, &entry.balances);
        self.stamp(entry.stamp.as_deref())?;
        kind(self)
    }

    fn head(&mut self, form: u8, sequence: u32, at: Timestamp, balances: &Balances) {
        self.byte(form);
        self.number(sequence.into());
        self.instant(at.micros());
        self.balances(balances);
    }

    fn balances(&mut self, balances: &Balances) {
        let values = raw(balances);
        let mask =
            values.iter().zip(0..).fold(0, |mask: u8, (value, bit)| mask | (u8::from(*value != 0) << bit));
        self.byte(mask);
        values.into_iter().filter(|value| *value != 0).for_each(|value| self.quantity(value));
    }

    fn stamp(&mut self, stamp: Option<&Stamp>) -> Option<()> {
        let Some(stamp) = stamp else {
            self.byte(0);
            return Some(());
        };
        let name = match &stamp.external {
            None => 0,
            Some(External::Lot(_)) => 1,
            Some(_) => return None,
        };
        self.byte(1 | u8::from(stamp.key.is_some()) << 1 | name << 2);
        self.out.extend_from_slice(&stamp.fingerprint.to_le_bytes());
        self.number(stamp.entries.into());
        if let Some(key) = &stamp.key {
            self.text(key.as_str());
        }
        if let Some(external) = &stamp.external {
            self.text(external.as_str());
        }
        Some(())
    }

    fn redeemed(&mut self, redeemed: &Redeemed) -> Option<()> {
        let exchange = match redeemed.details.as_deref() {
            None => None,
            Some(RedeemDetails { exchange, meta: None }) => *exchange,
            Some(_) => return None,
        };
        self.redemption([redeemed.requested, redeemed.total], exchange, &redeemed.items)
    }

    fn redemption(&mut self, amounts: [Amount; 2], exchange: Option<Exchange>, items: &Items) -> Option<()> {
        amounts.into_iter().for_each(|amount| self.quantity(amount.ten_thousandths()));
        self.byte(u8::from(exchange.is_some()));
        if let Some(exchange) = exchange {
            self.byte(exchange.minor_unit);
            self.byte(exchange.point_scale);
            self.quantity(exchange.rate.points().ten_thousandths());
            self.quantity(exchange.rate.amount().ten_thousandths());
        }
        self.number(items.len() as u64);
        for item in items {
            self.lot(item.lot);
            self.quantity(item.amount.ten_thousandths());
            match exchange {
                Some(_) => self.quantity(item.points.ten_thousandths()),
                // Points do not pay without a rate.
                None if !item.points.is_zero() => return None,
                None => {}
            }
        }
        Some(())
    }

    fn issue(&mut self, issue: &Issue) -> Option<()> {
        self.byte(match issue.kind {
            LotKind::Reward => 0,
            LotKind::Point => 1,
        });
        self.number(issue.definition_id.map_or(0, DefinitionId::get));
        self.quantity(issue.value_initial.ten_thousandths());
        self.quantity(issue.value_remaining.ten_thousandths());
        self.instant(issue.issued_at.micros());
        self.instant(issue.available_at.micros());
        self.instant(issue.expires_at.micros());
        let Terms { timezone, period, extend_days, is_reassignable, is_extendable } = issue.terms;
        let period_type = period.map_or(0, |period| match period.unit {
            PeriodType::Days => 1,
            PeriodType::Weeks => 2,
            PeriodType::Months => 3,
            PeriodType::Years => 4,
        });
        let flags = [is_reassignable, is_extendable, extend_days.is_some()].into_iter().zip(3..);
        self.byte(flags.fold(period_type, |byte, (flag, bit)| byte | u8::from(flag) << bit));
        self.number(period.map_or(0, |period| period.count).into());
        self.number(extend_days.unwrap_or(0).into());
        self.text(timezone.name());
        Some(())
    }

    fn lot_value(&mut self, value: &LotValue) -> Option<()> {
        self.lot(value.lot);
        self.byte(u8::from(value.kind == LotKind::Point));
        self.quantity(value.value.ten_thousandths());
        Some(())
    }

    fn expired(&mut self, expired: &Expired) -> Option<()> {
        let LotState { lot, kind, issued_at, expires_at, remaining, standing } = expired.after;
        if standing != Standing::Expired {
            return None;
        }
        self.lot_value(&LotValue { lot, kind, value: expired.value })?;
        self.instant(issued_at.micros());
        self.instant(expires_at.micros());
        self.quantity(remaining.ten_thousandths());
        Some(())
    }
}

/// The balances in the order in which they are written.
fn raw(balances: &Balances) -> [i64; 7] {
    [
        balances.reward_balance.ten_thousandths(),
        balances.reward_pending.ten_thousandths(),
        balances.reward_held.ten_thousandths(),
        balances.point_balance.ten_thousandths(),
        balances.point_pending.ten_thousandths(),
        balances.point_held.ten_thousandths(),
        balances.point_debt.ten_thousandths(),
    ]
}

impl Reader<'_> {
    fn entry(
        &mut self,
        cause: Cause,
        kind: impl FnOnce(&mut Self, u32) -> Reading<EntryKind>,
    ) -> Reading<Entry> {
        let sequence = self.small()?;
        let at = self.instant()?;
        let balances = self.balances()?;
        let stamp = self.stamp()?;
        let kind = kind(self, sequence)?;
        Ok(Entry { sequence, at, cause, kind, balances, stamp })
    }

    fn balances(&mut self) -> Reading<Balances> {
        let mask = self.byte()?;
        let mut values = [Quantity::ZERO; 7];
        for (value, bit) in values.iter_mut().zip(0..) {
            if mask >> bit & 1 == 1 {
                *value = self.quantity()?;
            }
        }
        let [
            reward_balance,
            reward_pending,
            reward_held,
            point_balance,
            point_pending,
            point_held,
            point_debt,
        ] = values;
        Ok(Balances {
            reward_balance: reward_balance.into(),
            reward_pending: reward_pending.into(),
            reward_held: reward_held.into(),
            point_balance: point_balance.into(),
            point_pending: point_pending.into(),
            point_held: point_held.into(),
            point_debt: point_debt.into(),
        })
    }

    fn stamp(&mut self) -> Reading<Option<Box<Stamp>>> {
        let flags = self.byte()?;
        if flags == 0 {
            return Ok(None);
        }
        let fingerprint = Fingerprint::from_le_bytes(self.array()?);
        let entries = self.small()?;
        let unnamed = |_| Unreadable("a name is none");
        let key = if flags & 2 == 0 { None } else { Some(Key::new(self.text()?).map_err(unnamed)?) };
        let external = match flags >> 2 {
            0 => None,
            1 => Some(External::Lot(self.text()?.parse().map_err(unnamed)?)),
            _ => return Err(Unreadable("a newer version wrote them")),
        };
        Ok(Some(Box::new(Stamp { key, external, fingerprint, entries })))
    }

    fn redeemed(&mut self, sequence: u32) -> Reading<Redeemed> {
        let (requested, total) = (self.amount()?, self.amount()?);
        let exchange = match self.byte()? {
            0 => None,
            1 => Some(self.exchange()?),
            _ => return Err(Unreadable("a newer version wrote them")),
        };
        let mut items = Items::default();
        for _ in 0..self.number()? {
            let (lot, amount) = (self.lot()?, self.amount()?);
            let points = if exchange.is_some() { self.points()? } else { Points::ZERO };
            items.push(Item { lot, amount, points });
        }
        let redemption = RedemptionId::made_by(self.number, sequence);
        let details = RedeemDetails::boxed(exchange, None);
        Ok(Redeemed { redemption, requested, total, items, details })
    }

    fn exchange(&mut self) -> Reading<Exchange> {
        let (minor_unit, point_scale) = (self.byte()?, self.byte()?);
        let rate = ExchangeRate::new(self.points()?, self.amount()?);
        let rate = rate.map_err(|_| Unreadable("an exchange rate is none"))?;
        Ok(Exchange { rate, minor_unit, point_scale })
    }

    fn issue(&mut self, sequence: u32) -> Reading<Issue> {
        let kind = self.kind()?;
        let definition_id = match self.number()? {
            0 => None,
            id => Some(DefinitionId::new(id).map_err(|_| Unreadable("an id is none"))?),
        };
        let (value_initial, value_remaining) = (self.quantity()?, self.quantity()?);
        let (issued_at, available_at, expires_at) = (self.instant()?, self.instant()?, self.expiry()?);
        let terms = self.terms()?;
        Ok(Issue {
            lot: LotId::made_by(self.number, sequence),
            kind,
            definition_id,
            value_initial,
            value_remaining,
            issued_at,
            available_at,
            expires_at,
            terms,
            details: None,
        })
    }

    fn terms(&mut self) -> Reading<Terms> {
        let flags = self.byte()?;
        let (count, days) = (self.small()?, self.small()?);
        let timezone: Zone = self.text()?.parse().map_err(|_| Unreadable("a zone is none"))?;
        let period = match flags & 7 {
            0 => None,
            1 => Some(PeriodType::Days),
            2 => Some(PeriodType::Weeks),
            3 => Some(PeriodType::Months),
            4 => Some(PeriodType::Years),
            _ => return Err(Unreadable("a newer version wrote them")),
        };
        Ok(Terms {
            timezone,
            period: period.map(|unit| Period::new(count, unit)),
            extend_days: (flags >> 5 & 1 == 1).then_some(days),
            is_reassignable: flags >> 3 & 1 == 1,
            is_extendable: flags >> 4 & 1 == 1,
        })
    }

    fn lot_value(&mut self) -> Reading<LotValue> {
        Ok(LotValue { lot: self.lot()?, kind: self.kind()?, value: self.quantity()? })
    }

    fn expired(&mut self) -> Reading<Expired> {
        let LotValue { lot, kind, value } = self.lot_value()?;
        let (issued_at, expires_at, remaining) = (self.instant()?, self.expiry()?, self.quantity()?);
        let after = LotState { lot, kind, issued_at, expires_at, remaining, standing: Standing::Expired };
        Ok(Expired { value, after })
    }
}

#[cfg(test)]
mod tests;
