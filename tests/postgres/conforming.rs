//! The conformance suite.

use std::sync::atomic::{AtomicU32, Ordering};

use scrip::store::postgres::{Layout, Options, PostgresError, PostgresStore};
use scrip::store::{AsyncStore, CommitStatus, Work, conformance};
use scrip::{AsyncLedger, Command, Ledger, MemoryStore, ProfileId, Program, json};
use tokio_postgres::Config;

use crate::checking::expect_whole;
use crate::cluster::Cluster;
use crate::held::Held;
use crate::store;

/// An empty schema, and a function that opens two handles on it in turn, each with connections of its own.
async fn backing(config: &Config, options: &Options) -> impl AsyncFnMut() -> PostgresStore {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let options = options.clone().schema(&format!("case_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed)));
    let handles = [store(config, &options).await, store(config, &options).await];
    let mut opened = 0_usize;
    async move || {
        opened += 1;
        handles[opened % 2].clone()
    }
}

/// Every promise of the contract, in each layout, between two handles.
pub(crate) async fn to_every_promise(cluster: &Cluster) {
    for (layout, partitioned) in
        [(Layout::OneServer, false), (Layout::OneServer, true), (Layout::Distributed, false)]
    {
        let options = Options::new().connections(4).layout(layout).partitioned(partitioned);
        let config = cluster.database().await;
        for case in conformance::CASES {
            let mut make = async || backing(&config, &options).await;
            let verdict = conformance::check_case(case, &mut make).await;
            assert_eq!(verdict, Ok(()), "{layout:?}, partitioned: {partitioned}");
        }
    }
}

/// A store that opens a transaction of its own for each work and joins it, as a caller would.
struct InTransactions(PostgresStore);

impl AsyncStore for InTransactions {
    type Error = PostgresError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), PostgresError> {
        let mut client = self.0.pool().get().await?;
        let mut transaction = client.transaction().await?;
        let mut held = Held(work, Vec::new());
        let result = self.0.joining(&mut transaction).run(&mut held).await;
        let Held(work, fates) = held;
        let is_doomed = fates.iter().any(|(_, fate)| *fate == CommitStatus::Aborted);
        if is_doomed {
            transaction.rollback().await?;
        } else {
            transaction.commit().await?;
        }
        for (unit, fate) in fates {
            assert_ne!(fate, CommitStatus::Committed, "whoever joins never commits");
            // After a rollback, a caller begins anew.
            let is_done = fate == CommitStatus::Staged && !is_doomed;
            work.settle(unit, if is_done { CommitStatus::Committed } else { CommitStatus::Conflict });
        }
        result
    }
}

pub(crate) async fn to_every_promise_in_a_transaction_of_the_callers(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        let options = Options::new().connections(4).layout(layout);
        let config = cluster.database().await;
        let make = async || {
            let mut open = backing(&config, &options).await;
            async move || InTransactions(open().await)
        };
        assert_eq!(conformance::check(make).await, Ok(()), "{layout:?}");
    }
}

pub(crate) async fn to_every_promise_across_profiles(cluster: &Cluster) {
    for partitioned in [false, true] {
        let options = Options::new().connections(4).partitioned(partitioned);
        let config = cluster.database().await;
        let verdict = conformance::check_scan(async || backing(&config, &options).await).await;
        assert_eq!(verdict, Ok(()), "partitioned: {partitioned}");
    }
}

/// Everything that can be asked for, one by one and as one batch, in which later units see what is yet to be written.
pub(crate) async fn to_the_same_answers_as_in_memory(cluster: &Cluster) {
    let program = || json::read::<Program>(include_bytes!("../goldens/program.json")).unwrap();
    let returns = [("0.5", true), ("0.5", true), ("9", false)].map(|(amount, strict)| {
        let back = format!(r#"{{"redemption_id":4194322,"amount":"{amount}","strict":{strict}}}"#);
        format!(r#"{{"at":"2025-08-01T01:00:00Z","request":{{"return_redemption":{back}}}}}"#)
    });
    let lines = include_str!("../goldens/commands.ndjson").lines().chain(returns.iter().map(String::as_str));
    let commands: Vec<Command> = lines.map(|line| json::read(line.as_bytes()).unwrap()).collect();
    let mut memory = Ledger::new(program(), MemoryStore::new());
    let expected: Vec<_> = commands.iter().map(|command| memory.run(command).unwrap().outcome).collect();
    for layout in [Layout::OneServer, Layout::Distributed] {
        for together in [1, commands.len()] {
            let options = Options::new().connections(2).layout(layout);
            let store = store(&cluster.database().await, &options).await;
            let mut ledger = AsyncLedger::new(program(), store.clone());
            let mut outcomes = Vec::new();
            for some in commands.chunks(together) {
                outcomes.extend(ledger.run_all(some).await.into_iter().map(|answer| answer.unwrap().outcome));
            }
            assert_eq!(outcomes, expected, "{layout:?}, {together} together");
            expect_whole(&store).await;
        }
    }
}

/// Each thing that is stored of a profile, spoiled in turn.
pub(crate) async fn to_errors_instead_of_panics(cluster: &Cluster) {
    for spoil in [
        "UPDATE scrip.journal SET entry = '\\x00' WHERE number = $1",
        "UPDATE scrip.journal SET entry = (SELECT entry FROM scrip.journal WHERE number = $1 AND sequence = 1)
         WHERE number = $1 AND sequence = 2",
        "DELETE FROM scrip.journal WHERE number = $1 AND sequence = 2",
        "UPDATE scrip.state SET state = '\\xff01' WHERE number = $1",
        "UPDATE scrip.state SET state = substr(state, 1, 9) WHERE number = $1",
        "UPDATE scrip.state SET sequence = sequence - 1 WHERE number = $1",
        "UPDATE scrip.state SET state = (SELECT state FROM scrip.state WHERE number = $1 + 1) WHERE number = $1",
        "UPDATE scrip.head SET sequence = sequence + 1 WHERE number = $1",
        "UPDATE scrip.head SET profile = 'somebody' WHERE number = $1",
    ] {
        let config = cluster.database().await;
        let options = Options::new().connections(2);
        let store = store(&config, &options).await;
        let client = store.pool().get().await.unwrap();
        let spoil_profile = async |profile: ProfileId| {
            let find = "SELECT number FROM scrip.profile WHERE profile = $1";
            let number: i32 = client.query_one(find, &[&profile.as_str()]).await.unwrap().get(0);
            assert!(client.execute(spoil, &[&number]).await.unwrap() > 0, "nothing was spoiled by {spoil}");
        };
        let open = async || store.clone();
        assert_eq!(conformance::check_corrupt(open, spoil_profile).await, Ok(()), "{spoil}");
    }
}
