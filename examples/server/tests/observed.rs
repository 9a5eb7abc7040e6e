//! What those who run the server see: the log, the metrics, and who may call.

mod common;

use std::collections::BTreeMap;
use std::io::Read as _;

use common::{Request, Server, TOKEN};
use serde_json::{Value, json};

/// Every call leaves a line of JSON with its request id, and nobody's name or secret.
#[test]
fn the_log_is_json_with_request_ids() {
    let mut server = Server::logged(&["--store", "memory", "--token", TOKEN]);
    let definition = server.define("ten", json!({}));
    server.issue(definition, "somebody-private", json!({}));
    let own = Request::new("GET", "/profiles/somebody-private/balances").header("X-Request-Id", "till-7.42");
    assert_eq!(server.call(own).is(200).header("x-request-id"), Some("till-7.42"));
    // A name that could break a line is not taken over.
    let odd = Request::new("GET", "/nothing/somebody-private").header("X-Request-Id", "a b\"");
    let odd = server.call(odd).refuses(404, "not_found");
    let given = odd.header("x-request-id").unwrap().to_owned();
    let refused =
        server.post("/profiles/somebody-private/redemptions", &json!({"amount": 99, "strict": true}));
    let refused = refused.refuses(422, "insufficient_value").header("x-request-id").unwrap().to_owned();
    assert_ne!(refused, given);
    server.ask_to_stop();
    assert!(server.stopped());
    let mut log = String::new();
    server.log().read_to_string(&mut log).unwrap();
    for secret in ["somebody-private", TOKEN] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: &str| {
        let mut found = lines.iter().filter(|line| line["fields"]["request_id"] == id);
        let line = found.next().unwrap_or_else(|| panic!("{id} is not in\n{log}"))["fields"].clone();
        assert!(found.next().is_none() && line["micros"].is_u64());
        json!([line["method"], line["route"], line["status"], line["code"]])
    };
    assert_eq!(of("till-7.42"), json!(["GET", "/api/v3/profiles/{profile}/balances", 200, ""]));
    assert_eq!(of(&given), json!(["GET", "none", 404, "not_found"]));
    let route = "/api/v3/profiles/{profile}/redemptions";
    assert_eq!(of(&refused), json!(["POST", route, 422, "insufficient_value"]));
    assert!(log.contains("stopping"), "a stop is told");
}

/// The text is what Prometheus reads, and it counts what was done.
#[test]
fn the_metrics_count_what_was_done() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    server.issue(definition, "p", json!({}));
    for _ in 0..2 {
        server.post_keyed("once", "/profiles/p/redemptions", &json!({"amount": 4})).is(201);
        server.post("/profiles/p/redemptions", &json!({"amount": 99, "strict": true})).is(422);
    }
    let hold = server.post("/profiles/p/holds", &json!({"amount": 2})).is(201).id();
    server.post(&format!("/holds/{hold}/capture"), &json!({})).is(201);
    server.post("/rewards/batch", &json!([{"profile_id": "p"}, 7])).is(200);
    let text = server.get("/metrics").is(200);
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4"));
    let (mut values, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    for line in text.body.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(kinds.insert(name, kind), None, "{name} is told twice");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(values.insert(name, value.parse::<f64>().unwrap()), None, "{name} is told twice");
        }
    }
    let family = |name: &str| name.split('{').next().unwrap().to_owned();
    for name in values.keys() {
        let family = family(name);
        let known = ["", "_bucket", "_sum", "_count"]
            .iter()
            .any(|end| family.strip_suffix(end).is_some_and(|family| kinds.contains_key(family)));
        assert!(known, "{name} has no type");
    }
    let route = "route=\"/api/v3/profiles/{profile}/redemptions\"";
    let batch = "route=\"/api/v3/rewards/batch\"";
    for (name, value) in [
        (format!("scrip_requests_total{{{route},method=\"POST\",status=\"201\"}}"), 2.0),
        (format!("scrip_requests_total{{{route},method=\"POST\",status=\"422\"}}"), 2.0),
        (format!("scrip_request_seconds_count{{{route},method=\"POST\",status=\"201\"}}"), 2.0),
        (format!("scrip_request_seconds_bucket{{{route},method=\"POST\",status=\"422\",le=\"+Inf\"}}"), 2.0),
        (format!("scrip_rejections_total{{{route},code=\"insufficient_value\"}}"), 2.0),
        // Rows of a batch are refused one by one.
        (format!("scrip_rejections_total{{{batch},code=\"missing_field\"}}"), 1.0),
        (format!("scrip_rejections_total{{{batch},code=\"invalid_body\"}}"), 1.0),
        // What was repeated was done once.
        ("scrip_redemptions_total".to_owned(), 2.0),
        ("scrip_queue_depth".to_owned(), 0.0),
    ] {
        assert_eq!(values.get(name.as_str()), Some(&value), "{name}");
    }
    // Buckets hold those below them, and the sum is no more than the largest could make.
    let buckets: Vec<f64> = text
        .body
        .lines()
        .filter(|line| {
            line.starts_with(&format!("scrip_request_seconds_bucket{{{route},method=\"POST\",status=\"201\""))
        })
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert!(buckets.len() > 5 && buckets.is_sorted(), "{buckets:?}");
    assert!(values["scrip_commit_seconds_sum"] > 0.0 && values["scrip_commit_seconds_count"] >= 6.0);
}

/// Catches: runs, units or ends of them that are not counted, and those that are counted twice.
#[test]
fn the_metrics_count_what_the_store_did() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    for store in ["memory", sqlite.as_str()] {
        let server = Server::with(&["--store", store]);
        let value = |name: &str| -> f64 {
            let text = server.get("/metrics").is(200).body;
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
        };
        // The definition of points that every store begins with.
        let committed = "scrip_store_units_total{status=\"committed\"}";
        assert_eq!((value(committed), value("scrip_store_batch_size_count")), (1.0, 1.0), "{store}");
        let ten = server.define("ten", json!({}));
        let row = json!({"profile_id": "p", "reward_definition_id": ten});
        server.post("/rewards/batch", &json!(vec![row; 7])).is(200);
        assert_eq!(value(committed), 9.0, "{store}");
        assert_eq!(value("scrip_store_batch_size_sum"), 9.0, "{store}");
        let runs = value("scrip_store_batch_size_count");
        assert!((3.0..=9.0).contains(&runs), "{store}: {runs}");
        assert_eq!(value("scrip_store_batch_size_bucket{le=\"8\"}"), runs, "{store}");
        for nothing in ["scrip_store_units_total{status=\"conflict\"}", "scrip_store_retries_total"] {
            assert_eq!(value(nothing), 0.0, "{store}");
        }
    }
}
