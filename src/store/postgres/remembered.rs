//! Accounts that the process remembers, so that a new request takes one round trip: it is decided on the remembered
//! account and sent at once, and the compare and swap of the head tells whether the account was up to date. In a batch,
//! the accounts that are not remembered are loaded first, and all is sent in one commit.
//!
//! The key and the name of such a request are taken to be new, which the commit checks as well. What was refused,
//! or found nothing to write, may be outdated: it is loaded and decided again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use deadpool_postgres::Object;
use hashlink::LruCache;

use super::batch::{BatchState, Ends, Kept, LoadedAccount, Registration};
use super::commit::row_to_write;
use super::run::TOGETHER;
use super::{Layout, Options, PostgresError, Shared};
use crate::account::Account;
use crate::id::{ProfileId, ProfileNumber};
use crate::store::stage::{Staged, stage};
use crate::store::{CommitStatus, Need, Owner, Work};

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

    /// Whether the account of one of some units is remembered.
    fn knows_any(&self, needs: &[Need], units: &[usize]) -> bool {
        let memory = self.memory();
        units.iter().filter_map(|unit| needs.get(*unit)).any(|need| match &need.owner {
            Owner::Profile(profile) => memory.accounts.contains_key(profile),
            Owner::Number(_) => false,
        })
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

/// The units that new requests make, which need the account of a profile, and that a key and a name are new.
fn new_requests(needs: &[Need]) -> (Vec<usize>, HashSet<Owner>) {
    let mut others = HashSet::new();
    for need in needs.iter().filter(|need| !is_new_request(need)) {
        others.extend([Some(&need.owner), need.second.as_deref()].into_iter().flatten().copied());
    }
    // Units about one profile keep their order.
    let is_alone = |need: &Need| is_new_request(need) && !others.contains(&need.owner);
    let units = needs.iter().enumerate().filter(|(_, need)| is_alone(need)).map(|(unit, _)| unit);
    (units.collect(), others)
}

fn is_new_request(need: &Need) -> bool {
    let about_itself = Need { key: None, row: None, external: None, ..need.clone() };
    matches!(need.owner, Owner::Profile(_)) && about_itself == Need::of(need.owner)
}

impl Shared {
    /// Runs the units on remembered accounts for which that is enough. Returns the others, in order.
    pub(super) async fn run_remembered(&self, work: &mut dyn Work) -> Result<Vec<usize>, PostgresError> {
        let mut is_left = vec![true; work.needs().len()];
        if !self.remembered.is_off {
            let (units, others) = new_requests(work.needs());
            let mut passed = Passed { others, profiles: HashSet::new() };
            for some in units.chunks(TOGETHER) {
                for unit in self.run_some_remembered(work, some, &mut passed).await? {
                    if let Some(is_left) = is_left.get_mut(unit) {
                        *is_left = false;
                    }
                }
            }
        }
        let left = is_left.into_iter().enumerate().filter(|(_, is_left)| *is_left).map(|(unit, _)| unit);
        let left: Vec<usize> = left.collect();
        self.remembered.loads.fetch_add(count(left.len()), Ordering::Relaxed);
        Ok(left)
    }

    /// Runs units in one commit: on remembered accounts, and beside them on those that it loads. Returns the units that were
    /// settled.
    async fn run_some_remembered(
        &self,
        work: &mut dyn Work,
        units: &[usize],
        passed: &mut Passed,
    ) -> Result<Vec<usize>, PostgresError> {
        if !self.remembered.knows_any(work.needs(), units) {
            return Ok(Vec::new());
        }
        let mut client = self.pool.get().await?;
        let epoch = self.remembered.epoch(&client);
        let (mut batch, known) = self.remember(work.needs(), units, passed);
        // What is wrong with the others is told when they are run without the remembered ones.
        let decided = match self.load_others(&client, work.needs(), units, &mut batch, passed).await {
            Ok(()) => decide(work, units, &mut batch, passed),
            Err(_) => Vec::new(),
        };
        let written = self.commit(&mut client, &mut batch).await;
        self.give_back_promised(&batch);
        self.remembered.update(batch, epoch, &written.swapped);
        let mut settled = Vec::with_capacity(decided.len());
        for (unit, profile, number) in decided {
            let is_known = known.contains(&profile);
            let status = if written.swapped.contains(&number) {
                CommitStatus::Committed
            } else if written.in_doubt.contains(&number) {
                CommitStatus::InDoubt
            } else {
                self.remembered.outdated.fetch_add(u64::from(is_known), Ordering::Relaxed);
                passed.profiles.insert(profile);
                continue;
            };
            work.settle(unit, status);
            settled.push(unit);
            let counter = if is_known { &self.remembered.hits } else { &self.remembered.loads };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        written.failed.map_or(Ok(settled), Err)
    }

    /// A batch with the accounts that are remembered, and their profiles.
    fn remember(
        &self,
        needs: &[Need],
        units: &[usize],
        passed: &mut Passed,
    ) -> (BatchState, HashSet<ProfileId>) {
        let (mut batch, mut known) = (BatchState::default(), HashSet::new());
        for need in units.iter().filter_map(|unit| needs.get(*unit)) {
            let Some(profile) = passed.profile(need) else { continue };
            if !known.contains(&profile) {
                let Some(account) = self.remembered.account(profile) else { continue };
                if passed.others.contains(&Owner::Number(account.account.number())) {
                    passed.profiles.insert(profile);
                    continue;
                }
                batch.put_remembered(need, account);
                known.insert(profile);
            }
            batch.assume_new(need);
        }
        (batch, known)
    }

    /// Adds the accounts that are not remembered.
    async fn load_others(
        &self,
        client: &Object,
        needs: &[Need],
        units: &[usize],
        batch: &mut BatchState,
        passed: &mut Passed,
    ) -> Result<(), PostgresError> {
        let needs = units.iter().filter_map(|unit| needs.get(*unit));
        let unknown: Vec<&Need> = needs
            .filter(|need| passed.profile(need).is_some() && batch.account_of(need.owner).is_none())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        self.load_into(batch, client, &unknown).await?;
        for need in unknown {
            let number = batch.account_of(need.owner).map(Account::number);
            if number.is_none_or(|number| passed.others.contains(&Owner::Number(number))) {
                passed.profiles.extend(passed.profile(need));
            }
        }
        Ok(())
    }
}

/// Decides new requests. Returns those that write something, each with its account.
fn decide(
    work: &mut dyn Work,
    units: &[usize],
    batch: &mut BatchState,
    passed: &mut Passed,
) -> Vec<(usize, ProfileId, ProfileNumber)> {
    let mut decided = Vec::with_capacity(units.len());
    for unit in units {
        let Some(need) = work.needs().get(*unit) else { continue };
        let (owner, Some(profile)) = (need.owner, passed.profile(need)) else { continue };
        match (stage(batch, work, *unit), batch.account_of(owner)) {
            (Ok(Staged::Appended), Some(account)) => decided.push((*unit, profile, account.number())),
            _ => _ = passed.profiles.insert(profile),
        }
    }
    decided
}

fn count(units: usize) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

/// What is run after everything here, on loaded accounts.
struct Passed {
    /// The owners that other requests are about.
    others: HashSet<Owner>,
    /// The profiles with a unit that was passed by: those after it must not overtake it.
    profiles: HashSet<ProfileId>,
}

impl Passed {
    /// The profile that a new request is about, if it was not passed by.
    fn profile(&self, need: &Need) -> Option<ProfileId> {
        match need.owner {
            Owner::Profile(profile) if !self.profiles.contains(&profile) => Some(profile),
            _ => None,
        }
    }
}
