//! What happens around every call: who may call, a name for it, a line in the log, and the counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::code::Code;
use super::linger::Unread;
use super::list::Query;
use super::origin;
use super::problem::{Problem, ProblemCode};
use crate::app::Shared;

const REQUEST_ID: &str = "x-request-id";

pub async fn around(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let _open = app.metrics.in_flight();
    let id = request_id(request.headers());
    let method = request.method().clone();
    // The route and not the path: there are few of them, and profile ids stay out of logs and labels.
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    let stays = !closes(request.headers());
    let unread = Unread::default();
    let mut request = unread.lend(request);
    let mut response = match may_call(&app, &request) {
        Ok(access) => {
            request.extensions_mut().insert(access);
            next.run(request).await
        }
        Err(refused) => {
            drop(request);
            refused.into_response()
        }
    };
    unread.finish(&mut response);
    if app.is_stopping() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if stays && !closes(response.headers()) {
        response.headers_mut().insert("keep-alive", app.idle.clone());
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (status, took) = (response.status().as_u16(), since.elapsed());
    let code = response.extensions().get::<ProblemCode>().map_or("", |code| code.0);
    if !code.is_empty() {
        app.metrics.rejected(&route, code);
    }
    app.metrics.request(&label(&method), &route, status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(request_id = id, %method, route, status, code, micros, "answered");
    response
}

/// Whether the connection ends with this.
fn closes(headers: &HeaderMap) -> bool {
    headers.get(header::CONNECTION).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Change,
}

/// With a token, whoever brings it. Without one, programs on this machine, and the server's own page.
fn may_call(app: &Shared, request: &Request) -> Result<Access, Problem> {
    let Some(token) = &app.token else {
        return origin::check(request.headers(), request.uri())
            .map(|()| Access::Change)
            .map_err(|reason| Problem::new(Code::Forbidden, reason));
    };
    let sent = sent(request.headers());
    let is = |token: &String| sent.is_some_and(|sent| sent.ct_eq(token.as_bytes()).into());
    let path = request.uri().path();
    let is_asking = matches!(*request.method(), Method::GET | Method::HEAD);
    if is(token) {
        Ok(Access::Change)
    } else if app.read_token.as_ref().is_some_and(is) {
        // A quote is asked for by POST, and changes nothing; nor does a dry run, whatever it is of.
        if is_asking || path.ends_with("/redemptions/quote") || is_dry_run(request.uri()) {
            Ok(Access::Read)
        } else {
            Err(Problem::new(Code::ReadOnly, "this token only reads"))
        }
    } else if *request.method() == Method::GET && path == "/" {
        // The page itself says nothing, and a browser that opens it has no way to send a token.
        Ok(Access::Read)
    } else {
        Err(Problem::new(Code::Unauthorized, "a bearer token is required"))
    }
}

/// Whether a call is a dry run. A route that has none refuses the parameter, and every one refuses to be told twice.
fn is_dry_run(uri: &Uri) -> bool {
    let query = Query::parse(uri.query().unwrap_or_default());
    query.is_ok_and(|query| query.is_dry_run().unwrap_or(false))
}

fn sent(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// Methods are the client's to invent; labels are not.
fn label(method: &Method) -> String {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            method.to_string()
        }
        _ => "other".to_owned(),
    }
}

/// The client's own name for the call, if it is a short plain word; a new one otherwise.
fn request_id(headers: &HeaderMap) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let is_plain = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_plain);
    own.map_or_else(
        || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            format!("{now:x}-{:x}", NEXT.fetch_add(1, Relaxed))
        },
        str::to_owned,
    )
}
