//! The driver: commands in, receipts out, with retries, and no I/O of its own.
//!
//! It is the [`Work`] that both shells hand to their stores, so that blocking and asynchronous ledgers behave alike.

use std::sync::Arc;

use smallvec::SmallVec;

use super::error::Error;
use crate::decide::{decide_into, need};
use crate::store::{Change, Fate, Need, Owner, View, Work};
use crate::{Action, Command, Program, Receipt, Refusal};

/// How often a command is tried before it is given up as contended, or as in doubt.
pub(crate) const MAX_ATTEMPTS: u32 = 32;

/// Many commands as one work.
pub(crate) struct Batch<'a, A: Action> {
    program: &'a Program,
    commands: &'a [Command<A>],
    /// What the units of this attempt need, and which command each of them is.
    needs: SmallVec<[Need; 1]>,
    units: SmallVec<[usize; 1]>,
    /// By command.
    states: SmallVec<[State<A::Outcome>; 1]>,
    change: Change,
    attempts: u32,
}

enum State<O> {
    /// Not decided yet, or to be decided again.
    Open,
    /// Decided, and its fate not yet known.
    Decided(Result<Receipt<O>, Refusal>),
    Done(Result<Receipt<O>, Refusal>),
    Doomed,
    InDoubt,
}

impl<'a, A: Action> Batch<'a, A> {
    pub(crate) fn new(program: &'a Program, commands: &'a [Command<A>]) -> Self {
        let mut batch = Self {
            program,
            commands,
            needs: SmallVec::new(),
            units: SmallVec::new(),
            states: SmallVec::new(),
            change: Change::default(),
            attempts: 0,
        };
        for (index, command) in commands.iter().enumerate() {
            batch.states.push(match need(command) {
                Ok(need) => {
                    batch.needs.push(need);
                    batch.units.push(index);
                    State::Open
                }
                Err(rejection) => State::Done(Err(rejection.into())),
            });
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
        let again = |state: Option<&State<A::Outcome>>, command: Option<&Command<A>>| match state {
            Some(State::Open) => true,
            // A unit that the store forgot to settle may or may not be written, too.
            Some(State::InDoubt | State::Decided(_)) => command.is_some_and(|command| {
                let named = command.request.external().is_some_and(|external| external.is_idempotent());
                command.key.is_some() || named
            }),
            _ => false,
        };
        let (states, commands) = (&self.states, self.commands);
        let keep: SmallVec<[bool; 1]> = if self.attempts >= MAX_ATTEMPTS {
            self.units.iter().map(|_| false).collect()
        } else {
            self.units.iter().map(|index| again(states.get(*index), commands.get(*index))).collect()
        };
        let mut kept = keep.iter();
        self.needs.retain(|_| kept.next().copied().unwrap_or(false));
        let mut kept = keep.iter();
        self.units.retain(|_| kept.next().copied().unwrap_or(false));
    }

    /// What came of each command, in order. `failure`: the store's error, for those that it left open.
    pub(crate) fn finish<E>(self, failure: Option<E>) -> Vec<Result<Receipt<A::Outcome>, Error<E>>> {
        let (failure, attempts) = (failure.map(Arc::new), self.attempts);
        self.states
            .into_iter()
            .map(|state| match (state, &failure) {
                (State::Done(result), _) => result.map_err(Error::from),
                (State::Doomed, _) => Err(Error::Doomed),
                (State::InDoubt, _) => Err(Error::InDoubt),
                (State::Open | State::Decided(_), Some(error)) => Err(Error::Store(Arc::clone(error))),
                (State::Open, None) => Err(Error::Contention { attempts }),
                (State::Decided(_), None) => Err(Error::InDoubt),
            })
            .collect()
    }
}

impl<A: Action> Work for Batch<'_, A> {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        let index = *self.units.get(unit)?;
        let command = self.commands.get(index)?;
        let decided = decide_into(self.program, command, &view, &mut self.change);
        let state = self.states.get_mut(index)?;
        *state = State::Decided(decided);
        (!self.change.is_empty()).then_some(&self.change)
    }

    fn settle(&mut self, unit: usize, fate: Fate) {
        let state = self.units.get(unit).and_then(|index| self.states.get_mut(*index));
        let Some(state) = state else { return };
        let decided = std::mem::replace(state, State::Open);
        *state = match (fate, decided) {
            (Fate::Committed | Fate::Staged, State::Decided(Err(Refusal::Elsewhere(number)))) => {
                if let Some(need) = self.needs.get_mut(unit) {
                    need.owner = Owner::Number(number);
                }
                State::Open
            }
            (Fate::Committed | Fate::Staged, State::Decided(Err(Refusal::Together(number)))) => {
                if let Some(need) = self.needs.get_mut(unit) {
                    need.second = Some(Owner::Number(number));
                }
                State::Open
            }
            (Fate::Committed, State::Decided(result)) => State::Done(result),
            (Fate::Staged, State::Decided(result)) => {
                State::Done(result.map(|receipt| Receipt { is_staged: true, ..receipt }))
            }
            (Fate::Conflict, _) => State::Open,
            (Fate::Doomed, _) => State::Doomed,
            (Fate::InDoubt, _) => State::InDoubt,
            // Settled twice, or without having decided: what is known stays.
            (_, other) => other,
        };
    }
}
