//! What is stored and sent, as files: a change of format is seen, and what was written once can be read for ever.
//!
//! `UPDATE_GOLDENS=1 cargo test --test goldens` writes the files anew. A diff in one of them is a change of format:
//! stores that exist must still be readable, so fields are only ever added, and left out while they are empty.

use scrip::account::Account;
use scrip::journal::Entry;
use scrip::{Command, Ledger, MemoryStore, ProfileId, Program, Request, Timestamp, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One command of each kind, in their full JSON.
const COMMANDS: &str = include_str!("goldens/commands.ndjson");

fn program() -> Program {
    json::read(include_bytes!("goldens/program.json")).unwrap()
}

fn commands() -> Vec<Command> {
    COMMANDS.lines().map(|line| json::read(line.as_bytes()).unwrap()).collect()
}

fn ledger() -> (Ledger<MemoryStore>, Vec<serde_json::Value>) {
    let mut ledger = Ledger::new(program(), MemoryStore::new());
    let run = |command| serde_json::to_value(ledger.run(&command).unwrap().outcome).unwrap();
    let outcomes = commands().into_iter().map(run).collect();
    (ledger, outcomes)
}

fn golden<T: Serialize>(name: &str, value: &T) {
    let path = format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert_eq!(stored, text, "the format of {name} has changed");
}

/// Reads a golden file, as it is and with a field in every object that this version does not know.
fn stored<T: DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, expected: &T) {
    let path = format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(json::read::<T>(text.as_bytes()).unwrap(), *expected);
    // Where an object holds one thing by its kind, a second field would be a second thing.
    let from_the_future =
        text.replace("\"sequence\":", "\"from_the_future\": {\"x\": [1.5, null]}, \"sequence\":");
    let from_the_future = from_the_future.replace("\"lot\": 4", "\"from_the_future\": 1, \"lot\": 4");
    let from_the_future =
        from_the_future.replace("\"reward_balance\":", "\"from_the_future\": [], \"reward_balance\":");
    assert_ne!(from_the_future, text, "nothing was added to {name}");
    assert_eq!(
        json::read::<T>(from_the_future.as_bytes()).unwrap(),
        *expected,
        "{name}, with unknown fields"
    );
}

fn last() -> Timestamp {
    commands().last().unwrap().at
}

#[test]
fn requests_keep_their_format() {
    let written: Vec<String> =
        commands().iter().map(|command| serde_json::to_string(command).unwrap()).collect();
    golden("requests.json", &commands());
    // What is written is read back the same, so that a fingerprint does not depend on how a body was spelled.
    for (line, command) in written.iter().zip(commands()) {
        assert_eq!(json::read::<Command>(line.as_bytes()).unwrap(), command);
    }
}

#[test]
fn every_kind_of_request_has_a_golden() {
    let kind = |request: &Request| {
        serde_json::to_value(request).unwrap().as_object().unwrap().keys().next().unwrap().clone()
    };
    let kinds: std::collections::BTreeSet<String> =
        commands().iter().map(|command| kind(&command.request)).collect();
    // The error for an unknown kind lists those that there are.
    let error = json::read::<Request>(br#"{"?": {}}"#).unwrap_err().message;
    let listed = error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(kinds, listed);
}

#[test]
fn outcomes_keep_their_format() {
    golden("outcomes.json", &ledger().1);
}

#[test]
fn entries_keep_their_format() {
    let (mut ledger, _) = ledger();
    let wallet = ledger.at(last()).wallet(ProfileId::new("alice").unwrap()).unwrap();
    golden("entries.json", &wallet.journal());
    stored::<Vec<Entry>>("entries.json", &wallet.journal().to_vec());
}

#[test]
fn accounts_keep_their_format() {
    let (mut ledger, _) = ledger();
    let wallet = ledger.at(last()).wallet(ProfileId::new("alice").unwrap()).unwrap();
    golden("account.json", wallet.account());
    stored::<Account>("account.json", wallet.account());
}

#[test]
fn balances_keep_their_format() {
    let (mut ledger, _) = ledger();
    golden("balances.json", &ledger.at(last()).balances(ProfileId::new("alice").unwrap()).unwrap());
}

#[test]
fn programs_keep_their_format() {
    golden("program.json", &program());
}

/// A fingerprint that was stored years ago must be that of the same request today (rule J5).
#[test]
fn fingerprints_never_change() {
    let (mut ledger, _) = ledger();
    let wallet = ledger.at(last()).wallet(ProfileId::new("alice").unwrap()).unwrap();
    let stamped =
        wallet.journal().iter().filter_map(|entry| Some((entry.key()?, entry.stamp.as_ref()?.fingerprint)));
    let prints: Vec<String> = stamped.map(|(key, print)| format!("{key}: {print}")).collect();
    golden("fingerprints.json", &prints);
}

#[test]
fn definitions_keep_their_format() {
    let (mut ledger, _) = ledger();
    let catalogue = ledger.at(last()).catalogue().unwrap();
    golden("catalogue.json", &catalogue.iter().collect::<Vec<_>>());
}
