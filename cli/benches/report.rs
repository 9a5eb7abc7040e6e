//! How long the liability roll-forward of a year takes by replay, and how much memory, whatever the number of profiles.
//!
//! `cargo bench -p scrip-cli --bench report` makes a ledger of PROFILES=1000000 with three entries each in SQLite, and in
//! PostgreSQL where there is one, and runs the command on it. The closing balance is compared with what was issued less what was
//! redeemed; only then is a figure printed.

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

const IMPORT: [&str; 8] = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW];
const ROLL: [&str; 11] = [
    "report",
    "liability",
    "--from",
    "2025-12-01",
    "--to",
    "2026-11-30",
    "--at",
    "2026-12-01T00:00:00Z",
    "--format",
    "json",
    "--definitions",
];

fn main() {
    let profiles =
        std::env::var("PROFILES").ok().and_then(|profiles| profiles.parse().ok()).unwrap_or(1_000_000);
    run("SQLite", &Shop::new(), profiles);
    if let Some(cluster) = Cluster::start() {
        let port = cluster.config("postgres").get_ports()[0];
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        run("PostgreSQL", &Shop::at(&url), profiles);
    }
}

fn run(store: &str, shop: &Shop, profiles: u32) {
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
    let began = Instant::now();
    let mut child = shop.command(&ROLL).stdout(Stdio::piped()).spawn().unwrap();
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
    println!("{store:<12} {profiles} profiles in {takes:.1} s, at most {} MiB", most >> 10);
}

/// The most memory that a process had by now, in KiB, where the system says.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
