//! The pure decision: what was loaded, the program and a request in; journal entries and an outcome out.
//!
//! One file per request says what it needs and what it decides. Nothing here reads a clock, a store or chance.

pub(crate) mod at_once;
pub(crate) mod check;
pub(crate) mod draft;
pub(crate) mod draw;
pub(crate) mod lot;
pub mod rejection;
mod trail;

use std::borrow::Cow;

use smallvec::SmallVec;

pub(crate) use draft::Draft;
use draft::Side;
pub use rejection::{KeyReused, Refusal, Rejection};
pub use trail::Trail;

use crate::account::{Account, settle_due};
use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::journal::{Cause, Entry, External, Fingerprint};
use crate::ops::{Command, Outcome, Request};
use crate::program::Program;
use crate::store::{Change, Need, View};
use crate::time::Timestamp;
use at_once::{OnAccount, Plain};

/// A request that a ledger can decide. Its `Outcome` is what the caller gets back.
///
/// Implemented by every request of this crate, and by [`Request`], which is any of them. Sealed: what a rewards
/// ledger can do is decided here.
pub trait Action: sealed::Decide + sealed::OneOfMany {}

impl<A: sealed::Decide + sealed::OneOfMany> Action for A {}

pub(crate) mod sealed {
    use super::*;

    pub trait Decide: Send + Sync {
        /// What the caller gets back.
        type Outcome: Clone + Send;

        /// What must be loaded to decide it, besides its key and its name.
        fn need(&self) -> Result<Need, Rejection>;

        /// Whether it can be decided on an account that was merged into another: it is about that.
        fn decides_on_merged(&self) -> bool {
            false
        }

        /// In whose journal the record is that it changes: that stays there in a merger, and is changed there.
        fn stays_with(&self) -> Option<ProfileNumber> {
            None
        }

        /// The second account that it is about, where another one than that must be lent: known from what it names, before
        /// it is looked for, as its time is held to as well (rule T6).
        fn reaches(&self, _: &View<'_>) -> Option<ProfileNumber> {
            None
        }

        /// The lot that it names without saying whose it must be: it is about whoever has it.
        fn follows(&self) -> Option<LotId> {
            None
        }

        /// What it says, in 128 bits.
        fn fingerprint(&self) -> Fingerprint;

        /// The caller's own name for what it makes.
        fn external(&self) -> Option<External> {
            None
        }

        /// Checks what can be checked of its fields without anything loaded.
        fn check(&self, program: &Program) -> Result<(), Rejection>;

        /// Decides it: writes entries to the draft, and tells what came of it.
        fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Self::Outcome>, Refusal>;

        /// What it needs, if that is so little that it can be carried out on an account in memory [at once](at_once).
        fn plain(&self) -> Option<Plain<'_>> {
            None
        }

        /// Decides it on an account on which nothing is due, changes that, packs the entry that says so, and puts what came
        /// of it where it belongs: outcomes are large, and moving them costs as much as deciding. `None`: it is not plain
        /// after all, and nothing was changed.
        fn carry_out(
            &self,
            _: OnAccount<'_>,
            _: &mut Option<Self::Outcome>,
        ) -> Option<Result<(), Rejection>> {
            None
        }

        /// The answer that was given when these entries were written; `None` if it is not they that it writes.
        fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Self::Outcome>;
    }

    /// A request among others: what a queue of any of them needs.
    pub trait OneOfMany: Decide {
        fn into_request(self) -> Request;

        /// What came of it, if this is what came of such a request.
        fn outcome_of(outcome: Outcome) -> Option<Self::Outcome>;
    }
}

/// What a decision tells the caller.
#[derive(Debug)]
pub enum Told<O> {
    /// What its entries say, as it is recalled when the request is repeated. Outcomes are large and are moved from hand
    /// to hand; so that of the requests that come most is made once, at the end.
    Entries,
    /// This.
    It(Box<O>),
}

impl<O> From<O> for Told<O> {
    fn from(outcome: O) -> Self {
        Self::It(Box::new(outcome))
    }
}

/// What a request came to: what to write, and what to tell the caller.
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
    /// What came of the request.
    pub outcome: O,
    /// Whether it was done now, or before.
    pub disposition: Disposition,
    /// Whether it is written only inside the caller's own open transaction, and durable when that commits.
    pub is_staged: bool,
}

impl<O> Receipt<O> {
    /// Of what was carried out now.
    pub(crate) const fn new(outcome: O) -> Self {
        Self { outcome, disposition: Disposition::New, is_staged: false }
    }

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
    /// Its external id was used before with the same content: this is what it made then (rules D5 and X2).
    Existing,
}

/// What a command needs to be decided: what to load before [`decide`].
///
/// # Errors
/// The request leaves out whose it is.
pub fn need<A: Action>(command: &Command<A>) -> Result<Need, Rejection> {
    let mut need = command.request.need()?;
    need.key.clone_from(&command.key);
    need.trail = need.key.as_ref().and(command.request.follows()).map(|lot| Box::new(Trail::of(lot)));
    need.external = command.request.external().map(Box::new);
    Ok(need)
}

/// Decides a command on what was loaded for it. Pure: the same arguments give the same decision, bit for bit.
///
/// A ledger does this for you; it is public for audits, simulations and stores of another kind.
///
/// # Errors
/// The rules refuse it, or its key was used for something else. Then there is nothing to write.
pub fn decide<A: Action>(
    program: &Program,
    command: &Command<A>,
    view: &View<'_>,
) -> Result<Decision<A::Outcome>, Refusal> {
    let mut change = Change::default();
    let decided = decide_into(program, command, view, &mut change)?;
    let receipt = decided.receipt(&command.request, &change)?;
    Ok(Decision { change, receipt })
}

/// What was decided, before anybody looks at it.
pub(crate) struct Decided<O> {
    profile: ProfileId,
    told: Told<O>,
    disposition: Disposition,
    pub(crate) is_staged: bool,
}

impl<O: Clone + Send> Decided<O> {
    /// What to tell the caller, given the request and what it wrote.
    pub(crate) fn receipt<A: Action<Outcome = O>>(
        self,
        request: &A,
        change: &Change,
    ) -> Result<Receipt<O>, Refusal> {
        let Self { profile, told, disposition, is_staged } = self;
        let outcome = match told {
            Told::It(outcome) => *outcome,
            Told::Entries => {
                let own = change.first.iter().filter(|entry| entry.cause != Cause::Clock);
                let own: SmallVec<[&Entry; 4]> = own.collect();
                // It is its own entries that it recalls, so there is nothing that it could miss.
                request.recall(profile, &own).ok_or(Rejection::JournalFull)?
            }
        };
        Ok(Receipt { outcome, disposition, is_staged })
    }
}

/// [`decide`], into a change whose space is used again. The change is empty after a refusal.
pub(crate) fn decide_into<A: Action>(
    program: &Program,
    command: &Command<A>,
    view: &View<'_>,
    change: &mut Change,
) -> Result<Decided<A::Outcome>, Refusal> {
    change.clear();
    let decided = |told, disposition| {
        let profile = view.first.profile_id();
        Decided { profile, told, disposition, is_staged: false }
    };
    if let Some((outcome, disposition)) = repeated(program, command, view)? {
        return Ok(decided(outcome.into(), disposition));
    }
    if let Some(further) = trail::further(view) {
        return Err(further);
    }
    match decide_new(program, command, view, change) {
        Ok(told) => Ok(decided(told, Disposition::New)),
        Err(refusal) => {
            change.clear();
            Err(refusal)
        }
    }
}

/// The first outcome, if the request repeats an earlier one (rules J5, D5 and X2).
fn repeated<A: Action>(
    program: &Program,
    command: &Command<A>,
    view: &View<'_>,
) -> Result<Option<(A::Outcome, Disposition)>, Refusal> {
    if command.key.is_none() && view.found.external.is_none() {
        return Ok(None);
    }
    let request = &command.request;
    let profile = view.first.profile_id();
    if let (Some(key), Some((first, fingerprint))) = (&command.key, view.found.keyed_fingerprint())
        && key_is_remembered(program, first.at, command.at)
    {
        let entries = &view.found.keyed;
        let outcome = request.recall(profile, entries).filter(|_| fingerprint == request.fingerprint());
        return match outcome {
            Some(outcome) => Ok(Some((outcome, Disposition::Replayed))),
            None if view.found.trail.is_some_and(|trail| trail.is_beside(view.first.number())) => Ok(None),
            None => Err(KeyReused { key: key.clone(), first: first.sequence }.into()),
        };
    }
    let (Some(external), Some(record)) = (request.external(), view.found.external) else { return Ok(None) };
    if record.is_deleted() || !external.is_idempotent() {
        return Ok(None);
    }
    let same = record.made.stamp.as_ref().is_some_and(|stamp| stamp.fingerprint == request.fingerprint());
    match request.recall(profile, &[record.made]) {
        Some(outcome) if same => Ok(Some((outcome, Disposition::Existing))),
        _ => {
            let first = record.made.named().map_or(0, |(id, _)| id);
            Err(Rejection::ExternalIdConflict { external, first }.into())
        }
    }
}

fn key_is_remembered(program: &Program, first: Timestamp, at: Timestamp) -> bool {
    program.key_window().is_none_or(|window| first.checked_add(window).is_ok_and(|end| at <= end))
}

fn decide_new<A: Action>(
    program: &Program,
    command: &Command<A>,
    view: &View<'_>,
    change: &mut Change,
) -> Result<Told<A::Outcome>, Refusal> {
    let request = &command.request;
    // Its key may be known there, and that comes before its fields.
    if let Some(number) = request.follows().and_then(|lot| trail::went_to(view, lot)) {
        return Err(Refusal::Elsewhere(number));
    }
    let number = view.first.number();
    let stays_with = request.stays_with();
    if let Some(record) = stays_with.filter(|record| *record != number && view.first.includes_number(*record))
    {
        return Err(Refusal::Elsewhere(record));
    }
    let is_here = request.decides_on_merged() || stays_with == Some(number);
    if let Some(into) = view.first.merged_into().filter(|_| !is_here) {
        return Err(Refusal::Elsewhere(into));
    }
    request.check(program)?;
    if let Some(number) = request.reaches(view) {
        return Err(Refusal::Together(number));
    }
    let mut at = check::time(program, view.first, command.at)?;
    if let Some(second) = view.second {
        // Both accounts change at one instant, before neither of which anything was written.
        at = at.max(check::time(program, second, command.at)?);
    }
    let first = brought_up(view.first, at, &mut change.first);
    let second = view.second.map(|second| brought_up(second, at, &mut change.second));
    let first = Side::new(&first, &mut change.first);
    let second = second.as_ref().map(|second| Side::new(second, &mut change.second));
    let mut draft = Draft::new(program, at, first, second);
    draft.stamp(command.key.as_ref(), request.external(), || request.fingerprint());
    let told = request.decide(&mut draft, view)?;
    draft.finish()?;
    Ok(told)
}

/// The account, with what fell due by `at` applied and written. Only then is it copied.
pub(crate) fn brought_up<'a>(
    account: &'a Account,
    at: Timestamp,
    entries: &mut Vec<Entry>,
) -> Cow<'a, Account> {
    if !account.is_due(at) {
        return Cow::Borrowed(account);
    }
    let mut later = account.clone();
    settle_due(&mut later, at, entries);
    Cow::Owned(later)
}
