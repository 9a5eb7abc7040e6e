//! Each layout that is known, on a file of it: what is read is what the old system meant.

mod common;

use common::{NOW, Shop};
use serde_json::Value;

/// A layout, what its file is of, what is set besides, and what the ledger has afterwards: who, issued, left, status, last day.
struct Layout {
    name: &'static str,
    kind: &'static str,
    set: &'static [&'static str],
    lots: &'static [(&'static str, &'static str, &'static str, &'static str, &'static str)],
    refused: &'static [(&'static str, &'static str)],
}

const LAYOUTS: [Layout; 10] = [
    Layout {
        name: "omneo",
        kind: "rewards",
        set: &[
            "--set",
            "definition.values={6=\"credit\"}",
            "--set",
            "define=[{handle=\"credit\",name=\"Credit\",value=10}]",
        ],
        lots: &[
            ("alice@example.com", "10", "10", "active", "2026-07-15"),
            ("alice@example.com", "10", "10", "active", "2026-07-15"),
            ("bob@example.com", "10", "4", "expired", "2025-07-15"),
        ],
        refused: &[("EXPIRES_AT", "not_a_date")],
    },
    Layout {
        name: "smile",
        kind: "points",
        set: &[],
        lots: &[
            ("Alice@example.com", "120", "120", "active", "never"),
            ("alice@example.com", "5", "5", "active", "never"),
        ],
        refused: &[("points", "negative")],
    },
    Layout {
        name: "yotpo",
        kind: "points",
        set: &[],
        lots: &[
            ("alice@example.com", "150", "120", "active", "never"),
            ("bob@example.com", "40", "0", "exhausted", "never"),
        ],
        refused: &[],
    },
    Layout {
        name: "loyaltylion",
        kind: "points",
        set: &[],
        lots: &[("alice@example.com", "300", "180", "active", "never")],
        refused: &[("3", "negative")],
    },
    Layout {
        name: "capillary",
        kind: "points",
        set: &["--set", "dates.patterns=[\"%d/%m/%Y\"]"],
        lots: &[
            ("0407001002", "42187.5", "42187.5", "active", "never"),
            ("0407001003", "10", "10", "active", "never"),
        ],
        refused: &[("Date Of Transaction", "not_a_date")],
    },
    Layout {
        name: "giftup",
        kind: "rewards",
        set: &[],
        lots: &[
            ("GIFT-1", "50", "32.5", "active", "2026-12-31"),
            ("GIFT-2", "25", "25", "pending", "never"),
            ("007", "25", "0", "exhausted", "never"),
        ],
        refused: &[("Balance", "remaining_above_initial")],
    },
    Layout {
        name: "fanmaker",
        kind: "rewards",
        set: &[],
        lots: &[("4711", "15", "15", "active", "2026-12-31"), ("4712", "5.25", "5.25", "active", "never")],
        refused: &[],
    },
    Layout {
        name: "shopfront",
        kind: "rewards",
        set: &[],
        lots: &[("S-1", "1000", "250.5", "active", "2026-06-30"), ("S-2", "25", "25", "active", "never")],
        refused: &[("balance", "not_a_value")],
    },
    Layout {
        name: "leat",
        kind: "rewards",
        set: &[],
        lots: &[
            ("alice@example.com", "25", "25", "active", "never"),
            ("bob@example.com", "0.05", "0.05", "active", "never"),
        ],
        refused: &[("balance", "not_a_value")],
    },
    Layout {
        name: "giftcardfactory",
        kind: "rewards",
        set: &[],
        lots: &[
            ("alice@example.com", "1000", "1000", "active", "2026-06-29"),
            ("c-17", "12.5", "12.5", "active", "never"),
        ],
        refused: &[("amount", "negative"), ("currency_code", "other_currency")],
    },
];

#[test]
fn every_layout_that_is_known_has_a_file() {
    let shop = Shop::new();
    let listed = shop.done(&["presets"]);
    let known: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let mut tested = LAYOUTS.map(|layout| layout.name);
    tested.sort_unstable();
    assert_eq!(known, tested);
}

#[test]
fn each_layout_is_read_as_its_system_meant_it() {
    for Layout { name, kind, set, lots, refused } in LAYOUTS {
        let shop = Shop::new();
        let file = format!("{}/tests/layouts/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        let mut arguments =
            vec!["import", kind, &file, "--preset", name, "--define", "--at", NOW, "--errors", "refused.csv"];
        arguments.extend(set);
        let answer = shop.run(&arguments);
        let expected = if refused.is_empty() { 0 } else { 2 };
        assert_eq!(answer.status, expected, "{name}: {answer:?}");

        let exported = shop.done(&["export", kind, "--format", "ndjson", "--at", NOW]);
        let found: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut found: Vec<_> = found.iter().map(fields).collect();
        found.sort();
        let mut wanted: Vec<[String; 5]> = lots
            .iter()
            .map(|(who, issued, left, status, last)| {
                [who, issued, left, status, last].map(|it| (*it).to_owned())
            })
            .collect();
        wanted.sort();
        assert_eq!(found, wanted, "{name}");

        let why: Vec<String> = shop
            .read("refused.csv")
            .lines()
            .skip(usize::from(name != "loyaltylion"))
            .map(str::to_owned)
            .collect();
        assert_eq!(why.len(), refused.len(), "{name}: {why:?}");
        for (line, (column, code)) in why.iter().zip(refused) {
            assert!(line.contains(column) && line.contains(code), "{name}: {line} is not {column}, {code}");
        }
    }
}

/// Who, issued, left, status and the last day of use in Melbourne.
fn fields(lot: &Value) -> [String; 5] {
    let text = |name: &str| lot[name].as_str().unwrap().to_owned();
    let expires = text("expires_at");
    let last = expires.parse::<scrip::Timestamp>().map_or(expires, |last| {
        let zone: scrip::Zone = text("timezone").parse().unwrap();
        zone.local(last).date().to_string()
    });
    [text("profile_id"), text("value_initial"), text("value_remaining"), text("status"), last]
}
