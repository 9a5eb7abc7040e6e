//! Dry runs: what a call says that it would do is what it does, and until then nothing is done.

#[path = "../../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
mod common;

use std::collections::BTreeSet;

use cluster::Cluster;
use common::{Answer, Request, Server};
use serde_json::{Value, json};

const PROFILES: [&str; 3] = ["p", "q", "new"];

/// Everything that a change could leave behind.
fn trace(server: &Server) -> Vec<Value> {
    let of = |profile: &str| {
        let lists = ["ledgers", "holds", "redemptions", "balances"];
        lists.map(|list| format!("/profiles/{profile}/{list}"))
    };
    let all = ["/rewards", "/points", "/transactions"].map(str::to_owned);
    let paths = PROFILES.into_iter().flat_map(of).chain(all);
    paths.map(|path| server.get(&path).is(200).data()).collect()
}

fn dry(method: &str, path: &str, body: &Value) -> Request {
    Request::new(method, &format!("{path}?dry_run=true")).json(body)
}

/// A story, call by call, each tried before it is done.
struct Story<'a> {
    server: &'a Server,
    /// The operations that were tried.
    tried: BTreeSet<String>,
}

impl Story<'_> {
    #[track_caller]
    fn call(&mut self, method: &str, path: &str, body: Value) -> Answer {
        let server = self.server;
        let before = trace(server);
        let preview = server.call(dry(method, path, &body)).is(200).data();
        assert_eq!(server.call(dry(method, path, &body)).is(200).data(), preview);
        assert_eq!(trace(server), before, "{method} {path} left a trace");
        let profile = preview["profile_id"].as_str().unwrap().to_owned();
        let balances = |profile: &str| server.get(&format!("/profiles/{profile}/balances")).is(200).data();
        let ledger = || {
            let path = format!("/profiles/{profile}/ledgers?page[size]=500");
            server.get(&path).is(200).data().as_array().unwrap().clone()
        };
        assert_eq!(preview["before"], balances(&profile));
        let written = ledger().len();
        let answer = server.call(Request::new(method, path).json(&body));
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        assert_eq!(preview["result"], "new");
        assert_eq!(preview["entries"].as_array().unwrap()[..], ledger()[written..], "{method} {path}");
        // A profile that was merged is shown as the one that took over.
        if !path.ends_with("/merge") {
            assert_eq!(preview["after"], balances(&profile), "{method} {path}");
        }
        for lot in preview["lots"].as_array().unwrap() {
            let kind = if lot["after"].get("source_type").is_some() { "points" } else { "rewards" };
            let now = server.get(&format!("/{kind}/{}", lot["id"]));
            if now.status == 200 && now.data()["profile_id"] == preview["profile_id"] {
                assert_eq!(lot["after"], now.data(), "{method} {path}");
            }
        }
        let part = |part: &str| match part {
            _ if part.parse::<u64>().is_ok() => "{id}".to_owned(),
            _ if PROFILES.contains(&part) => "{profile}".to_owned(),
            _ => part.to_owned(),
        };
        let route: Vec<String> = path.split('/').map(part).collect();
        self.tried.insert(format!("{method} /api/v3{}", route.join("/")));
        answer
    }

    fn tell(&mut self) {
        let more = json!({"is_extendable": true, "is_reassignable": true, "period": 30});
        let ten = self.server.define("ten", more);
        let reward = |profile: &str| json!({"profile_id": profile, "reward_definition_id": ten});
        let lots: Vec<u64> = (0..5).map(|_| self.call("POST", "/rewards", reward("p")).id()).collect();
        self.call("POST", "/rewards", reward("new"));
        self.call("POST", "/points", json!({"profile_id": "p", "value_initial": 70}));
        let until = json!({"expires_at": "2025-12-24", "reason": "travelling"});
        self.call("PUT", &format!("/rewards/{}", lots[0]), until);
        self.call(
            "POST",
            "/rewards/extend",
            json!({"profile_id": "p", "ids": [lots[1], lots[2]], "extend_days": 9}),
        );
        let both = json!({"amount": 7.5, "strategies": ["points", "rewards"]});
        let paid = self.call("POST", "/profiles/p/redemptions", both).id();
        self.call("POST", &format!("/redemptions/{paid}/return"), json!({"amount": 2}));
        let paid = self.call("POST", "/profiles/p/redeem", json!({"amount": 3})).id();
        self.call("POST", &format!("/redemptions/{paid}/reversal"), json!({}));
        let hold = self.call("POST", "/profiles/p/holds", json!({"amount": 4})).id();
        self.call("POST", &format!("/holds/{hold}/capture"), json!({"amount": 1}));
        let hold = self.call("POST", "/profiles/p/holds", json!({"amount": 4})).id();
        self.call("POST", &format!("/holds/{hold}/release"), json!({}));
        let sale = json!({"profile_id": "p", "total": 25, "external_id": "ORDER-1"});
        let sold = self.call("POST", "/transactions", sale).id();
        self.call("PUT", &format!("/transactions/{sold}"), json!({"total": 30}));
        let sale = json!({"profile_id": "p", "total": 40, "external_id": "ORDER-1"});
        self.call("POST", "/transactions/update-create", sale);
        let sale = json!({"profile_id": "p", "total": 7, "external_id": "ORDER-2"});
        self.call("POST", "/transactions/update-create", sale);
        self.call("POST", &format!("/transactions/{sold}/return"), json!({"amount": 5}));
        self.call("DELETE", &format!("/transactions/{sold}"), json!({}));
        let value = json!({"profile_id": "q", "type": "reward", "value": 2.5});
        self.call("POST", "/profiles/p/transfers", value);
        self.call("POST", &format!("/rewards/{}/reassign", lots[3]), json!({"profile_id": "q"}));
        self.call("DELETE", &format!("/rewards/{}", lots[4]), json!({"reason": "issued twice"}));
        self.call("POST", "/profiles/p/merge", json!({"into": "q"}));
    }
}

/// Catches: a route that does what it was only to try; entries, lots or balances that do not come about.
fn a_dry_run_is_the_run(store: &str) {
    let server = Server::with(&["--store", store]);
    let mut story = Story { server: &server, tried: BTreeSet::new() };
    story.tell();
    let paths = server.description["paths"].as_object().unwrap();
    let can_be_tried = |operation: &Value| operation["parameters"].to_string().contains("\"dry_run\"");
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter().filter(|(_, operation)| can_be_tried(operation));
        methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    assert_eq!(all.collect::<BTreeSet<_>>(), story.tried, "{store}");
}

#[test]
fn a_dry_run_is_the_run_over_memory_and_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_dry_run_is_the_run("memory");
    a_dry_run_is_the_run(&format!("sqlite:{}", folder.path().join("ledger.sqlite").display()));
}

#[test]
fn a_dry_run_is_the_run_over_postgres() {
    let Some(cluster) = Cluster::start() else { return };
    let port = cluster.config("postgres").get_ports()[0];
    a_dry_run_is_the_run(&format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"));
}

/// Catches: a refusal that only comes once it is done; one that a dry run makes up.
#[test]
fn a_dry_run_is_refused_like_the_request() {
    let server = Server::start();
    let ten = server.define("ten", json!({"is_extendable": true}));
    let lot = server.issue(ten, "p", json!({}));
    let paid = server.post("/profiles/p/redemptions", &json!({"amount": 4})).is(201).id();
    server.post_keyed("used", "/profiles/p/redemptions", &json!({"amount": 1})).is(201);
    let refused = [
        ("POST", "/profiles/p/redemptions".to_owned(), json!({"amount": 99, "strict": true}), 422),
        ("POST", "/profiles/p/redemptions".to_owned(), json!({"amount": 2}), 409),
        ("POST", "/profiles/p/redemptions".to_owned(), json!({"amuont": 2}), 422),
        ("POST", format!("/redemptions/{paid}/return"), json!({"amount": 5, "strict": true}), 422),
        ("POST", "/redemptions/99999999/return".to_owned(), json!({"amount": 1}), 404),
        ("POST", "/rewards/99999999/reassign".to_owned(), json!({"profile_id": "q"}), 404),
        ("PUT", format!("/rewards/{lot}"), json!({"version": 1, "value_remaining": 3}), 409),
        ("DELETE", "/rewards/99999999".to_owned(), json!({}), 404),
        ("POST", "/rewards".to_owned(), json!({"profile_id": "p", "reward_definition_id": 99}), 422),
        ("POST", "/transactions".to_owned(), json!({"profile_id": "p", "total": -1}), 422),
    ];
    for (method, path, body, status) in refused {
        let key = if status == 409 && method == "POST" { "used" } else { "free" };
        let keyed = |request: Request| {
            let request = if method == "POST" { request.header("Idempotency-Key", key) } else { request };
            server.call(request)
        };
        let tried = keyed(dry(method, &path, &body));
        let done = keyed(Request::new(method, &path).json(&body));
        assert_eq!((tried.status, &tried.body), (done.status, &done.body), "{method} {path}");
        assert_eq!(tried.status, status, "{method} {path}: {}", tried.body);
    }
}

/// Catches: a key that a dry run uses up; a repetition that is tried as if it were new; a parameter that is not obeyed.
#[test]
fn a_dry_run_uses_nothing_up() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let lot = server.issue(ten, "p", json!({"external_id": "CREDIT-1"}));
    let amount = |amount: u32| json!({"amount": amount});
    let path = "/profiles/p/redemptions";
    let keyed = |request: Request| server.call(request.header("Idempotency-Key", "once"));
    let result = |answer: Answer| {
        let preview = answer.is(200).data();
        assert_eq!(preview["before"] == preview["after"], preview["result"] != "new");
        preview["result"].as_str().unwrap().to_owned()
    };
    assert_eq!(result(keyed(dry("POST", path, &amount(1)))), "new");
    keyed(Request::new("POST", path).json(&amount(2))).is(201);
    assert_eq!(result(keyed(dry("POST", path, &amount(2)))), "replayed");
    keyed(dry("POST", path, &amount(1))).refuses(409, "key_reused");
    let again = json!({"profile_id": "p", "reward_definition_id": ten, "external_id": "CREDIT-1"});
    assert_eq!(result(server.call(dry("POST", "/rewards", &again))), "existing");
    let same = json!({"value_remaining": 8});
    assert_eq!(result(server.call(dry("PUT", &format!("/rewards/{lot}"), &same))), "unchanged");
    let sale = server.post("/transactions", &json!({"profile_id": "p", "total": 5})).is(201).id();
    let same = json!({"total": 5});
    assert_eq!(result(server.call(dry("PUT", &format!("/transactions/{sale}"), &same))), "unchanged");
    server.post(&format!("{path}?dry_run=false"), &amount(1)).is(201);
    assert_eq!(server.balance("p"), 7);
    server.post(&format!("{path}?dry_run=maybe"), &amount(1)).refuses(422, "invalid_field");
    for said in ["dry_run=true&dry_run=false", "dry_run=false&dry_run=true", "dryrun=true"] {
        server.post(&format!("{path}?{said}"), &amount(1)).refuses(422, "unknown_parameter");
    }
    let definition = json!({"name": "Five", "handle": "five", "value": 5});
    server.post("/reward-definitions?dry_run=true", &definition).refuses(422, "unknown_parameter");
    server.post("/rewards/batch?dry_run=true", &json!([again])).refuses(422, "unknown_parameter");
    assert_eq!(server.balance("p"), 7);
    let counted = server.get("/metrics").is(200).body;
    assert!(counted.contains("\nscrip_redemptions_total 2\n"), "what is tried is not counted");
}
