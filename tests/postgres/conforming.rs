//! The conformance suite.

use scrip::store::conformance;
use scrip::store::postgres::{Layout, Options};

use crate::cluster::Cluster;
use crate::store;

/// Every promise of the contract, in each layout, between two handles with pools of their own.
pub(crate) async fn to_every_promise(cluster: &Cluster) {
    for (layout, partitioned) in
        [(Layout::OneServer, false), (Layout::OneServer, true), (Layout::Distributed, false)]
    {
        let options = Options::new().connections(2).layout(layout).partitioned(partitioned);
        for case in conformance::CASES {
            let config = cluster.database().await;
            let (first, second) = (store(&config, &options).await, store(&config, &options).await);
            let mut opened = 0_usize;
            let mut make = async || {
                let handles = [first.clone(), second.clone()];
                async move || {
                    opened += 1;
                    handles[opened % 2].clone()
                }
            };
            let verdict = conformance::check_case(case, &mut make).await;
            assert_eq!(verdict, Ok(()), "{layout:?}, partitioned: {partitioned}");
        }
    }
}
