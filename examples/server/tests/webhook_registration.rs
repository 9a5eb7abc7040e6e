//! Receivers of webhooks that are registered over HTTP: each is told as one of an option is, outlives the server, and ends.

#[path = "../../../tests/cluster/mod.rs"]
#[allow(dead_code)]
mod cluster;
mod common;
#[path = "common/receiver.rs"]
#[allow(dead_code)]
mod receiver;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cluster::Cluster;
use common::{NOW, Request, Server, TOKEN, merge};
use receiver::{Receiver, Reply, wait_until};
use scrip::store::sqlite::rusqlite::Connection;
use serde_json::{Value, json};

const SECRET: &str = "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBzb21lYm9keSdzIG93bg==";

/// A server on a file in the folder.
fn start(folder: &Path, more: &[&str]) -> Server {
    start_on(&format!("sqlite:{}", folder.join("ledger.sqlite").display()), more)
}

fn start_on(store: &str, more: &[&str]) -> Server {
    let options = ["--store", store, "--token", TOKEN, "--test-clock", "--webhook-backoff", "0.01"];
    let server = Server::spawn(common::command(&[&options, more].concat()).env("RUST_LOG", "off"));
    server.set_clock(NOW);
    server
}

fn url(receiver: &Receiver) -> String {
    format!("http://{}/hooks", receiver.address)
}

/// Registers a receiver, which expects its secret from then on; the answer.
fn register(server: &Server, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": url(receiver)});
    merge(&mut body, more);
    let registered = server.post("/webhooks", &body).is(201).data();
    receiver.expect(registered["secret"].as_str().unwrap());
    registered
}

/// How many rows there are of any receiver.
fn rows(folder: &Path) -> i64 {
    let file = Connection::open(folder.join("ledger.sqlite")).unwrap();
    let count = |table: &str| -> i64 {
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    ["webhook_registration", "webhook_receiver", "webhook_delivery"].map(count).iter().sum()
}

/// Catches: a receiver, or its secret, that is forgotten with the process; a secret that is told twice, or that does not sign; a
/// receiver that is told of what was before it, or misses what happens while it is registered.
#[test]
fn a_registered_receiver_gets_events_also_after_a_kill() {
    let (folder, receiver, other) = (tempfile::tempdir().unwrap(), Receiver::start(), Receiver::start());
    let server = start(folder.path(), &[]);
    let ten = server.define("ten", json!({}));
    server.issue(ten, "old", json!({}));
    let registered = register(&server, &receiver, json!({}));
    server.issue(ten, "p", json!({}));
    assert_eq!(receiver.wait_for(1)[0].profile(), "p");
    let own = register(&server, &other, json!({"name": "crm", "secret": SECRET}));
    assert_eq!(own["secret"], SECRET);
    assert_ne!(registered["secret"], SECRET);
    let mut shown = server.get("/webhooks/127-0-0-1").is(200).data();
    assert_eq!(json!([shown["name"], shown["url"]]), json!(["127-0-0-1", url(&receiver)]));
    // Again, with and without the name that was made: it is there, and its secret is not told.
    for again in [json!({}), json!({"name": "127-0-0-1"}), json!({"secret": registered["secret"]})] {
        let mut body = json!({"url": url(&receiver)});
        merge(&mut body, again);
        assert_eq!(server.post("/webhooks", &body).is(200).data()["secret"], Value::Null);
    }
    assert_eq!(server.get("/webhooks").is(200).data().as_array().unwrap().len(), 2);
    merge(&mut shown, json!({"secret": registered["secret"], "lag_seconds": 0.0, "waiting": 0}));
    assert_eq!(registered, shown);
    server.kill();
    let server = start(folder.path(), &[]);
    server.issue(ten, "p", json!({}));
    receiver.wait_for(2);
    assert_eq!(other.wait_for(1)[0].profile(), "p");
    wait_until(|| {
        server.get("/webhooks").is(200).data().as_array().unwrap().iter().all(|one| one["waiting"] == 0)
    });
}

/// Catches: a receiver that is told on, or whose deliveries and dead letters stay; one that is registered anew and takes over
/// what was another's.
#[test]
fn an_ended_receiver_leaves_no_rows() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let server = start(folder.path(), &["--webhook-attempts", "2"]);
    let ten = server.define("ten", json!({}));
    let first = register(&server, &receiver, json!({"name": "crm"}));
    receiver.answer(|_| Reply::Status(500));
    server.issue(ten, "dead", json!({}));
    let shown = |field: &str| server.get("/webhooks/crm").is(200).data()[field].clone();
    wait_until(|| shown("dead_letters") == 1);
    receiver.answer(|_| Reply::Busy(3600));
    server.issue(ten, "waits", json!({}));
    wait_until(|| shown("waiting") == 1 && receiver.heard().iter().any(|one| one.profile() == "waits"));
    assert_eq!(rows(folder.path()), 4);
    server.delete("/webhooks/crm").is(204);
    assert_eq!(rows(folder.path()), 0);
    server.delete("/webhooks/crm").refuses(404, "not_found");
    server.get("/webhooks/crm").refuses(404, "not_found");
    server.get("/webhooks/crm/dead-letters").refuses(404, "not_found");
    assert_eq!(server.get("/webhooks").is(200).data(), json!([]));
    receiver.answer(|_| Reply::Status(200));
    let before = receiver.heard().len();
    server.issue(ten, "later", json!({}));
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(receiver.heard().len(), before);
    assert_eq!(rows(folder.path()), 0, "what ended writes on");
    let second = register(&server, &receiver, json!({"name": "crm"}));
    assert_ne!(first["secret"], second["secret"]);
    server.issue(ten, "new", json!({}));
    assert_eq!(receiver.wait_for(1)[0].profile(), "new");
    wait_until(|| shown("waiting") == 0);
    assert_eq!(shown("dead_letters"), 0);
}

/// Catches: a server that delivers and does not hear of what was registered, or has ended, through another one.
#[test]
fn whichever_server_delivers_knows_who_is_registered() {
    let (folder, first, second) = (tempfile::tempdir().unwrap(), Receiver::start(), Receiver::start());
    let leading = start(folder.path(), &[]);
    let ten = leading.define("ten", json!({}));
    register(&leading, &first, json!({"name": "first"}));
    leading.issue(ten, "p", json!({}));
    first.wait_for(1);
    let other = start(folder.path(), &[]);
    register(&other, &second, json!({"name": "second"}));
    let since = Instant::now();
    other.issue(ten, "p", json!({}));
    second.wait_for(1);
    first.wait_for(2);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(leading.get("/webhooks").is(200).data().as_array().unwrap().len(), 2);
    // From then on nothing more is put among what waits, whatever the one that delivers knows by now.
    other.delete("/webhooks/first").is(204);
    leading.issue(ten, "p", json!({}));
    second.wait_for(2);
    leading.get("/webhooks/first").refuses(404, "not_found");
    // The one that delivered is gone, and the other one takes over.
    leading.kill();
    other.issue(ten, "p", json!({}));
    second.wait_for(3);
    assert_eq!(first.wait_for(2).len(), 2);
    wait_until(|| other.get("/webhooks/second").is(200).data()["waiting"] == 0);
    assert_eq!(rows(folder.path()), 2);
}

/// Catches: statements that only SQLite understands.
#[test]
fn postgres_knows_who_is_registered_as_well() {
    let Some(cluster) = Cluster::start() else { return };
    let port = cluster.config("postgres").get_ports()[0];
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
    let receiver = Receiver::start();
    let (leading, other) = (start_on(&url, &[]), start_on(&url, &[]));
    let ten = leading.define("ten", json!({}));
    register(&leading, &receiver, json!({"name": "crm"}));
    leading.issue(ten, "p", json!({}));
    receiver.wait_for(1);
    leading.kill();
    other.issue(ten, "p", json!({}));
    receiver.wait_for(2);
    let again = json!({"name": "crm", "url": self::url(&receiver)});
    assert_eq!(other.post("/webhooks", &again).is(200).data()["secret"], Value::Null);
    other.delete("/webhooks/crm").is(204);
    other.get("/webhooks/crm").refuses(404, "not_found");
    other.issue(ten, "p", json!({}));
    register(&other, &receiver, json!({"name": "crm"}));
    other.issue(ten, "q", json!({}));
    assert_eq!(receiver.wait_for(3)[2].profile(), "q");
}

/// Catches: two receivers at one address, or a secret that is told to two, when several register at once.
#[test]
fn concurrent_registrations_register_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let post = || server.post("/webhooks", &json!({"url": "http://127.0.0.1:1/"})).status;
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(post)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    // Another address of the same host has a name of its own.
    let next = server.post("/webhooks", &json!({"url": "http://127.0.0.1:2/"})).is(201).data();
    assert_eq!(next["name"], "127-0-0-1-2");
}

/// Catches: an address that nobody can be reached at, a secret that anyone could guess, and whoever may not register.
#[test]
fn what_cannot_be_registered_is_refused() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let option = receiver::options(folder.path(), receiver.address);
    let mut options: Vec<&str> = option.iter().map(String::as_str).collect();
    options.extend(["--read-token", "reader"]);
    let server = start(folder.path(), &options);
    let good = json!({"url": "https://erp.example/hooks?key=1", "name": "erp", "secret": SECRET});
    let refuse = |status, code: &str, field: &str, value: Value| {
        let mut body = good.clone();
        merge(&mut body, json!({field: value}));
        let said = server.post("/webhooks", &body).refuses(status, code).bare_json();
        assert!(said["errors"][field].is_array(), "{said}");
    };
    for url in [
        "",
        "erp.example",
        "/hooks",
        "ftp://erp.example",
        "https://",
        "https://:443/",
        "https://erp example/",
        "https://erp.example:0/",
        "https://erp.example:70000/",
        "https://erp.example:/",
        "javascript:alert(1)",
    ] {
        refuse(422, "invalid_field", "url", json!(url));
    }
    refuse(422, "missing_field", "url", json!(null));
    for name in ["", "E", "e r p", "erp/x", "é", &"e".repeat(33)] {
        refuse(422, "invalid_field", "name", json!(name));
    }
    let (short, long) = (format!("whsec_{}", "c2hv".repeat(7)), format!("whsec_{}", "c2hv".repeat(22)));
    for secret in
        ["", "whsec_", &short, &long, "whsec_%%%%", &SECRET["whsec_".len()..], &format!("{SECRET}\n")]
    {
        refuse(422, "invalid_field", "secret", json!(secret));
    }
    for field in ["url", "name", "secret"] {
        refuse(422, "invalid_field", field, json!(7));
    }
    refuse(422, "unknown_field", "uri", json!("https://erp.example"));
    // Whoever may only read registers nothing and ends nothing.
    for (method, path) in [("POST", "/webhooks"), ("DELETE", "/webhooks/erp")] {
        let call = Request::new(method, path).json(&good).header("Authorization", "Bearer reader");
        call.send(server.address).unwrap().refuses(403, "read_only");
    }
    let shown = server.post("/webhooks", &good).is(201).data();
    assert_eq!(shown["url"], "https://erp.example/hooks", "a query is nobody's to see");
    for (field, value) in
        [("url", json!("https://erp.example/hooks?key=2")), ("secret", json!(receiver::SECRET.0))]
    {
        refuse(409, "name_taken", field, value);
    }
    // What an option gives is the option's, under its name and at its address.
    for body in [json!({"url": "https://erp.example", "name": "crm"}), json!({"url": url(&receiver)})] {
        server.post("/webhooks", &body).refuses(409, "given_by_option");
    }
    let said = server.delete("/webhooks/crm").refuses(409, "given_by_option").bare_json();
    assert!(said["message"].as_str().unwrap().contains("--webhook crm="), "{said}");
    let names: Vec<Value> = server
        .get("/webhooks")
        .is(200)
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["crm", "erp"]);
}
