//! Every endpoint does what it says, and all of them are called.

mod common;

use common::{Request, Server, merge};
use serde_json::{Value, json};

/// A server whose program earns points and lets holds last.
fn server(folder: &tempfile::TempDir) -> Server {
    let path = folder.path().join("program.json");
    let program = r#"{"earn": {"points": 1, "amount": 1, "point_definition_id": 1}, "hold_seconds": 60}"#;
    std::fs::write(&path, program).unwrap();
    Server::with(&["--store", "memory", "--program", path.to_str().unwrap()])
}

#[test]
fn every_endpoint_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder);
    definitions(&server, "/reward-definitions", json!({"value": 10, "type": "our-own-kind"}));
    definitions(&server, "/rewards/definitions", json!({"value": "12.50", "meta": {"k": [1]}}));
    definitions(&server, "/points/definitions", json!({"notes": "for staff"}));
    let definition = server.define("ten", json!({"is_extendable": true, "is_reassignable": true}));
    rewards(&server, definition);
    moves_under_keys(&server, definition);
    points(&server);
    redemptions(&server, definition);
    holds(&server, definition);
    transactions(&server, definition);
    earned_and_merged(&server, definition);
    system(&server);
    assert_eq!(server.uncalled(), Vec::<String>::new());
}

fn definitions(server: &Server, path: &str, more: Value) {
    let handle = path.replace('/', "-");
    let mut body = json!({"name": "A name", "handle": handle});
    merge(&mut body, more.clone());
    let made = server.post(path, &body).is(201).data();
    for (field, sent) in more.as_object().unwrap().iter().filter(|(field, _)| *field != "value") {
        assert_eq!(&made[field], sent);
    }
    let one = format!("{path}/{}", made["id"]);
    assert_eq!(server.get(&one).is(200).data(), made);
    assert_eq!(server.get(&format!("{path}?filter[handle]={handle}")).is(200).data(), json!([made]));
    // What a PUT leaves out stays; the server's own answer, edited, is understood.
    let changed =
        server.put(&one, &json!({"name": "Another", "absolute_expiry": "2026-01-31"})).is(200).data();
    let mut expected = made.clone();
    let version = made["version"].as_u64().unwrap();
    let edited = json!({"name": "Another", "absolute_expiry": "2026-01-31", "version": version + 1});
    merge(&mut expected, edited);
    assert_eq!(changed, expected);
    merge(&mut expected, json!({"tags": ["a"]}));
    let changed = server.put(&one, &expected).is(200).data();
    expected["version"] = json!(version + 2);
    assert_eq!(changed, expected);
    let timed = json!({"absolute_expiry": "2026-01-31 12:00:00", "timezone": "Australia/Perth"});
    let timed = server.put(&one, &timed).is(200).data();
    assert_eq!(timed["absolute_expiry"], "2026-01-31 04:00:00");
    assert_eq!(server.put(&one, &timed).is(200).data(), timed, "a time as answered is unchanged");
    assert!(server.delete(&one).is(204).body.is_empty());
    server.get(&one).refuses(404, "not_found");
    server.put(&one, &body).refuses(404, "not_found");
    server.delete(&one).refuses(404, "not_found");
    assert_eq!(server.get(&format!("{path}?filter[handle]={handle}")).is(200).data(), json!([]));
}

/// A keyed move is done once, wherever the reward went since.
fn moves_under_keys(server: &Server, definition: u64) {
    let id = server.issue(definition, "kim", json!({}));
    let (one, away) = (format!("/rewards/{id}"), format!("/rewards/{id}/reassign"));
    let to_lea = server.post_keyed("to lea", &away, &json!({"profile_id": "lea"})).is(200).data();
    let to_max = server.post_keyed("to max", &away, &json!({"profile_id": "max"})).is(200).data();
    server.put(&one, &json!({"value_remaining": 7})).is(200);
    let back = server.post_keyed("back", &away, &json!({"profile_id": "kim"})).is(200).data();
    for (key, to, first) in [("to lea", "lea", to_lea), ("to max", "max", to_max), ("back", "kim", back)] {
        assert_eq!(server.post_keyed(key, &away, &json!({"profile_id": to})).is(200).data(), first);
        server.post_keyed(key, &away, &json!({"profile_id": "ned"})).refuses(409, "key_reused");
    }
    assert_eq!(server.get(&one).is(200).data()["profile_id"], "kim");
}

fn rewards(server: &Server, definition: u64) {
    let id = server.issue(
        definition,
        "anna",
        json!({"expires_at": "2025-07-31", "timezone": "Australia/Melbourne"}),
    );
    let gone = server.issue(definition, "anna", json!({"expires_at": "2025-06-01 00:00:00"}));
    let never =
        server.issue(definition, "anna", json!({"reward_definition_handle": null, "expires_at": null}));
    assert_eq!(server.get("/profiles/anna/rewards").is(200).ids(), [id, never, gone]);
    assert_eq!(server.get(&format!("/rewards/{gone}")).is(200).data()["is_expired"], true);
    let one = format!("/rewards/{id}");
    assert_eq!(server.get(&one).is(200).data()["expires_at"], "2025-07-31 13:59:59");
    // A correction, also above what it was worth.
    let more = json!({"value_remaining": 12.5, "meta": {"why": 1}, "reason": "a gift"});
    let corrected = server.put(&one, &more).is(200).data();
    assert_eq!((&corrected["value_remaining"], &corrected["meta"]), (&json!(12.5), &json!({"why": 1})));
    // The server's own answer changes nothing, though its times are in UTC and its zone is not.
    let same = server.put(&one, &corrected).is(200).data();
    assert_eq!(same["expires_at"], corrected["expires_at"]);
    let local = json!({"expires_at": "2025-08-01 10:00:00", "timezone": "Australia/Melbourne"});
    assert_eq!(server.put(&one, &local).is(200).data()["expires_at"], "2025-08-01 00:00:00");
    assert_eq!(server.put(&one, &json!({"expires_at": "never"})).is(200).data()["expires_at"], json!(null));
    server.put(&one, &json!({"expires_at": "2025-08-01 00:00:00"})).is(200);
    // Extending counts from the expiry; and to a date, in the reward's zone.
    let days = server.post("/rewards/extend", &json!({"profile_id": "anna", "ids": [id], "extend_days": 1}));
    let extended = days.is(200).data();
    assert_eq!(
        (&extended[0]["expires_at"], &extended[0]["extended_at"]),
        (&json!("2025-08-02 00:00:00"), &json!("2025-06-20 00:00:00"))
    );
    let date = json!({"profile_id": "anna", "ids": [id], "extend_date": "2025-08-31"});
    assert_eq!(server.post("/rewards/extend", &date).is(200).data()[0]["expires_at"], "2025-08-31 13:59:59");
    // To another profile, with all that is left.
    let moved = server.post(&format!("{one}/reassign"), &json!({"profile_id": "berta"})).is(200).data();
    assert_eq!(
        (&moved["id"], &moved["profile_id"], &moved["value_remaining"]),
        (&json!(id), &json!("berta"), &json!(12.5))
    );
    assert_eq!(server.get(&one).is(200).data(), moved);
    server.get(&format!("/profiles/anna{one}")).refuses(404, "not_found");
    assert_eq!(server.get("/profiles/berta/rewards").is(200).ids(), [id]);
    // Revoked, it is gone; its history is not.
    server.delete(&one).is(204);
    server.get(&one).refuses(404, "not_found");
    server.delete(&one).refuses(404, "not_found");
    server.put(&one, &json!({"value_remaining": 1})).refuses(404, "not_found");
    server.post(&format!("{one}/reassign"), &json!({"profile_id": "anna"})).refuses(404, "not_found");
    assert_eq!(server.get("/profiles/berta/rewards").is(200).ids(), Vec::<u64>::new());
    assert!(!server.get("/rewards").is(200).ids().contains(&id));
    for path in ["/rewards/batch", "/rewards/batch.json"] {
        let row = json!({"reward_definition_id": definition, "profile_id": "b", "external_id": "x"});
        let rows = json!([row, {"profile_id": "b"}, row, 7]);
        let answer = server.post(path, &rows).is(200).bare_json();
        let new = if path.ends_with("json") { "existing" } else { "created" };
        assert_eq!(answer["data"][0]["status"], new);
        assert_eq!(answer["data"][1]["code"], "missing_field");
        assert_eq!(
            (&answer["data"][2]["status"], &answer["data"][3]["code"]),
            (&json!("existing"), &json!("invalid_body"))
        );
        assert_eq!(answer["data"][2]["id"], answer["data"][0]["id"]);
        assert_eq!(answer["data"][3]["index"], 3);
    }
    let wrapped = json!({"rewards": [{"reward_definition_id": definition, "profile_id": "b"}]});
    assert_eq!(server.post("/rewards/batch", &wrapped).is(200).bare_json()["meta"]["created"], 1);
}

fn points(server: &Server) {
    let body = json!({"profile_id": "piet", "point_definition_id": 1, "value_initial": 120.5, "source_type": "survey"});
    let point = server.post("/points", &body).is(201).data();
    assert_eq!((&point["value_remaining"], &point["source_type"]), (&json!(120.5), &json!("survey")));
    assert_eq!(point["definition"]["id"], 1);
    let id = point["id"].as_u64().unwrap();
    assert_eq!(server.get(&format!("/points/{id}")).is(200).data(), point);
    server.get(&format!("/rewards/{id}")).refuses(404, "not_found");
    for list in ["/points", "/points?filter[profile_id]=piet", "/profiles/piet/points"] {
        assert!(server.get(list).is(200).ids().contains(&id), "{list}");
    }
    let balances = server.get("/profiles/piet/balances").is(200).data();
    assert_eq!(
        (&balances["point_balance"], &balances["point_balance_dollars"]),
        (&json!(120.5), &json!(12.05))
    );
}

fn redemptions(server: &Server, definition: u64) {
    let first = server.issue(definition, "rosa", json!({"expires_at": "2025-07-01 00:00:00"}));
    let second = server.issue(definition, "rosa", json!({}));
    let later = server.issue(definition, "rosa", json!({"available_at": "2025-12-01 00:00:00"}));
    server.post("/points", &json!({"profile_id": "rosa", "value_initial": 50})).is(201);
    let body = json!({"amount": 12.5, "meta": {"till": 7}});
    let quote = server.post("/profiles/rosa/redemptions/quote", &body).is(200).data();
    let reasons: Vec<_> =
        quote["unused"].as_array().unwrap().iter().map(|unused| unused["reason"].clone()).collect();
    assert_eq!(
        (reasons, &quote["unused"][1]["id"]),
        (vec![json!("not_in_strategy"), json!("pending")], &json!(later))
    );
    let redemption = server.post("/profiles/rosa/redemptions", &body).is(201).data();
    let taken = |of: &Value| -> Vec<Value> {
        let items = of["items"].as_array().unwrap().iter();
        items.map(|item| json!([item["id"], item["value"]])).collect()
    };
    assert_eq!(taken(&quote), taken(&redemption));
    assert_eq!(taken(&redemption), [json!([first, 10]), json!([second, 2.5])]);
    assert_eq!(redemption["items"][1]["type_attributes"]["value_remaining"], 7.5);
    assert_eq!((&redemption["meta"], &redemption["total"]), (&json!({"till": 7}), &json!(12.5)));
    // Lenient unless it says strict, and then points after rewards.
    let short = server
        .post("/profiles/rosa/redeem", &json!({"amount": 10, "strategy": "points_rewards"}))
        .is(201)
        .data();
    assert_eq!((&short["items"][0]["type"], &short["items"][0]["count"]), (&json!("point"), &json!(50)));
    let rest = server.post("/profiles/rosa/redeem", &json!({"amount": 1000})).is(201).data();
    assert_eq!((&rest["requested"], &rest["total"]), (&json!(1000), &json!(2.5)));
    let id = redemption["id"].as_u64().unwrap();
    let seen = server.get(&format!("/profiles/rosa/redemptions/{id}")).is(200).data();
    assert_eq!((&seen["id"], &seen["balances"]), (&redemption["id"], &redemption["balances"]));
    assert_eq!(server.get("/profiles/rosa/redemptions").is(200).ids().len(), 3);
    let back = server.post(&format!("/redemptions/{id}/return"), &json!({"amount": 4})).is(201).data();
    assert_eq!(
        (&back["type"], &back["total"], &back["redemption_id"]),
        (&json!("return"), &json!(4), &json!(id))
    );
    assert_eq!(back["items"][0]["type_attributes"]["id"], second);
    let undone = server.post(&format!("/redemptions/{}/reversal", rest["id"]), &json!({})).is(201).data();
    assert_eq!((&undone["type"], &undone["total"]), (&json!("reversal"), &json!(2.5)));
    // No body at all is as good.
    let empty = Request::new("POST", &format!("/redemptions/{}/reversal", short["id"]));
    server.call(empty).is(201);
    ledgers(server);
    // As of before, it was as it was.
    server.set_clock("2025-06-20T01:00:00Z");
    server.post("/profiles/rosa/redemptions", &json!({"amount": 1})).is(201);
    let before = server.get("/profiles/rosa/balances?at=2025-06-20%2000:30:00").is(200).data();
    let now = server.get("/profiles/rosa/balances").is(200).data();
    assert_eq!((&before["reward_balance"], &now["reward_balance"]), (&json!(11.5), &json!(10.5)));
    let lists = ["rewards", "points", "redemptions", "transactions", "ledgers", "holds"];
    for list in lists {
        let earlier = server.get(&format!("/profiles/rosa/{list}?at=2025-01-01T00:00:00Z")).is(200);
        assert_eq!(earlier.ids(), Vec::<u64>::new(), "{list}");
    }
    server.get("/profiles/rosa/balances?at=yesterday").refuses(422, "invalid_field");
}

/// The running balances add up.
fn ledgers(server: &Server) {
    let entries = server.get("/profiles/rosa/ledgers").is(200).data();
    let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
    let (mut dollars, mut points) = (0, 0);
    for (index, entry) in entries.as_array().unwrap().iter().enumerate() {
        assert_eq!(entry["sequence"], json!(index + 1));
        dollars += cents(&entry["dollar_value"]);
        points += cents(&entry["point_value"]);
        assert_eq!((dollars, points), (cents(&entry["dollar_balance"]), cents(&entry["point_balance"])));
        let one = server.get(&format!("/profiles/rosa/ledgers/{}", entry["id"])).is(200).data();
        assert_eq!(&one, entry);
    }
    let types: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let expected = "issue issue issue issue redeem redeem redeem return reversal reversal";
    assert_eq!(types.join(" "), expected);
}

fn holds(server: &Server, definition: u64) {
    server.issue(definition, "hugo", json!({}));
    let hold = server.post("/profiles/hugo/holds", &json!({"amount": 6, "expires_in": 30})).is(201).data();
    assert_eq!(
        (&hold["status"], &hold["total"], &hold["expires_at"]),
        (&json!("held"), &json!(6), &json!("2025-06-20 01:00:30"))
    );
    assert_eq!(hold["items"][0]["type_attributes"]["value_held"], 6);
    assert_eq!(server.get("/profiles/hugo/balances").is(200).data()["held_balance"], 6);
    // Strict unless it says otherwise.
    server.post("/profiles/hugo/holds", &json!({"amount": 5})).refuses(422, "insufficient_value");
    let captured =
        server.post(&format!("/holds/{}/capture", hold["id"]), &json!({"amount": 4})).is(201).data();
    assert_eq!(
        (&captured["type"], &captured["total"], &captured["hold_id"]),
        (&json!("redeem"), &json!(4), &hold["id"])
    );
    server.post(&format!("/holds/{}/capture", hold["id"]), &json!({})).refuses(422, "hold_captured");
    let other = server.post("/profiles/hugo/holds", &json!({"amount": 6})).is(201).data();
    let released = server.post(&format!("/holds/{}/release", other["id"]), &json!({})).is(200).data();
    assert_eq!(
        (&released["status"], &released["balances"]["reward_balance"]),
        (&json!("released"), &json!(6))
    );
    server.post(&format!("/holds/{}/release", other["id"]), &json!({})).refuses(422, "hold_released");
    let third = server.post("/profiles/hugo/holds", &json!({"amount": 6})).is(201).data();
    server.set_clock("2025-06-20T02:00:00Z");
    let seen = server.get("/profiles/hugo/holds").is(200).data();
    let statuses: Vec<_> =
        seen.as_array().unwrap().iter().map(|hold| hold["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["captured", "released", "lapsed"]);
    server.post(&format!("/holds/{}/release", third["id"]), &json!({})).refuses(422, "hold_lapsed");
}

/// Points earned (rule K3), of a definition that cannot be redeemed (K1); and merging.
fn earned_and_merged(server: &Server, definition: u64) {
    let body = json!({"profile_id": "zoe", "total": 80, "transacted_at": "2025-06-19 10:00:00"});
    let sale = server.post("/transactions", &body).is(201).data();
    let returned = format!("/transactions/{}/return", sale["id"]);
    server.set_clock("2025-06-20T03:00:00Z");
    server.post(&returned, &json!({"amount": 30})).is(201);
    let earned = |query: &str| server.get(&format!("/profiles/zoe/points/earned?definition_id=1&{query}"));
    let seen = earned("from=2025-06-19%2010:00:00&to=2025-06-20").is(200).data();
    let to = "2025-06-19 14:00:00";
    assert_eq!(seen, json!({"definition_id": 1, "from": "2025-06-19 10:00:00", "to": to, "points": 50}));
    let query = "from=2025-06-01&to=2025-07-01&at=2025-06-20%2002:59:59";
    assert_eq!(earned(query).is(200).data()["points"], 80);
    assert_eq!(earned("from=2025-06-20&to=2025-07-01").is(200).data()["points"], 0);
    earned("from=2025-06-20").refuses(422, "missing_field");
    earned("from=soon&to=2025-07-01").refuses(422, "invalid_field");
    server
        .get("/profiles/zoe/points/earned?definition_id=0&from=2025-06-20&to=2025-06-21")
        .refuses(422, "invalid_field");

    let tier = json!({"name": "Tier", "handle": "tier", "is_redeemable": false});
    let tier = server.post("/points/definitions", &tier).is(201).data();
    assert_eq!(tier["is_redeemable"], false);
    let body = json!({"profile_id": "max", "point_definition_id": tier["id"], "value_initial": 500});
    assert_eq!(server.post("/points", &body).is(201).data()["definition"]["is_redeemable"], false);
    let listed = server.get("/points?filter[profile_id]=max").is(200).data();
    assert_eq!(listed[0]["value_remaining"], 500);
    server.issue(definition, "max", json!({}));
    let body = json!({"amount": 12, "strategies": ["points", "rewards"]});
    let quote = server.post("/profiles/max/redemptions/quote", &body).is(200).data();
    assert_eq!((&quote["total"], &quote["unused"][0]["reason"]), (&json!(10), &json!("not_redeemable")));
    assert_eq!(quote["unused"][0]["type"], "point");

    let tiers = json!({"profile_id": "zoe", "type": "status_point", "value": 9, "ids": [listed[0]["id"]]});
    server.post("/profiles/max/transfers", &tiers).refuses(422, "not_reassignable");
    let merged = server.post("/profiles/max/merge", &json!({"into": "zoe"})).is(200).data();
    assert_eq!((&merged["profile_id"], &merged["into"]), (&json!("max"), &json!("zoe")));
    assert_eq!(merged["lots"].as_array().unwrap().len(), 2);
    let balances = server.get("/profiles/zoe/balances").is(200).data();
    assert_eq!((&balances["reward_balance"], &balances["status_point_balance"]), (&json!(10), &json!(500)));
    server.post("/profiles/max/merge", &json!({"into": "zoe"})).refuses(422, "already_merged");
    server.post("/profiles/zoe/merge", &json!({})).refuses(422, "missing_field");
    server.set_clock("2025-06-20T02:00:00Z");
}

fn transactions(server: &Server, definition: u64) {
    server.issue(definition, "tom", json!({}));
    let redemption = server.post("/profiles/tom/redemptions", &json!({"amount": 10})).is(201).data();
    let body = json!({
        "profile_id": "tom", "total": 89.95, "total_original": 99.95, "redemption_id": redemption["id"],
        "transacted_at": "2025-06-15 14:32:00", "timezone": "Australia/Melbourne", "external_id": "ORDER-10334",
        "items": [{"sku": 1, "price": 99.950}], "tags": [{"name": "odd"}], "payments": [], "meta": {"a": 1},
        "location": {"id": 12}, "receipt_ref": "R-1",
    });
    let posted = server.post("/transactions", &body).is(201).data();
    for field in ["total", "items", "tags", "payments", "meta", "location", "receipt_ref", "external_id"] {
        assert_eq!(posted[field], body[field], "{field}");
    }
    assert_eq!(posted["transacted_at"], "2025-06-15 04:32:00");
    assert_eq!(
        (&posted["redemption"]["id"], &posted["redemption"]["transaction_id"]),
        (&redemption["id"], &posted["id"])
    );
    assert_eq!((&posted["is_void"], &posted["points_earned"]), (&json!(false), &json!(89.95)));
    // The same again is the same; other content is not.
    assert_eq!(server.post("/transactions", &body).is(200).data(), posted);
    let mut other = body.clone();
    merge(&mut other, json!({"receipt_ref": "R-2"}));
    server.post("/transactions", &other).refuses(409, "external_id_conflict");
    let one = format!("/transactions/{}", posted["id"]);
    for path in [one.as_str(), "/transactions/external/ORDER-10334"] {
        assert_eq!(server.get(path).is(200).data(), posted, "{path}");
    }
    for list in [
        "/transactions",
        "/transactions?filter[profile_id]=tom",
        "/profiles/tom/transactions",
        "/transactions?filter[receipt_ref]=R-1",
    ] {
        assert_eq!(server.get(list).is(200).data(), json!([posted]), "{list}");
    }
    // Edited, and sent back.
    let mut edited = posted.clone();
    merge(&mut edited, json!({"total": 80, "receipt_ref": "R-3"}));
    let changed = server.put(&one, &edited).is(200).data();
    assert_eq!(
        (&changed["total"], &changed["receipt_ref"], &changed["points_earned"]),
        (&json!(80), &json!("R-3"), &json!(80))
    );
    assert_eq!((&changed["transacted_at"], &changed["items"]), (&posted["transacted_at"], &posted["items"]));
    assert_eq!(server.put(&one, &json!({"total": 70})).is(200).data()["redemption_id"], redemption["id"]);
    server.put(&one, &json!({"profile_id": "somebody"})).refuses(422, "invalid_field");
    update_create(server, &server.get(&one).is(200).data());
    let back = server.post(&format!("{one}/return"), &json!({"amount": 20})).is(201).data();
    assert_eq!(
        (&back["points_clawed_back"], &back["amount"], &back["point_debt"]),
        (&json!(20), &json!(20), &json!(0))
    );
    // In another profile the same name is another thing, and then the query has to say which.
    server
        .post("/transactions", &json!({"profile_id": "tim", "total": 1, "external_id": "ORDER-10334"}))
        .is(201);
    server.get("/transactions/external/ORDER-10334").refuses(409, "ambiguous_external_id");
    let his = server.get("/transactions/external/ORDER-10334?profile_id=tim").is(200).data();
    assert_eq!(his["profile_id"], "tim");
    server.delete(&one).is(204);
    for path in [one.as_str(), "/transactions/external/ORDER-10334?profile_id=tom"] {
        server.get(path).refuses(404, "not_found");
    }
    server.delete(&one).refuses(404, "not_found");
    server.put(&one, &json!({"total": 1})).refuses(404, "not_found");
    server.post(&format!("{one}/return"), &json!({"amount": 1})).refuses(404, "not_found");
    let unlinked = server.get(&format!("/profiles/tom/redemptions/{}", redemption["id"])).is(200).data();
    assert_eq!(unlinked["transaction_id"], json!(null));
}

fn update_create(server: &Server, known: &Value) {
    let path = "/transactions/update-create";
    let mut edited = known.clone();
    merge(&mut edited, json!({"total": 60}));
    let changed = server.post(path, &edited).is(200).data();
    assert_eq!((&changed["id"], &changed["total"]), (&known["id"], &json!(60)));
    assert_eq!(
        (&changed["transacted_at"], &changed["redemption_id"]),
        (&known["transacted_at"], &known["redemption_id"])
    );
    // Under a key it is done once, whether it made something or changed it, and whatever happened since.
    let new = json!({"profile_id": "uwe", "external_id": "U-1", "total": 5});
    let made = server.post_keyed("k1", path, &new).is(201).data();
    let more = json!({"profile_id": "uwe", "external_id": "U-1", "total": 7, "tags": ["a"]});
    let second = server.post_keyed("k2", path, &more).is(200).data();
    server.post(path, &json!({"profile_id": "uwe", "external_id": "U-1", "tags": ["b"]})).is(200);
    assert_eq!(server.post_keyed("k1", path, &new).is(201).data(), made);
    assert_eq!(server.post_keyed("k2", path, &more).is(200).data(), second);
    server.post_keyed("k2", path, &new).refuses(409, "key_reused");
}

fn system(server: &Server) {
    assert_eq!(server.get("/health").is(200).data(), json!({"status": "ok"}));
    server.post("/webhooks", &json!({"url": "http://127.0.0.1:1/", "name": "erp"})).is(201);
    for path in ["/access", "/events", "/overview", "/search?q=rosa", "/webhooks", "/webhooks/erp"] {
        server.get(path).is(200);
    }
    for report in ["liability", "ageing", "breakage", "liability.svg", "ageing.svg", "breakage.svg"] {
        server.get(&format!("/reports/{report}")).is(200);
    }
    server.delete("/webhooks/erp").is(204);
    server.get("/webhooks/crm/dead-letters").refuses(404, "not_found");
    for path in ["resume", "dead-letters/replay", "dead-letters/1/replay"] {
        server.post(&format!("/webhooks/crm/{path}"), &json!({})).refuses(404, "not_found");
    }
    assert_eq!(server.get("/openapi.json").is(200).bare_json()["openapi"], "3.1.0");
    let page = server.get("/").is(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let named = server.call(Request::new("GET", "/health").header("X-Request-Id", "till-7.42"));
    assert_eq!(named.header("x-request-id"), Some("till-7.42"));
    assert_eq!(server.get("/test-clock").is(200).data(), json!({"now": "2025-06-20 02:00:00"}));
    let metrics = server.get("/metrics").is(200).body;
    for line in [
        "scrip_requests_total{route=\"/health\",method=\"GET\",status=\"200\"} 2",
        "scrip_rejections_total{route=\"/api/v3/profiles/{profile}/holds\",code=\"insufficient_value\"} 1",
        "scrip_redemptions_total 6",
        "scrip_queue_depth 0",
        "scrip_calls_in_flight 1",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} in\n{metrics}");
    }
}
