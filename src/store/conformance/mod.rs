//! The suite that a store must pass: one named case per promise of [the contract](crate::store).
//!
//! A case gets an empty backing (a fresh database, say) and opens as many handles on it as it wants: what a promise
//! is worth shows between two of them. Give the suite a function that makes an empty backing, and answers with a
//! function that opens handles on it.
//!
//! ```
//! use scrip::MemoryStore;
//! use scrip::store::conformance;
//!
//! conformance::check_blocking(|| {
//!     let backing = MemoryStore::new();
//!     move || backing.clone()
//! })?;
//! # Ok::<(), conformance::Failure>(())
//! ```

mod cases;
mod probe;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use thiserror::Error;

use super::{AsyncStore, Blocking, Store};
pub use cases::CASES;

/// A promise that a store did not keep.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{case}: {message}")]
#[non_exhaustive]
pub struct Failure {
    /// The case; one of [`CASES`].
    pub case: &'static str,
    /// What was expected, and what came.
    pub message: String,
}

/// Runs every case against a blocking store.
///
/// # Errors
/// The first case that fails.
pub fn check_blocking<S, Open>(mut make: impl FnMut() -> Open) -> Result<(), Failure>
where
    S: Store + Send,
    S::Error: Send + std::fmt::Display,
    Open: FnMut() -> S,
{
    CASES.iter().try_for_each(|case| check_case_blocking(case, &mut make))
}

/// Runs one case against a blocking store.
///
/// # Errors
/// It fails, or there is no case of this name.
pub fn check_case_blocking<S, Open>(case: &str, make: &mut impl FnMut() -> Open) -> Result<(), Failure>
where
    S: Store + Send,
    S::Error: Send + std::fmt::Display,
    Open: FnMut() -> S,
{
    let mut open = make();
    let run = cases::run(case, async || Blocking(open()));
    ready(run)
        .unwrap_or_else(|| Err(Failure { case: "blocking", message: "a blocking store waited".to_owned() }))
}

/// Runs every case against an asynchronous store.
///
/// # Errors
/// The first case that fails.
pub async fn check<S, Open>(mut make: impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore,
    S::Error: std::fmt::Display,
    Open: AsyncFnMut() -> S,
{
    for case in CASES {
        check_case(case, &mut make).await?;
    }
    Ok(())
}

/// Runs one case against an asynchronous store.
///
/// # Errors
/// It fails, or there is no case of this name.
pub async fn check_case<S, Open>(case: &str, make: &mut impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore,
    S::Error: std::fmt::Display,
    Open: AsyncFnMut() -> S,
{
    let open = make().await;
    cases::run(case, open).await
}

/// The output of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
