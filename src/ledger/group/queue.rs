//! The queue between the callers and the one driver: bounded, first come first served, and closed once.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::ops::RangeFrom;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::Receipt;
use crate::ledger::group::answer::Reply;
use crate::ledger::group::{Call, GroupOptions, Grouped};
use crate::ops::request::{Command, Outcome};

/// A job in the queue: a command, or a call with the ledger.
#[allow(clippy::large_enum_variant)] // It is nearly always the large one.
pub(super) enum Job<L: Grouped> {
    Commit(Command, CommitReply<L>),
    Call(Call<L>),
}

pub(super) type CommitReply<L> = Reply<Receipt<Outcome>, <L as Grouped>::Error>;

/// What the driver does next: the commands in one work, then the calls one by one.
pub(super) struct Batch<L: Grouped> {
    pub(super) commands: Vec<Command>,
    pub(super) replies: Vec<CommitReply<L>>,
    pub(super) calls: VecDeque<Call<L>>,
}

/// A job that was not taken, and why.
pub(super) enum Unqueued<L: Grouped> {
    Full(Box<Job<L>>),
    /// It was dropped, and so answered.
    Closed,
}

pub(super) struct Queue<L: Grouped> {
    options: GroupOptions,
    state: Mutex<State<L>>,
}

struct State<L: Grouped> {
    commits: VecDeque<(Command, CommitReply<L>)>,
    calls: VecDeque<Call<L>>,
    is_closed: bool,
    driver: Option<Waker>,
    /// Those who wait for room, by a number that is theirs for as long as they wait.
    waiting: BTreeMap<u64, Waker>,
    /// The numbers that were not given to a request yet.
    numbers: RangeFrom<u64>,
}

impl<L: Grouped> State<L> {
    #[allow(clippy::arithmetic_side_effects)] // Two lists that fit into one memory.
    fn len(&self) -> usize {
        self.commits.len() + self.calls.len()
    }
}

impl<L: Grouped> Queue<L> {
    pub(super) fn new(options: GroupOptions) -> Self {
        let state = State {
            commits: VecDeque::new(),
            calls: VecDeque::new(),
            is_closed: false,
            driver: None,
            waiting: BTreeMap::new(),
            numbers: 1..,
        };
        Self { options, state: Mutex::new(state) }
    }

    // Nothing that could panic runs while it is locked, and no code of the host's: wakers are called and jobs are dropped
    // after it was let go.
    fn lock(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Queues a job, or gives it back.
    pub(super) fn push(&self, job: Job<L>) -> Result<(), Unqueued<L>> {
        self.push_or_wait(job, &mut None, None)
    }

    /// Queues a job; or gives it back, and wakes the waker when it may be tried again. `number` says who is waiting.
    pub(super) fn push_or_wait(
        &self,
        job: Job<L>,
        number: &mut Option<u64>,
        waker: Option<&Waker>,
    ) -> Result<(), Unqueued<L>> {
        let mut state = self.lock();
        if state.is_closed {
            // Dropped after it was let go: that answers, and wakes.
            drop(state);
            drop(job);
            return Err(Unqueued::Closed);
        }
        if state.len() >= self.options.queue {
            if let Some(waker) = waker {
                let number = *number.get_or_insert(state.numbers.start);
                state.numbers.next();
                state.waiting.insert(number, waker.clone());
            }
            return Err(Unqueued::Full(Box::new(job)));
        }
        match job {
            Job::Commit(command, reply) => state.commits.push_back((command, reply)),
            Job::Call(call) => state.calls.push_back(call),
        }
        let driver = state.driver.take();
        drop(state);
        driver.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// The caller with this ticket number no longer waits.
    pub(super) fn leave(&self, number: u64) {
        let waker = self.lock().waiting.remove(&number);
        drop(waker);
    }

    /// What came in meanwhile, up to a batch of it; `None` once the queue is closed and empty.
    pub(super) async fn next(&self) -> Option<Batch<L>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Batch<L>>> {
        let mut state = self.lock();
        if state.len() == 0 {
            if state.is_closed {
                return Poll::Ready(None);
            }
            state.driver = Some(context.waker().clone());
            return Poll::Pending;
        }
        let size = state.commits.len().min(self.options.batch);
        let (commands, replies) = state.commits.drain(..size).unzip();
        // A call comes after the commits that were answered before it was made; those have left the queue long since.
        let calls = std::mem::take(&mut state.calls);
        // All of them: one that was woken and never looks again must not keep the room from the others.
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
        Poll::Ready(Some(Batch { commands, replies, calls }))
    }

    /// Accepts no more commands. Those that are queued stay, for the driver to finish.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        let driver = state.driver.take();
        drop(state);
        waiting.into_values().chain(driver).for_each(Waker::wake);
    }

    /// Closes the queue and drops its commands: their callers are told that they were not executed.
    pub(super) fn abandon(&self) {
        self.close();
        let mut state = self.lock();
        let queued = (std::mem::take(&mut state.commits), std::mem::take(&mut state.calls));
        drop(state);
        drop(queued);
    }
}
