//! One shard: accounts, their journals, and the few indexes that a store must keep.

use std::borrow::Borrow;

use hashbrown::HashMap;
use smallvec::{SmallVec, smallvec};

use super::MemoryError;
use super::index::ProfileIndex;
use super::journal::{Chain, Journal, Offset};
use crate::account::Account;
use crate::id::{Key, ProfileId, ProfileNumber};
use crate::journal::{Entry, EntryKind, External, RecordId};
use crate::store::stage::Entries;
use crate::store::{FeedEntry, Find};

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// From the hash of a profile's id to its place among the slots.
    index: ProfileIndex,
    slots: Vec<Slot>,
    journal: Journal,
    keys: HashMap<(usize, Key), Offset>,
    names: HashMap<(usize, External), Offset>,
    /// The entries about each record; few have more than four.
    records: HashMap<(usize, RecordId), SmallVec<[Offset; 4]>>,
    /// The newest entry about each definition, in the catalogue's shard: every issue asks for one.
    definitions: HashMap<RecordId, Entry>,
}

#[derive(Debug)]
struct Slot {
    account: Account,
    chain: Chain,
}

/// An entry that was looked up: of a definition the one that is kept, of others what was read. Entries are large, and this
/// is moved about.
#[derive(Clone, Debug)]
pub(super) enum FoundEntry<'s> {
    Kept(&'s Entry),
    Read(Box<Entry>),
}

impl Borrow<Entry> for FoundEntry<'_> {
    fn borrow(&self) -> &Entry {
        match self {
            Self::Kept(entry) => entry,
            Self::Read(entry) => entry,
        }
    }
}

impl Shard {
    /// The shard of the catalogue: one account, number zero.
    pub(super) fn catalogue() -> Self {
        let account = Account::without_profile(ProfileNumber::CATALOGUE);
        Self { slots: vec![Slot { account, chain: Chain::default() }], ..Self::default() }
    }

    /// The place of a profile's account in this shard.
    #[inline]
    pub(super) fn find(&self, hash: u64, profile: &ProfileId) -> Option<usize> {
        let is_it = |place| self.account(place).is_some_and(|account| account.profile() == Some(profile));
        self.index.find(hash, is_it)
    }

    /// The account of a profile whose id has this hash: nearly always the one that is looked for.
    #[inline]
    pub(super) fn likely_account(&self, hash: u64) -> Option<&Account> {
        self.index.find(hash, |_| true).and_then(|place| self.account(place))
    }

    #[inline]
    pub(super) fn account(&self, index: usize) -> Option<&Account> {
        self.slots.get(index).map(|slot| &slot.account)
    }

    /// Whether there is room for this many more entries, and for the one or two accounts that they may create.
    pub(super) fn has_room_for(&self, entries: usize) -> bool {
        let accounts = self.slots.len().saturating_add(2);
        self.journal.has_room_for(entries) && u32::try_from(accounts).is_ok()
    }

    #[cfg(test)]
    pub(super) fn fill_journal(&mut self) {
        self.journal.fill();
    }

    /// Applies and keeps the next entries of an account, which follow its last one.
    pub(super) fn append(&mut self, index: usize, entries: &[Entry]) -> Result<(), MemoryError> {
        if !self.journal.has_room_for(entries.len()) {
            return Err(MemoryError::Full);
        }
        let slot = self.slots.get_mut(index).ok_or(MemoryError::NoSuchAccount)?;
        for entry in entries {
            slot.account.apply(entry);
            let place = self.journal.push(index, slot.account.number(), &mut slot.chain, entry);
            if let Some(key) = entry.key() {
                self.keys.insert((index, key.clone()), place);
            }
            if let Some(name) = entry.external() {
                self.names.insert((index, name.clone()), place);
            }
            for record in entry.records(slot.account.number()).iter().copied() {
                self.records.entry((index, record)).or_default().push(place);
            }
            if let EntryKind::Define(defined) = &entry.kind {
                self.definitions.insert(defined.id.into(), entry.clone());
            }
        }
        Ok(())
    }

    /// Keeps an account that has no entries yet. Answers its place.
    pub(super) fn create(&mut self, account: Account, hash: u64) -> Result<usize, MemoryError> {
        let index = self.slots.len();
        let place = u32::try_from(index).map_err(|_| MemoryError::Full)?;
        self.index.insert(hash, place);
        self.slots.push(Slot { account, chain: Chain::default() });
        Ok(index)
    }

    fn read(&self, place: Offset, number: ProfileNumber) -> Result<FoundEntry<'_>, MemoryError> {
        self.journal.at(place, number).map(Box::new).map(FoundEntry::Read)
    }

    pub(super) fn look_up(&self, index: usize, find: &Find) -> Result<Entries<FoundEntry<'_>>, MemoryError> {
        let Some(slot) = self.slots.get(index) else { return Ok(Entries::new()) };
        let number = slot.account.number();
        let newest = slot.account.sequence();
        let one = |place: Option<&Offset>| match place {
            Some(place) => Ok(smallvec![self.read(*place, number)?]),
            None => Ok(Entries::new()),
        };
        let back_from = |sequence| self.journal.back_from(slot.chain, newest, sequence, number);
        let read = |entry: Result<Entry, _>| entry.map(Box::new).map(FoundEntry::Read);
        let mut found: Entries<_> = match find {
            Find::Key(key) => return one(self.keys.get(&(index, key.clone()))),
            Find::Named(name) => return one(self.names.get(&(index, name.clone()))),
            Find::Latest(subject) => {
                if let Some(entry) = self.definitions.get(subject) {
                    return Ok(smallvec![FoundEntry::Kept(entry)]);
                }
                return one(self.records.get(&(index, *subject)).and_then(|places| places.last()));
            }
            Find::About(subject) => {
                let places = self.records.get(&(index, *subject)).into_iter().flatten();
                return places.map(|place| self.read(*place, number)).collect();
            }
            Find::Range(first, last) => {
                let (first, last) = ((*first).max(1), (*last).min(newest));
                let count = last.saturating_add(1).saturating_sub(first);
                back_from(last).take(count as usize).map(read).collect::<Result<_, _>>()
            }
            Find::Until(instant) => {
                let after = |entry: &Result<Entry, _>| entry.as_ref().is_ok_and(|entry| entry.at > *instant);
                back_from(newest).skip_while(after).map(read).collect()
            }
        }?;
        found.reverse();
        Ok(found)
    }

    /// The entries written after the first `seen` ones; `seen` is advanced past them.
    pub(super) fn written_after(&self, seen: &mut u32, limit: usize) -> Result<Vec<FeedEntry>, MemoryError> {
        let mut written = Vec::new();
        for (place, owner) in self.journal.after(*seen as usize).take(limit) {
            *seen = seen.saturating_add(1);
            let Some(account) = self.account(owner) else { continue };
            let entry = self.journal.at(place, account.number())?;
            written.push(FeedEntry { profile: account.profile().copied(), number: account.number(), entry });
        }
        Ok(written)
    }

    /// Whether anything was written after the first `seen` entries.
    pub(super) fn has_more_after(&self, seen: u32) -> bool {
        self.journal.after(seen as usize).next().is_some()
    }

    /// The profiles that have a thing of this name.
    pub(super) fn named(&self, name: &External) -> Vec<ProfileId> {
        let owners = self.names.keys().filter(|(_, other)| other == name).map(|(owner, _)| *owner);
        owners.filter_map(|owner| self.account(owner)?.profile().copied()).collect()
    }
}
