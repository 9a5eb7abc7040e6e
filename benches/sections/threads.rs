//! Threads over one store: each on profiles of its own, all on all of them, most on a few, all on one; and a thousand on one,
//! as on a gift card that a thousand tills share.

use std::thread;
use std::time::{Duration, Instant};

use super::Shop;
use crate::contestants::Random;

const PROFILES: usize = 100_000;
/// For each thread, or for all together where there are many.
const REQUESTS: usize = 300_000;
const MANY: usize = 1_000;
const ROUNDS: usize = 3;
/// Every so many requests one is timed by itself.
const SAMPLE: usize = 16;
/// How unequal the skewed load is.
const ZIPF: f64 = 0.99;

/// Which profile a thread turns to next.
type Pick<'a> = &'a (dyn Fn(&mut Random, usize, usize) -> usize + Sync);

pub(crate) fn print() {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("Threads: {PROFILES} profiles, {cores} cores; redemptions a second, and how long one took");
    println!(
        "{:14} {:>7} {:>12} {:>7} {:>9} {:>9} {:>9}",
        "", "threads", "a second", "÷ one", "p50 ns", "p99 ns", "p99.9 ns"
    );
    let shares = Zipf::new(PROFILES);
    let own = |random: &mut Random, thread: usize, threads: usize| {
        below(random, PROFILES / threads) * threads + thread
    };
    let few: Vec<usize> = [1, 2, 4].into_iter().filter(|threads| *threads <= cores.max(2)).collect();
    let many: Vec<usize> = few.iter().copied().chain([MANY]).collect();
    let loads: [(&str, Pick<'_>, bool, &[usize]); 5] = [
        ("own profiles", &own, false, &few),
        ("own, keyed", &own, true, &few),
        ("uniform", &|random, _, _| below(random, PROFILES), false, &few),
        ("Zipf 0.99", &|random, _, _| shares.pick(random), false, &few),
        ("one profile", &|_, _, _| 0, false, &many),
    ];
    for (name, pick, is_keyed, counts) in loads {
        let mut alone = 0.0;
        for &threads in counts {
            let (rate, mut nanos) = best(threads, pick, is_keyed);
            nanos.sort_unstable();
            let at = |share: f64| nanos[((nanos.len() - 1) as f64 * share) as usize];
            if threads == 1 {
                alone = rate;
            }
            println!(
                "{name:14} {threads:>7} {rate:>12.0} {:>7.2} {:>9} {:>9} {:>9}",
                rate / alone,
                at(0.5),
                at(0.99),
                at(0.999)
            );
        }
    }
    println!();
}

/// The best of some rounds: redemptions a second, and what single ones took.
fn best(threads: usize, pick: Pick<'_>, is_keyed: bool) -> (f64, Vec<u64>) {
    let mut shop = Shop::new(PROFILES, 1);
    let rounds = (0..ROUNDS).map(|number| round(&shop, threads, pick, is_keyed.then_some(number)));
    let rounds: Vec<_> = rounds.collect();
    shop.check(ROUNDS * threads * each(threads));
    rounds.into_iter().max_by(|(one, _), (other, _)| one.total_cmp(other)).unwrap()
}

fn each(threads: usize) -> usize {
    if threads < MANY { REQUESTS } else { REQUESTS / threads }
}

/// Each thread's requests are built as they are sent, under keys of this round's if there is its number.
fn round(shop: &Shop, threads: usize, pick: Pick<'_>, keyed: Option<usize>) -> (f64, Vec<u64>) {
    let profiles = |thread: usize| -> Vec<usize> {
        let mut random = Random(42 + thread as u64);
        (0..each(threads)).map(|_| pick(&mut random, thread, threads)).collect()
    };
    let lists: Vec<_> = (0..threads).map(profiles).collect();
    let ledgers: Vec<_> = (0..threads).map(|_| shop.ledger.clone()).collect();
    let start = Instant::now();
    let nanos = thread::scope(|scope| {
        let running: Vec<_> = lists
            .iter()
            .zip(ledgers)
            .map(|(profiles, mut ledger)| {
                scope.spawn(move || {
                    let mut nanos = Vec::with_capacity(profiles.len() / SAMPLE + 1);
                    for (request, profile) in profiles.iter().enumerate() {
                        let start = request.is_multiple_of(SAMPLE).then(Instant::now);
                        let command = match keyed {
                            Some(round) => shop.keyed_cent(*profile, round * REQUESTS + request),
                            None => shop.cent(*profile),
                        };
                        ledger.run(&command).unwrap();
                        nanos.extend(start.map(|start| nanoseconds(start.elapsed())));
                    }
                    nanos
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    ((threads * each(threads)) as f64 / start.elapsed().as_secs_f64(), nanos)
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

fn below(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.below(count as u64)).unwrap()
}

/// The first profile has the largest share, the second 2^-0.99 of that, and so on.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        Self(
            (1..=count)
                .map(|rank| {
                    sum += (rank as f64).powf(-ZIPF);
                    sum
                })
                .collect(),
        )
    }

    fn pick(&self, random: &mut Random) -> usize {
        let share = random.next() as f64 / u64::MAX as f64 * self.0[self.0.len() - 1];
        self.0.partition_point(|sum| *sum < share).min(self.0.len() - 1)
    }
}
