//! What each job costs, beside redeeming alone.

use std::time::{Duration, Instant};

use super::{JOBS, Job, Made};
use crate::contestants::Workload;
use crate::contestants::till::Till;

const SIZES: [(u32, usize); 2] = [(1_000, 5), (1_000_000, 1)];
const REQUESTS: usize = 500_000;

pub(crate) fn print() {
    for (profiles, rounds) in SIZES {
        let workload = Workload::new(profiles, REQUESTS);
        let mut nanos = vec![Vec::new(); JOBS.len()];
        for _ in 0..rounds {
            for ((_, job), nanos) in JOBS.iter().zip(&mut nanos) {
                nanos.push(round(&workload, *job).as_secs_f64() * 1e9 / REQUESTS as f64);
            }
        }
        println!("Afterwards: W({profiles}), {REQUESTS} requests, {rounds} rounds");
        println!("{:24} {:>8} {:>10}", "", "ns each", "÷ redeem");
        for ((name, _), own) in JOBS.iter().zip(&nanos) {
            let ratios = own.iter().zip(&nanos[0]).map(|(own, redeem)| own / redeem);
            println!("{name:24} {:>8.0} {:>10.2}", median(own.iter().copied()), median(ratios));
        }
        println!();
    }
}

fn round(workload: &Workload, job: Job) -> Duration {
    let (mut till, mut made) = (Till::set_up(workload), Made::default());
    let start = Instant::now();
    let kept: i64 = workload.requests.iter().map(|request| job(&mut till, &mut made, *request)).sum();
    let took = start.elapsed();
    assert_eq!(till.check(), kept, "what stays redeemed, to the cent");
    took
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
