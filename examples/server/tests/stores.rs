//! The same on PostgreSQL: the seed's requests, races, and a restart.

#[path = "../../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
mod common;

use std::process::Command;
use std::thread;

use cluster::Cluster;
use common::Server;
use serde_json::json;

#[test]
fn postgres_is_a_store_as_well() {
    let Some(cluster) = Cluster::start() else { return };
    let port = cluster.config("postgres").get_ports()[0];
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
    let mut server = Server::with(&["--store", &url]);
    let run = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/seed.sh"))
        .arg(format!("http://{}", server.address))
        .env("SCRIP_TOKEN", common::TOKEN)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    server.set_clock("2025-06-21T00:00:00Z");
    let definition = server.define("ten", json!({}));
    for _ in 0..4 {
        server.issue(definition, "p", json!({}));
    }
    // Another process on the same database, and clients that race over both.
    let other = Server::with(&["--store", &url]);
    other.set_clock("2025-06-21T00:00:00Z");
    let answers: Vec<u16> = thread::scope(|scope| {
        let redeem = |server: &Server| {
            server.post("/profiles/p/redemptions", &json!({"amount": 5, "strict": true})).status
        };
        let clients: Vec<_> = (0..16)
            .map(|client| {
                let server = if client % 2 == 0 { &server } else { &other };
                scope.spawn(move || redeem(server))
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 8, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 422, 503].contains(status)), "{answers:?}");
    // A request on an account that the process remembers takes one round trip, and the metrics tell.
    let remembered = || {
        let metrics = other.get("/metrics").is(200).body;
        let line = "scrip_store_requests_total{account=\"remembered\"} ";
        metrics.lines().find_map(|text| text.strip_prefix(line)).unwrap().parse::<u64>().unwrap()
    };
    other.issue(definition, "q", json!({}));
    let before = remembered();
    other.post("/profiles/q/redemptions", &json!({"amount": 5, "strict": true})).is(201);
    assert_eq!(remembered(), before + 1);
    // One process makes the sale, the other changes it; and a batch under a key is done once by both.
    let both = |call: &(dyn Fn(&Server, u32) -> u16 + Sync)| {
        thread::scope(|scope| {
            let started =
                [(&server, 1), (&other, 2)].map(|(server, total)| scope.spawn(move || call(server, total)));
            let mut statuses = started.map(|client| client.join().unwrap());
            statuses.sort_unstable();
            statuses
        })
    };
    for round in 0..100 {
        let sale = |total| json!({"profile_id": "p", "external_id": format!("race {round}"), "total": total});
        let post = |server: &Server, total| server.post("/transactions/update-create", &sale(total)).status;
        assert_eq!(both(&post), [200, 201], "round {round}");
    }
    let rows = json!(vec![json!({"reward_definition_id": definition, "profile_id": "batch"}); 20]);
    assert_eq!(both(&|server, _| server.post_keyed("b", "/rewards/batch", &rows).status), [200, 200]);
    other.post_keyed("b", "/rewards/batch", &json!([rows[0]])).refuses(409, "key_reused");
    assert_eq!(other.balance("batch"), 200);
    let lists = ["/rewards", "/transactions", "/profiles/p/ledgers", "/reward-definitions"];
    let seen =
        |server: &Server| -> Vec<_> { lists.iter().map(|list| server.get(list).is(200).data()).collect() };
    let before = seen(&server);
    assert_eq!(seen(&other), before);
    server.ask_to_stop();
    assert!(server.stopped());
    drop(other);
    let again = Server::with(&["--store", &url]);
    again.set_clock("2025-06-21T00:00:00Z");
    assert_eq!(seen(&again), before);
    // A database that is not there is said to be so, to those who ask and to those who start.
    cluster.stop("fast");
    again.get("/health").refuses(503, "store_failed");
    again.get("/profiles/p/balances").refuses(503, "store_failed");
    let unsure = again.post_keyed("k", "/profiles/p/redemptions", &json!({"amount": 1}));
    assert!([503, 504].contains(&unsure.status), "{}", unsure.body);
    let run = common::command(&["--store", &url]).output().unwrap();
    assert!(!run.status.success() && String::from_utf8(run.stderr).unwrap().contains("the store"));
}
