//! The store in PostgreSQL, on a server of the tests' own. One entry runs the cases in turn, so that one server does.

#![cfg(feature = "postgres")]
#![allow(dead_code)] // The cluster has more than every test needs.

mod cluster;

use cluster::Cluster;
use scrip::store::conformance;
use scrip::store::postgres::{Layout, Options, PostgresStore};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

async fn store(config: &tokio_postgres::Config, options: &Options) -> PostgresStore {
    PostgresStore::migrate(config, options).await.unwrap();
    PostgresStore::connect(config, options).await.unwrap()
}

#[test]
fn postgres() {
    let Some(cluster) = Cluster::start() else { return };
    runtime().block_on(async {
        conforms(&cluster).await;
    });
}

/// Every promise of the contract, in each layout, between two handles with pools of their own.
async fn conforms(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        for partitioned in [false, true] {
            let options = Options::new().connections(2).layout(layout).partitioned(partitioned);
            for case in conformance::CASES {
                let config = cluster.database().await;
                let first = store(&config, &options).await;
                let second = store(&config, &options).await;
                let mut opened = 0_usize;
                let mut make = async || {
                    let (first, second) = (first.clone(), second.clone());
                    async move || {
                        opened += 1;
                        if opened.is_multiple_of(2) { second.clone() } else { first.clone() }
                    }
                };
                let verdict = conformance::check_case(case, &mut make).await;
                assert_eq!(verdict, Ok(()), "{layout:?}, partitioned: {partitioned}");
            }
        }
    }
}
