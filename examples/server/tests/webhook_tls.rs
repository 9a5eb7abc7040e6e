//! Webhooks over TLS: to a receiver whose certificate the machine trusts, and to no other.

mod common;
#[path = "common/receiver.rs"]
#[allow(dead_code)]
mod receiver;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{Server, TOKEN};
use receiver::Receiver;
use scrip::store::postgres::rustls::pki_types::PrivatePkcs8KeyDer;
use scrip::store::postgres::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};
use serde_json::json;

/// Ends TLS in front of a receiver, with a certificate that is written to a file; the place where it listens.
fn wrapped(receiver: &Receiver, certificate: &Path) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (place, behind) = (listener.local_addr().unwrap(), receiver.address);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut outside = StreamOwned::new(connection, stream.unwrap());
            let mut inside = TcpStream::connect(behind).unwrap();
            thread::spawn(move || {
                let mut chunk = [0; 16 << 10];
                let mut request = Vec::new();
                // A webhook ends with the braces of its data and of its message.
                while !request.ends_with(b"}}") {
                    let read = outside.read(&mut chunk).ok().filter(|read| *read > 0)?;
                    request.extend_from_slice(&chunk[..read]);
                }
                inside.write_all(&request).ok()?;
                let read = inside.read(&mut chunk).ok()?;
                outside.write_all(&chunk[..read]).ok()?;
                outside.conn.send_close_notify();
                outside.flush().ok()
            });
        }
    });
    place
}

/// Catches: a certificate that is not checked; TLS that cannot be spoken at all.
#[test]
fn only_a_certificate_that_is_trusted_gets_webhooks() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let (trusted, other) = (folder.path().join("trusted.pem"), folder.path().join("other.pem"));
    let (place, elsewhere) = (wrapped(&receiver, &trusted), wrapped(&receiver, &other));
    for (port, name, heard) in
        [(elsewhere.port(), "localhost", 0), (place.port(), "127.0.0.1", 0), (place.port(), "localhost", 1)]
    {
        let mut options = receiver::options(folder.path(), place);
        options[1] = format!("crm=https://{name}:{port}/hooks");
        let mut options: Vec<&str> = options.iter().map(String::as_str).collect();
        options.extend([
            "--store",
            "memory",
            "--token",
            TOKEN,
            "--webhook-backoff",
            "0.01",
            "--webhook-attempts",
            "3",
        ]);
        let server =
            Server::spawn(common::command(&options).env("RUST_LOG", "off").env("SSL_CERT_FILE", &trusted));
        let ten = server.define("ten", json!({}));
        server.issue(ten, "p", json!({}));
        let since = Instant::now();
        let dead = || server.get("/webhooks").is(200).data()[0]["dead_letters"] == 1;
        while receiver.heard().len() < heard || (heard == 0 && !dead()) {
            assert!(since.elapsed() < Duration::from_secs(60), "it never came");
            thread::sleep(Duration::from_millis(5));
        }
        let dead = server.get("/webhooks/crm/dead-letters").is(200).data();
        let errors: Vec<_> = dead.as_array().unwrap().iter().map(|one| one["error"].clone()).collect();
        let expected = if heard == 1 { vec![] } else { vec![json!("could not be reached")] };
        assert_eq!((receiver.heard().len(), errors), (heard, expected), "https://{name}:{port}");
    }
}
