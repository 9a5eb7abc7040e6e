//! The ledger: a program and a store, and everything that can be asked of them.
//!
//! There are two shells, alike but for `.await`: [`Ledger`] over a [`Store`], [`AsyncLedger`] over an
//! [`AsyncStore`]. Both run the same driver.

mod across;
mod blocking;
mod driver;
mod error;
mod group;
mod read;
mod waiting;

pub use across::{AsyncSweepAll, SweepAll};
pub use blocking::{Ledger, LedgerAsOf, LedgerAt};
pub use error::Error;
pub use group::{GroupCommit, GroupDriver, GroupOptions, Grouped, Pending, QueueFull};
pub use waiting::{AsyncLedger, AsyncLedgerAsOf, AsyncLedgerAt};

use crate::engine::Receipt;
use crate::engine::sealed::Decide;
#[cfg(doc)]
use crate::store::{AsyncStore, Store};

/// What comes of a command: a receipt with its outcome, or why not.
pub type Answer<A, E> = Result<Receipt<<A as Decide>::Outcome>, Error<E>>;
