//! An entry with one leaf of its JSON changed to another value of the same type.

use scrip::journal::Entry;
use scrip::{Amount, Timestamp, json};
use serde_json::Value;

use super::journals::kind;

/// Words of which one can stand for another.
const WORDS: [&[&str]; 7] = [
    &["reward", "point"],
    &[
        "available",
        "redeemed",
        "issued",
        "adjusted",
        "moved",
        "pending",
        "held",
        "clawed_back",
        "paid_to_debt",
        "expired",
        "revoked",
    ],
    &["usable", "expired", "revoked"],
    &["lot", "expired", "revoked", "clawed_back"],
    &["debt", "shortfall"],
    &["request", "clock", "merge"],
    &["days", "weeks", "months", "years"],
];
const ZONES: [&str; 2] = ["Asia/Tokyo", "Europe/Paris"];

/// Every entry that differs from this one in one leaf, by the kind and the path of the leaf.
///
/// What each kind of entry has is under `*`.
pub fn changed(entry: &Entry) -> Vec<((String, String), Entry)> {
    let value = serde_json::to_value(entry).unwrap();
    let mut leaves = Vec::new();
    pointers(&value, String::new(), &mut leaves);
    let kind = kind(entry);
    let change = |pointer: String| {
        let leaf = value.pointer(&pointer).unwrap();
        let forged = others(leaf).into_iter().find_map(|other| {
            let mut forged = value.clone();
            *forged.pointer_mut(&pointer).unwrap() = other;
            json::read::<Entry>(forged.to_string().as_bytes()).ok().filter(|forged| forged != entry)
        });
        let forged = forged.unwrap_or_else(|| panic!("no other value for {leaf} at {pointer}"));
        let path = match pointer.strip_prefix(&format!("/kind/{kind}")) {
            Some(inside) => (kind.clone(), path(inside)),
            None => ("*".to_owned(), path(&pointer)),
        };
        (path, forged)
    };
    leaves.into_iter().map(change).collect()
}

fn pointers(value: &Value, at: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| pointers(value, format!("{at}/{name}"), leaves))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, value)| pointers(value, format!("{at}/{place}"), leaves));
        }
        _ => leaves.push(at),
    }
}

/// `/items/0/lot` as `items[].lot`. What the caller attached is one field, whatever is in it.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            path.push_str("[]");
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(part);
        }
        if part == "meta" {
            break;
        }
    }
    path
}

/// Other values for a leaf: the first that makes an entry will do.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(value) => vec![(!value).into()],
        Value::Number(number) => match number.as_u64() {
            Some(number) => vec![(number + 1).into()],
            None => vec![1.into()],
        },
        Value::String(text) => other_texts(text).into_iter().map(Value::from).collect(),
        _ => vec!["2031-01-01T00:00:00Z".into(), 4_194_305.into()],
    }
}

fn other_texts(text: &str) -> Vec<String> {
    let mut others = Vec::new();
    if let Ok(amount) = text.parse::<Amount>() {
        others.push(amount.checked_add(Amount::from(1)).unwrap().to_string());
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        others.push(Timestamp::from_micros(instant.micros() + 1_000_000).unwrap().to_string());
    }
    let words = WORDS.iter().filter(|words| words.contains(&text)).flat_map(|words| words.iter());
    others.extend(words.filter(|word| **word != text).map(|word| (*word).to_owned()));
    if text.contains('/') {
        others.extend(ZONES.iter().filter(|zone| **zone != text).map(|zone| (*zone).to_owned()));
    }
    let (front, last) = text.split_at(text.len() - 1);
    others.extend(["0", "1"].iter().filter(|digit| **digit != last).map(|digit| format!("{front}{digit}")));
    others.push(format!("{text}x"));
    others
}
