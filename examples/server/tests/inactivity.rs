//! Points that lapse without activity (rule T9).

mod common;

use common::Server;
use serde_json::json;

/// Catches: a period without activity that a definition keeps as it keeps any field it does not know; one that a lot
/// shows as its definition says it now, and not as it is frozen in it (D6).
#[test]
fn a_definition_says_how_long_its_points_last_without_activity() {
    let server = Server::with(&["--store", "memory"]);
    let club =
        json!({"name": "Club", "handle": "club", "inactivity_period": 1, "inactivity_period_type": "years"});
    let club = server.post("/points/definitions", &club).is(201).data();
    assert_eq!((&club["inactivity_period"], &club["inactivity_period_type"]), (&json!(1), &json!("years")));
    let body = json!({"profile_id": "kim", "point_definition_id": club["id"], "value_initial": 5});
    let lot = server.post("/points", &body).is(201).data();
    assert!(lot["expires_at"].is_string(), "{lot}");
    assert_eq!(lot["is_kept_by_activity"], true);

    let path = format!("/points/definitions/{}", club["id"]);
    let changed = server.put(&path, &json!({"inactivity_period": 2})).is(200).data();
    assert_eq!((&changed["inactivity_period"], &changed["name"]), (&json!(2), &json!("Club")));
    let listed = server.get("/profiles/kim/points").is(200).data();
    assert_eq!(listed[0]["definition"]["inactivity_period"], 1);
    assert_eq!(listed[0]["expires_at"], lot["expires_at"]);
    server.put(&path, &json!({"inactivity_period": 0})).refuses(422, "not_positive");
}

/// Catches: a lot that ends by its own end all the same, and is said to be kept by activity; one that has lapsed, and is.
#[test]
fn a_lot_says_whether_activity_puts_its_end_off() {
    let server = Server::with(&["--store", "memory"]);
    let club =
        json!({"name": "Club", "handle": "club", "inactivity_period": 1, "inactivity_period_type": "months"});
    let club = server.post("/points/definitions", &club).is(201).data();
    let lot = |more: serde_json::Value| {
        let mut body = json!({"profile_id": "kim", "point_definition_id": club["id"], "value_initial": 5});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post("/points", &body).is(201).data()["id"].clone()
    };
    let (kept, own) = (lot(json!({})), lot(json!({"expires_at": "2025-06-25"})));
    let lapsed = lot(json!({"issued_at": "2020-01-01T00:00:00Z"}));
    let listed = server.get("/profiles/kim/points").is(200).data();
    let is_kept = |id: &serde_json::Value| {
        let found = listed.as_array().unwrap().iter().find(|lot| lot["id"] == *id);
        found.unwrap()["is_kept_by_activity"].clone()
    };
    assert_eq!([&kept, &own, &lapsed].map(is_kept), [json!(true), json!(null), json!(null)]);
}
