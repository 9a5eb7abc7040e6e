use std::collections::BTreeMap;

use super::fingerprint;
use crate::json;
use crate::ops::{Command, Redeem, Request};

fn of(body: &str) -> crate::journal::Fingerprint {
    fingerprint("redeem", &json::read::<Redeem>(body.as_bytes()).unwrap())
}

/// The same content however it is written (rule J5).
#[test]
fn what_is_said_alike_is_the_same() {
    let plain = of(r#"{"profile_id": "alice", "amount": 10}"#);
    let others = [
        r#"{"amount": "10.00", "profile_id": "alice"}"#,
        r#"{"profile_id": "alice", "amount": 10.0, "strict": true, "strategies": ["rewards"], "meta": null}"#,
    ];
    others.iter().for_each(|other| assert_eq!(plain, of(other), "{other}"));
    let document = of(r#"{"profile_id": "alice", "amount": 10, "meta": {"a": [1, 2], "b": "x"}}"#);
    assert_eq!(document, of(r#"{"profile_id":"alice","amount":10,"meta":{ "b":"x","a":[1,2]}}"#));
    let long = "x".repeat(700);
    let pieces = |text: &str| fingerprint("list", &text.split('|').collect::<Vec<_>>());
    assert_eq!(pieces(&format!("a|{long}|b")), pieces(&format!("a|{long}|b")));
    assert_ne!(pieces(&format!("a|{long}|b")), pieces(&format!("a|{long}b|")));
    let map: BTreeMap<u8, u8> = (0..9).map(|n| (n, n)).collect();
    assert_ne!(
        fingerprint("map", &map),
        fingerprint("map", &map.into_iter().skip(1).collect::<BTreeMap<_, _>>())
    );
}

/// Each pair differs in one thing, and some only in where one value ends and the next begins.
#[test]
fn what_is_said_otherwise_is_not() {
    let bodies = [
        r#"{"profile_id": "alice", "amount": 10}"#,
        r#"{"profile_id": "alicf", "amount": 10}"#,
        r#"{"profile_id": "alice", "amount": 10.01}"#,
        r#"{"profile_id": "alice", "amount": 10, "strict": false}"#,
        r#"{"profile_id": "alice", "amount": 10, "basket_total": 10}"#,
        r#"{"profile_id": "alice", "amount": 10, "strategies": ["points"]}"#,
        r#"{"profile_id": "alice", "amount": 10, "strategies": ["points", "rewards"]}"#,
        r#"{"profile_id": "alice", "amount": 10, "meta": {"a": 1}}"#,
        r#"{"profile_id": "alice", "amount": 10, "meta": {"a": [1]}}"#,
        r#"{"profile_id": "alice", "amount": 10, "meta": {"a": "1"}}"#,
        r#"{"profile_id": "alice", "amount": 10, "meta": {"a": 1.0}}"#,
        r#"{"amount": 10}"#,
    ];
    for (index, one) in bodies.iter().enumerate() {
        assert!(bodies.iter().skip(index + 1).all(|other| of(one) != of(other)), "{one}");
    }
    assert_ne!(fingerprint("x", &("ab", "c")), fingerprint("x", &("a", "bc")));
    assert_ne!(fingerprint("x", &(vec![1, 2], [3])), fingerprint("x", &(vec![1], [2, 3])));
    assert_ne!(fingerprint("x", &1), fingerprint("y", &1));
    assert_ne!(fingerprint("x", &u64::MAX), fingerprint("x", &-1_i64));
}

/// A request alone and as one of any is one request.
#[test]
fn any_request_is_the_request_that_it_is() {
    use crate::engine::sealed::Operation as _;
    let redeem: Redeem = json::read(br#"{"profile_id": "alice", "amount": 10}"#).unwrap();
    let command = Command::new(crate::time::Timestamp::MIN, Request::from(redeem.clone()));
    assert_eq!(command.request.fingerprint(), redeem.fingerprint());
}
