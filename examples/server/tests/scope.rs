//! What a reward may be spent on: scopes and lines over HTTP (rules S).

mod common;

use common::Server;
use serde_json::{Value, json};

fn basket() -> Value {
    json!([{"id": "a", "amount": 10, "tags": ["shoes"]}, {"id": "b", "amount": "10.00"}])
}

/// Definitions and rewards show their scope, and the answer put back changes nothing.
#[test]
fn scopes_are_shown_and_stay() {
    let server = Server::start();
    let scope = json!({"only": ["shoes", "boots"], "except": ["sale"], "minimum_spend": 50});
    let shoes = server.define("shoes", json!({"scope": scope}));
    let definition = format!("/reward-definitions/{shoes}");
    assert_eq!(server.get(&definition).is(200).data()["scope"], scope);
    let ten = server.define("ten", json!({}));
    assert_eq!(server.get(&format!("/reward-definitions/{ten}")).is(200).data()["scope"], Value::Null);

    let lot = format!("/rewards/{}", server.issue(shoes, "p", json!({"scope": {"only": ["boots"]}})));
    let seen = server.get(&lot).is(200).data();
    assert_eq!(seen["scope"], json!({"only": ["boots"], "except": ["sale"], "minimum_spend": 50}));
    assert_eq!(seen["definition"]["scope"], seen["scope"]);
    for one in [&lot, &definition] {
        let seen = server.get(one).is(200).data();
        assert_eq!(server.put(one, &seen).is(200).data(), seen, "{one}");
    }
    let refused = server.put(&lot, &json!({"scope": {"only": ["hats"]}})).bare_json();
    assert!(!refused["errors"]["scope"].is_null(), "{refused}");
    let wider = json!({"reward_definition_id": shoes, "profile_id": "p", "scope": {"only": ["hats"]}});
    server.post("/rewards", &wider).refuses(422, "scope_widened");
}

/// Each item says which lines it pays, from the quote to the return.
#[test]
fn lines_go_along_from_the_quote_to_the_return() {
    let server = Server::start();
    let ten = server.define("ten", json!({}));
    let any = server.issue(ten, "p", json!({"expires_at": "2025-07-31"}));
    let shoes = server.issue(ten, "p", json!({"scope": {"only": ["shoes"]}}));
    server.issue(ten, "p", json!({"scope": {"only": ["hats"]}}));
    let wanted = json!({"amount": 20, "strict": true, "lines": basket()});
    let quote = server.post("/profiles/p/redemptions/quote", &wanted).is(200).data();
    assert_eq!(quote["items"][0]["lines"], json!([{"id": "b", "amount": 10}]));
    assert_eq!(quote["items"][1]["lines"], json!([{"id": "a", "amount": 10}]));
    assert_eq!(quote["unused"][0]["reason"], json!("not_eligible"));

    let hold = server.post("/profiles/p/holds", &wanted).is(201);
    assert_eq!(hold.data()["items"][0]["lines"], quote["items"][0]["lines"]);
    let fewer = json!({"lines": [{"id": "a", "amount": 5, "tags": ["shoes"]}, {"id": "b", "amount": 6}]});
    let captured = server.post(&format!("/holds/{}/capture", hold.id()), &fewer).is(201);
    assert_eq!(captured.data()["total"], json!(11));
    assert_eq!(captured.data()["items"][0]["id"], json!(any));
    assert_eq!(captured.data()["items"][1]["id"], json!(shoes));

    let back = format!("/redemptions/{}/return", captured.id());
    server.post(&back, &json!({})).is(422);
    let returned = server.post(&back, &json!({"lines": [{"id": "b"}], "strict": true})).is(201).data();
    assert_eq!(returned["total"], json!(6));
    server.post(&back, &json!({"lines": [{"id": "b"}], "strict": true})).refuses(422, "return_above_line");
    server
        .post("/profiles/p/redemptions", &json!({"amount": 9, "lines": basket(), "basket_total": 21}))
        .refuses(422, "basket_differs");
    let plain = server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201).data();
    assert!(plain["items"][0].get("lines").is_none());
}
