//! The store in memory: what tests, tills and benches run on, and as strict about versions as a database.
//!
//! Profiles are spread over shards, each behind a lock of its own, so that threads on different profiles do not
//! wait for one another. A handle is cheap to clone; all clones share what is stored. Accounts are lent without
//! being copied.

mod journal;
mod places;
mod scan;
mod shard;
mod templates;
mod unit;
mod wave;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hashbrown::DefaultHashBuilder;
use thiserror::Error;

use self::shard::Shard;
use self::unit::Unit;
use super::work::{CommitStatus, DefinitionRef, Found, Owner, Record, Work};
use super::{Store, StoreError};
use crate::account::{Account, Corrupt};
use crate::definition::Template;
use crate::engine::at_once::{Plain, plain};
use crate::engine::{Action, Rejection};
use crate::id::{DefinitionId, ProfileId, ProfileNumber};
use crate::journal::Unreadable;
use crate::ops::Command;
use crate::program::Program;

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
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Two billion profiles, or four billion entries or four gigabytes of them in one shard.
    #[error("the memory store has no numbers left")]
    Full,
    /// A change to the account of a number that was never drawn.
    #[error("a change to an account that does not exist")]
    NoSuchAccount,
    /// A position in the feed that is none of this store's.
    #[error("a position that is none of this store's")]
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
    /// How often the catalogue was written; it is only changed while that is locked.
    version: AtomicU64,
    /// Where the account of each number is: number 1 first. Numbers are drawn in the order in which profiles appear,
    /// so the same requests get the same ids on every run.
    numbers: Mutex<Vec<Address>>,
    hasher: DefaultHashBuilder,
}

static NOTHING: Found<'static> = Found::NOTHING;

/// Where an account is: its shard, and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Address {
    shard: u32,
    index: u32,
}

impl Address {
    /// A place in a shard always fits: it is in the shard's index, where it has as many bits.
    fn new(shard: u32, index: usize) -> Self {
        Self { shard, index: u32::try_from(index).unwrap_or(u32::MAX) }
    }

    const fn index(self) -> usize {
        self.index as usize
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
                catalogue: RwLock::new(Shard::catalogue()),
                version: AtomicU64::new(1),
                numbers: Mutex::default(),
                hasher: DefaultHashBuilder::default(),
            }),
        }
    }
}

impl Store for MemoryStore {
    type Error = MemoryError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), MemoryError> {
        self.shared.run(work)
    }

    fn is_in_memory(&self) -> bool {
        true
    }

    #[inline]
    fn at_once<A: Action>(
        &mut self,
        program: &Program,
        command: &Command<A>,
        outcome: &mut Option<A::Outcome>,
    ) -> Option<Result<(), Rejection>> {
        self.shared.at_once(program, command, outcome)
    }

    fn many_at_once<A: Action>(
        &mut self,
        program: &Program,
        commands: &[Command<A>],
        keep: &mut impl FnMut(Result<A::Outcome, Rejection>),
    ) -> usize {
        self.shared.many_at_once(program, commands, keep)
    }
}

/// A panic elsewhere leaves what a lock protects whole: it is only written after everything that could fail.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose account, and what is known of where it is before its shard is locked.
#[derive(Clone, Copy, Debug)]
struct Target {
    owner: Owner,
    hash: u64,
    shard: u32,
    index: Option<usize>,
}

impl Shared {
    fn run(&self, work: &mut dyn Work) -> Result<(), MemoryError> {
        // One unit after the other, each whole: so a later one sees an earlier one's change.
        for unit in 0..work.needs().len() {
            if let Some(fate) = self.run_plain(work, unit) {
                work.settle(unit, fate?);
                continue;
            }
            let Some(need) = work.needs().get(unit) else { continue };
            let (owner, second, reads) = (need.owner, need.second, need.definition.is_some());
            let second = second.map(|owner| self.target(owner));
            let fate = if owner == Owner::CATALOGUE {
                let mut other = second.map(|second| self.lock(second.shard));
                let mut catalogue = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
                // It is in none of the shards that profiles are in.
                let first = Target { owner, hash: 0, shard: SHARDS, index: Some(0) };
                let unit = Unit { shared: self, unit, first, second };
                let fate = unit.run(work, &mut catalogue, other.as_deref_mut(), None)?;
                self.version.fetch_add(1, Ordering::Release);
                fate
            } else {
                Unit { shared: self, unit, first: self.target(owner), second }.run_locked(work, reads)?
            };
            work.settle(unit, fate);
        }
        Ok(())
    }

    /// Nearly every redemption needs one account and nothing else, and nearly every issue that and a definition by its
    /// id: those of an account that exists are spared the general way.
    fn run_plain(&self, work: &mut dyn Work, unit: usize) -> Option<Result<CommitStatus, MemoryError>> {
        let need = work.needs().get(unit)?;
        let (Owner::Profile(profile), None) = (&need.owner, need.second) else { return None };
        if !need.is_plain_but_for_definition() {
            return None;
        }
        let definition = match &need.definition {
            None => None,
            Some(DefinitionRef::Id(id)) => Some(*id),
            Some(DefinitionRef::Handle(_)) => return None,
        };
        let (hash, shard) = self.place(profile);
        let mut shard = self.lock(shard);
        let index = shard.place_of(hash, profile)?;
        let Some(id) = definition else { return Some(shard.run(index, work, unit, &NOTHING)) };
        let catalogue = self.catalogue.read().unwrap_or_else(PoisonError::into_inner);
        // The newest entry about a definition says all there is to say.
        let definition = Some(Record { made: catalogue.definition(id)?, latest: None });
        Some(shard.run(index, work, unit, &Found { definition, ..Found::NOTHING }))
    }

    /// Carries a command out at once, if it is plain and its account exists.
    #[inline]
    fn at_once<A: Action>(
        &self,
        program: &Program,
        command: &Command<A>,
        outcome: &mut Option<A::Outcome>,
    ) -> Option<Result<(), Rejection>> {
        let Plain { profile, definition } = plain(command)?;
        let (hash, number) = self.place(profile);
        let mut shard = self.lock(number);
        self.inform(&mut shard, definition)?;
        if let Some(index) = shard.place_of(hash, profile) {
            return shard.carry_out(index, program, command, definition, outcome);
        }
        // Nothing but an issue can be carried out on nothing, and that creates the account.
        definition?;
        let mut numbers = self.numbers();
        let next = u32::try_from(numbers.len().saturating_add(1)).ok()?;
        let account = Account::new(*profile, ProfileNumber::new(next).ok()?);
        let (result, index) = shard.carry_out_new(account, hash, program, command, definition, outcome)?;
        numbers.extend(index.map(|index| Address::new(number, index)));
        Some(result)
    }

    /// Sees that a shard knows what a definition says, if one is needed. `None`: there is none.
    #[inline]
    fn inform(&self, shard: &mut Shard, definition: Option<DefinitionId>) -> Option<()> {
        let Some(id) = definition else { return Some(()) };
        if shard.templates.find(id, self.version.load(Ordering::Acquire)) {
            return Some(());
        }
        let catalogue = self.catalogue.read().unwrap_or_else(PoisonError::into_inner);
        let record = Record { made: catalogue.definition(id)?, latest: None };
        shard.templates.learn(Template::of(record.defined()?), self.version.load(Ordering::Acquire));
        Some(())
    }

    /// The hash of a profile's id, and the shard that it is in.
    fn place(&self, profile: &ProfileId) -> (u64, u32) {
        let hash = self.hasher.hash_one(profile);
        // The table inside a shard uses the lower half.
        (hash, u32::try_from((hash >> 40) & u64::from(SHARDS - 1)).unwrap_or(0))
    }

    fn target(&self, owner: Owner) -> Target {
        match owner {
            Owner::Profile(profile) => {
                let (hash, shard) = self.place(&profile);
                Target { owner, hash, shard, index: None }
            }
            Owner::Number(number) => {
                let place = number.get().checked_sub(1).and_then(|place| usize::try_from(place).ok());
                let address = place.and_then(|place| self.numbers().get(place).copied());
                let shard = address.map_or(0, |address| address.shard);
                Target { owner, hash: 0, shard, index: address.map(Address::index) }
            }
        }
    }

    #[allow(clippy::indexing_slicing)] // A target's shard is below the number of shards.
    fn lock(&self, shard: u32) -> MutexGuard<'_, Shard> {
        locked(&self.shards[shard as usize])
    }

    fn numbers(&self) -> MutexGuard<'_, Vec<Address>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
