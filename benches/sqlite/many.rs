//! Many callers at once, each waiting for its answer before it asks for more.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use scrip::store::sqlite::SqliteOptions;
use scrip::{GroupCommit, GroupOptions, Rejection};

use super::InFile;
use super::by_hand::SqlByHand;
use super::contestants::callers::{Latencies, Queue};
use super::contestants::{Request, Workload};
use super::file::ScripFile;

const CALLERS: usize = 64;
const TIME: Duration = Duration::from_secs(5);

/// Prints what each contestant carries out a second, and how long its callers wait.
pub(crate) fn compare(folder: &Path, profiles: u32, owned: &SqliteOptions) {
    let workload = Arc::new(Workload::new(profiles, 2_000_000));
    let plain = SqlByHand::set_up(&folder.join("plain many.sqlite"), &workload, false);
    let tuned = SqlByHand::set_up(&folder.join("tuned many.sqlite"), &workload, true);
    let (own, _) = ScripFile::set_up(&folder.join("owned many.sqlite"), &workload, owned.clone());
    let results = [
        ("SQL by hand, behind a lock", behind_a_lock(plain, &workload)),
        ("SQL by hand, tuned, behind a lock", behind_a_lock(tuned, &workload)),
        ("scrip, group commit", grouped(own, &workload)),
    ];
    println!("{CALLERS} callers at once, for {} s each; milliseconds until an answer", TIME.as_secs());
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

/// One connection that all take turns at.
fn behind_a_lock(file: SqlByHand, workload: &Arc<Workload>) -> (f64, Latencies) {
    let file = Arc::new(Mutex::new(file));
    let shared = Arc::clone(&file);
    let (rate, latencies, cents) = measure(workload, move || {
        let file = Arc::clone(&shared);
        move |request| file.lock().unwrap().grouped(&[*request])
    });
    assert_eq!(file.lock().unwrap().check(), cents, "every request was met to the cent");
    (rate, latencies)
}

fn grouped(file: ScripFile, workload: &Arc<Workload>) -> (f64, Latencies) {
    let ScripFile { ledger, maker } = file;
    let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
    let driver = thread::spawn(|| driver.run());
    let shared = (group, maker.clone());
    let (rate, latencies, cents) = measure(workload, move || {
        let (group, maker) = shared.clone();
        move |request| {
            while let Err(error) = group.commit(maker.redeem(request)).wait() {
                assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })));
                let issues = maker.more(request.profile).map(|issue| group.commit(issue));
                issues.into_iter().for_each(|issue| drop(issue.wait().unwrap()));
            }
        }
    });
    let mut file = ScripFile { ledger: driver.join().unwrap(), maker };
    assert_eq!(file.check(), cents, "every request was met to the cent");
    (rate, latencies)
}

/// The rate, how long each took, and how many cents were asked for.
fn measure<F>(workload: &Arc<Workload>, caller: impl Fn() -> F) -> (f64, Latencies, i64)
where
    F: FnMut(&Request) + Send + 'static,
{
    let queue = Queue::new(workload, TIME);
    let start = Instant::now();
    let threads: Vec<_> = (0..CALLERS)
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
