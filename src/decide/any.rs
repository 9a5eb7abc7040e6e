//! Any request: decided as the one that it is.

use super::sealed::{Decide, OneOfMany};
use super::{Draft, Told};
use crate::request::{any_request, each_request, for_each_request};
use crate::store::{Need, View};
use crate::{
    Adjust, ArchiveDefinition, CaptureHold, CorrectedLot, Define, Defined, DeleteTransaction, Entry, Extend,
    Extended, External, Fingerprint, Hold, IssuePoints, IssueReward, LotId, MergeProfiles, Merged, Moved,
    Outcome, PlaceHold, PointLot, PostTransaction, ProfileId, ProfileNumber, Program, Reassign, Redeem,
    Redefine, Redemption, Refusal, Rejection, ReleaseHold, Request, Return, ReturnRedemption,
    ReturnTransaction, ReverseRedemption, Revoke, Reward, Sweep, Swept, Transaction, TransactionReturn,
    UpdateTransaction,
};

macro_rules! one_of_many {
    ($name:ident, $body:ty, $outcome:ty) => {
        impl OneOfMany for $body {
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
for_each_request!(one_of_many);

impl OneOfMany for Request {
    fn into_request(self) -> Request {
        self
    }

    fn outcome_of(outcome: Outcome) -> Option<Outcome> {
        Some(outcome)
    }
}

impl Decide for Request {
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

    fn decides_on_merged(&self) -> bool {
        any_request!(self, request => request.decides_on_merged())
    }

    fn stays_with(&self) -> Option<ProfileNumber> {
        any_request!(self, request => request.stays_with())
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        any_request!(self, request => request.reaches(view))
    }

    fn follows(&self) -> Option<LotId> {
        any_request!(self, request => request.follows())
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Outcome>, Refusal> {
        each_request!(self, request => Wrap(request.decide(draft, view)))
    }

    fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Outcome> {
        each_request!(self, request => request.recall(profile, entries))
    }
}

/// What is told of one request, to be told of any.
struct Wrap<O>(Result<Told<O>, Refusal>);

impl<O> Wrap<O> {
    fn map<P>(self, wrap: impl FnOnce(O) -> P) -> Result<Told<P>, Refusal> {
        Ok(match self.0? {
            Told::Entries => Told::Entries,
            Told::It(outcome) => wrap(*outcome).into(),
        })
    }
}
