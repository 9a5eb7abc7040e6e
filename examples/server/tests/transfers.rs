//! Value that goes from one profile to another, in new lots (rule L5).

mod common;

use common::{Request, Server};
use serde_json::{Value, json};

fn server(folder: &tempfile::TempDir) -> Server {
    let path = folder.path().join("program.json");
    std::fs::write(&path, r#"{"transfer_limit_per_day": {"rewards": 8, "points": 100}}"#).unwrap();
    Server::with(&["--store", "memory", "--program", path.to_str().unwrap()])
}

/// Catches: a body whose receiver is taken for the profile of the path; a transfer that is told as an issue; one that is
/// done again under its key.
#[test]
fn part_of_a_reward_goes_to_another_profile() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    let gift = server.define("gift", json!({"is_reassignable": true}));
    let lot = server.issue(gift, "alice", json!({"expires_at": "2025-08-01"}));
    let body = json!({"profile_id": "bob", "type": "reward", "value": 2.5, "meta": {"note": "thanks"}});
    let send = || {
        server.call(
            Request::new("POST", "/profiles/alice/transfers").json(&body).header("Idempotency-Key", "t-1"),
        )
    };
    let sent = send().is(201).data();
    let bobs = server.get("/profiles/bob/rewards").is(200).data();
    let expected = json!({
        "id": sent["id"], "profile_id": "alice", "to_profile_id": "bob", "type": "reward", "value": 2.5,
        "items": [{"from": lot, "to": bobs[0]["id"], "value": 2.5}],
        "balances": sent["balances"], "meta": {"note": "thanks"},
    });
    assert_eq!(sent, expected);
    assert_eq!(sent["balances"]["reward_balance"], 7.5);
    assert_eq!(send().is(201).data(), sent, "rule J5");
    assert_eq!((server.balance("alice"), server.balance("bob")), (json!(7.5), json!(2.5)));
    let hers = server.get(&format!("/rewards/{lot}")).is(200).data();
    for field in ["issued_at", "expires_at", "timezone"] {
        assert_eq!(bobs[0][field], hers[field], "{field}");
    }
    assert_eq!((&bobs[0]["value_initial"], &hers["value_remaining"]), (&json!(2.5), &json!(7.5)));
    let told = |whose: &str| -> Value {
        let entries = server.get(&format!("/profiles/{whose}/ledgers")).is(200).data();
        let entry = entries.as_array().unwrap().last().unwrap().clone();
        json!([entry["type"], entry["dollar_value"], entry["cause"]["type"]])
    };
    assert_eq!(told("alice"), json!(["transfer_out", -2.5, "transfer"]));
    assert_eq!(told("bob"), json!(["transfer_in", 2.5, "reward"]));
}

#[test]
fn a_transfer_that_is_not_possible_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    let gift = server.define("gift", json!({"is_reassignable": true}));
    let fixed = server.define("fixed", json!({}));
    server.issue(gift, "alice", json!({}));
    let lot = server.issue(fixed, "alice", json!({}));
    let refuse = |more: Value, code: &str| -> Value {
        let mut body = json!({"profile_id": "bob", "type": "reward", "value": 1});
        common::merge(&mut body, more);
        server.post("/profiles/alice/transfers", &body).refuses(422, code).bare_json()
    };
    refuse(json!({"profile_id": "alice"}), "same_profile");
    refuse(json!({"profile_id": null}), "missing_field");
    refuse(json!({"type": "cash"}), "invalid_field");
    refuse(json!({"ids": [lot]}), "not_reassignable");
    refuse(json!({"ids": [4_000_000]}), "unknown_lot");
    refuse(json!({"to": "bob"}), "unknown_field");
    assert_eq!(refuse(json!({"value": 9}), "transfer_limit")["meta"], json!({"requested": 9, "left": 8}));
    let short = refuse(json!({"value": 3, "type": "point"}), "insufficient_value");
    assert_eq!(short["errors"].as_object().unwrap().keys().collect::<Vec<_>>(), ["value"]);
    assert_eq!(server.balance("alice"), 20);
}
