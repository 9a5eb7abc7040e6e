//! A transaction's own lots: the one that it earned, and its replacements; and those that were reassigned (rule X5).

use std::borrow::Borrow;

use super::{LookupPlan, Slot, Thing};
use crate::id::{LotId, ProfileNumber};
use crate::journal::{Entry, Issue, RecordId};
use crate::store::find::Find;

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// Entries about an own lot name its replacements.
    pub(super) fn want_own_lot(&mut self, lot: LotId) {
        if self.own_lots.contains(&lot) {
            return;
        }
        self.own_lots.push(lot);
        self.want_lot(lot);
        for (rank, journal) in std::iter::once((0, self.own)).chain(self.ranked()) {
            self.want(Slot::Own(lot, rank), journal, Find::About(lot.into()));
        }
    }

    /// Adds the look-ups that an answer about an own lot leads to; it begins at `place`.
    pub(super) fn follow_own_lot(&mut self, slot: Slot, place: usize) {
        let answer = self.found.get(place..).unwrap_or_default().iter().map(|(_, entry)| entry.borrow());
        let further: Vec<LotId> = match slot {
            Slot::Own(lot, _) => answer.flat_map(|entry: &Entry| entry.stand_ins(lot)).collect(),
            // What the transaction earned before stayed with a profile that was merged into the account.
            Slot::Made(Thing::Lot(lot) | Thing::ClosedLot(lot)) if self.own_lots.contains(&lot) => {
                answer.filter_map(|entry| entry.issue_of(lot).and_then(Issue::replaces)).collect()
            }
            _ => return,
        };
        further.into_iter().for_each(|lot| self.want_own_lot(lot));
    }

    /// The own lots, each with the entries about it from the time when it was the transaction's own.
    pub(super) fn own_lots(&self) -> Vec<(LotId, Vec<&Entry>)> {
        self.own_lots.iter().map(|lot| (*lot, self.while_own(*lot).collect())).collect()
    }

    fn while_own(&self, lot: LotId) -> impl Iterator<Item = &Entry> {
        (0..=self.closed.len()).flat_map(move |rank| {
            // A lot that is issued is its transaction's own, and the entry by which one arrives says whether it still is.
            let mut is_own = true;
            self.all(Slot::Own(lot, rank)).filter(move |entry| {
                is_own = entry.issue_of(lot).map_or(is_own, |issue| issue.owner().is_some());
                is_own
            })
        })
    }

    /// Of a lot that was a transaction's own once, looks up when it was reassigned, in the journal of the redemption: what
    /// it gave before comes back to the transaction (rule X5).
    pub(super) fn follow_facts(&mut self, lot: LotId, journal: ProfileNumber, place: usize) {
        let is_former = |entry: &Entry| entry.issue_of(lot).is_some_and(Issue::is_former);
        let newest = self.found.get(place).map(|(_, entry)| entry.borrow());
        if self.redeemed_in == Some(journal) && newest.is_some_and(is_former) {
            self.want(Slot::Former(lot), journal, Find::About(RecordId::facts_of(lot)));
        }
    }

    /// The lots that were reassigned in the journal of the redemption, each with the number of the entry by which it came.
    pub(super) fn former_lots(&self) -> Vec<(LotId, u32)> {
        let mut former = Vec::new();
        for (slot, entry) in &self.found {
            let (Slot::Former(lot), entry) = (slot, entry.borrow()) else { continue };
            let is_former = entry.issue_of(*lot).is_some_and(Issue::is_former);
            if is_former && !former.iter().any(|(known, _)| known == lot) {
                former.push((*lot, entry.sequence));
            }
        }
        former
    }
}
