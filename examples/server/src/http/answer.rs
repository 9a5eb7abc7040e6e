//! The shapes of a yes: one thing, a list of them, or nothing.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::precondition::tag;

/// `{"data": …}`.
#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// One thing, with a status.
pub fn data(status: StatusCode, thing: &impl Serialize) -> Response {
    json(status, &Data { data: thing })
}

pub fn ok(thing: &impl Serialize) -> Response {
    data(StatusCode::OK, thing)
}

/// A thing that has versions.
pub trait Versioned {
    fn version(&self) -> Option<u64>;
}

impl<T: Versioned> Versioned for &T {
    fn version(&self) -> Option<u64> {
        (**self).version()
    }
}

impl<T: Versioned> Versioned for Option<T> {
    fn version(&self) -> Option<u64> {
        self.as_ref().and_then(Versioned::version)
    }
}

/// One thing, with its version as its tag.
pub fn thing(status: StatusCode, thing: &(impl Serialize + Versioned)) -> Response {
    let mut response = data(status, thing);
    let tag = thing.version().and_then(|version| HeaderValue::from_str(&tag(version)).ok());
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// It is gone.
pub fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    text(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
}

pub fn text(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
