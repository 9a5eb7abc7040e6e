//! The blocking ledger: the asynchronous one, polled once over a store that is always ready.

mod as_of;
mod at;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::Answer;
use super::asynchronous::AsyncLedger;
use super::error::Error;
use super::preview::Preview;
use crate::engine::Action;
use crate::ops::{Command, KeyedBatch};
use crate::program::Program;
use crate::store::{AsOf, Blocking, Store};
use crate::time::Timestamp;
pub use as_of::LedgerAsOf;
pub use at::LedgerAt;

/// A rewards ledger over a [`Store`].
///
/// The ledger has no clock: [`Ledger::at`] takes the instant, and answers with what can be done and seen then.
///
/// ```
/// use scrip::{
///     Amount, Define, IssueReward, Ledger, MemoryStore, PeriodType, ProfileId, Program, Redeem,
///     RewardDefinition,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// let alice = ProfileId::new("alice")?;
///
/// let birthday = RewardDefinition::new("birthday-reward".parse()?, "Birthday Reward", Amount::from(10))
///     .valid_for(30, PeriodType::Days);
/// let birthday = till.commit(Define::from(birthday))?;
/// till.commit(IssueReward::new(alice, birthday.id))?;
///
/// let redemption = till.commit(Redeem::strict(alice, "7.50".parse()?))?;
/// assert_eq!(redemption.items.len(), 1);
/// assert_eq!(till.balances(alice)?.reward_balance, "2.50".parse()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ledger<S>(pub(super) AsyncLedger<Blocking<S>>);

impl<S: Store> Ledger<S> {
    /// A ledger that keeps a program's accounts in a store.
    ///
    /// ```
    /// use scrip::{Ledger, MemoryStore, Program};
    ///
    /// let ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// assert_eq!(ledger.program().settings().currency.code(), "AUD");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn new(program: Program, store: S) -> Self {
        Self(AsyncLedger::new(program, Blocking(store)))
    }

    /// The program.
    pub const fn program(&self) -> &Program {
        &self.0.program
    }

    /// The store.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// // A handle of a memory store sees what another one writes.
    /// let mut other = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, ledger.store().clone());
    /// let now = "2025-06-15T14:32:00+10:00".parse()?;
    /// assert_eq!(other.at(now).balances(alice)?.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn store(&mut self) -> &mut S {
        &mut self.0.store.0
    }

    /// The ledger at an instant: its commands and queries take this instant as now (rule T1).
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let mut till = ledger.at("2025-06-16T09:00:00+10:00".parse()?);
    /// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(10));
    /// // Time does not run backwards for an account (rule T6).
    /// let earlier = ledger.at("2025-06-14T09:00:00+10:00".parse()?).balances(alice).unwrap_err();
    /// assert_eq!(earlier.code(), "time_reversed");
    /// # Ok(())
    /// # }
    /// ```
    pub const fn at(&mut self, now: Timestamp) -> LedgerAt<'_, S> {
        LedgerAt(self.0.at(now))
    }

    /// The ledger as it was at a past instant, or after an entry (rule J4).
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     Redeem, RewardDefinition, Timestamp,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = ledger.at(now).commit(Define::from(ten))?;
    /// # let reward = ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// ledger.at(now).commit(Redeem::strict(alice, Amount::from(4)))?;
    /// // After the first entry of the journal, the issue:
    /// let before = ledger.as_of(AsOf::Sequence(1)).balances(alice)?;
    /// assert_eq!(before.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn as_of(&mut self, as_of: AsOf) -> LedgerAsOf<'_, S> {
        LedgerAsOf(self.0.as_of(as_of))
    }

    /// Carries out a command.
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     Redeem, RewardDefinition, Timestamp,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = ledger.at(now).commit(Define::from(ten))?;
    /// # let reward = ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    /// let command = Command::new(now, Redeem::strict(alice, Amount::from(4)));
    /// let receipt = ledger.run(&command)?;
    /// assert_eq!(receipt.outcome.total, Amount::from(4));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`](crate::Error) tells which.
    pub fn run<A: Action>(&mut self, command: &Command<A>) -> Answer<A, S::Error> {
        ready(self.0.run(command))
    }

    /// Previews a command: what it would write and answer, and the balances before and after, with nothing done. Its
    /// idempotency key is looked for, as running it would, and stays unused.
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     Redeem, RewardDefinition, Timestamp,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = ledger.at(now).commit(Define::from(ten))?;
    /// # let reward = ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    /// let command = Command::new(now, Redeem::strict(alice, Amount::from(4)));
    /// let preview = ledger.preview(&command)?;
    /// assert_eq!(preview.after.reward_balance, Amount::from(6));
    /// assert_eq!(ledger.run(&command)?, preview.decision.receipt);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error that running it would meet, or the store failed.
    pub fn preview<A: Action>(
        &mut self,
        command: &Command<A>,
    ) -> Result<Preview<A::Outcome>, Error<S::Error>> {
        ready(self.0.preview(command))
    }

    /// Carries out many commands in one go, for any profiles. Each stands for itself: one that is refused does not
    /// stop the next, and the answers come in the order of the commands (rule D5).
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Command, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     Redeem, RewardDefinition, Timestamp,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = ledger.at(now).commit(Define::from(ten))?;
    /// # let reward = ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    /// let commands = [4, 9, 6].map(|amount| Command::new(now, Redeem::strict(alice, Amount::from(amount))));
    /// let answers = ledger.run_all(&commands);
    /// // The second asks for more than is left; the third does not.
    /// assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_all<A: Action>(&mut self, commands: &[Command<A>]) -> Vec<Answer<A, S::Error>> {
        ready(self.0.run_all(commands))
    }

    /// Carries out a batch under its key, in one go, for any profiles. The answers come in the order of the rows; one that
    /// is refused does not stop the next (rule D5), and burns nothing.
    ///
    /// If a profile of the batch knows its key from anything else, every answer is
    /// [`Error::KeyReused`](crate::Error::KeyReused), and nothing is done; nor is it if they cannot all be asked.
    ///
    /// ```
    /// # use scrip::request::KeyedBatch;
    /// # use scrip::{
    /// #     Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     RewardDefinition, Timestamp,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let (alice, bob) = (ProfileId::new("alice")?, ProfileId::new("bob")?);
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = ledger.at(now).commit(Define::from(ten))?;
    /// let issue = |profile| IssueReward::new(profile, ten.id);
    /// let batch = KeyedBatch::new(now, "import-7".parse()?, [issue(alice), issue(bob)]);
    /// assert!(ledger.run_batch(&batch).iter().all(Result::is_ok));
    ///
    /// let other = KeyedBatch::new(now, "import-7".parse()?, [issue(bob), issue(alice)]);
    /// let codes: Vec<_> = ledger.run_batch(&other).iter().map(|answer| answer.as_ref().unwrap_err().code()).collect();
    /// assert_eq!(codes, ["key_reused", "key_reused"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_batch<A: Action>(&mut self, batch: &KeyedBatch<A>) -> Vec<Answer<A, S::Error>> {
        ready(self.0.run_batch(batch))
    }
}

/// The output of a future that never waits: over a blocking store, each is ready when it is first polled.
#[inline(always)]
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
