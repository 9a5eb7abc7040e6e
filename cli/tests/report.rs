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
fn the_liability_report() {
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

#[test]
fn the_ageing_and_forecast_reports() {
    let shop = shop();
    let on = "2026-01-20T00:00:00Z";
    let table = shop.done(&["report", "ageing", "--at", on]);
    assert!(
        table.contains("issued   2026-01    all\n2026-01    12.50  12.50\nall        12.50  12.50\n"),
        "{table}"
    );
    let csv = shop.done(&["report", "ageing", "--at", on, "--format", "csv"]);
    assert!(csv.ends_with("\nreward,ten,2026-01,2026-01,12.50\n"), "{csv}");
    let days = ["report", "forecast", "--at", on, "--format", "csv"];
    assert_eq!(shop.done(&days), "last_day,kind,value\n2026-01-31,reward,12.50\n");
    // Ten days ahead is the day before.
    assert_eq!(shop.done(&[&days[..], &["--days", "10"]].concat()), "last_day,kind,value\n");
    let next = shop.done(&["report", "expiries", "alice", "--at", on]);
    assert!(next.contains("2026-02-01 00:00:00"), "{next}");
    let next: Value =
        serde_json::from_str(&shop.done(&["report", "expiries", "nobody", "--at", on, "--format", "json"]))
            .unwrap();
    assert_eq!(next, Value::Array(Vec::new()));
}

#[test]
fn the_breakage_report() {
    let shop = shop();
    shop.done(&["issue", ISSUE, "--at", "2026-02-01T00:00:01Z"]);
    shop.done(&["redeem", r#"{"profile_id": "alice", "amount": 6}"#, "--at", "2026-02-20T00:00:03Z"]);
    let breakage: Value =
        serde_json::from_str(&shop.done(&["report", "breakage", "--at", LATER, "--format", "json"])).unwrap();
    assert_eq!(breakage["method"], "chain_ladder");
    assert_eq!(breakage["cohorts"][0]["redeemed"], serde_json::json!(["7.5", "7.5"]));
    assert_eq!(breakage["estimate"]["factors"][0], serde_json::json!({"before": "7.5", "after": "7.5"}));
    assert_eq!(breakage["estimate"]["cohorts"][1]["unused"], "4");
    let table = shop.done(&["report", "breakage", "--at", LATER]);
    assert!(table.contains("all       30.00     13.50            13.50       16.50\n"), "{table}");
}

/// The figures of the example that the standards' own illustration is made of.
#[test]
fn revenue_is_deferred_and_caught_up() {
    let shop = Shop::new();
    for (expected, second) in [("9900", "3552"), ("9200", "4140")] {
        let second_year = format!("8500/{expected}");
        let arguments =
            ["report", "deferral", "--allotted", "9000", "--decimals", "0", "--period", "4500/9700"];
        let csv = shop.done(&[&arguments[..], &["--period", &second_year, "--format", "csv"]].concat());
        let rows: Vec<&str> = csv.lines().skip(1).collect();
        assert_eq!(rows[0], "1,4500,9700,4175,4175,4825");
        assert!(rows[1].starts_with(&format!("2,8500,{expected},{second},")), "{csv}");
    }
    assert!(
        shop.fails(64, &["report", "deferral", "--allotted", "9000", "--period", "4500"])
            .contains("4500/9700")
    );
}

#[test]
fn books_go_on_where_they_ended() {
    let shop = shop();
    let books = ["report", "books", "--format", "hledger", "--cursor", "cursor.json"];
    let first =
        shop.done(&[&books[..], &["--from", "2026-01-01", "--to", "2026-01-09", "--at", LATER]].concat());
    assert!(
        first.contains("\n2026-01-01 * (1-1) issued\n    Liabilities:Loyalty:Rewards  -10.00 AUD\n"),
        "{first}"
    );
    assert!(first.ends_with(
        "\n2026-01-09 * balances\n    Liabilities:Loyalty:Rewards  0 AUD = -20.00 AUD\n    Liabilities:Loyalty:Points  0 POINTS = 0.00 POINTS\n"
    ));
    let cursor = shop.read("cursor.json");
    assert_eq!(cursor, "{\"through\":\"2026-01-09\",\"rewards\":\"20\",\"points\":\"0\"}\n");
    // Up to yesterday, and the same bytes from the same cursor.
    let rest = shop.done(&[&books[..], &["--at", LATER]].concat());
    assert!(!rest.contains("account") && rest.contains("2026-01-10 * (1-2) redeemed"), "{rest}");
    assert!(rest.contains("2026-02-01 * (2-2) expired\n"), "{rest}");
    assert!(shop.read("cursor.json").starts_with("{\"through\":\"2026-03-04\",\"rewards\":\"0\""));
    shop.write("cursor.json", cursor.as_bytes());
    assert_eq!(shop.done(&[&books[..], &["--at", LATER]].concat()), rest);
    shop.write("cursor.json", cursor.replace("\"20\"", "\"21\"").as_bytes());
    assert!(shop.fails(1, &[&books[..], &["--at", LATER]].concat()).contains("books_changed"));
    let today = ["report", "books", "--from", "2026-01-01", "--to", "2026-03-05", "--at", LATER];
    assert!(shop.fails(1, &today).contains("must be over"));
    shop.write("accounts.json", br#"{"breakage": "income"}"#);
    let named = ["report", "books", "--from", "2026-01-01", "--accounts", "accounts.json", "--at", LATER];
    assert!(shop.fails(1, &named).contains("invalid_account"));
}
