//! What an answer says where things are not as usual: nothing changed, less than was asked for, a field that cannot be.

mod common;

use common::{Request, Server};
use serde_json::{Value, json};

/// A PUT that changes nothing writes nothing.
#[test]
fn a_put_that_changes_nothing_writes_nothing() {
    let server = Server::start();
    let ten = server.define("ten", json!({"period": 30}));
    let lot = server.issue(ten, "p", json!({"meta": {"a": 1}}));
    let sale = json!({"profile_id": "p", "total": 5, "external_id": "E", "receipt": {"a": 1}, "items": [1]});
    let sale = server.post("/transactions", &sale).is(201).id();
    let entries = || server.get("/profiles/p/ledgers").is(200).bare_json();
    let before = entries();
    server.set_clock("2025-06-21T00:00:00Z");
    let (lot, sale) = (format!("/rewards/{lot}"), format!("/transactions/{sale}"));
    let definition = format!("/reward-definitions/{ten}");
    for one in [&lot, &sale, &definition] {
        let seen = server.get(one).is(200).data();
        assert_eq!(server.put(one, &json!({})).is(200).data(), seen, "{one}");
        assert_eq!(server.put(one, &seen).is(200).data(), seen, "{one}");
        let bare = server.call(Request::new("PUT", one)).is(200).data();
        assert_eq!(bare, seen, "{one}");
    }
    server.put(&lot, &json!({"value_remaining": 10.00, "meta": {"a": 1}, "reason": "why not"})).is(200);
    server.put(&lot, &json!({"expires_at": "2025-07-20", "timezone": "UTC"})).is(200);
    server.put(&sale, &json!({"total": "5.0", "transacted_at": "2025-06-20T10:00:00+10:00"})).is(200);
    server
        .post("/transactions/update-create", &json!({"profile_id": "p", "external_id": "E", "total": 5}))
        .is(200);
    let after = entries();
    assert_eq!(after["data"], before["data"]);
    // What does change something is written.
    server.put(&lot, &json!({"meta": {"a": 2}})).is(200);
    server.put(&sale, &json!({"receipt": {"a": 2}})).is(200);
    assert_eq!(entries()["meta"]["total"].as_u64(), before["meta"]["total"].as_u64().map(|total| total + 2));
}

/// Each error names the field that was sent.
#[test]
fn errors_are_under_the_field_that_was_sent() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let gone = server.define("gone", json!({}));
    server.delete(&format!("/reward-definitions/{gone}")).is(204);
    let closed = json!({"name": "c", "handle": "closed", "is_assignable": false});
    let closed = server.post("/points/definitions", &closed).is(201).id();
    let lot = server.issue(ten, "p", json!({}));
    server.post("/profiles/p/holds", &json!({"amount": 4})).is(201);
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 5})).is(201).id();
    let sale = json!({"profile_id": "p", "total": 20, "total_original": 25, "redemption_id": redemption});
    let sale = format!("/transactions/{}", server.post("/transactions", &sale).is(201).id());
    server.post(&format!("{sale}/return"), &json!({"amount": 8})).is(201);
    let named = |method: &str, path: &str, body: Value, code: &str, field: &str| {
        let refused = server.call(Request::new(method, path).json(&body)).refuses(422, code).bare_json();
        let fields: Vec<&String> = refused["errors"].as_object().unwrap().keys().collect();
        assert_eq!(fields, [field], "{path} {body}");
    };
    named("PUT", &sale, json!({"total": 7}), "total_below_returned", "total");
    named("PUT", &sale, json!({"total_original": 4}), "redemption_above_total", "total_original");
    named("POST", &format!("{sale}/return"), json!({"amount": 13}), "return_above_transaction", "amount");
    let other = json!({"profile_id": "p", "total": 2, "redemption_id": redemption});
    named("POST", "/transactions", other, "redemption_linked", "redemption_id");
    let much = json!({"name": "n", "handle": "much", "value": 51, "max_value": 50});
    named("POST", "/reward-definitions", much, "above_max_value", "value");
    let one = format!("/reward-definitions/{ten}");
    named("PUT", &one, json!({"max_value": 9}), "above_max_value", "max_value");
    named("PUT", &one, json!({"value": 11, "max_value": 9}), "above_max_value", "value");
    server.put(&one, &json!({"max_value": 50})).is(200);
    let issue = |more: Value| {
        let mut body = json!({"profile_id": "p", "reward_definition_id": ten});
        common::merge(&mut body, more);
        body
    };
    named("POST", "/rewards", issue(json!({"value_initial": 51})), "above_max_value", "value_initial");
    named(
        "POST",
        "/rewards",
        issue(json!({"reward_definition_id": gone})),
        "definition_archived",
        "reward_definition_id",
    );
    let points = json!({"profile_id": "p", "value_initial": 1, "point_definition_id": closed});
    named("POST", "/points", points, "not_assignable", "point_definition_id");
    let points = json!({"profile_id": "p", "value_initial": 1, "point_definition_handle": "closed"});
    named("POST", "/points", points, "not_assignable", "point_definition_handle");
    let never = json!({"issued_at": "2025-05-02", "expires_at": "2025-05-01"});
    named("POST", "/rewards", issue(never), "never_usable", "expires_at");
    named("PUT", &format!("/rewards/{lot}"), json!({"value_remaining": 1}), "lot_held", "value_remaining");
    let extend = json!({"profile_id": "p", "ids": [lot], "extend_days": 1});
    named("POST", "/rewards/extend", extend, "not_extendable", "ids");
    named(
        "POST",
        "/profiles/p/redeem",
        json!({"amount": 99, "strict": true}),
        "insufficient_value",
        "amount",
    );
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.json");
    std::fs::write(&program, r#"{"exchange_rate": null}"#).unwrap();
    let pointless = Server::with(&["--store", "memory", "--program", program.to_str().unwrap()]);
    let short = json!({"amount": 1, "strategy": "points"});
    let refused = pointless.post("/profiles/p/redeem", &short).refuses(422, "no_exchange_rate").bare_json();
    assert!(refused["errors"]["strategy"][0].is_string() && refused["errors"]["strategies"].is_null());
}

/// What is less than was asked for says so, and so does what was expired from the first.
#[test]
fn a_partial_or_expired_result_says_so() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({}));
    for path in ["redemptions/quote", "holds", "redemptions", "redeem"] {
        let path = format!("/profiles/p/{path}");
        let asked = |amount: u32, strict: bool| {
            let body = json!({"amount": amount, "strict": strict});
            server.call(Request::new("POST", &path).json(&body)).data()["is_partial"].clone()
        };
        assert_eq!(asked(1, false), false, "{path}");
    }
    for path in ["redemptions/quote", "holds"] {
        server.issue(ten, "h", json!({}));
        let partial = server.call(
            Request::new("POST", &format!("/profiles/h/{path}"))
                .json(&json!({"amount": 100, "strict": false})),
        );
        assert_eq!(partial.data()["is_partial"], true, "{path}");
    }
    let partial = server.post("/profiles/p/redemptions", &json!({"amount": 100})).is(201).data();
    assert_eq!(
        (&partial["is_partial"], &partial["requested"], &partial["total"]),
        (&json!(true), &json!(100), &json!(7))
    );
    let seen = server.get(&format!("/profiles/p/redemptions/{}", partial["id"])).is(200).data();
    assert_eq!(seen["is_partial"], true);
    let past = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": "2025-06-01"});
    let reward = server.post("/rewards", &past).is(201).data();
    assert_eq!((&reward["arrived_expired"], &reward["is_expired"]), (&json!(true), &json!(true)));
    assert_eq!(server.get(&format!("/rewards/{}", reward["id"])).is(200).data()["arrived_expired"], true);
    let ahead = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": "2025-06-21"});
    let rows = server.post("/rewards/batch", &json!([past, ahead])).is(200).bare_json();
    assert_eq!(
        (&rows["data"][0]["arrived_expired"], &rows["data"][1]["arrived_expired"]),
        (&json!(true), &Value::Null)
    );
    // What expires later did not arrive so.
    server.set_clock("2025-07-01T00:00:00Z");
    let later = server.get(&format!("/rewards/{}", rows["data"][1]["id"])).is(200).data();
    assert_eq!((&later["is_expired"], &later["arrived_expired"]), (&json!(true), &Value::Null));
}

/// Ids of profiles are compared byte for byte: two spellings of one name are two profiles.
#[test]
fn two_spellings_of_a_name_are_two_profiles() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let (one_letter, with_accent) = ("Ren\u{e9}", "Rene\u{301}");
    server.issue(ten, one_letter, json!({}));
    assert_eq!(server.balance("Ren%C3%A9"), 10);
    assert_eq!(server.balance("Rene%CC%81"), 0);
    server.issue(ten, with_accent, json!({}));
    server.issue(ten, with_accent, json!({}));
    assert_eq!((server.balance("Ren%C3%A9"), server.balance("Rene%CC%81")), (json!(10), json!(20)));
    assert!(server.description["info"]["description"].as_str().unwrap().contains("byte for byte"));
    assert!(server.description["info"]["description"].as_str().unwrap().contains("is_partial"));
}
