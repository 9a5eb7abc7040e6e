//! Reports for finance: the figures are those of the customers' balances, and the pictures show them.

mod common;

use common::Server;
use common::customer::{self, CUSTOMER};
use serde_json::{Value, json};

/// In ten-thousandths, so that sums are exact.
fn exact(value: &Value) -> i64 {
    (value.as_f64().unwrap() * 1e4).round() as i64
}

fn of<'a>(rows: &'a Value, field: &str, name: &str) -> Vec<&'a Value> {
    rows.as_array().unwrap().iter().filter(|row| row[field] == name).collect()
}

/// Catches: a flow that is left out or counted with the wrong sign; a period that does not begin where the last one ended; value
/// of one kind among that of another.
#[test]
fn what_is_owed_adds_up_to_the_balances() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = customer::server(&folder, &[]);
    let balances = server.get(&format!("/profiles/{CUSTOMER}/balances")).is(200).data();
    let rows = server.get("/reports/liability?from=2025-01-01&to=2025-06-30").is(200).data();
    let rewards = of(&rows, "measure", "rewards");
    assert_eq!(rewards.len(), 6);
    let mut owed = 0;
    for row in &rewards {
        assert_eq!(exact(&row["opening"]), owed, "{row}");
        let flows: i64 = row["flows"].as_object().unwrap().values().map(exact).sum();
        assert_eq!(exact(&row["closing"]), owed + flows, "{row}");
        owed = exact(&row["closing"]);
    }
    // What is available, of 25 that come later, and 35 that are held.
    assert_eq!(owed, exact(&balances["reward_balance"]) + 250_000 + 350_000);
    let all = |flow: &str| rewards.iter().map(|row| exact(&row["flows"][flow])).sum::<i64>();
    assert_eq!((all("redeemed"), all("returned"), all("revoked")), (-1_545_000, 450_000, -250_000));
    let ageing = server.get("/reports/ageing").is(200).data();
    let sum = |kind: &str| of(&ageing, "kind", kind).iter().map(|row| exact(&row["value"])).sum::<i64>();
    assert_eq!(sum("reward"), owed);
    let last = |measure: &str| exact(&of(&rows, "measure", measure).last().unwrap()["closing"]);
    assert_eq!(sum("point"), last("points"));
    let never = of(&ageing, "kind", "reward").into_iter().filter(|row| row["expires"].is_null());
    assert_eq!(never.map(|row| exact(&row["value"])).collect::<Vec<_>>(), [755_000]);
    // A day at a time comes to the same.
    let days = server.get("/reports/liability?from=2025-06-01&to=2025-06-30&by=day").is(200).data();
    let days = of(&days, "measure", "rewards");
    assert_eq!((days.len(), exact(&days[29]["closing"])), (30, owed));
    // Last month, if nothing is said.
    let usual = server.get("/reports/liability").is(200).data();
    assert_eq!(of(&usual, "measure", "rewards"), [rewards[4]]);
    assert_eq!(rewards[4]["start"], "2025-04-30 14:00:00");
    let used = server.get("/reports/breakage").is(200).data();
    for cohort in used["cohorts"].as_array().unwrap() {
        assert_eq!(
            exact(&cohort["issued"]),
            exact(&cohort["expected"]) + exact(&cohort["unused"]),
            "{cohort}"
        );
    }
    let january = &used["cohorts"][0];
    assert_eq!(json!([january["month"], january["issued"]]), json!(["2025-01", 30]));
    // The welcome reward of January paid an order in April.
    assert_eq!(january["redeemed"], json!([0, 0, 0, 20, 20]));
}

/// Catches: a picture without its figures; a bar that is drawn outside of it.
#[test]
fn the_pictures_show_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = customer::server(&folder, &[]);
    let picture = |path: &str| {
        let answer = server.get(path).is(200);
        assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
        let number = |part: &str, name: &str| -> Option<i64> {
            part.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.parse().ok()
        };
        for bar in answer.body.split("<rect").skip(2) {
            let (top, tall) = (number(bar, "y").unwrap(), number(bar, "height").unwrap());
            assert!(top >= 60 && tall > 0 && top + tall <= 301, "{path}: {bar}");
        }
        answer.body
    };
    let owed = picture("/reports/liability.svg?from=2025-01-01&to=2025-06-30");
    let rows = server.get("/reports/liability?from=2025-06-01").is(200).data();
    let closing = format!(">{}<", of(&rows, "measure", "rewards")[0]["closing"]);
    for part in [">opening<", ">0<", ">redeemed<", ">-154.5<", ">closing<", &closing] {
        assert!(owed.contains(part), "{part} in {owed}");
    }
    let ends = picture("/reports/ageing.svg");
    for part in [">2025-07<", ">never<", ">75.5<"] {
        assert!(ends.contains(part), "{part} in {ends}");
    }
    assert!(picture("/reports/breakage.svg").contains(">2025-01<"));
    // More months than there is room for; and nothing at all.
    let ten = server.define("ten", json!({}));
    for month in 1..=12 {
        server.issue(ten, "sam", json!({"expires_at": format!("2027-{month:02}-15")}));
    }
    let later = picture("/reports/ageing.svg");
    assert!(later.contains(">later<") && !later.contains(">2027-12<"));
    let empty = Server::start();
    assert!(empty.get("/reports/ageing.svg").is(200).body.contains("Nothing yet."));
}

#[test]
fn the_reports_are_the_same_over_sqlite_and_refuse_what_they_do_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let of = |store: &str| {
        let server = Server::with(&["--store", store]);
        let ten = server.define("ten", json!({"period": 30}));
        // More profiles than are read at a time.
        let rows: Vec<Value> =
            (0..200).map(|p| json!({"reward_definition_id": ten, "profile_id": format!("p{p}")})).collect();
        server.post("/rewards/batch", &json!(rows)).is(200);
        server.set_clock("2025-09-01T00:00:00Z");
        let paths =
            ["/reports/liability?from=2025-06-01&to=2025-08-31", "/reports/ageing", "/reports/breakage"];
        let all = paths.map(|path| server.get(path).is(200).data());
        assert_eq!(all[0][0]["flows"]["issued"], 2000);
        // No sweep wrote that they expired in July.
        assert_eq!(json!([all[0][1]["flows"]["expired"], all[0][1]["closing"]]), json!([-2000, 0]));
        (server, all)
    };
    let (server, one) = of("memory");
    assert_eq!(of(&store).1, one);
    for (wrong, code) in [
        ("/reports/liability?from=x", "invalid_field"),
        ("/reports/liability?from=2025-06-01&to=2025-05-01", "invalid_field"),
        ("/reports/liability?from=1800-01-01&to=2025-05-01&by=day", "invalid_field"),
        ("/reports/liability?by=week", "invalid_field"),
        ("/reports/liability?frm=2025-06-01", "unknown_parameter"),
        ("/reports/breakage?kind=status", "invalid_field"),
        ("/reports/ageing?from=2025-06-01", "unknown_parameter"),
    ] {
        server.get(wrong).refuses(422, code);
    }
    server.get("/reports/nothing").refuses(404, "not_found");
}
