//! What goes from one profile to another (rule L2).

use scrip::journal::{Bucket, LotKind};
use scrip::outcome::LotStatus;
use scrip::request::{MergeProfiles, Reassign};

use crate::planted::bug;

use super::calendar::Micros;
use super::money::Raw;
use super::owed::Owed;
use super::profile::{Closing, Fact, Item, Lot, Way, What};
use super::sight::Sums;
use super::{Made, Model, Objections, Owner, Rank};

impl Model {
    pub(super) fn reassign(
        &mut self,
        request: &Reassign,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let to = self.profile(request.profile_id);
        let to = self.home(to);
        let found = self.lot_of(owner, request.id, at, &mut objections);
        let decided_at = self.decided_for_both(owner, to, at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        let Some((profile, lot)) = found else { return Err(objections) };
        objections.add_if(profile == to, Rank::Terms, "same_profile");
        let account = &self.profiles[profile];
        let (known, now) = (&account.lots[lot], account.now(decided_at.unwrap_or(at)));
        objections.add_if(known.revoked.is_some(), Rank::Terms, "lot_revoked");
        objections.add_if(!known.terms.is_reassignable, Rank::Terms, "not_reassignable");
        objections.add_if(account.is_expired(lot, now), Rank::Terms, "lot_expired");
        objections.add_if(account.remaining(lot, now) == 0, Rank::Value, "nothing_left");
        objections.add_if(account.held(lot, now) > 0, Rank::Value, "lot_held");
        let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };
        self.profiles[profile].write_due(at);
        self.profiles[to].write_due(at);
        let place = self.carry(profile, lot, to, at);
        // It is nobody's own any more, wherever it goes next (rule X5).
        if !bug("a lot that is its sale's own wherever it went") {
            self.profiles[to].lots[place].own = None;
        }
        Ok(Made::Moved { profile, lot, to })
    }

    /// Rule T6, of two accounts that change at one instant.
    pub(super) fn decided_for_both(&self, owner: Owner, other: usize, at: Micros) -> Option<Micros> {
        Some(self.decided_at(owner, at)?.max(self.decided_at(Owner::Profile(other), at)?))
    }

    /// A lot goes, with what is held of it: answers its place there. What of it has expired stays, as the loss that it is.
    fn carry(&mut self, from: usize, lot: usize, to: usize, at: Micros) -> usize {
        let account = &self.profiles[from];
        let now = account.now(at);
        let ended = account.expiry(lot, now).filter(|end| *end <= now.at);
        let went =
            if account.is_expired(lot, now) { account.held(lot, now) } else { account.remaining(lot, now) };
        let known = account.lots[lot].clone();
        let active_from = self.active_from(from, lot, at);
        let account = &mut self.profiles[from];
        account.lots[lot].moved = Some((account.next_sequence(), to, went));
        account.write(at, What::MovedOut(lot));
        let foreign = Some(account.full_id(&known));
        let account = &mut self.profiles[to];
        let (sequence, place) = (account.next_sequence(), account.lots.len());
        // What ended while it was held has ended wherever it goes.
        let last = known.facts.last().unwrap().clone();
        let expires_at = if ended.is_some() { ended } else { last.expires_at };
        let fact = Fact { sequence, expires_at, anew: None, ..last };
        account.lots.push(Lot { foreign, sequence, active_from, facts: vec![fact], moved: None, ..known });
        account.flow(place, Way::Moved, went);
        account.write(at, What::MovedIn(place));
        place
    }

    /// The activity that a lot takes along (rule T9).
    pub(super) fn active_from(&self, from: usize, lot: usize, at: Micros) -> Micros {
        let account = &self.profiles[from];
        account.counted_from(lot, account.now(at))
    }

    pub(super) fn merge(
        &mut self,
        request: &MergeProfiles,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let into = self.profile(request.into);
        let into = self.home(into);
        let is_merged = self.profiles[profile].merged.is_some();
        let decided_at = self.decided_for_both(Owner::Profile(profile), into, at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        objections.add_if(is_merged, Rank::Terms, "already_merged");
        // Of one that was merged and is to be merged into itself, either may be said.
        let is_same = request.profile_id == request.into || into == profile;
        objections.add_if(is_same && !is_merged, Rank::Terms, "same_profile");
        objections.add_loosely(is_same, [Rank::Terms, Rank::Value], "same_profile");
        let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };
        self.profiles[profile].write_due(at);
        self.profiles[into].write_due(at);
        let debt = self.profiles[profile].debt_at(self.profiles[profile].now(at));
        let owed = self.profiles[profile].open_at(self.profiles[profile].now(at));
        let sequence = self.profiles[profile].next_sequence();
        self.profiles[profile].merged = Some((sequence, into));
        let less = owed.iter().map(|owed| Owed { sequence, value: -owed.value, ..*owed });
        self.profiles[profile].owed.extend(less);
        let history = self.history(profile, at);
        for (kind, place, value) in &history {
            self.profiles[profile].flow_past(*kind, Way::Between(*place, Bucket::Moved), *value);
        }
        self.profiles[profile].write(at, What::MergedOut);
        let lots = self.live(profile, at);
        let first_there = self.profiles[into].next_sequence();
        for lot in &lots {
            self.carry(profile, *lot, into, at);
        }
        let holds = self.move_holds(profile, into, first_there, at);
        let active = self.profiles[profile].last_active();
        let account = &mut self.profiles[into];
        let sequence = account.next_sequence();
        account.owed.extend(owed.into_iter().map(|owed| Owed { sequence, ..owed }));
        for (kind, place, value) in history {
            account.flow_past(kind, Way::Between(Bucket::Moved, place), value);
        }
        let here = account.last_active();
        account.write(at, What::MergedIn(active.max(here)));
        self.merges.push(super::Merge { from: profile, into, lots, holds, debt });
        Ok(Made::Merged { profile, merge: self.merges.len() - 1 })
    }

    /// What ever left the lots of a profile, and where it is: whoever takes over answers for that as well (rule J3).
    fn history(&self, profile: usize, at: Micros) -> Vec<(LotKind, Bucket, Raw)> {
        let account = &self.profiles[profile];
        let of = |kind| {
            let mut sums = account.sums(kind, account.now(at));
            Sums::GONE.map(|place| (kind, place, *sums.gone(place)))
        };
        LotKind::ALL.into_iter().flat_map(of).collect()
    }

    /// The lots that are live in some way: in the order of use, then those to come, then those held past their expiry.
    fn live(&self, profile: usize, at: Micros) -> Vec<usize> {
        let account = &self.profiles[profile];
        let now = account.now(at);
        let class = |lot: usize| match account.status(lot, now) {
            LotStatus::Active | LotStatus::Held => Some(0),
            LotStatus::Pending => Some(1),
            LotStatus::Expired if account.held(lot, now) > 0 => Some(2),
            _ => None,
        };
        let known = account.lots_at(now).map(|(lot, _)| lot);
        let mut live: Vec<_> = known.filter_map(|lot| Some((class(lot)?, lot))).collect();
        live.sort_by_key(|(class, lot)| {
            let kind = Some(account.lots[*lot].kind).filter(|_| *class == 0);
            (*class, kind, account.rank(*lot, account.expiry(*lot, now)))
        });
        live.into_iter().map(|(_, lot)| lot).collect()
    }

    /// The open holds go along: from the first entry there on, and here to the last.
    fn move_holds(&mut self, from: usize, to: usize, first_there: u32, at: Micros) -> Vec<u64> {
        let account = &self.profiles[from];
        let (now, last_here) = (account.now(at), account.next_sequence() - 1);
        let open: Vec<usize> =
            (0..account.holds.len()).filter(|hold| account.is_open(&account.holds[*hold], now)).collect();
        let mut ids = Vec::new();
        for hold in open {
            let account = &mut self.profiles[from];
            let placed = account.holds[hold].clone();
            account.holds[hold].closed = Some((last_here, Closing::Moved));
            let id = self.profiles[from].hold_id(&placed);
            let there = |item: &Item| {
                let lot = self.profiles[from].full_id(&self.profiles[from].lots[item.lot]);
                Item { lot: self.profiles[to].lot_with(lot).unwrap(), ..*item }
            };
            let items = placed.items.iter().map(there).collect();
            let moved = super::profile::Hold { foreign: Some(id), sequence: first_there, items, ..placed };
            self.profiles[to].holds.push(moved);
            ids.push(id);
        }
        ids
    }

    /// The profile that answers for one, and those that were merged into it, whoever took over later first.
    pub(crate) fn household(&self, home: usize) -> Vec<usize> {
        let merged = self.merges.iter().filter(|merge| merge.into == home);
        let others = merged.flat_map(|merge| self.household(merge.from));
        std::iter::once(home).chain(others).collect()
    }

    /// A profile, and whoever took over from it, one after the other.
    pub(super) fn heirs(&self, profile: usize) -> Vec<usize> {
        let took_over = |one: &usize| self.profiles[*one].merged.map(|(_, into)| into);
        std::iter::successors(Some(profile), took_over).collect()
    }

    /// The profile that answers for one: itself, or the one that it was merged into (rule L2).
    pub(crate) fn home(&self, profile: usize) -> usize {
        let mut home = profile;
        while let Some((_, into)) = self.profiles[home].merged {
            home = into;
        }
        home
    }
}
