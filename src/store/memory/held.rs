//! The locks held for some units: shards in the order of their numbers, then the catalogue, then the numbers. Every
//! thread locks in this order, so no two can deadlock.

use std::sync::{MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use smallvec::SmallVec;

use super::shard::{FoundEntry, Shard};
use super::{Address, MemoryError, SHARDS, Shared, locked, low, owners};
use crate::account::{Account, Corrupt};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Entry;
use crate::store::Find;
use crate::store::stage::{Accounts, Entries};
use crate::store::work::{Need, Owner};

/// Locked shards, and what units stage in them.
pub(super) struct Held<'a> {
    shared: &'a Shared,
    /// The shards that are locked, with their numbers; by their numbers, where all are.
    shards: SmallVec<[(usize, MutexGuard<'a, Shard>); 2]>,
    catalogue: Catalogue<'a>,
    numbers: Option<MutexGuard<'a, Vec<Address>>>,
    /// The account that the unit names first.
    named_first: Option<(ProfileNumber, Address)>,
    /// The profile that shards were locked for, with the hash of its id and its shard.
    locked_for: Option<(ProfileId, u64, usize)>,
    /// Accounts that do not exist yet, or never will.
    strangers: Vec<Stranger>,
}

enum Catalogue<'a> {
    Unlocked,
    Read(RwLockReadGuard<'a, Shard>),
    Written(RwLockWriteGuard<'a, Shard>),
}

struct Stranger {
    account: Account,
    /// Its place, or the place that it will have if it is a newcomer; a number that was never drawn has none.
    newcomer: Option<(u64, usize)>,
}

/// Where an account is.
#[derive(Clone, Copy)]
pub(super) enum Location {
    Catalogue,
    Account(Address),
    Stranger(usize),
}

impl<'a> Held<'a> {
    /// Locks the accounts and the catalogue that a need names.
    #[inline]
    pub(super) fn of_need(shared: &'a Shared, need: &Need) -> Self {
        if need.second.is_none() && need.closed.is_empty() {
            let Owner::Profile(profile) = need.owner else {
                return Self::of(shared, shared.shard_of(need.owner).into_iter());
            };
            let (hash, shard) = shared.place(&profile);
            let mut held = Self::of(shared, std::iter::once(shard));
            held.locked_for = Some((profile, hash, shard));
            return held;
        }
        let mut numbers: SmallVec<[usize; 4]> =
            owners(need).filter_map(|owner| shared.shard_of(owner)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Self::of(shared, numbers.into_iter())
    }

    /// Locks every shard.
    pub(super) fn of_all(shared: &'a Shared) -> Self {
        Self::of(shared, 0..SHARDS as usize)
    }

    #[inline]
    fn of(shared: &'a Shared, shards: impl Iterator<Item = usize>) -> Self {
        let lock = |number: usize| Some((number, locked(shared.shards.get(number)?)));
        Self {
            shared,
            shards: shards.filter_map(lock).collect(),
            catalogue: Catalogue::Unlocked,
            numbers: None,
            named_first: None,
            locked_for: None,
            strangers: Vec::new(),
        }
    }

    /// A shard, if it is locked.
    #[inline]
    pub(super) fn shard(&self, number: usize) -> Option<&Shard> {
        self.place(number).and_then(|place| self.shards.get(place)).map(|(_, shard)| &**shard)
    }

    #[inline]
    fn shard_mut(&mut self, number: usize) -> Option<&mut Shard> {
        self.place(number).and_then(|place| self.shards.get_mut(place)).map(|(_, shard)| &mut **shard)
    }

    #[inline]
    fn place(&self, number: usize) -> Option<usize> {
        let is_it = |place: usize| self.shards.get(place).is_some_and(|(other, _)| *other == number);
        if is_it(number) { Some(number) } else { (0..self.shards.len().min(8)).find(|place| is_it(*place)) }
    }

    /// Locks the catalogue, if the need is about it, unless an earlier unit's lock does.
    #[inline]
    fn lock_catalogue(&mut self, need: &Need) {
        let is_written = matches!(self.catalogue, Catalogue::Written(_));
        if need.owner == Owner::CATALOGUE && !is_written {
            // Reading under a lock that this thread already holds would deadlock.
            self.catalogue = Catalogue::Unlocked;
            let lock = self.shared.catalogue.write();
            self.catalogue = Catalogue::Written(lock.unwrap_or_else(PoisonError::into_inner));
        } else if need.definition.is_some() && matches!(self.catalogue, Catalogue::Unlocked) {
            let lock = self.shared.catalogue.read();
            self.catalogue = Catalogue::Read(lock.unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn catalogue(&self) -> Option<&Shard> {
        match &self.catalogue {
            Catalogue::Unlocked => None,
            Catalogue::Read(shard) => Some(shard),
            Catalogue::Written(shard) => Some(shard),
        }
    }

    /// Where the account with a number is.
    fn address(&self, number: ProfileNumber) -> Option<Address> {
        match &self.numbers {
            Some(numbers) => {
                let place = number.get().checked_sub(1).and_then(|place| usize::try_from(place).ok());
                place.and_then(|place| numbers.get(place).copied())
            }
            None => self.shared.address(number),
        }
    }

    /// A profile that has no account yet.
    fn newcomer(&mut self, owner: Owner) -> Result<Location, MemoryError> {
        let account = match owner {
            Owner::Number(number) => (Account::without_profile(number), None),
            Owner::Profile(profile) => {
                let known = self.strangers.iter().position(|other| other.account.profile() == Some(&profile));
                if let Some(known) = known {
                    return Ok(Location::Stranger(known));
                }
                // A thread that may create an account holds the numbers until it has: no other gets the same one.
                let numbers = self.numbers.get_or_insert_with(|| locked(&self.shared.numbers));
                let promised = self.strangers.iter().filter(|other| other.newcomer.is_some()).count();
                let next = numbers.len().saturating_add(promised).saturating_add(1);
                let number = u32::try_from(next).ok().and_then(|next| ProfileNumber::new(next).ok());
                let account = Account::new(profile, number.ok_or(MemoryError::Full)?);
                (account, Some(self.shared.place(&profile)))
            }
        };
        let (account, newcomer) = account;
        self.strangers.push(Stranger { account, newcomer });
        Ok(Location::Stranger(self.strangers.len().saturating_sub(1)))
    }

    /// Whether the shard of a location has room for this number of entries.
    fn has_room(&self, location: Location, entries: usize) -> bool {
        let shard = match location {
            Location::Catalogue => self.catalogue(),
            Location::Account(address) => self.shard(address.shard as usize),
            Location::Stranger(place) => {
                let newcomer = self.strangers.get(place).and_then(|stranger| stranger.newcomer);
                newcomer.and_then(|(_, shard)| self.shard(shard))
            }
        };
        shard.is_some_and(|shard| shard.has_room_for(entries))
    }

    fn append_to(&mut self, location: Location, entries: &[Entry]) -> Result<(), MemoryError> {
        match location {
            Location::Account(address) => {
                let shard = self.shard_mut(address.shard as usize).ok_or(MemoryError::NoSuchAccount)?;
                shard.append(address.index(), entries)
            }
            Location::Catalogue => match &mut self.catalogue {
                Catalogue::Written(shard) => shard.append(0, entries),
                _ => Err(MemoryError::NoSuchAccount),
            },
            Location::Stranger(place) => {
                let stranger = self.strangers.get(place).ok_or(MemoryError::NoSuchAccount)?;
                let (account, newcomer) = (stranger.account.clone(), stranger.newcomer);
                let (hash, number) = newcomer.ok_or(MemoryError::NoSuchAccount)?;
                let shard = self.shard_mut(number).ok_or(MemoryError::NoSuchAccount)?;
                let index = shard.create(account, hash)?;
                shard.append(index, entries)?;
                let shard = u32::try_from(number).map_err(|_| MemoryError::Full)?;
                let numbers = self.numbers.as_mut().ok_or(MemoryError::NoSuchAccount)?;
                numbers.push(Address::new(shard, index));
                Ok(())
            }
        }
    }
}

impl<'a> Accounts for Held<'a> {
    type Error = MemoryError;
    type Found<'s>
        = FoundEntry<'s>
    where
        Self: 's;
    type Location = Location;

    #[inline]
    fn begin(&mut self, need: &Need) -> Result<(), MemoryError> {
        // A newcomer to whom an earlier unit wrote nothing is promised no number.
        self.strangers.clear();
        self.named_first = None;
        self.lock_catalogue(need);
        Ok(())
    }

    #[inline]
    fn locate(&mut self, owner: &Owner) -> Result<Location, MemoryError> {
        let address = match *owner {
            Owner::CATALOGUE => return Ok(Location::Catalogue),
            Owner::Profile(profile) => {
                let (hash, number) = match &self.locked_for {
                    Some((other, hash, shard)) if *other == profile => (*hash, *shard),
                    _ => self.shared.place(&profile),
                };
                let index = self.shard(number).and_then(|shard| shard.find(hash, &profile));
                index.map(|index| Address::new(low(number), index))
            }
            Owner::Number(number) => self.address(number),
        };
        let Some(address) = address else { return self.newcomer(*owner) };
        if let Some(account) = self.shard(address.shard as usize).and_then(|it| it.account(address.index())) {
            self.named_first = self.named_first.or(Some((account.number(), address)));
        }
        Ok(Location::Account(address))
    }

    #[inline]
    fn account<'s>(&'s self, location: &'s Location) -> Result<&'s Account, MemoryError> {
        let account = match location {
            Location::Account(address) => {
                self.shard(address.shard as usize).and_then(|shard| shard.account(address.index()))
            }
            Location::Catalogue => self.catalogue().and_then(|shard| shard.account(0)),
            Location::Stranger(place) => self.strangers.get(*place).map(|stranger| &stranger.account),
        };
        account.ok_or(MemoryError::NoSuchAccount)
    }

    #[inline]
    fn find(&self, journal: ProfileNumber, find: &Find) -> Result<Entries<FoundEntry<'_>>, MemoryError> {
        if journal == ProfileNumber::CATALOGUE {
            return self.catalogue().map_or(Ok(Entries::new()), |shard| shard.look_up(0, find));
        }
        let named_first =
            self.named_first.filter(|(number, _)| *number == journal).map(|(_, address)| address);
        let Some(address) = named_first.or_else(|| self.address(journal)) else { return Ok(Entries::new()) };
        self.shard(address.shard as usize)
            .map_or(Ok(Entries::new()), |shard| shard.look_up(address.index(), find))
    }

    fn corrupt(_: ProfileNumber, corrupt: Corrupt) -> MemoryError {
        corrupt.into()
    }

    #[inline]
    fn append(
        &mut self,
        (first, entries): (Location, &[Entry]),
        second: Option<(Location, &[Entry])>,
    ) -> Result<(), MemoryError> {
        let Some((second, others)) = second else {
            self.append_to(first, entries)?;
            self.strangers.clear();
            return Ok(());
        };
        // Both changes or neither, even if both accounts are in one shard.
        let all = entries.len().saturating_add(others.len());
        if !self.has_room(first, all) || !self.has_room(second, all) {
            return Err(MemoryError::Full);
        }
        self.append_to(first, entries)?;
        self.append_to(second, others)?;
        self.strangers.clear();
        Ok(())
    }
}
