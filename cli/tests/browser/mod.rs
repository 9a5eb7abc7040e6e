//! Chromium, by its driver: a page at some width, on a screen or on paper, light or dark, and what a script says of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long the driver may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a page is shown on.
pub struct Look {
    pub name: &'static str,
    pub width: u32,
    /// `screen` or `print`.
    pub media: &'static str,
    pub is_dark: bool,
}

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
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &folder,
        ];
        let options = json!({"binary": chromium, "args": flags});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let made = browser.send("POST", "/session", &wanted).unwrap();
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    /// Opens a page.
    pub fn open(&self, url: &str, look: &Look) {
        let size =
            json!({"width": look.width, "height": 1000, "deviceScaleFactor": 1, "mobile": look.width < 500});
        self.tell("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tell("Emulation.setEmulatedMedia", &json!({"media": look.media, "features": features}));
        self.post("/url", &json!({"url": url}));
    }

    /// What a script answers in the page.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Keeps a picture of the whole page in a folder, as a PNG.
    pub fn keep_picture(&self, folder: &Path, look: &Look) {
        let shot = self.tell("Page.captureScreenshot", &json!({"captureBeyondViewport": true}));
        let name = look.name.replace(", ", "-");
        std::fs::write(folder.join(format!("{name}.png.base64")), shot["data"].as_str().unwrap()).unwrap();
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
