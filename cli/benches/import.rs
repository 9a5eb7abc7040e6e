//! How long an import takes, and how much memory, whatever the file's size.
//!
//! `cargo bench -p scrip-cli --bench import` brings ROWS=1000000 rewards from a CSV file into SQLite, and into PostgreSQL where
//! there is one. The command itself adds up the file and the ledger, and ends with another status if they differ; only then
//! is a figure printed.

#[path = "../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
#[path = "../tests/common/mod.rs"]
mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use cluster::Cluster;
use common::{NOW, Shop, many_rows, map};

const IMPORT: [&str; 8] = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW];

fn main() {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    run("SQLite", &Shop::new(), rows);
    if let Some(cluster) = Cluster::start() {
        let port = cluster.config("postgres").get_ports()[0];
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        run("PostgreSQL", &Shop::at(&url), rows);
    }
}

fn run(store: &str, shop: &Shop, rows: u32) {
    map(&shop.path("map.toml"));
    shop.write("old.csv", many_rows(rows).as_bytes());
    let began = Instant::now();
    let mut child = shop.command(&IMPORT).stdout(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    let status = loop {
        most = most.max(resident(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let takes = began.elapsed().as_secs_f64();
    assert!(status.success(), "{store}: it does not add up");
    let a_minute = f64::from(rows) / takes * 60.0;
    println!("{store:<12} {rows} rows in {takes:.1} s: {a_minute:.0} a minute, at most {} MiB", most >> 10);
}

/// The most memory that a process had by now, in KiB, where the system says.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
