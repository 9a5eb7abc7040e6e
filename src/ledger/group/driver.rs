//! The driver: it owns the ledger, and runs the queued commands batch by batch.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::ledger::group::answer::{durable, wait};
use crate::ledger::group::queue::{Batch, CommitReply, Queue};
use crate::ledger::group::{Call, Grouped};
use crate::ledger::{Answer, AsyncLedger, Error, Ledger};
use crate::ops::{Command, Request};
use crate::store::{AsyncStore, Store};

/// How many commands in a row must fail by themselves until the store is taken to be failing.
const IN_A_ROW: Range<u32> = 0..2;

/// The side of a [`GroupCommit`](super::GroupCommit) that owns the ledger. The host runs it, on a thread or as a task.
///
/// If it is dropped, or ends in a panic of the store's, no caller is left waiting: what was queued is answered with
/// [`Error::Closed`], and what was with the store with [`Error::InDoubt`].
#[must_use = "nothing is committed unless the driver runs"]
pub struct GroupDriver<L: Grouped> {
    ledger: L,
    queue: Abandoned<L>,
}

/// The driver's hold on the queue, which is not emptied any more once this is dropped.
struct Abandoned<L: Grouped>(Arc<Queue<L>>);

impl<L: Grouped> Drop for Abandoned<L> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<L: Grouped> GroupDriver<L> {
    pub(super) const fn new(ledger: L, queue: Arc<Queue<L>>) -> Self {
        Self { ledger, queue: Abandoned(queue) }
    }
}

impl<S: Store> GroupDriver<Ledger<S>> {
    /// Commits what is queued until the last handle is gone or [`close`](super::GroupCommit::close) was called, and the
    /// queue is empty; then gives the ledger back. It blocks the thread, which should be its own.
    ///
    /// # Panics
    /// The store panics, or what was called with [`with`](super::GroupCommit::with) does.
    pub fn run(self) -> Ledger<S> {
        wait(self.serve())
    }
}

impl<S: AsyncStore> GroupDriver<AsyncLedger<S>> {
    /// Commits what is queued until the last handle is gone or [`close`](super::GroupCommit::close) was called, and the
    /// queue is empty; then gives the ledger back. Spawn it on whatever runtime the store needs.
    ///
    /// # Panics
    /// The store panics, or what was called with [`with`](super::GroupCommit::with) does.
    pub async fn run(self) -> AsyncLedger<S> {
        self.serve().await
    }
}

impl<L: Grouped> GroupDriver<L> {
    async fn serve(self) -> L {
        let Self { mut ledger, queue } = self;
        while let Some(batch) = queue.0.next().await {
            let mut round = Round::new(batch);
            if !round.commands.is_empty() {
                round.answer(ledger.awaited().run_all(&round.commands).await);
            }
            while let Some(command) = round.next_alone() {
                let answer = ledger.awaited().run(command).await;
                round.answer_alone(answer);
            }
            for call in round.calls {
                call(&mut ledger).await;
            }
        }
        ledger
    }
}

/// A batch on its way: who has been answered, and who has not.
///
/// A store fails a whole run, perhaps for the sake of one account that it cannot read. So the commands that a failed run
/// left undone are run again one by one, and only the one to blame fails; unless they all do.
struct Round<L: Grouped> {
    commands: Vec<Command>,
    calls: VecDeque<Call<L>>,
    /// By command; `None` once it was answered.
    replies: Vec<Option<CommitReply<L>>>,
    /// Those left undone by a run that failed, each with the error.
    undone: VecDeque<(usize, Error<L::Error>)>,
    /// How many may still fail, one after the other.
    may_fail: Range<u32>,
}

impl<L: Grouped> Round<L> {
    fn new(batch: Batch<L>) -> Self {
        let Batch { commands, replies, calls } = batch;
        let mut replies: Vec<_> = replies.into_iter().map(Some).collect();
        replies.iter_mut().flatten().for_each(CommitReply::<L>::sent_to_store);
        Self { commands, calls, replies, undone: VecDeque::new(), may_fail: IN_A_ROW }
    }

    /// Hands out the answers of the batch.
    fn answer(&mut self, answers: Vec<Answer<Request, L::Error>>) {
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Err(error @ Error::Store(_)) => self.undone.push_back((index, error)),
                answer => self.tell(index, answer),
            }
        }
        // Alone it has been already.
        if self.commands.len() == 1 {
            self.give_up();
        }
    }

    /// The next command to run by itself.
    fn next_alone(&mut self) -> Option<&Command> {
        if self.may_fail.is_empty() {
            self.give_up();
        }
        let (index, _) = self.undone.front()?;
        self.commands.get(*index)
    }

    fn answer_alone(&mut self, answer: Answer<Request, L::Error>) {
        let Some((index, _)) = self.undone.pop_front() else { return };
        let is_failed = matches!(answer, Err(Error::Store(_)));
        if is_failed {
            self.may_fail.next();
        } else {
            self.may_fail = IN_A_ROW;
        }
        self.tell(index, answer);
    }

    fn give_up(&mut self) {
        while let Some((index, error)) = self.undone.pop_front() {
            self.tell(index, Err(error));
        }
    }

    fn tell(&mut self, index: usize, answer: Answer<Request, L::Error>) {
        let Some(reply) = self.replies.get_mut(index).and_then(Option::take) else { return };
        reply.answer(durable(answer));
    }
}

impl<L: Grouped> fmt::Debug for GroupDriver<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupDriver").field("queued", &self.queue.0.len()).finish_non_exhaustive()
    }
}
