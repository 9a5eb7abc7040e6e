//! The page in a real browser: Chromium, driven as a person would, by keys and clicks.
//!
//! Without Chromium and its driver on this machine the test is skipped, loudly; with `SCRIP_REQUIRE_BROWSER=1` it fails.

mod common;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Request, Server, TOKEN};
use serde_json::{Value, json};

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The page's next POST is carried out, and its answer does not arrive.
const LOSE_ONE_ANSWER: &str = "const real = window.fetch;
    window.fetch = async (path, options) => {
        const answer = await real(path, options);
        if (options.method !== 'POST') return answer;
        window.fetch = real;
        throw new TypeError('the connection broke');
    };";

/// A browser with one window.
struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn start() -> Option<Self> {
        let find = |name: &str| {
            std::env::split_paths(&std::env::var_os("PATH")?)
                .map(|path| path.join(name))
                .find(|path| path.is_file())
        };
        let (Some(chromium), Some(driver)) = (find("chromium"), find("chromedriver")) else {
            let is_required = std::env::var("SCRIP_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
            assert!(!is_required, "no Chromium on this machine, and SCRIP_REQUIRE_BROWSER=1");
            eprintln!(
                "\n*** SKIPPED: there is no Chromium on this machine (chromium and chromedriver) ***\n"
            );
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut command = Command::new(driver);
        let driver = command
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(since.elapsed() < PATIENCE, "the driver does not start");
            std::thread::yield_now();
        }
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,1400",
            folder.as_str(),
        ];
        let options = json!({"binary": chromium, "args": flags});
        let logs = json!({"browser": "ALL"});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": logs}}});
        let made = browser.send("POST", "/session", &wanted);
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut request = Request::new(method, path);
        request.path = path.to_owned();
        let request = if method == "POST" { request.json(body) } else { request };
        let answer = request.send(self.address).unwrap();
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.bare_json()["value"].take()
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.send("POST", &format!("{}{path}", self.session), &body)
    }

    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
    }

    fn open(&self, url: &str) {
        self.post("/url", json!({"url": url}));
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": selector}));
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    fn keys(&self, selector: &str, text: &str) {
        self.post(&format!("{}/value", self.element(selector)), json!({"text": text}));
    }

    fn click(&self, selector: &str) {
        self.post(&format!("{}/click", self.element(selector)), json!({}));
    }

    fn text(&self, selector: &str) -> String {
        let script = format!("return (document.querySelector({}) || {{}}).innerText || ''", json!(selector));
        self.run(&script).as_str().unwrap().to_owned()
    }

    /// Waits until an element holds a text.
    #[track_caller]
    fn shows(&self, selector: &str, part: &str) {
        let since = Instant::now();
        while !self.text(selector).contains(part) {
            assert!(
                since.elapsed() < PATIENCE,
                "{selector} does not show {part:?}, but {:?}",
                self.text(selector)
            );
        }
    }

    fn count(&self, selector: &str) -> u64 {
        self.run(&format!("return document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    }

    /// What the page complained of in the console.
    fn complaints(&self) -> Vec<String> {
        let said = self.post("/se/log", json!({"type": "browser"}));
        said.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser that it started, also after a test that failed.
        let mut end = Request::new("DELETE", "/");
        end.path.clone_from(&self.session);
        let _ = end.send(self.address);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

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
    assert_eq!(browser.count("#plan tbody tr"), 2);
    assert!(browser.text("#plan").contains("not asked to pay"));
    assert_eq!(server.balance("three"), 20, "a quote changes nothing");
    browser.keys("#quote", "\u{e004}");
    assert_eq!(browser.run("return document.activeElement.id"), "commit");
    browser.keys("#commit", "\u{e007}");
    browser.shows("#plan", "Paid $14.00.");
    browser.shows("#balances", "$6.00");
    assert_eq!(browser.count("#plan tbody tr"), 2, "which reward paid what");
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

    // A wallet with nothing, and one with much.
    browser.run("document.getElementById('profile').value = ''");
    browser.keys("#profile", "nobody\u{e007}");
    browser.shows("#whose", "nobody");
    browser.shows("#journal", "Nothing has happened yet.");
    assert_eq!((browser.count("#rewards li"), browser.text("#plan")), (0, String::new()));
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
        browser.post("/window/rect", json!({"width": width, "height": 900}));
        let spills = browser.run("return document.documentElement.scrollWidth > innerWidth");
        assert_eq!(spills, false, "the page is wider than a window of {width}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
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
        "return [...document.querySelectorAll('input, select, button, [role=region], section')].filter((element) =>
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
