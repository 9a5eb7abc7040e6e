//! Redeeming in PostgreSQL: a function written by hand, and scrip, on the same server with the same durability.
//!
//! `cargo bench --features postgres --bench postgres` starts a server of its own and prints a table. `PROFILES` and
//! `SECONDS` in the environment change how many profiles there are, and how long each contestant runs. Every contestant
//! starts from the same profiles and is stopped after that time; what it did is checked to the cent before anything is
//! printed. Absolute figures on a shared machine are weather; the ratios are climate.

#[path = "postgres/by_hand.rs"]
mod by_hand;
#[path = "../tests/cluster/mod.rs"]
#[allow(dead_code)] // The tests use more of it.
mod cluster;
#[allow(dead_code)] // As does the bench in memory.
mod contestants;
#[path = "postgres/ledger.rs"]
mod ledger;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cluster::Cluster;
use contestants::{Request, Workload};

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let number =
        |name: &str, other: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other);
    let profiles = u32::try_from(number("PROFILES", 20_000)).unwrap();
    let time = Duration::from_secs(number("SECONDS", 8));
    let Some(cluster) = Cluster::start_with("shared_buffers = '1GB'\ncheckpoint_timeout = '30min'\n") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let workload = Arc::new(Workload::new(profiles, 2_000_000));
    runtime.block_on(compare(&cluster, &workload, time));
}

async fn compare(cluster: &Cluster, workload: &Arc<Workload>, time: Duration) {
    println!("W({}) in PostgreSQL, synchronous commit, {} s each", workload.profiles, time.as_secs());
    let mut results: Vec<(String, f64)> = Vec::new();
    let mut by_hand: f64 = 0.0;
    for clients in [1, 4, 16] {
        let rate = by_hand::run(cluster, workload, clients, time).await;
        by_hand = by_hand.max(rate);
        results.push((format!("PL/pgSQL by hand, {clients} clients"), rate));
    }
    for tasks in [1, 16, 64] {
        let rate = ledger::one_by_one(cluster, workload, tasks, time).await;
        results.push((format!("scrip, one by one, {tasks} tasks"), rate));
    }
    for (writers, size) in [(1, 100), (1, 1_000), (2, 1_000)] {
        let rate = ledger::batches(cluster, workload, writers, size, time).await;
        results.push((format!("scrip, {writers} × batches of {size}"), rate));
    }
    for callers in [64, 1_000] {
        let rate = ledger::grouped(cluster, workload, callers, time).await;
        results.push((format!("scrip, {callers} callers, group commit"), rate));
    }
    println!("{:34} {:>10} {:>22}", "", "per second", "÷ the best by hand");
    for (name, rate) in results {
        println!("{name:34} {rate:>10.0} {:>22.2}", rate / by_hand);
    }
}

/// Hands out requests until the time is over.
#[derive(Clone)]
struct Queue {
    workload: Arc<Workload>,
    next: Arc<AtomicUsize>,
    until: Instant,
}

impl Queue {
    fn new(workload: &Arc<Workload>, time: Duration) -> Self {
        Self { workload: Arc::clone(workload), next: Arc::default(), until: Instant::now() + time }
    }

    fn take(&self, most: usize) -> &[Request] {
        if Instant::now() >= self.until {
            return &[];
        }
        let start = self.next.fetch_add(most, Ordering::Relaxed);
        let requests = &self.workload.requests;
        &requests[start.min(requests.len())..(start + most).min(requests.len())]
    }

    /// How many were handed out, and their cents.
    fn taken(&self) -> (usize, i64) {
        let taken = self.next.load(Ordering::Relaxed).min(self.workload.requests.len());
        (taken, self.workload.requests[..taken].iter().map(|request| request.cents).sum())
    }
}
