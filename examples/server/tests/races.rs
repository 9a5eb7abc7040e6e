//! Many clients at once: nothing is spent twice, nothing is done twice.

mod common;

use std::sync::Barrier;
use std::thread;

use common::{Answer, Server};
use serde_json::{Value, json};

/// What so many clients are answered that all start at once.
fn at_once(clients: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let barrier = Barrier::new(clients);
    thread::scope(|scope| {
        let started: Vec<_> = (0..clients)
            .map(|client| {
                let (barrier, call) = (&barrier, &call);
                scope.spawn(move || {
                    barrier.wait();
                    call(client)
                })
            })
            .collect();
        started.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

fn on_each_store(test: impl Fn(&Server)) {
    test(&Server::start());
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    test(&Server::with(&["--store", &store]));
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn clients_that_race_for_one_profile_never_overspend() {
    on_each_store(|server| {
        let definition = server.define("ten", json!({}));
        for _ in 0..10 {
            server.issue(definition, "p", json!({}));
        }
        // 40 want 5 of the 100 that there are, three times over; holds are among them.
        let answers: Vec<Answer> = (0..3)
            .flat_map(|_| {
                at_once(40, |client| {
                    let path = if client % 4 == 0 { "/profiles/p/holds" } else { "/profiles/p/redemptions" };
                    server.post(path, &json!({"amount": 5, "strict": true}))
                })
            })
            .collect();
        assert_eq!((statuses(&answers, 201), statuses(&answers, 422)), (20, 100));
        assert_eq!(server.balance("p"), 0);
        let redeemed = server.get("/profiles/p/redemptions").is(200).data();
        let held = server.get("/profiles/p/holds").is(200).data();
        let sum = |list: &Value| {
            list.as_array().unwrap().iter().map(|one| one["total"].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(sum(&redeemed) + sum(&held), 100);
    });
}

#[test]
fn the_same_key_from_forty_clients_commits_once() {
    on_each_store(|server| {
        let definition = server.define("ten", json!({}));
        server.issue(definition, "p", json!({"value_initial": 100}));
        let answers =
            at_once(40, |_| server.post_keyed("once", "/profiles/p/redemptions", &json!({"amount": 3})));
        let first = &answers[0];
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &first.body));
        }
        assert_eq!(server.balance("p"), 97);
        // Much later as well, and whatever happened since; but not with other content.
        server.set_clock("2025-06-25T00:00:00Z");
        server.post("/profiles/p/redemptions", &json!({"amount": 7})).is(201);
        let again = server.post_keyed("once", "/profiles/p/redemptions", &json!({"amount": 3}));
        assert_eq!((again.status, &again.body), (201, &first.body));
        server
            .post_keyed("once", "/profiles/p/redemptions", &json!({"amount": 4}))
            .refuses(409, "key_reused");
        server.set_clock(common::NOW);
    });
}

/// Every POST under a key answers the same again, at once and much later, and does nothing again.
#[test]
fn every_post_repeats_its_first_answer() {
    let server = Server::start();
    let mut sent: Vec<(String, Value, Answer)> = Vec::new();
    let mut again = |path: &str, body: &Value| {
        let key = format!("{} {path}", sent.len());
        let first = server.post_keyed(&key, path, body);
        assert!(first.status < 300, "{path}: {}", first.body);
        repeats(&server, &key, path, body, &first);
        sent.push((path.to_owned(), body.clone(), first.clone()));
        first
    };
    let more =
        json!({"name": "n", "handle": "h", "value": 10, "is_extendable": true, "is_reassignable": true});
    let definition = again("/reward-definitions", &more).id();
    again("/rewards/definitions", &json!({"name": "n", "handle": "h2", "value": 1}));
    again("/points/definitions", &json!({"name": "n", "handle": "h"}));
    let reward = json!({"reward_definition_id": definition, "profile_id": "p", "expires_at": "2025-07-01"});
    let lot = again("/rewards", &reward).id();
    let rows = json!([reward, reward, {"profile_id": "q", "reward_definition_id": definition}, {}]);
    again("/rewards/batch", &rows);
    again("/rewards/batch.json", &json!([reward]));
    again("/points", &json!({"profile_id": "p", "value_initial": 100, "expires_at": "2025-07-01"}));
    again("/rewards/extend", &json!({"profile_id": "p", "ids": [lot], "extend_days": 3}));
    let redemption = again("/profiles/p/redemptions", &json!({"amount": 4})).id();
    let other = again("/profiles/p/redeem", &json!({"amount": 1, "strategy": "points"})).id();
    again("/profiles/p/redemptions/quote", &json!({"amount": 1}));
    // Of these nothing else is ever said: it is the clock only that would make a difference.
    let lone = |profile: &str| json!({"reward_definition_id": definition, "profile_id": profile, "expires_at": "2025-07-01"});
    again("/rewards", &lone("alone"));
    server.post("/rewards", &lone("once")).is(201);
    again("/profiles/once/redemptions", &json!({"amount": 4}));
    let hold = again("/profiles/p/holds", &json!({"amount": 3})).id();
    again(&format!("/holds/{hold}/capture"), &json!({"amount": 2}));
    let hold = server.post("/profiles/p/holds", &json!({"amount": 3})).is(201).id();
    again(&format!("/holds/{hold}/release"), &json!({}));
    again(&format!("/redemptions/{other}/reversal"), &json!({}));
    let sale = json!({"profile_id": "p", "total": 50, "redemption_id": redemption});
    let sale = again("/transactions", &sale).id();
    again("/transactions/update-create", &json!({"profile_id": "p", "total": 5, "external_id": "E"}));
    again(&format!("/redemptions/{redemption}/return"), &json!({"amount": 1}));
    again(&format!("/transactions/{sale}/return"), &json!({"amount": 10}));
    // To and fro, and every move is its own.
    let reassign = format!("/rewards/{lot}/reassign");
    for profile in ["r", "p", "r", "p", "s"] {
        again(&reassign, &json!({"profile_id": profile}));
    }
    assert_eq!(server.get("/profiles/p/redemptions").is(200).ids().len(), 3);
    assert_eq!(server.get("/profiles/s/rewards").is(200).ids(), [lot]);

    // Whatever happened since, and though all of it has expired: but a quote is of now.
    server.put(&format!("/reward-definitions/{definition}"), &json!({"name": "m"})).is(200);
    server.delete(&format!("/rewards/{lot}")).is(204);
    server.post("/profiles/p/redemptions", &json!({"amount": 2})).is(201);
    server.set_clock("2025-09-01T00:00:00Z");
    let uses = |path: &str| path.ends_with("/quote") || path.ends_with("definitions");
    for (number, (path, body, first)) in sent.iter().enumerate().filter(|(_, (path, ..))| !uses(path)) {
        repeats(&server, &format!("{number} {path}"), path, body, first);
    }
    assert_eq!(server.get("/profiles/s/rewards").is(200).ids(), Vec::<u64>::new());
}

/// Nothing but the definitions that an answer shows may be newer than it.
#[track_caller]
fn repeats(server: &Server, key: &str, path: &str, body: &Value, first: &Answer) {
    let second = server.post_keyed(key, path, body);
    let told = |answer: &Answer| {
        let mut told = answer.bare_json();
        forget_definitions(&mut told);
        (answer.status, told)
    };
    assert_eq!(told(&second), told(first), "{key}");
}

fn forget_definitions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("definition");
            fields.values_mut().for_each(forget_definitions);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_definitions),
        _ => {}
    }
}

#[test]
fn the_same_external_id_from_many_clients_makes_one_reward() {
    on_each_store(|server| {
        let definition = server.define("ten", json!({}));
        let body = json!({"reward_definition_id": definition, "profile_id": "p", "external_id": "E-1"});
        let answers = at_once(20, |_| server.post("/rewards", &body));
        assert_eq!((statuses(&answers, 201), statuses(&answers, 200)), (1, 19));
        assert_eq!(server.balance("p"), 10);
    });
}

/// One creates, the others then change it: never a conflict.
#[test]
fn update_create_races_for_one_external_id() {
    on_each_store(|server| {
        for round in 0..100 {
            let sale = |total: usize| json!({"profile_id": "p", "external_id": format!("E-{round}"), "total": total});
            let answers = at_once(2, |client| server.post("/transactions/update-create", &sale(client + 1)));
            assert_eq!((statuses(&answers, 201), statuses(&answers, 200)), (1, 1), "{}", answers[0].body);
            let last = server.get(&format!("/transactions/external/E-{round}")).is(200).data();
            let changed = answers.iter().find(|answer| answer.status == 200).unwrap().data();
            assert_eq!(last["total"], changed["total"]);
        }
    });
}

/// A batch is one content under its key, unreadable rows included; each legal key serves a batch of any legal size.
#[test]
fn a_batch_under_a_key_is_one_content() {
    on_each_store(|server| {
        let definition = server.define("ten", json!({}));
        let row = |profile: &str| json!({"reward_definition_id": definition, "profile_id": profile});
        let batch = |key: &str, rows: &Value| server.post_keyed(key, "/rewards/batch", rows);
        let rows = json!([row("a"), 7, row("b"), {"profile_id": "a"}, row("a")]);
        let first = batch("k", &rows).is(200).bare_json();
        assert_eq!(first["meta"], json!({"created": 3, "existing": 0, "rejected": 2}));
        assert_eq!(batch("k", &rows).is(200).bare_json(), first);
        for other in [
            json!([row("a"), row("b"), 7, {"profile_id": "a"}, row("a")]),
            json!([row("a"), 8, row("b"), {"profile_id": "a"}, row("a")]),
            json!([row("a"), row("b"), {"profile_id": "a"}, row("a")]),
            json!([row("a")]),
            json!([row("c"), row("a")]),
        ] {
            batch("k", &other).refuses(409, "key_reused");
        }
        for key in ["k", "k row 0", "k 0"] {
            let single = server.post_keyed(key, "/rewards", &row("a"));
            if key == "k" {
                single.refuses(409, "key_reused")
            } else {
                single.is(201)
            };
        }
        server.post_keyed("s", "/rewards", &row("b")).is(201);
        batch("s", &json!([row("b")])).refuses(409, "key_reused");
        assert_eq!(
            (server.balance("a"), server.balance("b"), server.balance("c")),
            (json!(40), json!(20), json!(0))
        );
        let longest = "k".repeat(255);
        let many = json!(vec![row("d"); 500]);
        for _ in 0..2 {
            assert_eq!(batch(&longest, &many).is(200).bare_json()["meta"]["created"], 500);
        }
        assert_eq!(server.balance("d"), 5_000);
    });
}

/// An external id that comes again says what became of the reward, and what of the sale.
#[test]
fn a_repeated_external_id_answers_with_the_current_state() {
    on_each_store(|server| {
        let definition = server.define("ten", json!({"is_reassignable": true}));
        let reward = json!({"reward_definition_id": definition, "profile_id": "p", "external_id": "E"});
        let id = server.post("/rewards", &reward).is(201).id();
        let again = || {
            let again = server.post("/rewards", &reward).is(200).data();
            assert_eq!(again["id"], id);
            (again["status"].clone(), again["value_remaining"].clone())
        };
        assert_eq!(again(), (json!("active"), json!(10)));
        server.post("/profiles/p/redemptions", &json!({"amount": 4})).is(201);
        assert_eq!(again(), (json!("active"), json!(6)));
        server.delete(&format!("/rewards/{id}")).is(204);
        assert_eq!(again(), (json!("revoked"), json!(0)));
        let moved = json!({"reward_definition_id": definition, "profile_id": "p", "external_id": "M"});
        let lot = server.post("/rewards", &moved).is(201).id();
        server.post(&format!("/rewards/{lot}/reassign"), &json!({"profile_id": "q"})).is(200);
        let moved = server.post("/rewards", &moved).is(200).data();
        assert_eq!((&moved["status"], &moved["value_remaining"]), (&json!("moved"), &json!(0)));
        let points =
            json!({"profile_id": "p", "value_initial": 9, "expires_at": "2025-07-01", "external_id": "P"});
        server.post("/points", &points).is(201);
        let sale = json!({"profile_id": "p", "total": 50, "external_id": "S"});
        let posted = server.post("/transactions", &sale).is(201).id();
        server.put(&format!("/transactions/{posted}"), &json!({"total": 40})).is(200);
        assert_eq!(server.post("/transactions", &sale).is(200).data()["total"], 40);
        server.set_clock("2025-08-01T00:00:00Z");
        assert_eq!(server.post("/points", &points).is(200).data()["status"], "expired");
        server.set_clock(common::NOW);
    });
}
