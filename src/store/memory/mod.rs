//! The store in memory, for tests, tills and benchmarks; as strict about versions as a database.
//!
//! Profiles are spread over shards, each behind a lock of its own, so that threads on different profiles do not
//! wait for one another. A handle is cheap to clone; all clones share what is stored. Accounts are lent without
//! being copied.

mod held;
mod index;
mod journal;
mod prefetch;
mod scan;
mod shard;

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hashbrown::DefaultHashBuilder;
use thiserror::Error;

use self::held::Held;
use self::prefetch::PREFETCH;
use self::shard::Shard;
use super::stage::{Staged, stage};
use super::work::{CommitStatus, Need, Owner, Work};
use super::{Store, StoreError};
use crate::account::Corrupt;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Unreadable;

/// The number of shards: a power of two, and many more than there are cores.
const SHARDS: u32 = 64;

/// A store that keeps everything in memory, for as long as one of its handles lives.
///
/// ```
/// use scrip::{Ledger, MemoryStore, Program};
///
/// let store = MemoryStore::new();
/// let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, store.clone());
/// # Ok::<(), scrip::program::ProgramError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// The errors of the memory store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Two billion profiles, or four billion entries or four gigabytes of them in one shard.
    #[error("the memory store has no numbers left")]
    Full,
    /// A change to the account of a number that was never drawn.
    #[error("the account to be changed does not exist")]
    NoSuchAccount,
    /// A position in the feed that this store did not give out.
    #[error("not a position in this store's feed")]
    NoSuchPosition,
    /// An entry that cannot be read back.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// An account of the past does not follow from its journal.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

impl StoreError for MemoryError {
    fn is_corruption(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::Corrupt(_))
    }
}

#[derive(Debug)]
struct Shared {
    shards: Vec<Mutex<Shard>>,
    catalogue: RwLock<Shard>,
    /// Where the account of each number is: number 1 first. Numbers are drawn in the order in which profiles appear,
    /// so the same requests get the same ids on every run.
    numbers: Mutex<Vec<Address>>,
    hasher: DefaultHashBuilder,
}

/// The location of an account: its shard, and its place in the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Address {
    shard: u32,
    index: u32,
}

impl Address {
    const fn new(shard: u32, index: usize) -> Self {
        Self { shard, index: low(index) }
    }

    const fn index(self) -> usize {
        self.index as usize
    }
}

/// A number that was seen to fit: of a shard, of an account in a shard's index, or where
/// [`Journal::has_room_for`](journal::Journal::has_room_for) looked.
#[allow(clippy::cast_possible_truncation)]
const fn low(number: usize) -> u32 {
    number as u32
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    ///
    /// ```
    /// use scrip::{Ledger, MemoryStore, Program};
    ///
    /// // Both handles show the same accounts.
    /// let store = MemoryStore::new();
    /// let program = Program::new("AUD", "Australia/Melbourne")?;
    /// let ledgers = [Ledger::new(program.clone(), store.clone()), Ledger::new(program, store)];
    /// # let [mut one, mut other] = ledgers;
    /// # let now = "2025-06-15T02:00:00Z".parse()?;
    /// # let ten = scrip::RewardDefinition::new("ten".parse()?, "Ten", 10.into());
    /// # let ten = one.at(now).commit(scrip::Define::from(ten))?;
    /// # assert_eq!(other.at(now).definition(ten.id)?, Some(ten));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
                catalogue: RwLock::new(Shard::catalogue()),
                numbers: Mutex::default(),
                hasher: DefaultHashBuilder::default(),
            }),
        }
    }
}

impl Store for MemoryStore {
    type Error = MemoryError;

    #[inline]
    fn run(&mut self, work: &mut dyn Work) -> Result<(), MemoryError> {
        self.shared.run(work)
    }
}

/// A panic elsewhere leaves the locked data consistent: it is only written after everything that could fail.
#[inline]
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// One unit after the other, each whole: so a later one sees an earlier one's change.
    fn run(&self, work: &mut dyn Work) -> Result<(), MemoryError> {
        let units = work.needs().len();
        if units >= PREFETCH {
            return self.run_many(work, units);
        }
        for unit in 0..units {
            let Some(need) = work.needs().get(unit) else { continue };
            let mut held = Held::of_need(self, need);
            run_unit(&mut held, work, unit)?;
        }
        Ok(())
    }

    /// The hash of a profile's id, and the shard that it is in.
    #[inline]
    fn place(&self, profile: &ProfileId) -> (u64, usize) {
        let hash = self.hasher.hash_one(profile);
        // The index inside a shard uses the lower half.
        (hash, usize::try_from((hash >> 40) & u64::from(SHARDS - 1)).unwrap_or(0))
    }

    /// The location of the account with a number; `None` if the number was never drawn, or is the catalogue's.
    fn address(&self, number: ProfileNumber) -> Option<Address> {
        let place = usize::try_from(number.get().checked_sub(1)?).ok()?;
        locked(&self.numbers).get(place).copied()
    }

    /// The shard that an owner's account is in, or would be; `None` for one that is in none.
    #[inline]
    fn shard_of(&self, owner: Owner) -> Option<usize> {
        match owner {
            Owner::Profile(profile) => Some(self.place(&profile).1),
            Owner::Number(number) => self.address(number).map(|address| address.shard as usize),
        }
    }
}

#[inline]
fn run_unit(held: &mut Held<'_>, work: &mut dyn Work, unit: usize) -> Result<(), MemoryError> {
    let status = match stage(held, work, unit)? {
        Staged::Nothing | Staged::Appended => CommitStatus::Committed,
        Staged::Stale => CommitStatus::Conflict,
    };
    work.settle(unit, status);
    Ok(())
}

/// The owners that a need names.
#[inline]
fn owners(need: &Need) -> impl Iterator<Item = Owner> {
    let closed = need.closed.iter().copied().map(Owner::Number);
    std::iter::once(need.owner).chain(need.second.as_deref().copied()).chain(closed)
}

#[cfg(test)]
mod tests;
