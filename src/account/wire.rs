//! The binary form of accounts, for stores that keep the folded account beside the journal.
//!
//! The first byte is the version of the form. Then come flags for the rarer parts, such as open holds; each lot has
//! flags as well. A later version adds flags at the end, for parts that older accounts lack.

use super::rest::ColdState;
use super::scopes::Scopes;
use super::sent::Sent;
use super::{Account, LiveLot, OverdueLot, PendingLot};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of, unzigzag, zigzag};
use crate::journal::{HoldEntry, Inactivity, KindTotals, LotKind, Owed};
use crate::time::{Expiry, Timestamp};
use crate::value::Delta;

/// The only version of the form so far.
const FORM: u8 = 1;

/// Writes an account. It must be the state after a whole change.
pub(crate) fn write(account: &Account, out: &mut Vec<u8>) {
    let Account { number, sequence, last_at, .. } = *account;
    let mut to = Writer::new(out, number, sequence, last_at);
    let rest = account.rest();
    let has_points = rest.points_pot != KindTotals::EMPTY;
    let has_status = rest.status_pot != KindTotals::EMPTY;
    let (has_profile, is_active) = (account.profile().is_some(), account.active_at().is_some());
    to.byte(FORM);
    to.flags([
        has_profile,
        has_points,
        is_active,
        !rest.pending.is_empty(),
        !rest.overdue.is_empty(),
        !rest.holds.is_empty(),
        rest.merged_into.is_some(),
        !rest.merged_from.is_empty(),
        !rest.debts.is_empty(),
        has_status,
        rest.sent.is_some(),
        is_active && account.active_at != last_at,
        rest.lapsing.is_some(),
        rest.has_former_lots,
    ]);
    to.profile(number);
    if has_profile {
        to.text(account.profile.as_str());
    }
    to.number(sequence.into());
    to.instant(last_at);
    if is_active && account.active_at != last_at {
        to.instant(account.active_at);
    }
    let mut lots = LotWriter { to, scopes: &rest.scopes, issued: last_at, ends: last_at };
    lots.to.pot(&account.rewards_pot);
    lots.list(account.rewards.iter());
    if has_points {
        lots.to.pot(&rest.points_pot);
        lots.list(rest.points.iter());
    }
    if has_status {
        lots.to.pot(&rest.status_pot);
        lots.list(rest.status.iter());
    }
    lots.rare(rest);
}

/// Reads an account.
///
/// # Errors
/// The bytes are not an account, or value appeared or vanished in it (rule J3).
pub(crate) fn read(bytes: &[u8]) -> Decoded<Account> {
    let mut from = Reader::new(bytes, ProfileNumber::CATALOGUE, "the head of an account");
    match from.byte()? {
        FORM => {}
        newer => return Err(from.newer(newer.into())),
    }
    let [has_profile, has_points, is_active, rare @ .., has_status, has_sent, was_active, lapses, former] =
        from.flags::<14>()?;
    from.number = from.profile()?;
    let profile = from.if_set(has_profile, |from| from.parsed("a profile's id"))?;
    let mut account = Account::new(profile.unwrap_or(ProfileId::BLANK), from.number);
    from.sequence = from.sequence_number()?;
    from.at = from.instant()?;
    (account.sequence, account.last_at) = (from.sequence, from.at);
    let at = from.at;
    account.active_at = match (is_active, was_active) {
        (_, true) => from.instant()?,
        (true, false) => at,
        (false, false) => Timestamp::MIN,
    };
    let mut lots = LotReader { from, scopes: Scopes::EMPTY, issued: at, ends: at };
    account.rewards_pot = lots.from.pot()?;
    lots.list(|lot| account.rewards.insert(lot))?;
    if has_points {
        let rest = account.rest_mut();
        rest.points_pot = lots.from.pot()?;
        lots.list(|lot| rest.points.insert(lot))?;
    }
    if has_status {
        let rest = account.rest_mut();
        rest.status_pot = lots.from.pot()?;
        lots.list(|lot| rest.status.insert(lot))?;
    }
    if rare != [false; 6] {
        lots.rare(rare, account.rest_mut())?;
    }
    if has_sent {
        account.rest_mut().sent = Some(Binary::read(&mut lots.from)?);
    }
    if lapses {
        account.rest_mut().lapsing = Some(Box::new(lots.lapsing()?));
    }
    if former {
        account.rest_mut().has_former_lots = true;
    }
    if !lots.scopes.is_empty() {
        account.rest_mut().scopes = lots.scopes;
    }
    lots.from.part = "an account";
    if !account.is_conserved() {
        return Err(lots.from.invalid("lots and holds that add up to the totals (rule J3)", "others"));
    }
    lots.from.finish()?;
    Ok(account)
}

/// Writes lots one after the other, each instant as the difference from the previous one of its sort.
struct LotWriter<'a> {
    to: Writer<'a>,
    scopes: &'a Scopes,
    issued: Timestamp,
    ends: Timestamp,
}

impl LotWriter<'_> {
    fn list<'a>(&mut self, lots: impl ExactSizeIterator<Item = &'a LiveLot>) {
        self.to.number(lots.len() as u64);
        lots.for_each(|lot| self.lot(lot));
    }

    fn lot(&mut self, lot: &LiveLot) {
        let is_held = !lot.held.is_zero();
        let scope = self.scopes.get(lot.id);
        self.to.flags([is_held, lot.expires_at == Expiry::NEVER, scope.is_some()]);
        self.to.id(lot.id);
        self.to.quantity(lot.remaining);
        if is_held {
            self.to.quantity(lot.held);
        }
        self.to.step(lot.issued_at, &mut self.issued);
        if let Some(end) = lot.expires_at.instant() {
            self.to.step(end, &mut self.ends);
        }
        scope.inspect(|scope| scope.write(&mut self.to));
    }

    /// Writes a lot's kind, and the period without activity after which it lapses.
    fn kind(&mut self, kind: LotKind, inactivity: Option<&Inactivity>) {
        self.to.flags([kind.is_points(), kind == LotKind::Status, inactivity.is_some()]);
        inactivity.inspect(|inactivity| inactivity.write(&mut self.to));
    }

    /// Writes the parts that most accounts lack.
    fn rare(mut self, rest: &ColdState) {
        let ColdState { pending, overdue, holds, merged_into, merged_from, debts, sent, .. } = rest;
        if !pending.is_empty() {
            self.to.number(pending.iter().len() as u64);
            for PendingLot { available_at, kind, lot, inactivity } in pending.iter() {
                self.kind(*kind, inactivity.as_ref());
                self.to.instant(*available_at);
                self.lot(lot);
            }
        }
        if !overdue.is_empty() {
            self.to.number(overdue.len() as u64);
            for OverdueLot { kind, lot, inactivity } in overdue {
                self.kind(*kind, inactivity.as_ref());
                self.lot(lot);
            }
        }
        if !holds.is_empty() {
            self.to.number(holds.iter().len() as u64);
            holds.iter().for_each(|hold| hold.write(&mut self.to));
        }
        merged_into.inspect(|number| self.to.profile(*number));
        if !merged_from.is_empty() {
            self.to.profiles(merged_from);
        }
        if !debts.is_empty() {
            self.to.number(debts.iter().len() as u64);
            debts.iter().for_each(|owed| owed.write(&mut self.to));
        }
        sent.iter().for_each(|sent| sent.write(&mut self.to));
        rest.lapsing.iter().for_each(|lapsing| self.lapsing(lapsing));
    }
}

/// Reads what [`LotWriter`] wrote.
struct LotReader<'a> {
    from: Reader<'a>,
    scopes: Scopes,
    issued: Timestamp,
    ends: Timestamp,
}

impl LotReader<'_> {
    fn list(&mut self, mut insert: impl FnMut(LiveLot)) -> Decoded<()> {
        for _ in 0..self.from.number()? {
            insert(self.lot()?);
        }
        Ok(())
    }

    fn lot(&mut self) -> Decoded<LiveLot> {
        self.from.part = "the lots of an account";
        let [is_held, is_never, is_scoped] = self.from.flags()?;
        let (id, remaining) = (self.from.id()?, self.from.quantity()?);
        let held = self.from.if_set(is_held, Reader::quantity)?.unwrap_or_default();
        let issued_at = self.from.step(&mut self.issued)?;
        let expires_at = if is_never { Expiry::NEVER } else { Expiry::at(self.from.step(&mut self.ends)?) };
        if is_scoped {
            self.scopes.insert(id, Binary::read(&mut self.from)?);
        }
        Ok(LiveLot { expires_at, issued_at, id, remaining, held })
    }

    fn kind(&mut self) -> Decoded<(LotKind, Option<Inactivity>)> {
        let [is_points, is_status, can_lapse] = self.from.flags()?;
        let inactivity = self.from.if_set(can_lapse, Binary::read)?;
        Ok((kind_of(is_points, is_status), inactivity))
    }

    fn rare(&mut self, flags: [bool; 6], rest: &mut ColdState) -> Decoded<()> {
        let [has_pending, has_overdue, has_holds, is_merged, has_merged, is_owed] = flags;
        if has_pending {
            for _ in 0..self.from.number()? {
                let (kind, inactivity) = self.kind()?;
                let available_at = self.from.instant()?;
                rest.pending.insert(PendingLot { available_at, kind, lot: self.lot()?, inactivity });
            }
        }
        if has_overdue {
            for _ in 0..self.from.number()? {
                let (kind, inactivity) = self.kind()?;
                rest.overdue.push(OverdueLot { kind, lot: self.lot()?, inactivity });
            }
        }
        if has_holds {
            self.from.list::<HoldEntry>()?.into_iter().for_each(|hold| rest.holds.insert(hold));
        }
        self.from.part = "the mergers of an account";
        rest.merged_into = self.from.if_set(is_merged, Reader::profile)?;
        rest.merged_from = self.from.if_set(has_merged, Reader::profiles)?.unwrap_or_default();
        if is_owed {
            for owed in self.from.list::<Owed>()? {
                rest.point_debt = rest.point_debt.plus(owed.point_debt());
                rest.debts.insert(&owed);
            }
        }
        Ok(())
    }
}

impl Binary for Sent {
    fn write(&self, to: &mut Writer<'_>) {
        to.instant(self.until);
        [self.rewards, self.points, self.status].into_iter().for_each(|value| to.quantity(value));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "what an account transferred";
        let until = from.instant()?;
        Ok(Self { until, rewards: from.quantity()?, points: from.quantity()?, status: from.quantity()? })
    }
}

impl Writer<'_> {
    /// Writes the quantities that are not zero. New ones are added at the end.
    fn pot(&mut self, pot: &KindTotals) {
        let values = [
            pot.available,
            pot.issued,
            pot.redeemed,
            pot.expired,
            pot.pending,
            pot.held,
            pot.revoked,
            pot.clawed_back,
            pot.paid_to_debt,
        ];
        let values = values.map(|value| value.ten_thousandths().unsigned_abs());
        let corrections = [pot.adjusted, pot.moved].map(|delta| zigzag(delta.ten_thousandths()));
        let ([a, b, c, d, e, f, g, h, i], [j, k]) = (values, corrections);
        let all = [a, b, c, d, e, f, g, h, i, j, k];
        self.flags(all.map(|value| value != 0));
        all.into_iter().filter(|value| *value != 0).for_each(|value| self.number(value));
    }

    /// Writes the difference from one instant to the next.
    fn step(&mut self, to: Timestamp, from: &mut Timestamp) {
        // Both are in the years 1 to 9999.
        self.span(to.micros().wrapping_sub(from.micros()));
        *from = to;
    }
}

impl Reader<'_> {
    fn pot(&mut self) -> Decoded<KindTotals> {
        self.part = "the totals of an account";
        let is_there = self.flags::<11>()?;
        let mut values = [0; 11];
        for (value, is_there) in values.iter_mut().zip(is_there) {
            *value = if is_there { self.number()? } else { 0 };
        }
        let [
            available,
            issued,
            redeemed,
            expired,
            pending,
            held,
            revoked,
            clawed_back,
            paid_to_debt,
            adjusted,
            moved,
        ] = values;
        Ok(KindTotals {
            issued: self.quantity_of(issued)?,
            available: self.quantity_of(available)?,
            pending: self.quantity_of(pending)?,
            held: self.quantity_of(held)?,
            redeemed: self.quantity_of(redeemed)?,
            expired: self.quantity_of(expired)?,
            revoked: self.quantity_of(revoked)?,
            clawed_back: self.quantity_of(clawed_back)?,
            paid_to_debt: self.quantity_of(paid_to_debt)?,
            adjusted: self.correction(adjusted)?,
            moved: self.correction(moved)?,
        })
    }

    /// A correction, upward or downward.
    fn correction(&self, raw: u64) -> Decoded<Delta> {
        let raw = unzigzag(raw);
        let size = self.quantity_of(raw.unsigned_abs())?;
        Ok(if raw < 0 { Delta::ZERO.down(size) } else { Delta::ZERO.up(size) })
    }

    fn step(&mut self, from: &mut Timestamp) -> Decoded<Timestamp> {
        *from = self.instant_after(from.micros())?;
        Ok(*from)
    }
}

mod lapsing;
#[cfg(test)]
mod tests;
