//! Previews: what a request would do, without committing it.

use super::error::Error;
use super::unit::{Driven, RequestUnit, Unit, answer, receipt};
use crate::engine::{Action, Asked, Decision};
use crate::id::ProfileId;
use crate::journal::{Balances, ValuedBalances};
use crate::program::Program;
use crate::store::{Change, CommitStatus, Need, View};
use crate::time::Timestamp;

/// What committing a request would do.
///
/// Committing the same request at the same instant, while its accounts are at the same versions, does exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview<O> {
    /// What would be written, and what the caller would be told.
    pub decision: Decision<O>,
    /// The profile that it is about: of two, the one whose value moves. `None` if it is about a definition.
    pub profile_id: Option<ProfileId>,
    /// The profile's balances before.
    pub before: ValuedBalances,
    /// The profile's balances after.
    pub after: ValuedBalances,
}

/// A request as a unit that keeps its entries to itself, so that the store has nothing to write.
pub(super) struct PreviewUnit<'a, A: Action> {
    request: RequestUnit<'a, A>,
    program: &'a Program,
    at: Timestamp,
    change: Change,
    profile_id: Option<ProfileId>,
    before: Balances,
}

impl<'a, A: Action> PreviewUnit<'a, A> {
    pub(super) fn new(
        program: &'a Program,
        asked: Asked<'a, A>,
        outcome: &'a mut Option<A::Outcome>,
    ) -> Self {
        Self {
            request: RequestUnit::new(program, asked, outcome),
            program,
            at: asked.at,
            change: Change::default(),
            profile_id: None,
            before: Balances::default(),
        }
    }

    pub(super) fn answer<E>(mut self, driven: &Driven<E>) -> Result<Preview<A::Outcome>, Error<E>> {
        let done = self.request.done(driven);
        let receipt = answer(done, self.request.take_outcome(), receipt)?;
        let after = self.change.first.last().map_or(self.before, |last| last.balances);
        Ok(Preview {
            decision: Decision { change: self.change, receipt },
            profile_id: self.profile_id,
            before: self.before.valued(self.program),
            after: after.valued(self.program),
        })
    }
}

impl<A: Action> Unit for PreviewUnit<'_, A> {
    fn decide(&mut self, need: &Need, view: &View<'_>, change: &mut Change) -> bool {
        let is_enough = self.request.decide(need, view, change);
        self.change = std::mem::take(change);
        self.profile_id = view.first.profile().copied();
        self.before = view.first.balances_at(self.at);
        is_enough
    }

    fn settle(&mut self, status: CommitStatus, need: &mut Need) {
        self.request.settle(status, need);
    }

    fn is_open(&mut self) -> bool {
        self.request.is_open()
    }
}
