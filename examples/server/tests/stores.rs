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
    across_profiles(&server, &other, definition);
    // The two were in each other's way, and the metrics tell.
    let disturbed = |server: &Server| {
        let metrics = server.get("/metrics").is(200).body;
        let of = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{name} is not in\n{metrics}")).parse::<u64>().unwrap()
        };
        of("scrip_store_units_total{status=\"conflict\"}") + of("scrip_store_retries_total")
    };
    assert!(disturbed(&server) + disturbed(&other) > 0);
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

/// One process finds, sums up, pages through and hears what the other does.
fn across_profiles(server: &Server, other: &Server, definition: u64) {
    let lot = server.issue(definition, "found", json!({"external_id": "CREDIT-9"}));
    let sale = json!({"profile_id": "found", "total": 5, "external_id": "ORDER-9"});
    let sale = server.post("/transactions", &sale).is(201).id();
    for (text, kind, id) in [
        ("found".to_owned(), "profile", json!(null)),
        ("CREDIT-9".to_owned(), "reward", json!(lot)),
        ("ORDER-9".to_owned(), "transaction", json!(sale)),
        (lot.to_string(), "reward", json!(lot)),
    ] {
        let found = other.get(&format!("/search?q={text}")).is(200).data();
        assert_eq!(json!([found[0]["type"], found[0]["id"]]), json!([kind, id]), "{text}: {found}");
    }
    let (one, two) = (server.get("/overview").is(200).data(), other.get("/overview").is(200).data());
    assert_eq!(one, two);
    let outstanding = one["outstanding"]["rewards"]["available"].as_f64().unwrap();
    // Two of four rewards are left of p and one of q; a batch of twenty; and that one.
    assert!(outstanding >= 210.0, "{one}");
    let mut ids = Vec::new();
    let mut next = Some("/rewards?page[cursor]=&page[size]=7".to_owned());
    while let Some(path) = next {
        let page = other.get(&path).is(200);
        ids.extend(page.ids());
        let link = page.bare_json()["links"]["next"].as_str().map(str::to_owned);
        next = link.map(|link| format!("/api{}", link.split_once("/api").unwrap().1));
    }
    assert!(ids.is_sorted() && ids.contains(&lot));
    let total = server.get("/rewards?page[size]=1").is(200).bare_json()["meta"]["total"].clone();
    assert_eq!(json!(ids.len()), total);
    let page = |path: &str| other.get(path).is(200).bare_json();
    let mut cursor = String::new();
    loop {
        let heard = page(&format!("/events?limit=500&cursor={cursor}"));
        cursor = heard["meta"]["cursor"].as_str().unwrap().to_owned();
        if heard["meta"]["more"] == false {
            break;
        }
    }
    thread::scope(|scope| {
        let heard = scope.spawn(|| page(&format!("/events?wait=30&cursor={cursor}")));
        let made = server.post("/profiles/found/redemptions", &json!({"amount": 1})).is(201).id();
        let heard = heard.join().unwrap();
        assert_eq!(
            json!([heard["data"][0]["type"], heard["data"][0]["redemption_id"]]),
            json!(["redeemed", made])
        );
    });
}
