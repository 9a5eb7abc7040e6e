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
pub(super) struct Seat {
    pub(super) account: Account,
    /// The place of the newest row of its journal; zero if there is none.
    pub(super) last: i64,
    /// The sequence number that its head row has.
    pub(super) head: u32,
    /// The sequence number that its state row has.
    pub(super) saved: u32,
    /// Whether it has no head row yet.
    pub(super) is_new: bool,
    /// Whether its head row is to be written.
    pub(super) is_dirty: bool,
}

impl Seat {
    pub(super) fn new(account: Account) -> Self {
        Self { account, last: 0, head: 0, saved: 0, is_new: true, is_dirty: false }
    }

    pub(super) fn is_due_for_saving(&self) -> bool {
        let lots = [LotKind::Reward, LotKind::Point].into_iter().map(|kind| self.account.lots(kind).len());
        let lots = u32::try_from(lots.sum::<usize>()).unwrap_or(u32::MAX);
        let lag = self.account.sequence().saturating_sub(self.saved);
        self.is_new || lag >= SAVE_EVERY.saturating_add(lots >> 3)
    }

    /// Whether to note its place, now that it has come so far from a sequence number.
    pub(super) fn is_due_for_a_mark(&self, before: u32) -> bool {
        is_due_for_a_mark(before, self.account.sequence())
    }
}

/// An instant before which nothing happens to an account by itself, and no lot of it expires; `None` if nothing ever
/// does.
pub(super) fn soonest(account: &Account) -> Option<Timestamp> {
    account.next_deadline().into_iter().chain(first_end(account)).min()
}

/// Whether to note an entry's place, now that a journal has come from one sequence number to another.
pub(super) fn is_due_for_a_mark(before: u32, after: u32) -> bool {
    after.checked_div(MARK_EVERY) != before.checked_div(MARK_EVERY)
}

/// The accounts that were used lately, by number.
///
/// The cache has two generations. When the younger is full it becomes the older, and what was in the older and not used
/// since is evicted.
#[derive(Debug, Default)]
pub(super) struct Seats {
    young: Half,
    old: Half,
    /// The newest entry about each definition that was asked for.
    definitions: BTreeMap<DefinitionId, Entry>,
}

#[derive(Debug, Default)]
struct Half {
    seats: HashMap<ProfileNumber, Box<Seat>>,
    numbers: HashMap<ProfileId, ProfileNumber>,
}

impl Half {
    fn insert(&mut self, seat: Box<Seat>) {
        let number = seat.account.number();
        if let Some(profile) = seat.account.profile() {
            self.numbers.insert(*profile, number);
        }
        self.seats.insert(number, seat);
    }
}

impl Seats {
    pub(super) fn number(&self, profile: &ProfileId) -> Option<ProfileNumber> {
        self.young.numbers.get(profile).or_else(|| self.old.numbers.get(profile)).copied()
    }

    /// Whether an account is here; one that is will stay until [`Seats::shrink`] was called twice.
    pub(super) fn find(&mut self, number: ProfileNumber) -> bool {
        if self.young.seats.contains_key(&number) {
            return true;
        }
        let Some(seat) = self.old.seats.remove(&number) else { return false };
        self.young.insert(seat);
        true
    }

    pub(super) fn get(&self, number: ProfileNumber) -> Option<&Seat> {
        self.young.seats.get(&number).map(|seat| &**seat)
    }

    pub(super) fn get_mut(&mut self, number: ProfileNumber) -> Option<&mut Seat> {
        self.young.seats.get_mut(&number).map(|seat| &mut **seat)
    }

    pub(super) fn insert(&mut self, seat: Box<Seat>) {
        self.young.insert(seat);
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

    /// Evicts accounts that were not used lately, if there are more than the limit.
    pub(super) fn shrink(&mut self, most: usize) {
        if self.young.seats.len() > most >> 1 {
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
