//! The state of one batch of units: loaded accounts, look-ups, and pending entries.
//!
//! A journal only grows. So a later look-up that is bounded by the last loaded entry belongs to the same snapshot, without
//! a transaction held open.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio_postgres::Row;

use super::PostgresError;
use super::ask::{Answer, Answers, read_entry, sequence};
use super::catalogue::Catalogue;
use super::sql::{ACCOUNT, FOUND};
use crate::account::{Account, Corrupt};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Entry;
use crate::store::damage::differ;
use crate::store::row::{AccountRow, first_end};
use crate::store::stage::{Accounts, Entries};
use crate::store::{Damage, Find, Lookup, LookupPlan, Need, Owner};
use crate::time::Timestamp;

/// A loaded account with its pending entries.
#[derive(Clone, Debug)]
pub(super) struct LoadedAccount {
    /// The account with the pending entries applied.
    pub(super) account: Account,
    /// The last entry in the database.
    pub(super) base: u32,
    pub(super) kept: Kept,
    /// Whether the profile has its number in the database.
    pub(super) registration: Registration,
    /// The entries to write.
    pub(super) pending: Vec<Entry>,
}

/// The state of an account's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// It is in the database.
    Registered,
    /// It is reserved for a new profile.
    Promised,
    /// It was never drawn.
    Nobody,
}

/// The columns of the snapshot row, which may lag behind the journal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    pub(super) sequence: u32,
    pub(super) ends: Ends,
    /// The latest that the indexed columns can be: those of a remembered account may have been put right since.
    pub(super) at_most: Ends,
}

/// The indexed columns of a snapshot row, by which accounts are found: they may be too early, and never too late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The next instant at which something happens to the account by itself.
    pub(super) deadline: Option<i64>,
    /// The instant at which the first of its lots expires, or the first of its holds lapses.
    pub(super) expires: Option<i64>,
}

impl Ends {
    pub(super) fn of(account: &Account) -> Self {
        let micros = |instant: Timestamp| instant.micros();
        Self { deadline: account.next_deadline().map(micros), expires: first_end(account).map(micros) }
    }

    /// Whether one of the columns would be too late.
    pub(super) fn is_sooner_than(self, row: Self) -> bool {
        let is_before =
            |new: Option<i64>, row: Option<i64>| new.is_some_and(|new| row.is_none_or(|row| new < row));
        is_before(self.deadline, row.deadline) || is_before(self.expires, row.expires)
    }
}

#[derive(Debug, Default)]
pub(super) struct BatchState {
    pub(super) accounts: Vec<LoadedAccount>,
    by_owner: HashMap<Owner, usize>,
    by_number: HashMap<ProfileNumber, usize>,
    /// The last entry of each journal that is only looked up in.
    bounds: HashMap<ProfileNumber, u32>,
    answers: Answers,
    /// The catalogue, if definitions are read from its copy.
    catalogue: Option<Arc<Catalogue>>,
    /// The owners whose accounts are remembered and not loaded: no key or name that is written with them may have been
    /// used before.
    remembered: HashSet<Owner>,
}

/// The look-ups that a unit still needs.
pub(super) type Missing = Vec<(ProfileNumber, Find)>;

/// Why a unit could not be decided.
pub(super) enum Halt {
    /// It needs look-ups first.
    Missing(Missing),
    Failed(PostgresError),
}

impl BatchState {
    /// Adds the rows that were loaded for some owners. `lent`: those whose account is wanted. Who is not in the rows has
    /// nothing in the database yet.
    pub(super) fn take_in(&mut self, slots: &[(Owner, bool)], rows: &[Row]) -> Result<(), PostgresError> {
        let mut accounts: Vec<Option<LoadedAccount>> = slots.iter().map(|_| None).collect();
        for answer in rows.iter().map(Answer) {
            if answer.kind()? == ACCOUNT {
                let (slot, number) = (answer.slot()?, answer.number()?);
                match (slots.get(slot), accounts.get_mut(slot)) {
                    (Some((_, true)), Some(loaded)) => *loaded = Some(read_account(&answer)?),
                    _ => drop(self.bounds.insert(number, answer.sequence()?)),
                }
            }
        }
        for ((owner, lend), loaded) in slots.iter().zip(accounts) {
            match (loaded, owner) {
                (Some(loaded), Owner::Profile(wanted)) if loaded.account.profile() != Some(wanted) => {
                    let number = loaded.account.number();
                    let what = format!("the name `{wanted}` leads to it, and it is another profile's");
                    return Err(Damage::broken(number, what).into());
                }
                (Some(loaded), _) => self.put(*owner, loaded),
                (None, Owner::Number(number)) if *lend => {
                    // The catalogue has its number without being drawn one.
                    let is_catalogue = *number == ProfileNumber::CATALOGUE;
                    let registration =
                        if is_catalogue { Registration::Registered } else { Registration::Nobody };
                    self.put(*owner, LoadedAccount::new(Account::without_profile(*number), registration));
                }
                // A newcomer is added when a number was drawn.
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, owner: Owner, loaded: LoadedAccount) {
        let place = *self.by_number.entry(loaded.account.number()).or_insert(self.accounts.len());
        match self.accounts.get_mut(place) {
            None => self.accounts.push(loaded),
            // A need named the number before it was anybody's.
            Some(nobody) if nobody.registration == Registration::Nobody => *nobody = loaded,
            Some(_) => {}
        }
        self.by_owner.insert(owner, place);
    }

    /// Adds a remembered account, and takes for granted that the key and the name of a request are new.
    pub(super) fn put_remembered(&mut self, need: &Need, loaded: LoadedAccount) {
        self.remembered.insert(need.owner);
        self.put(need.owner, loaded);
    }

    /// Whether the account of an owner is remembered and not loaded.
    pub(super) fn is_remembered(&self, owner: Owner) -> bool {
        self.remembered.contains(&owner)
    }

    /// Whether no key or name that is to be written may have been used before: some were not looked up.
    pub(super) fn are_names_new(&self) -> bool {
        !self.remembered.is_empty()
    }

    /// Takes for granted that nothing is found for a request: its key and its name are new.
    pub(super) fn assume_new(&mut self, need: &Need) {
        let Some(account) = self.account_of(need.owner) else { return };
        let mut plan = LookupPlan::<Entry>::new(need, account);
        let mut asked = Missing::new();
        while let Some(Lookup { journal, find }) = plan.next() {
            plan.answer([]);
            asked.push((journal, find));
        }
        for ask in asked {
            self.answers.entry(ask).or_default();
        }
    }

    /// Adds a profile that has no number yet.
    pub(super) fn add_newcomer(&mut self, profile: ProfileId, number: ProfileNumber) {
        self.put(
            Owner::Profile(profile),
            LoadedAccount::new(Account::new(profile, number), Registration::Promised),
        );
    }

    /// Adds a profile that has a number and no entries.
    pub(super) fn add_registered(&mut self, profile: ProfileId, number: ProfileNumber) {
        self.put(
            Owner::Profile(profile),
            LoadedAccount::new(Account::new(profile, number), Registration::Registered),
        );
    }

    /// Drops the reserved numbers: it is unknown whether they are in use by now.
    pub(super) fn forget_promises(&mut self) {
        for loaded in self.accounts.iter_mut().filter(|loaded| loaded.registration == Registration::Promised)
        {
            loaded.registration = Registration::Nobody;
        }
    }

    /// The loaded account of an owner, if any.
    pub(super) fn loaded_account(&self, owner: Owner) -> Option<&LoadedAccount> {
        self.by_owner.get(&owner).and_then(|place| self.accounts.get(*place))
    }

    pub(super) fn account_of(&self, owner: Owner) -> Option<&Account> {
        self.loaded_account(owner).map(|loaded| &loaded.account)
    }

    /// The last entry of a journal in this snapshot.
    pub(super) fn bound(&self, number: ProfileNumber) -> u32 {
        let loaded = self.by_number.get(&number).and_then(|place| self.accounts.get(*place));
        loaded.map(|loaded| loaded.base).or_else(|| self.bounds.get(&number).copied()).unwrap_or(0)
    }

    /// Stores the answers to look-ups, in the order of the questions.
    pub(super) fn take_in_found(&mut self, asked: &Missing, rows: &[Row]) -> Result<(), PostgresError> {
        let mut found: Vec<Vec<Entry>> = asked.iter().map(|_| Vec::new()).collect();
        for answer in rows.iter().map(Answer) {
            if answer.kind()? == FOUND
                && let Some(entries) = found.get_mut(answer.slot()?)
            {
                entries.push(answer.entry()?);
            }
        }
        asked.iter().zip(found).try_for_each(|(ask, entries)| self.take_in_answer(ask.clone(), entries))
    }

    /// Stores the answer to a look-up.
    pub(super) fn take_in_answer(
        &mut self,
        ask: (ProfileNumber, Find),
        mut entries: Vec<Entry>,
    ) -> Result<(), PostgresError> {
        entries.sort_unstable_by_key(|entry| entry.sequence);
        if let (number, Find::Range(low, high)) = ask {
            // One that is gone was archived, say: it is not found. A stretch with a gap is not what was asked for.
            let expected = (low..=high.min(self.bound(number))).count();
            if expected > 1 && entries.len() != expected {
                return Err(Damage::Missing { number, low, high }.into());
            }
        }
        self.answers.insert(ask, entries);
        Ok(())
    }

    /// Adds the catalogue as it was read from its copy.
    pub(super) fn put_catalogue(&mut self, catalogue: Arc<Catalogue>) {
        self.catalogue = Some(catalogue);
    }

    /// The look-ups of some needs that are not answered yet.
    pub(super) fn missing(&self, needs: &[&Need]) -> Result<Missing, PostgresError> {
        let mut all = Missing::new();
        for need in needs {
            let account = self.account_of(need.owner).ok_or(PostgresError::NoSuchAccount)?;
            match self.gather(&mut LookupPlan::new(need, account)) {
                Ok(()) => {}
                Err(Halt::Missing(missing)) => all.extend(missing),
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        Ok(all)
    }
}

impl Accounts for BatchState {
    type Error = Halt;
    type Found<'s> = &'s Entry;
    type Location = usize;

    fn begin(&mut self, _: &Need) -> Result<(), Halt> {
        Ok(())
    }

    fn locate(&mut self, owner: &Owner) -> Result<usize, Halt> {
        self.by_owner.get(owner).copied().ok_or(Halt::Failed(PostgresError::NoSuchAccount))
    }

    fn account<'s>(&'s self, place: &'s usize) -> Result<&'s Account, Halt> {
        let loaded = self.accounts.get(*place).ok_or(Halt::Failed(PostgresError::NoSuchAccount))?;
        Ok(&loaded.account)
    }

    /// Pending entries count as written.
    fn find(&self, number: ProfileNumber, find: &Find) -> Result<Entries<&Entry>, Halt> {
        if let (ProfileNumber::CATALOGUE, Some(catalogue)) = (number, &self.catalogue) {
            return Ok(catalogue.find(find));
        }
        let ask = (number, find.clone());
        let stored = match self.answers.get(&ask) {
            Some(entries) => entries.as_slice(),
            // An account without entries has nothing to find.
            None if self.bound(number) == 0 => &[],
            None => return Err(Halt::Missing(vec![ask])),
        };
        let loaded = self.by_number.get(&number).and_then(|place| self.accounts.get(*place));
        let pending = loaded.map_or(&[][..], |loaded| &loaded.pending).iter();
        let mut found: Entries<&Entry> =
            stored.iter().chain(pending.filter(|entry| find.finds(entry, number))).collect();
        if find.is_of_newest() {
            found.drain(..found.len().saturating_sub(1));
        }
        Ok(found)
    }

    /// All missing look-ups are fetched together.
    fn gather<'s>(&'s self, plan: &mut LookupPlan<&'s Entry>) -> Result<(), Halt> {
        let mut missing = Missing::new();
        while let Some(Lookup { journal, find }) = plan.next() {
            match self.find(journal, &find) {
                Ok(found) => plan.answer(found),
                Err(Halt::Missing(ask)) => {
                    missing.extend(ask);
                    plan.answer([]);
                }
                Err(failed) => return Err(failed),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Halt::Missing(missing)) }
    }

    fn corrupt(number: ProfileNumber, source: Corrupt) -> Halt {
        Halt::Failed(Damage::Corrupt { number, source }.into())
    }

    fn append(&mut self, first: (usize, &[Entry]), second: Option<(usize, &[Entry])>) -> Result<(), Halt> {
        for (place, entries) in [Some(first), second].into_iter().flatten() {
            let loaded = self.accounts.get_mut(place).ok_or(Halt::Failed(PostgresError::NoSuchAccount))?;
            entries.iter().for_each(|entry| loaded.account.apply(entry));
            loaded.pending.extend_from_slice(entries);
        }
        Ok(())
    }
}

impl LoadedAccount {
    fn new(account: Account, registration: Registration) -> Self {
        Self { base: account.sequence(), account, kept: Kept::default(), registration, pending: Vec::new() }
    }
}

/// A state's row, and the state in it.
pub(super) fn other_state(row: u32, state: u32) -> String {
    differ("its state has another number than its row", &row, &state)
}

fn read_account(answer: &Answer<'_>) -> Result<LoadedAccount, PostgresError> {
    let (number, base, profile) = (answer.number()?, answer.sequence()?, answer.0.try_get(5)?);
    let row = AccountRow { number, profile, head: base, state: answer.bytes()? };
    let mut account = row.state()?;
    let kept = sequence(number, answer.0.try_get::<_, Option<i32>>(6)?.unwrap_or(0))?;
    if account.sequence() != kept {
        return Err(Damage::broken(number, other_state(kept, account.sequence())).into());
    }
    let tail = answer.0.try_get::<_, Option<Vec<&[u8]>>>(9)?.unwrap_or_default();
    row.catch_up(&mut account, tail.into_iter().map(|bytes| read_entry(bytes, number)))?;
    let ends = Ends { deadline: answer.0.try_get(7)?, expires: answer.0.try_get(8)? };
    let kept = Kept { sequence: kept, ends, at_most: ends };
    Ok(LoadedAccount { account, base, kept, registration: Registration::Registered, pending: Vec::new() })
}
