//! An answer that came before the body was read: the rest of the body is read and thrown away for a while, so that a
//! client that writes before it reads finds the answer and no broken pipe.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

/// How much of an unread body is thrown away: twice the largest body that is read.
const MOST: usize = 32 << 20;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a body is put that was not read to its end.
#[derive(Clone, Default)]
pub struct Unread(Arc<Mutex<Option<Body>>>);

impl Unread {
    /// The request, with a body that comes back here if it is dropped before its end.
    pub fn lend(&self, request: Request) -> Request {
        let (parts, body) = request.into_parts();
        Request::from_parts(parts, Body::new(Lent { body: Some(body), unread: self.clone() }))
    }

    /// If the body was not read to its end, the answer closes the connection, and the rest is thrown away.
    pub fn finish(self, response: &mut Response) {
        let Some(rest) = self.slot().take() else { return };
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        tokio::spawn(async move { tokio::time::timeout(PATIENCE, discard(rest)).await });
    }

    fn slot(&self) -> MutexGuard<'_, Option<Body>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn discard(mut body: Body) {
    let mut seen = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        seen = seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if seen > MOST {
            return;
        }
    }
}

struct Lent {
    body: Option<Body>,
    unread: Unread,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        *self.unread.slot() = rest;
    }
}
