//! The driver: commands in, receipts out, with retries, and no I/O of its own.
//!
//! It is the [`Work`] that both shells hand to their stores, so that blocking and asynchronous ledgers behave alike.

use std::sync::Arc;

use super::Answer;
use super::error::Error;
use crate::engine::{Action, Decided, Receipt, Refusal, Rejection, decide_into, need};
use crate::ops::Command;
use crate::program::Program;
use crate::store::{Change, CommitStatus, Need, Owner, View, Work};

/// How often a command is tried before it is given up as contended, or as in doubt.
pub(crate) const MAX_ATTEMPTS: u32 = 32;

/// How far a command is.
struct Progress<D> {
    state: State<D>,
    /// Whether an earlier attempt may have been written: then nobody can say that nothing was changed, until the store
    /// has answered for a later one.
    was_in_doubt: bool,
}

enum State<D> {
    /// Not decided yet, or to be decided again.
    Open,
    /// Decided, and its fate not yet known.
    Decided(Result<D, Refusal>),
    Done(Result<D, Refusal>),
    Aborted,
    InDoubt,
}

impl<D: Staged> Progress<D> {
    const fn of(state: State<D>) -> Self {
        Self { state, was_in_doubt: false }
    }

    fn decided(&mut self, result: Result<D, Refusal>) {
        self.state = State::Decided(result);
    }

    /// Hears what became of it; what it needs may be more than was thought.
    fn settle(&mut self, fate: CommitStatus, need: &mut Need) {
        let decided = std::mem::replace(&mut self.state, State::Open);
        self.was_in_doubt |= fate == CommitStatus::InDoubt;
        self.state = match (fate, decided) {
            (
                CommitStatus::Committed | CommitStatus::Staged,
                State::Decided(Err(Refusal::Elsewhere(number))),
            ) => {
                need.owner = Owner::Number(number);
                need.trail = None;
                State::Open
            }
            (CommitStatus::Committed | CommitStatus::Staged, State::Decided(Err(Refusal::Trail(trail)))) => {
                need.owner = Owner::Number(trail.next());
                need.trail = Some(trail);
                State::Open
            }
            (
                CommitStatus::Committed | CommitStatus::Staged,
                State::Decided(Err(Refusal::Together(number))),
            ) => {
                need.second = Some(Owner::Number(number));
                State::Open
            }
            (CommitStatus::Committed, State::Decided(result)) => State::Done(result),
            (CommitStatus::Staged, State::Decided(result)) => State::Done(result.map(Staged::staged)),
            (CommitStatus::Conflict, _) => State::Open,
            (CommitStatus::Aborted, _) => State::Aborted,
            (CommitStatus::InDoubt, _) => State::InDoubt,
            // Settled twice, or without having decided: what is known stays.
            (_, other) => other,
        };
    }

    /// Whether it is to be run again.
    fn is_open<A: Action>(&mut self, command: &Command<A>) -> bool {
        match &self.state {
            State::Open => true,
            // A unit that the store forgot to settle may or may not be written, too. What is repeated under a key or
            // a name of the caller's is carried out once.
            State::InDoubt | State::Decided(_) => {
                self.was_in_doubt = true;
                command.key.is_some()
                    || command.request.external().is_some_and(|external| external.is_idempotent())
            }
            State::Done(_) | State::Aborted => false,
        }
    }

    /// What came of it. `failure`: the store's error, if it left this open.
    fn answer<E>(self, failure: Option<&Arc<E>>, attempts: u32) -> Result<D, Error<E>> {
        match (self.state, failure) {
            (State::Done(result), _) => result.map_err(Error::from),
            (State::Aborted, _) => Err(Error::Aborted),
            (State::InDoubt, _) => Err(Error::InDoubt),
            _ if self.was_in_doubt => Err(Error::InDoubt),
            (State::Open | State::Decided(_), Some(error)) => Err(Error::Store(Arc::clone(error))),
            (State::Open, None) => Err(Error::Contention { attempts }),
            (State::Decided(_), None) => Err(Error::InDoubt),
        }
    }
}

/// What was decided, and written where only the caller can make it durable.
trait Staged {
    fn staged(self) -> Self;
}

impl<O> Staged for Decided<O> {
    fn staged(mut self) -> Self {
        self.is_staged = true;
        self
    }
}

impl<O> Staged for Receipt<O> {
    fn staged(self) -> Self {
        Self { is_staged: true, ..self }
    }
}

/// One command as a work of one unit. Nothing is allocated for it but what it writes, in a space that is used again.
pub(crate) struct Single<'a, A: Action> {
    program: &'a Program,
    command: &'a Command<A>,
    need: [Need; 1],
    progress: Progress<Decided<A::Outcome>>,
    change: Change,
    attempts: u32,
}

impl<'a, A: Action> Single<'a, A> {
    /// `space`: an empty change, whose space is used.
    pub(crate) fn new(
        program: &'a Program,
        command: &'a Command<A>,
        space: Change,
    ) -> Result<Self, Rejection> {
        let need = [need(command)?];
        let progress = Progress::of(State::Open);
        Ok(Self { program, command, need, progress, change: space, attempts: 0 })
    }

    /// After a run that did not fail: whether to run it again.
    pub(crate) fn is_open(&mut self) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        self.attempts < MAX_ATTEMPTS && self.progress.is_open(self.command)
    }

    /// What came of it, and the space.
    pub(crate) fn finish<E>(self, failure: Option<E>) -> (Answer<A, E>, Change) {
        let failure = failure.map(Arc::new);
        let decided = self.progress.answer(failure.as_ref(), self.attempts);
        let answer = decided
            .and_then(|decided| decided.receipt(&self.command.request, &self.change).map_err(Error::from));
        (answer, self.change)
    }
}

impl<A: Action> Work for Single<'_, A> {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        self.progress.decided(decide_into(self.program, self.command, &view, &mut self.change));
        (!self.change.is_empty()).then_some(&self.change)
    }

    fn settle(&mut self, _: usize, fate: CommitStatus) {
        let [need] = &mut self.need;
        self.progress.settle(fate, need);
    }
}

/// Many commands as one work.
pub(crate) struct Batch<'a, A: Action> {
    program: &'a Program,
    commands: &'a [Command<A>],
    /// What the units of this attempt need, and which command each of them is.
    needs: Vec<Need>,
    units: Vec<usize>,
    /// By command.
    progress: Vec<Progress<Receipt<A::Outcome>>>,
    change: Change,
    attempts: u32,
    /// The unit of this attempt that turned out to be about another account. Those after it wait for the next attempt,
    /// as they may be about that one too, and come later.
    led_away: Option<usize>,
}

impl<'a, A: Action> Batch<'a, A> {
    /// `space`: an empty change, whose space is used.
    pub(crate) fn new(program: &'a Program, commands: &'a [Command<A>], space: Change) -> Self {
        let mut batch = Self {
            program,
            commands,
            needs: Vec::with_capacity(commands.len()),
            units: Vec::with_capacity(commands.len()),
            progress: Vec::with_capacity(commands.len()),
            change: space,
            attempts: 0,
            led_away: None,
        };
        for (index, command) in commands.iter().enumerate() {
            batch.progress.push(Progress::of(match need(command) {
                Ok(need) => {
                    batch.needs.push(need);
                    batch.units.push(index);
                    State::Open
                }
                Err(rejection) => State::Done(Err(rejection.into())),
            }));
        }
        batch
    }

    /// Whether there is anything to run: at first, and after each run.
    pub(crate) fn is_open(&self) -> bool {
        !self.units.is_empty()
    }

    /// After a run that did not fail: keeps what must be run again.
    pub(crate) fn next_attempt(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        let is_over = self.attempts >= MAX_ATTEMPTS;
        let before = self.units.len();
        self.led_away = None;
        let (progress, commands) = (&mut self.progress, self.commands);
        let is_open = |index: &usize| {
            let pair = progress.get_mut(*index).zip(commands.get(*index));
            !is_over && pair.is_some_and(|(progress, command)| progress.is_open(command))
        };
        let keep: Vec<bool> = self.units.iter().map(is_open).collect();
        let mut kept = keep.iter();
        self.needs.retain(|_| kept.next().copied().unwrap_or(false));
        let mut kept = keep.iter();
        self.units.retain(|_| kept.next().copied().unwrap_or(false));
        if self.units.len() < before {
            // What waited was not contended.
            self.attempts = 0;
        }
    }

    /// What came of each command, in order, and the space. `failure`: the store's error, for those that it left open.
    pub(crate) fn finish<E>(self, failure: Option<E>) -> (Vec<Answer<A, E>>, Change) {
        let (failure, attempts) = (failure.map(Arc::new), self.attempts);
        let answers = self.progress.into_iter().map(|progress| progress.answer(failure.as_ref(), attempts));
        (answers.collect(), self.change)
    }
}

impl<A: Action> Work for Batch<'_, A> {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        if self.led_away.is_some_and(|first| first < unit) {
            return None;
        }
        let index = *self.units.get(unit)?;
        let (command, progress) = self.commands.get(index).zip(self.progress.get_mut(index))?;
        let decided = decide_into(self.program, command, &view, &mut self.change);
        if matches!(decided, Err(Refusal::Elsewhere(_) | Refusal::Together(_) | Refusal::Trail(_))) {
            self.led_away = Some(unit);
        }
        // The next unit writes where this one did.
        progress.decided(decided.and_then(|decided| decided.receipt(&command.request, &self.change)));
        (!self.change.is_empty()).then_some(&self.change)
    }

    fn settle(&mut self, unit: usize, fate: CommitStatus) {
        let Some(index) = self.units.get(unit) else { return };
        if let (Some(progress), Some(need)) = (self.progress.get_mut(*index), self.needs.get_mut(unit)) {
            progress.settle(fate, need);
        }
    }
}
