//! One shard: accounts, their journals, and the few indexes that a store must keep.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::journal::{Chain, Journal, Offset};
use super::places::ProfileIndex;
use super::templates::Templates;
use super::{MemoryError, Target};
use crate::account::Account;
use crate::engine::at_once::carry_out;
use crate::engine::{Action, Rejection};
use crate::id::{DefinitionId, Key, ProfileId, ProfileNumber};
use crate::journal::{Entry, EntryKind, Name, Subject};
use crate::ops::Command;
use crate::program::Program;
use crate::store::{CommitStatus, FeedEntry, Find, Found, Owner, View, Work};

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// From the hash of a profile's id to its place among the slots.
    places: ProfileIndex,
    slots: Vec<Slot>,
    journal: Journal,
    keys: HashMap<(usize, Key), Offset>,
    names: HashMap<(usize, Name), Offset>,
    subjects: HashMap<(usize, Subject), Vec<Offset>>,
    /// The newest entry about each definition, in the catalogue's shard: every issue asks for one.
    definitions: BTreeMap<DefinitionId, Entry>,
    pub(super) templates: Templates,
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
        let Owner::Profile(profile) = &target.owner else { return target.index };
        self.place_of(target.hash, profile)
    }

    /// The place of a profile's account in this shard.
    pub(super) fn place_of(&self, hash: u64, profile: &ProfileId) -> Option<usize> {
        let is_it = |place| self.account_at(place).is_some_and(|account| account.profile() == Some(profile));
        self.places.find(hash, is_it)
    }

    /// The place of an account whose id has this hash: nearly always the one that is looked for.
    pub(super) fn likely_place(&self, hash: u64) -> Option<usize> {
        self.places.find(hash, |_| true)
    }

    /// Runs a unit on one account alone.
    pub(super) fn run(
        &mut self,
        index: usize,
        work: &mut dyn Work,
        unit: usize,
        found: &Found<'_>,
    ) -> Result<CommitStatus, MemoryError> {
        let account = self.account_at(index).ok_or(MemoryError::NoSuchAccount)?;
        let change = work.decide(unit, View::new(account, None, found)).filter(|change| !change.is_empty());
        let Some(change) = change else { return Ok(CommitStatus::Committed) };
        if !change.follows(account.sequence(), None) {
            return Ok(CommitStatus::Conflict);
        }
        self.append_at(index, &change.first)?;
        Ok(CommitStatus::Committed)
    }

    /// Carries out a command on one account at once. `None`: it has to go the general way.
    pub(super) fn carry_out<A: Action>(
        &mut self,
        index: usize,
        program: &Program,
        command: &Command<A>,
        definition: Option<DefinitionId>,
        outcome: &mut Option<A::Outcome>,
    ) -> Option<Result<(), Rejection>> {
        let template = definition.and_then(|id| self.templates.get(id));
        if !self.journal.has_room_for(1) {
            return None;
        }
        let slot = self.slots.get_mut(index)?;
        let (place, pen) = self.journal.pen();
        let answer = carry_out(program, command, &mut slot.account, template, pen, outcome)?;
        if answer.is_ok() {
            self.journal.keep(index, &mut slot.chain, slot.account.sequence(), place);
        }
        Some(answer)
    }

    /// The same on an account that does not exist yet; answers its place as well, if it does now.
    pub(super) fn carry_out_new<A: Action>(
        &mut self,
        mut account: Account,
        hash: u64,
        program: &Program,
        command: &Command<A>,
        definition: Option<DefinitionId>,
        outcome: &mut Option<A::Outcome>,
    ) -> Option<(Result<(), Rejection>, Option<usize>)> {
        let template = definition.and_then(|id| self.templates.get(id));
        let index = self.slots.len();
        let place = u32::try_from(index).ok().filter(|_| self.journal.has_room_for(1))?;
        let (written, pen) = self.journal.pen();
        let result = carry_out(program, command, &mut account, template, pen, outcome)?;
        if result.is_err() {
            return Some((result, None));
        }
        let mut chain = Chain::default();
        self.journal.keep(index, &mut chain, account.sequence(), written);
        self.places.insert(hash, place);
        self.slots.push(Slot { account, chain });
        Some((result, Some(index)))
    }

    pub(super) fn account_at(&self, index: usize) -> Option<&Account> {
        self.slots.get(index).map(|slot| &slot.account)
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
        let index = match seat {
            Seat::Taken(index) => *index,
            // Also where nothing is written to it: the number of another new account may count on it.
            Seat::New { account, hash } => self.create(account, *hash)?,
            Seat::Unknown(_) => return Err(MemoryError::NoSuchAccount),
        };
        self.append_at(index, entries)?;
        Ok(index)
    }

    /// Whether there is room for so many entries more, and for an account or two that they may create.
    pub(super) fn has_room_for(&self, entries: usize) -> bool {
        let accounts = self.slots.len().saturating_add(2);
        self.journal.has_room_for(entries) && u32::try_from(accounts).is_ok()
    }

    #[cfg(test)]
    pub(super) fn fill_journal(&mut self) {
        self.journal.fill();
    }

    fn append_at(&mut self, index: usize, entries: &[Entry]) -> Result<(), MemoryError> {
        if !self.journal.has_room_for(entries.len()) {
            return Err(MemoryError::Full);
        }
        let slot = self.slots.get_mut(index).ok_or(MemoryError::NoSuchAccount)?;
        for entry in entries {
            slot.account.apply(entry);
            let place = self.journal.push(index, slot.account.number(), &mut slot.chain, entry);
            // Of what a plain redemption or issue writes, nothing is ever looked up but by its number.
            if entry.stamp.is_some() || !entry.is_plain() {
                if let Some(key) = entry.key() {
                    self.keys.insert((index, key.clone()), place);
                }
                for name in entry.names() {
                    self.names.insert((index, name), place);
                }
                for subject in entry.subjects() {
                    self.subjects.entry((index, subject)).or_default().push(place);
                }
                if let EntryKind::Define(defined) = &entry.kind {
                    self.definitions.insert(defined.id, entry.clone());
                }
            }
        }
        Ok(())
    }

    fn create(&mut self, account: &Account, hash: u64) -> Result<usize, MemoryError> {
        let index = self.slots.len();
        let place = u32::try_from(index).map_err(|_| MemoryError::Full)?;
        self.places.insert(hash, place);
        self.slots.push(Slot { account: account.clone(), chain: Chain::default() });
        Ok(index)
    }

    pub(super) fn look_up(&self, index: usize, find: &Find) -> Result<Vec<Entry>, MemoryError> {
        let Some(slot) = self.slots.get(index) else { return Ok(Vec::new()) };
        let number = slot.account.number();
        let newest = slot.account.sequence();
        let back_from = |sequence| self.journal.back_from(slot.chain, newest, sequence, number);
        let at = |place: &Offset| self.journal.at(*place, number);
        let mut found: Vec<Entry> = match find {
            Find::Range(first, last) => {
                let (first, last) = ((*first).max(1), (*last).min(newest));
                let count = last.saturating_add(1).saturating_sub(first);
                back_from(last).take(usize::try_from(count).unwrap_or(usize::MAX)).collect::<Result<_, _>>()
            }
            Find::Until(instant) => {
                let after = |entry: &Result<Entry, _>| entry.as_ref().is_ok_and(|entry| entry.at > *instant);
                back_from(newest).skip_while(after).collect()
            }
            Find::Latest(subject) => {
                let places = self.subjects.get(&(index, *subject));
                places.and_then(|places| places.last()).into_iter().map(at).collect()
            }
            Find::About(subject) => {
                return self.subjects.get(&(index, *subject)).into_iter().flatten().map(at).collect();
            }
            Find::Key(key) => self.keys.get(&(index, key.clone())).into_iter().map(at).collect(),
            Find::Named(name) => self.names.get(&(index, name.clone())).into_iter().map(at).collect(),
        }?;
        found.reverse();
        Ok(found)
    }

    /// The newest entry about a definition, in the catalogue's shard.
    pub(super) fn definition(&self, id: DefinitionId) -> Option<&Entry> {
        self.definitions.get(&id)
    }

    /// What was written after the first `seen` entries, a count that is moved along.
    pub(super) fn written_after(&self, seen: &mut u32, limit: usize) -> Result<Vec<FeedEntry>, MemoryError> {
        let mut written = Vec::new();
        for (place, owner) in self.journal.after(*seen as usize).take(limit) {
            *seen = seen.saturating_add(1);
            let Some(account) = self.account_at(owner) else { continue };
            let entry = self.journal.at(place, account.number())?;
            written.push(FeedEntry { profile: account.profile().copied(), number: account.number(), entry });
        }
        Ok(written)
    }

    /// The profiles that have a thing of this name.
    pub(super) fn named(&self, name: &Name) -> Vec<ProfileId> {
        let owners = self.names.keys().filter(|(_, other)| other == name).map(|(owner, _)| *owner);
        owners.filter_map(|owner| self.account_at(owner)?.profile().copied()).collect()
    }
}
