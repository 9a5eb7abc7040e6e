//! A store that counts what is asked of it: how many units a run has, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use scrip::store::{AsyncStore, Change, CommitStatus, Need, Store, View, Work};

/// The upper bounds of the buckets of batch sizes.
pub const SIZES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// What a store was asked to do.
#[derive(Default)]
pub struct StoreCounts {
    pub runs: AtomicU64,
    pub units: AtomicU64,
    /// How many runs had no more units than each of the sizes.
    pub sizes: [AtomicU64; SIZES.len()],
    pub commits: AtomicU64,
    /// Units that somebody else was faster than; the ledger runs them again.
    pub conflicts: AtomicU64,
    pub in_doubt: AtomicU64,
    /// Units that a run decided again, as what it had read was outdated.
    pub retries: AtomicU64,
}

/// A store with its counts.
#[derive(Clone)]
pub struct Counted<S> {
    store: S,
    counts: Arc<StoreCounts>,
}

impl<S> Counted<S> {
    pub fn new(store: S, counts: &Arc<StoreCounts>) -> Self {
        Self { store, counts: Arc::clone(counts) }
    }
}

impl<S: Store> Store for Counted<S> {
    type Error = S::Error;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), S::Error> {
        self.store.run(&mut Watched::new(work, &self.counts))
    }
}

impl<S: AsyncStore + Send> AsyncStore for Counted<S> {
    type Error = S::Error;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), S::Error> {
        self.store.run(&mut Watched::new(work, &self.counts)).await
    }
}

struct Watched<'a> {
    work: &'a mut dyn Work,
    counts: &'a StoreCounts,
    decided: Vec<bool>,
}

impl<'a> Watched<'a> {
    fn new(work: &'a mut dyn Work, counts: &'a StoreCounts) -> Self {
        let units = work.needs().len();
        counts.runs.fetch_add(1, Relaxed);
        counts.units.fetch_add(units as u64, Relaxed);
        for (count, size) in counts.sizes.iter().zip(SIZES) {
            count.fetch_add(u64::from(units <= size), Relaxed);
        }
        Self { work, counts, decided: vec![false; units] }
    }
}

impl Work for Watched<'_> {
    fn needs(&self) -> &[Need] {
        self.work.needs()
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        let is_again = self.decided.get_mut(unit).is_some_and(|decided| std::mem::replace(decided, true));
        self.counts.retries.fetch_add(is_again.into(), Relaxed);
        self.work.decide(unit, view)
    }

    fn settle(&mut self, unit: usize, status: CommitStatus) {
        let count = match status {
            CommitStatus::Committed | CommitStatus::Staged => Some(&self.counts.commits),
            CommitStatus::Conflict => Some(&self.counts.conflicts),
            CommitStatus::InDoubt => Some(&self.counts.in_doubt),
            _ => None,
        };
        if let Some(count) = count {
            count.fetch_add(1, Relaxed);
        }
        self.work.settle(unit, status);
    }
}
