//! A connection that says why it ends: a request whose headers take too long is told so, as is one with a slow body.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, Response, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const TOO_SLOW: &str = r#"{"message":"the headers took too long","code":"too_slow","errors":{}}"#;

/// How far the calls of a connection are.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// When the first byte of headers came that are not whole yet.
    began: Option<Instant>,
    /// Whether a call is being answered, or the last one was.
    is_answering: bool,
}

impl Progress {
    /// The headers are whole.
    pub fn begin(&self) {
        *self.lock() = State { began: None, is_answering: true };
    }

    /// The answer is there; the connection waits for the next call, unless it says that it ends.
    pub fn end<B>(&self, response: &Response<B>) {
        let ends = response.headers().get(header::CONNECTION).is_some_and(is_close);
        self.lock().is_answering = ends;
    }

    fn hear(&self) {
        let mut state = self.lock();
        if !state.is_answering {
            state.began.get_or_insert_with(Instant::now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_close(value: &HeaderValue) -> bool {
    value.as_bytes().eq_ignore_ascii_case(b"close")
}

/// A stream that knows whether it is in the middle of headers when it ends.
pub struct Heard {
    stream: TcpStream,
    progress: Progress,
    /// How long headers may take.
    patience: Duration,
}

impl Heard {
    pub fn new(stream: TcpStream, progress: Progress, patience: Duration) -> Self {
        Self { stream, progress, patience }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let began = self.progress.lock().began;
        if began.is_some_and(|began| began.elapsed() >= self.patience) {
            tracing::info!(status = 408, code = "too_slow", "headers took too long");
            let length = TOO_SLOW.len();
            let head =
                "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n";
            // It fits into the empty buffer of the socket, or the client is gone.
            let _ =
                self.stream.try_write(format!("{head}Content-Length: {length}\r\n\r\n{TOO_SLOW}").as_bytes());
        }
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.progress.hear();
        }
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
