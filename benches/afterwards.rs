//! What holding, capturing and returning cost, beside redeeming, in the same run on the same requests.
//!
//! `cargo bench --bench afterwards` prints a table: nanoseconds for each request of the workload, and how many redemptions
//! that is. Before a figure is printed, every account has been checked to add up, and what is redeemed net of what came
//! back to be what was asked for.

#[allow(dead_code)] // The other bench runs the rest.
mod contestants;

use std::time::{Duration, Instant};

use contestants::ledger::{OneByOne, cents};
use contestants::{Contestant, Request, Workload};
use scrip::{CaptureHold, Command, RedemptionId, ReturnRedemption};

const SIZES: [(u32, usize); 2] = [(1_000, 5), (1_000_000, 1)];
const REQUESTS: usize = 500_000;

/// What is done for each request; answers what stays redeemed of it, in cents.
type Job = fn(&mut OneByOne, &mut Made, Request) -> i64;

/// The redemptions so far, for those that return to one of them.
#[derive(Default)]
struct Made {
    redemptions: Vec<(RedemptionId, Request)>,
    requests: usize,
}

const JOBS: [(&str, Job); 5] = [
    ("redeem", redeem),
    ("hold, capture all", hold_and_capture),
    ("hold, capture half", hold_and_capture_half),
    ("redeem, return half", redeem_and_return),
    ("W, one in ten a return", one_in_ten_returns),
];

fn main() {
    for (profiles, rounds) in SIZES {
        let workload = Workload::new(profiles, REQUESTS);
        let mut nanos = vec![Vec::new(); JOBS.len()];
        for _ in 0..rounds {
            for ((_, job), nanos) in JOBS.iter().zip(&mut nanos) {
                nanos.push(round(&workload, *job).as_secs_f64() * 1e9 / REQUESTS as f64);
            }
        }
        println!("W({profiles}), {REQUESTS} requests, {rounds} rounds");
        println!("{:24} {:>8} {:>10}", "", "ns each", "÷ redeem");
        for ((name, _), own) in JOBS.iter().zip(&nanos) {
            let ratios = own.iter().zip(&nanos[0]).map(|(own, redeem)| own / redeem);
            println!("{name:24} {:>8.0} {:>10.2}", median(own.iter().copied()), median(ratios));
        }
        println!();
    }
}

fn round(workload: &Workload, job: Job) -> Duration {
    let (mut ledger, mut made) = (OneByOne::set_up(workload), Made::default());
    let start = Instant::now();
    let kept: i64 = workload.requests.iter().map(|request| job(&mut ledger, &mut made, *request)).sum();
    let took = start.elapsed();
    assert_eq!(ledger.check(workload), kept, "what stays redeemed, to the cent");
    took
}

fn redeem(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    let command = ledger.redeem(request);
    ledger.commit(request.profile, &command);
    request.cents
}

fn hold_and_capture(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    capture(ledger, request, request.cents)
}

fn hold_and_capture_half(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    capture(ledger, request, half(request))
}

fn redeem_and_return(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    let command = ledger.redeem(request);
    let redemption = ledger.commit(request.profile, &command).id;
    request.cents - give_back(ledger, redemption, request)
}

/// Every tenth request returns half of the redemption that was made five requests before it.
fn one_in_ten_returns(ledger: &mut OneByOne, made: &mut Made, request: Request) -> i64 {
    made.requests += 1;
    let earlier = made.redemptions.len().checked_sub(5).map(|place| made.redemptions[place]);
    if let (true, Some((redemption, earlier))) = (made.requests.is_multiple_of(10), earlier) {
        return -give_back(ledger, redemption, earlier);
    }
    let command = ledger.redeem(request);
    let redemption = ledger.commit(request.profile, &command).id;
    made.redemptions.push((redemption, request));
    request.cents
}

fn capture(ledger: &mut OneByOne, request: Request, part: i64) -> i64 {
    let command = ledger.hold(request);
    let hold = ledger.commit(request.profile, &command).id;
    let capture = Command::new(ledger.now, CaptureHold::part(hold, cents(part)));
    ledger.commit(request.profile, &capture);
    part
}

fn give_back(ledger: &mut OneByOne, redemption: RedemptionId, request: Request) -> i64 {
    let part = half(request);
    let back = Command::new(ledger.now, ReturnRedemption::strict(redemption, cents(part)));
    ledger.commit(request.profile, &back);
    part
}

fn half(request: Request) -> i64 {
    (request.cents + 1) / 2
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
