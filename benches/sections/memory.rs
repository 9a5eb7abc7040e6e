//! How much memory a million profiles take.

use crate::contestants::ledger::OneByOne;
use crate::contestants::{Contestant as _, LOTS, Workload};

const PROFILES: u32 = 1_000_000;

/// To be called first: what counts is the most that the process ever had.
pub(crate) fn print() {
    let Some(before) = peak() else {
        println!("Memory: only Linux says how much a process had\n");
        return;
    };
    let workload = Workload::new(PROFILES, 0);
    let contestant = OneByOne::set_up(&workload);
    let took = peak().unwrap_or(before) - before;
    assert_eq!(contestant.check(&workload), 0);
    println!("Memory: {PROFILES} profiles with {LOTS} lots each, and the journal of their issue");
    println!("{:>9} MiB at most, {} bytes for each profile\n", took >> 20, took / u64::from(PROFILES));
}

/// The most memory that the process had so far, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
