//! Chromium, driven as a person would, by keys and clicks.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Request;

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn start() -> Option<Self> {
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

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut request = Request::new(method, path);
        request.path = path.to_owned();
        let request = if method == "POST" { request.json(body) } else { request };
        let answer = request.send(self.address).unwrap();
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.bare_json()["value"].take()
    }

    pub fn post(&self, path: &str, body: Value) -> Value {
        self.send("POST", &format!("{}{path}", self.session), &body)
    }

    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
    }

    /// Makes the window this wide, whatever the smallest is that a desktop allows.
    pub fn resize(&self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": size});
        self.post("/goog/cdp/execute", command);
    }

    /// Keeps a picture of the whole page in the folder that `SCRIP_SCREENSHOTS` names, if it does.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCRIP_SCREENSHOTS") else { return };
        let command = json!({"cmd": "Page.captureScreenshot", "params": {"format": "png", "captureBeyondViewport": true}});
        let shot = self.post("/goog/cdp/execute", command)["data"].take();
        let file = std::path::Path::new(&folder).join(format!("{name}.png.base64"));
        std::fs::write(file, shot.as_str().unwrap()).unwrap();
    }

    pub fn open(&self, url: &str) {
        self.post("/url", json!({"url": url}));
    }

    pub fn element(&self, selector: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": selector}));
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    pub fn keys(&self, selector: &str, text: &str) {
        self.post(&format!("{}/value", self.element(selector)), json!({"text": text}));
    }

    pub fn click(&self, selector: &str) {
        self.post(&format!("{}/click", self.element(selector)), json!({}));
    }

    /// Writes over what a field says.
    pub fn fill(&self, selector: &str, text: &str) {
        self.run(&format!("document.querySelector({}).value = ''", json!(selector)));
        self.keys(selector, text);
    }

    pub fn text(&self, selector: &str) -> String {
        let script = format!("return (document.querySelector({}) || {{}}).innerText || ''", json!(selector));
        self.run(&script).as_str().unwrap().to_owned()
    }

    /// Waits until an element holds a text.
    #[track_caller]
    pub fn shows(&self, selector: &str, part: &str) {
        let since = Instant::now();
        while !self.text(selector).contains(part) {
            assert!(
                since.elapsed() < PATIENCE,
                "{selector} does not show {part:?}, but {:?}",
                self.text(selector)
            );
        }
    }

    pub fn count(&self, selector: &str) -> u64 {
        self.run(&format!("return document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    }

    /// What the page complained of in the console.
    pub fn complaints(&self) -> Vec<String> {
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
