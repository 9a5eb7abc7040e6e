//! What the server keeps when it ends: when asked to, and when the power goes.

mod common;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use common::{Answer, Request, Server, TOKEN};
use serde_json::json;

fn store(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("ledger.sqlite").display())
}

#[test]
fn a_restart_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::with(&["--store", &store(&folder)]);
    let definition = server.define("ten", json!({}));
    server.issue(
        definition,
        "p",
        json!({"expires_at": "2025-07-15 23:59:59", "timezone": "Australia/Melbourne"}),
    );
    server.post_keyed("k", "/profiles/p/redemptions", &json!({"amount": 4})).is(201);
    server
        .post("/transactions", &json!({"profile_id": "p", "total": 5, "external_id": "E", "location": 7}))
        .is(201);
    let paths = [
        "/profiles/p/rewards",
        "/profiles/p/redemptions",
        "/profiles/p/transactions",
        "/profiles/p/ledgers",
        "/profiles/p/balances",
        "/rewards",
        "/transactions",
        "/reward-definitions",
        "/points/definitions",
    ];
    let seen =
        |server: &Server| -> Vec<_> { paths.iter().map(|path| server.get(path).is(200).data()).collect() };
    let before = seen(&server);
    server.ask_to_stop();
    assert!(server.stopped());
    let server = Server::with(&["--store", &store(&folder)]);
    assert_eq!(seen(&server), before);
    server.post_keyed("k", "/profiles/p/redemptions", &json!({"amount": 4})).is(201);
    assert_eq!(server.balance("p"), 6);
}

/// A stop lets what is in flight finish: every call that was begun is answered whole.
#[test]
fn a_stop_finishes_what_is_in_flight() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::with(&["--store", &store(&folder)]);
    let definition = server.define("ten", json!({}));
    let body = json!({"reward_definition_id": definition, "profile_id": "p"}).to_string();
    let head = format!(
        "POST /api/v3/rewards HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // Half of the request is there when the stop comes.
    let mut streams: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..5]).unwrap();
    }
    // Answered on other connections, so the server has read what was sent before.
    while !server.get("/metrics").is(200).body.contains("scrip_calls_in_flight 9") {}
    server.ask_to_stop();
    // It takes no new calls, but ends those that it has.
    while TcpStream::connect(server.address).is_ok() {}
    for stream in &mut streams {
        stream.write_all(&body.as_bytes()[5..]).unwrap();
    }
    for stream in streams {
        Answer::read(stream).unwrap().is(201);
    }
    assert!(server.stopped());
    let server = Server::with(&["--store", &store(&folder)]);
    assert_eq!(server.balance("p"), 80);
}

/// The process is killed under load, started again, and every call is tried again under its key: nothing that was
/// answered is lost, and nothing is done twice.
#[test]
fn a_kill_under_load_loses_nothing_and_does_nothing_twice() {
    const PROFILES: usize = 4;
    const CLIENTS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(&["--store", &store(&folder)]);
    let definition = server.define("ten", json!({}));
    for profile in 0..PROFILES {
        server.issue(definition, &format!("p{profile}"), json!({"value_initial": 100_000}));
    }
    let answered = Mutex::new(BTreeMap::new());
    let sent = Mutex::new(Vec::new());
    let (done, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let address = server.address;
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (answered, sent, done, count) = (&answered, &sent, &done, &count);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    let key = format!("client-{client}-{number}");
                    let profile = format!("p{}", number % PROFILES);
                    sent.lock().unwrap().push((key.clone(), profile.clone()));
                    let Some(answer) = redeem(address, &key, &profile) else { return };
                    answered.lock().unwrap().insert(key, answer.is(201).body);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // In the middle of it.
        while count.load(Ordering::SeqCst) < 300 {
            thread::yield_now();
        }
        server.kill();
        done.store(true, Ordering::SeqCst);
    });
    let (sent, answered) = (sent.into_inner().unwrap(), answered.into_inner().unwrap());
    assert!(sent.len() > answered.len(), "nothing was in flight");
    let server = Server::with(&["--store", &store(&folder)]);
    for (key, profile) in &sent {
        let again = redeem(server.address, key, profile).unwrap().is(201);
        if let Some(first) = answered.get(key) {
            assert_eq!(&again.body, first, "{key}");
        }
    }
    for profile in 0..PROFILES {
        let name = format!("p{profile}");
        let calls = sent.iter().filter(|(_, other)| *other == name).count();
        let path = format!("/profiles/{name}/redemptions?page[size]=1");
        assert_eq!(server.get(&path).is(200).bare_json()["meta"]["total"], json!(calls));
        assert_eq!(server.balance(&name), json!(100_000 - calls));
    }
}

fn redeem(address: SocketAddr, key: &str, profile: &str) -> Option<Answer> {
    let request = Request::new("POST", &format!("/profiles/{profile}/redemptions"))
        .json(&json!({"amount": 1, "strict": true}))
        .header("Idempotency-Key", key)
        .header("Authorization", &format!("Bearer {TOKEN}"));
    request.send(address).ok()
}
