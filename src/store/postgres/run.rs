//! Running a work: load, decide, commit, settle, some units at a time.

use std::collections::HashSet;
use std::ops::Range;

use deadpool_postgres::{Object, Transaction};

use super::batch::{BatchState, Halt, LoadedAccount};
use super::error::{CommitFailure, Sent};
use super::remembered::{Epoch, FirstAttempt};
use super::session::Session;
use super::{Layout, PostgresError, Shared};
use crate::id::ProfileNumber;
use crate::store::apart::Apart;
use crate::store::stage::{Staged, stage};
use crate::store::{CommitStatus, Need, Owner, StoreError, Work};

/// The largest number of units that share a commit.
pub(super) const TOGETHER: usize = 1_024;

/// How often a connection that was lost before anything was written is replaced.
const CONNECTIONS: u32 = 3;

/// The result of a unit, under the account that it names first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    unit: usize,
    owner: Owner,
    number: ProfileNumber,
    pub(super) staged: Staged,
    /// Whether its status is that of the pending changes: it wrote some of them, or read some.
    is_pending: bool,
    /// Whether it was decided on a remembered account.
    is_remembered: bool,
}

/// Units that were decided and are not written yet.
struct Ready {
    client: Object,
    epoch: Epoch,
    batch: BatchState,
    decided: Vec<Decided>,
    is_pair: bool,
}

/// The result of writing the pending changes.
#[derive(Default)]
pub(super) struct CommitReport {
    /// Those whose heads swapped.
    pub(super) swapped: HashSet<ProfileNumber>,
    /// Those whose heads may have swapped.
    pub(super) in_doubt: HashSet<ProfileNumber>,
    /// Why the rest was given up.
    pub(super) failed: Option<PostgresError>,
}

/// A transaction whose changes are all written. If it is dropped, it is rolled back.
struct Uncommitted<'c> {
    transaction: Transaction<'c>,
    /// The accounts that it is about.
    swapped: HashSet<ProfileNumber>,
}

impl CommitReport {
    /// Commits what was written; `None`: not all of it was, and it was rolled back.
    async fn end(&mut self, staged: Result<Option<Uncommitted<'_>>, PostgresError>) {
        match staged {
            Ok(None) => {}
            Ok(Some(Uncommitted { transaction, swapped })) => {
                let numbers = swapped.clone();
                let result = transaction.commit().await.map(|()| swapped).map_err(PostgresError::from);
                self.note(Sent::Commit, numbers, result);
            }
            Err(error) => self.note(Sent::Uncommitted, [], Err(error)),
        }
    }

    /// Records the result of a statement about some accounts.
    fn note(
        &mut self,
        sent: Sent,
        numbers: impl IntoIterator<Item = ProfileNumber>,
        result: Result<HashSet<ProfileNumber>, PostgresError>,
    ) {
        match result {
            Ok(swapped) => self.swapped.extend(swapped),
            Err(error) => match error.failure(sent) {
                CommitFailure::Conflict => {}
                CommitFailure::InDoubt => self.in_doubt.extend(numbers),
                CommitFailure::Refused => _ = self.failed.get_or_insert(error),
            },
        }
    }
}

impl Shared {
    pub(super) async fn run(&self, work: &mut dyn Work) -> Result<(), PostgresError> {
        let all: Vec<usize> = (0..work.needs().len()).collect();
        let mut first = FirstAttempt::new(&self.remembered, work.needs());
        let ran = self.run_units(work, &all, &mut first).await;
        match first.map(FirstAttempt::again) {
            Some(again) if !again.is_empty() && ran.as_ref().err().is_none_or(StoreError::is_corruption) => {
                ran.and(self.run_units(work, &again, &mut None).await)
            }
            _ => ran,
        }
    }

    /// Runs some units, on remembered accounts if this is their first attempt.
    async fn run_units(
        &self,
        work: &mut dyn Work,
        units: &[usize],
        first: &mut Option<FirstAttempt>,
    ) -> Result<(), PostgresError> {
        let mut apart = Apart::new(groups(work.needs(), units).into_iter());
        while let Some(group) = apart.next() {
            let units = units.get(group.clone()).unwrap_or_default();
            match self.load_and_decide(work, units, first).await {
                Ok(Some(ready)) => self.write_and_settle(work, ready, first).await?,
                // Another writer was in the way.
                Ok(None) => units.iter().for_each(|unit| work.settle(*unit, CommitStatus::Conflict)),
                // The machines that have the others may answer.
                Err(error) if self.options.layout == Layout::Distributed && error.is_answer() => {
                    self.note_trouble();
                    apart.split(group, error);
                }
                Err(error) => apart.failed(group, error)?,
            }
        }
        apart.end()
    }

    /// The state before anything is written; `None`: it could not be loaded, and a retry is worthwhile.
    async fn load_and_decide(
        &self,
        work: &mut dyn Work,
        units: &[usize],
        first: &mut Option<FirstAttempt>,
    ) -> Result<Option<Ready>, PostgresError> {
        let needs: Vec<&Need> = units.iter().filter_map(|unit| work.needs().get(*unit)).collect();
        let is_pair = needs.iter().any(|need| need.second.is_some());
        let (client, epoch, mut batch) = match self.connect_and_load(&needs, first.as_ref()).await {
            Err(error)
                if error.failure(Sent::Uncommitted) == CommitFailure::Conflict
                    && !error.is_disconnected() =>
            {
                return Ok(None);
            }
            loaded => loaded?,
        };
        match self.decide(&client, work, units, &mut batch, first).await {
            Ok(decided) => Ok(Some(Ready { client, epoch, batch, decided, is_pair })),
            Err(error) => {
                self.give_back_promised(&batch);
                Err(error)
            }
        }
    }

    async fn write_and_settle(
        &self,
        work: &mut dyn Work,
        ready: Ready,
        first: &mut Option<FirstAttempt>,
    ) -> Result<(), PostgresError> {
        let Ready { mut client, epoch, mut batch, decided, is_pair } = ready;
        let written = if is_pair {
            self.commit_pair(&mut client, &mut batch).await
        } else {
            self.commit(&mut client, &mut batch).await
        };
        self.give_back_promised(&batch);
        self.remembered.update(batch, epoch, &written.swapped);
        for Decided { unit, owner, number, staged, is_pending, is_remembered } in decided {
            let status = match (staged, first.as_mut()) {
                (Staged::Stale, _) => CommitStatus::Conflict,
                _ if !is_pending || written.swapped.contains(&number) => CommitStatus::Committed,
                (Staged::Appended, _) if written.in_doubt.contains(&number) => CommitStatus::InDoubt,
                // It is not written, and the error says why.
                _ if written.failed.is_some() => continue,
                // Some account is outdated, or a key or a name that was taken for new is not.
                (_, Some(first)) => {
                    first.put_off(unit, owner);
                    self.remembered.count(0, 0, usize::from(is_remembered));
                    continue;
                }
                (_, None) => CommitStatus::Conflict,
            };
            self.remembered.count(0, usize::from(is_remembered), 0);
            work.settle(unit, status);
        }
        if written.failed.is_some() {
            self.note_trouble();
        }
        written.failed.map_or(Ok(()), Err)
    }

    async fn connect_and_load(
        &self,
        needs: &[&Need],
        first: Option<&FirstAttempt>,
    ) -> Result<(Object, Epoch, BatchState), PostgresError> {
        let mut attempt = 1;
        loop {
            let client = self.pool.get().await?;
            let epoch = self.remembered.epoch(&client);
            let mut batch = first.map(|first| first.batch(&self.remembered, needs)).unwrap_or_default();
            let left: Vec<&Need> =
                needs.iter().copied().filter(|need| !batch.is_remembered(need.owner)).collect();
            self.remembered.count(left.len(), 0, 0);
            let loaded =
                if left.is_empty() { Ok(()) } else { self.load_into(&mut batch, &client, &left).await };
            match loaded {
                // The server was started anew, say, and this connection did not know yet.
                Err(error) if error.is_disconnected() && attempt < CONNECTIONS => {
                    drop(Object::take(client));
                    attempt = attempt.saturating_add(1);
                }
                loaded => return loaded.map(|()| (client, epoch, batch)),
            }
        }
    }

    /// Lets the work decide units, in their order.
    pub(super) async fn decide(
        &self,
        session: &impl Session,
        work: &mut dyn Work,
        units: &[usize],
        batch: &mut BatchState,
        first: &mut Option<FirstAttempt>,
    ) -> Result<Vec<Decided>, PostgresError> {
        let mut decided = Vec::with_capacity(units.len());
        for unit in units.iter().copied() {
            let Some(owner) = work.needs().get(unit).map(|need| need.owner) else { continue };
            let is_remembered = batch.is_remembered(owner);
            let staged = match &first {
                Some(first) if first.is_waiting(owner) => None,
                // What is refused, or writes nothing, may be outdated.
                _ if is_remembered => stage(batch, work, unit).ok().filter(|it| *it == Staged::Appended),
                _ => Some(self.decide_one(session, work, unit, batch).await?),
            };
            let Some(staged) = staged else {
                first.as_mut().into_iter().for_each(|first| first.put_off(unit, owner));
                continue;
            };
            let Some(LoadedAccount { account, pending, .. }) = batch.loaded_account(owner) else { continue };
            let is_pending = staged == Staged::Appended || !pending.is_empty();
            decided.push(Decided {
                unit,
                owner,
                number: account.number(),
                staged,
                is_pending,
                is_remembered,
            });
        }
        Ok(decided)
    }

    async fn decide_one(
        &self,
        session: &impl Session,
        work: &mut dyn Work,
        unit: usize,
        batch: &mut BatchState,
    ) -> Result<Staged, PostgresError> {
        loop {
            match stage(batch, work, unit) {
                Ok(staged) => return Ok(staged),
                // The pending changes of an earlier unit led to a record that was not looked up.
                Err(Halt::Missing(missing)) => self.fetch(session, missing, batch).await?,
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
    }

    /// Commits the pending changes, each account by itself.
    pub(super) async fn commit(&self, client: &mut Object, batch: &mut BatchState) -> CommitReport {
        let mut written = CommitReport::default();
        let places = self.register_first(client, batch, pending(batch), &mut written).await;
        match self.options.layout {
            Layout::OneServer => {
                let number = |place: &usize| batch.accounts.get(*place).map(|loaded| loaded.account.number());
                let result = self.write(client, batch, &places).await;
                written.note(Sent::Committing, places.iter().filter_map(number), result);
            }
            // What fails says nothing about the others, which other machines have.
            Layout::Distributed => {
                for place in places {
                    let staged = self.stage_one(client, batch, place).await;
                    written.end(staged).await;
                }
            }
        }
        written
    }

    /// Binds the newcomers at some places to their numbers, before anything else is written. Returns the places that can be
    /// written to then.
    async fn register_first(
        &self,
        client: &Object,
        batch: &mut BatchState,
        places: Vec<usize>,
        written: &mut CommitReport,
    ) -> Vec<usize> {
        let (unregistered, registered) = self.register(client, batch, &places).await;
        if let Err(error) = registered {
            // Whether or not they have their numbers now: no entry was written.
            if error.failure(Sent::Committing) == CommitFailure::InDoubt {
                batch.forget_promises();
            }
            written.note(Sent::Uncommitted, [], Err(error));
            if self.options.layout == Layout::OneServer {
                return Vec::new();
            }
        }
        places.into_iter().filter(|place| !unregistered.contains(place)).collect()
    }

    /// Commits the pending changes of two accounts, or nothing.
    async fn commit_pair(&self, client: &mut Object, batch: &mut BatchState) -> CommitReport {
        let mut written = CommitReport::default();
        let places = pending(batch);
        if places.is_empty() {
            return written;
        }
        if self.options.layout == Layout::Distributed {
            // Not in the transaction: other machines have the names.
            let all: Vec<usize> = (0..batch.accounts.len()).collect();
            if self.register_first(client, batch, all.clone(), &mut written).await != all {
                return written;
            }
        }
        let staged = self.stage_pair(client, batch, &places).await;
        written.end(staged).await;
        written
    }

    async fn stage_pair<'c>(
        &self,
        client: &'c mut Object,
        batch: &mut BatchState,
        places: &[usize],
    ) -> Result<Option<Uncommitted<'c>>, PostgresError> {
        let transaction = client.transaction().await?;
        let swapped = self.write_together_or_not(&transaction, batch, places).await?;
        Ok(swapped.map(|swapped| Uncommitted { transaction, swapped }))
    }

    /// The same for the pending changes of one account.
    async fn stage_one<'c>(
        &self,
        client: &'c mut Object,
        batch: &BatchState,
        place: usize,
    ) -> Result<Option<Uncommitted<'c>>, PostgresError> {
        let transaction = client.transaction().await?;
        let swapped = self.write(&transaction, batch, &[place]).await?;
        Ok((!swapped.is_empty()).then_some(Uncommitted { transaction, swapped }))
    }

    /// Writes a unit's pending changes, to one account or two, in a transaction; `None`: not all of them, so roll back.
    pub(super) async fn write_together_or_not(
        &self,
        session: &impl Session,
        batch: &mut BatchState,
        places: &[usize],
    ) -> Result<Option<HashSet<ProfileNumber>>, PostgresError> {
        // Both have their numbers from now on: an entry of one may name the other.
        let all: Vec<usize> = (0..batch.accounts.len()).collect();
        let (unregistered, registered) = self.register(session, batch, &all).await;
        registered?;
        if !unregistered.is_empty() {
            return Ok(None);
        }
        let mut written = self.write(session, batch, places).await?;
        if written.len() < places.len() {
            return Ok(None);
        }
        // The unit's status is that of its first account, to which it may have written nothing.
        written.extend(batch.accounts.iter().map(|loaded| loaded.account.number()));
        Ok(Some(written))
    }
}

/// The units that share a commit, as places in the list of units: the catalogue's by themselves, so that nothing is
/// committed on a definition that is not; and one over two accounts by itself.
fn groups(needs: &[Need], units: &[usize]) -> Vec<Range<usize>> {
    let class = |unit: &usize| {
        let need = needs.get(*unit);
        (
            need.map(|need| need.owner) == Some(Owner::CATALOGUE),
            need.is_some_and(|need| need.second.is_some()),
        )
    };
    let mut groups: Vec<Range<usize>> = Vec::new();
    for alike in units.chunk_by(|one, next| class(one) == class(next)) {
        let is_pair = alike.first().is_some_and(|unit| class(unit).1);
        for some in alike.chunks(if is_pair { 1 } else { TOGETHER }) {
            let start = groups.last().map_or(0, |group| group.end);
            groups.push(start..start.saturating_add(some.len()));
        }
    }
    groups
}

/// The places of the accounts to which something is to be written.
pub(super) fn pending(batch: &BatchState) -> Vec<usize> {
    let accounts = batch.accounts.iter().enumerate();
    accounts.filter(|(_, loaded)| !loaded.pending.is_empty()).map(|(place, _)| place).collect()
}
