//! Sentences of the dialect that no other test is about.

mod common;

use std::collections::BTreeSet;

use common::Server;
use serde_json::{Value, json};

fn with_program(program: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.json");
    std::fs::write(&path, program).unwrap();
    Server::with(&["--store", "memory", "--program", path.to_str().unwrap()])
}

#[test]
fn the_defaults_of_a_definition() {
    let server = Server::start();
    for path in ["/reward-definitions", "/points/definitions"] {
        let made = server.post(path, &json!({"name": "n", "handle": "h", "value": "12.50"})).is(201).data();
        let flags = ["is_assignable", "is_reassignable", "is_extendable"].map(|flag| made[flag].clone());
        assert_eq!(flags, [true, false, false]);
        assert_eq!((&made["period_type"], &made["value"]), (&json!("days"), &json!(12.5)));
    }
    assert_eq!(server.get("/reward-definitions").is(200).data()[0]["is_published"], true);
    // The one that every server starts with.
    assert_eq!(server.get("/points/definitions/1").is(200).id(), 1);
}

#[test]
fn a_reward_takes_from_its_definition_what_the_request_leaves_out() {
    let server = Server::start();
    let body = json!({"period": 30, "timezone": "Australia/Perth", "meta": {"a": 1}});
    server.define("birthday-reward", body);
    let issue = json!({"reward_definition_handle": "birthday-reward", "profile_id": "p"});
    let reward = server.post("/rewards", &issue).is(201).data();
    for (field, wanted) in [
        ("value_initial", json!(10)),
        ("value_remaining", json!(10)),
        ("timezone", json!("Australia/Perth")),
        ("issued_at", json!("2025-06-20 00:00:00")),
        ("expires_at", json!("2025-07-20 15:59:59")),
        ("expires_local_at", json!("2025-07-20 23:59:59")),
    ] {
        assert_eq!(reward[field], wanted, "{field}");
    }
}

#[test]
fn times_are_read_in_each_way_that_they_may_be_sent() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    for (sent, zone, read) in [
        ("2025-07-15 23:59:59", Some("Australia/Melbourne"), json!("2025-07-15 13:59:59")),
        ("2025-07-15 23:59:59", None, json!("2025-07-15 23:59:59")),
        ("2025-07-15T23:59:59+02:00", Some("Australia/Melbourne"), json!("2025-07-15 21:59:59")),
        ("2025-07-15", Some("America/New_York"), json!("2025-07-16 03:59:59")),
    ] {
        let mut body = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": sent});
        if let Some(zone) = zone {
            body["timezone"] = json!(zone);
        }
        assert_eq!(server.post("/rewards", &body).is(201).data()["expires_at"], read, "{sent} {zone:?}");
    }
    let never = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": "never"});
    assert_eq!(server.post("/rewards", &never).is(201).data()["expires_at"], Value::Null);
}

/// What other systems write for never is accepted wherever the shop is, and the answer is understood when it comes back.
#[test]
fn the_last_second_of_the_year_9999_is_accepted_in_every_zone() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    for (zone, read) in [
        ("UTC", "9999-12-31 23:59:59"),
        ("America/New_York", "+10000-01-01 04:59:59"),
        ("Pacific/Honolulu", "+10000-01-01 09:59:59"),
        ("Australia/Melbourne", "9999-12-31 12:59:59"),
    ] {
        let body = json!({
            "profile_id": "p", "reward_definition_id": ten, "timezone": zone, "expires_at": "9999-12-31 23:59:59",
        });
        let mut reward = server.post("/rewards", &body).is(201).data();
        assert_eq!((&reward["expires_at"], &reward["is_active"]), (&json!(read), &json!(true)), "{zone}");
        assert_eq!(reward["expires_local_at"], "9999-12-31 23:59:59", "{zone}");
        let one = format!("/rewards/{}", reward["id"]);
        reward["value_remaining"] = json!(4);
        assert_eq!(server.put(&one, &reward).is(200).data()["expires_at"], read, "{zone}");
        let bare = json!({"expires_at": read});
        assert_eq!(server.put(&one, &bare).is(200).data()["expires_at"], read, "{zone}");
    }
    let leap = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": "2025-06-30 23:59:60"});
    server.post("/rewards", &leap).refuses(422, "invalid_field");
    server.get("/profiles/p/balances?at=2025-06-30%2023:59:60").refuses(422, "invalid_field");
    server.put("/test-clock", &json!({"now": "2025-06-30T23:59:60Z"})).refuses(422, "invalid_field");
}

#[test]
fn all_rewards_are_extended_or_none() {
    let server = Server::start();
    let open = server.define("open", json!({"is_extendable": true}));
    let fixed = server.define("fixed", json!({}));
    let end = json!({"expires_at": "2025-07-01 00:00:00"});
    let (good, bad) = (server.issue(open, "p", end.clone()), server.issue(fixed, "p", end));
    let extend = |ids: &[u64]| {
        server.post("/rewards/extend", &json!({"profile_id": "p", "ids": ids, "extend_days": 1}))
    };
    let refused = extend(&[good, bad]).refuses(422, "not_extendable").bare_json();
    assert_eq!(refused["meta"]["lots"], json!([bad]), "it is named");
    let one = format!("/rewards/{good}");
    assert_eq!(server.get(&one).is(200).data()["expires_at"], "2025-07-01 00:00:00");
    extend(&[good]).is(200);
    assert_eq!(server.get(&one).is(200).data()["expires_at"], "2025-07-02 00:00:00");
}

#[test]
fn balances_are_eight_numbers() {
    let server = with_program(r#"{"earn": {"points": 1, "amount": 1, "delay_days": 14}}"#);
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({}));
    server.issue(ten, "p", json!({"available_at": "2025-07-01 00:00:00"}));
    server.post("/points", &json!({"profile_id": "p", "value_initial": "155.5"})).is(201);
    server.post("/transactions", &json!({"profile_id": "p", "total": 100})).is(201);
    server.post("/profiles/p/holds", &json!({"amount": 12, "strategies": ["rewards", "points"]})).is(201);
    assert_eq!(
        server.get("/profiles/p/balances").is(200).data(),
        json!({
            "reward_balance": 0, "point_balance": 135.5, "point_balance_dollars": 13.55,
            "combined_balance_dollars": 13.55, "held_balance": 12, "pending_balance": 20, "point_debt": 0, "status_point_balance": 0,
        })
    );
}

#[test]
fn the_default_strategies() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let both = |profile: &str| {
        server.issue(ten, profile, json!({}));
        server.post("/points", &json!({"profile_id": profile, "value_initial": 100})).is(201);
    };
    let types = |answer: common::Answer| -> Vec<String> {
        let items = answer.is(201).data()["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
    };
    both("long");
    // Lenient: it takes what there is.
    assert_eq!(types(server.post("/profiles/long/redemptions", &json!({"amount": 20}))), ["reward"]);
    for (strategy, used) in [
        (Value::Null, &["reward", "point"][..]),
        (json!("rewards"), &["reward"]),
        (json!("points"), &["point"]),
        (json!("rewards_points"), &["reward", "point"]),
        (json!("points_rewards"), &["point", "reward"]),
    ] {
        let profile = format!("short-{strategy}").replace('"', "");
        both(&profile);
        let body = json!({"amount": 20, "strategy": strategy});
        assert_eq!(types(server.post(&format!("/profiles/{profile}/redeem"), &body)), used, "{strategy}");
    }
    server
        .post("/profiles/long/redeem", &json!({"amount": 1, "strategy": "cash"}))
        .refuses(422, "invalid_field");
}

/// Rules T7 and J4: what fell due is listed before it is written as it is after, and the list says how far it is written.
#[test]
fn what_fell_due_is_in_the_list_of_entries() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({"expires_at": "2025-06-30 23:59:59"}));
    server.set_clock("2025-07-05T00:00:00Z");
    let path = "/profiles/p/ledgers?at=2025-07-03T00:00:00Z";
    let list = |path: &str| server.get(path).is(200).bare_json();
    let (then, now) = (list(path), list("/profiles/p/ledgers"));
    let told: Vec<_> = then["data"].as_array().unwrap().iter().map(|entry| &entry["type"]).collect();
    assert_eq!(told, ["issue", "expire"]);
    let expired = &then["data"][1];
    assert_eq!((&expired["at"], &expired["sequence"]), (&json!("2025-07-01 00:00:00"), &json!(2)));
    assert_eq!((&expired["dollar_value"], &expired["dollar_balance"]), (&json!(-10), &json!(0)));
    assert_eq!(then["meta"]["written_through"], 1);
    assert_eq!(then["data"], now["data"]);
    assert_eq!(list("/profiles/p/ledgers?at=2025-06-30T23:59:59Z")["data"], json!([then["data"][0]]));
    let one = format!("/profiles/p/ledgers/{}", expired["id"]);
    assert_eq!(server.get(&one).is(200).data(), *expired);

    server.issue(ten, "p", json!({}));
    let later = list(path);
    assert_eq!((&later["data"], &later["meta"]["written_through"]), (&then["data"], &json!(2)));
    assert_eq!(list("/profiles/p/rewards")["meta"].get("written_through"), None);
}

/// Rules D3 and D6: whatever its definition says since, a lot shows its own terms, and the texts of today.
/// The period types that the vendor's own client sends.
#[test]
fn a_period_may_end_with_a_calendar_week_month_or_year() {
    let server = Server::start();
    server.set_clock("2020-07-06T02:00:00Z");
    for (unit, period, last) in [
        ("absolute_week", json!(1), "2020-07-19 23:59:59"),
        ("absolute_month", json!(12), "2021-07-31 23:59:59"),
        ("absolute_year", json!(0), "2020-12-31 23:59:59"),
        ("absolute_date", json!(null), "2020-10-01 23:59:59"),
    ] {
        let mut definition =
            json!({"name": unit, "handle": unit, "value": 10, "period": period, "period_type": unit});
        if period.is_null() {
            server.post("/reward-definitions", &definition).refuses(422, "missing_field");
            definition["absolute_expiry"] = json!("2020-10-01");
        }
        let definition = server.post("/reward-definitions", &definition).is(201).data();
        assert_eq!(definition["period_type"], unit);
        let reward = json!({"reward_definition_id": definition["id"], "profile_id": "p"});
        assert_eq!(server.post("/rewards", &reward).is(201).data()["expires_local_at"], last, "{unit}");
    }
}

#[test]
fn a_lot_shows_its_own_terms() {
    for (definitions, lots, own) in [
        ("/reward-definitions", "/rewards", "reward_definition_id"),
        ("/points/definitions", "/points", "point_definition_id"),
    ] {
        let server = Server::start();
        let first = json!({"name": "Old", "handle": "h", "value": 10, "period": 30, "extend_days": 5, "timezone": "Asia/Tokyo",
            "is_extendable": true, "is_reassignable": true});
        let definition = server.post(definitions, &first).is(201).id();
        let issue = json!({own: definition, "profile_id": "p", "timezone": "UTC"});
        let lot = server.post(lots, &issue).is(201).data();
        let edited = json!({"name": "New", "value": 20, "period": 2, "period_type": "weeks", "extend_days": 9,
            "absolute_expiry": "2030-01-01", "timezone": "Europe/Paris", "is_extendable": false, "is_reassignable": false,
            "description": "As of today"});
        server.set_clock("2025-06-21T00:00:00Z");
        let edited = server.put(&format!("{definitions}/{definition}"), &edited).is(200).data();
        let mut wanted = lot["definition"].clone();
        assert_eq!(
            ["value", "period", "extend_days", "timezone", "is_extendable", "is_reassignable"]
                .map(|term| &wanted[term]),
            [&json!(10), &json!(30), &json!(5), &json!("UTC"), &json!(true), &json!(true)]
        );
        common::merge(
            &mut wanted,
            json!({"name": "New", "description": "As of today", "updated_at": "2025-06-21 00:00:00", "version": edited["version"]}),
        );
        let id = &lot["id"];
        let of_profile = format!("/profiles/p{lots}");
        let shown = [
            server.get(&format!("{of_profile}?at=2025-06-20T12:00:00Z")).is(200).data()[0].clone(),
            server.get(&of_profile).is(200).data()[0].clone(),
            server.get(&format!("{lots}?filter[profile_id]=p")).is(200).data()[0].clone(),
            server.get(&format!("{lots}/{id}")).is(200).data(),
        ];
        for shown in shown {
            assert_eq!(shown["definition"], wanted, "{lots}");
        }
        let redeem = json!({"amount": 0.1, "strategies": [lots.trim_start_matches('/')]});
        let redemption = server.post("/profiles/p/redemptions", &redeem).is(201).data();
        assert_eq!(redemption["items"][0]["type_attributes"]["definition"], wanted);
    }
}

/// Every type that an entry of a journal can have, and what it says of the balances.
#[test]
fn every_type_of_ledger_entry() {
    let server = with_program(r#"{"earn": {"points": 1, "amount": 1}, "hold_seconds": 60}"#);
    let open = server.define("open", json!({"is_extendable": true, "is_reassignable": true}));
    let path = |rest: &str| format!("/profiles/p/{rest}");
    let moved = server.issue(open, "p", json!({}));
    let other = server.issue(open, "p", json!({"expires_at": "2025-07-01 00:00:00"}));
    server.issue(
        open,
        "p",
        json!({"available_at": "2025-06-22 00:00:00", "expires_at": "2025-06-23 00:00:00"}),
    );
    let redeemed = |amount: u32| server.post(&path("redemptions"), &json!({"amount": amount})).is(201).id();
    server.post(&format!("/redemptions/{}/reversal", redeemed(1)), &json!({})).is(201);
    server.post(&format!("/redemptions/{}/return", redeemed(2)), &json!({"amount": 1})).is(201);
    let held = || server.post(&path("holds"), &json!({"amount": 1})).is(201).id();
    server.post(&format!("/holds/{}/capture", held()), &json!({})).is(201);
    server.post(&format!("/holds/{}/release", held()), &json!({})).is(200);
    held();
    server.set_clock("2025-06-20T01:00:00Z");
    server.post("/rewards/extend", &json!({"profile_id": "p", "ids": [other], "extend_days": 1})).is(200);
    for profile in ["q", "p"] {
        server.post(&format!("/rewards/{moved}/reassign"), &json!({"profile_id": profile})).is(200);
    }
    server.put(&format!("/rewards/{moved}"), &json!({"value_remaining": 3})).is(200);
    server.delete(&format!("/rewards/{moved}")).is(204);
    let sale = server.post("/transactions", &json!({"profile_id": "p", "total": 50})).is(201).id();
    server.post(&format!("/transactions/{sale}/return"), &json!({"amount": 20})).is(201);
    server.set_clock("2025-06-24T00:00:00Z");
    // What fell due is written before the next change.
    server.post(&path("redemptions"), &json!({"amount": 1})).is(201);
    let entries = server.get(&path("ledgers")).is(200).data();
    let entries = entries.as_array().unwrap();
    let types: BTreeSet<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let all = "issue redeem hold capture release lapse reversal return extend reassign_out reassign_in revoke adjust expire \
               transaction earn clawback mature";
    assert_eq!(types, all.split_whitespace().collect());
    let mut known = [0.0, 0.0];
    for (entry, sequence) in entries.iter().zip(1..) {
        assert_eq!(entry["sequence"], json!(sequence), "with no gap");
        for (known, kind) in known.iter_mut().zip(["dollar", "point"]) {
            *known += entry[format!("{kind}_value")].as_f64().unwrap();
            assert_eq!(entry[format!("{kind}_balance")].as_f64(), Some(*known), "{entry}");
        }
        assert!(entry["cause"]["type"].is_string() && entry["cause"]["id"].is_u64());
    }
    let cause = |of: &str| {
        let entry = entries.iter().find(|entry| entry["type"] == of).unwrap();
        json!([entry["cause"]["type"], entry["cause"]["id"]])
    };
    assert_eq!(cause("revoke"), json!(["reward", moved]));
    assert_eq!(cause("earn"), json!(["transaction", sale]));
    assert_eq!(cause("clawback"), json!(["transaction", sale]));
}
