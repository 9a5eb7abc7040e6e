//! The engine: the steps by which every request is decided. What was loaded, the program and a request go in; journal
//! entries and an outcome come out.
//!
//! Was it answered before? Does it need another account as well? What fell due by now? Are its fields valid, and does its
//! rule allow it? Then its entries are sealed, and the outcome is made from them. Nothing here reads a clock, a store or
//! chance, and nothing knows an operation: those implement [`Operation`](sealed::Operation).

pub(crate) mod allot;
pub(crate) mod basket;
pub(crate) mod check;
pub(crate) mod content;
pub(crate) mod draft;
pub(crate) mod draw;
pub(crate) mod late;
pub(crate) mod lot;
pub(crate) mod more;
mod receipt;
pub mod rejection;
pub(crate) mod repeat;

use std::borrow::Cow;
use std::collections::BTreeSet;

use draft::AccountDraft;
pub(crate) use draft::EntryBuilder;
pub(crate) use more::{Halt, More};
pub use receipt::{Decision, Disposition, Receipt};
pub(crate) use rejection::{KeyReused, Refusal, Rejection};

use crate::account::{Account, settle_due};
use crate::id::{DefinitionId, Key};
use crate::journal::{BatchRow, Entry, External, Fingerprint, RecordId};
use crate::program::{Earn, Program};
use crate::store::{Change, DefinitionRef, Need, Record, View};
use crate::time::Timestamp;

/// A request that a ledger can decide.
///
/// Implemented by every request of this crate, and by [`Request`](crate::Request), which is any of them. Sealed: what a
/// rewards ledger can do is decided here.
pub trait Action: sealed::Operation<Answer = <Self as Action>::Outcome> {
    /// What the caller gets back, in a [`Receipt`].
    type Outcome: Clone + Send;
}

impl<A: sealed::Operation> Action for A {
    type Outcome = A::Answer;
}

pub(crate) mod sealed {
    use super::{
        Earn, Entries, EntryBuilder, External, Fingerprint, Need, Program, Record, RecordId, Rejection,
        Timestamp, View, Written,
    };

    /// What an operation says of itself, and its rule.
    pub trait Operation: Send + Sync {
        /// What the caller gets back.
        type Answer: Clone + Send;

        /// What must be loaded to decide it, besides its key and the name of what it makes.
        fn need(&self) -> Result<Need, Rejection>;

        /// The name of its field that says whose lots these are.
        fn profile_field(&self) -> &'static str {
            "profile_id"
        }

        /// The rates that it earns at, whose definitions must be loaded as well.
        fn rates<'p>(&self, _program: &'p Program) -> &'p [Earn] {
            &[]
        }

        /// Its content, in 128 bits.
        fn fingerprint(&self) -> Fingerprint;

        /// The caller's own name for what it makes.
        fn external(&self) -> Option<External> {
            None
        }

        /// The caller's own name that it gives to what is there already (rule X6).
        fn names(&self) -> Option<(External, RecordId)> {
            None
        }

        /// Checks what can be checked of its fields without anything loaded.
        fn check(&self, program: &Program) -> Result<(), Rejection>;

        /// The rule: writes entries to the draft, or says why not.
        fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection>;

        /// The outcome that its entries tell of: the first answer and every repetition of it. `None`: such entries are
        /// another operation's.
        fn outcome(&self, written: &Written<'_>) -> Option<Self::Answer>;

        /// Whether it has the same content as a record that got its external id only later (rule X6).
        fn is_said_by(&self, _record: &Record<'_>) -> bool {
            false
        }

        /// The state, at an instant, of the record that has the caller's external id already (rules D5 and X2).
        fn existing(&self, view: &View<'_>, record: &Record<'_>, _at: Timestamp) -> Option<Self::Answer> {
            let entries = [record.newest()];
            self.outcome(&Written { account: view.first, settled: 0, entries: Entries::Found(&entries) })
        }
    }
}

/// What an operation wrote, and the account that it wrote it on.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The account before its entries, with everything settled that fell due.
    pub(crate) account: &'a Account,
    /// How many entries that took.
    pub(crate) settled: u32,
    /// Its own entries, in order.
    pub(crate) entries: Entries<'a>,
}

/// The entries of an operation: those that it has just written, or those that were found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entries<'a> {
    New(&'a [Entry]),
    Found(&'a [&'a Entry]),
}

impl<'a> Entries<'a> {
    const fn as_slices(self) -> (&'a [Entry], &'a [&'a Entry]) {
        match self {
            Self::New(entries) => (entries, &[]),
            Self::Found(entries) => (&[], entries),
        }
    }
}

impl<'a> Written<'a> {
    /// Its own entries, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &'a Entry> + use<'a> {
        let (new, found) = self.entries.as_slices();
        new.iter().chain(found.iter().copied())
    }

    /// Its first entry.
    pub(crate) fn first(&self) -> Option<&'a Entry> {
        self.iter().next()
    }

    /// Its last entry.
    pub(crate) fn last(&self) -> Option<&'a Entry> {
        self.iter().next_back()
    }
}

/// A request on its way through the engine.
#[derive(Debug)]
pub(crate) struct Asked<'a, A> {
    pub(crate) at: Timestamp,
    pub(crate) key: Option<&'a Key>,
    /// Which row it is, if the key is a batch's.
    pub(crate) row: Option<BatchRow>,
    pub(crate) if_version: Option<u32>,
    pub(crate) request: &'a A,
}

impl<A> Clone for Asked<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Asked<'_, A> {}

/// What a request needs to be decided, its key and the name of what it makes included.
#[inline]
pub(crate) fn need<A: Action>(program: &Program, asked: Asked<'_, A>) -> Result<Need, Rejection> {
    let mut need = asked.request.need()?;
    let mut definitions = asked.request.rates(program).iter().filter_map(|rate| rate.point_definition_id);
    if let Some(first) = definitions.next() {
        let others: BTreeSet<DefinitionId> = definitions.filter(|id| *id != first).collect();
        need.definition = Some(match others.is_empty() {
            true => DefinitionRef::Id(first),
            false => DefinitionRef::Several(std::iter::once(first).chain(others).collect()),
        });
    }
    need.occurred_at = need.occurred_at.filter(|then| *then >= program.late_from(asked.at));
    if need.follows_lot && asked.key.is_some() {
        // A key is looked for in one journal, so it must be said whose.
        return Err(Rejection::Missing { field: asked.request.profile_field().into() });
    }
    need.key = asked.key.cloned();
    need.row = asked.row.map(|row| row.row);
    let given = || asked.request.names().map(|(name, _)| name);
    need.external = asked.request.external().or_else(given).map(Box::new);
    Ok(need)
}

/// Decides a request on what was loaded for its need. Pure: the same arguments give the same decision, bit for bit. The
/// change comes empty, with space of its own, and stays so if there is nothing to write. Outcomes are large, so they are put where they
/// belong.
#[inline]
pub(crate) fn decide<A: Action>(
    program: &Program,
    asked: Asked<'_, A>,
    need: &Need,
    view: &View<'_>,
    change: &mut Change,
    outcome: &mut Option<A::Outcome>,
) -> Result<Disposition, Halt> {
    if let Some(disposition) = repeat::repeated(program, asked, need, view, outcome)? {
        return Ok(disposition);
    }
    let decided = decide_new(program, asked, need, view, change, outcome);
    if decided.is_err() {
        change.clear();
    }
    decided.map(|()| Disposition::New)
}

fn decide_new<A: Action>(
    program: &Program,
    asked: Asked<'_, A>,
    need: &Need,
    view: &View<'_>,
    change: &mut Change,
    outcome: &mut Option<A::Outcome>,
) -> Result<(), Halt> {
    more::records(need, view)?;
    let found = view.first.sequence();
    if let Some(expected) = asked.if_version.filter(|version| *version != found) {
        return Err(Rejection::VersionChanged { expected, found }.into());
    }
    asked.request.check(program)?;
    more::receiver(view)?;
    let mut at = check::time(program, view.first, asked.at)?;
    if let Some(second) = view.second {
        // Both accounts change at one instant, not before either's last entry.
        at = at.max(check::time(program, second, asked.at)?);
    }
    let first = settled(view.first, at, &mut change.first);
    let second = view.second.map(|second| settled(second, at, &mut change.second));
    let due = change.first.len();
    more::live_lots(need, due)?;
    let side = AccountDraft::new(&first, &mut change.first);
    let other = second.as_ref().map(|second| AccountDraft::new(second, &mut change.second));
    let mut draft = EntryBuilder::new(program, at, side, other);
    if asked.key.is_some() || need.external.is_some() {
        draft.stamp(asked.key, asked.row, need.external.as_deref(), asked.request.fingerprint());
    }
    asked.request.rule(&mut draft, view)?;
    draft.finish()?;
    let entries = Entries::New(change.first.get(due..).unwrap_or_default());
    let settled = u32::try_from(due).unwrap_or(u32::MAX);
    // An operation recognises what it has just written.
    *outcome = asked.request.outcome(&Written { account: &first, settled, entries });
    Ok(())
}

/// The account with everything settled that fell due by `at`. Only then is it copied.
pub(crate) fn settled<'a>(account: &'a Account, at: Timestamp, entries: &mut Vec<Entry>) -> Cow<'a, Account> {
    if !account.is_due(at) {
        return Cow::Borrowed(account);
    }
    let mut later = account.clone();
    settle_due(&mut later, at, entries);
    Cow::Owned(later)
}
