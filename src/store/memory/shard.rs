//! One shard: accounts, their journals, and the few indexes that a store must keep.

use hashbrown::{HashMap, HashTable};

use super::MemoryError;
use super::journal::{Chain, Journal, Position};
use crate::store::{Find, Owner};
use crate::{Account, Entry, External, Key, ProfileId, ProfileNumber, Subject};

#[derive(Debug)]
pub(super) struct Shard {
    /// Numbers in this shard are `first`, `first + step`, `first + 2 × step` …
    first: u32,
    step: u32,
    /// From the hash of a profile's id to its place among the slots; the id itself is in the account there.
    places: HashTable<(u64, u32)>,
    slots: Vec<Slot>,
    journal: Journal,
    keys: HashMap<(u32, Key), Position>,
    externals: HashMap<(u32, External), Position>,
    subjects: HashMap<(u32, Subject), Vec<Position>>,
}

#[derive(Debug)]
struct Slot {
    account: Account,
    chain: Chain,
}

/// Where an account is, or would be: nothing is created until something is committed.
pub(super) enum Seat {
    Taken(usize),
    Free {
        account: Box<Account>,
        hash: u64,
    },
    /// Of a number that was never drawn.
    Unknown(Box<Account>),
}

impl Seat {
    pub(super) fn index(&self) -> Option<usize> {
        match self {
            Self::Taken(index) => Some(*index),
            _ => None,
        }
    }

    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Free { .. })
    }
}

impl Shard {
    pub(super) fn new(shard: u32, shards: u32) -> Self {
        Self {
            first: shard.saturating_add(1),
            step: shards,
            places: HashTable::new(),
            slots: Vec::new(),
            journal: Journal::default(),
            keys: HashMap::new(),
            externals: HashMap::new(),
            subjects: HashMap::new(),
        }
    }

    /// The shard of the catalogue: one account, number zero.
    pub(super) fn catalogue() -> Self {
        let mut shard = Self::new(0, 1);
        let account = Account::without_profile(ProfileNumber::CATALOGUE);
        shard.first = 0;
        shard.slots.push(Slot { account, chain: Chain::default() });
        shard
    }

    /// Finds the account's seat. `promised` is how many numbers were promised to others already.
    pub(super) fn seat(&self, (owner, hash): (Owner, u64), promised: u32) -> Result<Seat, MemoryError> {
        match owner {
            Owner::Profile(profile) => match self.place(&profile, hash) {
                Some(index) => Ok(Seat::Taken(index)),
                None => {
                    let account = Box::new(Account::new(profile, self.next_number(promised)?));
                    Ok(Seat::Free { account, hash })
                }
            },
            Owner::Number(number) => {
                let index =
                    number.get().checked_sub(self.first).and_then(|above| above.checked_div(self.step));
                let index = index.and_then(|index| usize::try_from(index).ok());
                Ok(match index.filter(|index| *index < self.slots.len()) {
                    Some(index) => Seat::Taken(index),
                    None => Seat::Unknown(Box::new(Account::without_profile(number))),
                })
            }
        }
    }

    fn place(&self, profile: &ProfileId, hash: u64) -> Option<usize> {
        let is_it = |(other, index): &(u64, u32)| {
            *other == hash && self.slot(*index).is_some_and(|slot| slot.account.profile() == Some(profile))
        };
        self.places.find(hash, is_it).and_then(|(_, index)| usize::try_from(*index).ok())
    }

    fn slot(&self, index: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    fn next_number(&self, promised: u32) -> Result<ProfileNumber, MemoryError> {
        u32::try_from(self.slots.len())
            .ok()
            .and_then(|index| index.checked_add(promised)?.checked_mul(self.step)?.checked_add(self.first))
            .and_then(|number| ProfileNumber::new(number).ok())
            .ok_or(MemoryError::Full)
    }

    pub(super) fn account<'a>(&'a self, seat: &'a Seat) -> &'a Account {
        match seat {
            // A seat is taken from this shard while it is locked.
            #[allow(clippy::indexing_slicing)]
            Seat::Taken(index) => &self.slots[*index].account,
            Seat::Free { account, .. } | Seat::Unknown(account) => account,
        }
    }

    pub(super) fn version(&self, seat: &Seat) -> u32 {
        self.account(seat).sequence()
    }

    /// Applies and keeps the next entries of an account, which follow its last one.
    pub(super) fn append(&mut self, seat: &Seat, entries: &[Entry]) -> Result<(), MemoryError> {
        if entries.is_empty() && !seat.is_free() {
            return Ok(());
        }
        if !self.journal.has_room_for(entries.len()) {
            return Err(MemoryError::Full);
        }
        let index = match seat {
            Seat::Taken(index) => *index,
            // Also where nothing is written to it: the number of another new account may count on it.
            Seat::Free { account, hash } => self.create(account, *hash),
            Seat::Unknown(_) => return Err(MemoryError::NoSuchAccount),
        };
        let Some(slot) = self.slots.get_mut(index) else { return Err(MemoryError::Full) };
        // Below the number of profiles, which is below 2^31.
        let owner = u32::try_from(index).unwrap_or(u32::MAX);
        for entry in entries {
            slot.account.apply(entry);
            let position = self.journal.push(&mut slot.chain, entry);
            if let Some(stamp) = &entry.stamp {
                if let Some(key) = &stamp.key {
                    self.keys.insert((owner, key.clone()), position);
                }
                if let Some(external) = &stamp.external {
                    self.externals.insert((owner, external.clone()), position);
                }
            }
            for subject in entry.subjects() {
                self.subjects.entry((owner, subject)).or_default().push(position);
            }
        }
        Ok(())
    }

    fn create(&mut self, account: &Account, hash: u64) -> usize {
        let index = self.slots.len();
        let place = (hash, u32::try_from(index).unwrap_or(u32::MAX));
        self.places.insert_unique(hash, place, |(hash, _)| *hash);
        self.slots.push(Slot { account: account.clone(), chain: Chain::default() });
        index
    }

    pub(super) fn find(&self, index: usize, find: &Find) -> Vec<&Entry> {
        let Some(slot) = self.slots.get(index) else { return Vec::new() };
        let owner = u32::try_from(index).unwrap_or(u32::MAX);
        let mut found: Vec<&Entry> = match find {
            Find::Range(first, last) => {
                let from = (*last).min(slot.account.sequence());
                let back = self.journal.back_from(&slot.chain, from);
                back.take_while(|entry| entry.sequence >= *first).collect()
            }
            Find::Until(instant) => {
                let back = self.journal.back_from(&slot.chain, slot.account.sequence());
                back.skip_while(|entry| entry.at > *instant).collect()
            }
            Find::Latest(subject) => self.latest(index, *subject).into_iter().collect(),
            Find::About(subject) => {
                let positions = self.subjects.get(&(owner, *subject)).into_iter().flatten();
                return positions.filter_map(|position| self.journal.at(*position)).collect();
            }
            Find::Key(key) => self.indexed(self.keys.get(&(owner, key.clone()))),
            Find::External(external) => self.indexed(self.externals.get(&(owner, external.clone()))),
        };
        found.reverse();
        found
    }

    fn indexed(&self, position: Option<&Position>) -> Vec<&Entry> {
        position.and_then(|position| self.journal.at(*position)).into_iter().collect()
    }

    /// The entry of an account with this sequence number.
    pub(super) fn entry(&self, index: usize, sequence: u32) -> Option<&Entry> {
        let slot = self.slots.get(index)?;
        self.journal.back_from(&slot.chain, sequence).next().filter(|entry| entry.sequence == sequence)
    }

    /// The newest entry about a subject.
    pub(super) fn latest(&self, index: usize, subject: Subject) -> Option<&Entry> {
        let positions = self.subjects.get(&(u32::try_from(index).ok()?, subject))?;
        self.journal.at(*positions.last()?)
    }
}
