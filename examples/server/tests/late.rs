//! Redemptions that are sent late (rule T10).

mod common;

use common::Server;
use serde_json::json;

fn server(folder: &tempfile::TempDir) -> Server {
    let path = folder.path().join("program.json");
    std::fs::write(&path, r#"{"late_window_seconds": 28800}"#).unwrap();
    Server::with(&["--store", "memory", "--program", path.to_str().unwrap()])
}

/// Catches: `occurred_at` that is read and not handed on; a local time that is taken for one in UTC; a redemption that is
/// made again under its key.
#[test]
fn what_a_till_did_offline_comes_in_later() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    let ten = server.define("ten", json!({}));
    let soon = server.issue(ten, "alice", json!({"expires_at": "2025-06-20 01:59:59", "timezone": "UTC"}));
    let other = server.issue(ten, "alice", json!({}));
    server.set_clock("2025-06-20T03:00:00Z");
    assert_eq!(server.balance("alice"), 10);

    let sale = json!({"amount": 4, "occurred_at": "2025-06-20 11:30:00", "timezone": "Australia/Melbourne"});
    let quote = server.post("/profiles/alice/redemptions/quote", &sale).is(200).data();
    assert_eq!((&quote["items"][0]["id"], &quote["total"]), (&json!(soon), &json!(4)));
    let path = "/profiles/alice/redemptions";
    let made = server.post_keyed("till-1/17", path, &sale).is(201).data();
    assert_eq!(made["items"][0]["id"], json!(soon));
    assert_eq!(made["occurred_at"], "2025-06-20 01:30:00");
    assert_eq!(made["created_at"], "2025-06-20 03:00:00");
    assert_eq!(made["balances"]["reward_balance"], 10);
    let shown = server.get(path).is(200).data();
    assert_eq!(shown[0]["occurred_at"], made["occurred_at"]);
    let left = server.get(&format!("/rewards/{soon}")).is(200).data();
    assert_eq!((&left["value_remaining"], &left["is_expired"]), (&json!(6), &json!(true)));

    // Sent again the next day, it is answered as it was; anything else is too late by then.
    server.set_clock("2025-06-21T03:00:00Z");
    let again = server.post_keyed("till-1/17", path, &sale).is(201).data();
    assert_eq!(again["id"], made["id"]);
    server.post_keyed("till-1/18", path, &sale).refuses(422, "too_late");
    server.post("/profiles/alice/holds", &sale).refuses(422, "unknown_field");
    assert_eq!(server.balance("alice"), 10);
    let untouched = server.get(&format!("/rewards/{other}")).is(200).data();
    assert_eq!(untouched["value_remaining"], 10);
}
