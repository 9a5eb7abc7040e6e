//! Many callers at once, each waiting for its answer before it asks for more.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use scrip::Rejection;
use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::store::sqlite::SqliteOptions;

use super::InFile;
use super::by_hand::SqlByHand;
use super::contestants::callers::{Latencies, Queue};
use super::contestants::{Request, Workload};
use super::file::ScripFile;

const CALLERS: [usize; 3] = [1, 16, 64];
const TIME: Duration = Duration::from_secs(4);

/// Prints what each contestant carries out a second, and how long its callers wait: for so many callers after one another,
/// in the same files.
pub(crate) fn compare(folder: &Path, profiles: u32, owned: &SqliteOptions) {
    let workload = Arc::new(Workload::new(profiles, 2_000_000));
    let by_hand = |name: &str, is_tuned| {
        let file = SqlByHand::set_up(&folder.join(name), &workload, is_tuned);
        Locked { file: Arc::new(Mutex::new(file)), cents: 0 }
    };
    let (mut plain, mut tuned) = (by_hand("plain.sqlite", false), by_hand("tuned.sqlite", true));
    let in_group = |name: &str, options: SqliteOptions| {
        let (file, _) = ScripFile::set_up(&folder.join(name), &workload, options);
        Grouped { file: Some(file), cents: 0 }
    };
    let (mut own, mut share) = (
        in_group("owned.sqlite", owned.clone()),
        in_group("shared.sqlite", SqliteOptions::new().resident(0)),
    );
    for callers in CALLERS {
        let results = [
            ("SQL by hand, behind a lock", plain.run(&workload, callers)),
            ("SQL by hand, tuned, behind a lock", tuned.run(&workload, callers)),
            ("scrip, group commit, owning", own.run(&workload, callers)),
            ("scrip, group commit, sharing", share.run(&workload, callers)),
        ];
        println!("{callers} callers at once, for {} s each; milliseconds until an answer", TIME.as_secs());
        println!(
            "{:34} {:>10} {:>9} {:>9}{:>9}{:>9}{:>9}",
            "", "per second", "÷ by hand", "half", "90 %", "99 %", "all"
        );
        let by_hand = results[0].1.0;
        for (name, (rate, latencies)) in &results {
            println!("{name:34} {rate:>10.0} {:>9.2} {}", rate / by_hand, latencies.columns());
        }
        println!();
    }
}

/// One connection that all take turns at, and how many cents were asked of it so far.
struct Locked {
    file: Arc<Mutex<SqlByHand>>,
    cents: i64,
}

impl Locked {
    fn run(&mut self, workload: &Arc<Workload>, callers: usize) -> (f64, Latencies) {
        let shared = Arc::clone(&self.file);
        let (rate, latencies, cents) = measure(workload, callers, move || {
            let file = Arc::clone(&shared);
            move |request| file.lock().unwrap().grouped(&[*request])
        });
        self.cents += cents;
        assert_eq!(self.file.lock().unwrap().check(), self.cents, "every request was met to the cent");
        (rate, latencies)
    }
}

/// A ledger that a group commits to, and how many cents were asked of it so far.
struct Grouped {
    file: Option<ScripFile>,
    cents: i64,
}

impl Grouped {
    fn run(&mut self, workload: &Arc<Workload>, callers: usize) -> (f64, Latencies) {
        let ScripFile { ledger, maker } = self.file.take().unwrap();
        let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
        let driver = thread::spawn(|| driver.run());
        let shared = (group, maker.clone());
        let (rate, latencies, cents) = measure(workload, callers, move || {
            let (group, maker) = shared.clone();
            move |request| {
                while let Err(error) = group.commit(maker.redeem(request)).wait() {
                    assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })));
                    let issues = maker.more(request.profile).map(|issue| group.commit(issue));
                    issues.into_iter().for_each(|issue| drop(issue.wait().unwrap()));
                }
            }
        });
        self.cents += cents;
        let mut file = ScripFile { ledger: driver.join().unwrap(), maker };
        assert_eq!(file.check(), self.cents, "every request was met to the cent");
        self.file = Some(file);
        (rate, latencies)
    }
}

/// The rate, how long each took, and how many cents were asked for.
fn measure<F>(workload: &Arc<Workload>, callers: usize, caller: impl Fn() -> F) -> (f64, Latencies, i64)
where
    F: FnMut(&Request) + Send + 'static,
{
    let queue = Queue::new(workload, TIME);
    let start = Instant::now();
    let threads: Vec<_> = (0..callers)
        .map(|_| {
            let (queue, mut ask) = (queue.clone(), caller());
            thread::spawn(move || {
                let mut took = Vec::new();
                while let [request] = queue.take(1) {
                    let asked = Instant::now();
                    ask(request);
                    took.push(asked.elapsed());
                }
                took
            })
        })
        .collect();
    let latencies: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let (count, cents) = queue.taken();
    (count as f64 / start.elapsed().as_secs_f64(), Latencies::of(latencies), cents)
}
