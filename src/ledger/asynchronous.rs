//! The asynchronous ledger: how a program, a store and the units come together.

/// Runs a request, and answers with the value made from its outcome. This is no function, as a future that another one
/// awaits is moved whole, with the room for all that it does.
macro_rules! carry_out {
    ($ledger:expr, $asked:expr, $make:expr) => {{
        let AsyncLedger { program, store, space } = $ledger;
        let mut outcome = None;
        let done = {
            let mut need = match need(program, $asked) {
                Ok(need) => need,
                Err(rejection) => return Err(rejection.into()),
            };
            let mut unit = RequestUnit::new(program, $asked, &mut outcome);
            let driven = Run::new(from_mut(&mut unit), from_mut(&mut need), space).drive(store).await;
            unit.done(&driven)
        };
        answer(done, outcome, $make)
    }};
}

mod as_of;
mod at;

use std::slice::from_mut;

pub use self::as_of::AsyncLedgerAsOf;
pub use self::at::AsyncLedgerAt;
use super::Answer;
use super::error::Error;
use super::preview::{Preview, PreviewUnit};
use super::read::{Asking, Reading};
use super::unit::{Ask, RequestBatch, RequestUnit, Run, answer, receipt};
use crate::engine::{Action, Asked, need};
use crate::ops::Command;
use crate::program::Program;
use crate::store::{AsOf, AsyncStore, Change};
use crate::time::Timestamp;

/// A rewards ledger over an [`AsyncStore`]: [`Ledger`](crate::Ledger) with `.await`.
///
/// ```
/// use scrip::store::Blocking;
/// use scrip::{
///     Amount, AsyncLedger, Define, IssueReward, MemoryStore, ProfileId, Program, Redeem,
///     RewardDefinition,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Any blocking store can stand in for an asynchronous one.
/// let store = Blocking(MemoryStore::new());
/// let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
/// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// let alice = ProfileId::new("alice")?;
///
/// let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
/// let ten = till.commit(Define::from(ten)).await?;
/// till.commit(IssueReward::new(alice, ten.id)).await?;
///
/// let redemption = till.commit(Redeem::strict(alice, Amount::from(4))).await?;
/// assert_eq!(till.redemption(redemption.id).await?, Some(redemption));
/// assert_eq!(till.balances(alice).await?.reward_balance, Amount::from(6));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncLedger<S> {
    pub(super) program: Program,
    pub(super) store: S,
    /// The buffer that decisions write into, reused each time.
    pub(super) space: Change,
}

impl<S: AsyncStore> AsyncLedger<S> {
    /// A ledger that keeps a program's accounts in a store.
    pub const fn new(program: Program, store: S) -> Self {
        Self { program, store, space: Change { first: Vec::new(), second: Vec::new() } }
    }

    /// The program.
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// The store.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// The ledger at an instant: its commands and queries take this instant as now (rule T1).
    ///
    /// ```
    /// # use scrip::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = scrip::store::Blocking(MemoryStore::new());
    /// # let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let mut till = ledger.at(now);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten).await?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id)).await?;
    /// let mut till = ledger.at("2025-06-16T09:00:00+10:00".parse()?);
    /// assert_eq!(till.balances(alice).await?.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn at(&mut self, now: Timestamp) -> AsyncLedgerAt<'_, S> {
        AsyncLedgerAt { ledger: self, at: now, key: None }
    }

    /// The ledger as it was at a past instant, or after an entry (rule J4).
    ///
    /// ```
    /// # use scrip::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = scrip::store::Blocking(MemoryStore::new());
    /// # let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let mut till = ledger.at(now);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten).await?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id)).await?;
    /// use scrip::store::AsOf;
    ///
    /// till.commit(Redeem::strict(alice, Amount::from(4))).await?;
    /// // After the first entry of the journal, the issue:
    /// let before = ledger.as_of(AsOf::Sequence(1)).balances(alice).await?;
    /// assert_eq!(before.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn as_of(&mut self, as_of: AsOf) -> AsyncLedgerAsOf<'_, S> {
        AsyncLedgerAsOf { ledger: self, reading: Reading::Past(as_of) }
    }

    /// Carries out a command.
    ///
    /// ```
    /// # use scrip::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = scrip::store::Blocking(MemoryStore::new());
    /// # let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let mut till = ledger.at(now);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten).await?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id)).await?;
    /// let command = Command::new(now, Redeem::strict(alice, Amount::from(4)));
    /// let receipt = ledger.run(&command).await?;
    /// assert_eq!(receipt.outcome.total, Amount::from(4));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub async fn run<A: Action>(&mut self, command: &Command<A>) -> Answer<A, S::Error> {
        carry_out!(self, command.asked(), receipt)
    }

    /// Previews a command: what it would write and answer, and the balances before and after, with nothing done. Its
    /// idempotency key is looked for, as running it would, and stays unused.
    ///
    /// ```
    /// # use scrip::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = scrip::store::Blocking(MemoryStore::new());
    /// # let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let mut till = ledger.at(now);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten).await?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id)).await?;
    /// let command = Command::new(now, Redeem::strict(alice, Amount::from(4)));
    /// let preview = ledger.preview(&command).await?;
    /// assert_eq!(preview.after.reward_balance, Amount::from(6));
    /// assert_eq!(ledger.run(&command).await?, preview.decision.receipt);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error that running it would meet, or the store failed.
    pub async fn preview<A: Action>(
        &mut self,
        command: &Command<A>,
    ) -> Result<Preview<A::Outcome>, Error<S::Error>> {
        self.preview_asked(command.asked()).await
    }

    /// Decides a request, and gives the store nothing to write.
    async fn preview_asked<A: Action>(
        &mut self,
        asked: Asked<'_, A>,
    ) -> Result<Preview<A::Outcome>, Error<S::Error>> {
        let mut need = need(&self.program, asked)?;
        let mut outcome = None;
        let mut unit = PreviewUnit::new(&self.program, asked, &mut outcome);
        let (units, needs) = (from_mut(&mut unit), from_mut(&mut need));
        let driven = Run::new(units, needs, &mut Change::default()).drive(&mut self.store).await;
        unit.answer(&driven)
    }

    /// Carries out many commands in one go, for any profiles. Each stands for itself: one that is refused does not
    /// stop the next, and the answers come in the order of the commands (rule D5).
    ///
    /// ```
    /// # use scrip::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = scrip::store::Blocking(MemoryStore::new());
    /// # let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let mut till = ledger.at(now);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten).await?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id)).await?;
    /// let commands = [4, 9, 6].map(|amount| Command::new(now, Redeem::strict(alice, Amount::from(amount))));
    /// let answers = ledger.run_all(&commands).await;
    /// // The second asks for more than is left; the third does not.
    /// assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_all<A: Action>(&mut self, commands: &[Command<A>]) -> Vec<Answer<A, S::Error>> {
        let batch = RequestBatch::new(&self.program, commands.iter().map(Command::asked));
        batch.run(&mut self.store, &mut self.space).await
    }
}

pub(super) async fn ask<S, T, F>(store: &mut S, asking: Asking<T, F>) -> Result<T, Error<S::Error>>
where
    S: AsyncStore,
    T: Send,
    F: Ask<T>,
{
    let Asking { need, question } = asking;
    let (mut units, mut needs) = ([question], [need]);
    let driven = Run::new(&mut units, &mut needs, &mut Change::default()).drive(store).await;
    let [question] = units;
    question.answer(&driven)
}

/// The answers to many questions of the same kind, loaded together.
pub(super) async fn ask_all<S, T, F>(
    store: &mut S,
    asking: impl IntoIterator<Item = Asking<T, F>>,
) -> Result<Vec<T>, Error<S::Error>>
where
    S: AsyncStore,
    T: Send,
    F: Ask<T>,
{
    let asking = asking.into_iter().map(|Asking { need, question }| (question, need));
    let (mut units, mut needs): (Vec<_>, Vec<_>) = asking.unzip();
    let driven = Run::new(&mut units, &mut needs, &mut Change::default()).drive(store).await;
    units.into_iter().map(|question| question.answer(&driven)).collect()
}
