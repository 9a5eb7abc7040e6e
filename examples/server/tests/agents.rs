//! What the server answers to those who look after customers: the look-up, the journal in full, the overview, and a token
//! that only reads.

mod common;

use common::customer::{self, CUSTOMER};
use common::{Request, Server};
use serde_json::{Value, json};

const READ: &str = "only reads";

fn found(server: &Server, text: &str) -> Vec<(String, Value)> {
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = server.get(&format!("/search?q={encoded}")).is(200).data();
    let all = found.as_array().unwrap().iter();
    all.map(|one| {
        assert_eq!(one["profile_id"], CUSTOMER);
        (one["type"].as_str().unwrap().to_owned(), one["id"].clone())
    })
    .collect()
}

/// Catches: ids of one kind that are not looked for; a thing told twice; a guess where nothing is.
#[test]
fn whatever_an_agent_types_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (server, customer) = customer::server(&folder, &[]);
    let one = |kind: &str, id: u64| vec![(kind.to_owned(), json!(id))];
    assert_eq!(found(&server, CUSTOMER), [("profile".to_owned(), json!(null))]);
    assert_eq!(found(&server, "ORDER-10334"), one("transaction", customer.order));
    assert_eq!(found(&server, "CREDIT-77"), one("reward", customer.credit));
    for (kind, id) in [
        ("transaction", customer.order),
        ("reward", customer.credit),
        ("reward", customer.taken_back),
        ("redemption", customer.redemption),
        ("hold", customer.hold),
    ] {
        assert_eq!(found(&server, &id.to_string()), one(kind, id));
    }
    for nothing in ["mia", "ORDER-1033", "order-10334", "1", "4194303", "99999999999999999999", "\u{0}", " "]
    {
        assert_eq!(found(&server, nothing), [], "{nothing:?}");
    }
    server.get("/search").refuses(422, "missing_field");
    // Two customers may use one order number, and a profile may be called like an order.
    let other = json!({"profile_id": "ORDER-10334", "total": 1, "external_id": "ORDER-10334"});
    server.post("/transactions", &other).is(201);
    let all = server.get("/search?q=ORDER-10334").is(200).data();
    let kinds: Vec<_> = all.as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["profile", "transaction", "transaction"]);
}

/// A reward that went to another profile is found where it is.
#[test]
fn a_reward_is_found_with_whoever_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, customer) = customer::server(&folder, &[]);
    let path = format!("/rewards/{}/reassign", customer.credit);
    server.post(&path, &json!({"profile_id": "sam"})).is(200);
    for text in [customer.credit.to_string(), "CREDIT-77".to_owned()] {
        let all = server.get(&format!("/search?q={text}")).is(200).data();
        let with_sam = all.as_array().unwrap().iter().filter(|one| one["profile_id"] == "sam").count();
        assert_eq!(with_sam, 1, "{text}: {all}");
    }
}

/// Catches: a balance whose change is not told; a change told that the balances did not make.
#[test]
fn the_journal_tells_every_amount_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = customer::server(&folder, &[]);
    let entries = server.get(&format!("/profiles/{CUSTOMER}/ledgers")).is(200).data();
    let entries = entries.as_array().unwrap();
    let mut sums = std::collections::BTreeMap::new();
    let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
    for entry in entries {
        for (name, value) in entry["changes"].as_object().unwrap() {
            assert_ne!(cents(value), 0, "{entry}");
            *sums.entry(name.clone()).or_insert(0) += cents(value);
        }
        for (change, told) in [("reward_balance", "dollar_value"), ("point_balance", "point_value")] {
            let changed = entry["changes"].get(change).map_or(0, cents);
            assert_eq!(changed, cents(&entry[told]), "{entry}");
        }
    }
    let balances = server.get(&format!("/profiles/{CUSTOMER}/balances")).is(200).data();
    for name in ["reward_balance", "point_balance", "status_point_balance", "point_debt"] {
        assert_eq!(sums.get(name).copied().unwrap_or(0), cents(&balances[name]), "{name} of {sums:?}");
    }
    assert_eq!((sums["reward_held"], sums["reward_pending"]), (3500, 2500));
    assert!(sums["point_pending"] > 0);
    let first = |kind: &str| entries.iter().find(|entry| entry["type"] == kind).unwrap();
    let hold = first("hold");
    assert_eq!(hold["changes"], json!({"reward_balance": -30, "reward_held": 30}));
    // Two rewards paid the order, and each is named.
    let paid = first("redeem");
    let lots: Vec<_> =
        paid["lots"].as_array().unwrap().iter().map(|lot| json!([lot["name"], lot["value"]])).collect();
    assert_eq!(lots, [json!(["Welcome Reward", 20]), json!(["Goodwill", 14.5])]);
    let reasons: Vec<_> = entries
        .iter()
        .filter(|entry| !entry["reason"].is_null())
        .map(|entry| json!([entry["type"], entry["reason"]]))
        .collect();
    let expected = [
        json!(["issue", "parcel was late"]),
        json!(["revoke", "issued twice"]),
        json!(["return", "one shirt came back"]),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn the_overview_sums_up_all_customers() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = customer::server(&folder, &[]);
    let definition = server.define("ten", json!({"period": 10}));
    server.issue(definition, "sam", json!({}));
    let seen = server.get("/overview").is(200).data();
    assert_eq!(
        seen["program"],
        json!({"currency": "AUD", "timezone": "Australia/Melbourne", "exchange_rate": {"points": 100, "amount": 10}})
    );
    let balances = |profile: &str| server.get(&format!("/profiles/{profile}/balances")).is(200).data();
    let mia = balances(CUSTOMER);
    assert_eq!(seen["profiles"], 2);
    let rewards = mia["reward_balance"].as_f64().unwrap() + 10.0;
    assert_eq!(seen["outstanding"]["rewards"], json!({"available": rewards, "pending": 25, "held": 35}));
    assert_eq!(seen["outstanding"]["status_points"]["available"], 350);
    // What expires by 20 July, as the list of rewards has it.
    let lots = server.get(&format!("/profiles/{CUSTOMER}/rewards")).is(200).data();
    let soon = lots.as_array().unwrap().iter().filter(|lot| {
        let end = lot["expires_at"].as_str().unwrap_or("9");
        ["active", "held", "pending"].contains(&lot["status"].as_str().unwrap())
            && end < "2025-07-20 01:30:00"
    });
    let free = |lot: &Value| lot["value_remaining"].as_f64().unwrap() - lot["value_held"].as_f64().unwrap();
    let soon: f64 = soon.map(free).sum();
    assert_eq!(seen["expiring"]["rewards"].as_f64(), Some(soon + 10.0));
    assert!(soon > 0.0);
    let newest = seen["newest"].as_array().unwrap();
    assert_eq!(
        json!([newest[0]["profile_id"], newest[0]["type"], newest[0]["rewards"]]),
        json!(["sam", "issue", 10])
    );
    assert_eq!((newest.len(), &newest[1]["type"]), (12, &json!("hold")));
}

/// Catches: what expires that is only summed up for the first profiles, or twice, or with what expires later.
#[test]
fn the_overview_sums_up_what_expires_however_many_have_it() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    for page in 0..3 {
        let row = |number: u32| {
            let profile = format!("p{}", page * 200 + number);
            let end = if number.is_multiple_of(2) { "2025-07-15" } else { "2025-07-25" };
            json!({"reward_definition_id": definition, "profile_id": profile, "expires_at": end})
        };
        let rows: Vec<Value> = (0..200).map(row).collect();
        server.post("/rewards/batch", &json!(rows)).is(200);
    }
    server
        .post("/points", &json!({"profile_id": "p0", "value_initial": 70, "expires_at": "2025-07-01"}))
        .is(201);
    let seen = server.get("/overview").is(200).data();
    assert_eq!(seen["expiring"], json!({"days": 30, "rewards": 3000, "points": 70}));
    server.set_clock("2025-07-18T00:00:00Z");
    let seen = server.get("/overview").is(200).data();
    assert_eq!(seen["expiring"], json!({"days": 30, "rewards": 3000, "points": 0}));
}

/// Catches: a call that changes something under the token that only reads.
#[test]
fn the_token_that_only_reads_changes_nothing() {
    let server = Server::with(&["--store", "memory", "--read-token", READ]);
    let definition = server.define("ten", json!({}));
    let lot = server.issue(definition, "p", json!({}));
    let with = |method: &str, path: &str, body: &Value| {
        let request = Request::new(method, path).json(body);
        request.header("Authorization", &format!("Bearer {READ}")).send(server.address).unwrap()
    };
    assert_eq!(with("GET", "/access", &json!({})).is(200).data(), json!({"can_change": false}));
    assert_eq!(server.get("/access").is(200).data(), json!({"can_change": true}));
    let paths = server.description["paths"].as_object().unwrap();
    let mut changing = 0;
    for (path, methods) in paths {
        let is_quote = path.ends_with("/quote");
        let place = path.replace("{profile}", "p").replace("{id}", &lot.to_string());
        for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            if method == "GET" || is_quote {
                let answer = with(&method, &place, &json!({"amount": 1}));
                assert!(![401, 403].contains(&answer.status), "{method} {path}: {}", answer.body);
            } else {
                with(&method, &place, &json!({"amount": 1})).refuses(403, "read_only");
                changing += 1;
                // What would be done may be asked for, and is not done.
                let is_described =
                    methods[method.to_lowercase()]["parameters"].to_string().contains("dry_run");
                let tried = with(&method, &format!("{place}?dry_run=true"), &json!({"amount": 1}));
                assert!(![401, 403].contains(&tried.status), "{method} {path}: {}", tried.body);
                if !is_described {
                    tried.refuses(422, "unknown_parameter");
                }
                for twice in ["dry_run=false&dry_run=true", "dry_run=true&dry_run=false"] {
                    let twice = with(&method, &format!("{place}?{twice}"), &json!({"amount": 1}));
                    assert!([403, 422].contains(&twice.status), "{method} {path}: {}", twice.body);
                }
            }
        }
    }
    assert!(changing > 20 && server.balance("p") == 10);
    // It goes with the other, and is another.
    for (options, said) in [
        (vec!["--read-token", "r"], "--token"),
        (vec!["--token", "t", "--read-token", "t"], "--read-token"),
        (vec!["--token", "t", "--read-token", ""], "--read-token"),
    ] {
        let output = common::command(&options).output().unwrap();
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains(said));
    }
}
