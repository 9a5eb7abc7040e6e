//! The instructions that each thing takes which users ask of the ledger, counted by callgrind: with one compiler, a count
//! repeats where a time does not, so that a change which makes the ledger slower is seen on any machine, however busy.
//!
//! `cargo bench --bench instructions` prints the counts beside their budgets, and fails where one is exceeded. It needs
//! valgrind; without it it says so (and fails if `SCRIP_REQUIRE_VALGRIND` is set).
//!
//! Building the request is counted, as users do it for each: the profile's id from its text (5 bytes for half of the
//! profiles, 40 for the others), a decimal amount, a key formatted anew. Not counted are the first lots, the lots that a
//! profile is issued before it runs out, and the check that the balances are right to the cent, which comes before a
//! figure is printed.
//!
//! A count is the same on every run: the seeds of the maps are made from addresses, which valgrind hands out alike. Other
//! code has other addresses, and so other lengths of look-ups, which is less than a thousandth of a count.
//! Incremental compilation (`CARGO_INCREMENTAL=1`) inlines less: its counts are up to six per cent higher.
//!
//! `-- count "redeem typed" 1000000 5000000` only runs one of the rows, with so many profiles and requests: for a profiler.

#[allow(dead_code)] // Other benches use the rest.
mod calls;
#[allow(dead_code)]
mod contestants;

use std::collections::HashSet;
use std::process::{Command, ExitCode};

use calls::{Open, lapsing, many, single};
use contestants::till::Till;
use contestants::{LOT_CENTS, LOTS, Random, Request, Workload};

const PROFILES: u32 = 1_000;
/// Requests go in portions: before each, the profiles that would run out are issued more.
const PORTION: usize = many::BATCH;
const REQUESTS: usize = 5 * PORTION;

struct Row {
    name: &'static str,
    /// The most instructions that one may take: a hundredth above what was counted when it was set.
    budget: u64,
    /// What a change that makes the ledger quicker should reach: at most, and ideally.
    aim: Option<(u64, u64)>,
    open: Open,
    repeats: Repeats,
    /// What a request that is carried out adds to the profile's balance, in cents.
    adds: fn(Request) -> i64,
}

/// Which requests repeat an earlier one, key and all.
#[derive(Clone, Copy, PartialEq)]
enum Repeats {
    None,
    /// One in twenty repeats one of the two thousand before it.
    Some,
    /// Each portion is sent twice, and the second time is counted.
    All,
}

static ROWS: [Row; 16] = [
    Row {
        name: "redeem typed",
        budget: 4_885,
        aim: Some((2_500, 1_500)),
        open: |till| single::each(till, single::typed),
        repeats: Repeats::None,
        adds: redeems,
    },
    Row {
        name: "redeem as Request",
        budget: 5_330,
        aim: Some((2_900, 1_700)),
        open: |till| single::each(till, single::as_request),
        repeats: Repeats::None,
        adds: redeems,
    },
    Row {
        name: "redeem under a key",
        budget: 7_825,
        aim: Some((3_500, 2_300)),
        open: |till| single::each(till, single::keyed),
        repeats: Repeats::Some,
        adds: redeems,
    },
    Row {
        name: "a replay of it",
        budget: 7_775,
        aim: Some((3_000, 1_800)),
        open: |till| single::each(till, single::keyed),
        repeats: Repeats::All,
        adds: redeems,
    },
    Row {
        name: "issue",
        budget: 7_315,
        aim: Some((2_700, 1_600)),
        open: |till| single::each(till, single::issue),
        repeats: Repeats::None,
        adds: issues,
    },
    Row {
        name: "issue with an external id",
        budget: 11_010,
        aim: Some((4_500, 2_800)),
        open: |till| single::each(till, single::issue_external),
        repeats: Repeats::None,
        adds: issues,
    },
    Row {
        name: "hold, capture all",
        budget: 14_575,
        aim: Some((6_000, 4_000)),
        open: |till| single::each(till, single::hold_and_capture),
        repeats: Repeats::None,
        adds: redeems,
    },
    Row {
        name: "redeem, return part",
        budget: 27_180,
        aim: Some((7_000, 4_500)),
        open: |till| single::each(till, single::redeem_and_return),
        repeats: Repeats::None,
        adds: |request| single::returned(request) - request.cents,
    },
    Row {
        name: "quote",
        budget: 4_680,
        aim: Some((2_600, 1_500)),
        open: |till| single::each(till, single::quote),
        repeats: Repeats::None,
        adds: |_| 0,
    },
    Row {
        name: "balances",
        budget: 1_795,
        aim: Some((1_200, 600)),
        open: |till| single::each(till, single::balances),
        repeats: Repeats::None,
        adds: |_| 0,
    },
    Row {
        name: "redeem from JSON under a key",
        budget: 15_805,
        aim: None,
        open: single::from_json,
        repeats: Repeats::Some,
        adds: redeems,
    },
    // As one by one, and half of it.
    Row {
        name: "keyed in a batch of 1 024",
        budget: 7_545,
        aim: Some((3_500, 1_750)),
        open: many::keyed,
        repeats: Repeats::Some,
        adds: redeems,
    },
    Row {
        name: "as Request in a batch",
        budget: 5_045,
        aim: None,
        open: many::as_request,
        repeats: Repeats::None,
        adds: redeems,
    },
    Row {
        name: "mixed in a batch",
        budget: 9_655,
        aim: None,
        open: many::mixed,
        repeats: Repeats::Some,
        adds: |request| if many::is_redemption(request) { redeems(request) } else { issues(request) },
    },
    Row {
        name: "keyed through AsyncLedger",
        budget: 7_810,
        aim: None,
        open: single::awaited,
        repeats: Repeats::Some,
        adds: redeems,
    },
    Row {
        name: "keyed through GroupCommit",
        budget: 11_395,
        aim: None,
        open: many::grouped,
        repeats: Repeats::Some,
        adds: redeems,
    },
];

/// A sale and a redemption, with so many lots that lapse without activity (rule T9).
static ACTIVITY: [(&str, u32); 2] =
    [("activity, ten lots that lapse", 10), ("activity, 10 000 of them", 10_000)];
const ACTIVITIES: u32 = 500;

const fn redeems(request: Request) -> i64 {
    -request.cents
}

const fn issues(_: Request) -> i64 {
    LOT_CENTS
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("count") {
        let name = arguments.next().unwrap();
        let mut size = || arguments.next().and_then(|size| size.parse().ok());
        let (profiles, requests) =
            (size().unwrap_or(PROFILES), size().map_or(REQUESTS, |size| size as usize));
        if let Some((_, lots)) = ACTIVITY.iter().find(|(known, _)| *known == name) {
            let running = std::thread::spawn(|| lapsing::run(*lots, ACTIVITIES, counted));
            return ExitCode::from(u8::from(running.join().is_err()));
        }
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        // The stack of a thread begins with a page, that of the process wherever its environment ends: and how many
        // instructions a copy takes depends on the alignment.
        let running = std::thread::spawn(move || run(row, profiles, requests));
        return ExitCode::from(u8::from(running.join().is_err()));
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("NOT COUNTED: valgrind is not installed");
        return ExitCode::from(u8::from(std::env::var_os("SCRIP_REQUIRE_VALGRIND").is_some()));
    }
    println!("Instructions for each, {PROFILES} profiles");
    println!("{:30} {:>8} {:>8} {:>16}", "", "each", "budget", "at most / aim");
    let is_within = ROWS.each_ref().map(|row| {
        let each = count(row.name) / REQUESTS as u64;
        let aim = row.aim.map_or(String::new(), |(most, aim)| format!("{most} / {aim}"));
        let verdict = if each <= row.budget { "" } else { "  EXCEEDED" };
        println!("{:30} {each:>8} {:>8} {aim:>16}{verdict}", row.name, row.budget);
        each <= row.budget
    });
    let [few, many] = ACTIVITY.map(|(name, _)| {
        let each = count(name) / u64::from(ACTIVITIES);
        println!("{name:30} {each:>8}");
        each
    });
    // It costs the same however many lots it keeps.
    let is_flat = many * 5 <= few * 6;
    if !is_flat {
        println!("{many} are more than 1.2 times {few}  EXCEEDED");
    }
    ExitCode::from(u8::from(is_within.contains(&false) || !is_flat))
}

/// Runs a row in this program under callgrind, which counts what `counted` does.
fn count(name: &str) -> u64 {
    let this = std::env::current_exe().unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(this)
        .args(["count", name])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}:\n{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok()).filter(|count| *count > 0);
    count.unwrap_or_else(|| panic!("callgrind counted nothing:\n{said}"))
}

fn run(row: &Row, profiles: u32, requests: usize) {
    let mut workload = Workload::with_names(profiles, requests, short_or_long);
    if row.repeats == Repeats::Some {
        repeat_some(&mut workload.requests);
    }
    let mut till = Till::set_up(&workload);
    let mut call = (row.open)(&till);
    let mut books = Books::new(profiles);
    let mut refused = Vec::new();
    for portion in workload.requests.chunks(PORTION) {
        books.top_up(&mut till, portion);
        if row.repeats == Repeats::All {
            call.send(&till, portion, &mut refused);
        }
        call.receive(&till, portion);
        counted(&mut || {
            for requests in portion.chunks(call.at_once()) {
                call.send(&till, requests, &mut refused);
            }
        });
        assert!(refused.is_empty(), "all have enough");
        portion.iter().for_each(|request| books.enter(*request, row.adds));
    }
    books.check(&mut till);
}

#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

/// An id of 5 bytes for the even profiles, and of 40 for the odd.
fn short_or_long(profile: u32) -> String {
    if profile.is_multiple_of(2) { format!("p{profile:04}") } else { format!("customer-{profile:031}") }
}

/// Makes one request in twenty the same as one of the two thousand before it.
fn repeat_some(requests: &mut [Request]) {
    let mut random = Random(7);
    for place in (20..requests.len()).step_by(20) {
        let back = 1 + usize::try_from(random.below((2 * PORTION).min(place) as u64)).unwrap();
        requests[place] = requests[place - back];
    }
}

/// What each profile should have, in cents.
struct Books {
    balances: Vec<i64>,
    carried_out: HashSet<u64>,
}

impl Books {
    fn new(profiles: u32) -> Self {
        Self { balances: vec![LOTS as i64 * LOT_CENTS; profiles as usize], carried_out: HashSet::new() }
    }

    /// Issues lots to the profiles of which a portion of the requests asks for more than they have.
    fn top_up(&mut self, till: &mut Till, portion: &[Request]) {
        let mut asked = vec![0; self.balances.len()];
        portion.iter().for_each(|request| asked[request.profile as usize] += request.cents);
        for ((profile, asked), balance) in (0..).zip(asked).zip(&mut self.balances) {
            while *balance < asked {
                till.top_up(profile);
                *balance += LOTS as i64 * LOT_CENTS;
            }
        }
    }

    /// A request that was carried out; one that repeats another changes nothing.
    fn enter(&mut self, request: Request, adds: fn(Request) -> i64) {
        if self.carried_out.insert(request.number) {
            self.balances[request.profile as usize] += adds(request);
        }
    }

    fn check(&self, till: &mut Till) {
        for (profile, balance) in (0..).zip(&self.balances) {
            assert_eq!(
                till.balance(profile),
                *balance,
                "profile {profile}: what was issued less what was redeemed"
            );
        }
        till.check();
    }
}
