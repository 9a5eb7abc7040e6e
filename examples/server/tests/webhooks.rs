//! Webhooks: every event reaches the receiver, signed, at least once and in order for each profile, whatever it answers.

mod common;
#[path = "common/receiver.rs"]
#[allow(dead_code)]
mod receiver;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{NOW, Request, Server, TOKEN, merge};
use receiver::{Heard, Receiver, Reply, wait_until};
use scrip::store::sqlite::rusqlite::Connection;
use serde_json::{Value, json};

/// A server on a file in the folder, that tells the receiver.
fn start(folder: &Path, receiver: &Receiver, more: &[&str]) -> Server {
    let store = format!("sqlite:{}", folder.join("ledger.sqlite").display());
    let webhook = receiver::options(folder, receiver.address);
    let mut options: Vec<&str> = webhook.iter().map(String::as_str).collect();
    options.extend(["--store", &store, "--token", TOKEN, "--test-clock"]);
    options.extend(more);
    // That a receiver fails is told to whoever runs the server, and is not news here.
    let server = Server::spawn(common::command(&options).env("RUST_LOG", "off"));
    server.set_clock(NOW);
    server
}

fn redeem(server: &Server, profile: &str) {
    server.post(&format!("/profiles/{profile}/redemptions"), &json!({"amount": 1, "strict": true})).is(201);
}

fn of(profile: &str, heard: &[Heard]) -> Vec<String> {
    heard.iter().filter(|one| one.profile() == profile).map(|one| one.id.clone()).collect()
}

/// What the server says of its only receiver.
fn status(server: &Server) -> Value {
    server.get("/webhooks").is(200).data()[0].take()
}

fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").is(200).body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
}

/// Catches: a signature over other bytes than are sent, or with one secret only; another id or another body than `GET /events` tells.
#[test]
fn every_event_is_sent_as_the_feed_tells_it() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let server = start(folder.path(), &receiver, &[]);
    server.set_clock("2125-06-20T00:00:00Z");
    let ten = server.define("ten", json!({"period": 90}));
    server.issue(ten, "René/é", json!({"expires_at": "2125-08-15 23:59:59", "timezone": "UTC"}));
    redeem(&server, "Ren%C3%A9%2F%C3%A9");
    server.post("/transactions", &json!({"profile_id": "René/é", "total": 9})).is(201);
    receiver.wait_for(3);
    for (count, now) in [(4, "2125-07-20"), (5, "2125-08-10"), (6, "2125-08-16")] {
        server.set_clock(&format!("{now}T00:00:00Z"));
        receiver.wait_for(count);
    }
    let heard = receiver.wait_for(6);
    let kinds: Vec<_> = heard.iter().map(|one| one.body()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["issued", "redeemed", "transaction", "expiring_soon", "expiring_soon", "expired"]);
    // Later than the feed hears it all at once, but for the notices that have passed.
    let feed = server.get("/events").is(200).data();
    let told: Vec<Value> = heard.iter().map(|one| one.body()["data"].clone()).collect();
    for event in feed.as_array().unwrap() {
        assert!(told.contains(event), "{event} is not among {told:?}");
    }
    assert_eq!(feed.as_array().unwrap().len(), 4);
    assert!(heard.iter().all(|one| one.path == "/hooks" && one.profile() == "René/é"));
    assert_eq!(heard[0].body()["timestamp"], "2125-06-20T00:00:00Z");
    wait_until(|| nothing_waits(&server));
    let (shown, url) = (status(&server), format!("http://{}/hooks", receiver.address));
    assert_eq!(
        shown,
        json!({"name": "crm", "url": url, "is_gone": false, "waiting": 0, "lag_seconds": 0.0, "dead_letters": 0})
    );
    assert_eq!(metric(&server, "scrip_webhook_deliveries_total{receiver=\"crm\",outcome=\"sent\"}"), 6.0);
}

fn nothing_waits(server: &Server) -> bool {
    let told = status(server);
    told["waiting"] == 0 && told["lag_seconds"] == 0.0
}

/// A thousandth of the usual waits, and of an hour. Catches: an event that is given up, or told out of order.
#[test]
fn a_receiver_that_is_away_for_an_hour_misses_nothing() {
    let (folder, mut receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    receiver.kill();
    let server = start(folder.path(), &receiver, &["--webhook-backoff", "0.005"]);
    let ten = server.define("ten", json!({}));
    let began = Instant::now();
    for number in 0..24 {
        let profile = format!("p{}", number % 6);
        server.issue(ten, &profile, json!({}));
        redeem(&server, &profile);
    }
    thread::sleep(Duration::from_millis(3_600).saturating_sub(began.elapsed()));
    assert_eq!(status(&server)["waiting"], 48);
    assert!(metric(&server, "scrip_webhook_lag_seconds{receiver=\"crm\"}") > 1.0);
    assert!(metric(&server, "scrip_webhook_retries_total{receiver=\"crm\"}") > 6.0);
    receiver.revive();
    let heard = receiver.wait_for(48);
    for number in 0..6 {
        let sequences: Vec<u64> = of(&format!("p{number}"), &heard)
            .iter()
            .map(|id| id.rsplit('-').next().unwrap().parse().unwrap())
            .collect();
        assert!(sequences.is_sorted() && sequences.len() == 8, "{sequences:?}");
    }
    wait_until(|| nothing_waits(&server));
    assert_eq!(status(&server)["dead_letters"], 0);
}

/// Catches: profiles that sit out their waits although the receiver is back.
#[test]
fn a_receiver_that_is_back_gets_waiting_events_at_once() {
    let (folder, mut receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    receiver.kill();
    let server = start(folder.path(), &receiver, &["--webhook-backoff", "40"]);
    let ten = server.define("ten", json!({}));
    for profile in ["p", "q"] {
        server.issue(ten, profile, json!({}));
    }
    let failed = "scrip_webhook_deliveries_total{receiver=\"crm\",outcome=\"failed\"}";
    wait_until(|| metric(&server, failed) == 2.0);
    let since = Instant::now();
    receiver.revive();
    server.issue(ten, "r", json!({}));
    receiver.wait_for(3);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

/// Catches: one profile that holds back another, or is overtaken by its own later events; a retry under a new id.
#[test]
fn an_event_that_fails_holds_back_only_its_profile() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let options = ["--webhook-backoff", "0.02", "--webhook-timeout", "0.3"];
    let server = start(folder.path(), &receiver, &options);
    let ten = server.define("ten", json!({}));
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    receiver.answer(move |one| match one.profile().as_str() {
        "ill" if !well.load(Ordering::SeqCst) => Reply::Status(500),
        "slow" if !well.load(Ordering::SeqCst) => Reply::Slow(Duration::from_secs(2)),
        "moved" if !well.load(Ordering::SeqCst) => Reply::Status(302),
        _ => Reply::Status(200),
    });
    let began = Instant::now();
    for profile in ["ill", "slow", "moved", "good"] {
        server.issue(ten, profile, json!({}));
        (0..3).for_each(|_| redeem(&server, profile));
    }
    wait_until(|| of("good", &receiver.heard()).len() == 4);
    let tried = |profile: &str| of(profile, &receiver.heard()).len();
    wait_until(|| tried("ill") > 3 && tried("slow") > 1 && tried("moved") > 3);
    assert!(began.elapsed() < Duration::from_secs(30));
    let heard = receiver.heard();
    for profile in ["ill", "slow", "moved"] {
        let ids = of(profile, &heard);
        assert!(ids.iter().all(|id| *id == ids[0]), "{profile} was told of {ids:?}");
    }
    is_well.store(true, Ordering::SeqCst);
    let heard = receiver.wait_for(16);
    for profile in ["ill", "slow", "moved", "good"] {
        let ids = of(profile, &heard);
        assert!(
            ids[0].starts_with("issued") && ids[1..].iter().all(|id| id.starts_with("redeemed")),
            "{ids:?}"
        );
        assert!(ids[1..].is_sorted(), "{ids:?}");
    }
    assert!(metric(&server, "scrip_webhook_deliveries_total{receiver=\"crm\",outcome=\"failed\"}") >= 8.0);
}

/// Catches: a dead letter that is lost, by itself or in a restart; a replay that begins a new event, or that nobody may see.
#[test]
fn an_event_that_is_given_up_can_be_replayed() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let options = ["--webhook-backoff", "0.01", "--webhook-attempts", "3", "--read-token", "reader"];
    let server = start(folder.path(), &receiver, &options);
    let ten = server.define("ten", json!({}));
    receiver.answer(|one| Reply::Status(if one.profile() == "ill" { 500 } else { 200 }));
    server.issue(ten, "ill", json!({}));
    redeem(&server, "ill");
    redeem(&server, "ill");
    server.issue(ten, "good", json!({}));
    wait_until(|| status(&server)["dead_letters"] == 3);
    assert_eq!(of("ill", &receiver.heard()).len(), 9, "each is tried three times");
    assert_eq!(metric(&server, "scrip_webhook_dead_letters_total{receiver=\"crm\"}"), 3.0);
    server.kill();
    let server = start(folder.path(), &receiver, &options);
    let dead = server.get("/webhooks/crm/dead-letters").is(200).data();
    let first = receiver.heard().into_iter().find(|one| one.profile() == "ill").unwrap();
    let one = &dead[0];
    assert_eq!(
        json!([
            one["event_id"],
            one["type"],
            one["profile_id"],
            one["attempts"],
            one["error"],
            one["payload"]
        ]),
        json!([first.id, "issued", "ill", 3, "answered 500", first.body()])
    );
    let page = server.get("/webhooks/crm/dead-letters?page[cursor]=&page[size]=2").is(200);
    assert_eq!(page.bare_json()["data"], json!([dead[0], dead[1]]));
    let next = page.bare_json()["links"]["next"].as_str().unwrap().to_owned();
    let next = next.split_once("/webhooks").unwrap().1;
    let rest = server.get(&format!("/webhooks{next}")).is(200).bare_json();
    assert_eq!(json!([rest["data"], rest["links"]["next"]]), json!([[dead[2]], null]));
    assert_eq!(server.get("/webhooks/crm/dead-letters?filter[type]=issued").is(200).data(), json!([one]));
    // Only whoever may change something replays.
    let replay = Request::new("POST", "/webhooks/crm/dead-letters/replay");
    replay.header("Authorization", "Bearer reader").send(server.address).unwrap().refuses(403, "read_only");
    for unknown in ["crm/dead-letters/99/replay", "crm/dead-letters/x/replay", "erp/dead-letters/1/replay"] {
        server.post(&format!("/webhooks/{unknown}"), &json!({})).refuses(404, "not_found");
    }
    receiver.answer(|_| Reply::Status(200));
    let before = receiver.heard().len();
    let second = format!("/webhooks/crm/dead-letters/{}/replay", dead[1]["id"]);
    assert_eq!(server.post(&second, &json!({})).is(200).data(), json!({"replayed": 1}));
    server.post(&second, &json!({})).refuses(404, "not_found");
    wait_until(|| receiver.heard().len() == before + 1);
    let replayed = server.post("/webhooks/crm/dead-letters/replay", &json!({})).is(200).data();
    assert_eq!(replayed, json!({"replayed": 2}));
    wait_until(|| receiver.heard().len() == before + 3);
    let again: Vec<Value> = receiver.heard()[before..].iter().map(|one| json!(one.id)).collect();
    assert_eq!(json!(again), json!([dead[1]["event_id"], dead[0]["event_id"], dead[2]["event_id"]]));
    wait_until(|| nothing_waits(&server));
    assert_eq!(server.get("/webhooks/crm/dead-letters").is(200).data(), json!([]));
    receiver.wait_for(4);
}

/// Catches: a receiver that is told on although it wants no more, or is left alone for ever; an event that is lost over it.
#[test]
fn a_receiver_that_is_gone_gets_nothing_until_it_is_resumed() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let options = ["--webhook-backoff", "0.01"];
    let server = start(folder.path(), &receiver, &options);
    let ten = server.define("ten", json!({}));
    receiver.answer(|_| Reply::Status(410));
    server.issue(ten, "p", json!({}));
    wait_until(|| status(&server)["is_gone"] == true);
    server.kill();
    let server = start(folder.path(), &receiver, &options);
    redeem(&server, "p");
    server.issue(ten, "q", json!({}));
    thread::sleep(Duration::from_millis(700));
    assert_eq!(receiver.heard().len(), 1);
    receiver.answer(|_| Reply::Status(200));
    assert_eq!(server.post("/webhooks/crm/resume", &json!({})).is(200).data()["is_gone"], false);
    let heard = receiver.wait_for(3);
    assert!(of("p", &heard)[1].starts_with("redeemed"));
    server.post("/webhooks/erp/resume", &json!({})).refuses(404, "not_found");
}

/// Catches: a receiver that has too much to do and is not left alone for as long as it asks.
#[test]
fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let server = start(folder.path(), &receiver, &["--webhook-backoff", "0.01"]);
    let ten = server.define("ten", json!({}));
    let is_first = AtomicBool::new(true);
    receiver.answer(
        move |_| if is_first.swap(false, Ordering::SeqCst) { Reply::Busy(1) } else { Reply::Status(200) },
    );
    server.issue(ten, "p", json!({}));
    wait_until(|| !receiver.heard().is_empty());
    server.issue(ten, "q", json!({}));
    receiver.wait_for(2);
    let heard = receiver.heard();
    for later in &heard[1..] {
        assert!(later.at - heard[0].at > Duration::from_millis(900), "{heard:?}");
    }
}

/// Catches: a new receiver that is told what was in the ledger before it, of what had expired when it was brought along, or of an
/// expiry of long ago that is written down late; one that moved and is told everything again.
#[test]
fn a_new_receiver_gets_only_events_from_its_start_on() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let before = Server::with(&["--store", &store]);
    let ten = before.define("ten", json!({}));
    let soon = json!({"expires_at": "2125-07-15", "timezone": "UTC"});
    before.issue(ten, "old", soon.clone());
    redeem(&before, "old");
    before.issue(ten, "lapsed", json!({"expires_at": "2025-07-01"}));
    before.kill();
    let server = start(folder.path(), &receiver, &[]);
    server.set_clock("2125-07-01T00:00:00Z");
    let brought = json!({"issued_at": "2125-05-01", "expires_at": "2125-06-01", "timezone": "UTC"});
    server.issue(ten, "brought", brought);
    server.issue(ten, "new", json!({}));
    // Now the expiry of long ago is written down.
    server.issue(ten, "lapsed", json!({}));
    // Notices of an old reward are news, once their time comes.
    let heard = receiver.wait_for(3);
    assert!(of("lapsed", &heard).iter().all(|id| id.starts_with("issued")), "{heard:?}");
    let kinds: Vec<Value> = heard.iter().map(|one| json!([one.profile(), one.body()["type"]])).collect();
    assert!(
        kinds.contains(&json!(["new", "issued"])) && kinds.contains(&json!(["old", "expiring_soon"])),
        "{kinds:?}"
    );
    wait_until(|| nothing_waits(&server));
    server.kill();
    // Elsewhere, and a second one beside it.
    let (moved, second) = (Receiver::start(), Receiver::start());
    let mut options = receiver::options(folder.path(), second.address);
    options.iter_mut().for_each(|option| *option = option.replace("crm=", "erp="));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = start(folder.path(), &moved, &options);
    server.set_clock("2125-07-02T00:00:00Z");
    redeem(&server, "new");
    assert!(moved.wait_for(1)[0].id.starts_with("redeemed"));
    // For the second one, the time of that notice came after its start.
    assert_eq!(of("new", &second.wait_for(2)), [moved.heard()[0].id.clone()]);
    assert_eq!(receiver.heard().len(), 3);
}

/// Catches: a cursor that is written down with every beat, so that the ledger's own handle reads its accounts again and again.
#[test]
fn nothing_is_written_while_nothing_happens() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let server = start(folder.path(), &receiver, &[]);
    let ten = server.define("ten", json!({}));
    server.issue(ten, "p", json!({}));
    receiver.wait_for(1);
    wait_until(|| nothing_waits(&server));
    let file = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    let version = || file.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = version();
    for second in 1..=5 {
        server.set_clock(&format!("2125-06-20T00:00:0{second}Z"));
        thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(version(), before);
    server.issue(ten, "p", json!({}));
    receiver.wait_for(2);
    assert_ne!(version(), before);
}

/// Catches: a log that names customers or secrets, or says nothing; a start with options that do not go together.
#[test]
fn the_log_tells_of_deliveries_and_the_options_are_checked() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let webhook = receiver::options(folder.path(), receiver.address);
    let mut options: Vec<&str> = webhook.iter().map(String::as_str).collect();
    options.extend(["--store", "memory", "--token", TOKEN, "--webhook-backoff", "0.01"]);
    let mut server = Server::logged(&options);
    let is_first = AtomicBool::new(true);
    receiver.answer(move |_| Reply::Status(if is_first.swap(false, Ordering::SeqCst) { 500 } else { 200 }));
    let ten = server.define("ten", json!({}));
    server.issue(ten, "somebody-private", json!({}));
    wait_until(|| receiver.heard().len() == 2 && status(&server)["waiting"] == 0);
    server.ask_to_stop();
    assert!(server.stopped());
    let mut log = String::new();
    server.log().read_to_string(&mut log).unwrap();
    for secret in ["somebody-private", receiver::SECRET.0, "/hooks"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| {
        let found = lines.iter().find(|line| line["fields"]["message"] == message);
        found.unwrap_or_else(|| panic!("{message} is not in\n{log}"))["fields"].clone()
    };
    let (failed, sent) = (of("webhook not delivered"), of("webhook delivered"));
    let mut expected =
        json!({"receiver": "crm", "event": receiver.heard()[0].id, "attempt": 1, "reason": "answered 500"});
    merge(&mut expected, json!({"message": "webhook not delivered", "micros": failed["micros"]}));
    assert_eq!(failed, expected);
    assert_eq!(json!([sent["event"], sent["attempt"]]), json!([failed["event"], 2]));
    let secrets = folder.path().join("secrets").display().to_string();
    let crm = format!("crm={secrets}");
    for (options, named) in [
        (vec!["--webhook", "crm=http://127.0.0.1:1/"], "--webhook-secret-file crm=PATH"),
        (vec!["--webhook-secret-file", &crm], "there is no --webhook crm"),
        (vec!["--webhook", "crm=ftp://x", "--webhook-secret-file", &crm], "http or https"),
        (vec!["--webhook", "C M=http://x", "--webhook-secret-file", &crm], "is not a name"),
        (vec!["--webhook", "crm=http://x", "--webhook-secret-file", "crm=/nowhere"], "/nowhere"),
        (vec!["--webhook", "crm=http://x", "--webhook-secret-file", "crm=Cargo.toml"], "whsec_"),
        (vec!["--webhook", "crm=http://x", "--webhook", "crm=http://y"], "one name"),
        (vec!["--webhook-attempts", "0"], "0"),
    ] {
        let run = common::command(&[&["--store", "memory"], options.as_slice()].concat()).output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(!run.status.success() && said.contains(named), "{options:?}: {said}");
    }
}
