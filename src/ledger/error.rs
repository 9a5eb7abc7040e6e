//! The error that a ledger returns when a request was not executed.

use std::sync::Arc;

use thiserror::Error;

use crate::account::Corrupt;
use crate::engine::{KeyReused, Refusal, Rejection};
use crate::store::StoreError;

/// Why a request was not carried out, or is not known to have been. `E` is the store's own error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The rules do not allow it. Nothing was changed.
    #[error(transparent)]
    Rejected(Rejection),
    /// Its idempotency key was used before with other content (rule J5). Nothing was changed.
    #[error(transparent)]
    KeyReused(KeyReused),
    /// The account changed under the request, time after time (rule J6). Nothing was changed; it may be tried again.
    #[error("the account changed during each of {attempts} attempts (rule J6)")]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },
    /// The caller's own transaction must be rolled back. Nothing was changed.
    #[error("the caller's transaction must be rolled back")]
    Aborted,
    /// It was sent to the store, and the reply was lost or inconclusive: it may or may not have been carried out. Retry it
    /// under a key, or read the account.
    #[error("the store did not say whether the request was carried out")]
    InDoubt,
    /// The stored journal was not written by this ledger.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// The store failed. Nothing was changed.
    #[error("the store failed")]
    Store(#[source] Arc<E>),
    /// The [`GroupCommit`](crate::ledger::GroupCommit) is closed. Nothing was changed.
    #[error("the group commit is closed")]
    Closed,
}

impl<E: StoreError> Error<E> {
    /// A stable code for programs to act on: the rejection's, or the kind of failure. Corrupt data has the code `corrupt`,
    /// whether the ledger or the store found it.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let error = till.commit(Redeem::strict(alice, Amount::from(11))).unwrap_err();
    /// assert_eq!(error.code(), "insufficient_value");
    /// # Ok(())
    /// # }
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::KeyReused(_) => "key_reused",
            Self::Contention { .. } => "contention",
            Self::Aborted => "doomed",
            Self::InDoubt => "in_doubt",
            Self::Corrupt(_) => "corrupt",
            Self::Store(error) if error.is_corruption() => "corrupt",
            Self::Store(_) => "store_failed",
            Self::Closed => "closed",
        }
    }
}

impl<E> Error<E> {
    /// The rejection, if it is one.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let error = till.commit(Redeem::strict(alice, Amount::from(11))).unwrap_err();
    /// let Some(Rejection::InsufficientValue { available, .. }) = error.rejection() else { unreachable!() };
    /// assert_eq!(available.as_amount(), Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }
}

// Not derived: the store's error itself need not be cloned.
impl<E> Clone for Error<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Rejected(rejection) => Self::Rejected(rejection.clone()),
            Self::KeyReused(reused) => Self::KeyReused(reused.clone()),
            Self::Contention { attempts } => Self::Contention { attempts: *attempts },
            Self::Aborted => Self::Aborted,
            Self::InDoubt => Self::InDoubt,
            Self::Corrupt(corrupt) => Self::Corrupt(corrupt.clone()),
            Self::Store(error) => Self::Store(Arc::clone(error)),
            Self::Closed => Self::Closed,
        }
    }
}

impl<E> From<Refusal> for Error<E> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => Self::Rejected(rejection),
            Refusal::KeyReused(reused) => Self::KeyReused(reused),
        }
    }
}

impl<E> From<Rejection> for Error<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
