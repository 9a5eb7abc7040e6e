//! Units in one transaction: load, decide, write. The caller begins and ends the transaction.

use std::borrow::Cow;

use smallvec::smallvec;

use super::SqliteError;
use super::cache::{AccountCache, CachedAccount};
use super::tables::{KEY, Tables, broken, name_hash};
use crate::account::{Account, Corrupt};
use crate::id::{DefinitionId, ProfileNumber};
use crate::journal::{Entry, EntryKind};
use crate::store::stage::{Accounts, Entries, Staged, stage};
use crate::store::work::{CommitStatus, DefinitionRef, Need, Owner, Work};
use crate::store::{Damage, Find};

/// The state of one transaction: loaded accounts, and changes still to be written.
pub(super) struct SqliteSession<'a> {
    pub(super) tables: Tables<'a>,
    pub(super) cache: &'a mut AccountCache,
    /// The accounts whose head rows are to be written.
    dirty: Vec<ProfileNumber>,
    /// How many numbers were drawn, once loaded.
    drawn: Option<u32>,
    /// The last number reserved for a new profile of this unit.
    promised: Option<u32>,
    space: Vec<u8>,
}

/// The location of a unit's account.
pub(super) enum Location {
    /// In the cache.
    Cached(ProfileNumber),
    /// A new profile: nothing is created until something is committed.
    New(Box<CachedAccount>),
    /// A number that was never drawn.
    Unknown(Box<Account>),
}

impl<'a> SqliteSession<'a> {
    pub(super) const fn new(tables: Tables<'a>, cache: &'a mut AccountCache) -> Self {
        Self { tables, cache, dirty: Vec::new(), drawn: None, promised: None, space: Vec::new() }
    }

    /// Runs one unit. Its changes are written except for the heads; see [`SqliteSession::flush`].
    ///
    /// # Errors
    /// The transaction must be rolled back, and the cache cleared.
    pub(super) fn unit(
        &mut self,
        work: &mut dyn Work,
        unit: usize,
        done: CommitStatus,
    ) -> Result<CommitStatus, SqliteError> {
        Ok(match stage(self, work, unit)? {
            Staged::Nothing | Staged::Appended => done,
            Staged::Stale => CommitStatus::Conflict,
        })
    }

    /// Writes the changed heads, and the snapshots that lag too far behind. `false`: another writer was faster.
    ///
    /// # Errors
    /// The transaction must be rolled back, and the cache cleared.
    pub(super) fn flush(&mut self) -> Result<bool, SqliteError> {
        // In one order, so that neighbours are written one after the other.
        self.dirty.sort_unstable();
        for number in std::mem::take(&mut self.dirty) {
            let Some(cached) = self.cache.get_mut(number) else { continue };
            if !self.tables.swap(cached)? {
                return Ok(false);
            }
            if cached.is_due_for_saving() {
                self.tables.save(&cached.account, &mut self.space)?;
                cached.saved = cached.account.sequence();
            }
            (cached.head, cached.is_new, cached.is_dirty) = (cached.account.sequence(), false, false);
        }
        Ok(true)
    }

    fn place(&mut self, owner: Owner) -> Result<Location, SqliteError> {
        let known = match owner {
            Owner::Number(number) => Some(number),
            Owner::Profile(profile) => self.cache.number(&profile),
        };
        if let Some(number) = known.filter(|number| self.cache.find(*number)) {
            return Ok(Location::Cached(number));
        }
        if let Some(cached) = self.tables.account(owner)? {
            let number = cached.account.number();
            self.cache.insert(Box::new(cached));
            return Ok(Location::Cached(number));
        }
        match owner {
            Owner::Number(ProfileNumber::CATALOGUE) => {
                let account = Account::without_profile(ProfileNumber::CATALOGUE);
                Ok(Location::New(Box::new(CachedAccount::new(account))))
            }
            Owner::Number(number) => Ok(Location::Unknown(Box::new(Account::without_profile(number)))),
            Owner::Profile(profile) => {
                if let Some(number) = self.tables.number(&profile)? {
                    return Err(broken(number, format!("`{profile}` has this number, and it has no head")));
                }
                let drawn = match self.promised.or(self.drawn) {
                    Some(drawn) => drawn,
                    None => self.tables.numbers_drawn()?,
                };
                let number = drawn.checked_add(1).and_then(|number| ProfileNumber::new(number).ok());
                let number = number.ok_or(SqliteError::NoNumbers)?;
                self.promised = Some(number.get());
                Ok(Location::New(Box::new(CachedAccount::new(Account::new(profile, number)))))
            }
        }
    }

    fn write(&mut self, place: Location, entries: &[Entry]) -> Result<(), SqliteError> {
        let number = match place {
            Location::Cached(number) => number,
            // Even if nothing is written to it: the number of another new account may depend on it.
            Location::New(cached) => {
                let number = cached.account.number();
                self.cache.insert(cached);
                number
            }
            Location::Unknown(_) if entries.is_empty() => return Ok(()),
            Location::Unknown(_) => return Err(SqliteError::NoSuchAccount),
        };
        let Some(cached) = self.cache.get_mut(number) else {
            return Err(broken(number, "it left the cache"));
        };
        if !cached.is_dirty && (cached.is_new || !entries.is_empty()) {
            cached.is_dirty = true;
            self.dirty.push(number);
        }
        if entries.is_empty() {
            return Ok(());
        }
        cached.last = self.tables.append(cached, entries, &mut self.space)?;
        let before = cached.account.sequence();
        entries.iter().for_each(|entry| cached.account.apply(entry));
        if cached.is_due_for_a_mark(before) {
            self.tables.note_mark(cached)?;
        }
        for entry in entries {
            if let EntryKind::Define(defined) = &entry.kind {
                self.cache.forget_definition(defined.id);
            }
        }
        Ok(())
    }

    /// Sees to it that the definition a need names by its id is among those that are known, if there is one.
    fn load_definition(&mut self, id: DefinitionId) -> Result<(), SqliteError> {
        if self.cache.definition(id).is_some() || id.number() != ProfileNumber::CATALOGUE {
            return Ok(());
        }
        let mut found = self.find_in(ProfileNumber::CATALOGUE, &Find::Latest(id.into()))?;
        if found.is_empty() {
            found = self.find_in(ProfileNumber::CATALOGUE, &Find::Range(id.sequence(), id.sequence()))?;
        }
        if let Some(entry) = found.pop() {
            self.cache.keep_definition(id, entry);
        }
        Ok(())
    }

    /// Finds entries in the journal of an account that is cached; no other has any.
    fn find_in(&self, number: ProfileNumber, find: &Find) -> Result<Vec<Entry>, SqliteError> {
        let Some(cached) = self.cache.get(number) else { return Ok(Vec::new()) };
        let newest = cached.account.sequence();
        let places = match find {
            Find::Range(first, last) => {
                let (first, end) = ((*first).max(1), (*last).min(newest));
                let start = if end < newest { self.tables.mark(number, end)? } else { None };
                return self.tables.range(number, start.unwrap_or(cached.last), first, end);
            }
            Find::Until(_) => {
                let mut entries = self.tables.range(number, cached.last, 1, newest)?;
                entries.retain(|entry| find.finds(entry, number));
                return Ok(entries);
            }
            Find::Latest(subject) => self.tables.about(number, *subject, 1)?,
            Find::About(subject) => self.tables.about(number, *subject, -1)?,
            Find::Key(key) => self.tables.named(number, name_hash(KEY, key.as_str()))?,
            Find::Named(name) => self.tables.named(number, name_hash(name.sort(), name.as_str()))?,
        };
        let mut entries = Vec::new();
        // The newest rows come first.
        for place in places {
            let row = self.tables.journal_row(number, place)?;
            entries.extend(row.entries.into_iter().rev().filter(|entry| find.finds(entry, number)));
            if find.is_of_newest() && !entries.is_empty() {
                entries.truncate(1);
                break;
            }
        }
        entries.reverse();
        Ok(entries)
    }
}

impl Accounts for SqliteSession<'_> {
    type Error = SqliteError;
    type Found<'s>
        = Cow<'s, Entry>
    where
        Self: 's;
    type Location = Location;

    fn begin(&mut self, need: &Need) -> Result<(), SqliteError> {
        self.promised = None;
        for journal in need.other_journals() {
            self.place(Owner::Number(journal))?;
        }
        match &need.definition {
            Some(DefinitionRef::Id(id)) => self.load_definition(*id),
            Some(DefinitionRef::Several(ids)) => ids.iter().try_for_each(|id| self.load_definition(*id)),
            Some(DefinitionRef::Handle(_)) | None => Ok(()),
        }
    }

    fn locate(&mut self, owner: &Owner) -> Result<Location, SqliteError> {
        self.place(*owner)
    }

    fn account<'s>(&'s self, place: &'s Location) -> Result<&'s Account, SqliteError> {
        match place {
            Location::Cached(number) => {
                let cached = self.cache.get(*number).ok_or_else(|| broken(*number, "it left the cache"))?;
                Ok(&cached.account)
            }
            Location::New(cached) => Ok(&cached.account),
            Location::Unknown(account) => Ok(account),
        }
    }

    fn find(&self, journal: ProfileNumber, find: &Find) -> Result<Entries<Cow<'_, Entry>>, SqliteError> {
        if let Find::Latest(id) = find
            && let Some(entry) = DefinitionId::new(id.get()).ok().and_then(|id| self.cache.definition(id))
            && journal == ProfileNumber::CATALOGUE
        {
            return Ok(smallvec![Cow::Borrowed(entry)]);
        }
        Ok(self.find_in(journal, find)?.into_iter().map(Cow::Owned).collect())
    }

    fn corrupt(number: ProfileNumber, source: Corrupt) -> SqliteError {
        Damage::Corrupt { number, source }.into()
    }

    fn append(
        &mut self,
        (first, entries): (Location, &[Entry]),
        second: Option<(Location, &[Entry])>,
    ) -> Result<(), SqliteError> {
        self.write(first, entries)?;
        if let Some((second, entries)) = second {
            self.write(second, entries)?;
        }
        // The next new profile gets another number.
        self.drawn = self.promised.or(self.drawn);
        Ok(())
    }
}
