//! Any request: decided as the one that it is.

use crate::definition::Defined;
use crate::engine::draft::Draft;
use crate::engine::sealed::{Decide, OneOfMany};
use crate::engine::{Refusal, Rejection, Told};
use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::journal::{
    CorrectedLot, Entry, Extended, External, Fingerprint, Hold, Merged, Moved, PointLot, Redemption, Return,
    Reward, Swept, Transaction, TransactionReturn,
};
use crate::ops::{
    Adjust, ArchiveDefinition, CaptureHold, Define, DeleteTransaction, Extend, IssuePoints, IssueReward,
    MergeProfiles, Outcome, PlaceHold, PostTransaction, Reassign, Redeem, Redefine, ReleaseHold, Request,
    ReturnRedemption, ReturnTransaction, ReverseRedemption, Revoke, Sweep, UpdateTransaction, any_request,
    each_request, for_each_request,
};
use crate::program::Program;
use crate::store::{Need, View};

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
