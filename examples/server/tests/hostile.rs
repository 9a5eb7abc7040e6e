//! Whatever comes in: an answer that says what is wrong, never a 500, a hang or a panic.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Answer, Request, Server};
use serde_json::{Value, json};

/// Every described operation, with an id that exists where it is told to.
fn operations(server: &Server) -> Vec<(String, String)> {
    let paths = server.description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .filter(|(_, path)| path != "/test-clock")
        .collect()
}

fn deep(levels: usize, open: &str, close: &str) -> Vec<u8> {
    format!("{}{}", open.repeat(levels), close.repeat(levels)).into_bytes()
}

#[test]
fn no_body_breaks_any_endpoint() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    let lot = server.issue(definition, "p", json!({}));
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "null",
        "7",
        "\"x\"",
        "[]",
        "{",
        "{}}",
        "{\"a\":1",
        "nope",
        "{\"a\":}",
        "\u{feff}{}",
        "{'a':1}",
        "NaN",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    bodies.push(b"{\"profile_id\": \"\xff\xfe\"}".to_vec());
    bodies.push(b"{\"profile_id\": \"\\ud800\", \"amount\": 1}".to_vec());
    bodies.push(vec![0; 100]);
    bodies.push(deep(100_000, "[", "]"));
    bodies.push([b"{\"meta\":".as_slice(), &deep(100_000, "{\"a\":", "1}")[..500_000], b"}"].concat());
    bodies.push(
        [
            b"{\"amount\":1,\"total\":1,\"profile_id\":\"p\",\"meta\":".as_slice(),
            &deep(1_000, "[", "]"),
            b"}",
        ]
        .concat(),
    );
    for (method, path) in operations(&server) {
        let path = path.replace("{profile}", "p").replace("{id}", &lot.to_string());
        for body in &bodies {
            let answer = server.call(Request::new(&method, &path).body(body));
            assert!(answer.status < 500, "{method} {path}: {}", answer.body);
        }
    }
    server.get("/health").is(200);
}

#[test]
fn no_value_breaks_any_field() {
    let server = Server::start();
    let mut values = vec![
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"a": {}}),
        json!(""),
        json!("x"),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("-1"),
        json!("0.00001"),
        json!("1e9"),
        json!("9".repeat(400)),
        json!("x".repeat(70_000)),
        json!("\u{0}"),
        json!("a\nb"),
        json!("\u{202e}"),
        json!("2025-02-30 00:00:00"),
        json!("9999-12-31 23:59:59"),
        json!("0000-00-00"),
        json!("Mars/Base"),
    ];
    values.extend(
        ["1e400", "-0", "1E-400", "123456789012345678901234567890.12", "0.1234567890123456789"]
            .map(|number| serde_json::from_str::<Value>(number).unwrap_or(json!(number))),
    );
    let schemas = &server.description["components"]["schemas"];
    for (method, path) in operations(&server) {
        let operation = &server.description["paths"][&path][method.to_lowercase()];
        let named = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(name) = named.as_str().and_then(|name| name.rsplit('/').next()) else { continue };
        let fields = schemas[name]["properties"].as_object().unwrap();
        let path = path.replace("{profile}", "p").replace("{id}", "1");
        for field in fields.keys() {
            for value in &values {
                let mut body = json!({
                    "profile_id": "p", "amount": 1, "total": 1, "external_id": "e", "ids": [1], "name": "n",
                    "handle": "h", "value": 1, "reward_definition_id": 1,
                });
                body[field] = value.clone();
                let answer = server.call(Request::new(&method, &path).json(&body));
                assert!(answer.status < 500, "{method} {path} {field}={value}: {}", answer.body);
            }
        }
    }
    server.get("/health").is(200);
}

/// The description of the bodies is by hand; this holds it against what is read: each field refuses what it cannot be,
/// and says so under its own name.
#[test]
fn every_described_field_is_read() {
    let server = Server::start();
    let definition = server.define("ten", json!({}));
    let lot = server.issue(definition, "p", json!({}));
    let redemption = server.post("/profiles/p/redemptions", &json!({"amount": 1})).is(201).id();
    let sale = json!({"profile_id": "p", "total": 1, "external_id": "e"});
    let sale = server.post("/transactions", &sale).is(201).id();
    let hold = server.post("/profiles/p/holds", &json!({"amount": 1})).is(201).id();
    for (method, path) in operations(&server) {
        let operation = &server.description["paths"][&path][method.to_lowercase()];
        let named = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let Some(name) = named.as_str().and_then(|name| name.rsplit('/').next()) else { continue };
        let id = match name {
            "RewardDefinitionBody" => definition,
            "PointDefinitionBody" => 1,
            "ReturnBody" | "ReversalBody" => redemption,
            "TransactionBody" | "TransactionReturnBody" => sale,
            "CaptureBody" => hold,
            _ => lot,
        };
        let path = path.replace("{profile}", "p").replace("{id}", &id.to_string());
        let schema = &server.description["components"]["schemas"][name];
        for (field, said) in schema["properties"].as_object().unwrap() {
            // Some may be anything; tags of transactions are kept, whatever they are.
            let is_anything = ["meta", "items", "payments"].contains(&field.as_str())
                || ["issue_", "expiry_", "notify_", "redeem_"].iter().any(|kept| field.starts_with(kept))
                || (name, field.as_str()) == ("TransactionBody", "tags");
            if is_anything || said["$ref"] == "#/components/schemas/RewardBody" || name == "BatchBody" {
                continue;
            }
            let mut body = json!({
                "profile_id": "p", "amount": 1, "total": 1, "external_id": "e", "ids": [lot], "name": "n",
                "handle": "other", "value": 1, "type": "reward",
            });
            // Nothing else is in its way.
            body.as_object_mut().unwrap().retain(|other, _| !schema["properties"][other].is_null());
            body[field] = json!({"no": "such"});
            let answer = server.call(Request::new(&method, &path).json(&body)).refuses(422, "invalid_field");
            let errors = answer.bare_json()["errors"].clone();
            // Or a field within it.
            let within = format!("{field}.");
            let is_named = |name: &String| name == field || name.starts_with(&within);
            let names = errors.as_object().unwrap();
            assert!(names.keys().any(is_named), "{method} {path}: {field} is not named in {errors}");
        }
    }
}

#[test]
fn odd_paths_and_queries() {
    let server = Server::start();
    let long = "x".repeat(65);
    for id in [
        "0",
        "-1",
        "1.0",
        "4194304",
        "9007199254740993",
        "99999999999999999999",
        "x",
        "%00",
        "%ff",
        "%2e%2e",
        "..",
        long.as_str(),
        "%F0%9F%8E%81",
    ] {
        for path in [
            "/rewards/",
            "/points/",
            "/reward-definitions/",
            "/points/definitions/",
            "/transactions/",
            "/profiles/p/rewards/",
            "/profiles/p/redemptions/",
            "/profiles/p/ledgers/",
            "/transactions/external/",
        ] {
            let answer = server.call(Request::new("GET", &format!("{path}{id}")));
            assert_eq!(answer.status, 404, "{path}{id}: {}", answer.body);
        }
    }
    // Any text is a profile, with nothing in it; those that cannot be one are not there.
    for (profile, status) in [
        ("%F0%9F%8E%81", 200),
        ("a%20b", 200),
        ("a%2Fb", 200),
        ("%22", 200),
        (&long[..64], 200),
        (long.as_str(), 404),
        ("%00", 404),
        ("%0a", 404),
        ("%ff", 404),
    ] {
        let answer = server.get(&format!("/profiles/{profile}/balances"));
        assert_eq!(answer.status, status, "{profile}: {}", answer.body);
    }
    let definition = server.define("ten", json!({}));
    server.issue(definition, "a/b \u{1f381}", json!({}));
    assert_eq!(server.balance("a%2Fb%20%F0%9F%8E%81"), 10);
    for query in [
        "filter[]=1",
        "filter[x",
        "filter[profile_id]=%00",
        "page[size]=99999999999999999999999",
        "at=%00",
        "&&&=&",
        "page[number]=18446744073709551615&page[size]=500",
    ] {
        let answer = server.get(&format!("/rewards?{query}"));
        assert!(answer.status < 500, "{query}: {}", answer.body);
    }
    for key in ["", &"k".repeat(256), "a\tb"] {
        let answer = server.post_keyed(
            key,
            "/rewards",
            &json!({"profile_id": "p", "reward_definition_id": definition}),
        );
        answer.refuses(422, "invalid_field");
    }
    server
        .post_keyed(
            "schl\u{fc}ssel",
            "/rewards",
            &json!({"profile_id": "p", "reward_definition_id": definition}),
        )
        .is(201);
}

#[test]
fn broken_and_slow_clients_do_not_block_others() {
    let mut server = Server::start();
    let connect = || TcpStream::connect(server.address).unwrap();
    // Open and silent; half a request line; half a head; a body that never comes.
    let silent = connect();
    let mut half_line = connect();
    half_line.write_all(b"GET /hea").unwrap();
    let mut half_head = connect();
    half_head.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n").unwrap();
    let head = format!(
        "POST /api/v3/rewards HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n\r\n{{",
        common::TOKEN
    );
    let mut half_body = connect();
    half_body.write_all(head.as_bytes()).unwrap();
    for garbage in [
        b"\x16\x03\x01\x02\x00\x01".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        &[0xff; 4096],
        b"GET  HTTP/1.1\r\n\r\n",
        b"POST /api/v3/rewards HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut stream = connect();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.starts_with("HTTP/1.1 5"), "{text}");
    }
    // Many at once are answered beside them.
    let since = Instant::now();
    for _ in 0..50 {
        server.get("/health").is(200);
    }
    assert!(since.elapsed() < Duration::from_secs(20), "the slow ones are in the way");
    // A body that breaks off is a client's fault.
    half_body.shutdown(std::net::Shutdown::Write).unwrap();
    if let Ok(answer) = Answer::read(half_body) {
        answer.refuses(400, "broken_body");
    }
    // And they do not keep it from stopping.
    server.ask_to_stop();
    assert!(server.stopped());
    drop((silent, half_line, half_head));
}
