//! The server is restarted under load, as when a new version is rolled out.

mod common;

use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{Request, Server, TOKEN};
use serde_json::json;

const CLIENTS: usize = 8;
const RESTARTS: usize = 8;

/// What the clients saw.
#[derive(Default)]
struct Seen {
    answered: AtomicU32,
    /// Nobody listened: the call was not begun.
    refused: AtomicU32,
    /// The connection broke before the answer was there.
    broken: AtomicU32,
}

/// Sends a call until it is answered, as a client does that has a key for it.
fn insist(address: SocketAddr, request: &Request, seen: &Seen) {
    loop {
        match request.send(address) {
            Ok(answer) => {
                assert_eq!(answer.status, 201, "{}", answer.body);
                seen.answered.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                seen.refused.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(2));
            }
            Err(_) => {
                seen.broken.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Catches: a connection that was accepted, or waits to be, and is dropped by the stop; a call that is done twice or not at all.
#[test]
fn a_restart_under_load_loses_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let options = ["--listen", &address, "--store", &store, "--token", TOKEN];
    let start = || Server::spawn(&mut common::bare_command(&options));
    let mut server = start();
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({"value_initial": 1_000_000}));
    let (seen, done, sent) = (Seen::default(), AtomicBool::new(false), Mutex::new(0_u64));
    let place = server.address;
    let mut away = Duration::ZERO;
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (seen, done, sent) = (&seen, &done, &sent);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    *sent.lock().unwrap() += 1;
                    let request = Request::new("POST", "/profiles/p/redemptions")
                        .json(&json!({"amount": 1, "strict": true}))
                        .header("Idempotency-Key", &format!("{client}-{number}"))
                        .header("Authorization", &format!("Bearer {TOKEN}"));
                    insist(place, &request, seen);
                }
            });
        }
        for round in 1..=RESTARTS {
            while seen.answered.load(Ordering::SeqCst) < 100 * round as u32 {
                thread::yield_now();
            }
            let since = Instant::now();
            server.ask_to_stop();
            assert!(server.stopped());
            server = start();
            away += since.elapsed();
        }
        done.store(true, Ordering::SeqCst);
    });
    let (answered, refused, broken) = (seen.answered, seen.refused, seen.broken);
    println!(
        "{answered:?} answered, {refused:?} refused at the door, {broken:?} broken; a restart took {:?}",
        away / RESTARTS as u32
    );
    let sent = sent.into_inner().unwrap();
    assert_eq!(u64::from(answered.into_inner()), sent);
    let made = server.get("/profiles/p/redemptions?page[size]=1").is(200).bare_json();
    assert_eq!(made["meta"]["total"], sent, "each is done once");
    assert_eq!(server.balance("p"), 1_000_000 - sent);
    // A connection may be made in the instant in which the socket is closed.
    assert!(broken.into_inner() <= RESTARTS as u32 / 2, "calls were dropped");
}
