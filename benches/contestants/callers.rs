//! Many callers at once: what each is to ask for, and how long each answer took.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Request, Workload};

/// Hands out requests until the time is over.
#[derive(Clone)]
pub(crate) struct Queue {
    workload: Arc<Workload>,
    next: Arc<AtomicUsize>,
    until: Instant,
}

impl Queue {
    pub(crate) fn new(workload: &Arc<Workload>, time: Duration) -> Self {
        Self { workload: Arc::clone(workload), next: Arc::default(), until: Instant::now() + time }
    }

    pub(crate) fn take(&self, most: usize) -> &[Request] {
        if Instant::now() >= self.until {
            return &[];
        }
        let start = self.next.fetch_add(most, Ordering::Relaxed);
        let requests = &self.workload.requests;
        &requests[start.min(requests.len())..(start + most).min(requests.len())]
    }

    /// How many were handed out, and their cents.
    pub(crate) fn taken(&self) -> (usize, i64) {
        let taken = self.next.load(Ordering::Relaxed).min(self.workload.requests.len());
        (taken, self.workload.requests[..taken].iter().map(|request| request.cents).sum())
    }
}

/// How long the answers took, the quickest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn of(callers: impl IntoIterator<Item = Vec<Duration>>) -> Self {
        let mut all: Vec<Duration> = callers.into_iter().flatten().collect();
        all.sort_unstable();
        Self(all)
    }

    /// In milliseconds: what half of the callers waited at most, 90 and 99 of a hundred, and the unluckiest.
    pub(crate) fn columns(&self) -> String {
        let at = |percent: usize| self.0.get((self.0.len() * percent / 100).min(self.0.len().max(1) - 1));
        let columns = [50, 90, 99, 100].map(|percent| match at(percent) {
            Some(took) => format!("{:>9.2}", took.as_secs_f64() * 1e3),
            None => format!("{:>9}", ""),
        });
        columns.concat()
    }
}
