//! The suite that a store must pass: one named case per promise of [the contract](crate::store).
//!
//! A case gets an empty backing (a fresh database, say) and opens as many handles on it as it needs: most promises
//! only show between two of them. Give the suite a function that makes an empty backing and returns a function that
//! opens handles on it.
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
//!
//! There are three parts: [`check`] for every store; [`check_scan`] for a store that can be read [across
//! profiles](super::Scan); [`check_corrupt`] for a store whose rows can be corrupted from outside. Each part exists
//! for blocking stores, too. Blocking stores are raced by threads, asynchronous ones by concurrent futures.
//!
//! Durability cannot be tested from inside: pull the plug. `tests/simulation.rs` does that to a store in memory,
//! between any two of its steps.

mod across;
mod cases;
mod corrupt;
mod probe;
mod racing;
mod reading;
mod repeats;
mod suite;
mod till;
mod value;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use thiserror::Error;

use self::suite::AtOnce;
use super::{AsyncScan, AsyncStore, Blocking, Scan, Store};
use crate::id::ProfileId;
pub use across::SCAN_CASES;
pub use cases::CASES;

/// The name of the case that [`check_corrupt`] runs.
pub const CORRUPT_CASE: &str = corrupt::CASE;

/// A promise that a store did not keep.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{case}: {message}")]
#[non_exhaustive]
pub struct Failure {
    /// The case; one of [`CASES`] or [`SCAN_CASES`], or [`CORRUPT_CASE`].
    pub case: &'static str,
    /// The expected result, and the actual one.
    pub message: String,
}

/// Runs every case of [`CASES`] against a blocking store.
///
/// # Errors
/// The first case that fails.
pub fn check_blocking<S, Open>(mut make: impl FnMut() -> Open) -> Result<(), Failure>
where
    S: Store + Send,
    Open: FnMut() -> S,
{
    CASES.iter().try_for_each(|case| check_case_blocking(case, &mut make))
}

/// Runs one case of [`CASES`] against a blocking store.
///
/// # Errors
/// The case fails, or there is no case with this name.
pub fn check_case_blocking<S, Open>(case: &str, make: &mut impl FnMut() -> Open) -> Result<(), Failure>
where
    S: Store + Send,
    Open: FnMut() -> S,
{
    let mut open = make();
    blocking(cases::run(case, async || Blocking(open()), AtOnce::Threads))
}

/// Runs every case of [`CASES`] against an asynchronous store.
///
/// # Errors
/// The first case that fails.
pub async fn check<S, Open>(mut make: impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    for case in CASES {
        check_case(case, &mut make).await?;
    }
    Ok(())
}

/// Runs one case of [`CASES`] against an asynchronous store.
///
/// # Errors
/// The case fails, or there is no case with this name.
pub async fn check_case<S, Open>(case: &str, make: &mut impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    let open = make().await;
    cases::run(case, open, AtOnce::Futures).await
}

/// Runs every case of [`SCAN_CASES`] against a blocking store.
///
/// # Errors
/// The first case that fails.
pub fn check_scan_blocking<S, Open>(mut make: impl FnMut() -> Open) -> Result<(), Failure>
where
    S: Store + Scan + Send,
    Open: FnMut() -> S,
{
    SCAN_CASES.iter().try_for_each(|case| {
        let mut open = make();
        blocking(across::run(case, async || Blocking(open()), AtOnce::Threads))
    })
}

/// Runs every case of [`SCAN_CASES`] against an asynchronous store.
///
/// # Errors
/// The first case that fails.
pub async fn check_scan<S, Open>(mut make: impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore + AsyncScan + Send,
    Open: AsyncFnMut() -> S,
{
    for case in SCAN_CASES {
        check_scan_case(case, &mut make).await?;
    }
    Ok(())
}

/// Runs one case of [`SCAN_CASES`] against an asynchronous store.
///
/// # Errors
/// The case fails, or there is no case with this name.
pub async fn check_scan_case<S, Open>(case: &str, make: &mut impl AsyncFnMut() -> Open) -> Result<(), Failure>
where
    S: AsyncStore + AsyncScan + Send,
    Open: AsyncFnMut() -> S,
{
    let open = make().await;
    across::run(case, open, AtOnce::Futures).await
}

/// Runs [`CORRUPT_CASE`] against a blocking store: `spoil` makes stored data of a profile unreadable, so that a handle
/// without a cached copy cannot load the profile's account.
///
/// # Errors
/// The case fails.
pub fn check_corrupt_blocking<S: Store + Send>(
    mut open: impl FnMut() -> S,
    mut spoil: impl FnMut(ProfileId),
) -> Result<(), Failure> {
    blocking(corrupt::run(async || Blocking(open()), async |profile| spoil(profile), AtOnce::Threads))
}

/// Runs [`CORRUPT_CASE`] against an asynchronous store; see [`check_corrupt_blocking`].
///
/// # Errors
/// The case fails.
pub async fn check_corrupt<S: AsyncStore + Send>(
    open: impl AsyncFnMut() -> S,
    spoil: impl AsyncFnMut(ProfileId),
) -> Result<(), Failure> {
    corrupt::run(open, spoil, AtOnce::Futures).await
}

fn blocking(run: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let waited = || Err(Failure { case: "blocking", message: "a blocking store waited".to_owned() });
    ready(run).unwrap_or_else(waited)
}

/// The output of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
