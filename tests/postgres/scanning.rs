//! Reading across profiles.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use scrip::id::ProfileNumber;
use scrip::store::{AsyncScan, Position};
use scrip::time::Until;
use scrip::{Amount, AsyncLedger, IssueReward, PlaceHold, PostTransaction, Redeem, Timestamp};

use crate::cluster::Cluster;
use crate::{issue, ledger, now, profile, program};

fn later(days: i64) -> Timestamp {
    now().checked_add(TimeDelta::days(days)).unwrap()
}

/// Rule T7: what fell due is found and swept, whatever was kept beside the journal.
pub(crate) async fn finds_what_is_due_and_what_expires(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    let expiring = |name: u32, days: i64| {
        let mut issue = IssueReward::new(profile(name), ten);
        issue.expires_at = Some(Until::Instant(later(days)));
        issue
    };
    for name in 0..300_u32 {
        // A later lot first, so that what is kept must be written again for the sooner one.
        ledger.at(now()).commit(expiring(name, 30)).await.unwrap();
    }
    let soon = (0..300_u32).map(|name| expiring(name, i64::from(1 + name % 10)));
    assert!(ledger.at(now()).commit_all(soon).await.iter().all(Result::is_ok));
    // Spent to nothing, so that nothing expires: what is kept says too early.
    let spent =
        (0..300_u32).filter(|name| name % 3 == 0).map(|name| Redeem::strict(profile(name), 10.into()));
    assert!(ledger.at(now()).commit_all(spent).await.iter().all(Result::is_ok));
    ledger.at(now()).commit(PlaceHold::strict(profile(9), Amount::from(4))).await.unwrap();

    let soon = (later(4), later(5));
    let found = ledger.store().expiring(soon, ProfileNumber::CATALOGUE, 1_000).await.unwrap();
    assert_eq!(found.len(), 20, "of the thirty whose lot expires on the fifth day, ten spent it");
    let mut paged = Vec::new();
    while let Ok(page) =
        ledger.store().due(later(5), paged.last().copied().unwrap_or(ProfileNumber::CATALOGUE), 7).await
        && !page.is_empty()
    {
        paged.extend(page);
    }
    assert!(paged.is_sorted() && paged.len() == 101, "half of two thirds, and a hold: {}", paged.len());

    // What said too early was put right, and is not looked at again.
    let client = ledger.store().pool().get().await.unwrap();
    let count = "SELECT count(*) FROM scrip.state WHERE deadline <= $1";
    let looked_at: i64 = client.query_one(count, &[&later(5).micros()]).await.unwrap().get(0);
    assert_eq!(looked_at, 101);

    let mut swept = BTreeSet::new();
    let mut moment = ledger.at(later(5));
    let mut sweep = moment.sweep_all();
    while let Some(one) = sweep.next().await {
        let (number, one) = one.unwrap();
        assert_eq!(one.entries, 1);
        swept.insert(number);
    }
    assert_eq!(swept, paged.into_iter().collect());
    let mut again = ledger.at(later(5));
    assert!(again.sweep_all().next().await.is_none(), "sweeping twice adds nothing");
    let day_thirty = ledger.store().due(later(30), ProfileNumber::CATALOGUE, 1_000).await.unwrap();
    assert_eq!(day_thirty.len(), 300);
}

/// Whoever commits late is not passed by, and a journal's entries come in order.
pub(crate) async fn feed_leaves_nothing_out(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    issue(&mut ledger, profile("alice"), ten, 1).await;
    let store = ledger.store().clone();
    let mut client = store.pool().get().await.unwrap();
    client.batch_execute("CREATE TABLE mine (number integer)").await.unwrap();

    // A transaction that began before others wrote, and writes after them to the same profile.
    let mut transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO mine VALUES (1)", &[]).await.unwrap();
    issue(&mut ledger, profile("alice"), ten, 1).await;
    issue(&mut ledger, profile("bob"), ten, 1).await;
    let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
    joined.at(now()).commit(IssueReward::new(profile("alice"), ten)).await.unwrap();
    joined.at(now()).commit(IssueReward::new(profile("carol"), ten)).await.unwrap();

    let mut heard: BTreeMap<ProfileNumber, Vec<u32>> = BTreeMap::new();
    let mut position = Position::START;
    let mut listen = async |position: &mut Position| {
        let mut scan = store.clone();
        loop {
            let feed = scan.feed(position, 2).await.unwrap();
            for written in &feed.entries {
                heard.entry(written.number).or_default().push(written.entry.sequence);
            }
            if feed.entries.is_empty() {
                assert_eq!(feed.position, *position);
                return heard.clone();
            }
            *position = feed.position;
        }
    };
    let before: usize = listen(&mut position).await.values().map(Vec::len).sum();
    assert_eq!(before, 2, "what was written after the open transaction began has to wait");
    transaction.commit().await.unwrap();
    let after = listen(&mut position).await;
    let mut sequences: Vec<Vec<u32>> = after.into_values().collect();
    sequences.sort();
    // The definition, bob, carol; and alice, in order.
    assert_eq!(sequences, [vec![1], vec![1], vec![1], vec![1, 2, 3]]);
    let nonsense = Position::new("nonsense".to_owned());
    assert!(store.clone().feed(&nonsense, 1).await.is_err());
}

pub(crate) async fn finds_names_of_anybody(cluster: &Cluster) {
    let (mut ledger, _) = ledger(cluster).await;
    for name in ["alice", "bob"] {
        let mut sale = PostTransaction::new(profile(name), Amount::from(5));
        sale.external_id = Some("ORDER-1".parse().unwrap());
        ledger.at(now()).commit(sale).await.unwrap();
    }
    let found = ledger.at(now()).profiles_with_transaction(&"ORDER-1".parse().unwrap(), 10).await.unwrap();
    assert_eq!(found, [profile("alice"), profile("bob")]);
}
