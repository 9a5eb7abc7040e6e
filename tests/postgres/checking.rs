//! The check finds what is not as it was written, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scrip::account::Corrupt;
use scrip::journal::EntryKind;
use scrip::store::postgres::{CheckReport, Layout, Options, PostgresError, PostgresStore};
use scrip::store::{AsyncStore, Damage, Work};
use scrip::{
    Amount, AsyncLedger, Define, DefinitionId, IssueReward, PeriodType, Redeem, ReturnRedemption,
    RewardDefinition,
};

use crate::cluster::Cluster;
use crate::forging::Forged;
use crate::{ledger, now, profile, program, store};

/// Nothing of a store is wrong.
pub(crate) async fn expect_whole(store: &PostgresStore) -> CheckReport {
    let checked = store.check().await.unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    checked
}

/// One change to the rows of each table, with what is said of it.
const DAMAGES: &str = include_str!("damages.sql");

const TABLES: [&str; 8] = ["profile", "head", "journal", "archive", "state", "key", "name", "subject"];

pub(crate) async fn finds_damage_in_any_table(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        let options = Options::new().connections(2).layout(layout);
        let store = store(&cluster.database().await, &options).await;
        let mut ledger = AsyncLedger::new(program(), store.clone());
        fill(&mut ledger).await;
        let checked = expect_whole(&store).await;
        assert_eq!((checked.accounts, checked.entries), (3, 67));
        let client = store.pool().get().await.unwrap();
        client.batch_execute("CREATE SCHEMA whole").await.unwrap();
        let is_distributed = layout == Layout::Distributed;
        let tables = || TABLES.into_iter().chain(is_distributed.then_some("catalogue"));
        for table in tables() {
            let sql = format!("CREATE TABLE whole.{table} AS TABLE scrip.{table}");
            client.batch_execute(&sql).await.unwrap();
        }
        for (sql, expected) in DAMAGES.lines().map(|line| line.split_once(" -- ").unwrap()) {
            // Without a feed, all places in it are one; and one server has no copy of the catalogue.
            if sql.contains(if is_distributed { "SET position" } else { "scrip.catalogue" }) {
                continue;
            }
            assert!(client.execute(sql, &[]).await.unwrap() > 0, "nothing was spoiled by {sql}");
            let faults = store.check().await.unwrap().faults;
            let is_found = faults.iter().any(|fault| fault.to_string().starts_with(expected));
            assert!(is_found, "{layout:?}: {sql}: {faults:?}");
            for table in tables() {
                let sql = format!("DELETE FROM scrip.{table}; INSERT INTO scrip.{table} TABLE whole.{table}");
                client.batch_execute(&sql).await.unwrap();
            }
            client.batch_execute("SELECT setval('scrip.number', 16)").await.unwrap();
        }
        expect_whole(&store).await;
    }
}

/// Two profiles with keys, names and subjects.
async fn fill(ledger: &mut AsyncLedger<PostgresStore>) {
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = ledger.at(now()).commit(Define::from(ten.valid_for(30, PeriodType::Days))).await.unwrap().id;
    for name in ["alice", "bob"] {
        for place in 0..3 {
            let mut issue = IssueReward::new(profile(name), ten);
            issue.external_id = Some(format!("card {place}").parse().unwrap());
            ledger.at(now()).commit(issue).await.unwrap();
        }
        for round in 0..15 {
            let key = format!("till {round}").parse().unwrap();
            let redeem = Redeem::strict(profile(name), Amount::from(1));
            let redemption = ledger.at(now()).keyed(key).commit(redeem).await.unwrap();
            let undo = ReturnRedemption::strict(redemption.id, Amount::from(1));
            ledger.at(now()).commit(undo).await.unwrap();
        }
    }
}

/// What is defined and issued while the check runs is not seen, or seen whole.
pub(crate) async fn finds_nothing_while_others_write(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    let issues = (0..100).map(|customer| IssueReward::new(profile(customer), ten));
    assert!(ledger.at(now()).commit_all(issues).await.iter().all(Result::is_ok));
    let (store, is_over) = (ledger.store().clone(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&is_over);
    let writer = tokio::spawn(async move {
        let mut written = 0_u64;
        while !stop.load(Ordering::SeqCst) {
            let handle = format!("meanwhile-{written}").parse().unwrap();
            let definition = RewardDefinition::new(handle, "Meanwhile", Amount::from(1));
            let definition = ledger.at(now()).commit(Define::from(definition)).await.unwrap().id;
            let issues = (50..100).map(|customer| IssueReward::new(profile(customer), definition));
            assert!(ledger.at(now()).commit_all(issues).await.iter().all(Result::is_ok));
            written += 51;
        }
        written
    });
    for _ in 0..20 {
        expect_whole(&store).await;
    }
    is_over.store(true, Ordering::SeqCst);
    let written = writer.await.unwrap();
    assert_eq!(expect_whole(&store).await.entries, 101 + written);
}

/// Entries that fit the account and contradict themselves, or the catalogue.
pub(crate) async fn names_the_field_that_was_changed(cluster: &Cluster) {
    let total = |kind: &mut EntryKind| {
        if let EntryKind::Redeem(redeemed) = kind {
            redeemed.total = redeemed.total.checked_add(redeemed.total).unwrap();
            redeemed.requested = redeemed.total;
        }
    };
    let definition = |kind: &mut EntryKind| {
        if let EntryKind::Issue(issue) = kind {
            issue.definition_id = Some(DefinitionId::new(2).unwrap());
        }
    };
    for (forge, expected) in
        [(total as fn(&mut EntryKind), ("total", "C5")), (definition, ("definition_id", "D2"))]
    {
        let store = store(&cluster.database().await, &Options::new()).await;
        let mut ledger = AsyncLedger::new(program(), Forging { store: store.clone(), forge });
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        ledger.at(now()).commit(IssueReward::new(profile("alice"), ten)).await.unwrap();
        ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(1))).await.unwrap();
        match store.check().await.unwrap().faults.as_slice() {
            [Damage::Corrupt { source: Corrupt::Contradiction(found), .. }] => {
                assert_eq!((found.field, found.rule), expected);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A store that changes what it is given to write.
struct Forging {
    store: PostgresStore,
    forge: fn(&mut EntryKind),
}

impl AsyncStore for Forging {
    type Error = PostgresError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), PostgresError> {
        self.store.run(&mut Forged::new(work, self.forge)).await
    }
}
