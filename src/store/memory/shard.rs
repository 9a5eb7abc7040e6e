//! One shard: accounts, their journals, and the few indexes that a store must keep.

use hashbrown::{HashMap, HashTable};

use super::journal::{Chain, Journal, Position};
use super::{MemoryError, Target};
use crate::store::{Find, Owner, Written};
use crate::{Account, Entry, Key, Name, ProfileId, ProfileNumber, Subject};

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// From the hash of a profile's id to its place among the slots; the id itself is in the account there.
    places: HashTable<(u64, u32)>,
    slots: Vec<Slot>,
    journal: Journal,
    keys: HashMap<(usize, Key), Position>,
    names: HashMap<(usize, Name), Position>,
    subjects: HashMap<(usize, Subject), Vec<Position>>,
}

#[derive(Debug)]
struct Slot {
    account: Account,
    chain: Chain,
}

/// Where an account is, or would be: nothing is created until something is committed.
pub(super) enum Seat {
    Taken(usize),
    New {
        account: Box<Account>,
        hash: u64,
    },
    /// Of a number that was never drawn.
    Unknown(Box<Account>),
}

impl Seat {
    /// The seat at a place, or a new one with the number after `drawn`.
    pub(super) fn take(place: Option<usize>, target: Target, drawn: &mut usize) -> Result<Self, MemoryError> {
        match (place, target.owner) {
            (Some(index), _) => Ok(Self::Taken(index)),
            (None, Owner::Number(number)) => Ok(Self::Unknown(Box::new(Account::without_profile(number)))),
            (None, Owner::Profile(profile)) => {
                *drawn = drawn.saturating_add(1);
                let number = u32::try_from(*drawn).map_err(|_| MemoryError::Full)?;
                let number = ProfileNumber::new(number).map_err(|_| MemoryError::Full)?;
                Ok(Self::New { account: Box::new(Account::new(profile, number)), hash: target.hash })
            }
        }
    }

    pub(super) fn index(&self) -> Option<usize> {
        match self {
            Self::Taken(index) => Some(*index),
            _ => None,
        }
    }

    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::New { .. })
    }
}

impl Shard {
    /// The shard of the catalogue: one account, number zero.
    pub(super) fn catalogue() -> Self {
        let account = Account::without_profile(ProfileNumber::CATALOGUE);
        Self { slots: vec![Slot { account, chain: Chain::default() }], ..Self::default() }
    }

    /// The place of an account in this shard.
    pub(super) fn find(&self, target: Target) -> Option<usize> {
        let Owner::Profile(profile) = target.owner else { return target.index };
        let is_it = |(hash, place): &(u64, u32)| {
            let account = self.slots.get(*place as usize).map(|slot| &slot.account);
            *hash == target.hash && account.is_some_and(|account| account.profile() == Some(&profile))
        };
        self.places.find(target.hash, is_it).map(|(_, place)| *place as usize)
    }

    pub(super) fn account_at(&self, index: usize) -> Option<&Account> {
        self.slots.get(index).map(|slot| &slot.account)
    }

    /// What was written from a position on, which is moved along.
    pub(super) fn written_after(&self, position: &mut Position, limit: usize) -> Vec<Written> {
        let written = self.journal.from(*position).take(limit).filter_map(|(owner, entry)| {
            let account = self.account_at(owner)?;
            Some(Written {
                profile: account.profile().copied(),
                number: account.number(),
                entry: entry.clone(),
            })
        });
        let written: Vec<Written> = written.collect();
        *position = position.saturating_add(u32::try_from(written.len()).unwrap_or(u32::MAX));
        written
    }

    /// The profiles that have a thing of this name.
    pub(super) fn named(&self, name: &Name) -> Vec<ProfileId> {
        let owners = self.names.keys().filter(|(_, other)| other == name).map(|(owner, _)| *owner);
        owners.filter_map(|owner| self.account_at(owner)?.profile().copied()).collect()
    }

    pub(super) fn account<'a>(&'a self, seat: &'a Seat) -> &'a Account {
        match seat {
            // A seat is taken from this shard while it is locked.
            #[allow(clippy::indexing_slicing)]
            Seat::Taken(index) => &self.slots[*index].account,
            Seat::New { account, .. } | Seat::Unknown(account) => account,
        }
    }

    pub(super) fn version(&self, seat: &Seat) -> u32 {
        self.account(seat).sequence()
    }

    /// Applies and keeps the next entries of an account, which follow its last one. Answers its place.
    pub(super) fn append(&mut self, seat: &Seat, entries: &[Entry]) -> Result<usize, MemoryError> {
        if !self.journal.has_room_for(entries.len()) {
            return Err(MemoryError::Full);
        }
        let index = match seat {
            Seat::Taken(index) => *index,
            // Also where nothing is written to it: the number of another new account may count on it.
            Seat::New { account, hash } => self.create(account, *hash)?,
            Seat::Unknown(_) => return Err(MemoryError::NoSuchAccount),
        };
        let Some(slot) = self.slots.get_mut(index) else { return Err(MemoryError::Full) };
        for entry in entries {
            slot.account.apply(entry);
            let position = self.journal.push(index, &mut slot.chain, entry);
            if let Some(key) = entry.key() {
                self.keys.insert((index, key.clone()), position);
            }
            for name in entry.names() {
                self.names.insert((index, name), position);
            }
            for subject in entry.subjects() {
                self.subjects.entry((index, subject)).or_default().push(position);
            }
        }
        Ok(index)
    }

    fn create(&mut self, account: &Account, hash: u64) -> Result<usize, MemoryError> {
        let index = self.slots.len();
        let place = u32::try_from(index).map_err(|_| MemoryError::Full)?;
        self.places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
        self.slots.push(Slot { account: account.clone(), chain: Chain::default() });
        Ok(index)
    }

    pub(super) fn look_up(&self, index: usize, find: &Find) -> Vec<&Entry> {
        let Some(slot) = self.slots.get(index) else { return Vec::new() };
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
                let positions = self.subjects.get(&(index, *subject)).into_iter().flatten();
                return positions.filter_map(|position| self.journal.at(*position)).collect();
            }
            Find::Key(key) => self.indexed(self.keys.get(&(index, key.clone()))),
            Find::Named(name) => self.indexed(self.names.get(&(index, name.clone()))),
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
        let positions = self.subjects.get(&(index, subject))?;
        self.journal.at(*positions.last()?)
    }
}
