//! The shapes of a yes: one thing, a list of them, or nothing.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

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

pub fn created(thing: &impl Serialize) -> Response {
    data(StatusCode::CREATED, thing)
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
