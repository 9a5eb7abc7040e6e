//! What is not understood is said, and what is understood is obeyed everywhere.

mod common;

use common::{Request, Server};
use serde_json::{Value, json};

#[test]
fn a_key_that_comes_twice_is_refused() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let lot = server.issue(ten, "p", json!({}));
    for (method, path, body, key) in [
        ("POST", "/profiles/p/redemptions", r#"{"amount": 1, "amount": 2}"#, "amount"),
        ("POST", "/profiles/p/redemptions", r#"{"amount": 1, "\u0061mount": 1}"#, "amount"),
        ("POST", "/rewards", r#"{"profile_id": "p", "meta": {"a": [{"b": 1, "b": 1}]}}"#, "b"),
        (
            "POST",
            "/rewards/batch",
            r#"[{"profile_id": "p"}, {"profile_id": "p", "profile_id": "q"}]"#,
            "profile_id",
        ),
        (
            "PUT",
            &format!("/rewards/{lot}"),
            r#"{"value_remaining": 1, "value_remaining": 5}"#,
            "value_remaining",
        ),
        ("POST", "/transactions", r#"{"profile_id": "p", "total": 1, "receipt": {"x": 1, "x": 2}}"#, "x"),
        ("PUT", "/test-clock", r#"{"now": "2025-06-20", "now": "2025-06-21"}"#, "now"),
    ] {
        let refused = server.call(Request::new(method, path).body(body.as_bytes()));
        let refused = refused.refuses(400, "repeated_key").bare_json();
        assert_eq!(refused["errors"][key], json!(["comes twice in one object"]), "{path}");
    }
    assert_eq!(server.balance("p"), 10);
}

#[test]
fn a_parameter_that_is_not_known_is_refused() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let lot = server.issue(ten, "p", json!({}));
    for (path, named) in [
        ("/rewards?page=2", "page"),
        ("/rewards?limit=10", "limit"),
        ("/profiles/p/rewards?sort=-id", "sort"),
        ("/profiles/p/balances?page[number]=1", "page[number]"),
        ("/profiles/p/balances?At=2025-06-20", "At"),
        ("/rewards?filter[profile]=p", "filter[profile]"),
        ("/rewards?filter[]=p", "filter[]"),
        ("/rewards?filter[profile_id]=p&filter[profile_id]=q", "filter[profile_id]"),
        ("/transactions?filter[extrenal_id]=E", "filter[extrenal_id]"),
        (&format!("/rewards/{lot}?filter[id]=1"), "filter[id]"),
        ("/profiles/p/rewards?at=2025-06-20&at=2025-06-21", "at"),
        ("/health?verbose", "verbose"),
    ] {
        let refused = server.get(path).refuses(422, "unknown_parameter").bare_json();
        assert!(refused["errors"][named][0].is_string(), "{path}: {refused}");
    }
    let said = server.get("/rewards?page=2").bare_json()["message"].to_string();
    assert!(said.contains("did you mean `page[number]`?"), "{said}");
    for name in ["at", "page[number]", "page[size]", "filter"] {
        assert!(said.contains(name), "{name} is not listed: {said}");
    }
    let said = server.get("/rewards?filter[profile]=p").bare_json()["message"].to_string();
    assert!(said.contains("did you mean `profile_id`?") && said.contains("value_remaining"), "{said}");
    let body = json!({"amount": 1});
    server.post("/profiles/p/redemptions?strict=true", &body).refuses(422, "unknown_parameter");
    assert_eq!(server.balance("p"), 10);
    // What was sent with a transaction is a field of it.
    server.post("/transactions", &json!({"profile_id": "p", "total": 1, "receipt_ref": "R-1"})).is(201);
    assert_eq!(server.get("/transactions?filter[receipt_ref]=R-1").is(200).ids().len(), 1);
}

#[test]
fn a_field_that_is_not_known_is_refused_where_value_moves() {
    let server = Server::start();
    let ten = server.define("ten", json!({"is_extendable": true, "is_reassignable": true}));
    let lot = server.issue(ten, "p", json!({"expires_at": "2025-07-01"}));
    server.post("/points", &json!({"profile_id": "p", "value_initial": 5})).is(201);
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201).id();
    let hold = server.post("/profiles/p/holds", &json!({"amount": 1})).is(201).id();
    let sale = server.post("/transactions", &json!({"profile_id": "p", "total": 1})).is(201).id();
    let before = server.get("/profiles/p/ledgers").is(200).ids();
    for (path, body, field, meant) in [
        (
            "/rewards".to_owned(),
            json!({"profile_id": "p", "reward_definition_id": ten, "expire_at": "2025-07-01"}),
            "expire_at",
            "expires_at",
        ),
        (
            "/rewards".to_owned(),
            json!({"profile_id": "p", "reward_definition_id": ten, "value": 1}),
            "value",
            "value_initial",
        ),
        (
            "/points".to_owned(),
            json!({"profile_id": "p", "value_inital": 1}),
            "value_inital",
            "value_initial",
        ),
        (
            "/rewards/extend".to_owned(),
            json!({"profile_id": "p", "ids": [lot], "days": 1}),
            "days",
            "extend_days",
        ),
        (format!("/rewards/{lot}/reassign"), json!({"profile_id": "q", "amount": 1}), "amount", ""),
        (
            "/profiles/p/redemptions".to_owned(),
            json!({"amount": 1, "strategy": "points"}),
            "strategy",
            "strategies",
        ),
        ("/profiles/p/redemptions".to_owned(), json!({"amount": 1, "stric": true}), "stric", "strict"),
        ("/profiles/p/redemptions/quote".to_owned(), json!({"amount": 1, "Amount": 1}), "Amount", "amount"),
        (
            "/profiles/p/redeem".to_owned(),
            json!({"amount": 1, "strategies": ["points"]}),
            "strategies",
            "strategy",
        ),
        ("/profiles/p/holds".to_owned(), json!({"amount": 1, "expire_in": 5}), "expire_in", "expires_in"),
        (format!("/holds/{hold}/capture"), json!({"ammount": 1}), "ammount", "amount"),
        (format!("/holds/{hold}/release"), json!({"amount": 1}), "amount", ""),
        (format!("/redemptions/{redemption}/return"), json!({"amount": 1, "lenient": true}), "lenient", ""),
        (format!("/redemptions/{redemption}/reversal"), json!({"amount": 1}), "amount", ""),
        (format!("/transactions/{sale}/return"), json!({"amount": 1, "total": 1}), "total", ""),
    ] {
        let refused = server.post(&path, &body).refuses(422, "unknown_field").bare_json();
        let said = refused["errors"][field][0].as_str().unwrap_or_else(|| panic!("{path}: {refused}"));
        assert!(meant.is_empty() || said.contains(&format!("did you mean `{meant}`?")), "{path}: {said}");
    }
    let wrong = server.put(&format!("/rewards/{lot}"), &json!({"value_remaning": 0}));
    wrong.refuses(422, "unknown_field");
    let row = json!({"profile_id": "p", "reward_definition_id": ten, "quantity": 2});
    let rows = server.post("/rewards/batch", &json!([row])).is(200).bare_json();
    assert_eq!(rows["data"][0]["code"], "unknown_field");
    assert!(rows["data"][0]["message"].as_str().unwrap().starts_with("quantity: "));
    server.post("/rewards/batch", &json!({"rewards": [], "row": 1})).refuses(422, "unknown_field");
    assert_eq!(server.get("/profiles/p/ledgers").is(200).ids(), before);
}

#[test]
fn a_definition_keeps_unknown_fields_and_refuses_misspelt_ones() {
    let server = Server::start();
    let more = json!({
        "issue_target_id": 7, "expiry_target_id": null, "notify_issue_offset": -24, "notify_expiry_offset": 72.50,
        "redeem_instructions_store": "Show it.", "redeem_instructions_online": "", "our_own": {"a": [1]},
        "meta": {"k": 1},
    });
    for path in ["/reward-definitions", "/points/definitions"] {
        let mut body = json!({"name": "n", "handle": "h", "value": 1});
        common::merge(&mut body, more.clone());
        let made = server.post(path, &body).is(201).data();
        let kept = |made: &Value| {
            for (field, sent) in more.as_object().unwrap().iter().filter(|(_, sent)| !sent.is_null()) {
                assert_eq!(&made[field], sent, "{path} {field}");
            }
        };
        kept(&made);
        let one = format!("{path}/{}", made["id"]);
        kept(&server.get(&one).is(200).data());
        kept(&server.get(path).is(200).data().as_array().unwrap().last().unwrap().clone());
        // Changing something else leaves it, and it can be changed.
        kept(&server.put(&one, &json!({"name": "m"})).is(200).data());
        assert_eq!(server.put(&one, &json!({"our_own": 2})).is(200).data()["our_own"], 2);
        for slip in ["is_extendible", "perod", "hadnle"] {
            server.put(&one, &json!({slip: 1})).refuses(422, "unknown_field");
        }
    }
}

#[test]
fn the_profile_of_the_body_is_that_of_the_path() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let lot = server.issue(ten, "p", json!({}));
    for path in ["redemptions", "redemptions/quote", "redeem", "holds"] {
        let path = format!("/profiles/p/{path}");
        let refused =
            server.post(&path, &json!({"amount": 1, "profile_id": "q"})).refuses(422, "invalid_field");
        assert!(refused.bare_json()["errors"]["profile_id"][0].is_string());
    }
    server.post("/profiles/p/redemptions", &json!({"amount": 1, "profile_id": "p"})).is(201);
    assert_eq!(server.balance("p"), 9);
    let one = format!("/rewards/{lot}");
    let refused = server.put(&one, &json!({"profile_id": "q", "value_remaining": 1}));
    assert!(refused.refuses(422, "invalid_field").bare_json()["errors"]["profile_id"][0].is_string());
    assert_eq!(server.balance("p"), 9);
    server.put(&one, &json!({"profile_id": "p", "value_remaining": 8})).is(200);
}

#[test]
fn every_read_can_be_asked_as_of_the_past() {
    let server = Server::start();
    let ten = server.define("ten", json!({"is_reassignable": true}));
    let moved = server.issue(ten, "p", json!({}));
    let revoked = server.issue(ten, "p", json!({}));
    let points = server.post("/points", &json!({"profile_id": "p", "value_initial": 5})).is(201).id();
    let sale = json!({"profile_id": "p", "total": 5, "external_id": "E"});
    let sale = server.post("/transactions", &sale).is(201).id();
    server.set_clock("2025-06-21T00:00:00Z");
    server.put(&format!("/reward-definitions/{ten}"), &json!({"name": "changed"})).is(200);
    server.post("/profiles/p/redeem", &json!({"amount": 1, "strategy": "points"})).is(201);
    server.put(&format!("/rewards/{moved}"), &json!({"value_remaining": 3})).is(200);
    server.post(&format!("/rewards/{moved}/reassign"), &json!({"profile_id": "q"})).is(200);
    server.delete(&format!("/rewards/{revoked}")).is(204);
    server.put(&format!("/transactions/{sale}"), &json!({"total": 4})).is(200);
    server.set_clock("2025-06-22T00:00:00Z");
    let then = "at=2025-06-20T00:00:00Z";
    let at = |path: &str| server.get(&format!("{path}?{then}")).is(200).data();
    assert_eq!(at(&format!("/reward-definitions/{ten}"))["name"], "ten");
    assert_eq!(at("/reward-definitions")[0]["name"], "ten");
    assert_eq!(server.get("/reward-definitions?at=2025-06-01").is(200).data(), json!([]));
    let reward = at(&format!("/rewards/{moved}"));
    assert_eq!((&reward["value_remaining"], &reward["profile_id"]), (&json!(10), &json!("p")));
    assert_eq!(at(&format!("/rewards/{revoked}"))["value_remaining"], 10);
    assert_eq!(at(&format!("/points/{points}"))["value_remaining"], 5);
    assert_eq!(at(&format!("/transactions/{sale}"))["total"], 5);
    assert_eq!(at("/transactions/external/E")["total"], 5);
    assert_eq!(at(&format!("/profiles/p/rewards/{moved}"))["value_remaining"], 10);
    let ids = |path: &str| server.get(path).is(200).ids();
    assert_eq!(ids(&format!("/rewards?{then}")), [moved, revoked]);
    assert_eq!(ids("/rewards"), [moved]);
    assert_eq!(ids(&format!("/points?{then}")), [points]);
    assert_eq!(ids(&format!("/transactions?{then}")), [sale]);
    assert_eq!(ids("/rewards?at=2025-06-19T23:59:59Z"), [0; 0]);
    assert_eq!(server.get(&format!("/rewards?{then}&page[size]=1")).is(200).bare_json()["meta"]["total"], 2);
    server.get(&format!("/rewards/{moved}?at=2025-06-01")).refuses(404, "not_found");
    // Whatever is described as readable takes it.
    for (path, methods) in server.description["paths"].as_object().unwrap() {
        if path.starts_with("/api/") && !methods["get"].is_null() {
            let parameters = methods["get"]["parameters"].to_string();
            assert!(parameters.contains("\"at\""), "{path}");
            let path = path.replace("{profile}", "p").replace("{id}", &moved.to_string());
            server.get(&format!("{path}?at=yesterday")).refuses(422, "invalid_field");
        }
    }
}

#[test]
fn a_date_in_the_query_is_the_end_of_that_day_where_the_program_is() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    // In Melbourne it is the 20th until 14:00 in UTC.
    server.set_clock("2025-06-20T13:59:59Z");
    server.issue(ten, "p", json!({}));
    server.set_clock("2025-06-20T14:00:00Z");
    server.issue(ten, "p", json!({}));
    let balance = |at: &str| {
        server.get(&format!("/profiles/p/balances?at={at}")).is(200).data()["reward_balance"].clone()
    };
    for (at, wanted) in [
        ("2025-06-19", 0),
        ("2025-06-20", 10),
        ("2025-06-21", 20),
        ("2025-06-20%2014:00:00", 20),
        ("2025-06-20%2000:00:00", 0),
    ] {
        assert_eq!(balance(at), wanted, "{at}");
    }
}

#[test]
fn attached_documents_have_a_limit() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let meta = |length: usize| json!({"a": "x".repeat(length - 8)});
    assert_eq!(meta(16384).to_string().len(), 16384);
    let body = |length: usize| json!({"profile_id": "p", "reward_definition_id": ten, "meta": meta(length)});
    let kept = server.post("/rewards", &body(16384)).is(201).data();
    assert_eq!(kept["meta"], meta(16384));
    let too_long = meta(16385);
    let lot = kept["id"].as_u64().unwrap();
    for (method, path, body) in [
        ("POST", "/rewards".to_owned(), json!({"profile_id": "p", "reward_definition_id": ten})),
        ("PUT", format!("/rewards/{lot}"), json!({})),
        ("POST", "/points".to_owned(), json!({"profile_id": "p", "value_initial": 1})),
        ("POST", "/reward-definitions".to_owned(), json!({"name": "n", "handle": "h", "value": 1})),
        ("POST", "/profiles/p/redemptions".to_owned(), json!({"amount": 1})),
        ("POST", "/profiles/p/holds".to_owned(), json!({"amount": 1})),
        ("POST", "/transactions".to_owned(), json!({"profile_id": "p", "total": 1})),
        (
            "POST",
            "/transactions/update-create".to_owned(),
            json!({"profile_id": "p", "total": 1, "external_id": "E"}),
        ),
    ] {
        let mut body = body;
        body["meta"] = too_long.clone();
        let refused = server.call(Request::new(method, &path).json(&body)).refuses(422, "invalid_field");
        assert!(refused.bare_json()["errors"]["meta"][0].is_string(), "{path}");
    }
    let rows = server.post("/rewards/batch", &json!([body(16385), body(16384)])).is(200).bare_json();
    assert_eq!(
        (&rows["data"][0]["code"], &rows["data"][1]["status"]),
        (&json!("invalid_field"), &json!("created"))
    );
}

/// `null` is as good as leaving a field out, and there is a word for never.
#[test]
fn null_is_an_omitted_field_and_never_is_a_word() {
    let server = Server::start();
    let month = server.define("month", json!({"period": 30}));
    let issue = |end: Value| {
        let body = json!({"profile_id": "p", "reward_definition_id": month, "expires_at": end});
        server.post("/rewards", &body).is(201).data()
    };
    assert_eq!(issue(json!("never"))["expires_at"], Value::Null);
    let lot = issue(Value::Null);
    assert_eq!(lot["expires_at"], "2025-07-20 13:59:59");
    let one = format!("/rewards/{}", lot["id"]);
    let change =
        |end: Value| server.put(&one, &json!({"expires_at": end})).is(200).data()["expires_at"].clone();
    assert_eq!(change(Value::Null), "2025-07-20 13:59:59");
    assert_eq!(change(json!("never")), Value::Null);
    assert_eq!(change(Value::Null), Value::Null);
    assert_eq!(change(json!("2025-07-20")), "2025-07-20 13:59:59");
    let points = json!({"profile_id": "p", "value_initial": 1, "expires_at": "never"});
    assert_eq!(server.post("/points", &points).is(201).data()["expires_at"], Value::Null);
    let rows = json!([{"profile_id": "p", "reward_definition_id": month, "expires_at": null}]);
    let id = server.post("/rewards/batch", &rows).is(200).bare_json()["data"][0]["id"].clone();
    assert_eq!(server.get(&format!("/rewards/{id}")).is(200).data()["expires_at"], "2025-07-20 13:59:59");
    // Where an end is wanted, never is none.
    let endless = json!({"name": "n", "handle": "n", "value": 1, "absolute_expiry": "never"});
    server.post("/reward-definitions", &endless).refuses(422, "no_end");
    let extend = json!({"profile_id": "p", "ids": [lot["id"]], "extend_date": "never"});
    server.post("/rewards/extend", &extend).refuses(422, "no_end");
}
