//! The requests of a ledger: plain values that can be stored, sent and replayed.
//!
//! A [`Command`] is a request with the instant at which it is decided (rule T1) and, optionally, an idempotency
//! key (rule J5). In JSON, one to a line, a stream of them can be replayed:
//!
//! ```json
//! {"at": "2025-06-15T02:00:00Z", "key": "till-7-000123", "request": {"redeem": {"profile_id": "alice", "amount": 10}}}
//! ```

use serde::{Deserialize, Serialize};

use crate::definition::Defined;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Asked, Rejection, Written};
use crate::id::Key;
use crate::journal::{
    External, Fingerprint, Hold, PointLot, RecordId, Redemption, Return, Reward, Transaction,
};
use crate::program::{Earn, Program};
use crate::store::{Need, Record, View};
use crate::time::Timestamp;

pub use super::decide::{decide, need};
pub use crate::definition::Line;
pub use crate::engine::{Action, Decision};
pub use crate::journal::redeem::{Strategies, Strategy};
pub use crate::ops::{
    Adjust, ArchiveDefinition, CaptureHold, Define, DeleteTransaction, Extend, IssuePoints, IssueReward,
    KeyedBatch, MergeProfiles, PlaceHold, PostTransaction, Reassign, Redeem, Redefine, ReleaseHold,
    ReturnLine, ReturnRedemption, ReturnTransaction, ReverseRedemption, Revoke, Sweep, Transfer,
    UpdateTransaction,
};
use crate::ops::{CorrectedLot, Extended, Merged, Moved, Swept, TransactionReturn, Transferred};

/// A request, when it is decided, and the key by which its repetition is known.
///
/// ```
/// use scrip::{Amount, Command, ProfileId, Redeem, Request, json};
///
/// let redeem = Redeem::strict(ProfileId::new("alice")?, Amount::from(10));
/// let command = Command::new("2025-06-15T02:00:00Z".parse().unwrap(), Request::from(redeem));
/// let line = serde_json::to_string(&command).unwrap();
/// assert_eq!(json::read::<Command>(line.as_bytes()).unwrap(), command);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command<A = Request> {
    /// The instant at which it is decided (rules T1 and T6).
    pub at: Timestamp,
    /// The idempotency key, scoped to the profile (rule J5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The account's version that it was made for, the number of its last entry: refused if there is a newer one (rule J6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u32>,
    /// The command.
    pub request: A,
}

impl<A> Command<A> {
    /// A request at an instant, without a key.
    pub const fn new(at: Timestamp, request: A) -> Self {
        Self { at, key: None, if_version: None, request }
    }

    /// As the engine is asked.
    pub(crate) const fn asked(&self) -> Asked<'_, A> {
        Asked {
            at: self.at,
            key: self.key.as_ref(),
            row: None,
            if_version: self.if_version,
            request: &self.request,
        }
    }

    /// The same, under an idempotency key.
    #[must_use]
    pub fn keyed(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The same, if nothing was written to the account after this entry: what it was made from was read then.
    #[must_use]
    pub fn if_version(self, version: u32) -> Self {
        Self { if_version: Some(version), ..self }
    }
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($body:ty) -> $outcome:ty;)*) => {
        /// Any request that changes something.
        ///
        /// In JSON: an object with one field, the request's name in snake case, that holds its body.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)] // Requests live for the length of one call.
        pub enum Request {
            $($(#[$doc])* $name($body),)*
        }

        /// The outcome of a [`Request`].
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)]
        pub enum Outcome {
            $($(#[$doc])* $name($outcome),)*
        }

        $(
            impl From<$body> for Request {
                fn from(body: $body) -> Self {
                    Self::$name(body)
                }
            }
        )*

        /// Runs an expression on the body of whichever request it is, and wraps the outcome alike.
        macro_rules! each_request {
            ($request:expr, $bound:ident => $run:expr) => {
                match $request {
                    $(Request::$name($bound) => $run.map(Outcome::$name),)*
                }
            };
        }
        /// The same, for an expression whose type does not depend on the request.
        macro_rules! any_request {
            ($request:expr, $bound:ident => $run:expr) => {
                match $request {
                    $(Request::$name($bound) => $run,)*
                }
            };
        }
        /// Writes something for each request: its name, its body and its outcome.
        macro_rules! for_each_request {
            ($write:ident) => {
                $($write!($name, $body, $outcome);)*
            };
        }
    };
}

requests! {
    /// Make a definition.
    Define(Define) -> Defined;
    /// Change a definition.
    Redefine(Redefine) -> Defined;
    /// Take a definition out of use.
    ArchiveDefinition(ArchiveDefinition) -> Defined;
    /// Issue a reward.
    IssueReward(IssueReward) -> Reward;
    /// Issue points.
    IssuePoints(IssuePoints) -> PointLot;
    /// Redeem value.
    Redeem(Redeem) -> Redemption;
    /// Set value aside.
    PlaceHold(PlaceHold) -> Hold;
    /// Turn a hold into a redemption.
    CaptureHold(CaptureHold) -> Redemption;
    /// Release a hold.
    ReleaseHold(ReleaseHold) -> Hold;
    /// Give part of a redemption back.
    ReturnRedemption(ReturnRedemption) -> Return;
    /// Undo a redemption.
    ReverseRedemption(ReverseRedemption) -> Return;
    /// Extend lots.
    Extend(Extend) -> Extended;
    /// Move a lot to another profile.
    Reassign(Reassign) -> Moved;
    /// Transfer value to another profile.
    Transfer(Transfer) -> Transferred;
    /// Take back a lot.
    Revoke(Revoke) -> CorrectedLot;
    /// Correct a lot.
    Adjust(Adjust) -> CorrectedLot;
    /// Merge two profiles.
    MergeProfiles(MergeProfiles) -> Merged;
    /// Settle everything that fell due.
    Sweep(Sweep) -> Swept;
    /// Post a transaction.
    PostTransaction(PostTransaction) -> Transaction;
    /// Change a transaction.
    UpdateTransaction(UpdateTransaction) -> Transaction;
    /// Delete a transaction.
    DeleteTransaction(DeleteTransaction) -> Transaction;
    /// Part of a purchase comes back.
    ReturnTransaction(ReturnTransaction) -> TransactionReturn;
}

impl Operation for Request {
    type Answer = Outcome;

    fn need(&self) -> Result<Need, Rejection> {
        any_request!(self, request => request.need())
    }

    fn rates<'p>(&self, program: &'p Program) -> &'p [Earn] {
        any_request!(self, request => request.rates(program))
    }

    fn fingerprint(&self) -> Fingerprint {
        any_request!(self, request => request.fingerprint())
    }

    fn external(&self) -> Option<External> {
        any_request!(self, request => request.external())
    }

    fn names(&self) -> Option<(External, RecordId)> {
        any_request!(self, request => request.names())
    }

    fn profile_field(&self) -> &'static str {
        any_request!(self, request => request.profile_field())
    }

    fn is_said_by(&self, record: &Record<'_>) -> bool {
        any_request!(self, request => request.is_said_by(record))
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        any_request!(self, request => request.check(program))
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        any_request!(self, request => request.rule(draft, view))
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Outcome> {
        each_request!(self, request => request.outcome(written))
    }

    fn existing(&self, view: &View<'_>, record: &Record<'_>, at: Timestamp) -> Option<Outcome> {
        each_request!(self, request => request.existing(view, record, at))
    }
}

/// A request that can wait in a queue with any others: all of them.
pub trait IsRequest: Action {
    /// As one of any.
    fn into_request(self) -> Request;

    /// The outcome of such a request; `None` if it is another's.
    fn outcome_of(outcome: Outcome) -> Option<Self::Outcome>;
}

macro_rules! is_request {
    ($name:ident, $body:ty, $outcome:ty) => {
        impl IsRequest for $body {
            fn into_request(self) -> Request {
                Request::$name(self)
            }

            fn outcome_of(outcome: Outcome) -> Option<$outcome> {
                match outcome {
                    Outcome::$name(outcome) => Some(outcome),
                    _ => None,
                }
            }
        }
    };
}
for_each_request!(is_request);

impl IsRequest for Request {
    fn into_request(self) -> Request {
        self
    }

    fn outcome_of(outcome: Outcome) -> Option<Outcome> {
        Some(outcome)
    }
}
