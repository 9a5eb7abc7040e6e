//! Every code of a rule that a client can meet, and how it comes about; who may call; what stops the start.

mod common;

use std::collections::BTreeSet;

use common::{Request, Server, TOKEN};
use scrip::Rejection;
use serde_json::{Value, json};

/// The crate's codes that no client of this server can meet, and why.
const UNMET: [(&str, &str); 5] = [
    ("version_changed", "what is decided on an older version is decided again"),
    ("already_merged", "no endpoint merges profiles"),
    ("journal_full", "four million entries on one account"),
    ("unknown_transaction", "only paths name one, and there it is 404"),
    ("unknown_hold", "only paths name one, and there it is 404"),
];

/// Posts, and notes which code came back.
struct Met<'a> {
    server: &'a Server,
    codes: BTreeSet<String>,
}

impl Met<'_> {
    #[track_caller]
    fn post(&mut self, status: u16, code: &str, path: &str, body: Value) -> Value {
        let answer = self.server.post(path, &body).refuses(status, code).bare_json();
        assert!(!answer["message"].as_str().unwrap().is_empty());
        self.codes.insert(code.to_owned());
        answer
    }
}

#[test]
fn every_code_of_the_ledger_comes_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.json");
    let program = r#"{"minimum_spend": 20, "redemption_cap": 200, "expired_return": "original"}"#;
    std::fs::write(&path, program).unwrap();
    let capped = Server::with(&["--store", "memory", "--program", path.to_str().unwrap()]);
    let plain = Server::start();
    std::fs::write(&path, r#"{"exchange_rate": null, "transfer_limit_per_day": {"points": 5}}"#).unwrap();
    let pointless = Server::with(&["--store", "memory", "--program", path.to_str().unwrap()]);

    let mut met = Met { server: &plain, codes: BTreeSet::new() };
    fields(&mut met);
    terms(&mut met);
    value(&mut met);
    lines(&mut met);
    times(&mut met);
    let mut codes = met.codes;
    let mut met = Met { server: &capped, codes: BTreeSet::new() };
    caps(&mut met);
    codes.extend(met.codes);
    let mut met = Met { server: &pointless, codes: BTreeSet::new() };
    met.post(
        422,
        "no_exchange_rate",
        "/profiles/p/redemptions",
        json!({"amount": 1, "strategies": ["points"]}),
    );
    let sent = json!({"profile_id": "q", "type": "point", "value": 6});
    met.post(422, "transfer_limit", "/profiles/p/transfers", sent);
    codes.extend(met.codes);

    let unmet: Vec<&str> = Rejection::CODES.iter().copied().filter(|code| !codes.contains(*code)).collect();
    let expected: Vec<&str> = Rejection::CODES
        .iter()
        .copied()
        .filter(|code| UNMET.iter().any(|(other, _)| other == code))
        .collect();
    assert_eq!(unmet, expected);
}

/// Rules S: what is bought, and what a reward may be spent on.
fn lines(met: &mut Met<'_>) {
    let shoes = met.server.define("shoes", json!({"scope": {"only": ["shoes"]}}));
    met.server.issue(shoes, "lines", json!({}));
    let wider = json!({"reward_definition_id": shoes, "profile_id": "lines", "scope": {"only": ["hats"]}});
    met.post(422, "scope_widened", "/rewards", wider);
    let line = |id: &str| json!({"id": id, "amount": 4, "tags": ["shoes"]});
    let path = "/profiles/lines/redemptions";
    let redeem = |more: Value| {
        let mut body = json!({"amount": 5, "strict": true, "lines": [line("1"), line("2")]});
        common::merge(&mut body, more);
        body
    };
    met.post(422, "too_many", path, redeem(json!({"tags": vec!["x"; 33]})));
    met.post(422, "duplicate_line", path, redeem(json!({"lines": [line("1"), line("1")]})));
    met.post(422, "basket_differs", path, redeem(json!({"basket_total": 9})));
    met.post(422, "above_basket", path, redeem(json!({"amount": 9})));
    let paid = met.server.post(path, &redeem(json!({}))).is(201).id();
    let more = json!({"lines": [{"id": "1", "amount": 5}], "strict": true});
    met.post(422, "return_above_line", &format!("/redemptions/{paid}/return"), more);
}

fn fields(met: &mut Met<'_>) {
    let ten = met.server.define("ten", json!({}));
    let issue = |more: Value| {
        let mut body = json!({"profile_id": "f", "reward_definition_id": ten});
        common::merge(&mut body, more);
        body
    };
    met.server.post("/rewards", &issue(json!({"external_id": "E"}))).is(201);
    let conflict = met.post(
        409,
        "external_id_conflict",
        "/rewards",
        issue(json!({"external_id": "E", "value_initial": 3})),
    );
    assert!(conflict["errors"]["external_id"][0].is_string());
    let definition = json!({"name": "x", "handle": "ten", "value": 1});
    met.post(422, "handle_taken", "/reward-definitions", definition);
    let missing = met.post(422, "missing_field", "/rewards", json!({"profile_id": "f"}));
    assert_eq!(missing["errors"]["reward_definition_id"], json!(["is required"]));
    let endless = json!({"name": "x", "handle": "x", "value": 1, "absolute_expiry": "never"});
    met.post(422, "no_end", "/reward-definitions", endless);
    let unit = json!({"name": "x", "handle": "x", "inactivity_period": 1, "inactivity_period_type": "absolute_year"});
    met.post(422, "calendar_period", "/points/definitions", unit);
    let both = json!({"profile_id": "f", "ids": [1], "extend_days": 1, "extend_date": "2026-01-01"});
    met.post(422, "contradiction", "/rewards/extend", both);
    let long = json!({"name": "x".repeat(300), "handle": "long", "value": 1});
    met.post(422, "text_length", "/reward-definitions", long);
    met.post(422, "not_positive", "/profiles/f/redemptions", json!({"amount": 0}));
    let decimals = met.post(422, "too_many_decimals", "/rewards", issue(json!({"value_initial": 1.005})));
    assert_eq!(decimals["meta"], json!({"allowed": 2, "value": 1.005}));
    let large =
        met.post(422, "amount_too_large", "/rewards", issue(json!({"value_initial": "1000000000000.01"})));
    assert!(large["errors"]["value_initial"][0].is_string());
    let never = json!({"profile_id": "f", "ids": [1], "extend_date": null, "extend_days": null});
    met.post(422, "unknown_lot", "/rewards/extend", never);
    met.post(422, "bad_strategies", "/profiles/f/redemptions", json!({"amount": 1, "strategies": []}));
    met.post(
        422,
        "unknown_definition",
        "/rewards",
        json!({"profile_id": "f", "reward_definition_id": 4_000_000}),
    );
    let sale = json!({"profile_id": "f", "total": 1, "redemption_id": 77});
    met.post(422, "unknown_redemption", "/transactions", sale);
}

fn terms(met: &mut Met<'_>) {
    let server = met.server;
    let gone = server.define("gone", json!({}));
    server.delete(&format!("/reward-definitions/{gone}")).is(204);
    met.post(
        422,
        "definition_archived",
        "/rewards",
        json!({"profile_id": "t", "reward_definition_id": gone}),
    );
    let closed = server.define("closed", json!({"is_assignable": false}));
    met.post(422, "not_assignable", "/rewards", json!({"profile_id": "t", "reward_definition_id": closed}));
    let open =
        server.define("open", json!({"max_value": 50, "is_extendable": true, "is_reassignable": true}));
    let issue = |more: Value| {
        let mut body = json!({"profile_id": "t", "reward_definition_id": open});
        common::merge(&mut body, more);
        body
    };
    met.post(422, "above_max_value", "/rewards", issue(json!({"value_initial": 51})));
    met.post(
        422,
        "remaining_above_initial",
        "/rewards",
        issue(json!({"value_initial": 5, "value_remaining": 6})),
    );
    let never = json!({"available_at": "2025-08-01 00:00:00", "expires_at": "2025-07-01 00:00:00"});
    met.post(422, "never_usable", "/rewards", issue(never));
    let lasting = server.issue(open, "t", json!({}));
    let extend = |id: u64, more: Value| {
        let mut body = json!({"profile_id": "t", "ids": [id]});
        common::merge(&mut body, more);
        body
    };
    met.post(422, "never_expires", "/rewards/extend", extend(lasting, json!({"extend_days": 1})));
    let lot = server.issue(open, "t", json!({"expires_at": "2025-07-01"}));
    met.post(422, "shortens", "/rewards/extend", extend(lot, json!({"extend_date": "2025-06-25"})));
    let fixed = server.define("fixed", json!({}));
    let fixed = server.issue(fixed, "t", json!({"expires_at": "2025-07-01"}));
    met.post(422, "not_extendable", "/rewards/extend", extend(fixed, json!({"extend_days": 1})));
    met.post(422, "not_reassignable", &format!("/rewards/{fixed}/reassign"), json!({"profile_id": "u"}));
    met.post(422, "same_profile", &format!("/rewards/{lot}/reassign"), json!({"profile_id": "t"}));
    let past = server.issue(open, "t", json!({"expires_at": "2025-06-01"}));
    met.post(422, "lot_expired", &format!("/rewards/{past}/reassign"), json!({"profile_id": "u"}));
    server.delete(&format!("/rewards/{fixed}")).is(204);
    let revoked = server.issue(open, "t", json!({"expires_at": "2025-07-01"}));
    server.delete(&format!("/rewards/{revoked}")).is(204);
    met.post(422, "lot_revoked", "/rewards/extend", extend(revoked, json!({"extend_days": 1})));
    let empty = json!({"expires_at": "2025-07-01", "value_initial": 5, "value_remaining": 0});
    let empty = server.issue(open, "t", empty);
    met.post(422, "nothing_left", "/rewards/extend", extend(empty, json!({"extend_days": 1})));
    let eternal = server.define("eternal", json!({"period": 9000, "period_type": "years"}));
    met.post(
        422,
        "time_out_of_range",
        "/rewards",
        json!({"profile_id": "t", "reward_definition_id": eternal}),
    );
}

fn value(met: &mut Met<'_>) {
    let server = met.server;
    let ten = server.define("value", json!({"is_reassignable": true}));
    server.issue(ten, "v", json!({}));
    let lacking =
        met.post(422, "insufficient_value", "/profiles/v/redemptions", json!({"amount": 11, "strict": true}));
    assert_eq!(lacking["meta"], json!({"requested": 11, "available": 10}));
    assert!(lacking["errors"]["amount"][0].is_string());
    let hold = server.post("/profiles/v/holds", &json!({"amount": 4})).is(201);
    let held = hold.data()["items"][0]["id"].clone();
    met.post(422, "lot_held", &format!("/rewards/{held}/reassign"), json!({"profile_id": "w"}));
    met.post(422, "capture_above_hold", &format!("/holds/{}/capture", hold.id()), json!({"amount": 5}));
    let redemption = server.post(&format!("/holds/{}/capture", hold.id()), &json!({})).is(201).id();
    met.post(422, "hold_captured", &format!("/holds/{}/release", hold.id()), json!({}));
    let other = server.post("/profiles/v/holds", &json!({"amount": 1})).is(201).id();
    server.post(&format!("/holds/{other}/release"), &json!({})).is(200);
    met.post(422, "hold_released", &format!("/holds/{other}/capture"), json!({}));
    let above = json!({"amount": 5, "strict": true});
    met.post(422, "return_above_redemption", &format!("/redemptions/{redemption}/return"), above);
    let sale = |more: Value| {
        let mut body = json!({"profile_id": "v", "total": 10, "redemption_id": redemption});
        common::merge(&mut body, more);
        body
    };
    met.post(422, "redemption_above_total", "/transactions", sale(json!({"total_original": 3})));
    let posted = server.post("/transactions", &sale(json!({}))).is(201).id();
    met.post(422, "redemption_linked", "/transactions", sale(json!({"total": 11})));
    met.post(422, "redemption_linked", &format!("/redemptions/{redemption}/reversal"), json!({}));
    met.post(
        422,
        "return_above_transaction",
        &format!("/transactions/{posted}/return"),
        json!({"amount": 11}),
    );
    server.post(&format!("/transactions/{posted}/return"), &json!({"amount": 5})).is(201);
    let lowered = server.put(&format!("/transactions/{posted}"), &json!({"total": 4}));
    met.codes.insert(lowered.refuses(422, "total_below_returned").code());
    let items = json!([{"id": "1", "tags": [], "amount": 9}]);
    let above = json!({"profile_id": "lines", "total": 8, "items": items});
    met.post(422, "lines_above_total", "/transactions", above);
    let sale =
        met.server.post("/transactions", &json!({"profile_id": "lines", "total": 9, "items": items})).id();
    let lowered = met.server.put(&format!("/transactions/{sale}"), &json!({"total": 8, "items": []}));
    met.codes.insert(lowered.refuses(422, "lines_required").code());
    let void = json!({"profile_id": "v", "external_id": "V", "total": 1});
    let void = server.post("/transactions", &void).is(201).id();
    let change = |body: Value| server.put(&format!("/transactions/{void}"), &body);
    met.codes.insert(change(json!({"external_id": "W"})).refuses(422, "external_id_fixed").code());
    change(json!({"is_void": true})).is(200);
    met.codes.insert(change(json!({"total": 2})).refuses(422, "transaction_void").code());
    let returned = server.post("/profiles/v/redemptions", &json!({"amount": 2})).is(201).id();
    server.post(&format!("/redemptions/{returned}/return"), &json!({"amount": 1})).is(201);
    met.post(422, "redemption_returned", &format!("/redemptions/{returned}/reversal"), json!({}));
    let reversed = server.post("/profiles/v/redemptions", &json!({"amount": 2})).is(201).id();
    server.post(&format!("/redemptions/{reversed}/reversal"), &json!({})).is(201);
    met.post(422, "redemption_reversed", &format!("/redemptions/{reversed}/reversal"), json!({}));
    // 900 lots of the largest amount are as much as an account may hold.
    let row = json!({"profile_id": "rich", "reward_definition_id": ten, "value_initial": "1000000000000"});
    for rows in [500, 400] {
        server.post("/rewards/batch", &json!(vec![row.clone(); rows])).is(200);
    }
    met.post(422, "account_total_exceeded", "/rewards", row);
}

fn times(met: &mut Met<'_>) {
    let server = met.server;
    let redemption = server.post("/profiles/v/redemptions", &json!({"amount": 1})).is(201).id();
    let hold = server.post("/profiles/v/holds", &json!({"amount": 1})).is(201).id();
    server.set_clock("2025-06-20T01:00:00Z");
    let late =
        met.post(422, "reversal_window_over", &format!("/redemptions/{redemption}/reversal"), json!({}));
    assert_eq!(late["meta"]["redemption"], json!(redemption));
    met.post(422, "hold_lapsed", &format!("/holds/{hold}/capture"), json!({}));
    for (code, then) in
        [("too_late", "2025-06-20 00:59:59"), ("occurred_at_in_future", "2025-06-20 01:00:01")]
    {
        met.post(422, code, "/profiles/v/redemptions", json!({"amount": 1, "occurred_at": then}));
    }
    server.set_clock("2025-06-19T00:00:00Z");
    met.post(422, "time_reversed", "/profiles/v/redemptions", json!({"amount": 1}));
    server.get("/profiles/v/balances").refuses(422, "time_reversed");
}

fn caps(met: &mut Met<'_>) {
    let ten = met.server.define("ten", json!({}));
    met.server.issue(ten, "c", json!({"value_initial": 500}));
    let path = "/profiles/c/redemptions";
    met.post(422, "basket_required", path, json!({"amount": 1}));
    let below = met.post(422, "below_minimum_spend", path, json!({"amount": 1, "basket_total": 19.99}));
    assert_eq!(below["meta"], json!({"basket": 19.99, "minimum": 20}));
    met.post(422, "cap_exceeded", path, json!({"amount": 201, "basket_total": 500, "strict": true}));
    // Lenient is cut to the cap.
    let cut = met.server.post(path, &json!({"amount": 201, "basket_total": 500})).is(201).data();
    assert_eq!(cut["total"], 200);
}

#[test]
fn every_path_but_the_page_needs_the_token() {
    let server = Server::start();
    let paths = server.description["paths"].as_object().unwrap().clone();
    for (path, methods) in &paths {
        for method in methods.as_object().unwrap().keys() {
            let bare = Request::new(&method.to_uppercase(), path);
            for request in [
                bare.clone(),
                bare.clone().header("Authorization", "Bearer wrong"),
                bare.header("Authorization", TOKEN),
            ] {
                let answer = request.send(server.address).unwrap();
                if path == "/" {
                    assert_eq!(answer.status, 200);
                } else {
                    let answer = answer.refuses(401, "unauthorized");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{method} {path}");
                }
            }
        }
    }
    let nowhere = Request::new("GET", "/nothing").send(server.address).unwrap();
    nowhere.refuses(401, "unauthorized");
    let lower = Request::new("GET", "/health").header("authorization", &format!("bearer {TOKEN}"));
    lower.send(server.address).unwrap().is(200);
}

#[test]
fn without_the_flags_there_is_no_test_clock_and_no_token() {
    let server = Server::bare(&["--store", "memory"]);
    let call = |request: Request| request.send(server.address).unwrap();
    call(Request::new("GET", "/test-clock")).refuses(404, "not_found");
    call(Request::new("PUT", "/test-clock").json(&json!({"now": "2025-01-01T00:00:00Z"})))
        .refuses(404, "not_found");
    call(Request::new("GET", "/health")).is(200);
}

#[test]
fn bad_options_are_errors_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.json");
    std::fs::write(&path, r#"{"curency": "AUD"}"#).unwrap();
    let program = path.to_str().unwrap();
    let nowhere = format!("sqlite:{}/none/x.sqlite", folder.path().display());
    for (options, named) in [
        (vec!["--store", "memory", "--program", program], "curency"),
        (vec!["--store", "memory", "--program", "/nowhere.json"], "/nowhere.json"),
        (vec!["--store", "redis"], "memory, sqlite:PATH"),
        (vec!["--store", nowhere.as_str()], "the store"),
        (vec!["--store", "memory", "--token", ""], "--token"),
        (vec!["--store", "memory", "--body-timeout", "0"], "--body-timeout"),
    ] {
        let run = common::command(&options).output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(!run.status.success() && said.contains(named), "{options:?}: {said}");
    }
    // Only this machine, where nobody asks for a token.
    let mut open = std::process::Command::new(env!("CARGO_BIN_EXE_scrip-server"));
    let run =
        open.args(["--listen", "0.0.0.0:0", "--store", "memory"]).env_remove("SCRIP_TOKEN").output().unwrap();
    assert!(!run.status.success() && String::from_utf8(run.stderr).unwrap().contains("loopback"));
}
