//! Lots that lapse without activity (rule T9), by reading the whole journal each time.

use std::cell::RefCell;
use std::collections::HashMap;

use scrip::time::Period;

use crate::planted::bug;

use super::calendar::{Calendar, Micros};
use super::profile::{Cut, Profile, What};
use super::sight::is_written;

impl Profile {
    /// When a lot's use ends, as it stands: by its own end, or before that for want of activity.
    pub(crate) fn expiry(&self, lot: usize, cut: Cut) -> Option<Micros> {
        match (self.own_end(lot, cut), self.lapse(lot, cut)) {
            (Some(own), Some(lapse)) => Some(own.min(lapse)),
            (own, lapse) => own.or(lapse),
        }
    }

    /// When its use was to end as of then, with the activities by then that were sent late until now (rule T10).
    pub(crate) fn expiry_then(&self, lot: usize, then: Cut, now: Cut) -> Option<Micros> {
        let (_, lapse) = self.read(lot, then, now);
        self.own_end(lot, then).into_iter().chain(lapse).min()
    }

    /// When it ends for want of activity, whenever its own end is.
    pub(crate) fn lapse(&self, lot: usize, cut: Cut) -> Option<Micros> {
        self.read(lot, cut, cut).1
    }

    /// From when a lot's period counts.
    pub(crate) fn counted_from(&self, lot: usize, cut: Cut) -> Micros {
        self.read(lot, cut, cut).0
    }

    /// Activity by activity, in the order in which they were: was the period over when the next one came? Those count that
    /// were written by the cut, or sent late until now.
    fn read(&self, lot: usize, cut: Cut, now: Cut) -> (Micros, Option<Micros>) {
        let known = &self.lots[lot];
        let gone = known.revoked.or(known.moved.map(|(sequence, ..)| sequence));
        let gone = gone.filter(|sequence| is_written(*sequence, cut)).unwrap_or(u32::MAX);
        let (since, mut from) = match self.fact(lot, cut).anew {
            Some((sequence, at)) => (sequence, at.max(known.available_at)),
            None => (known.sequence, known.available_at.max(known.active_from)),
        };
        let Some(period) = known.terms.inactivity else { return (from, None) };
        let end =
            |from| end_of(Calendar::of(known.terms.timezone), known.terms.timezone.name(), from, period);
        let known = self.journal.iter().zip(1..).take_while(|(_, it)| is_written(*it, now) && *it < gone);
        let mut later = Vec::new();
        for (entry, sequence) in known {
            let active = self.active(entry.what, entry.at);
            let by_then =
                |at| at <= cut.at && !bug("a late redemption that knows nothing of those sent before it");
            match active.filter(|(at, _)| is_written(sequence, cut) || by_then(*at)) {
                Some(active) if sequence > since => later.push(active),
                Some((_, active)) => from = from.max(active),
                None => {}
            }
        }
        // One that is sent late comes in between (rule T10).
        later.sort_by_key(|(at, _)| *at);
        for (at, active) in later {
            if end(from).is_some_and(|end| end <= at) {
                return (from, end(from));
            }
            from = from.max(active);
        }
        (from, end(from))
    }

    /// The last activity that is written.
    pub(crate) fn last_active(&self) -> Option<Micros> {
        self.journal
            .iter()
            .filter_map(|entry| self.active(entry.what, entry.at))
            .map(|(_, active)| active)
            .max()
    }

    /// The activity that an entry tells of, and what lots are kept from: its own, or that of a profile that was merged into
    /// this one.
    fn active(&self, what: What, at: Micros) -> Option<(Micros, Micros)> {
        let is_activity = match what {
            // A late one was one when it happened (rule T10).
            What::Redeemed(it) if self.counts.redeeming => {
                let at = self.redemptions[it].occurred_at.unwrap_or(at);
                return Some((at, at));
            }
            What::Captured(..) => self.counts.redeeming,
            What::Transacted(version) => self.counts.earning && self.versions[version].is_posted,
            What::MergedIn(active) => return active.map(|active| (at, active)),
            _ => false,
        };
        is_activity.then_some((at, at))
    }
}

/// By zone, start and period.
type Ends = HashMap<(&'static str, Micros, Period), Option<Micros>>;

/// When a period ends that begins then; `None` past the end of time. Remembered, as the calendar is slow.
fn end_of(calendar: Calendar, zone: &'static str, from: Micros, period: Period) -> Option<Micros> {
    thread_local! {
        static ENDS: RefCell<Ends> = RefCell::default();
    }
    ENDS.with_borrow_mut(|ends| {
        let end = || calendar.after(from, period.count, period.unit).ok();
        *ends.entry((zone, from, period)).or_insert_with(end)
    })
}
