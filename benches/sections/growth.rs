//! What a redemption costs as an account grows: in lots, and in history.

use std::time::Instant;

use super::Shop;

const ACCOUNTS: usize = 100;
const KEYED_ACCOUNTS: usize = 10;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 9;

pub(crate) fn print() {
    println!("Growth: ns for a redemption from the front, and against the first line");
    line_up("live lots", &[1, 8, 64, 1_000, 10_000], |lots| measure(lots, 0));
    line_up("past redemptions", &[0, 1_000, 100_000], |past| measure(8, past));
    line_up("the same, keyed", &[0, 1_000, 100_000], measure_keyed);
    println!();
}

fn line_up(what: &str, sizes: &[usize], measure: impl Fn(usize) -> f64) {
    let nanos: Vec<f64> = sizes.iter().map(|size| measure(*size)).collect();
    for (size, own) in sizes.iter().zip(&nanos) {
        println!("{size:>9} {what:18} {own:>8.0} {:>8.2}", own / nanos[0]);
    }
}

fn measure(lots: usize, past: usize) -> f64 {
    let mut shop = Shop::new(ACCOUNTS, lots);
    let commands: Vec<_> = (0..ACCOUNTS).map(|profile| shop.cent(profile)).collect();
    let best = best(past * ACCOUNTS, |count| {
        for request in 0..count {
            shop.ledger.run(&commands[request % ACCOUNTS]).unwrap();
        }
    });
    shop.check(past * ACCOUNTS + ROUNDS * REQUESTS);
    best
}

/// Each under a key of its own, which is kept: so on fewer accounts.
fn measure_keyed(past: usize) -> f64 {
    let mut shop = Shop::new(KEYED_ACCOUNTS, 8);
    let mut number = 0;
    let best = best(past * KEYED_ACCOUNTS, |count| {
        for request in 0..count {
            let command = shop.keyed_cent(request % KEYED_ACCOUNTS, number);
            shop.ledger.run(&command).unwrap();
            number += 1;
        }
    });
    shop.check(past * KEYED_ACCOUNTS + ROUNDS * REQUESTS);
    best
}

/// The best of some rounds after a history: what the work costs, rather than the weather.
fn best(past: usize, mut run: impl FnMut(usize)) -> f64 {
    run(past);
    let best = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run(REQUESTS);
        start.elapsed().as_secs_f64() * 1e9 / REQUESTS as f64
    });
    best.fold(f64::INFINITY, f64::min)
}
