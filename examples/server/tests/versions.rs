//! Nobody's change is lost: a thing shows its version, and what was made from an older one is refused.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{Answer, Request, Server};
use serde_json::{Value, json};

fn put(server: &Server, path: &str, tag: &str, body: &Value) -> Answer {
    server.call(Request::new("PUT", path).json(body).header("If-Match", tag))
}

/// Its version, which its tag says as well.
#[track_caller]
fn version(answer: &Answer) -> u64 {
    let version = answer.data()["version"].as_u64().unwrap();
    assert_eq!(answer.header("etag"), Some(format!("\"{version}\"").as_str()));
    version
}

#[test]
fn every_single_thing_has_a_version_that_grows_with_each_change() {
    let server = Server::start();
    let ten = server.define("ten", json!({"is_extendable": true, "is_reassignable": true}));
    let body = json!({"profile_id": "p", "reward_definition_id": ten, "expires_at": "2025-07-01"});
    // The profile it goes to has a shorter journal, and the one it comes from a longer one.
    for _ in 0..3 {
        server.issue(ten, "p", json!({}));
    }
    let issued = server.post("/rewards", &body).is(201);
    let lot = issued.id();
    let one = format!("/rewards/{lot}");
    let mut last = version(&issued);
    let seen = || version(&server.get(&one).is(200));
    assert_eq!((last, seen()), (last, last));
    let mut grown = |what: &str| {
        let now = seen();
        assert!(now > last, "{what}: {now} after {last}");
        last = now;
    };
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201);
    let used = redemption.data()["items"][0]["type_attributes"].clone();
    assert_eq!((&used["id"], &used["version"]), (&json!(lot), &json!(seen())));
    grown("redeemed");
    let hold = server.post("/profiles/p/holds", &json!({"amount": 1})).is(201);
    grown("held");
    version(&server.post(&format!("/holds/{}/release", hold.id()), &json!({})).is(200));
    grown("released");
    server.post(&format!("/redemptions/{}/return", redemption.id()), &json!({"amount": 1})).is(201);
    grown("given back");
    server.post("/rewards/extend", &json!({"profile_id": "p", "ids": [lot], "extend_days": 1})).is(200);
    grown("extended");
    for profile in ["q", "p", "q"] {
        version(&server.post(&format!("{one}/reassign"), &json!({"profile_id": profile})).is(200));
        grown("moved");
    }
    let corrected = server.put(&one, &json!({"value_remaining": 4})).is(200);
    assert_eq!(version(&corrected), seen());
    grown("corrected");
    let before = seen();
    // What happens to others, and what falls due by itself, is no change.
    server.issue(ten, "q", json!({}));
    server.set_clock("2025-08-01T00:00:00Z");
    server.issue(ten, "q", json!({}));
    assert_eq!((seen(), server.get(&one).data()["is_expired"].clone()), (before, json!(true)));
    // In a list it is the same.
    let list = server.get("/profiles/q/rewards?page[size]=500").is(200).data();
    let listed = list.as_array().unwrap().iter().find(|reward| reward["id"] == lot).unwrap().clone();
    assert_eq!(listed, server.get(&one).data());
    let past = server.get(&format!("{one}?at=2025-06-20T00:00:00Z")).is(200);
    assert_eq!(past.header("etag"), Some(format!("\"{before}\"").as_str()));
}

#[test]
fn points_redemptions_and_sales_have_versions() {
    let server = Server::start();
    let point = server.post("/points", &json!({"profile_id": "p", "value_initial": 50})).is(201);
    let path = format!("/points/{}", point.id());
    assert_eq!(version(&point), version(&server.get(&path).is(200)));
    let redeemed = server.post("/profiles/p/redeem", &json!({"amount": 1})).is(201);
    assert!(version(&server.get(&path).is(200)) > version(&point));
    let path = format!("/profiles/p/redemptions/{}", redeemed.id());
    assert_eq!(version(&redeemed), version(&server.get(&path).is(200)));
    let sale = json!({"profile_id": "p", "total": 5, "redemption_id": redeemed.id(), "external_id": "E"});
    let sale = server.post("/transactions", &sale).is(201);
    assert!(version(&server.get(&path).is(200)) > version(&redeemed), "it was linked");
    let path = format!("/transactions/{}", sale.id());
    assert_eq!(version(&sale), version(&server.get(&path).is(200)));
    assert_eq!(version(&sale), version(&server.get("/transactions/external/E").is(200)));
    let changed = server.put(&path, &json!({"total": 4})).is(200);
    assert!(version(&changed) > version(&sale));
    assert_eq!(version(&changed), version(&server.get(&path).is(200)));
    server.post(&format!("{path}/return"), &json!({"amount": 1})).is(201);
    assert!(version(&server.get(&path).is(200)) > version(&changed));
    for path in ["/reward-definitions", "/points/definitions"] {
        let made = server.post(path, &json!({"name": "n", "handle": "h", "value": 1})).is(201);
        let one = format!("{path}/{}", made.id());
        assert_eq!(version(&made), version(&server.get(&one).is(200)));
        let changed = server.put(&one, &json!({"name": "m"})).is(200);
        assert!(version(&changed) > version(&made));
        assert_eq!(version(&changed), version(&server.get(&one).is(200)));
    }
    let entry = server.get("/profiles/p/ledgers").is(200).ids()[0];
    version(&server.get(&format!("/profiles/p/ledgers/{entry}")).is(200));
}

/// The fault that this is about: somebody redeems what was read, and then what was read is put back.
#[test]
fn what_was_read_before_a_change_cannot_be_put_back() {
    let server = Server::start();
    let ten = server.define("ten", json!({"timezone": "Australia/Melbourne"}));
    let lot = server.issue(ten, "p", json!({"expires_at": "2025-07-01 12:00:00"}));
    let sale =
        json!({"profile_id": "p", "total": 5, "external_id": "E", "transacted_at": "2025-06-20 01:00:00"});
    let sale = server.post("/transactions", &sale).is(201).id();
    let definition = format!("/reward-definitions/{ten}");
    let (reward, sale) = (format!("/rewards/{lot}"), format!("/transactions/{sale}"));
    let change = [
        (&reward, json!({"value_remaining": 3}), json!({"value_remaining": 2})),
        (&sale, json!({"total": 4}), json!({"total": 3})),
        (&definition, json!({"name": "b"}), json!({"name": "c"})),
    ];
    for (path, first, second) in &change {
        let read = server.get(path).is(200);
        let (seen, tag) = (read.data(), read.header("etag").unwrap().to_owned());
        if *path == &reward {
            server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201);
        } else {
            server.put(path, first).is(200);
        }
        let now = server.get(path).is(200);
        let refused = server.put(path, &seen).refuses(409, "version_conflict").bare_json();
        assert!(refused["errors"]["version"][0].is_string(), "{path}");
        put(&server, path, &tag, second).refuses(412, "precondition_failed");
        let gone = Request::new("DELETE", path).header("If-Match", &tag);
        server.call(gone).refuses(412, "precondition_failed");
        assert_eq!(server.get(path).is(200).data(), now.data(), "{path}");
        // What is read now can be put back, edited; its times are in UTC, whatever its zone.
        let mut edited = now.data();
        common::merge(&mut edited, second.clone());
        let changed = server.put(path, &edited).is(200);
        for (field, value) in second.as_object().unwrap() {
            assert_eq!(&changed.data()[field], value, "{path}");
        }
        for field in ["expires_at", "transacted_at", "absolute_expiry"] {
            assert_eq!(changed.data()[field], seen[field], "{path} {field}");
        }
        let tag = changed.header("etag").unwrap().to_owned();
        put(&server, path, &format!("\"0\", {tag}"), first).is(200);
        put(&server, path, "*", second).is(200);
    }
    // A time that is edited in the answer is in UTC as well.
    let mut edited = server.get(&reward).is(200).data();
    edited["expires_at"] = json!("2025-08-01 00:00:00");
    assert_eq!(server.put(&reward, &edited).is(200).data()["expires_at"], "2025-08-01 00:00:00");
    for version in [json!("x"), json!(-1), json!(1.5)] {
        server.put(&reward, &json!({"version": version})).refuses(422, "invalid_field");
    }
    let tag = server.get(&reward).is(200).header("etag").unwrap().to_owned();
    server.call(Request::new("DELETE", &reward).header("If-Match", &tag)).is(204);
}

#[test]
fn update_create_checks_the_version_and_the_key() {
    let server = Server::start();
    let path = "/transactions/update-create";
    let made = server.post(path, &json!({"profile_id": "p", "external_id": "E", "total": 5})).is(201).data();
    let mut edited = made.clone();
    edited["total"] = json!(6);
    let first = server.post_keyed("k", path, &edited).is(200);
    assert_eq!(first.data()["total"], 6);
    // The same call again is answered as it was, though what it was made from is older now.
    assert_eq!(server.post_keyed("k", path, &edited).is(200).data(), first.data());
    server.post(path, &edited).refuses(409, "version_conflict");
    server.post_keyed("other", path, &edited).refuses(409, "version_conflict");
    assert_eq!(server.get("/transactions/external/E").is(200).data(), first.data());
}

/// Of many who change what they have read, at once, each either changes just that, or is told to look again.
#[test]
fn no_change_is_lost_among_many() {
    let folder = tempfile::tempdir().unwrap();
    for store in ["memory".to_owned(), format!("sqlite:{}", folder.path().join("l.sqlite").display())] {
        let server = Server::with(&["--store", &store]);
        let ten = server.define("ten", json!({}));
        let lot = server.issue(ten, "p", json!({"value_initial": 1000}));
        let path = format!("/rewards/{lot}");
        let (put_down, redeemed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (server, path, put_down, redeemed) = (&server, &path, &put_down, &redeemed);
                scope.spawn(move || {
                    for _ in 0..25 {
                        if thread == 0 {
                            server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201);
                            redeemed.fetch_add(1, Relaxed);
                            continue;
                        }
                        let read = server.get(path).is(200);
                        let left = read.data()["value_remaining"].as_u64().unwrap();
                        let body = json!({"value_remaining": left - 1});
                        let answer = put(server, path, read.header("etag").unwrap(), &body);
                        match answer.status {
                            200 => put_down.fetch_add(1, Relaxed),
                            _ => answer.refuses(412, "precondition_failed").status.into(),
                        };
                    }
                });
            }
        });
        let gone = put_down.load(Relaxed) + redeemed.load(Relaxed);
        assert!(put_down.load(Relaxed) > 0);
        assert_eq!(server.balance("p"), 1000 - gone, "{store}");
    }
}
