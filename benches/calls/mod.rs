//! The ways in which users call the ledger: one request at a time, in batches, awaited, and in group commit.

pub(crate) mod contest;
pub(crate) mod lapsing;
pub(crate) mod many;
pub(crate) mod single;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::contestants::Request;
use crate::contestants::till::Till;

/// One way of calling. It has a ledger of its own over the till's store.
pub(crate) trait Call {
    /// How many requests are sent together.
    fn at_once(&self) -> usize {
        1
    }

    /// Makes what reaches the user ready-made, such as the text of a request.
    fn receive(&mut self, _: &Till, _: &[Request]) {}

    /// Builds the requests and sends them. Those of profiles that have too little are added to `refused`.
    fn send(&mut self, till: &Till, requests: &[Request], refused: &mut Vec<Request>);
}

/// Makes a way of calling over a till's store.
pub(crate) type Open = fn(&Till) -> Box<dyn Call>;

/// The result of a future over a store that is always ready.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the memory store is always ready"),
    }
}
