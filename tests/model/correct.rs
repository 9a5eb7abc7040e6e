//! Extending, taking back and correcting lots (rules L1, L3 and L4).

use std::collections::BTreeSet;

use scrip::LotId;
use scrip::journal::LotKind;
use scrip::request::{Adjust, Extend};
use scrip::time::Until;
use scrip::value::Quantity;

use crate::planted::bug;

use super::calendar::{Calendar, DAY, Micros, OutOfRange, SECOND};
use super::money::Raw;
use super::profile::{Fact, Way, What};
use super::{Made, Model, Objections, Owner, Rank};

impl Model {
    /// Rule L1: all of them or none.
    pub(super) fn extend(
        &mut self,
        request: &Extend,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        objections.add_if(request.ids.is_empty(), Rank::Field(2), "missing_field");
        let is_both = request.extend_days.is_some() && request.extend_date.is_some();
        objections.add_if(is_both, Rank::Field(3), "contradiction");
        objections.add_if(request.extend_days == Some(0) && !is_both, Rank::Field(3), "not_positive");
        objections.add_if(request.extend_date == Some(Until::Never), Rank::Field(4), "no_end");
        let decided_at = self.decided_at(Owner::Profile(profile), at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        let mut seen = BTreeSet::new();
        let ids: Vec<LotId> = request.ids.iter().copied().filter(|id| seen.insert(*id)).collect();
        let mut ends = Vec::new();
        for id in ids {
            let Some(lot) = self.lot_here(profile, id) else {
                objections.add(Rank::Unknown, "unknown_lot");
                continue;
            };
            let end = self.extension(request, profile, lot, decided_at.unwrap_or(at), &mut objections);
            ends.extend(end.map(|end| (lot, end)));
        }
        let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };
        let account = &mut self.profiles[profile];
        account.write_due(at);
        let sequence = account.next_sequence();
        for (lot, end) in &ends {
            let last = account.lots[*lot].facts.last().unwrap().clone();
            account.lots[*lot].facts.push(Fact { sequence, expires_at: Some(*end), ..last });
        }
        let place = account.extensions.len();
        account.extensions.push(ends.into_iter().map(|(lot, _)| lot).collect());
        account.write(at, What::Extended(place));
        Ok(Made::Extended { profile, extension: place })
    }

    /// Until when one of the lots is to be good.
    fn extension(
        &self,
        request: &Extend,
        profile: usize,
        lot: usize,
        at: Micros,
        objections: &mut Objections,
    ) -> Option<Micros> {
        let account = &self.profiles[profile];
        let (known, now) = (&account.lots[lot], account.now(at));
        objections.add_if(known.revoked.is_some(), Rank::Terms, "lot_revoked");
        objections.add_if(!known.terms.is_extendable, Rank::Terms, "not_extendable");
        objections.add_if(account.remaining(lot, now) == 0, Rank::Value, "nothing_left");
        let (own, lapse) = (account.own_end(lot, now), account.lapse(lot, now));
        let is_over = lapse.is_some_and(|lapse| lapse <= now.at);
        // What has lapsed stays so (rule T9).
        let has_lapsed = is_over && own.is_none_or(|own| lapse < Some(own));
        let Some(end) = (if has_lapsed { lapse } else { own }) else {
            objections.add(Rank::Terms, "never_expires");
            return None;
        };
        let calendar = Calendar::of(known.terms.timezone);
        let later = match (request.extend_date, request.extend_days.or(known.terms.extend_days)) {
            (Some(until), _) => calendar.end(until).map(|end| end.unwrap_or(Micros::MAX)),
            (None, Some(days)) => later(calendar, end, days),
            (None, None) => {
                // It takes the lot to tell.
                objections.add_loosely(true, [Rank::Field(3), Rank::Terms], "missing_field");
                return None;
            }
        };
        // Whether that or what forbids to extend the lot is told first is open.
        objections.add_loosely(later.is_err(), [Rank::Terms, Rank::Value], "time_out_of_range");
        let later = later.ok()?;
        objections.add_if(later < end, Rank::Terms, "shortens");
        let comes_back = is_over && later > now.at;
        objections.add_if(has_lapsed || comes_back, Rank::Terms, "lot_expired");
        // Rule T2: a lot must have a time of use.
        let never = at < known.available_at && later <= known.available_at;
        objections.add_loosely(never, [Rank::Terms, Rank::Value], "never_usable");
        Some(later)
    }

    /// A lot that is with a profile, by its id.
    pub(super) fn lot_here(&self, profile: usize, id: LotId) -> Option<usize> {
        let account = &self.profiles[profile];
        account.lot_with(id.get()).filter(|lot| account.lots[*lot].moved.is_none())
    }

    /// Rule L3.
    pub(super) fn revoke(&mut self, id: LotId, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let Some((profile, lot)) = self.lot_of(owner, id, at, &mut objections) else {
            return Err(objections);
        };
        let decided_at = self.decided_at(owner, at);
        let account = &self.profiles[profile];
        objections.add_if(account.lots[lot].revoked.is_some(), Rank::Terms, "lot_revoked");
        let is_held = account.held(lot, account.now(decided_at.unwrap_or(at))) > 0;
        objections.add_if(is_held, Rank::Value, "lot_held");
        let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };
        let account = &mut self.profiles[profile];
        account.write_due(at);
        account.lots[lot].revoked = Some(account.next_sequence());
        account.write(at, What::Revoked(lot));
        Ok(Made::Corrected { profile, lot })
    }

    /// The lot that a request names, of the profile that it leads to.
    pub(super) fn lot_of(
        &self,
        owner: Owner,
        id: LotId,
        at: Micros,
        objections: &mut Objections,
    ) -> Option<(usize, usize)> {
        objections.add_if(self.decided_at(owner, at).is_none(), Rank::Time, "time_reversed");
        let found = match owner {
            Owner::Profile(profile) => self.lot_here(profile, id).map(|lot| (profile, lot)),
            _ => None,
        };
        objections.add_if(found.is_none(), Rank::Unknown, "unknown_lot");
        found
    }

    /// Rules L3 and L4.
    pub(super) fn adjust(&mut self, request: &Adjust, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        objections.add_if(request.reason.is_empty(), Rank::Field(7), "text_length");
        let found = self.lot_of(owner, request.id, at, &mut objections);
        let Some((profile, lot)) = found else { return Err(objections) };
        let decided_at = self.decided_at(owner, at);
        let account = &self.profiles[profile];
        let (known, now) = (&account.lots[lot], account.now(decided_at.unwrap_or(at)));
        self.check_corrected(known.kind, [request.value_initial, request.value_remaining], &mut objections);
        objections.add_if(known.revoked.is_some(), Rank::Terms, "lot_revoked");
        let before = account.remaining(lot, now);
        let remaining = request.value_remaining.map_or(before, raw);
        objections.add_if(remaining < account.held(lot, now), Rank::Value, "lot_held");
        let expires_at = match request.expires_at {
            Some(until) => Calendar::of(known.terms.timezone).end(until),
            None => Ok(account.own_end(lot, now)),
        };
        objections.add_loosely(expires_at.is_err(), [Rank::Terms, Rank::Value], "time_out_of_range");
        let never = |end: Micros| now.at < known.available_at && end <= known.available_at;
        let is_never = expires_at.is_ok_and(|end| end.is_some_and(never));
        objections.add_loosely(is_never, [Rank::Terms, Rank::Value], "never_usable");
        let (Some(at), None, Ok(expires_at)) = (decided_at, objections.codes(), expires_at) else {
            return Err(objections);
        };
        let was_over = account.is_expired(lot, account.now(at));
        let account = &mut self.profiles[profile];
        account.write_due(at);
        let sequence = account.next_sequence();
        account.flow(lot, Way::Adjusted, remaining - before);
        // What a correction upward brings is owed first, if its transaction owes.
        account.let_go(lot, (remaining - before).max(0));
        let last = account.lots[lot].facts.last().unwrap().clone();
        let initial = request.value_initial.map_or(last.initial, raw);
        let meta = request.meta.clone().or(last.meta);
        // A correction brings back what had ended, and its period without activity begins again (rule T9).
        let is_back = request.expires_at.is_some() && was_over && expires_at.is_none_or(|end| end > at);
        let anew = if is_back { Some((sequence, at)) } else { last.anew };
        let forgets =
            was_over && !is_back && bug("a correction of a lot that stays expired that is forgotten");
        let expires_at = if forgets { last.expires_at } else { expires_at };
        account.lots[lot].facts.push(Fact { sequence, initial, expires_at, anew, meta });
        account.write(at, What::Adjusted(lot));
        Ok(Made::Corrected { profile, lot })
    }

    /// Their class is that of fields, and it takes the lot to tell.
    fn check_corrected(&self, kind: LotKind, values: [Option<Quantity>; 2], objections: &mut Objections) {
        let decimals = match kind {
            LotKind::Reward => self.program.currency.minor_unit(),
            LotKind::Point | LotKind::Status => self.program.point_scale,
        };
        for (place, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let rank = Rank::Field(3 + u8::try_from(place).unwrap());
            let mut of_value = Objections::default();
            of_value.quantity(3, raw(value), decimals, true);
            for code in of_value.codes().into_iter().flatten() {
                objections.add_loosely(true, [rank, Rank::Terms], code);
            }
        }
    }
}

/// So many local days later, at the wall time of the last second of use.
fn later(calendar: Calendar, end: Micros, days: u32) -> Result<Micros, OutOfRange> {
    let wall = calendar.wall(end - SECOND) + Micros::from(days) * DAY;
    let wall = chrono::DateTime::from_timestamp_micros(wall).ok_or(OutOfRange)?.naive_utc();
    let later = calendar.end(Until::Local(wall))?.unwrap();
    // Extending never shortens, also where a day repeats an hour.
    Ok(later.max(end))
}

fn raw(quantity: Quantity) -> Raw {
    quantity.ten_thousandths().into()
}
