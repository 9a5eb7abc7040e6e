//! The steps of one unit, the same in every store: load its accounts, look up records, decide, append.
//!
//! Nothing here does I/O. A store finds accounts and entries, be it under a lock, in a transaction or from what it loaded
//! before.

use std::borrow::Borrow;

use smallvec::SmallVec;

use super::find::{Find, Lookup};
use super::lookup::LookupPlan;
use super::work::{Change, Found, Need, Owner, View, Work};
use crate::account::{Account, Corrupt};
use crate::id::ProfileNumber;
use crate::journal::Entry;

/// The accounts and journals of a store, as of one snapshot, with what was staged since.
pub(crate) trait Accounts {
    /// The store's error.
    type Error;
    /// An entry that a look-up found.
    type Found<'s>: Borrow<Entry> + Clone
    where
        Self: 's;
    /// A handle to an account.
    type Location;

    /// Begins a unit with this need.
    fn begin(&mut self, need: &Need) -> Result<(), Self::Error>;

    /// The account of an owner. A new profile gets the number that it will keep once something is appended; a number that
    /// was never drawn has an account without a profile.
    fn locate(&mut self, owner: &Owner) -> Result<Self::Location, Self::Error>;

    /// The account in a location.
    fn account<'s>(&'s self, location: &'s Self::Location) -> Result<&'s Account, Self::Error>;

    /// Looks up entries in a journal; none if the need does not name the journal.
    fn find(&self, journal: ProfileNumber, find: &Find) -> Result<Entries<Self::Found<'_>>, Self::Error>;

    /// Looks up everything that a plan asks for.
    ///
    /// # Errors
    /// As [`Accounts::find`]; in a store that prefetches: what is still to be fetched.
    #[inline]
    fn gather<'s>(&'s self, plan: &mut LookupPlan<Self::Found<'s>>) -> Result<(), Self::Error> {
        while let Some(Lookup { journal, find }) = plan.next() {
            plan.answer(self.find(journal, &find)?);
        }
        Ok(())
    }

    /// The store's error for a journal that this ledger did not write.
    fn corrupt(number: ProfileNumber, corrupt: Corrupt) -> Self::Error;

    /// Appends entries that follow the last ones of their accounts: all of them, or none. A new profile is created even if
    /// nothing is written to it, as the other account's entries may name it.
    fn append(
        &mut self,
        first: (Self::Location, &[Entry]),
        second: Option<(Self::Location, &[Entry])>,
    ) -> Result<(), Self::Error>;
}

/// The entries that one look-up found; usually one.
pub(crate) type Entries<E> = SmallVec<[E; 1]>;

static NOTHING: Found<'static> = Found::NOTHING;

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staged {
    /// There is nothing to write.
    Nothing,
    /// Its entries are appended.
    Appended,
    /// It does not follow the account's last entry.
    Stale,
}

/// Runs one unit of a work on the accounts.
#[inline]
pub(crate) fn stage<A: Accounts>(
    accounts: &mut A,
    work: &mut dyn Work,
    unit: usize,
) -> Result<Staged, A::Error> {
    let Some(need) = work.needs().get(unit) else { return Ok(Staged::Nothing) };
    accounts.begin(need)?;
    let first = accounts.locate(&need.owner)?;
    let second = match need.second.as_deref() {
        None => None,
        Some(other) if *other == need.owner => Some(Other::Same),
        Some(other) => second(accounts, &first, other)?,
    };
    let change = {
        let account = accounts.account(&first)?;
        let other = match &second {
            Some(Other::Account(location)) => Some(accounts.account(location)?),
            Some(Other::Same) => Some(account),
            None => None,
        };
        if need.is_plain() {
            work.decide(unit, View::new(account, other, &NOTHING))
        } else {
            let mut plan = LookupPlan::empty(need, account.number());
            plan.start(need, account);
            accounts.gather(&mut plan)?;
            let past = plan.past(need, account).map_err(|corrupt| A::corrupt(account.number(), corrupt))?;
            let account = past.as_ref().unwrap_or(account);
            if plan.is_empty() {
                work.decide(unit, View::new(account, other, &NOTHING))
            } else {
                let mut found = Found::default();
                plan.lend(&mut found);
                work.decide(unit, View::new(account, other, &found))
            }
        }
    };
    let Some(change) = change.filter(|change| !change.is_empty()) else { return Ok(Staged::Nothing) };
    let second = match second {
        Some(Other::Account(location)) => Some(location),
        Some(Other::Same) | None => None,
    };
    append(accounts, change, first, second)
}

/// The second account of a unit.
enum Other<S> {
    Account(S),
    /// One account under two names is one account: there is nothing that could be written to it twice.
    Same,
}

fn second<A: Accounts>(
    accounts: &mut A,
    first: &A::Location,
    owner: &Owner,
) -> Result<Option<Other<A::Location>>, A::Error> {
    let location = accounts.locate(owner)?;
    let same = accounts.account(&location)?.number() == accounts.account(first)?.number();
    Ok(Some(if same { Other::Same } else { Other::Account(location) }))
}

fn append<A: Accounts>(
    accounts: &mut A,
    change: &Change,
    first: A::Location,
    second: Option<A::Location>,
) -> Result<Staged, A::Error> {
    let version = accounts.account(&first)?.sequence();
    let other =
        second.as_ref().map(|location| accounts.account(location).map(Account::sequence)).transpose()?;
    if !change.follows(version, other) {
        return Ok(Staged::Stale);
    }
    accounts.append((first, &change.first), second.map(|location| (location, &*change.second)))?;
    Ok(Staged::Appended)
}
