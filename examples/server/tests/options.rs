//! The options: `--help` and the README say the same, and connections are kept as long as they are told to be.

mod common;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Answer, Request, Server, TOKEN};
use serde_json::json;

const README: &str = include_str!("../README.md");

/// Options by name, each with the value that holds where it is not given.
type Options = BTreeMap<String, Option<String>>;

fn in_help() -> Options {
    let output = common::command(&[]).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut options = Options::new();
    let mut last = String::new();
    for line in text.lines().map(str::trim) {
        if let Some((_, name)) = line.split_once("--").filter(|_| line.starts_with('-')) {
            last = name.split([' ', ',']).next().unwrap().to_owned();
            options.insert(last.clone(), None);
        }
        if let Some((_, rest)) = line.split_once("[default: ") {
            let default = rest.split(']').next().unwrap();
            options.insert(last.clone(), Some(default.to_owned()));
        }
    }
    options.retain(|name, _| !["help", "version"].contains(&name.as_str()));
    options
}

fn in_readme() -> Options {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `--")?.split('`').next());
    let option = |row: &str| {
        let (name, value) = row.split_once(' ').map_or((row, None), |(name, value)| (name, Some(value)));
        // A value in capitals stands for what has to be given.
        let is_letter = |char: char| char.is_ascii_uppercase() || char == '=';
        let default = value.filter(|value| !value.chars().all(is_letter));
        (name.to_owned(), default.map(str::to_owned))
    };
    rows.map(option).collect()
}

/// Catches: an option that one of the two does not know, and another default.
#[test]
fn the_help_and_the_readme_agree() {
    assert_eq!(in_help(), in_readme());
    assert!(in_help().len() > 5);
}

fn open(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Catches: a connection that ends before it was said to, so that a client meets a closed one.
#[test]
fn an_idle_connection_stays_open_for_its_timeout() {
    let server = Server::with(&["--store", "memory", "--idle-timeout", "1"]);
    let mut stream = open(&server);
    let call = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    for _ in 0..2 {
        stream.write_all(call.as_bytes()).unwrap();
        let answer = Answer::read(stream.try_clone().unwrap()).unwrap().is(200);
        assert_eq!(answer.header("keep-alive"), Some("timeout=1"));
        std::thread::sleep(Duration::from_secs(1));
    }
    // Then it is closed, and nothing is said: nothing was asked.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    let ended = Request::new("GET", "/health").header("Authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(ended.send(server.address).unwrap().header("keep-alive"), None, "it said Connection: close");
}

/// Catches: a client whose headers are slow that is left without an answer, or kept for ever.
#[test]
fn slow_headers_are_answered_and_closed() {
    let server = Server::with(&["--store", "memory", "--idle-timeout", "0.5"]);
    let mut stream = open(&server);
    let since = Instant::now();
    for piece in ["GET /hea", "lth HTTP/1.1\r\n", "Host: localhost\r\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(since.elapsed() < Duration::from_secs(10));
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("\r\nConnection: close\r\n"), "{text}");
    let body: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let told = json!({"message": "the headers took too long", "code": "too_slow", "errors": {}});
    assert_eq!(body, told);
}
