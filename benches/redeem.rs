//! How fast redeeming is, beside what is possible and what people write.
//!
//! `cargo bench --bench redeem` prints a table (memory, the contest at two sizes, holds and returns, growth, threads), and
//! then criterion's measurements of each contestant for detail (`-- --noplot` and other options of criterion go to the
//! second part; `-- table` leaves it out).
//!
//! For the table, each round runs every contestant once, one after the other, on the same requests, and checks that no
//! cent appeared or vanished before anything is printed. Absolute times on a shared machine are weather; the ratios,
//! taken round by round, are climate.

#[allow(dead_code)] // Other benches use the rest.
mod calls;
#[allow(dead_code)]
mod contestants;
mod jobs;
mod sections;

use std::time::{Duration, Instant};

use contestants::by_hand::ByHand;
use contestants::floor::Floor;
use contestants::honest_floor::HonestFloor;
use contestants::{Contestant, SetUp, Workload, round};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};

const SIZES: [(u32, usize); 2] = [(1_000, 5), (1_000_000, 3)];
const REQUESTS: usize = 500_000;

fn main() {
    if sections::memory::was_measured() {
        return;
    }
    sections::memory::print();
    for (profiles, rounds) in SIZES {
        compare(&Workload::new(profiles, REQUESTS), rounds);
    }
    jobs::table::print();
    sections::growth::print();
    sections::threads::print();
    if !std::env::args().any(|argument| argument == "table") {
        let mut criterion = Criterion::default().configure_from_args();
        for (profiles, _) in SIZES {
            detail(&mut criterion, &Workload::new(profiles, REQUESTS));
        }
        criterion.final_summary();
    }
}

/// The contestants beside scrip, in the order in which `compare` refers to them.
const OTHERS: [(&str, SetUp); 4] = [
    ("floor", |workload| Box::new(Floor::set_up(workload))),
    ("honest floor", |workload| Box::new(HonestFloor::set_up(workload))),
    ("by hand", |workload| Box::new(ByHand::set_up(workload))),
    ("by hand, with keys", |workload| Box::new(ByHand::with_keys(workload))),
];

fn compare(workload: &Workload, rounds: usize) {
    let contestants = [&OTHERS[..], &calls::contest::CONTESTANTS].concat();
    let mut nanos = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds {
        for ((_, set_up), nanos) in contestants.iter().zip(&mut nanos) {
            nanos.push(round(workload, *set_up).as_secs_f64() * 1e9 / workload.requests.len() as f64);
        }
    }
    println!("W({}), {} requests, {rounds} rounds", workload.profiles, workload.requests.len());
    println!(
        "{:22} {:>8} {:>16} {:>16} {:>16}",
        "", "ns each", "× honest floor", "by hand ÷ this", "with keys ÷ this"
    );
    for ((name, _), own) in contestants.iter().zip(&nanos) {
        let over = |other: &[f64]| median(own.iter().zip(other).map(|(own, other)| own / other));
        println!(
            "{name:22} {:>8.0} {:>16.2} {:>16.2} {:>16.2}",
            median(own.iter().copied()),
            over(&nanos[1]),
            1.0 / over(&nanos[2]),
            1.0 / over(&nanos[3]),
        );
    }
    println!();
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn detail(criterion: &mut Criterion, workload: &Workload) {
    let mut group = criterion.benchmark_group(format!("W({})", workload.profiles));
    // Records pile up while it runs, so it runs for no longer than it has to.
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for (name, set_up) in OTHERS.into_iter().chain(calls::contest::CONTESTANTS) {
        measure(&mut group, name, set_up, workload);
    }
    group.finish();
}

/// One request is one iteration. A contestant that has run the whole workload is replaced by a fresh one.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, set_up: SetUp, workload: &Workload) {
    let mut state: Option<(Box<dyn Contestant>, usize)> = None;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut left = usize::try_from(iterations).unwrap();
            let mut took = Duration::ZERO;
            while left > 0 {
                let (contestant, done) = state.get_or_insert_with(|| (set_up(workload), 0));
                let batch = left.min(workload.requests.len() - *done);
                let start = Instant::now();
                contestant.run(&workload.requests[*done..*done + batch]);
                took += start.elapsed();
                *done += batch;
                left -= batch;
                if *done == workload.requests.len() {
                    contestant.check(workload);
                    state = None;
                }
            }
            took
        });
    });
}
