//! A transaction's own lots: the one that it earned, and its replacements (rule X5).

use std::borrow::Borrow;

use super::{LookupPlan, Slot, Thing};
use crate::id::LotId;
use crate::journal::{Entry, Issue};
use crate::store::find::Find;

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// Entries about an own lot name its replacements.
    pub(super) fn want_own_lot(&mut self, lot: LotId) {
        if self.own_lots.contains(&lot) {
            return;
        }
        self.own_lots.push(lot);
        self.want_lot(lot);
        for journal in std::iter::once(self.own).chain(self.closed.clone()) {
            self.want(Slot::Own(lot), journal, Find::About(lot.into()));
        }
    }

    /// Adds the look-ups that an answer about an own lot leads to; it begins at `place`.
    pub(super) fn follow_own_lot(&mut self, slot: Slot, place: usize) {
        let answer = self.found.get(place..).unwrap_or_default().iter().map(|(_, entry)| entry.borrow());
        let further: Vec<LotId> = match slot {
            Slot::Own(lot) => answer.flat_map(|entry: &Entry| entry.stand_ins(lot)).collect(),
            // What the transaction earned before stayed with a profile that was merged into the account.
            Slot::Made(Thing::Lot(lot) | Thing::ClosedLot(lot)) if self.own_lots.contains(&lot) => {
                answer.filter_map(|entry| entry.issue_of(lot).and_then(Issue::replaces)).collect()
            }
            _ => return,
        };
        further.into_iter().for_each(|lot| self.want_own_lot(lot));
    }

    /// The own lots, each with every entry about it.
    pub(super) fn own_lots(&self) -> Vec<(LotId, Vec<&Entry>)> {
        self.own_lots.iter().map(|lot| (*lot, self.all(Slot::Own(*lot)).collect())).collect()
    }
}
