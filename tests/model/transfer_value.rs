//! Value that goes from one profile to another in new lots (rule L5).

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use scrip::LotId;
use scrip::journal::LotKind;
use scrip::program::ProgramSettings;
use scrip::request::Transfer;
use scrip::time::Until;

use crate::planted::bug;

use super::calendar::{Calendar, Micros};
use super::check::raw;
use super::money::Raw;
use super::profile::{Fact, Lot, Origin, Transferred, Way, What};
use super::{Made, Model, Objections, Owner, Rank};

impl Model {
    pub(super) fn transfer(
        &mut self,
        request: &Transfer,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let (kind, value) = (request.kind, raw(request.value));
        let decimals = match kind {
            LotKind::Reward => self.program.currency.minor_unit(),
            LotKind::Point | LotKind::Status => self.program.point_scale,
        };
        objections.quantity(4, value, decimals, false);
        let to = self.profile(request.profile_id);
        let to = self.home(to);
        let decided_at = self.decided_for_both(Owner::Profile(profile), to, at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        objections.add_if(profile == to, Rank::Terms, "same_profile");
        for id in &request.ids {
            let account = &self.profiles[profile];
            match self.lot_here(profile, *id).filter(|lot| account.lots[*lot].kind == kind) {
                Some(lot) => {
                    let is_fixed = !account.lots[lot].terms.is_reassignable;
                    objections.add_if(is_fixed, Rank::Terms, "not_reassignable");
                }
                None => objections.add(Rank::Unknown, "unknown_lot"),
            }
        }
        let now = self.profiles[profile].now(decided_at.unwrap_or(at)).at;
        let sent = self.sent_today(profile, kind, now);
        let is_above = limit(&self.program, kind).is_some_and(|limit| sent + value > limit);
        objections.add_if(is_above, Rank::Terms, "transfer_limit");
        let parts = self.parts(request, profile, now);
        let all: Raw = parts.iter().map(|(_, value)| value).sum();
        objections.add_if(all < value, Rank::Value, "insufficient_value");
        let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };
        self.profiles[profile].write_due(at);
        self.profiles[to].write_due(at);
        Ok(self.carry_parts(request, (profile, to), &parts, at))
    }

    /// What was sent on the program's local day of an instant, by the profile or one that was merged into it.
    fn sent_today(&self, profile: usize, kind: LotKind, at: Micros) -> Raw {
        let is_utc = bug("a limit that counts from midnight in UTC");
        let calendar = Calendar::of(if is_utc { scrip::Zone::UTC } else { self.program.timezone });
        let merged = self.profiles.iter().enumerate();
        let merged = merged.filter(|(_, other)| other.merged.is_some_and(|(_, into)| into == profile));
        let before: Raw = merged.map(|(other, _)| self.sent_today(other, kind, at)).sum();
        let sent = self.profiles[profile].transfers.iter().filter(|sent| sent.kind == kind);
        let today = sent.filter(|sent| day_of(calendar, sent.at) == day_of(calendar, at));
        before + today.flat_map(|sent| &sent.items).map(|(_, _, value)| value).sum::<Raw>()
    }

    /// What each lot gives, soonest expiry first.
    fn parts(&self, request: &Transfer, profile: usize, at: Micros) -> Vec<(usize, Raw)> {
        let account = &self.profiles[profile];
        let named: BTreeSet<LotId> = request.ids.iter().copied().collect();
        let named: BTreeSet<u64> = named.into_iter().map(LotId::get).collect();
        let (now, mut left, mut parts) = (account.now(at), raw(request.value), Vec::new());
        for lot in account.usable(request.kind, now) {
            let known = &account.lots[lot];
            let is_named = named.is_empty() || named.contains(&account.full_id(known));
            let value = left.min(account.free(lot, now));
            if known.terms.is_reassignable && is_named && value > 0 {
                parts.push((lot, value));
                left -= value;
            }
        }
        parts
    }

    fn carry_parts(
        &mut self,
        request: &Transfer,
        (from, to): (usize, usize),
        parts: &[(usize, Raw)],
        at: Micros,
    ) -> Made {
        let sequence = self.profiles[from].next_sequence();
        let transfer = self.profiles[from].made_by(sequence);
        let mut items = Vec::new();
        for (lot, value) in parts {
            let active_from = self.active_from(from, *lot, at);
            let account = &mut self.profiles[from];
            account.flow(*lot, Way::Moved, -value);
            let known = account.lots[*lot].clone();
            let origin = Some(Origin::Transferred(transfer, account.full_id(&known)));
            let expires_at = known.facts.last().unwrap().expires_at;
            let account = &mut self.profiles[to];
            let (sequence, place) = (account.next_sequence(), account.lots.len());
            let fact = Fact { sequence, initial: *value, expires_at, anew: None, meta: None };
            account.lots.push(Lot {
                foreign: None,
                sequence,
                active_from,
                external_id: None,
                source_type: None,
                source: None,
                origin,
                own: None,
                facts: vec![fact],
                ..known
            });
            account.flow(place, Way::Moved, *value);
            account.write(at, What::Issued(place));
            items.push((*lot, place, *value));
        }
        let account = &mut self.profiles[from];
        let place = account.transfers.len();
        let (kind, meta) = (request.kind, request.meta.clone());
        account.transfers.push(Transferred { sequence, at, to, kind, items, meta });
        account.write(at, What::Transferred(place));
        Made::Transferred { profile: from, transfer: place }
    }
}

/// The local day that an instant counts to: the first that has not ended by then. Where a clock goes back over midnight,
/// the minutes of the next day that come too early count to the day before.
fn day_of(calendar: Calendar, at: Micros) -> NaiveDate {
    let date = calendar.date(at);
    let before = date - Days::new(1);
    let is_over = calendar.end(Until::Day(before)).unwrap().unwrap() <= at;
    if is_over { date } else { before }
}

fn limit(program: &ProgramSettings, kind: LotKind) -> Option<Raw> {
    let limit = program.transfer_limit_per_day?;
    match kind {
        LotKind::Reward => limit.rewards.map(raw),
        LotKind::Point => limit.points.map(raw),
        LotKind::Status => limit.status_points.map(raw),
    }
}
