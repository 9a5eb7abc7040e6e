//! scrip's store, through the public interface.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use scrip::store::postgres::{Options, PostgresStore};
use scrip::store::{AsyncStore, Change, Fate, Need, Owner, View, Work};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, GroupCommit, GroupOptions, IssueReward,
    ProfileId, Program, Redeem, Rejection, RewardDefinition, Timestamp, Until,
};

use crate::Queue;
use crate::cluster::Cluster;
use crate::contestants::{LOTS, Request, Workload};

/// A ledger with every profile's first lots.
struct Setting {
    ledger: AsyncLedger<PostgresStore>,
    maker: Maker,
}

/// Makes commands.
#[derive(Clone)]
struct Maker {
    ids: Arc<Vec<ProfileId>>,
    definition: DefinitionId,
    now: Timestamp,
    later: Arc<AtomicI64>,
}

impl Maker {
    fn redeem(&self, request: &Request) -> Command<Redeem> {
        let amount = Amount::from_ten_thousandths(request.cents * 100).unwrap();
        Command::new(self.now, Redeem::strict(self.ids[request.profile as usize], amount))
    }

    fn issue(&self, profile: u32, expiry: i64) -> Command<IssueReward> {
        let mut issue = IssueReward::new(self.ids[profile as usize], self.definition);
        issue.expires_at =
            Some(Until::Instant(Timestamp::from_micros(self.now.micros() + expiry * 125_000).unwrap()));
        Command::new(self.now, issue)
    }

    /// Eight more lots, each later than all before.
    fn more(&self, profile: u32) -> [Command<IssueReward>; LOTS] {
        std::array::from_fn(|_| self.issue(profile, self.later.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Setting {
    async fn new(cluster: &Cluster, workload: &Workload) -> Self {
        let (config, options) = (cluster.database().await, Options::new().connections(80));
        PostgresStore::migrate(&config, &options).await.unwrap();
        let store = PostgresStore::connect(&config, &options).await.unwrap();
        let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), store);
        let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
        let definition = RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10));
        let definition = ledger.at(now).commit(Define::from(definition)).await.unwrap().id;
        let ids = (0..workload.profiles).map(|p| ProfileId::new(&Workload::name(p)).unwrap()).collect();
        let later = 365 * 24 * 60 * 60 * 8 + 64;
        let maker = Maker { ids: Arc::new(ids), definition, now, later: Arc::new(later.into()) };
        let profiles: Vec<u32> = (0..workload.profiles).collect();
        for some in profiles.chunks(125) {
            let lots = some.iter().flat_map(|profile| workload.expiries(*profile).map(|end| (*profile, end)));
            let commands: Vec<_> = lots.map(|(profile, end)| maker.issue(profile, end)).collect();
            assert!(ledger.run_all(&commands).await.iter().all(Result::is_ok));
        }
        let client = ledger.store().pool().get().await.unwrap();
        client.batch_execute("VACUUM ANALYZE; CHECKPOINT").await.unwrap();
        drop(client);
        Self { ledger, maker }
    }

    /// What each account says must add up (rule J3), and come to what was asked for.
    async fn check(mut self, queue: &Queue, took: Duration) -> f64 {
        let (count, cents) = queue.taken();
        let mut redeemed = 0;
        for ids in self.maker.ids.chunks(1_000) {
            let needs = ids.iter().map(|id| Need::of(Owner::Profile(*id))).collect();
            let mut audit = Audit { needs, redeemed: 0 };
            self.ledger.store().run(&mut audit).await.unwrap();
            redeemed += audit.redeemed;
        }
        assert_eq!(redeemed, cents, "conservation");
        count as f64 / took.as_secs_f64()
    }
}

struct Audit {
    needs: Vec<Need>,
    redeemed: i64,
}

impl Work for Audit {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        assert!(view.first.is_conserved());
        self.redeemed += view.first.totals().rewards.redeemed.ten_thousandths() / 100;
        None
    }

    fn settle(&mut self, _: usize, _: Fate) {}
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
) -> f64 {
    let setting = Setting::new(cluster, workload).await;
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (mut ledger, maker, queue) = (setting.ledger.clone(), setting.maker.clone(), queue.clone());
            tokio::spawn(async move {
                while let [request] = queue.take(1) {
                    let redeem = maker.redeem(request);
                    while let Err(error) = ledger.run(&redeem).await {
                        if is_short(&error) {
                            let more = ledger.run_all(&maker.more(request.profile)).await;
                            assert!(more.iter().all(Result::is_ok));
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = start.elapsed();
    setting.check(&queue, took).await
}

/// Each writer sends so many at once.
pub(crate) async fn batches(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    writers: usize,
    size: usize,
    time: Duration,
) -> f64 {
    let setting = Setting::new(cluster, workload).await;
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (mut ledger, maker, queue) = (setting.ledger.clone(), setting.maker.clone(), queue.clone());
            tokio::spawn(async move {
                loop {
                    let mut requests = queue.take(size).to_vec();
                    if requests.is_empty() {
                        break;
                    }
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
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = start.elapsed();
    setting.check(&queue, took).await
}

/// Many callers with one request each at a time, which share commits.
pub(crate) async fn grouped(
    cluster: &Cluster,
    workload: &Arc<Workload>,
    callers: usize,
    time: Duration,
) -> f64 {
    let setting = Setting::new(cluster, workload).await;
    let (group, driver) = GroupCommit::new(setting.ledger.clone(), GroupOptions::default());
    let driver = tokio::spawn(driver.run());
    let queue = Queue::new(workload, time);
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (group, maker, queue) = (group.clone(), setting.maker.clone(), queue.clone());
            tokio::spawn(async move {
                while let [request] = queue.take(1) {
                    while let Err(error) = group.commit(maker.redeem(request)).await {
                        if is_short(&error) {
                            for issue in maker.more(request.profile) {
                                group.commit(issue).await.unwrap();
                            }
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = start.elapsed();
    drop(group);
    drop(driver.await.unwrap());
    setting.check(&queue, took).await
}
