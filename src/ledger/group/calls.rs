//! What else is done with the ledger, between two batches: whatever a caller wants, and batches under a key.

use std::future::{Future, ready};
use std::pin::Pin;

use super::answer::{Reply, Slot, durable};
use super::queue::Job;
use super::{GroupCommit, Pending};
use crate::engine::{Action, Receipt};
use crate::ledger::{Answer, AsyncLedger, Error, Ledger};
use crate::ops::KeyedBatch;
use crate::store::{AsyncStore, Store};

/// Something else to be done with the ledger, between two batches.
pub(super) type Call<L> = Box<dyn for<'a> FnOnce(&'a mut L) -> BoxFuture<'a, ()> + Send>;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<S: Store + 'static> GroupCommit<Ledger<S>>
where
    S::Error: Send + Sync + 'static,
{
    /// Does something else with the ledger, between two batches: balances, a quote, a sweep of all profiles. It sees every
    /// commit that was answered before. Nothing is committed while it runs, so let it be quick.
    ///
    /// Where a store has handles that read beside one another, a second handle reads without waiting for the queue.
    pub fn with<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Ledger<S>) -> T + Send + 'static,
    ) -> Pending<T, Ledger<S>> {
        let slot = Slot::new();
        let mut reply = Reply::into(&slot);
        let call: Call<Ledger<S>> = Box::new(move |ledger| {
            reply.sent_to_store();
            let value = call(ledger);
            reply.answer(Ok(value));
            Box::pin(ready(()))
        });
        self.send(Job::Call(call), slot)
    }

    /// Carries out a batch under its key, as [`Ledger::run_batch`]: between two batches, as [`with`](Self::with) does.
    ///
    /// ```
    /// use scrip::ledger::{GroupCommit, GroupOptions};
    /// use scrip::request::KeyedBatch;
    /// use scrip::{
    ///     Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, RewardDefinition,
    ///     Timestamp,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// let ten = ledger.at(now).commit(Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10))))?;
    /// let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
    /// let driver = std::thread::spawn(|| driver.run());
    ///
    /// let issue = |name| ProfileId::new(name).map(|profile| IssueReward::new(profile, ten.id));
    /// let batch = KeyedBatch::new(now, "import-7".parse()?, [issue("alice")?, issue("bob")?]);
    /// assert!(group.commit_batch(batch).wait()?.iter().all(Result::is_ok));
    /// # drop(group);
    /// # driver.join().unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn commit_batch<A: Action + Send + 'static>(
        &self,
        batch: KeyedBatch<A>,
    ) -> Pending<Vec<Answer<A, S::Error>>, Ledger<S>>
    where
        A::Outcome: 'static,
    {
        self.with(move |ledger| all_durable(ledger.run_batch(&batch)))
    }
}

impl<S: AsyncStore + Send + 'static> GroupCommit<AsyncLedger<S>>
where
    S::Error: Send + Sync + 'static,
{
    /// Does something else with the ledger, between two batches: balances, a quote, a sweep of all profiles. It sees every
    /// commit that was answered before. Nothing is committed while it runs, so let it be quick.
    ///
    /// Where a store has handles that read beside one another, a second handle reads without waiting for the queue.
    ///
    /// ```
    /// # use scrip::journal::ValuedBalances;
    /// # use scrip::ledger::GroupCommit;
    /// # use scrip::store::AsyncStore;
    /// # use scrip::{AsyncLedger, Error, ProfileId, Timestamp};
    /// # async fn example<S: AsyncStore + Send + 'static>(
    /// #     group: GroupCommit<AsyncLedger<S>>, now: Timestamp, alice: ProfileId,
    /// # ) -> Result<(), Error<S::Error>> where S::Error: Send + Sync + 'static {
    /// let balances = group.with(move |ledger| Box::pin(async move { ledger.at(now).balances(alice).await })).await??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with<T, F>(&self, call: F) -> Pending<T, AsyncLedger<S>>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut AsyncLedger<S>) -> Pin<Box<dyn Future<Output = T> + Send + 'a>>
            + Send
            + 'static,
    {
        let slot = Slot::new();
        let mut reply = Reply::into(&slot);
        let call: Call<AsyncLedger<S>> = Box::new(move |ledger| {
            Box::pin(async move {
                reply.sent_to_store();
                let value = call(ledger).await;
                reply.answer(Ok(value));
            })
        });
        self.send(Job::Call(call), slot)
    }

    /// Carries out a batch under its key, as [`AsyncLedger::run_batch`]: between two batches, as [`with`](Self::with) does.
    pub fn commit_batch<A: Action + Send + 'static>(
        &self,
        batch: KeyedBatch<A>,
    ) -> Pending<Vec<Answer<A, S::Error>>, AsyncLedger<S>>
    where
        A::Outcome: 'static,
    {
        self.with(move |ledger| Box::pin(async move { all_durable(ledger.run_batch(&batch).await) }))
    }
}

fn all_durable<O, E>(answers: Vec<Result<Receipt<O>, Error<E>>>) -> Vec<Result<Receipt<O>, Error<E>>> {
    answers.into_iter().map(durable).collect()
}
