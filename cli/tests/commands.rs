//! The other commands: requests from the shell, looking, checking, exporting, replaying, and the cases for other systems.

mod common;

use std::process::Stdio;

use common::{NOW, Shop};
use serde_json::Value;

const DEFINE: &str = r#"{"reward": {"handle": "ten", "name": "Ten", "value": 10}}"#;
const ISSUE: &str = r#"{"reward_definition_handle": "ten", "profile_id": "alice"}"#;
const REDEEM: &str = r#"{"profile_id": "alice", "amount": "7.50"}"#;

/// A shop where alice has redeemed 7.50 of 20.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.done(&["define", DEFINE, "--at", "2026-01-01T00:00:00Z"]);
    shop.done(&["issue", ISSUE, "--at", "2026-01-01T00:00:01Z"]);
    shop.done(&["issue", ISSUE, "--at", "2026-01-01T00:00:02Z"]);
    shop.done(&["redeem", REDEEM, "--key", "till-7-1", "--at", "2026-01-01T00:00:03Z"]);
    shop
}

const LATER: &str = "2026-01-02T00:00:00Z";

#[test]
fn one_request_is_answered_with_its_outcome_or_its_refusal() {
    let shop = shop();
    // Under the same key it is answered alike, and done once.
    let again: Value =
        serde_json::from_str(&shop.done(&["redeem", REDEEM, "--key", "till-7-1", "--at", LATER])).unwrap();
    assert_eq!((&again["total"], &again["balances"]["reward_balance"]), (&"7.5".into(), &"12.5".into()));
    let refusal = shop.fails(3, &["redeem", r#"{"profile_id": "alice", "amount": 100}"#, "--at", LATER]);
    let refusal: Value = serde_json::from_str(&refusal).unwrap();
    assert_eq!((&refusal["code"], &refusal["field"]), (&"insufficient_value".into(), &"amount".into()));
    let other = shop
        .fails(3, &["redeem", r#"{"profile_id": "alice", "amount": 1}"#, "--key", "till-7-1", "--at", LATER]);
    assert!(other.contains("key_reused"), "{other}");
    let id = again["id"].to_string();
    let back = format!("{{\"redemption_id\": {id}, \"amount\": 2}}");
    shop.done(&["return", &back, "--at", LATER]);
    for (wrong, named) in
        [(r#"{"profile": "alice"}"#, "profile"), ("{", "request"), (r#"{"amount": 1}{}"#, "request")]
    {
        assert!(shop.fails(1, &["redeem", wrong, "--at", LATER]).contains(named), "{wrong}");
    }
    shop.fails(64, &["redeem"]);
    shop.fails(64, &["spend", REDEEM]);
    assert!(shop.fails(64, &["redeem", REDEEM, "--store", "mysql://x"]).contains("sqlite:PATH"));
}

#[test]
fn a_person_reads_a_profiles_balances() {
    let shop = shop();
    let balances = shop.done(&["balances", "alice", "--at", LATER]);
    assert!(balances.lines().next().unwrap().ends_with("12.50 AUD"), "{balances}");
    let before = shop.done(&["balances", "alice", "--as-of", "2026-01-01T00:00:02Z"]);
    assert!(before.contains("20.00 AUD"), "{before}");
    let json: Value =
        serde_json::from_str(&shop.done(&["balances", "alice", "--json", "--at", LATER])).unwrap();
    assert_eq!(json["reward_balance"], "12.5");
    let statement = shop.done(&["statement", "alice", "--at", LATER]);
    for said in
        ["Australia/Melbourne", "2026-01-01 11:00:03 redeem", "till-7-1", "2.50  active", "10.00  active"]
    {
        assert!(statement.contains(said), "{said}: {statement}");
    }
    let json: Value =
        serde_json::from_str(&shop.done(&["statement", "alice", "--json", "--at", LATER])).unwrap();
    assert_eq!(json["journal"].as_array().unwrap().len(), 3);
    // Nobody has nothing, and a store that is not there is not made by looking.
    assert!(shop.done(&["balances", "bob", "--at", LATER]).contains("0.00 AUD"));
    assert!(shop.fails(1, &["balances", "alice", "--store", "sqlite:none.sqlite"]).contains("none.sqlite"));
    assert!(!shop.path("none.sqlite").exists());
}

#[test]
fn a_journal_that_is_replayed_is_exported_alike() {
    let shop = shop();
    shop.fails(3, &["redeem", r#"{"profile_id": "nobody", "amount": 1}"#, "--at", LATER]);
    shop.done(&["issue", &ISSUE.replace("alice", "bob"), "--at", LATER]);
    shop.done(&["merge", r#"{"profile_id": "alice", "into": "bob"}"#, "--at", LATER]);
    let journal = shop.journal();
    shop.write("journal.ndjson", journal.as_bytes());
    shop.done(&["replay", "journal.ndjson", "--store", "sqlite:copy.sqlite"]);
    let copied = shop.done(&["export", "journal", "--format", "ndjson", "--store", "sqlite:copy.sqlite"]);
    assert_eq!(copied, journal);
    shop.done(&["check", "sqlite:copy.sqlite"]);
    // Only into an empty store; and what was tampered with is found, with its line.
    assert!(shop.fails(1, &["replay", "journal.ndjson", "--store", "sqlite:copy.sqlite"]).contains("empty"));
    let lines: Vec<&str> = journal.lines().collect();
    let tampered = [
        ("line 4", journal.replacen("\"reward_balance\":\"12.5\"", "\"reward_balance\":\"13.5\"", 1)),
        ("line 3", [&lines[..2], &lines[3..]].concat().join("\n")),
        (
            "line 2",
            journal.replacen(
                "\"sequence\":1,\"at\":\"2026-01-01T00:00:01",
                "\"sequence\":1,\"at\":\"soon",
                1,
            ),
        ),
    ];
    for (line, text) in tampered {
        shop.write("tampered.ndjson", text.as_bytes());
        let store = format!("sqlite:{}.sqlite", line.replace(' ', "-"));
        let error = shop.fails(1, &["replay", "tampered.ndjson", "--store", &store]);
        assert!(error.contains(line), "{line}: {error}");
    }
}

#[test]
fn the_ledger_of_an_instant_is_exported() {
    let shop = shop();
    let rows =
        |arguments: &[&str]| shop.done(arguments).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let then = "2026-01-01T00:00:01Z";
    assert!(rows(&["export", "balances", "--as-of", then])[0].starts_with("alice,10,"));
    assert!(rows(&["export", "balances", "--at", LATER])[0].starts_with("alice,12.5,"));
    assert_eq!(rows(&["export", "rewards", "--as-of", then]).len(), 1);
    assert_eq!(rows(&["export", "rewards", "--at", LATER]).len(), 2);
    assert_eq!(rows(&["export", "journal", "--as-of", then]).len(), 2);
    assert_eq!(rows(&["export", "journal"]).len(), 4);
}

#[test]
fn a_damaged_ledger_is_found() {
    let shop = shop();
    let store = format!("sqlite:{}", shop.path("shop.sqlite").display());
    assert!(shop.done(&["check", &store]).contains("nothing is wrong"));
    let file = scrip::store::sqlite::rusqlite::Connection::open(shop.path("shop.sqlite")).unwrap();
    let changed = file
        .execute("DELETE FROM scrip_journal WHERE place = (SELECT max(place) FROM scrip_journal)", [])
        .unwrap();
    assert_eq!(changed, 1);
    drop(file);
    let answer = shop.run(&["check", &store]);
    assert!(answer.status == 2 && answer.out.contains("account 1"), "{answer:?}");
    let answer = shop.run(&["check", &store, "--json"]);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((answer.status, &report["is_whole"]), (2, &Value::Bool(false)));
    assert!(report["faults"][0]["message"].as_str().unwrap().contains("account 1"), "{report}");
}

/// Whoever reads no further is no reason to panic.
#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    let shop = shop();
    for arguments in
        [["export", "journal"], ["presets", "omneo"], ["completions", "bash"], ["statement", "alice"]]
    {
        let mut child =
            shop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let answer: common::Answer = child.wait_with_output().unwrap().into();
        assert!(!answer.err.contains("panicked") && [0, 1].contains(&answer.status), "{answer:?}");
    }
}

#[test]
fn help_manual_and_completions_are_there() {
    let shop = Shop::new();
    let help = shop.done(&["--help"]);
    for said in ["import", "Examples:", "Exit status:", "SCRIP_STORE"] {
        assert!(help.contains(said), "{said}: {help}");
    }
    assert!(!help.contains('\u{1b}'), "colours where nobody sees them");
    shop.done(&["man", "manual"]);
    assert!(shop.read("manual/scrip-import.1").contains("dry"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(shop.done(&["completions", shell]).contains("import"), "{shell}");
    }
}

#[test]
fn the_cases_agree_with_the_reference_and_find_what_is_wrong_elsewhere() {
    let shop = Shop::new();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
    let reference = shop.done(&["vectors", cases, "--", env!("CARGO_BIN_EXE_scrip"), "answer"]);
    assert!(reference.contains(" 0 differ, 0 are not supported"), "{reference}");
    // The example takes the oldest first, where the soonest expiry comes first.
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/other_side.py");
    let wrong = shop.run(&["vectors", cases, "--rule", "C1", "--", "python3", example]);
    assert!(wrong.status == 2 && wrong.out.contains("soonest expiry first"), "{wrong:?}");
    let text = std::fs::read_to_string(example).unwrap();
    let mended = text.replace(
        "(lot[\"issued_at\"], lot[\"id\"]))",
        "(lot[\"expires_at\"], lot[\"issued_at\"], lot[\"id\"]))",
    );
    assert_ne!(text, mended);
    shop.write("mended.py", mended.as_bytes());
    let right = shop.done(&["vectors", cases, "--rule", "C1", "--", "python3", "mended.py"]);
    assert!(right.starts_with("1 cases agree"), "{right}");
    // A program that ends, answers nonsense, or does nothing of it.
    assert!(shop.fails(1, &["vectors", cases, "--", "true"]).contains("ended"));
    assert!(shop.fails(1, &["vectors", cases, "--", "cat"]).contains("answer"));
    assert!(shop.fails(1, &["vectors", cases, "--", "./none"]).contains("none"));
}

#[test]
fn the_instant_is_that_of_the_clock_unless_it_is_given() {
    let shop = shop();
    let now: Value = serde_json::from_str(&shop.done(&["statement", "alice", "--json"])).unwrap();
    assert!(now["at"].as_str().unwrap() > NOW);
}
