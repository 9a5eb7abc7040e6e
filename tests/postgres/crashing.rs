//! A server that is stopped at once, in the middle of everything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip::journal::EntryKind;
use scrip::store::postgres::Layout;
use scrip::{Amount, Command, Error, Redeem, RedemptionId};
use tokio::sync::{Notify, watch};

use crate::cluster::Cluster;
use crate::{checking, issue, ledger_in, now, profile};

const TASKS: u32 = 8;
const PROFILES: u32 = 12;
const CRASHES: u64 = 3;
/// So many are acknowledged before each crash.
const BETWEEN: u64 = 60;

pub(crate) async fn loses_nothing_and_does_nothing_twice(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        crash(cluster, layout).await;
    }
}

async fn crash(cluster: &Cluster, layout: Layout) {
    let (mut first, ten) = ledger_in(cluster, layout).await;
    for name in 0..PROFILES {
        issue(&mut first, profile(name), ten, 100).await;
    }
    let acknowledged = Arc::new((AtomicU64::new(0), Notify::new()));
    let (up, is_up) = watch::channel(true);
    let (finish, finished) = watch::channel(false);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (mut ledger, acknowledged) = (first.clone(), Arc::clone(&acknowledged));
            let (mut is_up, finished) = (is_up.clone(), finished.clone());
            tokio::spawn(async move {
                let mut done: Vec<(u32, RedemptionId)> = Vec::new();
                let mut failures = 0;
                for number in 0_u32.. {
                    if *finished.borrow() {
                        break;
                    }
                    let name = (task * 7 + number * 5) % PROFILES;
                    let key = format!("{task}/{number}").parse().unwrap();
                    let command =
                        Command::new(now(), Redeem::strict(profile(name), Amount::from(1))).keyed(key);
                    let redemption = loop {
                        match ledger.run(&command).await {
                            Ok(receipt) => break receipt.outcome.id,
                            Err(Error::InDoubt | Error::Store(_) | Error::Contention { .. }) => failures += 1,
                            Err(error) => panic!("{error:?}"),
                        }
                        // The same again, once the server is back.
                        is_up.wait_for(|up| *up).await.unwrap();
                    };
                    done.push((name, redemption));
                    acknowledged.0.fetch_add(1, Ordering::SeqCst);
                    acknowledged.1.notify_one();
                }
                (done, failures)
            })
        })
        .collect();
    for crash in 1..=CRASHES {
        while acknowledged.0.load(Ordering::SeqCst) < crash * BETWEEN {
            acknowledged.1.notified().await;
        }
        up.send_replace(false);
        tokio::task::block_in_place(|| {
            cluster.stop("immediate");
            cluster.resume();
        });
        up.send_replace(true);
    }
    finish.send_replace(true);
    let (mut done, mut failures) = (Vec::new(), 0);
    for task in tasks {
        let (own, failed) = task.await.unwrap();
        done.extend(own);
        failures += failed;
    }
    assert!(failures > 0, "no request was under way when the server was stopped");

    let ids: BTreeSet<RedemptionId> = done.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids.len(), done.len(), "two keys got one redemption");
    let mut found = BTreeSet::new();
    for name in 0..PROFILES {
        let wallet = first.at(now()).wallet(profile(name)).await.unwrap();
        assert!(wallet.account().is_conserved());
        let redeemed = wallet.journal().iter().filter_map(|entry| match &entry.kind {
            EntryKind::Redeem(redeemed) => Some(redeemed.redemption),
            _ => None,
        });
        let redeemed: BTreeSet<RedemptionId> = redeemed.collect();
        let own = u32::try_from(redeemed.len()).unwrap();
        let left = first.at(now()).balances(profile(name)).await.unwrap().reward_balance;
        assert_eq!(left, Amount::from(1_000 - own));
        found.extend(redeemed);
    }
    // Nothing acknowledged is lost, and what was repeated under its key was done once.
    assert_eq!(found, ids);
    checking::expect_whole(first.store()).await;
}
