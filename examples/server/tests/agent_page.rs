//! The page as a support agent uses it, with a customer of half a year, in a real browser: see `tests/page.rs`.

mod common;

use common::TOKEN;
use common::browser::Browser;
use common::customer::{self, CUSTOMER, Customer};
use common::{Request, Server};
use serde_json::{Value, json};

/// Whatever is cut off, runs over its neighbour, scrolls by itself, or breaks an amount over two lines.
const MISPLACED: &str = "
    const bad = [], wide = document.documentElement.clientWidth;
    const rects = (node) => { const range = document.createRange(); range.selectNodeContents(node); return [...range.getClientRects()]; };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const parent = node.parentElement;
        if (!node.data.trim() || parent.closest('script, style, option, .unseen') || !parent.checkVisibility()) continue;
        const box = parent.closest('section, dialog, header, main').getBoundingClientRect();
        for (const rect of rects(node)) {
            if (rect.left < box.left - 1 || rect.right > Math.min(box.right, wide) + 1) bad.push('cut: ' + node.data);
        }
    }
    for (const element of document.querySelectorAll('body *')) {
        const over = getComputedStyle(element).overflowX;
        const may = element.matches('.unseen, .bar, input, select, dialog, script');
        if (over !== 'visible' && !may) bad.push('scrolls or cuts: ' + element.className + element.id);
        if (getComputedStyle(element).textOverflow !== 'clip' && !may) bad.push('elided: ' + element.className);
    }
    for (const amount of document.querySelectorAll('.amount')) {
        if (amount.checkVisibility() && amount.getClientRects().length > 1) bad.push('broken: ' + amount.innerText);
    }
    for (const row of document.querySelectorAll('tr, .lots li, .axis, .ticks')) {
        const cells = [...row.children].filter((cell) => cell.checkVisibility()).map(rects);
        cells.forEach((one, index) => cells.slice(index + 1).forEach((other) => {
            const meets = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
            if (one.some((a) => other.some((b) => meets(a, b)))) bad.push('over each other: ' + row.innerText);
        }));
    }
    if (document.documentElement.scrollWidth > wide) bad.push('the page is wider than the window');
    return bad;";

struct Seat {
    browser: Browser,
    server: Server,
    customer: Customer,
    _folder: tempfile::TempDir,
}

/// An agent at the customer's wallet, with this token.
fn seat(options: &[&str], token: &str) -> Option<Seat> {
    let browser = Browser::start()?;
    let folder = tempfile::tempdir().unwrap();
    let (server, customer) = customer::server(&folder, options);
    browser.open(&format!("http://{}/", server.address));
    browser.run(&format!("sessionStorage.setItem('token', {})", json!(token)));
    let seat = Seat { browser, server, customer, _folder: folder };
    seat.look(CUSTOMER);
    seat.browser.shows("#whose", CUSTOMER);
    // The page asked before it had a token, and was typed into before it was loaded.
    let complaints = seat.browser.complaints();
    let is_known = |line: &String| line.contains("401") || line.contains("Autofocus");
    assert!(complaints.iter().all(is_known), "{complaints:?}");
    Some(seat)
}

impl Seat {
    /// Types something into the search field.
    fn look(&self, text: &str) {
        self.browser.fill("#search", &format!("{text}\u{e007}"));
    }

    fn rewards(&self) -> Vec<Value> {
        let path = format!("/profiles/{CUSTOMER}/rewards?page[size]=500");
        self.server.get(&path).is(200).data().as_array().unwrap().clone()
    }

    /// What the server has, in cents.
    fn balance(&self) -> i64 {
        (self.server.balance(CUSTOMER).as_f64().unwrap() * 100.0).round() as i64
    }

    /// What the box says of an amount before and after.
    fn change(&self) -> (i64, i64) {
        let cents = |text: &str| {
            let digits: String = text.chars().filter(|char| char.is_ascii_digit() || *char == '.').collect();
            (digits.parse::<f64>().unwrap() * 100.0).round() as i64
        };
        let cell = |cell: u32| {
            let find = "[...document.querySelectorAll('#act-plan tbody tr')].find((row) => row.innerText.startsWith('Rewards'))";
            let text = self.browser.run(&format!("return {find}.children[{cell}].innerText"));
            text.as_str().unwrap().to_owned()
        };
        let [before, after] = [1, 2].map(cell);
        (cents(&before), cents(&after))
    }

    /// Checks what is filled in, confirms it, and holds the amounts that were promised against what came of it.
    #[track_caller]
    fn carry_out(&self, reason: &str, done: &str) {
        self.browser.fill("#act-reason", reason);
        self.browser.click("#act-check");
        self.browser.shows("#act-plan", "After");
        let (said_before, said_after) = self.change();
        assert_eq!(self.balance(), said_before, "nothing is done before it is confirmed");
        self.browser.click("#act-confirm");
        self.browser.shows("#done", done);
        assert_eq!(self.balance(), said_after, "{done}");
        assert!(
            self.browser.text("#journal tbody tr:first-child").contains(reason),
            "{reason} is in the journal"
        );
    }
}

/// Catches: an amount that is cut off, a table that scrolls by itself, names that are cut, at any width.
#[test]
fn nothing_is_cut_off_at_any_width() {
    let Some(seat) = seat(&[], TOKEN) else { return };
    let browser = &seat.browser;
    browser.click("#all");
    // More than any column was made for.
    let huge = json!({"profile_id": CUSTOMER, "reward_definition_id": 2, "value_initial": 4999.95});
    for _ in 0..3 {
        seat.server.post("/rewards", &huge).is(201);
    }
    browser.run("start()");
    browser.shows("#balances", "$16,");
    browser.fill("#amount", "5000\u{e007}");
    browser.shows("#plan", "Would pay $5,000.00");
    for width in [1440, 1024, 768, 480, 390, 320] {
        browser.resize(width);
        assert_eq!(browser.run(MISPLACED), json!([]), "{width}");
        browser.picture(&format!("wallet-{width}"));
    }
    browser.run("location.hash = ''");
    browser.shows("#outstanding", "Rewards outstanding");
    for width in [1440, 768, 390, 320] {
        browser.resize(width);
        assert_eq!(browser.run(MISPLACED), json!([]), "overview, {width}");
        browser.picture(&format!("overview-{width}"));
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// "Where did my $34.50 go on ORDER-10334?"
#[test]
fn an_order_is_found_by_its_number() {
    let Some(seat) = seat(&[], TOKEN) else { return };
    let (browser, order) = (&seat.browser, seat.customer.order);
    seat.look("ORDER-10334");
    let row = format!("#transaction-{order}");
    browser.shows(&format!("{row}.target"), "ORDER-10334");
    let told = browser.text(&row);
    for part in ["$65.45", "of $99.95", "$34.50:", "$20.00 Welcome Reward", "$14.50 Goodwill"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // The journal names the order, the rewards and the reasons, and links to them.
    let journal = browser.text("#journal");
    for part in [
        "ORDER-10334 · Welcome Reward $20.00, Goodwill $14.50",
        "issued twice",
        "one shirt came back",
        "−$34.50 rewards",
    ] {
        assert!(journal.contains(part), "{part} in {journal}");
    }
    for part in ["+$35.00 rewards, held", "+$25.00 rewards, later", "+350 status points", "points, later"] {
        assert!(journal.contains(part), "{part} in {journal}");
    }
    let dead = browser.run(
        "return [...document.querySelectorAll('#wallet a')].map((link) => link.hash.split('/')[1])
            .filter((anchor) => !anchor || !/^(reward|point|transaction|redemption|hold)-[0-9]+$/.test(anchor))",
    );
    assert_eq!(dead, json!([]));
    // From a journal row to a reward that is used up, which then is shown.
    let goodwill =
        seat.rewards().into_iter().find(|reward| reward["value_initial"] == 40).unwrap()["id"].clone();
    assert_eq!(browser.count(&format!("#reward-{goodwill}")), 0, "it is used up, and so not shown");
    browser.run(&format!("document.querySelector('#journal a[href$=\"reward-{goodwill}\"]').click()"));
    browser.shows(&format!("#reward-{goodwill}.target"), "Goodwill");
    // One id for two things: both are offered.
    let other = json!({"profile_id": "sam", "total": 7, "external_id": "ORDER-10334"});
    seat.server.post("/transactions", &other).is(201);
    seat.look("ORDER-10334");
    browser.shows("#found", "2 things have the id ORDER-10334.");
    browser.run(
        "[...document.querySelectorAll('#results a')].find((link) => link.innerText.includes('sam')).click()",
    );
    browser.shows("#whose", "sam");
    seat.look(&seat.customer.taken_back.to_string());
    browser.shows("#message", "in the journal, and no longer in the lists");
    seat.look("mia.tanaka");
    browser.shows("#found", "There is nothing with the id mia.tanaka.");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Catches: a lot that is held in full counted as usable; a long reward that makes the short ones too small to read; times
/// in two zones; points without their name.
#[test]
fn the_page_shows_what_the_wallet_has() {
    let Some(seat) = seat(&[], TOKEN) else { return };
    let browser = &seat.browser;
    browser.resize(1100);
    browser.picture("page");
    let with = |status: &str| seat.rewards().iter().filter(|reward| reward["status"] == status).count();
    let note = browser.text("#rewards-note");
    let told = format!(
        "{} can be used, {} held in full, {} from a later day.",
        with("active"),
        with("held"),
        with("pending")
    );
    assert!(note.contains(&told) && with("held") > 0, "{told}: {note}");
    // The scale: even ticks, with three years and thirty days in one picture.
    let ticks = browser.run("return [...document.querySelectorAll('#ticks > span')].map((tick) => [tick.innerText, parseFloat(tick.style.left)])");
    let ticks: Vec<(String, f64)> = serde_json::from_value(ticks).unwrap();
    let names: Vec<&str> = ticks.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["now", "1 week", "1 month", "3 months", "1 year"]);
    assert!(ticks.windows(2).all(|pair| (pair[1].1 - pair[0].1 - 20.0).abs() < 0.01), "{ticks:?}");
    let bars = browser.run(
        "return [...document.querySelectorAll('#rewards .bar')].map((bar) => parseFloat(bar.style.width))",
    );
    let bars: Vec<f64> = serde_json::from_value(bars).unwrap();
    assert!(bars.iter().all(|width| *width > 15.0), "{bars:?}");
    // One zone for all times, by name, and the other on request.
    let day = |selector: &str| browser.text(selector).split('\n').next().unwrap().to_owned();
    assert_eq!(browser.text("#zone option:checked"), "Australia/Melbourne");
    assert_eq!(day("#journal tbody tr:first-child td:first-child"), "2025-06-19 16:30");
    assert!(browser.text("#holds").contains("2025-06-20 16:30"));
    browser.run("const zone = document.getElementById('zone'); zone.value = 'UTC'; zone.dispatchEvent(new Event('input'))");
    assert_eq!(day("#journal tbody tr:first-child td:first-child"), "2025-06-19 06:30");
    assert!(browser.text("#holds").contains("2025-06-20 06:30"));
    let points = browser.text("#points");
    assert!(points.contains("Points") && points.contains("Tier credits"), "{points}");
}

/// Catches: a promise of the box that the ledger does not keep; a reason that is lost; a double click that pays twice.
#[test]
fn an_agent_issues_extends_takes_back_transfers_and_returns() {
    let Some(seat) = seat(&[], TOKEN) else { return };
    let browser = &seat.browser;
    browser.click("#issue");
    browser.shows("#h-act", "Issue a reward");
    browser.fill("#act-value", "12.50");
    seat.carry_out("lost in the post", "Issued $12.50");
    let open = |id: &Value| {
        browser.click(&format!("#reward-{id} button"));
        browser.shows("#h-act", "Change");
    };
    let newest =
        || seat.rewards().into_iter().max_by_key(|reward| reward["id"].as_u64()).unwrap()["id"].clone();
    let issued = newest();
    open(&issued);
    browser.run("document.getElementById('act-until').value = '2025-12-24'");
    seat.carry_out("travelling until then", "Extended");
    let extended = seat.server.get(&format!("/rewards/{issued}")).is(200).data();
    assert_eq!(extended["expires_local_at"], "2025-12-24 23:59:59");
    open(&issued);
    browser.picture("act-extend");
    browser.run("const kind = document.getElementById('act-kind'); kind.value = 'revoke'; kind.dispatchEvent(new Event('input', {bubbles: true}))");
    seat.carry_out("parcel turned up", "Took back");
    seat.server.get(&format!("/rewards/{issued}")).refuses(404, "not_found");
    open(&json!(seat.customer.credit));
    browser.run("const kind = document.getElementById('act-kind'); kind.value = 'transfer'; kind.dispatchEvent(new Event('input', {bubbles: true}))");
    browser.fill("#act-to", "sam");
    browser.fill("#act-value", "50.25");
    seat.carry_out("moved to her own card", "$50.25 of Store credit went to sam.");
    assert_eq!(seat.server.balance("sam"), json!(50.25));
    browser.click(&format!("#transaction-{} button", seat.customer.order));
    browser.fill("#act-amount", "14.50");
    browser.fill("#act-reason", "wrong size");
    browser.click("#act-check");
    browser.shows("#act-plan", "After");
    // What was checked is what is confirmed: another amount must be checked again.
    browser.fill("#act-amount", "4.50");
    assert_eq!(browser.run("return document.getElementById('act-confirm').disabled"), true);
    // What would be refused is refused before it can be confirmed.
    browser.fill("#act-amount", "9999");
    browser.click("#act-check");
    browser.shows("#act-plan .message", "34.5");
    assert_eq!(browser.run("return document.getElementById('act-confirm').disabled"), true);
    browser.fill("#act-amount", "4.50");
    browser.click("#act-check");
    // The reward that paid has expired, so that nobody can use what comes back.
    browser.shows("#act-plan", "Goodwill, expired, left");
    assert_eq!(seat.change(), (seat.balance(), seat.balance()));
    for width in [1440, 768, 390, 320] {
        browser.resize(width);
        assert_eq!(browser.run(MISPLACED), json!([]), "{width}");
        browser.picture(&format!("return-{width}"));
    }
    browser.click("#act-confirm");
    browser.shows("#done", "Gave back $4.50.");
    assert!(
        browser
            .text(&format!("#transaction-{}", seat.customer.order))
            .contains("$4.50 to rewards and points")
    );
    assert!(browser.text("#journal tbody").contains("wrong size"));
}

/// Catches: a button that changes something where the token only reads.
#[test]
fn a_token_that_only_reads_shows_no_buttons() {
    let Some(seat) = seat(&["--read-token", "reads"], "reads") else { return };
    let browser = &seat.browser;
    browser.shows("#access", "This token only reads");
    browser.fill("#amount", "5\u{e007}");
    browser.shows("#plan", "Would pay $5.00");
    let buttons = browser.run("return [...document.querySelectorAll('button')].filter((one) => one.checkVisibility()).map((one) => one.innerText)");
    assert_eq!(buttons, json!(["Find", "Quote"]));
    seat.look("nobody");
    browser.shows("#found", "There is nothing with the id nobody.");
    assert!(!browser.text("#found").contains("Issue"));
    let refused = Request::new("POST", "/rewards").json(&json!({})).header("Authorization", "Bearer reads");
    refused.send(seat.server.address).unwrap().refuses(403, "read_only");
}
