//! A customer as a support agent meets them: half a year of rewards, points, holds, returns and four orders.

use serde_json::{Value, json};

use super::{Server, merge};

/// Whose they are.
pub const CUSTOMER: &str = "mia.tanaka@example.com";
/// The instant at which the agent looks.
pub const TODAY: &str = "2025-06-20T01:30:00Z";
/// The program: points for purchases, two weeks later.
pub const PROGRAM: &str = r#"{"earn": {"points": 1, "amount": 1, "delay_days": 14, "period_days": 365, "point_definition_id": 1},
    "reversal_window_seconds": 3600, "hold_seconds": 86400}"#;

/// What there is to look for.
pub struct Customer {
    /// The redemption that paid 34.50 of ORDER-10334.
    pub redemption: u64,
    /// ORDER-10334.
    pub order: u64,
    /// The store credit of three years.
    pub credit: u64,
    /// A reward that was taken back, with a reason.
    pub taken_back: u64,
    /// The hold that is open.
    pub hold: u64,
}

/// A server with the program, and the customer on it.
pub fn server(folder: &tempfile::TempDir, options: &[&str]) -> (Server, Customer) {
    let path = folder.path().join("program.json");
    std::fs::write(&path, PROGRAM).unwrap();
    let program = ["--store", "memory", "--program", path.to_str().unwrap()];
    let server = Server::with(&[&program, options].concat());
    let customer = live(&server);
    (server, customer)
}

struct Definitions {
    welcome: u64,
    birthday: u64,
    goodwill: u64,
    credit: u64,
    referral: u64,
    tier: u64,
}

fn define(server: &Server) -> Definitions {
    let reward = |handle: &str, name: &str, value: u32, period: u32| {
        let more =
            json!({"name": name, "value": value, "max_value": 5000, "period": period, "is_extendable": true});
        server.define(handle, more)
    };
    let status = json!({"name": "Tier credits", "handle": "tier", "period": 365, "is_redeemable": false});
    Definitions {
        welcome: reward("welcome", "Welcome Reward", 20, 90),
        birthday: reward("birthday", "Birthday Reward", 10, 30),
        goodwill: reward("goodwill", "Goodwill", 25, 30),
        referral: reward("referral", "Thank you for recommending us to a friend", 15, 30),
        credit: {
            let credit = reward("credit", "Store credit", 100, 1095);
            let path = format!("/reward-definitions/{credit}");
            server.put(&path, &json!({"is_reassignable": true})).is(200);
            credit
        },
        tier: server.post("/points/definitions", &status).is(201).id(),
    }
}

/// Twelve rewards, of which the last one is for an order.
fn live(server: &Server) -> Customer {
    let issue = |definition: u64, more: Value| server.issue(definition, CUSTOMER, more);
    server.set_clock("2025-01-05T23:00:00Z");
    let defined = define(server);
    issue(defined.welcome, json!({}));
    issue(defined.birthday, json!({}));
    server.set_clock("2025-03-20T03:10:00Z");
    sale(server, json!({"external_id": "ORDER-10301", "total": 219.9}));
    issue(defined.goodwill, json!({"value_initial": 40, "meta": {"reason": "parcel was late"}}));
    server.set_clock("2025-04-02T05:00:00Z");
    let redemption = redeem(server, json!({"amount": 34.5}));
    let order = json!({
        "external_id": "ORDER-10334", "total": 65.45, "total_original": 99.95, "redemption_id": redemption,
        "items": [{"sku": "SHOE-42", "price": 99.95}],
    });
    let order = sale(server, order);
    let credit = issue(defined.credit, json!({"value_initial": 1250, "external_id": "CREDIT-77"}));
    server.set_clock("2025-05-28T09:00:00Z");
    issue(defined.birthday, json!({}));
    issue(defined.referral, json!({}));
    let taken_back = issue(defined.goodwill, json!({}));
    let why = json!({"reason": "issued twice"});
    server.call(super::Request::new("DELETE", &format!("/rewards/{taken_back}")).json(&why)).is(204);
    let second = redeem(server, json!({"amount": 120}));
    let sold = sale(
        server,
        json!({"external_id": "ORDER-10371", "total": 180, "total_original": 300, "redemption_id": second}),
    );
    server.set_clock("2025-06-10T02:00:00Z");
    server
        .post(
            &format!("/redemptions/{second}/return"),
            &json!({"amount": 45, "meta": {"reason": "one shirt came back"}}),
        )
        .is(201);
    server.post(&format!("/transactions/{sold}/return"), &json!({"amount": 60})).is(201);
    for (definition, value) in [(defined.referral, 15), (defined.goodwill, 25), (defined.birthday, 10)] {
        issue(definition, json!({"value_initial": value}));
    }
    issue(defined.goodwill, json!({"available_at": "2025-07-01", "expires_at": "2025-08-31"}));
    issue(defined.credit, json!({"value_initial": 75.5, "expires_at": "never"}));
    let points = json!({"profile_id": CUSTOMER, "value_initial": 12000, "expires_at": "2026-03-31"});
    server.post("/points", &points).is(201);
    let status = json!({"profile_id": CUSTOMER, "point_definition_id": defined.tier, "value_initial": 350});
    server.post("/points", &status).is(201);
    server.set_clock("2025-06-19T06:30:00Z");
    let third = redeem(server, json!({"amount": 18.25, "strategies": ["points"]}));
    sale(server, json!({"external_id": "ORDER-10402", "total": 81.75, "redemption_id": third}));
    let released = server.post(&format!("/profiles/{CUSTOMER}/holds"), &json!({"amount": 30})).is(201).id();
    server.call(super::Request::new("POST", &format!("/holds/{released}/release"))).is(200);
    let hold = server.post(&format!("/profiles/{CUSTOMER}/holds"), &json!({"amount": 35})).is(201).id();
    server.set_clock(TODAY);
    Customer { redemption, order, credit, taken_back, hold }
}

fn redeem(server: &Server, body: Value) -> u64 {
    server.post(&format!("/profiles/{CUSTOMER}/redemptions"), &body).is(201).id()
}

fn sale(server: &Server, more: Value) -> u64 {
    let mut body = json!({"profile_id": CUSTOMER});
    merge(&mut body, more);
    server.post("/transactions", &body).is(201).id()
}
