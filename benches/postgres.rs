//! Redeeming in PostgreSQL: a function written by hand, and scrip, on the same server with the same durability.
//!
//! `cargo bench --features postgres --bench postgres` starts a server of its own and prints a table: how many a second, and
//! how long callers wait. Every contestant starts from the same profiles and is stopped after some seconds; what it did is
//! checked to the cent before anything is printed. `… -- large` fills a database with many profiles instead, and says how
//! long that takes, how large it is, and how long it is until a first answer. `PROFILES` and `SECONDS` in the environment
//! change how many profiles there are, and how long each contestant runs. Absolute figures on a shared machine are
//! weather; the ratios are climate.

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
use std::time::Duration;

use cluster::Cluster;
use contestants::Workload;
use contestants::callers::Latencies;

fn main() {
    let is_asked = |part: &str| std::env::args().any(|argument| argument == part);
    // `cargo test --benches` only wants to know that it starts.
    if is_asked("--test") {
        return;
    }
    let number =
        |name: &str, other: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other);
    let is_large = is_asked("large");
    let profiles = u32::try_from(number("PROFILES", if is_large { 1_000_000 } else { 20_000 })).unwrap();
    let time = Duration::from_secs(number("SECONDS", 8));
    let settings = "shared_buffers = '1GB'\ncheckpoint_timeout = '30min'\nmax_wal_size = '4GB'\n";
    let Some(cluster) = Cluster::start_with(settings) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let workload = Arc::new(Workload::new(profiles, 2_000_000));
    if is_large {
        runtime.block_on(ledger::large(&cluster, &workload));
    } else {
        runtime.block_on(compare(&cluster, &workload, time));
    }
}

/// How many a second, and how long each took, where that is one answer.
type Outcome = (f64, Latencies);

async fn compare(cluster: &Cluster, workload: &Arc<Workload>, time: Duration) {
    println!("W({}) in PostgreSQL, synchronous commit, {} s each", workload.profiles, time.as_secs());
    println!(
        "{:34} {:>10} {:>9}   {:>9}{:>9}{:>9}{:>9}",
        "", "per second", "÷ by hand", "ms: half", "90 %", "99 %", "all"
    );
    let mut by_hand: f64 = 0.0;
    let show = |name: &str, (rate, latencies): &Outcome, by_hand: f64| {
        println!("{name:34} {rate:>10.0} {:>9.2}   {}", rate / by_hand, latencies.columns());
    };
    // The best of them is what the others are compared with.
    let mut rows = Vec::new();
    for clients in [1, 4, 16, 64] {
        let outcome = by_hand::run(cluster, workload, clients, time).await;
        by_hand = by_hand.max(outcome.0);
        rows.push((format!("PL/pgSQL by hand, {clients} clients"), outcome));
    }
    rows.iter().for_each(|(name, outcome)| show(name, outcome, by_hand));
    for tasks in [1, 16, 64] {
        let outcome = ledger::one_by_one(cluster, workload, tasks, time).await;
        show(&format!("scrip, one by one, {tasks} tasks"), &outcome, by_hand);
    }
    for (writers, size) in [(1, 100), (1, 1_000), (2, 1_000)] {
        let outcome = ledger::batches(cluster, workload, writers, size, time).await;
        show(&format!("scrip, {writers} × batches of {size}"), &outcome, by_hand);
    }
    for callers in [1, 16, 64, 1_000] {
        let outcome = ledger::grouped(cluster, workload, callers, time).await;
        show(&format!("scrip, group commit, {callers} callers"), &outcome, by_hand);
    }
}
