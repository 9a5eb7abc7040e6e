//! Reports for finance, from the shell.

mod common;

use common::Shop;
use serde_json::Value;

const DEFINE: &str =
    r#"{"reward": {"handle": "ten", "name": "Ten", "value": 10, "period": 30, "period_type": "days"}}"#;
const ISSUE: &str = r#"{"reward_definition_handle": "ten", "profile_id": "alice"}"#;
const LATER: &str = "2026-03-05T00:00:00Z";

/// A shop where alice had 20 in January, spent 7.50 of it, and let the rest lapse at the end of it.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.done(&["define", DEFINE, "--at", "2026-01-01T00:00:00Z"]);
    shop.done(&["issue", ISSUE, "--at", "2026-01-01T00:00:01Z"]);
    shop.done(&["issue", &ISSUE.replace("alice", "bob"), "--at", "2026-01-01T00:00:02Z"]);
    let redeem = r#"{"profile_id": "alice", "amount": "7.50"}"#;
    shop.done(&["redeem", redeem, "--at", "2026-01-10T00:00:03Z"]);
    shop
}

#[test]
fn what_is_owed_and_why_it_changed() {
    let shop = shop();
    let days = ["--from", "2026-01-01", "--to", "2026-02-28", "--at", LATER];
    let table = shop.done(&[&["report", "liability"], &days[..]].concat());
    assert!(
        table.starts_with("Rewards, AUD\nperiod   opening  issued  redeemed  expired  closing\n"),
        "{table}"
    );
    // Usable through 31 January: owed at its end, and expired in February, though nothing swept it.
    assert!(table.contains("2026-01     0.00   20.00     -7.50     0.00    12.50\n"), "{table}");
    assert!(table.contains("2026-02    12.50    0.00      0.00   -12.50     0.00\n"), "{table}");
    let cuts = [
        "--cut",
        "2026-01-31T12:59:59Z",
        "--cut",
        "2026-01-31T13:00:00Z",
        "--cut",
        "2026-01-31T13:00:00.000001Z",
    ];
    let table = shop.done(&[&["report", "liability", "--at", LATER], &cuts[..]].concat());
    assert!(
        table.contains("2026-01-31 23:59:59 to 2026-02-01 00:00:00           12.50     0.00    12.50\n"),
        "{table}"
    );
    assert!(
        table.contains("2026-02-01 00:00:00 to 2026-02-01 00:00:00.000001    12.50   -12.50     0.00\n"),
        "{table}"
    );
    let csv = shop.done(&[&["report", "liability", "--definitions", "--format", "csv"], &days[..]].concat());
    assert!(csv.lines().nth(1).unwrap().contains(",rewards,ten,0.00,20.00,"), "{csv}");
    let json: Value =
        serde_json::from_str(&shop.done(&[&["report", "liability", "--format", "json"], &days[..]].concat()))
            .unwrap();
    assert_eq!((&json[0]["redeemed"], &json[0]["closing"]), (&"-7.5".into(), &"12.5".into()));
    // The month before, unless periods are given.
    let table = shop.done(&["report", "liability", "--at", "2026-02-10T00:00:00Z"]);
    assert!(table.contains("2026-01 "), "{table}");
    let wrong = shop.fails(1, &["report", "liability", "--from", "2026-03-01", "--to", "2026-02-28"]);
    assert!(wrong.contains("cuts_out_of_order"), "{wrong}");
    let cut = ["--cut", "2026-02-28T00:00:00Z"];
    assert!(shop.fails(1, &[&["report", "liability"], &cut[..]].concat()).contains("too_few_cuts"));
}
