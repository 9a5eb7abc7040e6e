//! Whatever arrives as JSON, the answer is a value or a clear error: nothing panics, and nothing is half done.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scrip::account::Account;
use scrip::journal::Entry;
use scrip::program::ProgramSettings;
use scrip::{Command, Ledger, MemoryStore, ProfileId, Program, Redeem, Request, Timestamp, json};
use serde_json::Value;

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

/// Tries a text as everything that is ever read from JSON.
fn read_as_everything(text: &[u8]) {
    let _ = json::read::<Command>(text);
    let _ = json::read::<Request>(text);
    let _ = json::read::<Redeem>(text);
    let _ = json::read::<Program>(text);
    let _ = json::read::<ProgramSettings>(text);
    let _ = json::read::<scrip::Amount>(text);
    let _ = json::read::<scrip::time::Until>(text);
    let _ = json::read::<scrip::time::When>(text);
    let _ = json::read::<json::Json>(text);
    let entry = json::read::<Entry>(text);
    let account = json::read::<Account>(text);
    // What was read from somewhere is stored data: folding and looking at it must not panic either.
    if let Ok(mut account) = account {
        use_account(&mut account, entry.ok().as_ref());
    } else if let Ok(entry) = entry {
        use_account(&mut empty(), Some(&entry));
    }
}

fn empty() -> Account {
    Account::new(ProfileId::new("alice").unwrap(), scrip::id::ProfileNumber::new(1).unwrap())
}

fn use_account(account: &mut Account, entry: Option<&Entry>) {
    let _ = account.balances_at(now());
    let _ = account.next_expiry(now());
    let _ = account.is_conserved();
    if let Some(entry) = entry {
        let _ = account.clone().follow(entry);
        account.apply(entry);
        let _ = (account.is_conserved(), account.balances_at(now()), entry.records(account.number()).len());
    }
}

/// A ledger with a little in it, to run commands on.
fn ledger() -> Ledger<MemoryStore> {
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
    for line in SEEDS.iter().take(3) {
        ledger.run::<Request>(&json::read(line.as_bytes()).unwrap()).unwrap();
    }
    ledger
}

/// Texts that are right, for chance to spoil.
const SEEDS: &[&str] = &[
    r#"{"at":"2025-06-15T00:00:00Z","request":{"define":{"reward":{"handle":"ten","name":"Ten","value":10,"period":30,"period_type":"days","absolute_expiry":"2025-12-31","type":"birthday","tags":["a"],"meta":{"a":[1,2.5]}}}}}"#,
    r#"{"at":"2025-06-15T00:00:00Z","request":{"define":{"point":{"handle":"points","name":"Points"}}}}"#,
    r#"{"at":"2025-06-15T00:00:00Z","key":"k","request":{"issue_reward":{"reward_definition_id":1,"profile_id":"alice","value_initial":10.50,"value_remaining":"10","issued_at":"2025-06-15 00:00:00","expires_at":"2025-07-15 23:59:59","timezone":"Australia/Melbourne","external_id":"x","meta":null}}}"#,
    r#"{"at":"2025-06-15T00:00:00Z","request":{"redeem":{"profile_id":"alice","strategies":["rewards","points"],"amount":1.23,"strict":false,"basket_total":"99.95"}}}"#,
    r#"{"at":"2025-06-15T00:00:00Z","request":{"post_transaction":{"profile_id":"alice","total":89.95,"total_original":99.95,"redemption_id":4194305,"transacted_at":"2025-06-15 14:32:00","external_id":"ORDER-10334","items":[{"a":1}]}}}"#,
    r#"{"sequence":1,"at":"2025-06-15T00:00:00Z","cause":"request","kind":{"redeem":{"redemption":4194305,"requested":"5","total":"5","items":[{"lot":4194305,"amount":"5"}]}},"balances":{"reward_balance":"5","point_balance":"0"}}"#,
    r#"{"sequence":1,"at":"2025-06-15T00:00:00Z","cause":"clock","kind":{"expire":{"lot":4194305,"kind":"point","value":"900000000000000"}},"balances":{"reward_balance":"5","point_balance":"0"}}"#,
    r#"{"currency":"AUD","timezone":"Australia/Melbourne","point_scale":2,"exchange_rate":{"points":100,"amount":10},"expired_return":{"grace_days":7},"earn":{"points":1,"amount":1},"redemption_share":0.5}"#,
];

/// Pieces that parsers stumble over.
const PIECES: &[&str] = &[
    "null",
    "true",
    "-1",
    "-0",
    "1e400",
    "1e-400",
    "0.00001",
    "99999999999999999999999999999999",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "{}",
    "[]",
    "[[[[[[[[",
    "\"9999-12-31\"",
    "\"0001-01-01\"",
    "\"2025-10-05 02:30:00\"",
    "\"+262143-01-01T00:00:00Z\"",
    "4294967295",
    "18446744073709551615",
    "9007199254740993",
    "\"Pacific/Apia\"",
    "1.7976931348623157e308",
    "\"2011-12-30\"",
    "NaN",
    "'",
    "\u{feff}",
    "\"years\"",
    "4194304",
    "9223372036854775807",
    "99999999999",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Catches: a text that is taken for UTF-8.
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_as_everything(&bytes);
    }

    /// A right text with pieces of it replaced: by chance, or by what parsers stumble over.
    ///
    /// Catches: the first byte of an unknown field's name taken for its first letter.
    #[test]
    fn spoiled_requests_never_panic(
        seed in prop::sample::select(SEEDS),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, spoil()), 1..4),
    ) {
        let mut text = seed.as_bytes().to_vec();
        for (place, length, with) in spoils {
            let start = place.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, with);
        }
        read_as_everything(&text);
        if let Ok(command) = json::read::<Command>(&text) {
            check_command(command);
        }
    }
}

/// A right text with a whole value replaced, each by each piece, so that more of them are read and have to be decided.
///
/// Catches: an amount that is multiplied before it is held to any limit.
#[test]
fn strange_values_never_panic() {
    for seed in SEEDS {
        for (colon, _) in seed.match_indices(':') {
            let start = colon + 1;
            let end = seed[start..].find([',', '}']).map_or(seed.len(), |length| start + length);
            for piece in PIECES {
                let text = format!("{}{piece}{}", &seed[..start], &seed[end..]);
                read_as_everything(text.as_bytes());
                if let Ok(command) = json::read::<Command>(text.as_bytes()) {
                    check_command(command);
                }
            }
        }
    }
}

fn spoil() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        Just(Vec::new()),
    ]
}

/// A command that was read is decided one way or the other, and the account is whole after it.
fn check_command(command: Command) {
    // It survives being written down.
    let line = serde_json::to_string(&command).unwrap();
    assert_eq!(json::read::<Command>(line.as_bytes()).unwrap(), command, "{line}");
    let mut ledger = ledger();
    let alice = ProfileId::new("alice").unwrap();
    let before = ledger.at(now()).wallet(alice).unwrap().journal().to_vec();
    let result = ledger.run(&command);
    let at = command.at.max(now());
    let wallet = ledger.at(at).wallet(alice).unwrap();
    assert!(wallet.account().is_conserved());
    if result.is_err() {
        assert_eq!(wallet.journal(), before);
    }
}

/// An error in a request names the field that it was found in.
#[test]
fn errors_name_the_field() {
    for (text, path, word) in [
        (r#"{"redeem":{"amount":"ten"}}"#, "redeem.amount", "`ten` is not a decimal number"),
        (r#"{"redeem":{"amount":-1}}"#, "redeem.amount", "negative"),
        (
            r#"{"redeem":{"amount":1,"strategies":["cash"]}}"#,
            "redeem.strategies[0]",
            "unknown variant `cash`",
        ),
        (r#"{"redeem":{"profile_id":"","amount":1}}"#, "redeem.profile_id", "empty"),
        (r#"{"redeem":{"profile_id":"a\nb","amount":1}}"#, "redeem.profile_id", "control character"),
        (r#"{"redeem":{}}"#, "redeem", "missing field `amount`"),
        (
            r#"{"issue_reward":{"profile_id":"a","timezone":"Mars"}}"#,
            "issue_reward.timezone",
            "not an IANA time zone",
        ),
        (r#"{"issue_reward":{"profile_id":"a","expires_at":"x"}}"#, "issue_reward.expires_at", "not a time"),
        (
            r#"{"issue_reward":{"profile_id":"a","reward_definition_id":0}}"#,
            "issue_reward.reward_definition_id",
            "not an identifier",
        ),
        (r#"{"steal":{}}"#, ".", "unknown variant `steal`"),
        ("{", ".", "EOF"),
        (r#"{"redeem":{"amount":1}} x"#, ".", "trailing characters"),
    ] {
        let error = json::read::<Request>(text.as_bytes()).unwrap_err();
        assert_eq!(error.path, path, "{text}: {error}");
        assert!(error.message.contains(word), "{text}: {error}");
    }
}

/// A slip in the name of an optional field says nothing, and so does something else: a reward with a `perid` never expires.
/// Every object that a request is made of refuses it; documents that are kept as sent may say anything.
#[test]
fn a_field_that_is_not_known_is_refused_wherever_it_stands() {
    let commands: Vec<Value> = serde_json::from_str(include_str!("goldens/requests.json")).unwrap();
    let mut names = BTreeSet::new();
    for command in &commands {
        names.extend(command["request"].as_object().unwrap().keys().cloned());
        for place in objects(command, String::new()) {
            let mut spoilt = command.clone();
            let object = spoilt.pointer_mut(&place).unwrap().as_object_mut().unwrap();
            // What has a single field may be one of several things, of which this is none.
            object.insert("perid".to_owned(), Value::from(30));
            let read = json::read::<Command>(spoilt.to_string().as_bytes());
            assert!(read.is_err(), "`perid` is read past, at `{place}` of {command}");
        }
    }
    assert_eq!(names.len(), 22, "every kind of request: {names:?}");
}

/// Where the objects of a request stand, but for documents that are kept as sent.
fn objects(value: &Value, place: String) -> Vec<String> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    let within = fields.iter().filter(|(name, _)| !["meta", "items", "payments"].contains(&name.as_str()));
    let within = within.flat_map(|(name, value)| objects(value, format!("{place}/{name}")));
    let within: Vec<String> = within.collect();
    std::iter::once(place).chain(within).collect()
}
