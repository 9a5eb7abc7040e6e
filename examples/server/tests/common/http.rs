//! A client of a few lines: one connection for each call.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes, unless the server hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// As it is sent, percent-encoded.
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Request {
    /// Paths are below `/api/v3` unless they are at the root.
    pub fn new(method: &str, path: &str) -> Self {
        const ROOT: [&str; 11] = [
            "/health",
            "/metrics",
            "/openapi.json",
            "/test-clock",
            "/access",
            "/events",
            "/overview",
            "/reports/",
            "/search",
            "/webhooks",
            "/api/",
        ];
        let is_root = path == "/" || ROOT.iter().any(|root| path.starts_with(root));
        let path = if is_root { path.to_owned() } else { format!("/api/v3{path}") };
        Self { method: method.to_owned(), path, headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string().as_bytes()).header("Content-Type", "application/json")
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn send(&self, address: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            text.push_str(&format!("Host: {address}\r\n"));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", self.body.len()));
        stream.write_all(text.as_bytes())?;
        // As ordinary clients do, it sends everything before it looks for an answer.
        stream.write_all(&self.body)?;
        Answer::read(stream)
    }
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 65536];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
                    // Not every server hangs up when it is asked to.
                    if is_whole(&bytes) {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let broken = || io::Error::other("the answer broke off");
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let answer = Self { status, head: head.to_owned(), body: body.to_owned() };
        match answer.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if length != body.len() => Err(broken()),
            _ => Ok(answer),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// Panics with the answer, unless it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Panics with the answer, unless it refuses with this status and code.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code.to_owned()), "{}", self.body);
        self
    }

    pub fn code(&self) -> String {
        self.bare_json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn bare_json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn data(&self) -> Value {
        self.bare_json()["data"].take()
    }

    pub fn id(&self) -> u64 {
        self.data()["id"].as_u64().unwrap()
    }

    /// The ids of a list.
    pub fn ids(&self) -> Vec<u64> {
        self.data().as_array().unwrap().iter().map(|thing| thing["id"].as_u64().unwrap()).collect()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (other, value) = line.split_once(':')?;
        other.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Whether the head is there, and as much of the body as it says.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = header(head, "content-length").and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() == head.len() + 4 + length)
}
