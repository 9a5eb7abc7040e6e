//! A server of its own for each test, as a process, and a client that holds every answer against the description.
#![allow(dead_code)] // Each test file uses its part.

#[path = "../../../../tests/browser/mod.rs"]
pub mod browser;
pub mod customer;
pub mod http;
pub mod schema;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Mutex;

pub use http::{Answer, Request};
use serde_json::{Value, json};

pub const TOKEN: &str = "a secret";
/// When tests happen, unless they say otherwise.
pub const NOW: &str = "2025-06-20T00:00:00Z";

/// A running server.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub description: Value,
    /// The described operations that were called.
    called: Mutex<BTreeSet<String>>,
}

impl Server {
    /// In memory, with a clock that stands still.
    pub fn start() -> Self {
        Self::with(&["--store", "memory"])
    }

    /// With these options, a token and a clock that stands still.
    pub fn with(options: &[&str]) -> Self {
        let server = Self::bare(&[options, &["--token", TOKEN, "--test-clock"]].concat());
        server.set_clock(NOW);
        server
    }

    /// With these options and no others.
    pub fn bare(options: &[&str]) -> Self {
        Self::spawn(&mut command(options))
    }

    /// With its log to be read; as it is not read before the end, it has to be a short one.
    pub fn logged(options: &[&str]) -> Self {
        Self::spawn(command(options).env("RUST_LOG", "info").stderr(Stdio::piped()))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("scrip-server listens on http://");
        let address =
            address.unwrap_or_else(|| panic!("the server did not start: {line:?}")).parse().unwrap();
        let mut server = Self { child, address, description: Value::Null, called: Mutex::default() };
        server.description = server.get("/openapi.json").bare_json();
        server
    }

    pub fn set_clock(&self, now: &str) {
        self.put("/test-clock", &json!({"now": now})).is(200);
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call(Request::new("GET", path))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Request::new("POST", path).json(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Request::new("PUT", path).json(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.call(Request::new("DELETE", path))
    }

    /// The same, under an idempotency key.
    pub fn post_keyed(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.call(Request::new("POST", path).json(body).header("Idempotency-Key", key))
    }

    /// Calls with the token. Paths are below `/api/v3` unless they are at the root.
    pub fn call(&self, request: Request) -> Answer {
        let request = request.header("Authorization", &format!("Bearer {TOKEN}"));
        let answer = request.send(self.address).unwrap();
        if !self.description.is_null() {
            let described = schema::check(&self.description, &request, &answer);
            self.called.lock().unwrap().extend(described.map(|path| format!("{} {path}", request.method)));
        }
        answer
    }

    /// Every operation that is described and was not called.
    pub fn uncalled(&self) -> Vec<String> {
        let paths = self.description["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        let called = self.called.lock().unwrap();
        all.filter(|operation| !called.contains(operation)).collect()
    }

    /// Calls, if the server is still there to answer.
    pub fn try_call(&self, request: Request) -> Option<Answer> {
        request.header("Authorization", &format!("Bearer {TOKEN}")).send(self.address).ok()
    }

    /// Ends it without a warning, as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, without waiting.
    pub fn ask_to_stop(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has stopped by itself; whether all was well.
    pub fn stopped(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// What it logged, once it has stopped.
    pub fn log(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    // What many tests start with.

    /// A definition of rewards worth 10; its id.
    pub fn define(&self, handle: &str, more: Value) -> u64 {
        let mut body = json!({"name": handle, "handle": handle, "value": 10});
        merge(&mut body, more);
        self.post("/reward-definitions", &body).is(201).id()
    }

    /// A reward; its id.
    pub fn issue(&self, definition: u64, profile: &str, more: Value) -> u64 {
        let mut body = json!({"reward_definition_id": definition, "profile_id": profile});
        merge(&mut body, more);
        self.post("/rewards", &body).is(201).id()
    }

    pub fn balance(&self, profile: &str) -> Value {
        self.get(&format!("/profiles/{profile}/balances")).is(200).data()["reward_balance"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(options: &[&str]) -> Command {
    bare_command(&[&["--listen", "127.0.0.1:0"], options].concat())
}

/// With these options and no others.
pub fn bare_command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip-server"));
    command.args(options).env("RUST_LOG", "warn").env_remove("SCRIP_TOKEN");
    command
}

pub fn merge(body: &mut Value, more: Value) {
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
}
