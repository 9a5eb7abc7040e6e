//! Plain redemptions and issues in fixed places, for journals in memory: written in a few instructions, where the forms of
//! [`packed`](super::packed) are counted byte by byte.
//!
//! These bytes never leave the process. What has no place in them is written as it would be elsewhere.

use crate::definition::Terms;
use crate::id::{DefinitionId, LotId, ProfileNumber, RedemptionId};
use crate::journal::bytes::{Reader, Reading, Unreadable};
use crate::journal::packed::EntryHeader;
use crate::journal::{Balances, Cause, Entry, EntryKind, Issue, Item, Items, LotKind, Redeemed, packed};
use crate::time::{Period, PeriodType, Timestamp, Zone};
use crate::value::{Amount, Points, Quantity};

/// The forms, after those of [`packed`].
const REDEEM: u8 = 0x80;
const ISSUE: u8 = 0x81;
/// Added to a form where a balance of points follows the head.
const POINTS: u8 = 2;
/// Added to a form where more follows: of a redemption what was taken, where it is not what was asked for; of an issue for
/// how long it lasts, and by how much it is extended.
const MORE: u8 = 4;

/// What all begin with: the form, the sequence number, the instant, and the balance of rewards.
const HEAD: usize = 17;

/// Writes the entry of a redemption that rewards paid: what was requested, what was taken, and from where.
#[inline]
pub(crate) fn write_redemption(head: &EntryHeader, amounts: [Amount; 2], items: &Items, out: &mut Vec<u8>) {
    let start = out.len();
    if write_flat_redemption(head, amounts, items, out).is_none() {
        out.truncate(start);
        packed::write_redemption(head, amounts, items, out);
    }
}

/// Writes the entry of an issue that is usable at once.
#[inline]
pub(crate) fn write_issue(head: &EntryHeader, issue: &Issue, out: &mut Vec<u8>) {
    let start = out.len();
    if write_flat_issue(head, issue, out).is_none() {
        out.truncate(start);
        packed::write_issue(head, issue, out);
    }
}

/// Reads an entry of the account with this number.
pub(crate) fn read(bytes: &[u8], number: ProfileNumber) -> Reading<Entry> {
    let Some((form, rest)) = bytes.split_first().filter(|(form, _)| **form >= REDEEM) else {
        return packed::read(bytes, number);
    };
    let mut from = Reader { rest, number };
    let (sequence, at, rewards) = (from.fixed()?, from.instant()?, from.fixed_quantity()?);
    let points = if form & POINTS == 0 { Quantity::ZERO } else { from.fixed_quantity()? };
    let (reward_balance, point_balance) = (rewards.as_amount(), points.as_points());
    let balances = Balances { reward_balance, point_balance, ..Balances::default() };
    let has_more = form & MORE != 0;
    let kind = match form & !(POINTS | MORE) {
        REDEEM => EntryKind::Redeem(from.flat_redemption(sequence, has_more)?),
        ISSUE => EntryKind::Issue(from.flat_issue(sequence, at, has_more)?),
        _ => return Err(Unreadable("a newer version wrote them")),
    };
    from.end()?;
    Ok(Entry { sequence, at, cause: Cause::Request, kind, balances, stamp: None })
}

#[inline]
fn write_flat_redemption(
    head: &EntryHeader,
    [requested, total]: [Amount; 2],
    items: &Items,
    out: &mut Vec<u8>,
) -> Option<()> {
    let more = if total == requested { 0 } else { MORE };
    write_head(REDEEM | more, head, out)?;
    out.extend_from_slice(&small(requested.into())?);
    if more != 0 {
        out.extend_from_slice(&small(total.into())?);
    }
    for item in items {
        let mut written = [0; 8];
        written[..4].copy_from_slice(&own(item.lot, head.number)?);
        written[4..].copy_from_slice(&small(item.amount.into())?);
        out.extend_from_slice(&written);
    }
    Some(())
}

#[inline]
fn write_flat_issue(head: &EntryHeader, issue: &Issue, out: &mut Vec<u8>) -> Option<()> {
    let definition = issue.definition_id.filter(|_| {
        issue.issued_at == head.at
            && issue.available_at == head.at
            && issue.value_initial == issue.value_remaining
    })?;
    let Terms { timezone, period, extend_days, is_reassignable, is_extendable } = issue.terms;
    let more = if period.is_none() && extend_days.is_none() { 0 } else { MORE };
    write_head(ISSUE | more, head, out)?;
    let (count, unit) = period.map_or((0, 0), |period| (period.count, unit(period.unit)));
    let is_point = u8::from(issue.kind == LotKind::Point);
    let flags = is_point << 6
        | u8::from(extend_days.is_some()) << 5
        | u8::from(is_extendable) << 4
        | u8::from(is_reassignable) << 3
        | unit;
    let mut written = [0; 19];
    written[0] = flags;
    written[1..3].copy_from_slice(&timezone.index().to_le_bytes());
    written[3..11].copy_from_slice(&issue.expires_at.micros().to_le_bytes());
    written[11..15].copy_from_slice(&small(issue.value_initial)?);
    written[15..].copy_from_slice(&u32::try_from(definition.get()).ok()?.to_le_bytes());
    out.extend_from_slice(&written);
    if more != 0 {
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&extend_days.unwrap_or(0).to_le_bytes());
    }
    Some(())
}

#[inline]
fn write_head(form: u8, head: &EntryHeader, out: &mut Vec<u8>) -> Option<()> {
    let Balances { reward_balance, point_balance, .. } = head.balances;
    if (Balances { reward_balance, point_balance, ..Balances::default() }) != head.balances {
        return None;
    }
    let points = if point_balance.is_zero() { 0 } else { POINTS };
    let mut written = [0; HEAD];
    written[0] = form | points;
    written[1..5].copy_from_slice(&head.sequence.to_le_bytes());
    written[5..13].copy_from_slice(&head.at.micros().to_le_bytes());
    written[13..].copy_from_slice(&small(reward_balance.into())?);
    out.extend_from_slice(&written);
    if points != 0 {
        out.extend_from_slice(&small(point_balance.into())?);
    }
    Some(())
}

#[inline]
fn small(value: Quantity) -> Option<[u8; 4]> {
    u32::try_from(value.ten_thousandths()).ok().map(u32::to_le_bytes)
}

/// A lot of this account by the entry that issued it.
#[inline]
fn own(lot: LotId, number: ProfileNumber) -> Option<[u8; 4]> {
    (lot.number() == number).then(|| lot.sequence().to_le_bytes())
}

const fn unit(unit: PeriodType) -> u8 {
    match unit {
        PeriodType::Days => 1,
        PeriodType::Weeks => 2,
        PeriodType::Months => 3,
        PeriodType::Years => 4,
    }
}

impl Reader<'_> {
    fn fixed(&mut self) -> Reading<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn fixed_quantity(&mut self) -> Reading<Quantity> {
        let raw = self.fixed()?.into();
        Quantity::from_ten_thousandths(raw).map_err(|_| Unreadable("a quantity is too large"))
    }

    fn flat_redemption(&mut self, sequence: u32, has_more: bool) -> Reading<Redeemed> {
        let redemption = RedemptionId::made_by(self.number, sequence);
        let requested = self.fixed_quantity()?.as_amount();
        let total = if has_more { self.fixed_quantity()?.as_amount() } else { requested };
        let mut items = Items::default();
        while !self.rest.is_empty() {
            let lot = LotId::made_by(self.number, self.fixed()?);
            items.push(Item { lot, amount: self.fixed_quantity()?.as_amount(), points: Points::ZERO });
        }
        Ok(Redeemed { redemption, requested, total, items, details: None })
    }

    fn flat_issue(&mut self, sequence: u32, at: Timestamp, has_more: bool) -> Reading<Issue> {
        let flags = self.byte()?;
        let kind = if flags >> 6 & 1 == 0 { LotKind::Reward } else { LotKind::Point };
        let timezone = Zone::at(u16::from_le_bytes(self.array()?)).ok_or(Unreadable("a zone is none"))?;
        let (expires_at, value) = (self.expiry()?, self.fixed_quantity()?);
        let definition = DefinitionId::new(self.fixed()?.into()).map_err(|_| Unreadable("an id is none"))?;
        let (count, days) = if has_more { (self.fixed()?, self.fixed()?) } else { (0, 0) };
        let period = match flags & 7 {
            0 => None,
            1 => Some(PeriodType::Days),
            2 => Some(PeriodType::Weeks),
            3 => Some(PeriodType::Months),
            _ => Some(PeriodType::Years),
        };
        let terms = Terms {
            timezone,
            period: period.map(|unit| Period::new(count, unit)),
            extend_days: (flags >> 5 & 1 == 1).then_some(days),
            is_reassignable: flags >> 3 & 1 == 1,
            is_extendable: flags >> 4 & 1 == 1,
        };
        Ok(Issue {
            lot: LotId::made_by(self.number, sequence),
            kind,
            definition_id: Some(definition),
            value_initial: value,
            value_remaining: value,
            issued_at: at,
            available_at: at,
            expires_at,
            terms,
            details: None,
        })
    }
}

#[cfg(test)]
mod tests;
