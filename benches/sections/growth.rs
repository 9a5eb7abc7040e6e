//! What a redemption costs as an account grows: in lots, and in history.

use std::time::Instant;

use super::Shop;

const ACCOUNTS: usize = 100;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 9;

pub(crate) fn print() {
    println!("Growth: ns for a redemption from the front, and against the first line");
    line_up("live lots", &[1, 8, 64, 1_000, 10_000], |lots| measure(lots, 0));
    line_up("past redemptions", &[0, 1_000, 100_000], |past| measure(8, past));
    println!();
}

fn line_up(what: &str, sizes: &[usize], measure: impl Fn(usize) -> f64) {
    let nanos: Vec<f64> = sizes.iter().map(|size| measure(*size)).collect();
    for (size, own) in sizes.iter().zip(&nanos) {
        println!("{size:>9} {what:18} {own:>8.0} {:>8.2}", own / nanos[0]);
    }
}

/// The best of some rounds: what the work costs, rather than the weather.
fn measure(lots: usize, past: usize) -> f64 {
    let mut shop = Shop::new(ACCOUNTS, lots);
    let commands: Vec<_> = (0..ACCOUNTS).map(|profile| shop.cent(profile)).collect();
    let mut run = |count: usize| {
        for request in 0..count {
            shop.ledger.run(&commands[request % ACCOUNTS]).unwrap();
        }
    };
    run(past * ACCOUNTS);
    let best = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run(REQUESTS);
        start.elapsed().as_secs_f64() * 1e9 / REQUESTS as f64
    });
    let best = best.fold(f64::INFINITY, f64::min);
    shop.check(past * ACCOUNTS + ROUNDS * REQUESTS);
    best
}
