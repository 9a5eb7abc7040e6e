//! How fast redeeming is, beside what is possible and what people write.
//!
//! `cargo bench --bench redeem` prints the table. Each round runs every contestant once, one after the other, on the
//! same requests, and checks that no cent appeared or vanished before anything is printed. Absolute times on a shared
//! machine are weather; the ratios, taken round by round, are climate.

mod contestants;

use std::time::Duration;

use contestants::by_hand::ByHand;
use contestants::floor::Floor;
use contestants::honest_floor::HonestFloor;
use contestants::ledger::OneByOne;
use contestants::{Workload, round};

fn main() {
    for (profiles, requests, rounds) in [(1_000, 1_000_000, 7), (1_000_000, 1_000_000, 3)] {
        let workload = Workload::new(profiles, requests);
        compare(&workload, rounds);
    }
}

type Round = fn(&Workload) -> Duration;

fn compare(workload: &Workload, rounds: usize) {
    let contestants: [(&str, Round); 4] = [
        ("floor", round::<Floor>),
        ("honest floor", round::<HonestFloor>),
        ("by hand", round::<ByHand>),
        ("scrip, memory store", round::<OneByOne>),
    ];
    let mut nanos = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds {
        for ((_, run), nanos) in contestants.iter().zip(&mut nanos) {
            nanos.push(run(workload).as_secs_f64() * 1e9 / workload.requests.len() as f64);
        }
    }
    println!("W({}), {} requests, {rounds} rounds", workload.profiles, workload.requests.len());
    println!("{:22} {:>8} {:>16} {:>16}", "", "ns each", "× honest floor", "by hand ×");
    for ((name, _), own) in contestants.iter().zip(&nanos) {
        let over = |other: &[f64]| median(own.iter().zip(other).map(|(own, other)| own / other));
        println!(
            "{name:22} {:>8.0} {:>16.2} {:>16.2}",
            median(own.iter().copied()),
            over(&nanos[1]),
            1.0 / over(&nanos[2]),
        );
    }
    println!();
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
