//! What happened to an account since an instant: what a late request needs (rule T10).

use std::borrow::Borrow;

use smallvec::SmallVec;

use super::{LookupPlan, Slot};
use crate::account::Account;
use crate::id::LotId;
use crate::journal::Entry;
use crate::store::find::Find;
use crate::store::work::Happened;
use crate::time::Timestamp;

/// The number of entries that are looked up first; then twice as many, and so on. Few accounts have more in a day.
const FIRST: u32 = 32;

/// The part of a journal that was looked up so far, from its end backwards.
#[derive(Debug)]
pub(super) struct Since {
    /// The entries after this instant are wanted.
    at: Timestamp,
    /// The last activity of an account with lots that lapse without any (rule T9).
    active_at: Option<Timestamp>,
    /// The first entry that was looked up.
    first: u32,
    /// The number of entries to look up next.
    count: u32,
    /// The lots that changed since.
    changed: SmallVec<[LotId; 4]>,
}

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// Looks up the entries after an instant, of a journal that ends with an entry.
    pub(super) fn want_since(&mut self, at: Timestamp, account: &Account) {
        let active_at = account.active_at().filter(|_| account.can_lapse());
        let first = account.sequence().saturating_add(1);
        // No entry says so of a lot that lapsed while all of it was held.
        let can_lapse = account.overdue().filter(|overdue| overdue.inactivity.is_some());
        let changed = can_lapse.map(|overdue| overdue.lot.id).collect();
        self.since = Some(Box::new(Since { at, active_at, first, count: FIRST, changed }));
        self.want_earlier();
    }

    /// Looks up the entries before those that were looked up.
    fn want_earlier(&mut self) {
        let Some(since) = &mut self.since else { return };
        let last = since.first.saturating_sub(1);
        if last > 0 {
            since.first = last.saturating_sub(since.count).saturating_add(1).max(1);
            since.count = since.count.saturating_mul(2);
            let first = since.first;
            self.want(Slot::Since, self.own, Find::Range(first, last));
        }
    }

    /// Looks further back if the answers do not reach to the instant; otherwise for the lots that changed since.
    pub(super) fn follow_since(&mut self) {
        let Some(since) = &self.since else { return };
        let has_reached = self.has_reached(since);
        if !has_reached && since.first > 1 {
            return self.want_earlier();
        }
        let mut changed = since.changed.clone();
        changed.extend(self.entries_since().into_iter().flat_map(Entry::lot_states).map(|after| after.lot));
        changed.sort_unstable();
        changed.dedup();
        for lot in changed.iter().copied() {
            if lot.number() == self.own {
                let made = lot.sequence();
                self.want(Slot::Changed(lot), self.own, Find::Range(made, made));
            }
            self.want(Slot::Changed(lot), self.own, Find::About(lot.into()));
        }
        self.since.iter_mut().for_each(|since| since.changed = changed.clone());
    }

    /// Whether what was looked up reaches to the instant; and where lots lapse, to the last activity before it, and to the
    /// first that was sent late since.
    fn has_reached(&self, since: &Since) -> bool {
        let reaches = |at: Timestamp| self.all(Slot::Since).any(|entry| entry.at <= at);
        if since.active_at.is_none() || !self.was_active_since() {
            return reaches(since.at);
        }
        let first = self.entries_since().into_iter().filter_map(Entry::active).map(|active| active.at).min();
        let is_active = |entry: &Entry| entry.at <= since.at && entry.active_at() == Some(entry.at);
        self.all(Slot::Since).any(is_active) && reaches(first.unwrap_or(since.at).min(since.at))
    }

    /// The last activity that was known at the instant, if lots lapse without any.
    fn active_then(&self) -> Option<Timestamp> {
        let since = self.since.as_ref()?;
        if since.active_at.is_none() || !self.was_active_since() {
            return since.active_at;
        }
        let before = self.all(Slot::Since).filter(|entry| entry.at <= since.at);
        before.filter_map(Entry::active_at).max()
    }

    /// Whether an entry after the instant tells of an activity.
    fn was_active_since(&self) -> bool {
        self.entries_since().into_iter().any(|entry| entry.active_at().is_some())
    }

    /// What happened since; `None` where nobody asked.
    pub(super) fn happened_since(&self) -> Option<Box<Happened<'_>>> {
        let since = self.since.as_ref()?;
        let about = |lot: &LotId| {
            let mut entries: Vec<&Entry> = self.all(Slot::Changed(*lot)).collect();
            entries.sort_unstable_by_key(|entry| entry.sequence);
            (*lot, entries)
        };
        let lots = since.changed.iter().map(about).collect();
        let earlier =
            self.all(Slot::Since).filter(|entry| entry.at <= since.at && entry.active_at().is_some());
        let (entries, active_then) = (self.entries_since(), self.active_then());
        Some(Box::new(Happened { entries, active_then, earlier: earlier.collect(), lots }))
    }

    /// The entries after the instant.
    fn entries_since(&self) -> Vec<&Entry> {
        let Some(since) = &self.since else { return Vec::new() };
        let mut entries: Vec<&Entry> = self.all(Slot::Since).filter(|entry| entry.at > since.at).collect();
        entries.sort_unstable_by_key(|entry| entry.sequence);
        entries
    }
}
