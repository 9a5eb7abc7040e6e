//! The page of reports in a real browser: Chromium, at the width of a desk and of a phone, light and dark.
//!
//! Without Chromium on this machine the test is skipped, loudly; with `SCRIP_REQUIRE_BROWSER=1` it fails.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::Shop;
use serde_json::Value;

/// What a script in the page measures, once it is laid out.
const MEASURE: &str = "<script>
    const lit = (color) => color.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0) / 765;
    const box = (element) => element.getBoundingClientRect();
    const text = [...document.querySelectorAll('svg text')];
    document.body.dataset.seen = JSON.stringify({
        titles: [...document.querySelectorAll('h2')].map((title) => title.textContent),
        tables: document.querySelectorAll('section table').length,
        bars: [...document.querySelectorAll('figure')].map((figure) =>
            [...figure.querySelectorAll('rect')].filter((bar) => box(bar).width > 4 && box(bar).height > 4).length),
        lines: document.querySelectorAll('figure polyline').length,
        labels: text.filter((label) => box(label).width > 0).map((label) => label.textContent.trim()),
        isWithin: document.documentElement.scrollWidth <= innerWidth,
        picturesFit: [...document.querySelectorAll('figure')].every((figure) => box(figure).right <= innerWidth),
        letters: Math.min(...text.filter((label) => box(label).width > 0).map((label) => box(label).height)),
        ink: lit(getComputedStyle(document.querySelector('svg text')).fill),
        heading: lit(getComputedStyle(document.querySelector('h1')).color),
        outside: performance.getEntriesByType('resource').length,
    });
</script>";

fn chromium() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|path| path.join("chromium")).find(|path| path.is_file());
    let is_required = std::env::var("SCRIP_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !is_required, "no Chromium on this machine, and SCRIP_REQUIRE_BROWSER=1");
    if found.is_none() {
        eprintln!("\n*** SKIPPED: there is no Chromium on this machine ***\n");
    }
    found
}

/// A shop with rewards and points over some months.
fn shop() -> Shop {
    let shop = Shop::new();
    let program = r#"{"currency": "AUD", "timezone": "Australia/Melbourne", "point_scale": 0,
        "exchange_rate": {"points": 100, "amount": 1}}"#;
    shop.write("program.json", program.as_bytes());
    let define =
        r#"{"reward": {"handle": "ten", "name": "Ten", "value": 10, "period": 80, "period_type": "days"}}"#;
    shop.done(&["define", define, "--at", "2026-01-01T00:00:00Z"]);
    let define = r#"{"point": {"handle": "stars", "name": "Stars", "period": 60, "period_type": "days"}}"#;
    shop.done(&["define", define, "--at", "2026-01-01T00:00:00Z"]);
    for (month, customer) in [(1, "alice"), (2, "bob"), (3, "carol")] {
        let at = |day: u32| format!("2026-{month:02}-{day:02}T03:00:00Z");
        let reward = format!(r#"{{"reward_definition_handle": "ten", "profile_id": "{customer}"}}"#);
        let points = format!(
            r#"{{"point_definition_handle": "stars", "profile_id": "{customer}", "value_initial": 500}}"#
        );
        shop.done(&["issue", &reward, "--at", &at(2)]);
        shop.done(&["issue-points", &points, "--at", &at(3)]);
        let redeem = format!(r#"{{"profile_id": "{customer}", "amount": "{month}.50"}}"#);
        shop.done(&["redeem", &redeem, "--at", &at(20)]);
    }
    shop
}

#[test]
fn the_page_is_drawn_on_a_desk_and_on_a_phone_light_and_dark() {
    let shop = shop();
    let all = ["report", "all", "--from", "2026-01-01", "--to", "2026-04-30", "--at", "2026-04-05T00:00:00Z"];
    let page = shop.done(&[&all[..], &["--html"]].concat());
    assert_eq!(page, shop.done(&[&all[..], &["--html"]].concat()), "other bytes");
    // The figures of the page are those of the terminal, each exact.
    for line in shop.done(&all).lines() {
        for figure in line.split_whitespace().filter(|figure| figure.contains('.')) {
            assert!(page.contains(&format!(">{figure}</td>")) || page.contains(figure), "{figure}");
        }
    }
    let Some(chromium) = chromium() else { return };
    shop.write("page.html", page.replace("</body>", &format!("{MEASURE}</body>")).as_bytes());
    for (width, is_dark) in [(1200, false), (1200, true), (500, false)] {
        let seen = look(&chromium, &shop, width, is_dark);
        let titles = [
            "What is owed: Rewards, AUD",
            "What is owed: Points",
            "Outstanding, by month of expiry: Rewards, AUD",
            "Outstanding, by month of expiry: Points",
            "How much is used: Rewards, AUD",
            "How much is used: Points",
        ];
        assert_eq!(seen["titles"], serde_json::json!(titles), "{seen}");
        assert_eq!(seen["tables"], 11, "{seen}");
        for label in ["opening", "issued", "redeemed", "expired", "closing", "months since issue"] {
            assert!(seen["labels"].as_array().unwrap().iter().any(|shown| shown == label), "{label}: {seen}");
        }
        // Issued, redeemed, expired and the closing balance; the opening one is nothing.
        assert_eq!(seen["bars"][0], 4, "{seen}");
        // April and May for rewards, and one month alone for points.
        assert_eq!((&seen["bars"][2], &seen["bars"][3]), (&2.into(), &1.into()), "{seen}");
        assert!(seen["lines"].as_u64().unwrap() >= 3, "{seen}");
        assert_eq!(
            (&seen["isWithin"], &seen["picturesFit"]),
            (&true.into(), &true.into()),
            "{width}: {seen}"
        );
        // No letter gets too small on a phone: the picture scrolls instead.
        assert!(seen["letters"].as_f64().unwrap() >= 8.0, "{width}: {seen}");
        // Light letters on dark, dark ones on light, in the pictures as well.
        for ink in ["ink", "heading"] {
            assert_eq!(seen[ink].as_f64().unwrap() > 0.5, is_dark, "{ink}: {seen}");
        }
        assert_eq!(seen["outside"], 0, "it loads something: {seen}");
    }
}

/// What the page looks like in a window.
fn look(chromium: &PathBuf, shop: &Shop, width: u32, is_dark: bool) -> Value {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(chromium);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    command.args(["--disable-component-update", "--disable-sync", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("--window-size={width},1400"));
    if is_dark {
        command.arg("--blink-settings=preferredColorScheme=0");
    }
    let ran = command.arg(format!("file://{}", shop.path("page.html").display())).output().unwrap();
    let dom = String::from_utf8_lossy(&ran.stdout).into_owned();
    let seen = dom.split("data-seen=\"").nth(1).and_then(|rest| rest.split('"').next());
    let seen = seen.unwrap_or_else(|| panic!("{dom} {}", String::from_utf8_lossy(&ran.stderr)));
    serde_json::from_str(&seen.replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
}
