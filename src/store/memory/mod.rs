//! The store in memory: what tests, tills and benches run on, and as strict about versions as a database.
//!
//! Profiles are spread over shards, each behind a lock of its own, so that threads on different profiles do not
//! wait for one another. A handle is cheap to clone; all clones share what is stored. Accounts are lent without
//! being copied.

mod journal;
mod shard;

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hashbrown::DefaultHashBuilder;
use thiserror::Error;

use self::shard::{Seat, Shard};
use super::Store;
use super::gather::Gather;
use super::work::{DefinitionRef, Fate, Found, Need, Owner, Record, View, Work};
use crate::{Corrupt, ProfileNumber};

/// How many shards there are. A power of two, and many more than there are cores.
const SHARDS: u32 = 64;

/// A store that keeps everything in memory, for as long as one of its handles lives.
///
/// ```
/// use scrip::{Ledger, MemoryStore, Program};
///
/// let store = MemoryStore::new();
/// let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, store.clone());
/// # Ok::<(), scrip::ProgramError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// What can go wrong in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Two billion profiles, or four billion entries in one shard.
    #[error("the memory store has no numbers left")]
    Full,
    /// A change to the account of a number that was never drawn.
    #[error("a change to an account that does not exist")]
    NoSuchAccount,
    /// An account of the past does not follow from its journal.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

#[derive(Debug)]
struct Shared {
    shards: Vec<Mutex<Shard>>,
    catalogue: RwLock<Shard>,
    hasher: DefaultHashBuilder,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        let shards = (0..SHARDS).map(|number| Mutex::new(Shard::new(number, SHARDS))).collect();
        let catalogue = RwLock::new(Shard::catalogue());
        Self { shared: Arc::new(Shared { shards, catalogue, hasher: DefaultHashBuilder::default() }) }
    }
}

impl Store for MemoryStore {
    type Error = MemoryError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), MemoryError> {
        self.shared.run(work)
    }
}

impl Shared {
    fn run(&self, work: &mut dyn Work) -> Result<(), MemoryError> {
        // One unit after the other, each whole: so a later one sees an earlier one's change.
        for unit in 0..work.needs().len() {
            let Some(need) = work.needs().get(unit) else { continue };
            let (owner, second, reads) = (need.owner, need.second, need.definition.is_some());
            let fate = if owner == Owner::CATALOGUE {
                let mut catalogue = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
                let hash = self.hash(owner);
                Unit { unit, owner: (owner, hash), second: None }.run(work, &mut catalogue, None, None)?
            } else {
                self.run_on_profiles(work, Unit::new(self, unit, owner, second), reads)?
            };
            work.settle(unit, fate);
        }
        Ok(())
    }

    fn run_on_profiles(&self, work: &mut dyn Work, unit: Unit, reads: bool) -> Result<Fate, MemoryError> {
        let first = self.home(unit.owner);
        let second = unit.second.map(|second| self.home(second)).filter(|second| *second != first);
        // Always in the order of the shards, so that two changes over two accounts cannot wait for each other.
        let (mut first, mut second) = match second {
            Some(second) if second < first => {
                let second = self.lock(second);
                (self.lock(first), Some(second))
            }
            Some(second) => (self.lock(first), Some(self.lock(second))),
            None => (self.lock(first), None),
        };
        // The catalogue comes last, and whoever writes it holds no other lock.
        let catalogue = reads.then(|| self.catalogue.read().unwrap_or_else(PoisonError::into_inner));
        unit.run(work, &mut first, second.as_deref_mut(), catalogue.as_deref())
    }

    fn hash(&self, owner: Owner) -> u64 {
        match owner {
            Owner::Profile(profile) => self.hasher.hash_one(profile),
            Owner::Number(_) => 0,
        }
    }

    fn home(&self, (owner, hash): (Owner, u64)) -> usize {
        let shard = match owner {
            // The map inside a shard uses the low bits and the top seven.
            Owner::Profile(_) => (hash >> 40) & u64::from(SHARDS - 1),
            Owner::Number(number) => u64::from(number.get().wrapping_sub(1) & (SHARDS - 1)),
        };
        usize::try_from(shard).unwrap_or(0)
    }

    // A shard is only written after everything that could fail, so a panic elsewhere leaves it whole.
    #[allow(clippy::indexing_slicing)] // `home` is below the number of shards.
    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One unit of a work: its index, and whose accounts it is over, with their hashes.
struct Unit {
    unit: usize,
    owner: (Owner, u64),
    second: Option<(Owner, u64)>,
}

impl Unit {
    fn new(shared: &Shared, unit: usize, owner: Owner, second: Option<Owner>) -> Self {
        let hashed = |owner| (owner, shared.hash(owner));
        Self { unit, owner: hashed(owner), second: second.map(hashed) }
    }

    /// Runs the unit on the shards that were locked for it. Where both accounts are in one shard, `second` is `None`.
    fn run(
        &self,
        work: &mut dyn Work,
        first: &mut Shard,
        second: Option<&mut Shard>,
        catalogue: Option<&Shard>,
    ) -> Result<Fate, MemoryError> {
        let seat = first.seat(self.owner, 0)?;
        let other: &Shard = second.as_deref().unwrap_or(first);
        // Two new profiles in one shard must not be promised the same number.
        let promised = u32::from(second.is_none() && seat.is_free());
        let second_seat = self.second.map(|owner| other.seat(owner, promised)).transpose()?;
        let change = {
            let account = first.account(&seat);
            let second = second_seat.as_ref().map(|seat| other.account(seat));
            let Some(need) = work.needs().get(self.unit) else { return Ok(Fate::Committed) };
            let lookups = Lookups { shard: first, seat: &seat, catalogue };
            if let Some(found) = lookups.quick(need) {
                work.decide(self.unit, View::new(account, second, &found))
            } else {
                let gather = lookups.gather(need, account.number());
                let past = gather.past(need, account)?;
                let found = gather.found();
                work.decide(self.unit, View::new(past.as_ref().unwrap_or(account), second, &found))
            }
        };
        let Some(change) = change.filter(|change| !change.is_empty()) else { return Ok(Fate::Committed) };
        let versions = (first.version(&seat), second_seat.as_ref().map(|seat| other.version(seat)));
        if !change.follows(versions.0, versions.1) {
            return Ok(Fate::Conflict);
        }
        first.append(&seat, &change.first)?;
        if let Some(second_seat) = &second_seat {
            second.unwrap_or(first).append(second_seat, &change.second)?;
        }
        Ok(Fate::Committed)
    }
}

/// What a unit looks up, and where.
struct Lookups<'a> {
    shard: &'a Shard,
    seat: &'a Seat,
    catalogue: Option<&'a Shard>,
}

impl<'a> Lookups<'a> {
    /// What is found where the accounts are all that is needed, or the accounts and a definition by its id. Nearly
    /// every redemption and every issue is one of these, so they are spared the general way.
    fn quick(&self, need: &Need) -> Option<Found<'a>> {
        if need.is_plain() {
            return Some(Found::default());
        }
        let Some(DefinitionRef::Id(id)) = need.definition else { return None };
        if !need.is_plain_but_for_definition() {
            return None;
        }
        let catalogue = self.catalogue?;
        let made = catalogue.entry(0, id.sequence());
        let definition = made.map(|made| Record { made, latest: catalogue.latest(0, id.get()) });
        Some(Found { definition, ..Found::default() })
    }

    fn gather(&self, need: &Need, number: ProfileNumber) -> Gather<&'a crate::Entry> {
        let mut gather = Gather::new(need, number);
        while let Some(lookup) = gather.next() {
            let in_catalogue = lookup.journal == ProfileNumber::CATALOGUE;
            gather.give(match (self.catalogue, self.seat.index()) {
                (Some(catalogue), _) if in_catalogue => catalogue.find(0, &lookup.find),
                (_, Some(index)) => self.shard.find(index, &lookup.find),
                _ => Vec::new(),
            });
        }
        gather
    }
}
