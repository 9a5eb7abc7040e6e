//! What the service counts, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scrip::store::postgres::RememberedReport;

use crate::backend::counted::{SIZES, StoreCounts};

/// The upper bounds of the latency buckets, in microseconds and as they are written, in seconds.
const BUCKETS: [(u128, &str); 12] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];

/// Counters, histograms and gauges of one process.
#[derive(Default)]
pub struct Metrics {
    /// By route, method and status.
    requests: Mutex<BTreeMap<(String, String, u16), Latency>>,
    /// By route and code.
    rejections: Mutex<BTreeMap<(String, &'static str), u64>>,
    /// What the store was asked to do.
    pub store: Arc<StoreCounts>,
    redemptions: AtomicU64,
    commits: AtomicU64,
    commit_micros: AtomicU64,
    queue: AtomicI64,
    open: AtomicI64,
}

#[derive(Clone, Copy, Default)]
struct Latency {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    micros: u128,
}

/// Counts as one in the queue for as long as it lives.
pub struct Counted<'a>(&'a AtomicI64);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let micros = took.as_micros();
        let mut requests = lock(&self.requests);
        let latency = requests.entry((route.to_owned(), method.to_owned(), status)).or_default();
        for (bucket, (bound, _)) in latency.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(micros <= bound);
        }
        latency.count += 1;
        latency.micros += micros;
    }

    pub fn rejected(&self, route: &str, code: &'static str) {
        *lock(&self.rejections).entry((route.to_owned(), code)).or_default() += 1;
    }

    pub fn redeemed(&self) {
        self.redemptions.fetch_add(1, Relaxed);
    }

    /// How long the ledger took over one request, waiting for others included.
    pub fn committed(&self, took: Duration) {
        self.commits.fetch_add(1, Relaxed);
        self.commit_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A request that the ledger is at work on, or that waits for it.
    pub fn in_queue(&self) -> Counted<'_> {
        self.queue.fetch_add(1, Relaxed);
        Counted(&self.queue)
    }

    /// A call that is not answered yet.
    pub fn in_flight(&self) -> Counted<'_> {
        self.open.fetch_add(1, Relaxed);
        Counted(&self.open)
    }

    /// All of it, as Prometheus reads it; for PostgreSQL with what the process remembers of accounts.
    pub fn write(&self, remembered: Option<RememberedReport>) -> String {
        let mut out = String::new();
        self.write_requests(&mut out);
        head(&mut out, "scrip_rejections_total", "counter", "Calls and rows of batches that were refused.");
        for ((route, code), count) in &*lock(&self.rejections) {
            line(&mut out, &format!("scrip_rejections_total{{route=\"{route}\",code=\"{code}\"}}"), count);
        }
        head(&mut out, "scrip_redemptions_total", "counter", "Redemptions made, captures included.");
        line(&mut out, "scrip_redemptions_total", &self.redemptions.load(Relaxed));
        head(
            &mut out,
            "scrip_commit_seconds",
            "summary",
            "How long the ledger took over requests that change it.",
        );
        line(&mut out, "scrip_commit_seconds_sum", &seconds(self.commit_micros.load(Relaxed).into()));
        line(&mut out, "scrip_commit_seconds_count", &self.commits.load(Relaxed));
        head(
            &mut out,
            "scrip_queue_depth",
            "gauge",
            "Requests that the ledger is at work on or that wait for it.",
        );
        line(&mut out, "scrip_queue_depth", &self.queue.load(Relaxed));
        head(&mut out, "scrip_calls_in_flight", "gauge", "Calls that are not answered yet.");
        line(&mut out, "scrip_calls_in_flight", &self.open.load(Relaxed));
        self.write_store(&mut out);
        if let Some(report) = remembered {
            let name = "scrip_store_requests_total";
            let help =
                "Requests by whether their account was remembered, loaded, or loaded as it was outdated.";
            head(&mut out, name, "counter", help);
            let current = report.loads - report.outdated;
            for (account, count) in
                [("remembered", report.hits), ("loaded", current), ("outdated", report.outdated)]
            {
                line(&mut out, &format!("{name}{{account=\"{account}\"}}"), &count);
            }
            head(&mut out, "scrip_store_accounts", "gauge", "Accounts that are remembered.");
            line(&mut out, "scrip_store_accounts", &report.accounts);
        }
        out
    }

    fn write_requests(&self, out: &mut String) {
        let requests = lock(&self.requests);
        let labelled = requests.iter().map(|((route, method, status), latency)| {
            (format!("route=\"{route}\",method=\"{method}\",status=\"{status}\""), latency)
        });
        head(out, "scrip_requests_total", "counter", "Calls answered.");
        for (labels, latency) in labelled.clone() {
            line(out, &format!("scrip_requests_total{{{labels}}}"), &latency.count);
        }
        head(out, "scrip_request_seconds", "histogram", "How long answers took.");
        for (labels, latency) in labelled {
            let name = format!("scrip_request_seconds_bucket{{{labels},le=");
            for (count, (_, bound)) in latency.buckets.iter().zip(BUCKETS) {
                line(out, &format!("{name}\"{bound}\"}}"), count);
            }
            line(out, &format!("{name}\"+Inf\"}}"), &latency.count);
            line(out, &format!("scrip_request_seconds_sum{{{labels}}}"), &seconds(latency.micros));
            line(out, &format!("scrip_request_seconds_count{{{labels}}}"), &latency.count);
        }
    }

    fn write_store(&self, out: &mut String) {
        let store = &*self.store;
        let ends =
            "Requests that change something, by how the store ended them; in a conflict they run again.";
        head(out, "scrip_store_units_total", "counter", ends);
        for (status, count) in
            [("committed", &store.commits), ("conflict", &store.conflicts), ("in_doubt", &store.in_doubt)]
        {
            line(out, &format!("scrip_store_units_total{{status=\"{status}\"}}"), &count.load(Relaxed));
        }
        let again = "Requests that the store decided again, as what it had read was outdated.";
        head(out, "scrip_store_retries_total", "counter", again);
        line(out, "scrip_store_retries_total", &store.retries.load(Relaxed));
        head(out, "scrip_store_batch_size", "histogram", "How many requests shared a run of the store.");
        for (size, count) in SIZES.iter().zip(&store.sizes) {
            line(out, &format!("scrip_store_batch_size_bucket{{le=\"{size}\"}}"), &count.load(Relaxed));
        }
        let runs = store.runs.load(Relaxed);
        line(out, "scrip_store_batch_size_bucket{le=\"+Inf\"}", &runs);
        line(out, "scrip_store_batch_size_sum", &store.units.load(Relaxed));
        line(out, "scrip_store_batch_size_count", &runs);
    }
}

fn lock<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn seconds(micros: u128) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

// Writing to a string does not fail.
pub fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

pub fn line(out: &mut String, name: &str, value: &impl std::fmt::Display) {
    let _ = writeln!(out, "{name} {value}");
}
