//! How long the liability roll-forward of a year takes, by replay and from the projected tables, and how much memory, whatever
//! the number of profiles.
//!
//! `cargo bench -p scrip-cli --bench report` makes a ledger of PROFILES=1000000 with three rewards each in SQLite, and in
//! PostgreSQL where there is one, and runs the command on it: by replay, then swept and by replay again, then from the
//! tables, which a first run brings up to date. The closing balance is compared with what was issued less what was redeemed
//! and expired; only then is a figure printed. `-- PostgreSQL` runs one store alone.

#[path = "../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
#[path = "../tests/common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cluster::Cluster;
use common::{NOW, Shop, map};
use scrip::id::ProfileNumber;
use scrip::request::Sweep;
use scrip::store::postgres::{Options, PostgresStore};
use scrip::store::sqlite::SqliteStore;
use scrip::store::{AsyncScan, AsyncStore, Blocking};
use scrip::{AsyncLedger, Command, Program};

const IMPORT: [&str; 8] = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW];
const LATER: &str = "2026-12-01T00:00:00Z";
const ROLL: [&str; 11] = [
    "report",
    "liability",
    "--from",
    "2025-12-01",
    "--to",
    "2026-11-30",
    "--at",
    LATER,
    "--format",
    "json",
    "--definitions",
];

fn main() {
    let profiles =
        std::env::var("PROFILES").ok().and_then(|profiles| profiles.parse().ok()).unwrap_or(1_000_000);
    let only = std::env::args().nth(1).filter(|store| !store.starts_with('-'));
    let wanted = |store| only.as_deref().is_none_or(|only| only == store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shop = Shop::new();
    if wanted("SQLite") {
        run("SQLite", &shop, profiles, || {
            let store = Blocking(SqliteStore::open(shop.path("shop.sqlite")).unwrap());
            runtime.block_on(sweep(store));
        });
    }
    if let Some(cluster) = wanted("PostgreSQL").then(Cluster::start).flatten() {
        let port = cluster.config("postgres").get_ports()[0];
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        run("PostgreSQL", &Shop::at(&url), profiles, || {
            runtime.block_on(async {
                sweep(PostgresStore::connect(&url.parse().unwrap(), &Options::new()).await.unwrap()).await;
            });
        });
    }
}

fn run(store: &str, shop: &Shop, profiles: u32, sweep: impl FnOnce()) {
    map(&shop.path("map.toml"));
    // Three rewards for each customer, one of which ends within the year, whatever anybody sweeps.
    let mut text = "id,customer,value,left,issued,expires\n".to_owned();
    for customer in 0..profiles {
        for (place, expires) in ["2026-06-30", "2027-06-30", "2028-06-30"].into_iter().enumerate() {
            let _ =
                writeln!(text, "r{customer}-{place},customer-{customer:07},25.00,10.00,2025-12-15,{expires}");
        }
    }
    shop.write("old.csv", text.as_bytes());
    drop(text);
    shop.done(&IMPORT);
    let replayed = roll(store, shop, profiles, ("by replay, nothing swept", &[]));
    sweep();
    let projected: (&str, &[&str]) = ("from the tables", &["--projected"]);
    for how in
        [("by replay, swept", &[][..]), ("from the tables, brought up to date", projected.1), projected]
    {
        assert_eq!(roll(store, shop, profiles, how), replayed, "{store}: other figures");
    }
}

/// Runs the report, and answers what it says.
fn roll(store: &str, shop: &Shop, profiles: u32, (how, more): (&str, &[&str])) -> serde_json::Value {
    let began = Instant::now();
    let mut child = shop.command(&[&ROLL, more].concat()).stdout(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(resident(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let takes = began.elapsed().as_secs_f64();
    let out = child.wait_with_output().unwrap().stdout;
    let rows: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let last = rows.as_array().and_then(|rows| rows.last()).unwrap();
    assert_eq!(last["closing"], (u64::from(profiles) * 20).to_string(), "{store}: it does not add up");
    println!("{store:<12} {profiles} profiles {how:<36} {takes:>6.1} s, at most {} MiB", most >> 10);
    rows
}

/// Writes down what fell due, a thousand profiles at a time.
async fn sweep<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>>(store: S) {
    let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), store);
    let later = LATER.parse().unwrap();
    let mut after = ProfileNumber::CATALOGUE;
    loop {
        let due = ledger.store().due(later, after, 1_000).await.unwrap();
        let Some(last) = due.last() else { return };
        after = *last;
        let sweeps: Vec<_> = due.iter().map(|number| Command::new(later, Sweep::Number(*number))).collect();
        for answer in ledger.run_all(&sweeps).await {
            assert_eq!(answer.unwrap().outcome.entries, 1);
        }
    }
}

/// The most memory that a process had by now, in KiB, where the system says.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
