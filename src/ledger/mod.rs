//! The ledger: a program and a store, and everything that can be asked of them.
//!
//! There are two interfaces, which differ only in `.await`: [`AsyncLedger`] over an [`AsyncStore`], and [`Ledger`] over a [`Store`], which
//! is the first over [`Blocking`].

mod across;
mod all;
mod asynchronous;
mod batch;
mod blocking;
mod error;
mod group;
mod journals;
mod one;
mod preview;
mod read;
mod unit;

pub use across::{AsyncSweepAll, SweepAll};
pub use all::{AsyncProfiles, Profiles};
pub use asynchronous::{AsyncLedger, AsyncLedgerAsOf, AsyncLedgerAt};
pub use blocking::{Ledger, LedgerAsOf, LedgerAt};
pub use error::Error;
pub use group::{GroupCommit, GroupDriver, GroupOptions, Grouped, Pending, QueueFull};
pub use journals::{AsyncJournals, Journals};
pub use preview::Preview;

use crate::engine::Action;
use crate::engine::Receipt;
#[cfg(doc)]
use crate::store::{AsyncStore, Blocking, Store};

/// The answer to a command: a receipt with its outcome, or an error.
pub type Answer<A, E> = Result<Receipt<<A as Action>::Outcome>, Error<E>>;
