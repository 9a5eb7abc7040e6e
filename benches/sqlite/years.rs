//! A till's file after ten years: how long it takes to open, whether redeeming is as quick as on the first day, and how much
//! memory a check of it takes.

use std::path::Path;
use std::time::{Duration, Instant};

use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{Command, Ledger, Redeem};

use super::contestants::maker::program;
use super::contestants::{Request, Workload};
use super::file::ScripFile;
use super::{GROUP, InFile, median};

/// A shop's regular customers.
const PROFILES: u32 = 20_000;
/// A redemption and what is issued for it are 2.25 entries.
const REQUESTS: usize = 4_400_000;
/// What is timed on the first day and after ten years, in turn.
const TIMED: usize = 500;
const ROUNDS: usize = 9;

pub(crate) fn compare(folder: &Path) {
    let extra = TIMED * ROUNDS;
    let requests = std::env::var("REQUESTS").map_or(REQUESTS, |count| count.parse().unwrap());
    let workload = Workload::new(PROFILES, requests + extra);
    let (history, timed) = workload.requests.split_at(requests);
    let [new, old] = ["new", "old"].map(|name| folder.join(format!("{name}.sqlite")));
    let options = SqliteOptions::new();
    let (mut young, _) = ScripFile::set_up(&new, &workload, options.clone());
    let (mut aged, _) = ScripFile::set_up(&old, &workload, options);
    history.chunks(GROUP).for_each(|group| aged.grouped(group));

    let maker = aged.maker.clone();
    drop(aged);
    let start = Instant::now();
    let store = SqliteStore::open(&old).unwrap();
    let opened = start.elapsed();
    let (entries, size) = (entries(&old), super::size(&old) >> 20);
    let mut aged = ScripFile { ledger: Ledger::new(program(), store), maker };

    let mut took: [Vec<f64>; 2] = Default::default();
    for (round, requests) in timed.chunks(TIMED).enumerate() {
        // Who goes first changes, so that neither always finds the disk as the other left it.
        let mut files = [(0, &mut young), (1, &mut aged)];
        if round % 2 == 1 {
            files.reverse();
        }
        for (which, file) in files {
            took[which].push(one_by_one(file, requests).as_secs_f64() / TIMED as f64);
        }
    }
    let before = most_since(None);
    let start = Instant::now();
    assert!(aged.ledger.store().check().unwrap().is_whole());
    let checked = start.elapsed();
    let more = most_since(before).map(|more| more >> 20);
    let redeemed: i64 = workload.requests.iter().map(|request| request.cents).sum();
    assert_eq!(aged.check(), redeemed, "every request was met to the cent");

    let ratio = median(took[0].iter().zip(&took[1]).map(|(young, aged)| aged / young));
    let [young, aged] = took.map(|times| median(times.into_iter()) * 1e6);
    println!("{PROFILES} profiles, {entries} entries, {size} MiB: opened in {opened:?}");
    println!(
        "a keyed redemption: {young:.0} µs on the first day, {aged:.0} µs now, {ratio:.2} times as long"
    );
    println!("checked in {checked:?}, with {} MiB", more.unwrap_or_default());
}

/// With a key each, as a till sends them; to those who have too little, more is issued outside the time.
fn one_by_one(file: &mut ScripFile, requests: &[Request]) -> Duration {
    let mut took = Duration::ZERO;
    for request in requests {
        let command: Command<Redeem> = file.maker.redeem(request).keyed(request.key().parse().unwrap());
        loop {
            let start = Instant::now();
            let answer = file.ledger.run(&command);
            took += start.elapsed();
            if !super::file::is_short(&answer) {
                break;
            }
            file.top_up(std::iter::once(request.profile));
        }
    }
    took
}

fn entries(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT sum(sequence) FROM scrip_head", [], |row| row.get(0)).unwrap()
}

/// The memory that this process has now; or the most that it had since then, less that. Only Linux says.
fn most_since(then: Option<u64>) -> Option<u64> {
    let field = if then.is_some() { "VmHWM:" } else { "VmRSS:" };
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let now = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10;
    if then.is_none() {
        // The most begins anew.
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
    }
    Some(now.saturating_sub(then.unwrap_or_default()))
}
