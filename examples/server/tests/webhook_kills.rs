//! Webhooks when the server, the receiver or both are killed at any moment: nothing is lost, doubles have one id, and each
//! profile's events keep their order.
//!
//! KILLS=200 for the large size.

#[path = "../../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
mod common;
#[path = "common/receiver.rs"]
#[allow(dead_code)]
mod receiver;

use std::thread;
use std::time::Duration;

use cluster::Cluster;
use common::{NOW, Server, TOKEN};
use receiver::{Heard, Receiver, Reply, firsts};
use serde_json::{Value, json};

const PROFILES: u32 = 5;

/// Repeatable chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % limit
    }
}

fn start(folder: &tempfile::TempDir, store: &str, receiver: &Receiver) -> Server {
    let webhook = receiver::options(folder.path(), receiver.address);
    let mut options: Vec<&str> = webhook.iter().map(String::as_str).collect();
    options.extend(["--store", store, "--token", TOKEN, "--test-clock"]);
    options.extend(["--webhook-backoff", "0.01", "--webhook-attempts", "1000"]);
    let server = Server::spawn(common::command(&options).env("RUST_LOG", "off"));
    server.set_clock(NOW);
    server
}

/// Every event that there was, as the feed tells it from the beginning.
fn feed(server: &Server) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/events?limit=500&cursor={cursor}")).is(200).bare_json();
        events.extend(page["data"].as_array().unwrap().iter().cloned());
        cursor = page["meta"]["cursor"].as_str().unwrap().to_owned();
        if page["meta"]["more"] == false {
            return events;
        }
    }
}

fn ids<'a>(profile: &str, events: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let of = events.filter(|event| event["profile_id"] == profile);
    of.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// Everything that the feed tells was heard, in the same order for each profile.
fn check(server: &Server, receiver: &Receiver) -> Vec<Heard> {
    let told = feed(server);
    let heard = receiver.wait_for(told.len());
    let data: Vec<Value> = heard.iter().map(|one| one.body()["data"].clone()).collect();
    for number in 0..PROFILES {
        let profile = format!("p{number}");
        assert_eq!(ids(&profile, data.iter()), ids(&profile, told.iter()), "{profile}");
    }
    heard
}

fn kills(usual: u32) -> u32 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(usual)
}

/// Catches: a cursor that is kept before what it passes; an id that is new in a retry; tries of one profile beside each other; a
/// retry that only the process remembers.
fn nothing_is_lost(folder: &tempfile::TempDir, store: &str, kills: u32) {
    let mut chance = Chance(20_261_127);
    let mut receiver = Receiver::start();
    let moods = std::sync::Mutex::new(Chance(7));
    receiver.answer(move |_| match moods.lock().unwrap().below(10) {
        0 => Reply::Status(500),
        mood => Reply::Slow(Duration::from_millis(mood.into())),
    });
    let mut server = start(folder, store, &receiver);
    let ten = server.define("ten", json!({}));
    for _ in 0..kills {
        for _ in 0..=chance.below(6) {
            let profile = format!("p{}", chance.below(PROFILES));
            server.issue(ten, &profile, json!({}));
            server.post(&format!("/profiles/{profile}/redemptions"), &json!({"amount": 1})).is(201);
        }
        thread::sleep(Duration::from_millis(chance.below(250).into()));
        let what = chance.below(3);
        if what != 0 {
            receiver.kill();
            thread::sleep(Duration::from_millis(chance.below(150).into()));
        }
        if what != 1 {
            server.kill();
            server = start(folder, store, &receiver);
        }
        if what != 0 {
            thread::sleep(Duration::from_millis(chance.below(50).into()));
            receiver.revive();
        }
    }
    let heard = check(&server, &receiver);
    let all = receiver.heard().len();
    println!("{} events in {all} tries over {kills} kills", heard.len());
    // A server that starts and has nothing left to do says nothing.
    server.kill();
    let server = start(folder, store, &receiver);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(firsts(&receiver.heard()).len(), heard.len());
    assert_eq!(server.get("/webhooks").is(200).data()[0]["dead_letters"], 0);
}

#[test]
fn nothing_is_lost_when_either_side_is_killed_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    nothing_is_lost(&folder, &store, kills(12));
}

#[test]
fn nothing_is_lost_when_either_side_is_killed_over_postgres() {
    let Some(cluster) = Cluster::start() else { return };
    nothing_is_lost(&tempfile::tempdir().unwrap(), &place(&cluster), kills(5));
}

/// Two processes on one store: one delivers, and the other one takes over when it is killed. Catches: two that deliver at once; one
/// that waits for ever, or begins anew.
fn one_of_two_delivers(folder: &tempfile::TempDir, store: &str) {
    let receiver = Receiver::start();
    let first = start(folder, store, &receiver);
    let second = start(folder, store, &receiver);
    let ten = first.define("ten", json!({}));
    for number in 0..20 {
        let server = if number % 2 == 0 { &first } else { &second };
        server.issue(ten, &format!("p{}", number % PROFILES), json!({}));
    }
    receiver.wait_for(20);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(receiver.heard().len(), 20, "each was told once");
    receiver.answer(|_| Reply::Status(500));
    for number in 0..10 {
        second.issue(ten, &format!("p{}", number % PROFILES), json!({}));
    }
    while receiver.heard().len() < 25 {
        thread::yield_now();
    }
    first.kill();
    receiver.answer(|_| Reply::Status(200));
    check(&second, &receiver);
    assert_eq!(firsts(&receiver.heard()).len(), 30);
}

#[test]
fn one_of_two_processes_delivers_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    one_of_two_delivers(&folder, &format!("sqlite:{}", folder.path().join("ledger.sqlite").display()));
}

#[test]
fn one_of_two_processes_delivers_over_postgres() {
    let Some(cluster) = Cluster::start() else { return };
    one_of_two_delivers(&tempfile::tempdir().unwrap(), &place(&cluster));
}

fn place(cluster: &Cluster) -> String {
    let port = cluster.config("postgres").get_ports()[0];
    format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
}
