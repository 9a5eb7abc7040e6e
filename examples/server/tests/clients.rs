//! How real clients behave: they write before they read, and a browser sends what any page tells it to.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Answer, Request, Server};
use serde_json::json;

/// More than fits into the buffers between a client and a server.
const LARGE: usize = 2 << 20;

#[test]
fn every_client_that_writes_first_sees_why_it_was_refused() {
    let server = Server::start();
    let large = vec![b' '; LARGE];
    for _ in 0..200 {
        server.call(Request::new("POST", "/rewards").body(&large)).refuses(413, "too_large");
    }
    for _ in 0..200 {
        let nobody = Request::new("POST", "/rewards").body(&large).send(server.address).unwrap();
        let refused = nobody.refuses(401, "unauthorized");
        assert_eq!(refused.header("connection"), Some("close"));
    }
    let bare = Server::bare(&["--store", "memory"]);
    for _ in 0..20 {
        server.call(Request::new("POST", "/nowhere").body(&large)).refuses(404, "not_found");
        server.call(Request::new("PATCH", "/rewards").body(&large)).refuses(405, "method_not_allowed");
        let keyed = Request::new("POST", "/rewards").body(&large).header("Idempotency-Key", "");
        server.call(keyed).refuses(422, "invalid_field");
        server.call(Request::new("POST", "/rewards?limit=1").body(&large)).refuses(422, "unknown_parameter");
        // A call that does not look at its body.
        server.call(Request::new("DELETE", "/transactions/7").body(&large)).refuses(413, "too_large");
        let foreign = Request::new("POST", "/rewards").body(&large).header("Origin", "http://evil.example");
        foreign.send(bare.address).unwrap().refuses(403, "forbidden");
    }
    // In chunks it is not announced how much there will be.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        let head = format!(
            "POST /api/v3/rewards HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            common::TOKEN
        );
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..LARGE >> 16 {
            stream.write_all(b"10000\r\n").unwrap();
            stream.write_all(&large[..1 << 16]).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        Answer::read(stream).unwrap().refuses(413, "too_large");
    }
}

/// Nothing is waited for: not what a client promised and does not send, and not what it asks leave to send.
#[test]
fn a_refusal_does_not_wait_for_the_body() {
    let mut server = Server::start();
    let call = |length: usize, more: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let head =
            format!("POST /api/v3/rewards HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let since = Instant::now();
    let silent = call(LARGE, "");
    Answer::read(silent.try_clone().unwrap()).unwrap().refuses(401, "unauthorized");
    let asked = Answer::read(call(LARGE, "Expect: 100-continue\r\n")).unwrap();
    assert!(!asked.head.contains("100 Continue"));
    asked.refuses(401, "unauthorized");
    assert!(since.elapsed() < Duration::from_secs(5));
    // One that keeps sending is cut off.
    let mut endless = call(1 << 30, "");
    endless.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut sent = 0_usize;
    while sent < 256 << 20 && endless.write_all(&[b' '; 1 << 16]).is_ok() {
        sent += 1 << 16;
    }
    assert!(sent < 256 << 20, "everything was read");
    // Nor is one waited for without end that sends nothing.
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!((&silent).read(&mut [0; 1]).unwrap(), 0, "the connection is still open");
    // And none of them keeps the server from stopping.
    let since = Instant::now();
    let waiting = call(LARGE, "");
    Answer::read(waiting.try_clone().unwrap()).unwrap().refuses(401, "unauthorized");
    server.ask_to_stop();
    assert!(server.stopped());
    assert!(since.elapsed() < Duration::from_secs(5));
}

#[test]
fn without_a_token_no_page_of_another_site_can_call() {
    let server = Server::bare(&["--store", "memory"]);
    let body = json!({"name": "n", "handle": "h", "value": 1});
    let define = || Request::new("POST", "/reward-definitions").body(body.to_string().as_bytes());
    let own = format!("http://{}", server.address);
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:1"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let foreign = define().header(name, value).header("Content-Type", "text/plain");
        foreign.send(server.address).unwrap().refuses(403, "forbidden");
        let read = Request::new("GET", "/rewards").header(name, value);
        read.send(server.address).unwrap().refuses(403, "forbidden");
    }
    // A name that was made to lead here.
    let rebound = define().header("Host", "rebound.example:8080");
    rebound.send(server.address).unwrap().refuses(403, "forbidden");
    // Programs, as `curl -d` is one, and the own page go on as before.
    let form = define().header("Content-Type", "application/x-www-form-urlencoded");
    form.send(server.address).unwrap().is(201);
    let read = Request::new("GET", "/reward-definitions").header("Origin", &own);
    read.header("Sec-Fetch-Site", "same-origin").send(server.address).unwrap().is(200);
    let port = server.address.port();
    let named = Request::new("GET", "/health").header("Host", &format!("localhost:{port}"));
    named.send(server.address).unwrap().is(200);
    // With a token, it is the token that counts.
    let guarded = Server::start();
    let foreign = Request::new("GET", "/health").header("Origin", "http://shop.example");
    guarded.call(foreign.header("Host", "ledger.example")).is(200);
}
