//! A work whose entries are changed on their way into a store.

use scrip::journal::EntryKind;
use scrip::store::{Change, CommitStatus, Need, View, Work};

/// Hands on a work, and changes each entry that it writes.
pub struct Forged<'a> {
    work: &'a mut dyn Work,
    forge: fn(&mut EntryKind),
    change: Change,
}

impl<'a> Forged<'a> {
    pub fn new(work: &'a mut dyn Work, forge: fn(&mut EntryKind)) -> Self {
        Self { work, forge, change: Change::default() }
    }
}

impl Work for Forged<'_> {
    fn needs(&self) -> &[Need] {
        self.work.needs()
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        self.change = self.work.decide(unit, view)?.clone();
        self.change.first.iter_mut().for_each(|entry| (self.forge)(&mut entry.kind));
        Some(&self.change)
    }

    fn settle(&mut self, unit: usize, fate: CommitStatus) {
        self.work.settle(unit, fate);
    }
}
