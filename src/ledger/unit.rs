//! Units: the requests and questions that a store runs, with retries and without I/O.
//!
//! A single request is a run of one unit, a batch or a group commit is a run of many, and a question is a unit that
//! writes nothing. The blocking and the asynchronous ledger hand the same runs to their stores.

use std::ops::Range;
use std::sync::Arc;

use super::error::Error;
use crate::account::Corrupt;
use crate::engine::{self, Action, Asked, Disposition, Halt, Receipt, Rejection};
use crate::program::Program;
use crate::store::{AsyncStore, Change, CommitStatus, Need, View, Work};

/// How often a unit is tried before it is given up as contended, or as in doubt.
pub(crate) const MAX_ATTEMPTS: u32 = 32;
const ATTEMPTS: Range<u32> = 0..MAX_ATTEMPTS;

/// One unit of a run.
pub(crate) trait Unit: Send {
    /// Decides on what was loaded for its need, and writes to the change, which is empty. `false`: it needs more, and
    /// decided nothing.
    fn decide(&mut self, need: &Need, view: &View<'_>, change: &mut Change) -> bool;

    /// Takes the status of its commit, and extends its need if it needs more.
    fn settle(&mut self, status: CommitStatus, need: &mut Need);

    /// Whether to run it again.
    fn is_open(&mut self) -> bool;
}

/// A run of units through a store. Each attempt is a [`Work`] of those that are still open.
pub(crate) struct Run<'u, U> {
    units: &'u mut [U],
    /// The needs of the open units, which come first.
    needs: &'u mut [Need],
    open: usize,
    /// The unit of each need; the unit of the same index if the list is empty.
    order: Vec<usize>,
    /// The buffer that units write their changes to.
    change: &'u mut Change,
    /// The attempts that are left; the start counts those that were made.
    attempts: Range<u32>,
    /// The first unit of this attempt that needs more. The units after it wait for the next attempt: they may be about the
    /// account that it turns out to need, and must not overtake it.
    waits_for: Option<usize>,
}

impl<'u, U: Unit> Run<'u, U> {
    /// A run of open units, each with its need.
    #[inline]
    pub(crate) fn new(units: &'u mut [U], needs: &'u mut [Need], change: &'u mut Change) -> Self {
        let open = needs.len();
        Self { units, needs, open, order: Vec::new(), change, attempts: ATTEMPTS, waits_for: None }
    }

    /// A run of units of which some are already done; the order lists the unit of each need.
    pub(crate) fn of_some(
        units: &'u mut [U],
        needs: &'u mut [Need],
        order: Vec<usize>,
        change: &'u mut Change,
    ) -> Self {
        Self { order, ..Self::new(units, needs, change) }
    }

    /// Runs the units until none is open, or the store fails.
    #[inline]
    pub(crate) async fn drive<S: AsyncStore>(mut self, store: &mut S) -> Driven<S::Error> {
        while self.open > 0 {
            match store.run(&mut self).await {
                Ok(()) if self.next_attempt() => {}
                Ok(()) => break,
                Err(error) => {
                    return Driven { failure: Some(Arc::new(error)), attempts: self.attempts.start };
                }
            }
        }
        Driven { failure: None, attempts: self.attempts.start }
    }

    /// Whether to make another attempt, for the units that are still open.
    #[inline]
    fn next_attempt(&mut self) -> bool {
        self.attempts.next();
        self.waits_for = None;
        let before = self.open;
        let mut kept = 0..before;
        for place in 0..before {
            let index = self.index(place);
            if self.units.get_mut(index).is_some_and(U::is_open)
                && let Some(free) = kept.next()
            {
                self.move_need(place, free, index);
            }
        }
        self.open = kept.start;
        if self.open < before {
            // There was progress, so the rest was waiting and not contended.
            self.attempts = ATTEMPTS;
        }
        self.open > 0 && !self.attempts.is_empty()
    }

    #[inline]
    fn index(&self, place: usize) -> usize {
        self.order.get(place).copied().unwrap_or(place)
    }

    /// Moves a need to an earlier place.
    fn move_need(&mut self, from: usize, to: usize, index: usize) {
        if from != to || !self.order.is_empty() {
            if self.order.is_empty() {
                self.order = (0..self.needs.len()).collect();
            }
            self.needs.swap(from, to);
            self.order.swap(from, to);
            debug_assert_eq!(self.order.get(to), Some(&index));
        }
    }
}

impl<U: Unit> Work for Run<'_, U> {
    fn needs(&self) -> &[Need] {
        self.needs.get(..self.open).unwrap_or_default()
    }

    #[inline]
    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        if self.waits_for.is_some_and(|first| first < unit) {
            return None;
        }
        let index = self.index(unit);
        let need = self.needs.get(unit)?;
        self.change.clear();
        if !self.units.get_mut(index)?.decide(need, &view, self.change) {
            self.waits_for = self.waits_for.or(Some(unit));
        }
        (!self.change.is_empty()).then_some(&*self.change)
    }

    #[inline]
    fn settle(&mut self, unit: usize, status: CommitStatus) {
        let index = self.index(unit);
        if let (Some(settled), Some(need)) = (self.units.get_mut(index), self.needs.get_mut(unit)) {
            settled.settle(status, need);
        }
    }
}

/// How a run ended.
pub(crate) struct Driven<E> {
    /// The store's error, if it failed.
    pub(crate) failure: Option<Arc<E>>,
    /// How often the units that are still open were tried.
    attempts: u32,
}

/// The progress of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Not decided yet, or to be decided again.
    Open,
    /// Decided, and the status of its commit not yet known.
    Decided,
    Done {
        is_staged: bool,
    },
    Aborted,
    InDoubt,
}

/// How a request was carried out. Its outcome is where the unit was told to put it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    disposition: Disposition,
    is_staged: bool,
}

/// The answer to a request, from its outcome. Outcomes are large: none is moved twice.
#[inline(always)]
pub(crate) fn answer<O, T, E>(
    done: Result<Done, Error<E>>,
    outcome: Option<O>,
    make: impl FnOnce(O, Done) -> T,
) -> Result<T, Error<E>> {
    match (done, outcome) {
        (Ok(done), Some(outcome)) => Ok(make(outcome, done)),
        (Err(error), _) => Err(error),
        // It was written, and its operation does not know what.
        (Ok(_), None) => Err(Error::InDoubt),
    }
}

/// The receipt of a request.
#[inline(always)]
pub(crate) fn receipt<O>(outcome: O, Done { disposition, is_staged }: Done) -> Receipt<O> {
    Receipt { outcome, disposition, is_staged }
}

/// A request as a unit.
pub(crate) struct RequestUnit<'a, A: Action> {
    program: &'a Program,
    asked: Asked<'a, A>,
    decided: Option<Result<Disposition, Halt>>,
    /// Where its outcome goes: it is large, and the unit is moved about.
    outcome: &'a mut Option<A::Outcome>,
    progress: Progress,
    /// Whether an earlier attempt may have been committed: until a later one is settled, the answer cannot be that nothing
    /// was changed.
    was_in_doubt: bool,
}

impl<'a, A: Action> RequestUnit<'a, A> {
    #[inline]
    pub(crate) const fn new(
        program: &'a Program,
        asked: Asked<'a, A>,
        outcome: &'a mut Option<A::Outcome>,
    ) -> Self {
        Self { program, asked, decided: None, outcome, progress: Progress::Open, was_in_doubt: false }
    }

    /// Refuses the request before anything was loaded.
    fn refuse(&mut self, rejection: Rejection) {
        self.decided = Some(Err(rejection.into()));
        self.progress = Progress::Done { is_staged: false };
    }

    /// How it was done, or why it was not.
    #[inline]
    pub(crate) fn done<E>(&mut self, driven: &Driven<E>) -> Result<Done, Error<E>> {
        match (self.progress, &self.decided) {
            (Progress::Done { is_staged }, Some(Ok(disposition))) => {
                Ok(Done { disposition: *disposition, is_staged })
            }
            _ => Err(self.error(driven)),
        }
    }

    /// Its outcome, from where it was put.
    pub(crate) const fn take_outcome(&mut self) -> Option<A::Outcome> {
        self.outcome.take()
    }

    /// Why it was not done.
    fn error<E>(&mut self, driven: &Driven<E>) -> Error<E> {
        let attempts = driven.attempts;
        match (self.progress, self.decided.take(), &driven.failure) {
            (Progress::Done { .. }, Some(Err(Halt::Refused(refusal))), _) => refusal.into(),
            (Progress::Aborted, ..) => Error::Aborted,
            (Progress::InDoubt, ..) => Error::InDoubt,
            _ if self.was_in_doubt => Error::InDoubt,
            (Progress::Open | Progress::Decided, _, Some(error)) => Error::Store(Arc::clone(error)),
            (Progress::Decided, ..) => Error::InDoubt,
            (Progress::Open | Progress::Done { .. }, ..) => Error::Contention { attempts },
        }
    }
}

impl<A: Action> Unit for RequestUnit<'_, A> {
    #[inline]
    fn decide(&mut self, need: &Need, view: &View<'_>, change: &mut Change) -> bool {
        let decided = engine::decide(self.program, self.asked, need, view, change, self.outcome);
        let is_enough = !matches!(decided, Err(Halt::Needs(_)));
        self.decided = Some(decided);
        self.progress = Progress::Decided;
        is_enough
    }

    #[inline]
    fn settle(&mut self, status: CommitStatus, need: &mut Need) {
        self.was_in_doubt |= status == CommitStatus::InDoubt;
        self.progress = match (status, self.progress) {
            (CommitStatus::Committed | CommitStatus::Staged, Progress::Decided) => {
                if let Some(more) = self.decided.take_if(|decided| matches!(decided, Err(Halt::Needs(_)))) {
                    if let Err(Halt::Needs(more)) = more {
                        more.add_to(need);
                    }
                    Progress::Open
                } else {
                    Progress::Done { is_staged: status == CommitStatus::Staged }
                }
            }
            (CommitStatus::Conflict, _) => Progress::Open,
            (CommitStatus::Aborted, _) => Progress::Aborted,
            (CommitStatus::InDoubt, _) => Progress::InDoubt,
            // Settled twice, or without a decision: the first status stays.
            (CommitStatus::Committed | CommitStatus::Staged, other) => other,
        };
    }

    fn is_open(&mut self) -> bool {
        match self.progress {
            Progress::Open => true,
            // A unit that the store did not settle may be written as well. With a key or an external id it is idempotent,
            // and so can be retried.
            Progress::InDoubt | Progress::Decided => {
                self.was_in_doubt = true;
                let external = || self.asked.request.external();
                self.asked.key.is_some() || external().is_some_and(|external| external.is_idempotent())
            }
            Progress::Done { .. } | Progress::Aborted => false,
        }
    }
}

/// Why a question has no answer, although the store ran.
pub(crate) enum Unread {
    Halt(Halt),
    Corrupt(Corrupt),
}

impl From<Rejection> for Unread {
    fn from(rejection: Rejection) -> Self {
        Self::Halt(rejection.into())
    }
}

impl From<Halt> for Unread {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<Corrupt> for Unread {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

/// The function that answers a question from the loaded accounts and records.
pub(crate) trait Ask<T>: FnMut(&Need, &View<'_>) -> Result<T, Unread> + Send {}

impl<T, F: FnMut(&Need, &View<'_>) -> Result<T, Unread> + Send> Ask<T> for F {}

/// A question as a unit.
pub(crate) struct Question<T, F> {
    ask: F,
    answer: Option<Result<T, Unread>>,
}

impl<T, F: Ask<T>> Question<T, F> {
    pub(crate) const fn new(ask: F) -> Self {
        Self { ask, answer: None }
    }

    pub(crate) fn answer<E>(self, driven: &Driven<E>) -> Result<T, Error<E>> {
        if let Some(error) = &driven.failure {
            return Err(Error::Store(Arc::clone(error)));
        }
        match self.answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Unread::Halt(Halt::Refused(refusal)))) => Err(refusal.into()),
            Some(Err(Unread::Corrupt(corrupt))) => Err(Error::Corrupt(corrupt)),
            // Redirects that never end are reported as contention.
            Some(Err(Unread::Halt(Halt::Needs(_)))) => Err(Error::Contention { attempts: MAX_ATTEMPTS }),
            // The store broke its contract: it never let the unit decide.
            None => Err(Error::InDoubt),
        }
    }
}

impl<T: Send, F: Ask<T>> Unit for Question<T, F> {
    fn decide(&mut self, need: &Need, view: &View<'_>, _: &mut Change) -> bool {
        self.answer = Some((self.ask)(need, view));
        true
    }

    fn settle(&mut self, _: CommitStatus, need: &mut Need) {
        if let Some(Err(Unread::Halt(Halt::Needs(more)))) =
            self.answer.take_if(|answer| matches!(answer, Err(Unread::Halt(Halt::Needs(_)))))
        {
            more.add_to(need);
        }
    }

    fn is_open(&mut self) -> bool {
        self.answer.is_none()
    }
}

/// Many requests: those with a need, and those that were refused because it cannot be told.
pub(crate) struct RequestBatch<'a, A: Action> {
    program: &'a Program,
    requests: Vec<Asked<'a, A>>,
    pub(crate) needs: Vec<Need>,
    /// The request of each need.
    order: Vec<usize>,
    refused: Vec<(usize, Rejection)>,
}

impl<'a, A: Action> RequestBatch<'a, A> {
    pub(crate) fn new(program: &'a Program, requests: impl Iterator<Item = Asked<'a, A>>) -> Self {
        let requests: Vec<_> = requests.collect();
        let needs = Vec::with_capacity(requests.len());
        let order = Vec::with_capacity(requests.len());
        let mut batch = Self { program, requests, needs, order, refused: Vec::new() };
        for (index, asked) in batch.requests.iter().enumerate() {
            match engine::need(program, *asked) {
                Ok(need) => {
                    batch.needs.push(need);
                    batch.order.push(index);
                }
                Err(rejection) => batch.refused.push((index, rejection)),
            }
        }
        batch
    }

    /// Runs them, and answers in the order of the requests.
    pub(crate) async fn run<S: AsyncStore>(
        self,
        store: &mut S,
        space: &mut Change,
    ) -> Vec<Result<Receipt<A::Outcome>, Error<S::Error>>> {
        let Self { program, requests, mut needs, order, refused } = self;
        let mut outcomes: Vec<Option<A::Outcome>> = requests.iter().map(|_| None).collect();
        let requests = requests.iter().zip(&mut outcomes);
        let mut units: Vec<_> =
            requests.map(|(asked, outcome)| RequestUnit::new(program, *asked, outcome)).collect();
        for (index, rejection) in refused {
            if let Some(unit) = units.get_mut(index) {
                unit.refuse(rejection);
            }
        }
        let driven = Run::of_some(&mut units, &mut needs, order, space).drive(store).await;
        units.iter_mut().map(|unit| answer(unit.done(&driven), unit.take_outcome(), receipt)).collect()
    }
}
