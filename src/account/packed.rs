//! Accounts as few bytes, for stores that keep the folded account beside the journal.
//!
//! The first byte says how the rest is written. An account that has lots and nothing rarer has a tight form; one with open
//! holds, lots held past their expiry or a merger in its past is the JSON that is stable anyway. A form never changes: a
//! new one gets a new first byte, and the old one is read for ever.

use super::rest::ColdState;
use super::{Account, LiveLot, PendingLot};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::bytes::{Reader, Reading, Unreadable, Writer};
use crate::journal::{KindTotals, LotKind, Totals};
use crate::time::{Expiry, Timestamp};
use crate::value::{Delta, Quantity, json};

/// The forms.
const JSON: u8 = 0;
const PLAIN: u8 = 1;

/// What is written for an expiry that never comes: no instant is so far away.
const NEVER: u64 = u64::MAX;
/// Nearly all instants are whole seconds, and a second is a million of these.
const SECOND: u64 = 1_000_000;

/// Writes an account, as it stands after a whole change.
pub(crate) fn write(account: &Account, out: &mut Vec<u8>) {
    let ColdState { overdue, holds, merged_into, merged_from, .. } = account.rest();
    if overdue.is_empty() && holds.is_empty() && merged_into.is_none() && merged_from.is_empty() {
        out.push(PLAIN);
        Writer { out, number: account.number }.account(account);
    } else {
        out.push(JSON);
        // An account always has a JSON form, and a vector takes it.
        let _ = serde_json::to_writer(out, account);
    }
}

/// Reads an account.
///
/// # Errors
/// The bytes are no account, or one in which value appeared or vanished (rule J3).
pub(crate) fn read(bytes: &[u8]) -> Result<Account, Unreadable> {
    let (form, rest) = bytes.split_first().ok_or(Unreadable("they are none"))?;
    let account: Account = match *form {
        JSON => json::read(rest).map_err(|_| Unreadable("their JSON is none of an account"))?,
        PLAIN => {
            let mut from = Reader { rest, number: ProfileNumber::CATALOGUE };
            let account = from.account()?;
            from.end()?;
            account
        }
        _ => return Err(Unreadable("a newer version wrote them")),
    };
    if account.is_conserved() { Ok(account) } else { Err(Unreadable("their value does not add up")) }
}

impl Writer<'_> {
    fn account(&mut self, account: &Account) {
        self.number(account.number.get().into());
        self.text(account.profile.as_str());
        self.number(account.sequence.into());
        self.instant(account.last_at.micros());
        let rest = account.rest();
        self.pot(&account.rewards_pot);
        self.pot(&rest.points_pot);
        self.quantity(rest.point_debt.ten_thousandths());
        // Each instant is written as what lies between it and the one before it of its sort.
        let mut last = account.last_at;
        let mut ends = account.last_at;
        for queue in [&account.rewards, &rest.points] {
            self.number(queue.iter().len() as u64);
            queue.iter().for_each(|lot| self.live_lot(lot, &mut last, &mut ends));
        }
        self.number(rest.pending.iter().len() as u64);
        for pending in rest.pending.iter() {
            self.byte(u8::from(pending.kind == LotKind::Point));
            self.instant(pending.available_at.micros());
            self.live_lot(&pending.lot, &mut last, &mut ends);
        }
    }

    /// A bit for each place that something is in, and what is there.
    fn pot(&mut self, pot: &KindTotals) {
        let places = [
            pot.issued,
            pot.available,
            pot.pending,
            pot.held,
            pot.redeemed,
            pot.expired,
            pot.revoked,
            pot.clawed_back,
            pot.paid_to_debt,
        ];
        let corrections = [pot.adjusted, pot.moved].map(Delta::ten_thousandths);
        let values = places.map(|place| place.ten_thousandths().unsigned_abs()).into_iter();
        let values = values.chain(corrections.map(zigzag));
        let mask = values.clone().zip(0..).fold(0, |mask, (value, bit)| mask | u64::from(value != 0) << bit);
        self.number(mask);
        values.filter(|value| *value != 0).for_each(|value| self.number(value));
    }

    fn live_lot(&mut self, lot: &LiveLot, last: &mut Timestamp, ends: &mut Timestamp) {
        self.lot(lot.id);
        self.quantity(lot.remaining.ten_thousandths());
        self.quantity(lot.held.ten_thousandths());
        self.step(lot.issued_at, last);
        match lot.expires_at.instant() {
            Some(end) => self.step(end, ends),
            None => self.number(NEVER),
        }
    }

    /// From one instant to the next: in whole seconds, or with the lowest bit set in microseconds.
    fn step(&mut self, to: Timestamp, from: &mut Timestamp) {
        let micros = to.micros().wrapping_sub(from.micros());
        let whole = micros.unsigned_abs().is_multiple_of(SECOND);
        let unit = if whole { SECOND.cast_signed() } else { 1 };
        let steps = zigzag(micros.checked_div(unit).unwrap_or(micros));
        self.number(steps << 1 | u64::from(!whole));
        *from = to;
    }
}

impl Reader<'_> {
    fn account(&mut self) -> Reading<Account> {
        let no_number = |_| Unreadable("a profile's number is too large");
        self.number = ProfileNumber::new(self.small()?).map_err(no_number)?;
        let profile = match self.text()? {
            "" => ProfileId::BLANK,
            text => ProfileId::new(text).map_err(|_| Unreadable("a profile is none"))?,
        };
        let mut account = Account::new(profile, self.number);
        account.sequence = self.small()?;
        account.last_at = self.instant()?;
        let (rewards, points) = (self.pot()?, self.pot()?);
        account.set_totals(Totals { rewards, points, point_debt: self.points()? });
        let (mut last, mut ends) = (account.last_at, account.last_at);
        for kind in [LotKind::Reward, LotKind::Point] {
            for _ in 0..self.number()? {
                let lot = self.live_lot(&mut last, &mut ends)?;
                account.queue_mut(kind).insert(lot);
            }
        }
        for _ in 0..self.number()? {
            let (kind, available_at) = (self.kind()?, self.instant()?);
            let lot = self.live_lot(&mut last, &mut ends)?;
            account.rest_mut().pending.insert(PendingLot { available_at, kind, lot });
        }
        Ok(account)
    }

    fn pot(&mut self) -> Reading<KindTotals> {
        let mask = self.number()?;
        let mut values = [0_u64; 11];
        for (value, bit) in values.iter_mut().zip(0..) {
            if mask >> bit & 1 == 1 {
                *value = self.number()?;
            }
        }
        let [
            issued,
            available,
            pending,
            held,
            redeemed,
            expired,
            revoked,
            clawed_back,
            paid_to_debt,
            adjusted,
            moved,
        ] = values;
        Ok(KindTotals {
            issued: quantity(issued)?,
            available: quantity(available)?,
            pending: quantity(pending)?,
            held: quantity(held)?,
            redeemed: quantity(redeemed)?,
            expired: quantity(expired)?,
            revoked: quantity(revoked)?,
            clawed_back: quantity(clawed_back)?,
            paid_to_debt: quantity(paid_to_debt)?,
            adjusted: delta(adjusted)?,
            moved: delta(moved)?,
        })
    }

    fn live_lot(&mut self, last: &mut Timestamp, ends: &mut Timestamp) -> Reading<LiveLot> {
        let (id, remaining, held) = (self.lot()?, self.quantity()?, self.quantity()?);
        let issued_at = self.step(last)?.ok_or(Unreadable("an issue has no instant"))?;
        let expires_at = self.step(ends)?.map_or(Expiry::NEVER, Expiry::at);
        Ok(LiveLot { expires_at, issued_at, id, remaining, held })
    }

    fn step(&mut self, from: &mut Timestamp) -> Reading<Option<Timestamp>> {
        let written = self.number()?;
        if written == NEVER {
            return Ok(None);
        }
        let unit = if written & 1 == 0 { SECOND.cast_signed() } else { 1 };
        let micros =
            unzigzag(written >> 1).checked_mul(unit).and_then(|step| from.micros().checked_add(step));
        let micros = micros.ok_or(Unreadable("an instant is out of range"))?;
        *from = Timestamp::from_micros(micros).map_err(|_| Unreadable("an instant is out of range"))?;
        Ok(Some(*from))
    }
}

fn quantity(raw: u64) -> Reading<Quantity> {
    let raw = i64::try_from(raw).map_err(|_| Unreadable("a quantity is too large"))?;
    Quantity::from_ten_thousandths(raw).map_err(|_| Unreadable("a quantity is too large"))
}

/// A correction up, or down.
fn delta(raw: u64) -> Reading<Delta> {
    let raw = unzigzag(raw);
    let size = quantity(raw.unsigned_abs())?;
    Ok(if raw < 0 { Delta::default().down(size) } else { Delta::default().up(size) })
}

/// Small numbers of either sign as small numbers: 0, -1, 1, -2 …
const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

#[cfg(test)]
mod tests;
