//! What a PUT or update-create does to a sale (rule X6), and what it leaves alone.

mod common;

use common::Server;
use serde_json::{Value, json};

fn earning() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.json");
    std::fs::write(&path, r#"{"earn": {"points": 1, "amount": 1}}"#).unwrap();
    Server::with(&["--store", "memory", "--program", path.to_str().unwrap()])
}

fn points(server: &Server) -> Value {
    server.get("/profiles/p/balances").is(200).data()["point_balance"].clone()
}

#[test]
fn a_sale_gets_an_external_id_once() {
    let server = Server::start();
    let sale = |more: Value| {
        let mut body = json!({"profile_id": "p", "total": 20, "location": "Carlton"});
        common::merge(&mut body, more);
        body
    };
    server.post("/transactions", &sale(json!({"external_id": "S-1"}))).is(201);
    let posted = server.post("/transactions", &sale(json!({}))).is(201);
    let path = format!("/transactions/{}", posted.id());
    let taken = server.put(&path, &json!({"external_id": "S-1"})).refuses(409, "external_id_conflict");
    assert!(taken.bare_json()["errors"]["external_id"][0].is_string());
    server.get("/transactions/external/S-2").refuses(404, "not_found");
    let mut edited = posted.data();
    edited["external_id"] = json!("S-2");
    let named = server.put(&path, &edited).is(200).data();
    assert_eq!((&named["external_id"], &named["location"]), (&json!("S-2"), &json!("Carlton")));
    assert_eq!(server.get("/transactions/external/S-2").is(200).data(), named);
    assert_eq!(server.get("/transactions?filter[external_id]=S-2").is(200).ids(), [posted.id()]);
    // It is what the same sale means, sent again under its id, and no other sale.
    assert_eq!(server.post("/transactions", &sale(json!({"external_id": "S-2"}))).is(200).data(), named);
    let other = sale(json!({"external_id": "S-2", "total": 21}));
    server.post("/transactions", &other).refuses(409, "external_id_conflict");
    let changed = server.post("/transactions/update-create", &other).is(200);
    assert_eq!((changed.id(), &changed.data()["total"]), (posted.id(), &json!(21)));
    let fixed = server.put(&path, &json!({"external_id": "S-3"})).refuses(422, "external_id_fixed");
    assert!(fixed.bare_json()["errors"]["external_id"][0].is_string());
    // Said again, it changes nothing.
    let now = server.get(&path).is(200).data();
    assert_eq!(server.put(&path, &json!({"external_id": "S-2"})).is(200).data(), now);
}

#[test]
fn a_void_sale_is_undone_and_stays_visible() {
    let server = earning();
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({}));
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 4})).is(201).id();
    let sale = json!({"profile_id": "p", "total": 50, "redemption_id": redemption, "external_id": "S-1"});
    let mut early = sale.clone();
    early["is_void"] = json!(true);
    for path in ["/transactions", "/transactions/update-create"] {
        server.post(path, &early).refuses(422, "invalid_field");
    }
    let posted = server.post("/transactions", &sale).is(201);
    let path = format!("/transactions/{}", posted.id());
    assert_eq!((points(&server), &posted.data()["is_void"]), (json!(50), &json!(false)));
    let void = server.put(&path, &json!({"is_void": true, "why": "rung up twice"})).is(200).data();
    let fields = ["is_void", "why", "redemption", "redemption_id", "points_earned", "total"];
    let wanted = json!([true, "rung up twice", null, null, 0, 50]);
    assert_eq!(json!(fields.map(|field| &void[field])), wanted);
    assert_eq!(points(&server), json!(0));
    let unlinked = server.get(&format!("/profiles/p/redemptions/{redemption}")).is(200).data();
    assert_eq!(unlinked["transaction_id"], Value::Null);
    for shown in [&path, "/transactions/external/S-1"] {
        assert_eq!(server.get(shown).is(200).data(), void);
    }
    for list in ["/transactions", "/profiles/p/transactions", "/transactions?filter[is_void]=true"] {
        assert_eq!(server.get(list).is(200).data(), json!([void]), "{list}");
    }
    // That is final; what it says already changes nothing.
    assert_eq!(server.put(&path, &void).is(200).data(), void);
    assert_eq!(server.put(&path, &json!({"is_void": true})).is(200).data(), void);
    server.put(&path, &json!({"is_void": false})).refuses(422, "transaction_void");
    server.put(&path, &json!({"total": 40})).refuses(422, "transaction_void");
    server.post(&format!("{path}/return"), &json!({"amount": 1})).refuses(422, "transaction_void");
    server.delete(&path).is(204);
    server.get(&path).refuses(404, "not_found");
    // By update-create it is the same.
    let again = server.post("/transactions", &sale).is(201);
    assert_eq!(points(&server), json!(50));
    let body = json!({"profile_id": "p", "external_id": "S-1", "is_void": true});
    let void = server.post("/transactions/update-create", &body).is(200);
    assert_eq!((void.id(), &void.data()["is_void"]), (again.id(), &json!(true)));
    assert_eq!(points(&server), json!(0));
}

/// `null` is as good as leaving a field out: whoever sends all fields that a client knows clears none of them.
#[test]
fn null_leaves_a_field_as_it_is() {
    let server = Server::start();
    let ten =
        server.define("ten", json!({"max_value": 20, "description": "Ten", "absolute_expiry": "2026-01-31"}));
    server.issue(ten, "p", json!({}));
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 4})).is(201).id();
    let sale = json!({"profile_id": "p", "total": 9, "redemption_id": redemption, "external_id": "S-1", "tags": ["a"],
        "items": [{"sku": "A"}], "location": "Carlton", "meta": {"a": 1}, "transacted_at": "2025-06-19 00:00:00"});
    let sale = server.post("/transactions", &sale).is(201).id();
    let reward = server.issue(ten, "p", json!({"meta": {"a": 1}, "expires_at": "2025-07-01"}));
    for path in
        [format!("/reward-definitions/{ten}"), format!("/transactions/{sale}"), format!("/rewards/{reward}")]
    {
        let before = server.get(&path).is(200).data();
        let nulls: serde_json::Map<String, Value> =
            before.as_object().unwrap().keys().map(|field| (field.clone(), Value::Null)).collect();
        assert_eq!(server.put(&path, &Value::Object(nulls)).is(200).data(), before, "{path}");
    }
}

/// Catches: a clawback at the rates that the program has now.
#[test]
fn what_was_earned_at_old_rates_goes_back_at_them_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let program = folder.path().join("program.json");
    let start = |rates: Value| {
        std::fs::write(&program, json!({"earn": rates}).to_string()).unwrap();
        Server::with(&["--store", &store, "--program", program.to_str().unwrap()])
    };
    let mut server = start(json!([
        {"points": 1, "amount": 1, "scope": {"except": ["gift-card"]}},
        {"points": 2, "amount": 1, "tags": ["shoes"]},
    ]));
    let items = json!([
        {"id": "boots", "amount": 50, "tags": ["shoes"]},
        {"id": "card", "amount": 25, "tags": ["gift-card"]},
        {"id": "socks", "amount": 10, "tags": []},
    ]);
    let sale = json!({"profile_id": "p", "total": 85, "items": items});
    let sale = server.post("/transactions", &sale).is(201).id();
    assert_eq!(points(&server), json!(160));
    server.ask_to_stop();
    assert!(server.stopped());
    let server = start(json!([{"points": 900, "amount": 1}]));
    let back = |lines: Value| {
        server.post(&format!("/transactions/{sale}/return"), &json!({"lines": lines})).is(201).data()
    };
    assert_eq!(back(json!([{"id": "boots", "amount": 20}]))["points_clawed_back"], json!(60));
    assert_eq!(back(json!([{"id": "card"}]))["points_clawed_back"], json!(0));
    assert_eq!(back(json!([{"id": "boots"}, {"id": "socks"}]))["points_clawed_back"], json!(100));
    assert_eq!(points(&server), json!(0));
}
