//! Many at once, through pools of their own, as processes would.

use std::sync::Arc;

use scrip::journal::LotKind;
use scrip::program::TransferLimit;
use scrip::request::{Reassign, Transfer};
use scrip::store::postgres::{Layout, Options};
use scrip::{
    Amount, AsyncLedger, Command, Define, Error, IssuePoints, IssueReward, PointDefinition, Points, Program,
    Redeem, RewardDefinition,
};
use tokio::sync::Barrier;

use crate::cluster::Cluster;
use crate::{issue, ledger, now, profile, program, store};

/// Rule J6: of what was decided on the same version, one is committed.
pub(crate) async fn one_balance_is_spent_once(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        let config = cluster.database().await;
        let options = Options::new().connections(2).layout(layout);
        let mut ledger = AsyncLedger::new(program(), store(&config, &options).await);
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        issue(&mut ledger, profile("alice"), ten, 3).await;
        let mut ledgers = Vec::new();
        for _ in 0..8 {
            let mut ledger = AsyncLedger::new(program(), store(&config, &options).await);
            ledger.at(now()).balances(profile("alice")).await.unwrap();
            ledgers.push(ledger);
        }
        let start = Arc::new(Barrier::new(ledgers.len()));
        let mut tasks = Vec::new();
        for mut ledger in ledgers {
            let start = Arc::clone(&start);
            tasks.push(tokio::spawn(async move {
                start.wait().await;
                let mut taken = 0;
                for _ in 0..10 {
                    match ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(1))).await {
                        Ok(_) => taken += 1,
                        Err(Error::Rejected(_) | Error::Contention { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
                taken
            }));
        }
        let mut taken = 0;
        for task in tasks {
            taken += task.await.unwrap();
        }
        let wallet = ledger.at(now()).wallet(profile("alice")).await.unwrap();
        assert!(wallet.account().is_conserved());
        // Those that were contended for too long took nothing; whoever is left finds the rest.
        let left = ledger.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
        assert_eq!(left, Amount::from(30 - taken));
        assert!(taken > 0 && taken <= 30, "{taken}");
    }
}

/// The same new profile through many handles: one number, and everything is there.
pub(crate) async fn newcomers_get_one_number(cluster: &Cluster) {
    let (mut first, ten) = ledger(cluster).await;
    for round in 0..10 {
        let name = profile(format!("newcomer {round}"));
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let mut ledger = first.clone();
                tokio::spawn(
                    async move { ledger.at(now()).commit(IssueReward::new(name, ten)).await.unwrap() },
                )
            })
            .collect();
        let mut rewards = Vec::new();
        for task in tasks {
            rewards.push(task.await.unwrap().id);
        }
        rewards.sort_unstable();
        rewards.dedup();
        assert_eq!(rewards.len(), 6);
        assert!(rewards.iter().all(|reward| reward.number() == rewards[0].number()));
        let balances = first.at(now()).balances(name).await.unwrap();
        assert_eq!(balances.reward_balance, Amount::from(60));
    }
}

/// Rule L5: 64 callers who send from two profiles to each other at once, and never more than the limit of each.
pub(crate) async fn a_limit_of_a_day_is_kept(cluster: &Cluster) {
    let limit = TransferLimit::NONE.with_points(Points::from(100));
    let settings = program().settings().clone().with_transfer_limit_per_day(limit);
    let limited = Program::try_from(settings).unwrap();
    for layout in [Layout::OneServer, Layout::Distributed] {
        let config = cluster.database().await;
        let options = Options::new().connections(8).layout(layout);
        let mut first = AsyncLedger::new(limited.clone(), store(&config, &options).await);
        let miles = PointDefinition::new("miles".parse().unwrap(), "Miles").with_reassignable(true);
        let miles = first.at(now()).commit(Define::from(miles)).await.unwrap().id;
        let both = [profile("alice"), profile("bob")];
        for profile in both {
            let issue = IssuePoints::new(profile, miles).with_value(Points::from(1_000));
            first.at(now()).commit(issue).await.unwrap();
        }
        let send = |from: usize| Transfer::new(both[from], both[1 - from], LotKind::Point, Points::from(7));
        let tasks: Vec<_> = (0..64)
            .map(|caller| {
                let (mut ledger, transfer) = (first.clone(), send(caller % 2));
                tokio::spawn(async move { (caller % 2, ledger.at(now()).commit(transfer).await) })
            })
            .collect();
        let mut sent = [0, 0];
        for task in tasks {
            match task.await.unwrap() {
                (from, Ok(_)) => sent[from] += 7,
                (_, Err(Error::Rejected(_) | Error::Contention { .. })) => {}
                (_, Err(error)) => panic!("{error:?}"),
            }
        }
        for (from, sent) in sent.iter_mut().enumerate() {
            while first.at(now()).commit(send(from)).await.is_ok() {
                *sent += 7;
            }
        }
        assert_eq!(sent, [98, 98], "all that may be sent, and no more");
        for profile in both {
            let wallet = first.at(now()).wallet(profile).await.unwrap();
            assert!(wallet.account().is_conserved());
            assert_eq!(wallet.balances().point_balance, Points::from(1_000));
        }
    }
}

/// Batches over the same profiles, forwards and backwards, while lots move between them.
pub(crate) async fn batches_in_any_order_do_not_deadlock(cluster: &Cluster) {
    let (mut first, ten) = ledger(cluster).await;
    for number in 0..40 {
        issue(&mut first, profile(number), ten, 5).await;
    }
    let client = cluster.client("postgres").await;
    let deadlocks = "SELECT sum(deadlocks)::bigint FROM pg_stat_database";
    let before: i64 = client.query_one(deadlocks, &[]).await.unwrap().get(0);
    let mut tasks = Vec::new();
    for task in 0..4 {
        let mut ledger = first.clone();
        tasks.push(tokio::spawn(async move {
            let mut taken = 0;
            for _ in 0..5 {
                let mut order: Vec<u32> = (0..40).collect();
                if task % 2 == 1 {
                    order.reverse();
                }
                let commands: Vec<_> = order
                    .into_iter()
                    .map(|number| Command::new(now(), Redeem::strict(profile(number), Amount::from(1))))
                    .collect();
                for answer in ledger.run_all(&commands).await {
                    match answer {
                        Ok(_) => taken += 1,
                        Err(Error::Contention { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            taken
        }));
    }
    let mut moves = first.clone();
    let mover = tokio::spawn(async move {
        for number in 0..20 {
            let (from, to) = (profile(number), profile(39 - number));
            let lot = moves.at(now()).wallet(from).await.unwrap().rewards()[0].id;
            match moves.at(now()).commit(Reassign::new(lot, to)).await {
                // It may have been spent by now.
                Ok(_) | Err(Error::Contention { .. } | Error::Rejected(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    mover.await.unwrap();
    let mut left = Amount::ZERO;
    for number in 0..40 {
        let wallet = first.at(now()).wallet(profile(number)).await.unwrap();
        assert!(wallet.account().is_conserved());
        left =
            left.checked_add(wallet.account().balances_at(now()).valued(&program()).reward_balance).unwrap();
    }
    assert_eq!(left, Amount::from(40 * 50 - taken));
    let after: i64 = client.query_one(deadlocks, &[]).await.unwrap().get(0);
    assert_eq!(after, before, "writers deadlocked");
}
