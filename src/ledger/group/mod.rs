//! Group commit: many callers, one ledger, one flush for all commands that came in during the last one.

mod answer;
mod calls;
mod driver;
mod queue;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use thiserror::Error;

use self::answer::{Reply, Slot, wait};
use self::calls::Call;
pub use self::driver::GroupDriver;
use self::queue::{Job, Queue, Unqueued};
use crate::engine::Receipt;
use crate::ledger::{AsyncLedger, Error, Ledger};
use crate::ops::Command;
use crate::ops::request::{IsRequest, Outcome};
use crate::store::{AsyncStore, Store, StoreError};

/// A handle by which many threads and tasks commit to one ledger at once, sharing its flushes.
///
/// Durability costs one flush of the disk for each commit, whatever its size. So one side, the [`GroupDriver`], owns the
/// ledger; and the commands queued meanwhile are its next batch, one [`run_all`](Ledger::run_all). Nothing waits for a
/// batch to fill, and there is no timer: one caller alone is served as if there were no queue.
///
/// Handles are cloned freely. A commit can be awaited, on any runtime, or [waited for](Pending::wait) on a thread.
///
/// ```
/// use scrip::ledger::{GroupCommit, GroupOptions};
/// use scrip::{
///     Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem,
///     RewardDefinition, Timestamp,
/// };
/// use std::thread;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
/// let driver = thread::spawn(|| driver.run());
///
/// let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
/// let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
/// let ten = group.commit(Command::new(now, Define::from(ten))).wait()?.outcome;
/// let tills: Vec<_> = ["alice", "bob"]
///     .map(|name| {
///         let (group, id) = (group.clone(), ten.id);
///         thread::spawn(move || -> Result<Amount, Box<dyn std::error::Error + Send + Sync>> {
///             let profile = ProfileId::new(name)?;
///             group.commit(Command::new(now, IssueReward::new(profile, id))).wait()?;
///             group.commit(Command::new(now, Redeem::strict(profile, Amount::from(4)))).wait()?;
///             // Anything else that a ledger can do runs between two batches.
///             Ok(group.with(move |ledger| ledger.at(now).balances(profile)).wait()??.reward_balance)
///         })
///     })
///     .into();
/// for till in tills {
///     assert_eq!(till.join().unwrap().unwrap(), Amount::from(6));
/// }
///
/// drop(group); // The last handle: the driver finishes what is queued, and gives the ledger back.
/// let ledger = driver.join().unwrap();
/// # Ok(())
/// # }
/// ```
///
/// Over an [`AsyncStore`] it is the same with an [`AsyncLedger`], a driver that is spawned as a task
/// (`tokio::spawn(driver.run())`, say), and `.await` in place of `.wait()`.
///
/// # What it promises
/// - **An answer each.** Every caller gets the answer to its own command, exactly once, and is never left waiting: not by
///   a store that fails or panics, nor by a driver that is dropped.
/// - **Durable first.** A caller hears of its commit once the store has settled it as
///   [`CommitStatus::Committed`](crate::store::CommitStatus::Committed), and not before.
/// - **Neighbours do no harm.** A command that is refused, conflicts or is in doubt leaves the others of its batch alone.
///   If the store fails for a whole batch, those that it left undone are run again one by one, so that one account that
///   cannot be read fails only its own; when two in a row fail by themselves, the rest get the error that the batch met,
///   as the store itself is failing.
/// - **A bounded queue.** When it is full, [`commit`](Self::commit) waits for room, and [`try_commit`](Self::try_commit)
///   says so. Who waits for room keeps no place in a line.
/// - **First come, first served.** Commands that were queued one after the other are decided in that order, if they are
///   about one profile and the store did not find a conflict. One that is sent after another was answered sees it.
/// - **A batch under a key is one.** [`commit_batch`](Self::commit_batch) takes a whole [`KeyedBatch`](crate::request::KeyedBatch),
///   which has a flush of its own, between two of these batches.
/// - **No joining.** It never takes part in a transaction of the caller's. If the store is inside one nevertheless, so that
///   it only [stages](crate::store::CommitStatus::Staged) what it writes, the callers get [`Error::InDoubt`].
///
/// # Ending it
/// When the last handle is dropped, or [`close`](Self::close) was called on one, the driver does what is still queued,
/// answers, and returns the ledger. Later callers get [`Error::Closed`]. A future that is dropped before it was
/// queued withdraws its command; after that, the command is carried out all the same, and perhaps later than a second
/// attempt that was made meanwhile.
pub struct GroupCommit<L: Grouped> {
    door: Arc<Door<L>>,
}

/// How much is queued, and how much is done at once.
///
/// ```
/// let options = scrip::ledger::GroupOptions::default().queue(10_000).batch(500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOptions {
    queue: usize,
    batch: usize,
}

impl Default for GroupOptions {
    /// A queue of 4096, and batches of 1024.
    fn default() -> Self {
        Self { queue: 4_096, batch: 1_024 }
    }
}

impl GroupOptions {
    /// How many requests may be queued; at least one. Those of the batch that is under way are not counted.
    #[must_use]
    pub const fn queue(self, requests: usize) -> Self {
        Self { queue: if requests == 0 { 1 } else { requests }, ..self }
    }

    /// How many commands share one flush at most; at least one.
    #[must_use]
    pub const fn batch(self, commands: usize) -> Self {
        Self { batch: if commands == 0 { 1 } else { commands }, ..self }
    }
}

/// The queue was full, and the request was not taken. Nothing was changed; try it again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("the queue for group commit is full")]
pub struct QueueFull;

/// A ledger that can be driven so: [`Ledger`] or [`AsyncLedger`]. Sealed.
pub trait Grouped: sealed::Awaited<Store: AsyncStore<Error = <Self as Grouped>::Error>> {
    /// The error of its store.
    type Error: StoreError;
}

impl<S: Store> Grouped for Ledger<S> {
    type Error = S::Error;
}

impl<S: AsyncStore> Grouped for AsyncLedger<S> {
    type Error = S::Error;
}

mod sealed {
    use crate::ledger::{AsyncLedger, Ledger};
    use crate::store::{AsyncStore, Blocking, Store};

    pub trait Awaited {
        type Store: AsyncStore;

        /// The ledger as one that is awaited, whichever it is.
        fn awaited(&mut self) -> &mut AsyncLedger<Self::Store>;
    }

    impl<S: Store> Awaited for Ledger<S> {
        type Store = Blocking<S>;

        fn awaited(&mut self) -> &mut AsyncLedger<Blocking<S>> {
            &mut self.0
        }
    }

    impl<S: AsyncStore> Awaited for AsyncLedger<S> {
        type Store = S;

        fn awaited(&mut self) -> &mut Self {
            self
        }
    }
}

/// The state that all handles share: when it is dropped, no caller is left.
struct Door<L: Grouped> {
    queue: Arc<Queue<L>>,
}

impl<L: Grouped> Drop for Door<L> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl<L: Grouped> GroupCommit<L> {
    /// A handle, and the driver that the host runs: on a thread for a [`Ledger`], as a task for an [`AsyncLedger`].
    pub fn new(ledger: L, options: GroupOptions) -> (Self, GroupDriver<L>) {
        let queue = Arc::new(Queue::new(options));
        let door = Arc::new(Door { queue: Arc::clone(&queue) });
        (Self { door }, GroupDriver::new(ledger, queue))
    }

    /// Accepts no more commands, by any handle. Queued commands are still executed; the driver then ends.
    ///
    /// ```
    /// use scrip::ledger::{GroupCommit, GroupOptions};
    /// # use scrip::{Ledger, MemoryStore, Program, ProfileId, Amount, Redeem, Command};
    /// # let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let redeem = Redeem::strict(ProfileId::new("alice")?, Amount::from(4));
    /// # let command = Command::new("2025-06-15T02:00:00Z".parse()?, redeem);
    ///
    /// let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
    /// group.close();
    /// driver.run(); // Nothing was queued, so it ends at once.
    /// assert_eq!(group.commit(command).wait().unwrap_err().code(), "closed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.door.queue.close();
    }

    /// How many requests are queued and not yet begun.
    ///
    /// ```
    /// use scrip::ledger::{GroupCommit, GroupOptions};
    /// # use scrip::{Ledger, MemoryStore, Program, ProfileId, Amount, Redeem, Command};
    /// # let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let redeem = Redeem::strict(ProfileId::new("alice")?, Amount::from(4));
    /// # let command = Command::new("2025-06-15T02:00:00Z".parse()?, redeem);
    ///
    /// let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
    /// let pending = group.commit(command);
    /// assert_eq!(group.queued(), 1);
    /// # drop((pending, driver));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queued(&self) -> usize {
        self.door.queue.len()
    }

    fn send<T>(&self, job: Job<L>, slot: Answers<T, L::Error>) -> Pending<T, L> {
        match self.door.queue.push(job) {
            Ok(()) | Err(Unqueued::Closed) => Pending { slot, unqueued: None },
            Err(Unqueued::Full(job)) => {
                let unqueued = Unsent { door: Arc::clone(&self.door), job: Some(*job), number: None };
                Pending { slot, unqueued: Some(unqueued) }
            }
        }
    }
}

impl<L: Grouped> GroupCommit<L>
where
    L::Error: Send + Sync + 'static,
{
    /// Carries out a command, as [`Ledger::run`], in one batch with whatever else comes in. It is queued at once if there
    /// is room, and otherwise when it is waited for.
    pub fn commit<A: IsRequest>(&self, command: Command<A>) -> Pending<Receipt<A::Outcome>, L>
    where
        A::Outcome: 'static,
    {
        let (job, slot) = commit_job(command);
        self.send(job, slot)
    }

    /// The same, if there is room in the queue now.
    ///
    /// ```
    /// use scrip::ledger::{GroupCommit, GroupOptions};
    /// # use scrip::{Ledger, MemoryStore, Program, ProfileId, Amount, Redeem, Command};
    /// # let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let redeem = Redeem::strict(ProfileId::new("alice")?, Amount::from(4));
    /// # let command = Command::new("2025-06-15T02:00:00Z".parse()?, redeem);
    ///
    /// let (group, driver) = GroupCommit::new(ledger, GroupOptions::default().queue(1));
    /// let first = group.try_commit(command.clone()).expect("room for one");
    /// assert!(group.try_commit(command).is_err());
    /// # drop((first, driver));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// There is none. If it is not full but closed, then that is the answer to the command.
    pub fn try_commit<A: IsRequest>(
        &self,
        command: Command<A>,
    ) -> Result<Pending<Receipt<A::Outcome>, L>, QueueFull>
    where
        A::Outcome: 'static,
    {
        let (job, slot) = commit_job(command);
        match self.door.queue.push(job) {
            Err(Unqueued::Full(_)) => Err(QueueFull),
            Ok(()) | Err(Unqueued::Closed) => Ok(Pending { slot, unqueued: None }),
        }
    }
}

type Answers<T, E> = Arc<Slot<Result<T, Error<E>>>>;

/// A job, and where its answer will be.
type Queueable<T, L> = (Job<L>, Answers<T, <L as Grouped>::Error>);

fn commit_job<A: IsRequest, L: Grouped>(command: Command<A>) -> Queueable<Receipt<A::Outcome>, L>
where
    A::Outcome: 'static,
    L::Error: Send + Sync + 'static,
{
    let slot = Slot::new();
    let typed = Reply::into(&slot);
    let reply = Reply::new(move |answer: Result<Receipt<Outcome>, _>| {
        typed.answer(answer.and_then(|receipt| {
            let Receipt { outcome, disposition, is_staged } = receipt;
            // A request of one kind has an outcome of that kind.
            let outcome = A::outcome_of(outcome).ok_or(Error::InDoubt)?;
            Ok(Receipt { outcome, disposition, is_staged })
        }));
    });
    let Command { at, key, if_version, request } = command;
    (Job::Commit(Command { at, key, if_version, request: request.into_request() }, reply), slot)
}

/// An answer that is on its way: await it, or [`wait`](Pending::wait) for it.
///
/// A commit answers as [`Ledger::run`] does, or with [`Error::Closed`].
#[must_use = "it may not be queued until it is waited for"]
pub struct Pending<T, L: Grouped> {
    slot: Answers<T, L::Error>,
    /// The job that found no room in the queue yet.
    unqueued: Option<Unsent<L>>,
}

struct Unsent<L: Grouped> {
    door: Arc<Door<L>>,
    job: Option<Job<L>>,
    number: Option<u64>,
}

impl<L: Grouped> Drop for Unsent<L> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.door.queue.leave(number);
        }
    }
}

impl<T, L: Grouped> Pending<T, L> {
    /// Blocks the thread until the answer is there. Not for tasks: those await it.
    ///
    /// # Errors
    /// As [`Ledger::run`], or [`Error::Closed`].
    pub fn wait(self) -> Result<T, Error<L::Error>> {
        wait(self)
    }
}

// Nothing in it is pinned.
impl<T, L: Grouped> Unpin for Pending<T, L> {}

impl<T, L: Grouped> Future for Pending<T, L> {
    type Output = Result<T, Error<L::Error>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(unsent) = &mut self.unqueued
            && let Some(job) = unsent.job.take()
        {
            let waker = context.waker();
            match unsent.door.queue.push_or_wait(job, &mut unsent.number, Some(waker)) {
                Err(Unqueued::Full(job)) => {
                    unsent.job = Some(*job);
                    return Poll::Pending;
                }
                Ok(()) | Err(Unqueued::Closed) => self.unqueued = None,
            }
        }
        self.slot.poll(context)
    }
}

// Not derived: neither the ledger nor the answer need be cloned or shown.
impl<L: Grouped> Clone for GroupCommit<L> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door) }
    }
}

impl<L: Grouped> fmt::Debug for GroupCommit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("queued", &self.queued()).finish_non_exhaustive()
    }
}

impl<T, L: Grouped> fmt::Debug for Pending<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_queued = self.unqueued.is_none();
        f.debug_struct("Pending").field("is_queued", &is_queued).finish_non_exhaustive()
    }
}
