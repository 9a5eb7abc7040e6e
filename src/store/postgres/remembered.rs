//! Accounts that the process remembers, so that a new request takes one round trip: it is decided on the remembered
//! account and sent at once, and the compare and swap of the head tells whether the account was up to date. In a batch,
//! the accounts that are not remembered are loaded first, and all is sent in one commit.
//!
//! The key and the name of such a request are taken to be new, which the commit checks as well. What was refused,
//! or found nothing to write, may be outdated: it is loaded and decided again.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use deadpool_postgres::Object;
use hashlink::LruCache;

use super::batch::{BatchState, Ends, Kept, LoadedAccount, Registration};
use super::commit::row_to_write;
use super::{Layout, Options};
use crate::id::{ProfileId, ProfileNumber};
use crate::store::{Need, Owner};

/// The accounts that a process remembers, and how often that was of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberedReport {
    /// The number of accounts that are remembered.
    pub accounts: usize,
    /// The number of requests that were committed on a remembered account, without loading it.
    pub hits: u64,
    /// The number of requests and reads that loaded what they needed.
    pub loads: u64,
    /// Of these, the number that was sent on an outdated account first, or under a key or a name that was used before.
    pub outdated: u64,
}

pub(super) struct Remembered {
    memory: Mutex<Memory>,
    is_off: bool,
    hits: AtomicU64,
    loads: AtomicU64,
    outdated: AtomicU64,
}

struct Memory {
    accounts: LruCache<ProfileId, LoadedAccount>,
    /// The time at which the newest connection was made.
    newest: Option<Instant>,
    epoch: Epoch,
}

/// A time without a new connection. A server that took over, or that was restored, may have lost commits; so what was
/// read through the connections before is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl Remembered {
    pub(super) fn new(options: &Options) -> Self {
        let accounts = LruCache::new(options.remembered);
        let memory = Memory { accounts, newest: None, epoch: Epoch::default() };
        Self {
            memory: Mutex::new(memory),
            // A commit on a distributed database does not check that names are new.
            is_off: options.remembered == 0 || options.layout == Layout::Distributed,
            hits: AtomicU64::default(),
            loads: AtomicU64::default(),
            outdated: AtomicU64::default(),
        }
    }

    pub(super) fn report(&self) -> RememberedReport {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RememberedReport {
            accounts: self.memory().accounts.len(),
            hits: count(&self.hits),
            loads: count(&self.loads),
            outdated: count(&self.outdated),
        }
    }

    /// The epoch of a connection that was just taken from the pool.
    pub(super) fn epoch(&self, connection: &Object) -> Epoch {
        let (mut memory, made) = (self.memory(), Object::metrics(connection).created);
        if memory.newest.is_none_or(|newest| newest < made) {
            memory.newest = Some(made);
            memory.epoch = Epoch(memory.epoch.0.wrapping_add(1));
            memory.accounts.clear();
        }
        memory.epoch
    }

    /// Remembers the accounts of a batch as they are after its commit, and forgets those that were not committed.
    pub(super) fn update(&self, batch: BatchState, epoch: Epoch, committed: &HashSet<ProfileNumber>) {
        if self.is_off {
            return;
        }
        let mut memory = self.memory();
        for loaded in batch.accounts {
            let Some(profile) = loaded.account.profile().copied() else { continue };
            let is_current = loaded.pending.is_empty() || committed.contains(&loaded.account.number());
            if memory.epoch != epoch || !is_current || !is_ordinary(&loaded) {
                memory.accounts.remove(&profile);
                continue;
            }
            let known = memory.accounts.peek(&profile).map(|known| known.account.sequence());
            if known.is_none_or(|known| known < loaded.account.sequence()) {
                memory.accounts.insert(profile, as_committed(loaded));
            }
        }
    }

    /// Adds to the counts of units: of those that loaded what they needed, were committed on a remembered account, or were put
    /// off because it was outdated.
    pub(super) fn count(&self, loads: usize, hits: usize, outdated: usize) {
        for (counter, units) in [(&self.loads, loads), (&self.hits, hits), (&self.outdated, outdated)] {
            counter.fetch_add(u64::try_from(units).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    fn account(&self, profile: ProfileId) -> Option<LoadedAccount> {
        self.memory().accounts.get(&profile).cloned()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request on the account is about nothing but the account: mergers lead to others.
fn is_ordinary(loaded: &LoadedAccount) -> bool {
    let LoadedAccount { account, registration, .. } = loaded;
    *registration == Registration::Registered
        && account.sequence() > 0
        && account.merged_into().is_none()
        && account.merged_from().is_empty()
}

fn as_committed(loaded: LoadedAccount) -> LoadedAccount {
    let (account, mut kept) = (loaded.account, loaded.kept);
    let written = LoadedAccount { account, ..loaded };
    if !written.pending.is_empty()
        && let Some(ends) = row_to_write(&written)
    {
        kept = Kept { sequence: written.account.sequence(), ends, ..kept };
    }
    kept.at_most = Ends::of(&written.account);
    LoadedAccount { base: written.account.sequence(), kept, pending: Vec::new(), ..written }
}

/// The units of a work that are decided on remembered accounts first.
///
/// They make new requests, which need the account of a profile, and that a key and a name are new. Units about one profile
/// keep their order: if one of them is about more than that, all are loaded.
pub(super) struct FirstAttempt {
    /// The owners that are not taken from memory.
    loaded: HashSet<Owner>,
    /// The units that are to be run once more, on loaded accounts.
    again: BTreeSet<usize>,
    /// The owners of these: units after them must not overtake them.
    waiting: HashSet<Owner>,
}

impl FirstAttempt {
    /// The attempt at some needs; `None` if nothing is remembered.
    pub(super) fn new(remembered: &Remembered, needs: &[Need]) -> Option<Self> {
        if remembered.is_off {
            return None;
        }
        let mut loaded = HashSet::new();
        for need in needs.iter().filter(|need| !is_new_request(need)) {
            loaded.extend([Some(&need.owner), need.second.as_deref()].into_iter().flatten().copied());
            loaded.extend(need.other_journals().map(Owner::Number));
        }
        Some(Self { loaded, again: BTreeSet::new(), waiting: HashSet::new() })
    }

    /// A batch with the accounts that some needs name and that are remembered.
    pub(super) fn batch(&self, remembered: &Remembered, needs: &[&Need]) -> BatchState {
        let mut batch = BatchState::default();
        for need in needs {
            if !batch.is_remembered(need.owner) {
                let Owner::Profile(profile) = need.owner else { continue };
                let Some(known) = self.account(remembered, profile) else { continue };
                batch.put_remembered(need, known);
            }
            batch.assume_new(need);
        }
        batch
    }

    fn account(&self, remembered: &Remembered, profile: ProfileId) -> Option<LoadedAccount> {
        if self.loaded.contains(&Owner::Profile(profile)) {
            return None;
        }
        let number = |known: &LoadedAccount| Owner::Number(known.account.number());
        remembered.account(profile).filter(|known| !self.loaded.contains(&number(known)))
    }

    /// Runs a unit once more: once, also if the part of the work that it is in is run again.
    pub(super) fn put_off(&mut self, unit: usize, owner: Owner) {
        self.again.insert(unit);
        self.waiting.insert(owner);
    }

    /// Whether a unit is to wait for an earlier one about its owner.
    pub(super) fn is_waiting(&self, owner: Owner) -> bool {
        self.waiting.contains(&owner)
    }

    /// The units that are to be run once more, in order.
    pub(super) fn again(self) -> Vec<usize> {
        self.again.into_iter().collect()
    }
}

fn is_new_request(need: &Need) -> bool {
    let about_itself = Need { key: None, row: None, external: None, ..need.clone() };
    matches!(need.owner, Owner::Profile(_)) && about_itself == Need::of(need.owner)
}
