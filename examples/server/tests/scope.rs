//! What a reward may be spent on: scopes and lines over HTTP (rules S).

mod common;

use common::Server;
use serde_json::{Value, json};

fn basket() -> Value {
    json!([{"id": "a", "amount": 10, "tags": ["shoes"]}, {"id": "b", "amount": "10.00"}])
}

/// Definitions and rewards show their scope, and the answer put back changes nothing.
#[test]
fn scopes_are_shown_and_kept() {
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

/// Catches: items that are taken for lines though one of them lacks an amount; a price that is not multiplied.
#[test]
fn items_with_ids_tags_and_amounts_are_the_lines_of_a_purchase() {
    let server = Server::start();
    let items = json!([
        {"id": "a", "tags": ["shoes"], "amount": 10, "sku": "boots-42"},
        {"id": "b", "tags": [], "price": "2.50", "quantity": 3},
    ]);
    let body = json!({"profile_id": "p", "total": 17.5, "items": items});
    let sale = server.post("/transactions", &body).is(201);
    assert_eq!(sale.data()["items"], items);
    let back = format!("/transactions/{}/return", sale.id());
    server.post(&back, &json!({})).is(422);
    server.post(&back, &json!({"lines": [{"id": "b", "amount": "7.51"}]})).refuses(422, "return_above_line");
    server.post(&back, &json!({"lines": [{"id": "b"}]})).is(201);
    server.post(&back, &json!({"lines": [{"id": "b"}]})).refuses(422, "return_above_line");
    server.post(&back, &json!({"amount": 10})).is(201);
    let above = json!({"profile_id": "p", "total": 17, "items": items});
    server.post("/transactions", &above).refuses(422, "lines_above_total");
    // Where one of them says less, they are kept as sent, and are no lines.
    let other = json!({"profile_id": "p", "total": 17, "items": [items[0], {"id": "b", "tags": []}]});
    let sale = server.post("/transactions", &other).is(201);
    server.post(&format!("/transactions/{}/return", sale.id()), &json!({"lines": [{"id": "a"}]})).is(422);
}
