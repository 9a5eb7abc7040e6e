//! Cached accounts, and the cache of those that stay in memory.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::account::Account;
use crate::id::{DefinitionId, ProfileId, ProfileNumber};
use crate::journal::{Entry, LotKind};
use crate::store::row::first_end;
use crate::time::Timestamp;

/// A snapshot is written after this many entries, and later for accounts with many lots.
const SAVE_EVERY: u32 = 8;
/// The interval, in entries, at which the row of an entry is indexed.
const MARK_EVERY: u32 = 16;

/// An account with the position of its rows.
#[derive(Debug)]
pub(super) struct CachedAccount {
    pub(super) account: Account,
    /// The row id of its newest entry; zero if there is none.
    pub(super) last: i64,
    /// The sequence number in its head row.
    pub(super) head: u32,
    /// The sequence number of its snapshot.
    pub(super) saved: u32,
    /// Whether it has no head row yet.
    pub(super) is_new: bool,
    /// Whether its head row is to be written.
    pub(super) is_dirty: bool,
}

impl CachedAccount {
    pub(super) fn new(account: Account) -> Self {
        Self { account, last: 0, head: 0, saved: 0, is_new: true, is_dirty: false }
    }

    pub(super) fn is_due_for_saving(&self) -> bool {
        let lots = LotKind::ALL.into_iter().map(|kind| self.account.lots(kind).len());
        let lots = u32::try_from(lots.sum::<usize>()).unwrap_or(u32::MAX);
        let lag = self.account.sequence().saturating_sub(self.saved);
        self.is_new || lag >= SAVE_EVERY.saturating_add(lots >> 3)
    }

    /// Whether to index the row of its newest entry, after entries from a sequence number on.
    pub(super) fn is_due_for_a_mark(&self, before: u32) -> bool {
        is_due_for_a_mark(before, self.account.sequence())
    }
}

/// An instant before which nothing falls due for an account and no lot of it expires; `None` if that is never.
pub(super) fn soonest(account: &Account) -> Option<Timestamp> {
    account.next_deadline().into_iter().chain(first_end(account)).min()
}

/// Whether to index the row of an entry, when a journal grows from one sequence number to another.
pub(super) fn is_due_for_a_mark(before: u32, after: u32) -> bool {
    after.checked_div(MARK_EVERY) != before.checked_div(MARK_EVERY)
}

/// The recently used accounts, by number.
///
/// The cache has two generations. When the younger is full it becomes the older, and accounts of the older not used
/// since are evicted.
#[derive(Debug, Default)]
pub(super) struct AccountCache {
    young: Half,
    old: Half,
    /// The newest entry about each definition that was looked up.
    definitions: BTreeMap<DefinitionId, Entry>,
}

#[derive(Debug, Default)]
struct Half {
    cache: HashMap<ProfileNumber, Box<CachedAccount>>,
    numbers: HashMap<ProfileId, ProfileNumber>,
}

impl Half {
    fn insert(&mut self, cached: Box<CachedAccount>) {
        let number = cached.account.number();
        if let Some(profile) = cached.account.profile() {
            self.numbers.insert(*profile, number);
        }
        self.cache.insert(number, cached);
    }
}

impl AccountCache {
    pub(super) fn number(&self, profile: &ProfileId) -> Option<ProfileNumber> {
        self.young.numbers.get(profile).or_else(|| self.old.numbers.get(profile)).copied()
    }

    /// Whether an account is here; one that is will stay until [`AccountCache::shrink`] was called twice.
    pub(super) fn find(&mut self, number: ProfileNumber) -> bool {
        if self.young.cache.contains_key(&number) {
            return true;
        }
        let Some(cached) = self.old.cache.remove(&number) else { return false };
        self.young.insert(cached);
        true
    }

    pub(super) fn get(&self, number: ProfileNumber) -> Option<&CachedAccount> {
        self.young.cache.get(&number).map(|cached| &**cached)
    }

    pub(super) fn get_mut(&mut self, number: ProfileNumber) -> Option<&mut CachedAccount> {
        self.young.cache.get_mut(&number).map(|cached| &mut **cached)
    }

    pub(super) fn insert(&mut self, cached: Box<CachedAccount>) {
        self.young.insert(cached);
    }

    pub(super) fn definition(&self, id: DefinitionId) -> Option<&Entry> {
        self.definitions.get(&id)
    }

    pub(super) fn keep_definition(&mut self, id: DefinitionId, entry: Entry) {
        self.definitions.insert(id, entry);
    }

    pub(super) fn forget_definition(&mut self, id: DefinitionId) {
        self.definitions.remove(&id);
    }

    /// Evicts accounts that were not used recently, if there are more than the limit.
    pub(super) fn shrink(&mut self, most: usize) {
        if self.young.cache.len() > most >> 1 {
            self.old = std::mem::take(&mut self.young);
        }
        if most == 0 {
            self.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
