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

    let path = format!("/points/definitions/{}", club["id"]);
    let changed = server.put(&path, &json!({"inactivity_period": 2})).is(200).data();
    assert_eq!((&changed["inactivity_period"], &changed["name"]), (&json!(2), &json!("Club")));
    let listed = server.get("/profiles/kim/points").is(200).data();
    assert_eq!(listed[0]["definition"]["inactivity_period"], 1);
    assert_eq!(listed[0]["expires_at"], lot["expires_at"]);
    server.put(&path, &json!({"inactivity_period": 0})).refuses(422, "not_positive");
}
