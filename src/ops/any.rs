//! Any request: decided as the one that it is.

use crate::definition::Defined;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::journal::{
    CorrectedLot, Extended, Hold, Merged, Moved, PointLot, Redemption, Return, Reward, Swept, Transaction,
    TransactionReturn,
};
use crate::journal::{External, Fingerprint};
use crate::ops::{
    Adjust, ArchiveDefinition, CaptureHold, Define, DeleteTransaction, Extend, IssuePoints, IssueReward,
    MergeProfiles, Outcome, PlaceHold, PostTransaction, Reassign, Redeem, Redefine, ReleaseHold, Request,
    ReturnRedemption, ReturnTransaction, ReverseRedemption, Revoke, Sweep, UpdateTransaction, any_request,
    each_request, for_each_request,
};
use crate::program::Program;
use crate::store::{Need, View};

impl Operation for Request {
    type Outcome = Outcome;

    fn need(&self) -> Result<Need, Rejection> {
        any_request!(self, request => request.need())
    }

    fn fingerprint(&self) -> Fingerprint {
        any_request!(self, request => request.fingerprint())
    }

    fn external(&self) -> Option<External> {
        any_request!(self, request => request.external())
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
}

/// A request that can wait in a queue with any others: all of them.
pub trait IsRequest: Operation {
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
