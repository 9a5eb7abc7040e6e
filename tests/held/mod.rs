//! A work whose fates are told later.

use scrip::store::{Change, CommitStatus, Need, View, Work};

/// Hands on a work, and keeps its fates until the transaction that it ran in has ended.
pub struct Held<'a>(pub &'a mut dyn Work, pub Vec<(usize, CommitStatus)>);

impl Work for Held<'_> {
    fn needs(&self) -> &[Need] {
        self.0.needs()
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        self.0.decide(unit, view)
    }

    fn settle(&mut self, unit: usize, fate: CommitStatus) {
        self.1.push((unit, fate));
    }
}
