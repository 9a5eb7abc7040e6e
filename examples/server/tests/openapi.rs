//! The description is true: its examples are what the server answers, and a client that a public generator makes of it redeems.
//!
//! Without the generator on this machine that test is skipped, loudly; with `SCRIP_REQUIRE_OPENAPI=1` it fails. It is looked for
//! in `target/openapi`: `python3 -m venv target/openapi && target/openapi/bin/pip install openapi-python-client`.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{NOW, Request, Server, TOKEN};
use serde_json::{Value, json};

/// Where the description says that it is.
const PLACE: &str = "http://127.0.0.1:8080";
const EXAMPLES: &str = "src/examples.json";

/// The calls of the examples: a method, a route, the values of its holes, and a body.
fn calls() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let reward = json!({"reward_definition_id": 2, "profile_id": "alice", "expires_at": "2025-07-15 23:59:59",
        "timezone": "Australia/Melbourne", "external_id": "birthday-2025-alice"});
    let line = json!([{"id": "1", "amount": 60, "tags": ["shoes"]}, {"id": "2", "amount": 39.95}]);
    vec![
        (
            "POST",
            "/api/v3/reward-definitions",
            "",
            json!({"name": "Birthday Reward", "handle": "birthday-reward", "value": 10, "type": "birthday", "period": 30,
                "is_extendable": true, "is_reassignable": true}),
        ),
        ("GET", "/api/v3/reward-definitions/{id}", "2", json!(null)),
        ("POST", "/api/v3/rewards", "?dry_run=true", reward.clone()),
        ("POST", "/api/v3/rewards", "", reward),
        (
            "POST",
            "/api/v3/rewards/batch",
            "",
            json!({"rewards": [{"reward_definition_id": 2, "profile_id": "alice"}, {"profile_id": "bob"}]}),
        ),
        ("POST", "/api/v3/points", "", json!({"profile_id": "alice", "value_initial": 500})),
        ("GET", "/api/v3/profiles/{profile}/balances", "alice", json!(null)),
        (
            "POST",
            "/api/v3/profiles/{profile}/redemptions/quote",
            "alice",
            json!({"amount": 15, "strategies": ["rewards", "points"], "lines": line}),
        ),
        (
            "POST",
            "/api/v3/profiles/{profile}/redemptions",
            "alice",
            json!({"amount": 7.5, "strategies": ["rewards"], "strict": true}),
        ),
        ("GET", "/api/v3/profiles/{profile}/redemptions", "alice", json!(null)),
        (
            "POST",
            "/api/v3/transactions",
            "",
            json!({"profile_id": "alice", "total": 92.45, "total_original": 99.95, "redemption_id": 4_194_308,
                "external_id": "ORDER-10334", "items": [{"sku": "SHOE-42", "price": 99.95}]}),
        ),
        ("POST", "/api/v3/redemptions/{id}/return", "4194308", json!({"amount": 2.5})),
        ("POST", "/api/v3/profiles/{profile}/redeem", "alice", json!({"amount": 3})),
        ("POST", "/api/v3/profiles/{profile}/holds", "alice", json!({"amount": 4, "expires_in": 600})),
        ("POST", "/api/v3/holds/{id}/capture", "4194312", json!({"amount": 4})),
        (
            "POST",
            "/api/v3/rewards/extend",
            "",
            json!({"profile_id": "alice", "ids": [4_194_306], "extend_days": 14}),
        ),
        ("POST", "/api/v3/rewards/{id}/reassign", "4194306", json!({"profile_id": "bob"})),
        ("GET", "/api/v3/profiles/{profile}/rewards", "alice", json!(null)),
        ("GET", "/api/v3/profiles/{profile}/ledgers", "alice", json!(null)),
        ("GET", "/search", "?q=ORDER-10334", json!(null)),
        ("GET", "/access", "", json!(null)),
        ("GET", "/overview", "", json!(null)),
        ("GET", "/health", "", json!(null)),
    ]
}

/// Catches: an example that the server does not answer so, or no longer. `UPDATE_GOLDENS=1` writes them anew.
#[test]
fn the_examples_are_what_the_server_answers() {
    let server = Server::start();
    let mut told = Vec::new();
    for (method, route, hole, body) in calls() {
        let path = match route.find('{') {
            Some(begin) => {
                let end = route.find('}').unwrap();
                format!("{}{hole}{}", &route[..begin], &route[end + 1..])
            }
            None => format!("{route}{hole}"),
        };
        let request = Request::new(method, &path);
        let answer = server.call(if body.is_null() { request } else { request.json(&body) });
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        let text = answer.body.replace(&format!("http://{}", server.address), PLACE);
        let answered: Value = serde_json::from_str(&text).unwrap();
        let example = json!({"method": method, "route": route, "body": body, "status": answer.status, "answer": answered});
        let operation = &server.description["paths"][route][method.to_lowercase()];
        told.push((example, operation.clone()));
    }
    let examples: Vec<_> = told.iter().map(|(example, _)| example).collect();
    let text = serde_json::to_string_pretty(&examples).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLES), &text).unwrap();
        return;
    }
    for (example, operation) in &told {
        let route = &example["route"];
        let response = &operation["responses"][example["status"].to_string()]["content"]["application/json"];
        assert_eq!(response["example"], example["answer"], "{route}");
        if !example["body"].is_null() {
            assert_eq!(
                operation["requestBody"]["content"]["application/json"]["example"], example["body"],
                "{route}"
            );
        }
    }
    // And there is no other.
    let all = server.description.to_string().matches("\"example\":").count();
    let with_body = told.iter().filter(|(example, _)| !example["body"].is_null());
    let bodies: BTreeSet<_> =
        with_body.map(|(example, _)| (example["method"].to_string(), example["route"].to_string())).collect();
    assert_eq!(all, told.len() + bodies.len());
}

/// The programs of the generator, where they are installed.
fn generator() -> Option<PathBuf> {
    let binary = Path::new(env!("CARGO_BIN_EXE_scrip-server"));
    let target = binary.ancestors().find(|folder| folder.join("openapi/bin/openapi-python-client").is_file());
    if target.is_none() {
        let is_required = std::env::var("SCRIP_REQUIRE_OPENAPI").is_ok_and(|value| value == "1");
        assert!(!is_required, "no openapi-python-client in target/openapi, and SCRIP_REQUIRE_OPENAPI=1");
        eprintln!("\n*** SKIPPED: there is no openapi-python-client in target/openapi ***\n");
    }
    Some(target?.join("openapi/bin"))
}

/// Catches: a description that a generator cannot read, and one whose client cannot read the answers.
#[test]
fn a_generated_client_redeems() {
    let Some(programs) = generator() else { return };
    let server = Server::start();
    assert_eq!(NOW, "2025-06-20T00:00:00Z");
    let folder = tempfile::tempdir().unwrap();
    let description = folder.path().join("openapi.json");
    std::fs::write(&description, server.description.to_string()).unwrap();
    let mut generate = Command::new(programs.join("openapi-python-client"));
    let generated =
        generate.args(["generate", "--meta", "none", "--output-path", "client", "--path", "openapi.json"]);
    let generated = generated.current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&generated.stdout).into_owned();
    assert!(generated.status.success(), "{said}{}", String::from_utf8_lossy(&generated.stderr));
    // A part that it cannot make sense of, it leaves out and says so.
    assert!(!said.contains("will not be generated") && !said.contains("Unable to"), "{said}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated_client.py");
    let mut script_run = Command::new(programs.join("python"));
    let run = script_run.arg(script).arg(format!("http://{}", server.address)).arg(TOKEN);
    let run = run.current_dir(folder.path()).env("PYTHONPATH", folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(server.balance("carol"), json!(2.5));
}
