//! scrip's store, through the public interface.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::store::AsyncStore;
use scrip::store::postgres::{Options, PostgresStore};
use scrip::{AsyncLedger, Error, Rejection};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

use crate::Outcome;
use crate::by_hand::settle;
use crate::cluster::Cluster;
use crate::contestants::callers::{Latencies, Queue};
use crate::contestants::maker::{Maker, define, now, program};
use crate::contestants::till::Audit;
use crate::contestants::{LOTS, Workload};

/// How many profiles get their first lots in one batch.
const IMPORT: usize = 125;

/// A ledger with every profile's first lots.
struct Setting {
    config: Config,
    ledger: AsyncLedger<PostgresStore>,
    maker: Maker,
    /// How long it took to put them in.
    filling: Duration,
}

impl Setting {
    async fn new(cluster: &Cluster, workload: &Workload) -> Self {
        let (config, options) = (cluster.database().await, Options::new());
        PostgresStore::migrate(&config, &options).await.unwrap();
        let store = PostgresStore::connect(&config, &options).await.unwrap();
        let mut ledger = AsyncLedger::new(program(), store);
        let definition = ledger.at(now()).commit(define()).await.unwrap().id;
        let maker = Maker::new(workload, definition);
        let profiles: Vec<u32> = (0..workload.profiles).collect();
        let start = Instant::now();
        for some in profiles.chunks(IMPORT) {
            let commands: Vec<_> = some.iter().flat_map(|profile| maker.first(workload, *profile)).collect();
            assert!(ledger.run_all(&commands).await.iter().all(Result::is_ok));
        }
        let filling = start.elapsed();
        let client = ledger.store().pool().get().await.unwrap();
        settle(&client).await;
        drop(client);
        Self { config, ledger, maker, filling }
    }

    /// What each account says must add up (rule J3), and come to what was asked for.
    async fn check(&mut self, cents: i64) {
        let mut redeemed = 0;
        for ids in self.maker.ids.chunks(1_000) {
            let mut audit = Audit::new(ids);
            self.ledger.store().run(&mut audit).await.unwrap();
            redeemed += audit.redeemed();
        }
        assert_eq!(redeemed, cents, "conservation");
    }

    /// Waits for all callers, checks what they did, and says how it went.
    async fn outcome(
        mut self,
        queue: &Queue,
        start: Instant,
        callers: Vec<JoinHandle<Vec<Duration>>>,
    ) -> Outcome {
        let mut latencies = Vec::new();
        for caller in callers {
            latencies.push(caller.await.unwrap());
        }
        let took = start.elapsed();
        let (count, cents) = queue.taken();
        self.check(cents).await;
        (count as f64 / took.as_secs_f64(), Latencies::of(latencies))
    }
}

fn is_short<E: std::fmt::Debug>(error: &Error<E>) -> bool {
    assert!(
        matches!(error, Error::Rejected(Rejection::InsufficientValue { .. }) | Error::Contention { .. }),
        "{error:?}"
    );
    error.rejection().is_some()
}

/// Each task sends one request after the other.
pub(crate) async fn one_by_one(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    tasks: usize,
    time: Duration,
) -> Outcome {
    let setting = Setting::new(cluster, workload).await;
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let tasks = (0..tasks).map(|_| {
        let (mut ledger, maker, queue) = (setting.ledger.clone(), setting.maker.clone(), queue.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            while let [request] = queue.take(1) {
                let asked = Instant::now();
                let redeem = maker.redeem(request);
                while let Err(error) = ledger.run(&redeem).await {
                    if is_short(&error) {
                        let more = ledger.run_all(&maker.more(request.profile)).await;
                        assert!(more.iter().all(Result::is_ok));
                    }
                }
                took.push(asked.elapsed());
            }
            took
        })
    });
    let tasks = tasks.collect();
    setting.outcome(&queue, start, tasks).await
}

/// Each writer sends so many at once; how long a batch takes.
pub(crate) async fn batches(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    writers: usize,
    size: usize,
    time: Duration,
) -> Outcome {
    let setting = Setting::new(cluster, workload).await;
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let writers = (0..writers).map(|_| {
        let (mut ledger, maker, queue) = (setting.ledger.clone(), setting.maker.clone(), queue.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let mut requests = queue.take(size).to_vec();
                if requests.is_empty() {
                    return took;
                }
                let asked = Instant::now();
                while !requests.is_empty() {
                    let commands: Vec<_> = requests.iter().map(|request| maker.redeem(request)).collect();
                    let answers = ledger.run_all(&commands).await;
                    let mut short = Vec::new();
                    let mut again = Vec::new();
                    for (answer, request) in answers.iter().zip(&requests) {
                        if let Err(error) = answer {
                            again.push(*request);
                            if is_short(error) && !short.contains(&request.profile) {
                                short.push(request.profile);
                            }
                        }
                    }
                    let more: Vec<_> = short.iter().flat_map(|profile| maker.more(*profile)).collect();
                    assert!(ledger.run_all(&more).await.iter().all(Result::is_ok));
                    requests = again;
                }
                took.push(asked.elapsed());
            }
        })
    });
    let writers = writers.collect();
    setting.outcome(&queue, start, writers).await
}

/// Many callers with one request each at a time, which share commits.
pub(crate) async fn grouped(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    callers: usize,
    time: Duration,
) -> Outcome {
    let setting = Setting::new(cluster, workload).await;
    let (group, driver) = GroupCommit::new(setting.ledger.clone(), GroupOptions::default());
    let driver = tokio::spawn(driver.run());
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let tasks = (0..callers).map(|_| {
        let (group, maker, queue) = (group.clone(), setting.maker.clone(), queue.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            while let [request] = queue.take(1) {
                let asked = Instant::now();
                while let Err(error) = group.commit(maker.redeem(request)).await {
                    if is_short(&error) {
                        let more = maker.more(request.profile).map(|issue| group.commit(issue));
                        for issue in more {
                            issue.await.unwrap();
                        }
                    }
                }
                took.push(asked.elapsed());
            }
            took
        })
    });
    let tasks = tasks.collect();
    drop(group);
    let outcome = setting.outcome(&queue, start, tasks).await;
    drop(driver.await.unwrap());
    outcome
}

/// A database of many profiles: how long it takes to fill, how large it is, and how long it takes to open.
pub(crate) async fn large(cluster: &Cluster, workload: &Workload) {
    let mut setting = Setting::new(cluster, workload).await;
    setting.check(0).await;
    let profiles = f64::from(workload.profiles);
    let rewards = profiles * LOTS as f64;
    println!(
        "{profiles} profiles of {LOTS} rewards: {:.0} rewards a minute",
        rewards * 60.0 / setting.filling.as_secs_f64()
    );
    let client = setting.ledger.store().pool().get().await.unwrap();
    let size = "SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_class c
        WHERE c.relnamespace = 'scrip'::regnamespace AND c.relkind = 'r' AND c.reltuples > 0 ORDER BY 2 DESC";
    for row in client.query(size, &[]).await.unwrap() {
        let (table, bytes): (String, i64) = (row.get(0), row.get(1));
        let each = bytes as f64 / if table == "journal" { rewards } else { profiles };
        println!("  {table:10} {:>7} MiB, {each:.0} bytes each", bytes >> 20);
    }
    let start = Instant::now();
    let store = PostgresStore::connect(&setting.config, &Options::new()).await.unwrap();
    let mut ledger = AsyncLedger::new(program(), store);
    let opened = start.elapsed();
    let start = Instant::now();
    ledger.at(now()).balances(setting.maker.ids[setting.maker.ids.len() / 2]).await.unwrap();
    println!("opened in {opened:?}; a first balance in {:?}", start.elapsed());
}
