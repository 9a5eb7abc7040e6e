//! One try to deliver a webhook.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use scrip::store::postgres::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::queue::Delivery;
use super::receiver::Receiver;

/// How much of an answer is read so that the connection can be used again, and for how long.
const ANSWER: usize = 64 << 10;
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// How long a connection is kept for the next webhook.
const KEPT: Duration = Duration::from_secs(20);
/// The longest wait that a receiver can ask for.
const LONGEST_ASKED: u64 = 86_400;

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status from 200 to 299.
    Delivered,
    /// 410: it wants no more.
    Gone,
    /// Another status. If the receiver has too much to do, it is left alone for this long.
    Refused { status: u16, pause: Option<Duration> },
    /// It took too long.
    TimedOut,
    /// Nobody is there.
    Unreachable,
    /// The connection broke.
    Broken,
}

/// The client of all receivers.
#[derive(Clone)]
pub struct Sender(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Sender {
    /// Trusts the certificates that the machine trusts.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = connector.https_or_http().enable_http1().build();
        let mut client = Client::builder(TokioExecutor::new());
        Ok(Self(client.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT).build(connector)))
    }

    /// Sends one, signed for this instant. Redirections are not followed: they are a refusal.
    pub async fn send(&self, receiver: &Receiver, delivery: &Delivery, timestamp: i64) -> Answer {
        let Some(signature) = receiver.sign(&delivery.event, timestamp, &delivery.body) else {
            return Answer::Broken;
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(&receiver.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("scrip-server/", env!("CARGO_PKG_VERSION")))
            .header(standardwebhooks::HEADER_WEBHOOK_ID, &delivery.event)
            .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature)
            .body(Full::new(Bytes::from(delivery.body.clone())));
        let Ok(request) = request else { return Answer::Broken };
        let response = match tokio::time::timeout(receiver.tries.timeout, self.0.request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Answer::Unreachable,
            Ok(Err(_)) => return Answer::Broken,
            Err(_) => return Answer::TimedOut,
        };
        let (status, pause) = (response.status(), asked_pause(response.headers()));
        let _ = tokio::time::timeout(ANSWER_TIME, Limited::new(response.into_body(), ANSWER).collect()).await;
        match status {
            status if status.is_success() => Answer::Delivered,
            StatusCode::GONE => Answer::Gone,
            status => {
                let pause = pause.or(is_busy(status).then_some(receiver.tries.first_wait));
                Answer::Refused { status: status.as_u16(), pause }
            }
        }
    }
}

/// Whether the status says that the receiver has too much to do, and not that it minds this webhook.
fn is_busy(status: StatusCode) -> bool {
    [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]
    .contains(&status)
}

fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_ASKED)))
}

impl Answer {
    /// Why it was not delivered, for people.
    pub fn reason(self, timeout: Duration) -> String {
        match self {
            Self::Delivered => "answered 2xx".to_owned(),
            Self::Gone => "answered 410".to_owned(),
            Self::Refused { status, .. } => format!("answered {status}"),
            Self::TimedOut => format!("no answer within {} s", timeout.as_secs_f64()),
            Self::Unreachable => "could not be reached".to_owned(),
            Self::Broken => "the connection broke".to_owned(),
        }
    }
}
