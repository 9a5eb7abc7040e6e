//! The page in a real browser: Chromium, driven as a person would, by keys and clicks.
//!
//! Without Chromium and its driver on this machine the test is skipped, loudly; with `SCRIP_REQUIRE_BROWSER=1` it fails.

mod common;

use common::browser::Browser;
use common::{Server, TOKEN};
use serde_json::{Value, json};

/// The page's next POST is carried out, and its answer does not arrive.
const LOSE_ONE_ANSWER: &str = "const real = window.fetch;
    window.fetch = async (path, options) => {
        const answer = await real(path, options);
        if (options.method !== 'POST') return answer;
        window.fetch = real;
        throw new TypeError('the connection broke');
    };";

/// A wallet with this many rewards, of which every third is used up, and some that expired.
fn fill(server: &Server, profile: &str, rewards: u32) {
    let definition = server.define(&format!("for-{profile}"), json!({"name": "<b>Ten</b> & more"}));
    let rows: Vec<Value> = (0..rewards)
        .map(|number| {
            let day = 1 + number % 28;
            let left = if number % 3 == 2 { 0 } else { 10 };
            let month = if number % 5 == 4 { 3 } else { 7 + number % 5 };
            json!({
                "profile_id": profile, "reward_definition_id": definition, "value_remaining": left,
                "expires_at": format!("2025-{month:02}-{day:02}"), "timezone": "Australia/Melbourne",
            })
        })
        .collect();
    if rewards > 0 {
        server.post("/rewards/batch", &json!(rows)).is(200);
    }
}

#[test]
fn a_person_looks_at_a_wallet_and_redeems() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start();
    fill(&server, "three", 3);
    server.post("/points", &json!({"profile_id": "three", "value_initial": 70})).is(201);
    fill(&server, "many", 200);
    let page = format!("http://{}/", server.address);

    // Without the token the page asks for it.
    browser.open(&format!("{page}#three"));
    browser.shows("#message", "bearer token");
    browser.keys("#token", &format!("{TOKEN}\u{e007}"));
    browser.shows("#balances", "$20.00");
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|line| line.contains("401")), "only what was refused: {complaints:?}");

    assert!(browser.text("#balances").contains("worth $7.00"));
    assert_eq!((browser.count("#rewards li"), browser.count("#rewards .bar")), (2, 2));
    assert!(browser.text("#rewards").contains("<b>Ten</b> & more"), "names are text, never HTML");
    browser.click("#all");
    assert_eq!(browser.count("#rewards li"), 3);
    assert_eq!(browser.count("#journal tbody tr"), 4);

    // By keys alone: an amount, enter, tab to the other button, and again.
    browser.keys("#amount", "14\u{e007}");
    browser.shows("#plan", "Would pay $14.00");
    assert_eq!(browser.count("#plan > table:nth-of-type(1) tbody tr"), 2);
    assert!(browser.text("#plan").contains("not asked to pay"));
    assert_eq!(server.balance("three"), 20, "a quote changes nothing");
    browser.keys("#quote", "\u{e004}");
    assert_eq!(browser.run("return document.activeElement.id"), "commit");
    browser.keys("#commit", "\u{e007}");
    browser.shows("#plan", "Paid $14.00.");
    browser.shows("#balances", "$6.00");
    assert_eq!(browser.count("#plan > table:nth-of-type(1) tbody tr"), 2, "which reward paid what");
    assert!(browser.text("#plan").contains("not asked to pay"), "and why the points did not");
    browser.shows("#journal tbody tr:first-child", "redeem");
    assert!(browser.text("#journal tbody tr:first-child").contains("−$14.00"));
    assert_eq!(server.balance("three"), 6);

    // Another amount needs another quote; too much is said.
    browser.run("document.getElementById('amount').value = ''");
    browser.keys("#amount", "100");
    assert_eq!(browser.run("return document.getElementById('commit').disabled"), true);
    browser.click("#strict");
    browser.click("#quote");
    browser.shows("#plan", "100 was requested and 6 is available");
    assert!(browser.complaints().iter().all(|line| line.contains("422")), "only what was refused");

    // An answer that is lost on the way: pressed again, it is paid once.
    browser.run("document.getElementById('amount').value = ''");
    browser.click("#strict");
    browser.keys("#amount", "2\u{e007}");
    browser.shows("#plan", "Would pay $2.00");
    browser.run(LOSE_ONE_ANSWER);
    browser.click("#commit");
    browser.shows("#plan", "Press Redeem again");
    browser.click("#commit");
    browser.shows("#plan", "Paid $2.00.");
    assert_eq!(server.balance("three"), 4);

    // An id that nothing is known of, and a wallet with much.
    browser.run("document.getElementById('search').value = ''");
    browser.keys("#search", "nobody\u{e007}");
    browser.shows("#found", "There is nothing with the id nobody.");
    assert_eq!(browser.run("return document.getElementById('wallet').checkVisibility()"), false);
    browser.open(&format!("{page}#many"));
    browser.shows("#whose", "many");
    // The box stays as it was left.
    assert_eq!(browser.count("#rewards li"), 200);
    browser.click("#all");
    let live = browser.count("#rewards li");
    assert!(live > 50 && live < 200);
    browser.click("#more");
    assert_eq!(browser.count("#journal tbody tr"), 200);
    for width in [320, 1400] {
        browser.resize(width);
        let spills = browser.run("return document.documentElement.scrollWidth > innerWidth");
        assert_eq!(spills, false, "the page is wider than a window of {width}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Catches: a reward that is left out without a word, or only where another one pays.
#[test]
fn the_page_says_why_a_reward_does_not_pay_for_a_basket() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start();
    let ten = server.define("ten", json!({"name": "Ten"}));
    server.issue(ten, "p", json!({"scope": {"only": ["shoes"], "minimum_spend": 50}}));
    browser.open(&format!("http://{}/#p", server.address));
    browser.keys("#token", &format!("{TOKEN}\u{e007}"));
    browser.shows("#balances", "$10.00");
    let basket = |lines: &str, amount: &str| {
        browser.run("for (const id of ['basket', 'amount']) document.getElementById(id).value = ''");
        browser.keys("#basket", lines);
        browser.keys("#amount", &format!("{amount}\u{e007}"));
    };
    // Nothing pays, and the page says what the reward is for.
    basket("40 food", "5");
    browser.shows("#plan", "5 was requested and 0 is available");
    browser.shows("#plan", "1 for certain things only");
    browser.shows("#plan", "(for shoes, from $50.00)");
    // Another one pays, and each that does not has its reason.
    server.issue(ten, "p", json!({"expires_at": "2025-07-31"}));
    server.issue(ten, "p", json!({"scope": {"except": ["food"]}}));
    browser.open(&format!("http://{}/#nobody", server.address));
    browser.open(&format!("http://{}/#p", server.address));
    browser.shows("#balances", "$30.00");
    basket("30 food shoes; 3 tax", "5");
    browser.shows("#plan", "Would pay $5.00");
    browser.shows("#plan", "$5.00 of line 1");
    browser.shows("#plan", "1 for a larger basket");
    browser.shows("#plan", "1 not needed: those before it were enough");
    basket("60 shoes; 3 food", "3");
    browser.shows("#plan", "Would pay $3.00");
    basket("60 food", "5");
    browser.shows("#plan", "2 for other things than these");
    browser.shows("#plan", "(not for food)");
}

/// What a screen reader needs: a language, a title, a name for everything that can be used, and one main heading.
#[test]
fn everything_has_a_name() {
    let Some(browser) = Browser::start() else { return };
    let server = Server::start();
    fill(&server, "three", 3);
    browser.open(&format!("http://{}/", server.address));
    browser.run(&format!("sessionStorage.setItem('token', {}); location.hash = 'three'", json!(TOKEN)));
    browser.shows("#whose", "three");
    let nameless = browser.run(
        "return [...document.querySelectorAll('input, select, button, section')].filter((element) =>
            !(element.labels && element.labels.length && element.labels[0].innerText.trim()) && !element.innerText.trim()
            && !element.getAttribute('aria-label') && !element.getAttribute('aria-labelledby') && element.offsetParent
        ).map((element) => element.outerHTML)",
    );
    assert_eq!(nameless, json!([]));
    assert_eq!(
        browser.run("return [document.documentElement.lang, document.title]"),
        json!(["en", "Wallet of three"])
    );
    assert_eq!(
        (browser.count("h1"), browser.count("th:not([scope])"), browser.count("[role=alert]")),
        (1, 0, 1)
    );
    assert_eq!(browser.text("[role=status]"), "Wallet of three: $20.00 in rewards, 0 points.");
    let external = browser.run("return performance.getEntriesByType('resource').filter((one) => !one.name.startsWith(location.origin)).length");
    assert_eq!(external, 0, "the page is whole in itself");
}
