//! Chromium, by its driver: pages are opened, used by keys and clicks as a person would, and looked at by scripts.
//!
//! Without Chromium the tests that need it are skipped, loudly; with `SCRIP_REQUIRE_BROWSER=1` they fail.
#![allow(dead_code)] // Each test uses its part.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long the driver may take to start, and a page to show something.
const PATIENCE: Duration = Duration::from_secs(30);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    profile: tempfile::TempDir,
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
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self { driver: command.spawn().unwrap(), address, session: String::new(), profile };
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(since.elapsed() < PATIENCE, "the driver does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let folder = format!("--user-data-dir={}", browser.profile.path().display());
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
            &folder,
        ];
        let options = json!({"binary": chromium, "args": flags});
        let logs = json!({"browser": "ALL"});
        let wanted = json!({"goog:chromeOptions": options, "goog:loggingPrefs": logs});
        let wanted = json!({"capabilities": {"alwaysMatch": wanted}});
        let made = browser.send("POST", "/session", &wanted).unwrap();
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    pub fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// What a script answers in the page.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Makes the window this wide, whatever the smallest is that a desktop allows.
    pub fn resize(&self, width: u32) {
        let size = json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500});
        self.tell("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Shows pages on a `screen` or as in `print`, light or dark.
    pub fn show_on(&self, media: &str, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tell("Emulation.setEmulatedMedia", &json!({"media": media, "features": features}));
    }

    /// Keeps a picture of the whole page in the folder that `SCRIP_SCREENSHOTS` names, if it does.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCRIP_SCREENSHOTS") else { return };
        let shot = self.tell("Page.captureScreenshot", &json!({"captureBeyondViewport": true}));
        let file = std::path::Path::new(&folder).join(format!("{name}.png.base64"));
        std::fs::write(file, shot["data"].as_str().unwrap()).unwrap();
    }

    /// How many elements a selector finds.
    pub fn count(&self, selector: &str) -> u64 {
        self.run(&format!("return document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
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
            let shown = self.text(selector);
            assert!(since.elapsed() < PATIENCE, "{selector} does not show {part:?}, but {shown:?}");
        }
    }

    pub fn click(&self, selector: &str) {
        self.post(&format!("{}/click", self.element(selector)), &json!({}));
    }

    pub fn keys(&self, selector: &str, text: &str) {
        self.post(&format!("{}/value", self.element(selector)), &json!({"text": text}));
    }

    /// Replaces the text of a field.
    pub fn fill(&self, selector: &str, text: &str) {
        self.run(&format!("document.querySelector({}).value = ''", json!(selector)));
        self.keys(selector, text);
    }

    /// The errors and warnings in the page's console.
    pub fn complaints(&self) -> Vec<String> {
        let said = self.post("/se/log", &json!({"type": "browser"}));
        said.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    /// Sends a command to the browser itself.
    fn tell(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.send("POST", &format!("{}{path}", self.session), body).unwrap()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Value> {
        let mut stream = TcpStream::connect(self.address)?;
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        // The driver keeps the connection open: an answer is as long as it says.
        let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let begin = head.len();
            assert!(reader.read_line(&mut head)? > 0, "{method} {path}: the driver is gone");
            let line = head[begin..].to_ascii_lowercase();
            length =
                line.strip_prefix("content-length:").map_or(length, |length| length.trim().parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body);
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {path}: {head} {body}");
        Ok(serde_json::from_str::<Value>(&body)?["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser that it started, also after a test that failed.
        if !self.session.is_empty() {
            let _ = self.send("DELETE", &self.session, &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
