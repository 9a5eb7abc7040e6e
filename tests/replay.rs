//! Replay finds every entry that contradicts itself or the journal before it.
//!
//! Each field of each kind of entry is changed in turn, and found; or it is in `tests/replay/unseen.rs`, with the reason.

#[path = "replay/journals.rs"]
mod journals;
#[path = "replay/leaves.rs"]
mod leaves;
#[path = "replay/unseen.rs"]
mod unseen;

use std::collections::{BTreeMap, BTreeSet};

use journals::{Journal, Journals, audit, kind};
use scrip::account::Corrupt;
use scrip::audit::Definitions;
use scrip::journal::{Entry, EntryKind};
use scrip::{Amount, json};
use serde_json::Value;
use unseen::{UNSEEN, UNSEEN_AFTER_A_MERGER};

/// The kind and the path of a leaf.
type Path = (String, String);

#[test]
fn every_kind_of_entry_is_in_the_journals() {
    let entries = Journals::written();
    let kinds: BTreeSet<String> = entries.all().map(|(_, entry)| kind(entry)).collect();
    // The error for an unknown kind lists those that there are.
    let error = json::read::<EntryKind>(br#"{"?": {}}"#).unwrap_err().message;
    let listed: BTreeSet<String> = error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(kinds, listed);
}

#[test]
fn what_the_ledger_wrote_passes() {
    let journals = Journals::written();
    for journal in &journals.0 {
        audit(journal, &journals.definitions()).unwrap();
    }
}

/// A change that is found in each entry that has the field is not listed; one that is missed in any is.
///
/// Catches: items that need not add up to their total (C5); an expiry that any later entry may change (L1);
/// terms that a correction changes, or that differ from the definition's (D3); points earned whatever the
/// total, or with any terms where they arrive (X4, X3); a stamp's number of entries that is not counted (J5);
/// a lot that stayed with a merged profile and is forgotten (X4, R3); a lot that comes back with more than
/// was taken of it, or in the order of now (T10).
#[test]
fn every_change_of_a_field_is_found() {
    let journals = Journals::written();
    let (erin, others): (Vec<&Journal>, Vec<&Journal>) =
        journals.0.iter().partition(|journal| journal.number == journals.of("erin").number);
    let definitions = journals.definitions();
    let (missed, paths) = missed(&others, &definitions);
    assert!(paths.len() > 300, "{}", paths.len());
    let listed = paths_of(UNSEEN);
    let unlisted: Vec<_> = missed.iter().filter(|(path, _)| !listed.contains(*path)).collect();
    assert!(unlisted.is_empty(), "not found, and not listed: {unlisted:#?}");
    let found: Vec<_> = listed.iter().filter(|path| !missed.contains_key(*path)).collect();
    assert!(found.is_empty(), "listed, and found or never there: {found:#?}");
    // Only what was listed above, and what such journals cannot know.
    let (missed, _) = self::missed(&erin, &definitions);
    let listed_there = paths_of(UNSEEN_AFTER_A_MERGER);
    let more: BTreeSet<Path> = missed.into_keys().filter(|path| !listed.contains(path)).collect();
    assert_eq!(more, listed_there);
}

/// The paths of a list, each there once.
fn paths_of(list: &[(&str, &str, &str)]) -> BTreeSet<Path> {
    let paths: BTreeSet<Path> =
        list.iter().map(|(kind, path, _)| ((*kind).to_owned(), (*path).to_owned())).collect();
    assert_eq!(paths.len(), list.len(), "listed twice");
    paths
}

/// The changes of some journals that are not found, with an entry that each was made in; and all that were made.
fn missed(journals: &[&Journal], definitions: &Definitions) -> (BTreeMap<Path, String>, BTreeSet<Path>) {
    let (mut missed, mut paths) = (BTreeMap::new(), BTreeSet::new());
    for journal in journals {
        for place in 0..journal.entries.len() {
            let mut forged = (*journal).clone();
            for (path, entry) in leaves::changed(&journal.entries[place]) {
                paths.insert(path.clone());
                forged.entries[place] = entry;
                if audit(&forged, definitions).is_ok() {
                    missed.insert(path, format!("entry {place} of {:?}", journal.profile));
                }
            }
        }
    }
    (missed, paths)
}

/// A contradiction says where it is, and what the rules give.
#[test]
fn a_contradiction_names_the_field_and_the_rule() {
    let journals = Journals::written();
    let mut journal = journals.0.iter().find(|journal| journal.profile.is_some()).unwrap().clone();
    let redeem = journal.entries.iter_mut().find(|entry| matches!(entry.kind, EntryKind::Redeem(_))).unwrap();
    let sequence = redeem.sequence;
    let mut value = serde_json::to_value(&*redeem).unwrap();
    value["kind"]["redeem"]["total"] = "9.75".into();
    *redeem = json::read::<Entry>(value.to_string().as_bytes()).unwrap();
    let Err(Corrupt::Contradiction(found)) = audit(&journal, &journals.definitions()) else {
        panic!("passes")
    };
    assert_eq!((found.sequence, found.field, found.rule), (sequence, "total", "C5"));
    assert_eq!((found.found.as_str(), found.expected.as_str()), ("\"9.75\"", "\"12.25\""));
}

/// A profile that was merged into another is closed: what would do in any other journal is refused.
///
/// Catches: entries after a merger that are not checked (L2).
#[test]
fn nothing_is_written_after_a_merger() {
    let journals = Journals::written();
    let issued = |journal: &Journal| {
        let issue = journal.entries.iter().find(|entry| matches!(entry.kind, EntryKind::Issue(_))).unwrap();
        let mut kind = serde_json::to_value(&issue.kind).unwrap();
        let next = journal.entries.last().unwrap().sequence + 1;
        kind["issue"]["lot"] = ((u64::from(journal.number.get()) << 22) + u64::from(next)).into();
        let value = kind["issue"]["value_remaining"].as_str().unwrap().to_owned();
        appended(journal, "request".into(), kind, ("reward_balance", &value))
    };
    let refused = |journal| contradiction(&issued(journal), &journals);
    assert_eq!(refused(journals.of("carol")), Some(("kind", "L2")));
    assert_eq!(refused(journals.of("erin")), None);
}

/// All that was redeemed, had expired and so on goes along, and arrives from there.
///
/// Catches: movements of a merger that are not compared with the totals, or come from anywhere (L2).
#[test]
fn the_whole_history_goes_along_in_a_merger() {
    let journals = Journals::written();
    let forged = |profile, kind: &str, field, value: &str| {
        let mut journal = journals.of(profile).clone();
        let is_merger = |entry: &&mut Entry| journals::kind(entry) == kind;
        let merger = journal.entries.iter_mut().find(is_merger).unwrap();
        let mut forged = serde_json::to_value(&*merger).unwrap();
        forged["kind"][kind]["moved"][0][field] = value.into();
        *merger = json::read::<Entry>(forged.to_string().as_bytes()).unwrap();
        contradiction(&journal, &journals)
    };
    assert_eq!(forged("carol", "merge_out", "value", "1"), Some(("moved", "L2")));
    assert_eq!(forged("alice", "merge_in", "from", "adjusted"), Some(("moved", "L2")));
}

/// Points come back only right after the transaction that lost them.
///
/// Catches: points that come back with any transaction (X4).
#[test]
fn points_come_back_with_their_transaction_only() {
    let journals = Journals::written();
    let deleted = 16_777_225;
    let owed = serde_json::json!({"transaction": deleted, "sold_at": "2025-06-15T00:00:00Z", "policy": "debt", "points": "5"});
    let kind = serde_json::json!({"clawback": {"transaction": deleted, "points": "5", "owed": owed}});
    let cause = serde_json::json!({ "transaction": deleted });
    let journal = appended(journals.of("erin"), cause, kind, ("point_debt", "5"));
    assert_eq!(contradiction(&journal, &journals), Some(("transaction", "X4")));
}

/// A journal of which the end is missing is told by the last request's own count.
///
/// Catches: the end of a journal that is not checked (J5).
#[test]
fn a_journal_that_ends_within_a_request_is_refused() {
    let journals = Journals::written();
    let mut journal = journals.of("carol").clone();
    journal.entries.pop();
    assert_eq!(contradiction(&journal, &journals), Some(("entries", "J5")));
}

/// The field that a journal contradicts itself in, and the rule.
fn contradiction(journal: &Journal, journals: &Journals) -> Option<(&'static str, &'static str)> {
    match audit(journal, &journals.definitions()) {
        Ok(()) => None,
        Err(Corrupt::Contradiction(found)) => Some((found.field, found.rule)),
        Err(other) => panic!("{other}"),
    }
}

/// A journal with one more entry, written when its last one was, by which one balance grows.
fn appended(journal: &Journal, cause: Value, kind: Value, (balance, more): (&str, &str)) -> Journal {
    let mut journal = journal.clone();
    let last = journal.entries.last().unwrap();
    let mut entry = serde_json::to_value(last).unwrap();
    entry["sequence"] = (last.sequence + 1).into();
    (entry["cause"], entry["kind"]) = (cause, kind);
    entry.as_object_mut().unwrap().remove("stamp");
    let before: Amount = entry["balances"][balance].as_str().unwrap_or("0").parse().unwrap();
    entry["balances"][balance] = before.checked_add(more.parse().unwrap()).unwrap().to_string().into();
    journal.entries.push(json::read::<Entry>(entry.to_string().as_bytes()).unwrap());
    journal
}
