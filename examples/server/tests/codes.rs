//! Every code that is the server's own and no rule's, and how it comes about.

mod common;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use common::{Answer, Request, Server, TOKEN};
use scrip::Rejection;
use scrip::store::sqlite::rusqlite::Connection;
use serde_json::{Value, json};

/// What no client can bring about from outside, or not at will: the tests beside the code do.
const WITHIN: [&str; 4] = ["contention", "in_doubt", "not_written", "stopping"];
const TESTS_WITHIN: &str = include_str!("../src/http/tests.rs");

/// Notes which codes came back.
#[derive(Default)]
struct Met(BTreeSet<String>);

impl Met {
    #[track_caller]
    fn refuses(&mut self, answer: Answer, status: u16, code: &str) {
        let said = answer.refuses(status, code).bare_json();
        assert!(!said["message"].as_str().unwrap().is_empty());
        self.0.insert(code.to_owned());
    }
}

#[test]
fn every_code_of_the_server_is_met() {
    let server = Server::start();
    let mut met = Met::default();
    bodies(&mut met, &server);
    calls(&mut met, &server);
    broken_off(&mut met, &server);
    too_slow(&mut met);
    spoilt(&mut met);
    for code in WITHIN {
        assert!(TESTS_WITHIN.contains(&format!("\"{code}\"")), "{code} is tested nowhere");
        assert!(met.0.insert(code.to_owned()), "{code} can be met from outside");
    }
    // The description lists them all, and an answer with another code is a failure of whichever test meets it.
    let described = &server.description["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let described: BTreeSet<String> = serde_json::from_value(described.clone()).unwrap();
    let rules: BTreeSet<String> = Rejection::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert!(described.is_superset(&rules), "a rule's code is not described");
    let own = |codes: &BTreeSet<String>| -> BTreeSet<String> { codes.difference(&rules).cloned().collect() };
    assert_eq!(own(&met.0), own(&described));
}

fn bodies(met: &mut Met, server: &Server) {
    let mut post = |path: &str, body: &[u8], status, code| {
        met.refuses(server.call(Request::new("POST", path).body(body)), status, code);
    };
    post("/rewards", b"{", 400, "not_json");
    post("/rewards", br#"{"meta": {"a": 1, "a": 2}}"#, 400, "repeated_key");
    post("/rewards", br#"{"profil_id": "p"}"#, 422, "unknown_field");
    post("/rewards", b"[]", 422, "invalid_body");
    post("/rewards", br#"{"profile_id": 7}"#, 422, "invalid_field");
    post("/rewards", br#"{"profile_id": null}"#, 422, "missing_field");
    post("/rewards", &vec![b' '; (1 << 20) + 1], 413, "too_large");
    post("/rewards/batch", &vec![b' '; (16 << 20) + 1], 413, "too_large");
    post("/rewards/batch", b"[]", 422, "invalid_field");
    let rows = |count: usize| serde_json::to_vec(&vec![json!({}); count]).unwrap();
    post("/rewards/batch", &rows(501), 422, "invalid_field");
    let beyond = json!({"profile_id": "p", "reward_definition_id": 1, "expires_at": "2025-06-30 23:59:60"});
    post("/rewards", beyond.to_string().as_bytes(), 422, "invalid_field");
    // A batch may be larger than other bodies.
    for body in [format!("[{{}}{}]", " ".repeat(2 << 20)).into_bytes(), rows(500)] {
        let all: Value = serde_json::from_slice(&body).unwrap();
        let answer = server.call(Request::new("POST", "/rewards/batch").body(&body)).is(200).bare_json();
        assert_eq!(answer["meta"]["rejected"], all.as_array().unwrap().len());
    }
}

fn calls(met: &mut Met, server: &Server) {
    let packed = Request::new("POST", "/rewards").body(b"\x1f\x8b\x08").header("Content-Encoding", "gzip");
    met.refuses(server.call(packed), 415, "unsupported_encoding");
    met.refuses(server.get("/rewards?a=%f"), 400, "bad_query");
    met.refuses(server.get("/rewards?a=1"), 422, "unknown_parameter");
    let open = Server::bare(&["--store", "memory"]);
    let foreign = Request::new("GET", "/health").header("Origin", "http://evil.example");
    met.refuses(foreign.send(open.address).unwrap(), 403, "forbidden");
    let bare = Server::bare(&["--store", "memory", "--token", TOKEN, "--read-token", "reads"]);
    let reader = Request::new("POST", "/rewards").header("Authorization", "Bearer reads");
    met.refuses(reader.send(bare.address).unwrap(), 403, "read_only");
    met.refuses(server.get("/nothing"), 404, "not_found");
    met.refuses(server.get("/rewards/12"), 404, "not_found");
    met.refuses(server.call(Request::new("PATCH", "/rewards")), 405, "method_not_allowed");
    met.refuses(Request::new("GET", "/health").send(server.address).unwrap(), 401, "unauthorized");
    let sale = |profile: &str| json!({"profile_id": profile, "total": 1, "external_id": "E"});
    server.post_keyed("k", "/transactions", &sale("p")).is(201);
    let mut other = sale("p");
    other["total"] = json!(2);
    met.refuses(server.post_keyed("k", "/transactions", &other), 409, "key_reused");
    server.post("/transactions", &sale("q")).is(201);
    let webhook = |port: u16| json!({"url": format!("http://127.0.0.1:{port}/"), "name": "crm"});
    server.post("/webhooks", &webhook(1)).is(201);
    met.refuses(server.post("/webhooks", &webhook(2)), 409, "name_taken");
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u").unwrap();
    let secret = format!("crm={}", secret.display());
    let options = ["--webhook", "crm=http://127.0.0.1:1/", "--webhook-secret-file", &secret];
    let given = Server::with(&[&["--store", "memory"], options.as_slice()].concat());
    met.refuses(given.delete("/webhooks/crm"), 409, "given_by_option");
    met.refuses(server.get("/transactions/external/E"), 409, "ambiguous_external_id");
    let ten = format!("/reward-definitions/{}", server.define("ten", json!({})));
    met.refuses(server.put(&ten, &json!({"version": 0})), 409, "version_conflict");
    let seen_before = Request::new("DELETE", &ten).header("If-Match", "\"0\"");
    met.refuses(server.call(seen_before), 412, "precondition_failed");
}

/// The beginning of a call, and whatever comes after it on the same connection.
fn begin(server: &Server, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    // Less than a body may take where no option says so.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /api/v3/rewards HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{more}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn broken_off(met: &mut Met, server: &Server) {
    let stream = begin(server, "Transfer-Encoding: chunked\r\n\r\nno length\r\n");
    met.refuses(Answer::read(stream).unwrap(), 400, "broken_body");
}

fn too_slow(met: &mut Met) {
    let server = Server::bare(&["--store", "memory", "--body-timeout", "0.2"]);
    let stream = begin(&server, "Content-Length: 100\r\n\r\n{\"profile_id\":");
    met.refuses(Answer::read(stream).unwrap(), 408, "too_slow");
    // Others are served as before.
    server.define("ten", json!({}));
}

fn spoilt(met: &mut Met) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let store = format!("sqlite:{}", path.display());
    let mut server = Server::with(&["--store", &store]);
    let ten = server.define("ten", json!({}));
    for profile in ["whole", "spoilt", "lost"] {
        server.issue(ten, profile, json!({}));
    }
    server.ask_to_stop();
    assert!(server.stopped());
    spoil(&path, "UPDATE scrip_journal SET entries = zeroblob(length(entries))", "spoilt");
    spoil(&path, "UPDATE scrip_state SET account = zeroblob(length(account))", "lost");
    let server = Server::with(&["--store", &store]);
    met.refuses(server.get("/profiles/spoilt/ledgers"), 500, "corrupt");
    met.refuses(server.get("/profiles/lost/balances"), 500, "corrupt");
    let redeem = json!({"amount": 1});
    met.refuses(server.post("/profiles/lost/redemptions", &redeem), 500, "corrupt");
    // It is one account's trouble.
    assert_eq!(server.get("/profiles/whole/ledgers").is(200).ids().len(), 1);
    server.post("/profiles/whole/redemptions", &redeem).is(201);
    // A table that is gone is the store's.
    Connection::open(&path).unwrap().execute_batch("DROP TABLE scrip_head").unwrap();
    met.refuses(server.get("/profiles/whole/balances"), 503, "store_failed");
}

fn spoil(path: &Path, change: &str, profile: &str) {
    let connection = Connection::open(path).unwrap();
    let whose = "WHERE number = (SELECT number FROM scrip_profile WHERE profile = ?1)";
    let changed = connection.execute(&format!("{change} {whose}"), [profile]).unwrap();
    assert!(changed > 0, "nothing to spoil");
}
