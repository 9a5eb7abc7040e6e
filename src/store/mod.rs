//! The storage contract: what a store must do, and what it may rely on.
//!
//! A store keeps journals: one for each profile, and one for the catalogue of definitions (number zero). It
//! appends entries, finds them again by the few look-ups of [`Find`], and never reads the rules. There is one
//! method to implement: the store *runs* a [`Work`].
//!
//! # What running a work means
//! For each unit of the work, in any grouping:
//! 1. **Load** what its [`Need`] names, in one snapshot: the account (or two), and what [`LookupPlan`] looks up.
//! 2. **Decide**: lend that to [`Work::decide`]. It is pure, quick, and may be called again for the same unit: only the last
//!    decision before the unit is settled counts.
//! 3. **Commit** the [`Change`] that it answers, if any: both lists of entries, or neither. Each list must follow
//!    the account's last entry without a gap; if it does not, because somebody else was faster or because the
//!    change is stale, nothing is written and the unit's status is [`CommitStatus::Conflict`].
//! 4. **Settle**: tell [`Work::settle`] the status of the commit, once for every unit whose decision is final.
//!
//! # What a store promises
//! - **Compare and swap.** Of two changes decided on the same version of an account, at most one is committed
//!   (rule J6). This holds between threads, handles and processes that share the store.
//! - **Atomicity.** A change is seen whole or not at all, over one account and over two.
//! - **Snapshot.** The account, the records and the key that one `Need` names are read as of one moment.
//!   Otherwise a key could be executed twice.
//! - **Read your writes.** In one work, a later unit of a profile sees an earlier one's change; once a unit is
//!   [`CommitStatus::Committed`], every later load sees it, through any handle.
//! - **Durability.** [`CommitStatus::Committed`] means that it survives whatever the store promises to survive;
//!   [`CommitStatus::Staged`] that it does once the caller's own transaction commits. A reply lost on the way is
//!   [`CommitStatus::InDoubt`], never a guess.
//! - **Numbers.** A profile's number is drawn once, at the latest when its first entry is committed, is never drawn
//!   again for another profile, and is not zero. Two new profiles in one need have two numbers; one that is named twice,
//!   as both accounts, has one.
//! - **Fidelity.** Entries come back as they were written: every digit, every microsecond, in order.
//! - **Errors, not panics.** What cannot be read back is an error of the store, which
//!   [says so](StoreError::is_corruption).
//!
//! # Races, crashes and retries
//! - **A conflict is a value**, [`CommitStatus::Conflict`], and never an error to be searched for: a head that has moved, a
//!   serialization failure, a deadlock that the database broke. Nothing of that unit was written, the other units of the
//!   work are not affected, and the ledger runs it again, up to 32 times. A store need not retry by itself.
//! - **Two accounts are locked in a fixed order**, whatever their order in the need; or they are not locked, and compared
//!   when they are written. Two changes over the same accounts in opposite directions must not deadlock.
//! - **A crash** leaves each unit whole or without a trace. A unit that was settled as committed is there afterwards. One
//!   that was not settled may be there; the host finds out by running it again under its key (rule J5).
//! - **A reply that is lost** after the commit was sent makes the unit [`CommitStatus::InDoubt`], where the store can tell, and
//!   so does an error that is no proof that nothing was committed. The ledger runs it again if it carries a key or a name of
//!   the caller's, and otherwise says so. A store must not run it again by itself: without the key it would be done twice.
//! - **An error of [`Store::run`]** means that the units which were not settled were not written. If the store cannot know
//!   that, it settles them as in doubt before it returns the error. Units that it had committed, it settles as committed.
//! - **A unit that was settled as committed** is never rolled back, even if a later unit of the work fails.
//!
//! # What a store may keep in memory
//! - **An account**, for as long as the store can know that nobody else has written it: while it holds the only handle to
//!   what is stored, or after asking whether anything changed. The comparison of versions when writing does not
//!   make it safe to lend an old account: a read is never compared, and a refusal would be decided on stale data.
//! - **An account that may be outdated**, for a first try: only a unit that writes is final then, and only if the commit
//!   compares the version, and checks that a key and a name which were not looked up are new. Any other unit is loaded and
//!   decided again.
//! - **A snapshot of the account beside the journal**, which may lag behind it, as long as the later entries are folded in
//!   on load ([`Account::follow`]). The journal is the truth; the head says where it ends.
//! - **Nothing that is not durable yet**, beyond the work that writes it: whatever a failed or rolled-back work changed must
//!   be forgotten.
//! - **No look-up by key**, unless it is as current as the account: a key that is missed is a request that is done twice.
//! - **Nothing at all inside the caller's transaction**, which may still be rolled back.
//!
//! # What is stored outlives the version that wrote it
//! Entries and accounts have two forms that are read for ever: serde's, and the bytes that the stores shipped here keep, of
//! which the first says how they are written. A store notes the version of its own tables as well. It opens those of an older
//! version, or says that they must be migrated first; and refuses those of a newer one with an error that names both
//! versions, before it has touched anything. Migrating is one transaction: all of it, or nothing.
//!
//! # What a store may do
//! Decide units in any order, except that units of one profile keep theirs. Decide with a lock held, or with nothing held
//! and compare afterwards: a decision takes about a microsecond.
//!
//! The suite in `store::conformance` (feature `conformance`) has a named case for each promise that can be seen from
//! inside; see [the guide](crate::guide::storage).

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod apart;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod check;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod damage;
mod find;
mod lookup;
mod memory;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) mod projection;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod row;
mod scan;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stage;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod values;
mod work;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "postgres")]
pub mod postgres;

use std::future::{Future, ready};

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use check::CheckReport;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use damage::Damage;
pub use find::{Find, Lookup};
pub use lookup::LookupPlan;
pub use memory::{MemoryError, MemoryStore};
pub use scan::{AsyncScan, Feed, FeedEntry, Position, Scan};
pub use work::{AsOf, Change, CommitStatus, DefinitionRef, Found, Happened, Need, Owner, Record, View, Work};

#[cfg(doc)]
use crate::account::Account;
use crate::account::Corrupt;

/// The error of a store.
///
/// ```
/// use scrip::store::StoreError;
///
/// #[derive(Debug, thiserror::Error)]
/// enum MyError {
///     #[error("the server cannot be reached")]
///     Unreachable,
///     #[error("a row cannot be read")]
///     Unreadable,
/// }
///
/// impl StoreError for MyError {
///     fn is_corruption(&self) -> bool {
///         matches!(self, Self::Unreadable)
///     }
/// }
///
/// let error = scrip::Error::Store(std::sync::Arc::new(MyError::Unreadable));
/// assert_eq!(error.code(), "corrupt");
/// let error = scrip::Error::Store(std::sync::Arc::new(MyError::Unreachable));
/// assert_eq!(error.code(), "store_failed");
/// ```
pub trait StoreError: std::error::Error {
    /// Whether stored data is corrupt, so that a retry is no use and only a backup helps. It makes the
    /// [code](crate::Error::code) of the ledger's error `corrupt`.
    fn is_corruption(&self) -> bool {
        false
    }
}

/// For a store that cannot fail.
impl StoreError for std::convert::Infallible {}

/// For a store that fails only on corrupt data.
impl StoreError for Corrupt {
    fn is_corruption(&self) -> bool {
        true
    }
}

/// A store that blocks until the work is done; see [the contract](crate::store).
pub trait Store {
    /// The store's own error.
    type Error: StoreError + Send;

    /// Runs a work: loads what its units need, lets it decide, commits, and settles.
    ///
    /// # Errors
    /// The store failed. Units that were settled keep their status; the others were not committed.
    fn run(&mut self, work: &mut dyn Work) -> Result<(), Self::Error>;
}

/// An asynchronous store; see [the contract](crate::store).
pub trait AsyncStore {
    /// The store's own error.
    type Error: StoreError + Send;

    /// Runs a work: loads what its units need, lets it decide, commits, and settles.
    ///
    /// # Errors
    /// The store failed. Units that were settled keep their status; the others were not committed.
    fn run(&mut self, work: &mut dyn Work) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// An adapter that makes a blocking store an [`AsyncStore`]. It blocks the task while it runs, and its future is ready at
/// once, so the store need not be [`Send`].
#[derive(Clone, Debug)]
pub struct Blocking<S>(pub S);

impl<S: Store> AsyncStore for Blocking<S> {
    type Error = S::Error;

    #[inline]
    fn run(&mut self, work: &mut dyn Work) -> impl Future<Output = Result<(), S::Error>> + Send {
        ready(self.0.run(work))
    }
}
