//! How much memory a million profiles take: the accounts with their lots alone, before any history; and in the store, with its
//! index and the journal of what they were issued.

use std::process::Command;

use scrip::ProfileId;
use scrip::account::Account;
use scrip::store::{Change, CommitStatus, Need, Owner, View, Work};

use crate::contestants::till::Till;
use crate::contestants::{LOTS, Workload};

const PROFILES: u32 = 1_000_000;
/// Accounts are made so many at a time where they alone are counted.
const CHUNK: u32 = 1_000;

/// The first argument of a process that takes memory and says how much: what counts is the most that it ever had.
const MEMORY: &str = "memory-of";

/// If this process was started to take memory, it does so and is done.
pub(crate) fn was_measured() -> bool {
    let mut arguments = std::env::args().skip(1);
    let (asked, what) = (arguments.next(), arguments.next());
    if asked.as_deref() != Some(MEMORY) {
        return false;
    }
    let took = match what.as_deref() {
        Some("store") => take_store(),
        _ => take_accounts(),
    };
    println!("{}", took.unwrap_or_default());
    true
}

pub(crate) fn print() {
    if peak().is_none() {
        println!("Memory: only Linux says how much a process had\n");
        return;
    }
    println!("Memory: {PROFILES} profiles with {LOTS} lots each, at most");
    for (what, name) in
        [("accounts", "accounts and lots"), ("store", "the same in the store, with a journal")]
    {
        let this = std::env::current_exe().unwrap();
        let output = Command::new(this).args([MEMORY, what]).output().unwrap();
        let took: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        println!("{name:38} {:>6} MiB {:>6} bytes each", took >> 20, took / u64::from(PROFILES));
    }
    println!();
}

fn take_store() -> Option<u64> {
    let workload = Workload::new(PROFILES, 0);
    let before = peak()?;
    let till = Till::set_up(&workload);
    let most = peak()?;
    assert_eq!(till.check(), 0);
    Some(most - before)
}

fn take_accounts() -> Option<u64> {
    let workload = Workload::new(CHUNK, 0);
    let before = peak()?;
    let needs = workload.names.iter().map(|name| Need::of(Owner::Profile(ProfileId::new(name).unwrap())));
    let mut copies = Copies { needs: needs.collect(), accounts: Vec::with_capacity(PROFILES as usize) };
    for _ in 0..PROFILES / CHUNK {
        Till::set_up(&workload).look(&mut copies);
    }
    assert_eq!(copies.accounts.len(), PROFILES as usize);
    assert!(copies.accounts.iter().all(Account::is_conserved));
    Some(peak()? - before)
}

/// Copies every account that it is shown.
struct Copies {
    needs: Vec<Need>,
    accounts: Vec<Account>,
}

impl Work for Copies {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        self.accounts.push(view.first.clone());
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}

/// The most memory that the process had so far, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
