//! What other systems hear by `GET /events`: all of it, in order, also of what is about to expire, and soon after it happened.

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::{Server, merge};
use serde_json::{Value, json};

/// Somebody who listens: the cursor is kept once the events are done with.
#[derive(Default)]
struct Listener {
    cursor: String,
    heard: Vec<Value>,
    ids: BTreeSet<String>,
}

impl Listener {
    /// Everything that there is by now. Answers with what is new.
    fn listen(&mut self, server: &Server, limit: usize) -> Vec<Value> {
        let before = self.heard.len();
        loop {
            let path = format!("/events?cursor={}&limit={limit}", self.cursor);
            let page = server.get(&path).is(200).bare_json();
            for event in page["data"].as_array().unwrap() {
                // What has an id that was heard before is dropped.
                if self.ids.insert(event["id"].as_str().unwrap().to_owned()) {
                    self.heard.push(event.clone());
                }
            }
            self.cursor = page["meta"]["cursor"].as_str().unwrap().to_owned();
            if page["meta"]["more"] == false {
                return self.heard[before..].to_vec();
            }
        }
    }
}

fn kinds(events: &[Value]) -> String {
    let kind = |event: &Value| {
        let days = event.get("days").map(|days| format!("/{days}")).unwrap_or_default();
        format!("{}{days}", event["type"].as_str().unwrap())
    };
    events.iter().map(kind).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_happens_is_told_in_order() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let lot = server.issue(ten, "p", json!({}));
    let made = server.post("/profiles/p/redemptions", &json!({"amount": 4})).is(201).id();
    let back = server.post(&format!("/redemptions/{made}/return"), &json!({"amount": 1})).is(201).id();
    let hold = server.post("/profiles/p/holds", &json!({"amount": 2})).is(201).id();
    let captured = server.post(&format!("/holds/{hold}/capture"), &json!({})).is(201).id();
    let sale = server.post("/transactions", &json!({"profile_id": "p", "total": 9})).is(201).id();
    server.delete(&format!("/transactions/{sale}")).is(204);
    let heard = Listener::default().listen(&server, 100);
    assert_eq!(kinds(&heard), "issued redeemed returned redeemed transaction transaction");
    let part =
        |event: &Value, fields: &[&str]| json!(fields.iter().map(|field| &event[field]).collect::<Vec<_>>());
    assert_eq!(
        part(&heard[0], &["profile_id", "lot_id", "lot_type", "value", "issued_at", "definition_id"]),
        json!(["p", lot, "reward", 10, "2025-06-20 00:00:00", ten])
    );
    assert_eq!(part(&heard[1], &["redemption_id", "total", "at"]), json!([made, 4, "2025-06-20 00:00:00"]));
    assert_eq!(
        part(&heard[2], &["return_id", "redemption_id", "total", "is_reversal"]),
        json!([back, made, 1, false])
    );
    assert_eq!(part(&heard[3], &["redemption_id", "hold_id", "total"]), json!([captured, hold, 2]));
    assert_eq!(part(&heard[5], &["transaction_id", "is_deleted"]), json!([sale, true]));
    // In small steps it is the same.
    let mut slow = Listener::default();
    assert_eq!(slow.listen(&server, 1), heard);
    assert_eq!(slow.listen(&server, 1), [] as [Value; 0]);
    for bad in ["cursor=zz", "cursor=00", "cursor=7", "limit=x", "wait=-1"] {
        server.get(&format!("/events?{bad}")).refuses(422, "invalid_field");
    }
}

/// Catches: a notice that is left out, or given twice; one for an expiry that was moved; one for what had expired when it came.
#[test]
fn an_expiry_is_announced_thirty_seven_and_one_days_before() {
    let server = Server::start();
    let ten = server.define("ten", json!({"is_extendable": true, "period": 90}));
    let issue = |end: &str, more: Value| {
        let mut body = json!({"expires_at": end, "timezone": "UTC"});
        merge(&mut body, more);
        server.issue(ten, "p", body)
    };
    let lot = issue("2025-08-31 23:59:59", json!({}));
    issue("2025-06-01", json!({"issued_at": "2025-05-01"}));
    let mut listener = Listener::default();
    assert_eq!(kinds(&listener.listen(&server, 100)), "issued issued");
    let mut at = |now: &str| {
        server.set_clock(now);
        kinds(&listener.listen(&server, 2))
    };
    assert_eq!(at("2025-08-01T12:00:00Z"), "");
    assert_eq!(at("2025-08-02T12:00:00Z"), "expiring_soon/30");
    assert_eq!(at("2025-08-03T12:00:00Z"), "");
    assert_eq!(at("2025-08-25T12:00:00Z"), "expiring_soon/7");
    // It is extended, and then all three notices are of the new end.
    server.post("/rewards/extend", &json!({"profile_id": "p", "ids": [lot], "extend_days": 60})).is(200);
    assert_eq!(at("2025-08-31T12:00:00Z"), "");
    assert_eq!(at("2025-10-02T12:00:00Z"), "expiring_soon/30");
    assert_eq!(at("2025-10-24T12:00:00Z"), "expiring_soon/7");
    assert_eq!(at("2025-10-30T12:00:00Z"), "expiring_soon/1");
    assert_eq!(at("2025-10-31T12:00:00Z"), "expired");
    // The entry about it is written with the next change, and is no news.
    server.issue(ten, "p", json!({}));
    assert_eq!(at("2025-10-31T13:00:00Z"), "issued");
    // One that comes with less time is told of at once, by the notice that is nearest.
    server.issue(ten, "q", json!({"expires_at": "2025-11-03"}));
    assert_eq!(at("2025-10-31T14:00:00Z"), "issued expiring_soon/7");
    assert_eq!(at("2025-11-02T14:00:00Z"), "expiring_soon/1");
}

/// Catches: a call that waits its whole time although something happened, or that does not wait; one that holds up a stop.
#[test]
fn a_call_waits_for_the_next_event() {
    let mut server = Server::start();
    let ten = server.define("ten", json!({}));
    let mut listener = Listener::default();
    listener.listen(&server, 100);
    let wait = |seconds: u32| format!("/events?cursor={}&wait={seconds}", listener.cursor);
    let since = Instant::now();
    assert_eq!(server.get(&wait(1)).is(200).data(), json!([]));
    assert!(since.elapsed() >= Duration::from_secs(1));
    std::thread::scope(|scope| {
        let since = Instant::now();
        let heard = scope.spawn(|| server.get(&wait(30)).is(200).data());
        std::thread::sleep(Duration::from_millis(400));
        server.issue(ten, "p", json!({}));
        assert_eq!(kinds(heard.join().unwrap().as_array().unwrap()), "issued");
        assert!(since.elapsed() < Duration::from_secs(15));
    });
    listener.listen(&server, 100);
    let path = format!("/events?cursor={}&wait=30", listener.cursor);
    std::thread::scope(|scope| {
        let since = Instant::now();
        let heard = scope.spawn(|| server.get(&path).is(200).data());
        std::thread::sleep(Duration::from_millis(400));
        server.ask_to_stop();
        assert_eq!(heard.join().unwrap(), json!([]));
        assert!(since.elapsed() < Duration::from_secs(15));
    });
    assert!(server.stopped());
}

/// Catches: an event that is lost, or out of order, when the server or the listener is killed at any moment.
#[test]
fn nothing_is_lost_when_either_side_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("ledger.sqlite").display());
    let mut listener = Listener::default();
    let mut expected = Vec::new();
    for round in 0..12 {
        let server = Server::with(&["--store", &store]);
        if round == 0 {
            server.define("ten", json!({}));
        }
        for number in 0..3 {
            let profile = format!("p{}", (round + number) % 4);
            server.issue(2, &profile, json!({"external_id": format!("{round}-{number}")}));
            server.post(&format!("/profiles/{profile}/redemptions"), &json!({"amount": 1})).is(201);
            expected.push(format!("{profile} issued"));
            expected.push(format!("{profile} redeemed"));
        }
        // A listener that is killed before it has kept the cursor hears the same again.
        if round % 3 == 1 {
            let kept = (listener.cursor.clone(), listener.heard.len());
            listener.listen(&server, 2);
            assert!(listener.heard.len() > kept.1);
            listener.cursor = kept.0;
        } else if round % 3 == 2 {
            listener.listen(&server, 1 + round);
        }
        server.kill();
    }
    let server = Server::with(&["--store", &store]);
    listener.listen(&server, 3);
    let heard = listener.heard.iter().map(|event| {
        format!("{} {}", event["profile_id"].as_str().unwrap(), event["type"].as_str().unwrap())
    });
    let heard: Vec<_> = heard.collect();
    for profile in ["p0", "p1", "p2", "p3"] {
        let of = |all: &[String]| -> Vec<String> {
            all.iter().filter(|event| event.starts_with(profile)).cloned().collect()
        };
        assert_eq!(of(&heard), of(&expected), "{profile}");
    }
    // Within a profile, by the order of the entries.
    for profile in ["p0", "p1", "p2", "p3"] {
        let of = listener.heard.iter().filter(|event| event["profile_id"] == profile);
        let sequences: Vec<u64> = of
            .map(|event| event["id"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap())
            .collect();
        assert!(sequences.is_sorted(), "{profile}: {sequences:?}");
    }
}
