//! How many instructions a request takes, counted by callgrind: with one compiler, a count repeats where a time does not, so that a change
//! which makes the ledger slower is seen on any machine, however busy.
//!
//! `cargo bench --bench instructions` prints the counts beside their budgets, and fails where one is exceeded. It needs
//! valgrind; without it it says so (and fails if `SCRIP_REQUIRE_VALGRIND` is set).
//!
//! `-- count "redeem" 1000000 5000000` only runs one of the workloads, with so many profiles and requests: for a profiler.

#[allow(dead_code)] // Other benches use the rest.
mod contestants;
#[allow(dead_code)]
mod jobs;

use std::process::{Command, ExitCode};

use contestants::ledger::{Batched, OneByOne};
use contestants::{Contestant, Request, Workload};
use jobs::{JOBS, Made};

const PROFILES: u32 = 1_000;
const REQUESTS: usize = 5_000;

/// What is counted, and the most instructions that a request may take. Each is a twentieth above what was counted when it
/// was set, or less: what costs more than that is a decision, and changes the number here with its reason.
const BUDGETS: [(&str, u64); 6] = [
    // A redemption over 2.2 lots and 0.4 of an issue: the account alone, no key, nothing due, so at once.
    ("redeem", 1_690),
    // The same in batches of 1 024: the waves cost a little, which a large store gives back.
    ("batches", 2_270),
    // Two commands the general way, as a hold is looked up: lent, decided, folded in.
    ("hold, capture all", 14_900),
    // One at once, and a return the general way.
    ("redeem, return half", 24_700),
    // Nine redemptions at once and a return.
    ("W, one in ten a return", 3_750),
    // As all to be captured, and what is left is let go.
    ("hold, capture half", 16_300),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("count") {
        let name = arguments.next().unwrap();
        let mut size = || arguments.next().and_then(|size| size.parse().ok());
        let (profiles, requests) =
            (size().unwrap_or(PROFILES), size().map_or(REQUESTS, |size| size as usize));
        run(&name, profiles, requests);
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("NOT COUNTED: valgrind is not installed");
        return ExitCode::from(u8::from(std::env::var_os("SCRIP_REQUIRE_VALGRIND").is_some()));
    }
    println!("Instructions for each request of W({PROFILES}), and the budget");
    let is_within = BUDGETS.map(|(name, budget)| {
        let each = count(name) / REQUESTS as u64;
        let verdict = if each <= budget { "" } else { "  EXCEEDED" };
        println!("{name:24} {each:>7} {budget:>7}{verdict}");
        each <= budget
    });
    ExitCode::from(u8::from(is_within.contains(&false)))
}

/// Runs a workload in this program under callgrind, which counts what `counted` does.
fn count(name: &str) -> u64 {
    let this = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(this)
        .args(["count", name])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.unwrap_or_else(|| panic!("callgrind counted nothing:\n{said}"));
    count.trim().parse().unwrap()
}

fn run(name: &str, profiles: u32, requests: usize) {
    let workload = Workload::new(profiles, requests);
    if name == "batches" {
        let mut batched = Batched::set_up(&workload);
        counted(|| batched.run(&workload.requests));
        return check(&batched, &workload, workload.requests.iter().map(|request| request.cents).sum());
    }
    let (_, job) = JOBS.into_iter().find(|(job, _)| *job == name).unwrap();
    let (mut ledger, mut made) = (OneByOne::set_up(&workload), Made::default());
    let mut kept = 0;
    counted(|| {
        kept = workload.requests.iter().map(|request: &Request| job(&mut ledger, &mut made, *request)).sum()
    });
    check(&ledger, &workload, kept);
}

#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
}

fn check<C: Contestant>(contestant: &C, workload: &Workload, kept: i64) {
    assert_eq!(contestant.check(workload), kept, "what stays redeemed, to the cent");
}
