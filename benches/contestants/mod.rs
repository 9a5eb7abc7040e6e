//! The workload W(P), and everything that runs it: what is possible, what people write, and scrip.
//!
//! `P` profiles with 8 lots of 10.00 each, distinct random expiries within the coming year. For each request: a
//! random profile and a random amount in 0.01..=25.00; when the profile has too little, first 8 lots of 10.00 with
//! later expiries. Every redemption is written down with what each lot gave.

pub(crate) mod by_hand;
pub(crate) mod callers;
pub(crate) mod floor;
pub(crate) mod honest_floor;
pub(crate) mod maker;
pub(crate) mod till;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const LOTS: usize = 8;
pub(crate) const LOT_CENTS: i64 = 1_000;
const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;

/// One request: which profile, how many cents, and the number in its idempotency key.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) profile: u32,
    pub(crate) cents: i64,
    pub(crate) number: u64,
}

impl Request {
    /// The text of its idempotency key.
    pub(crate) fn key(self) -> String {
        format!("till-7-{}", self.number)
    }
}

/// What is to be run: the same for every contestant.
pub(crate) struct Workload {
    pub(crate) profiles: u32,
    /// The ids of the profiles, as requests bring them.
    pub(crate) names: Arc<Vec<String>>,
    pub(crate) requests: Vec<Request>,
    seed: u64,
}

impl Workload {
    pub(crate) fn new(profiles: u32, requests: usize) -> Self {
        Self::with_names(profiles, requests, Self::name)
    }

    pub(crate) fn with_names(profiles: u32, requests: usize, name: impl Fn(u32) -> String) -> Self {
        let mut random = Random(42);
        let requests = (0..requests)
            .map(|number| Request {
                profile: u32::try_from(random.below(u64::from(profiles))).unwrap(),
                cents: i64::try_from(1 + random.below(2_500)).unwrap(),
                number: number as u64,
            })
            .collect();
        let names = Arc::new((0..profiles).map(name).collect());
        Self { profiles, names, requests, seed: random.next() }
    }

    /// The expiries of a profile's first lots, in seconds from the start; distinct.
    pub(crate) fn expiries(&self, profile: u32) -> [i64; LOTS] {
        let mut random = Random(self.seed ^ (u64::from(profile) << 20));
        let mut seconds = [0; LOTS];
        for (index, second) in seconds.iter_mut().enumerate() {
            // A microsecond apart at least, whatever chance says.
            let index = i64::try_from(index).unwrap();
            *second = i64::try_from(1 + random.below(YEAR_SECONDS)).unwrap() * 8 + index;
        }
        seconds
    }

    pub(crate) fn name(profile: u32) -> String {
        format!("profile-{profile:07}")
    }
}

/// The expiries of lots that are issued later: each later than all before.
pub(crate) struct LaterExpiries(i64);

impl LaterExpiries {
    pub(crate) fn new() -> Self {
        Self(i64::try_from(YEAR_SECONDS).unwrap() * 8 + 64)
    }

    pub(crate) fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// Someone who runs the workload.
pub(crate) trait Contestant {
    /// Carries out requests. Timed.
    fn run(&mut self, requests: &[Request]);

    /// Checks that no cent appeared or vanished: all that was issued is left, or was redeemed; and says how much was
    /// redeemed, in cents.
    fn check(&self, workload: &Workload) -> i64;
}

/// Makes a fresh contestant, with every profile's first lots. Not timed.
pub(crate) type SetUp = fn(&Workload) -> Box<dyn Contestant>;

/// Sets up, runs and checks a contestant; answers how long the run took.
pub(crate) fn round(workload: &Workload, set_up: SetUp) -> Duration {
    let mut contestant = set_up(workload);
    let start = Instant::now();
    contestant.run(&workload.requests);
    let took = start.elapsed();
    let redeemed = contestant.check(workload);
    let requested: i64 = workload.requests.iter().map(|request| request.cents).sum();
    assert_eq!(redeemed, requested, "every request was met to the cent");
    took
}

/// A small generator (splitmix64), so that the workload is the same on every machine and for every crate version.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
