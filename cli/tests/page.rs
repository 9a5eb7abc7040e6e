//! The page of reports in a real browser: Chromium, at the width of a desk, of a phone and of paper, light and dark.
//!
//! `SCRIP_SCREENSHOTS=FOLDER` keeps what was seen, to look at.

#[path = "../../tests/browser/mod.rs"]
mod browser;
mod common;

use browser::Browser;
use common::Shop;
use serde_json::Value;

/// What is measured in the page, once it is laid out.
const MEASURE: &str = "
    const parts = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const lit = (color) => parts(color).map(linear).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const box = (element) => element.getBoundingClientRect();
    const style = (element) => getComputedStyle(element);
    const all = (selector) => [...document.querySelectorAll(selector)];
    const paper = document.body.appendChild(document.createElement('i'));
    paper.style.background = 'Canvas';
    const ground = lit(style(paper).backgroundColor);
    paper.remove();
    const contrast = (color) => (Math.max(lit(color), ground) + 0.05) / (Math.min(lit(color), ground) + 0.05);
    const text = all('svg text').filter((label) => box(label).width > 0);
    const bars = all('figure').map((figure) =>
        [...figure.querySelectorAll('rect')].filter((bar) => box(bar).width > 4 && box(bar).height > 4));
    const cells = all('section td, section th');
    const within = (element) => box(element).width > 0 && box(element).left >= 0 && box(element).right <= innerWidth + 0.5;
    return {
        width: innerWidth,
        titles: all('h2').map((title) => title.textContent),
        tables: all('section table').length,
        bars: bars.map((bars) => bars.length),
        lines: all('figure polyline').length,
        labels: text.map((label) => label.textContent.trim()),
        isWithin: document.documentElement.scrollWidth <= innerWidth,
        picturesFit: all('figure').every(within),
        figures: cells.length,
        seenFigures: cells.filter((cell) => within(cell) && style(cell).visibility === 'visible').length,
        canScroll: all('figure, .wide').every((part) =>
            part.scrollWidth <= part.clientWidth || style(part).overflowX === 'auto'),
        letters: Math.min(...text.map((label) => box(label).height)),
        ground,
        ink: contrast(style(text[0]).fill),
        heading: contrast(style(document.querySelector('h1')).color),
        cell: contrast(style(cells[0]).color),
        shapes: Math.min(...bars.flat().map((bar) => contrast(style(bar).fill)),
            ...all('figure polyline').map((line) => contrast(style(line).stroke))),
        outside: performance.getEntriesByType('resource').length,
    };";

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

/// What a page is shown on.
struct Look {
    name: &'static str,
    width: u32,
    /// `screen` or `print`.
    media: &'static str,
    is_dark: bool,
}

/// A desk, a phone and paper. What a printer makes of a page is light, whatever the screen shows.
const LOOKS: [Look; 6] = [
    Look { name: "desk", width: 1200, media: "screen", is_dark: false },
    Look { name: "desk, dark", width: 1200, media: "screen", is_dark: true },
    Look { name: "phone", width: 390, media: "screen", is_dark: false },
    Look { name: "phone, dark", width: 390, media: "screen", is_dark: true },
    Look { name: "paper", width: 794, media: "print", is_dark: false },
    Look { name: "paper, dark", width: 794, media: "print", is_dark: true },
];

/// Catches: a table or a picture that is cut off on paper, or that makes a phone scroll sideways; colours that are fixed in
/// one scheme and are lost in the other.
#[test]
fn the_page_is_drawn_on_a_desk_a_phone_and_paper_light_and_dark() {
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
    let Some(browser) = Browser::start() else { return };
    shop.write("page.html", page.as_bytes());
    for look in LOOKS {
        browser.resize(look.width);
        browser.show_on(look.media, look.is_dark);
        browser.open(&format!("file://{}", shop.path("page.html").display()));
        let seen = browser.run(MEASURE);
        check(&look, &seen);
        browser.picture(&look.name.replace(", ", "-"));
    }
}

fn check(look: &Look, seen: &Value) {
    let Look { name, width, media, is_dark } = look;
    let number = |of: &str| seen[of].as_f64().unwrap();
    assert_eq!(seen["width"], *width, "{name}: {seen}");
    let titles = [
        "What is owed: Rewards, AUD",
        "What is owed: Points",
        "Outstanding, by month of expiry: Rewards, AUD",
        "Outstanding, by month of expiry: Points",
        "How much is used: Rewards, AUD",
        "How much is used: Points",
    ];
    assert_eq!(seen["titles"], serde_json::json!(titles), "{name}: {seen}");
    assert_eq!(seen["tables"], 11, "{name}: {seen}");
    for label in ["opening", "issued", "redeemed", "expired", "closing", "months since issue"] {
        assert!(seen["labels"].as_array().unwrap().iter().any(|shown| shown == label), "{label}: {seen}");
    }
    // Issued, redeemed, expired and the closing balance; the opening one is nothing.
    assert_eq!(seen["bars"][0], 4, "{name}: {seen}");
    // April and May for rewards, and one month alone for points.
    assert_eq!((&seen["bars"][2], &seen["bars"][3]), (&2.into(), &1.into()), "{name}: {seen}");
    assert!(number("lines") >= 3.0, "{name}: {seen}");
    // The page itself never scrolls sideways; what is wider than a phone scrolls by itself, and paper has to show it all.
    for holds in ["isWithin", "picturesFit", "canScroll"] {
        assert_eq!(seen[holds], true, "{name}, {holds}: {seen}");
    }
    let is_paper = *media == "print";
    if is_paper || *width == 1200 {
        assert_eq!(seen["seenFigures"], seen["figures"], "{name}: a figure is cut off: {seen}");
    }
    // No letter gets too small: the picture scrolls instead.
    assert!(number("letters") >= 8.0, "{name}: {seen}");
    // Light letters on dark, dark ones on light, in the pictures as well; on paper always the latter.
    assert_eq!(number("ground") < 0.5, *is_dark && !is_paper, "{name}: {seen}");
    for ink in ["ink", "heading", "cell"] {
        assert!(number(ink) >= 7.0, "{name}: {ink} is hard to read: {seen}");
    }
    assert!(number("shapes") >= 1.5, "{name}: a bar or a line is hard to see: {seen}");
    assert_eq!(seen["outside"], 0, "{name}: it loads something: {seen}");
}
