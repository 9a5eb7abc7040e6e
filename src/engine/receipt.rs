//! What the caller gets back.

use crate::store::Change;

/// What a request was decided to: what to write, and what to tell the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<O> {
    /// What to write; empty for a repetition.
    pub change: Change,
    /// What to tell the caller.
    pub receipt: Receipt<O>,
}

/// What the caller gets back, and whether it is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<O> {
    /// The outcome of the request.
    pub outcome: O,
    /// Whether it was done now, or before.
    pub disposition: Disposition,
    /// Whether it is written only inside the caller's own open transaction, and durable when that commits.
    pub is_staged: bool,
}

impl<O> Receipt<O> {
    /// The same, with something else made of the outcome.
    pub fn map<P>(self, f: impl FnOnce(O) -> P) -> Receipt<P> {
        Receipt { outcome: f(self.outcome), disposition: self.disposition, is_staged: self.is_staged }
    }
}

/// Whether a request was carried out now, or repeats an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// It was carried out.
    New,
    /// Its idempotency key was used before with the same content: this is the first outcome (rule J5).
    Replayed,
    /// Its external id was used before with the same content: this is the current state of what it made (rules D5 and X2).
    Existing,
}
