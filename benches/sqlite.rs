//! How fast redeeming is in a SQLite file, beside SQL that people write by hand: in one run, on one disk, with the same
//! durability (every commit is flushed), on the same requests.
//!
//! `cargo bench --bench sqlite --features sqlite` prints a table, `… -- callers` how 1, 16 and 64 callers at once get
//! on, `… -- large` what a file of a million profiles takes, and `… -- years` how a file of ten million entries opens, redeems and is
//! checked. No line is printed before it is checked that no cent appeared or vanished. `SCRIP_BENCH_DIR` is where the files are, as the disk is what is measured.

#[path = "sqlite/by_hand.rs"]
mod by_hand;
#[allow(dead_code)] // Other benches use the rest.
mod contestants;
#[path = "sqlite/file.rs"]
mod file;
#[path = "sqlite/many.rs"]
mod many;
#[path = "sqlite/years.rs"]
mod years;

use std::path::Path;
use std::time::{Duration, Instant};

use by_hand::SqlByHand;
use contestants::{LOTS, Request, Workload, maker};
use file::ScripFile;
use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{Ledger, ProfileId};

const PROFILES: u32 = 100_000;
const ONE_BY_ONE: usize = 2_000;
const GROUPED: usize = 100_000;
const GROUP: usize = 1_000;
const ROUNDS: usize = 3;

/// Someone who runs requests in a file.
trait InFile {
    /// Each in a transaction of its own.
    fn one_by_one(&mut self, requests: &[Request]);
    /// So many in one transaction.
    fn grouped(&mut self, requests: &[Request]);
    /// Checks that no cent appeared or vanished, and says how much was redeemed, in cents.
    fn check(&mut self) -> i64;
}

fn main() {
    let is_asked = |part: &str| std::env::args().any(|argument| argument == part);
    // `cargo test --benches` only wants to know that it starts.
    if is_asked("--test") {
        return;
    }
    let disk = std::env::var("SCRIP_BENCH_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = tempfile::tempdir_in(disk).unwrap();
    let owned = SqliteOptions::new().resident(2 * PROFILES as usize);
    if is_asked("callers") {
        many::compare(folder.path(), PROFILES, &owned);
    } else if is_asked("years") {
        years::compare(folder.path());
    } else if is_asked("large") {
        large(&folder.path().join("large.sqlite"));
    } else {
        compare(folder.path(), &owned);
    }
}

fn compare(folder: &Path, owned: &SqliteOptions) {
    let workload = Workload::new(PROFILES, ONE_BY_ONE + GROUPED);
    println!("W({PROFILES}) in a file, every commit flushed; requests a second, {ROUNDS} rounds");
    let shared = SqliteOptions::new().resident(0);
    let path = |name: &str, round: usize| folder.join(format!("{name} {round}.sqlite"));
    let mut rates: [Vec<[f64; 2]>; 4] = Default::default();
    let mut imports = Vec::new();
    for round in 0..ROUNDS {
        let mut plain = SqlByHand::set_up(&path("plain", round), &workload, false);
        let mut tuned = SqlByHand::set_up(&path("tuned", round), &workload, true);
        let (mut own, took) = ScripFile::set_up(&path("owned", round), &workload, owned.clone());
        imports.push(f64::from(PROFILES) * LOTS as f64 * 60.0 / took.as_secs_f64());
        let (mut share, _) = ScripFile::set_up(&path("shared", round), &workload, shared.clone());
        let all: [&mut dyn InFile; 4] = [&mut plain, &mut tuned, &mut own, &mut share];
        for (contestant, rates) in all.into_iter().zip(&mut rates) {
            rates.push(run(contestant, &workload));
        }
    }
    let names = ["SQL by hand", "SQL by hand, tuned", "scrip, owning the file", "scrip, sharing the file"];
    println!(
        "{:26} {:>10} {:>9} {:>10} {:>9} {:>14}",
        "", "one by one", "÷ by hand", "grouped", "÷ by hand", "÷ tuned"
    );
    for (name, own) in names.iter().zip(&rates) {
        let over = |which: usize, other: usize| {
            median(own.iter().zip(&rates[other]).map(|(own, other)| own[which] / other[which]))
        };
        println!(
            "{name:26} {:>10.0} {:>9.2} {:>10.0} {:>9.2} {:>14.2}",
            median(own.iter().map(|rate| rate[0])),
            over(0, 0),
            median(own.iter().map(|rate| rate[1])),
            over(1, 0),
            over(1, 1),
        );
    }
    println!("goals: one by one 1.4; grouped 5 owning the file and 2 sharing it");
    println!("importing: {:.0} rewards a minute (goal: 1 000 000)\n", median(imports.into_iter()));
}

/// Requests a second, one by one and grouped.
fn run(contestant: &mut dyn InFile, workload: &Workload) -> [f64; 2] {
    let (single, grouped) = workload.requests.split_at(ONE_BY_ONE);
    let start = Instant::now();
    contestant.one_by_one(single);
    let first = start.elapsed();
    let start = Instant::now();
    grouped.chunks(GROUP).for_each(|group| contestant.grouped(group));
    let second = start.elapsed();
    let requested: i64 = workload.requests.iter().map(|request| request.cents).sum();
    assert_eq!(contestant.check(), requested, "every request was met to the cent");
    let rate = |count: usize, took: Duration| count as f64 / took.as_secs_f64();
    [rate(single.len(), first), rate(grouped.len(), second)]
}

/// A file of a million profiles: how long it takes to fill, and to open; how much of it an account and an entry are.
fn large(path: &Path) {
    const PROFILES: u32 = 1_000_000;
    let workload = Workload::new(PROFILES, GROUPED);
    let (mut file, took) = ScripFile::set_up(path, &workload, SqliteOptions::new());
    let rewards = f64::from(PROFILES) * LOTS as f64;
    let full = size(path);
    println!(
        "{PROFILES} profiles of {LOTS} rewards: {:.0} rewards a minute, {} MiB, {:.0} bytes a profile",
        rewards * 60.0 / took.as_secs_f64(),
        full >> 20,
        full as f64 / f64::from(PROFILES),
    );
    workload.requests.chunks(GROUP).for_each(|group| file.grouped(group));
    let requested: i64 = workload.requests.iter().map(|request| request.cents).sum();
    assert_eq!(file.check(), requested, "every request was met to the cent");
    drop(file);
    println!("{:.0} bytes a redemption", (size(path) - full) as f64 / GROUPED as f64);
    let start = Instant::now();
    let mut ledger = Ledger::new(maker::program(), SqliteStore::open(path).unwrap());
    let opened = start.elapsed();
    let start = Instant::now();
    let id = ProfileId::new(&Workload::name(654_321)).unwrap();
    ledger.at(maker::now()).balances(id).unwrap();
    println!("opened in {opened:?}; a first balance in {:?}", start.elapsed());
}

/// With what is still in the log.
fn size(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let count = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    count("page_count").unwrap() * count("page_size").unwrap()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
