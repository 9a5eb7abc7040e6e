//! The asynchronous ledger: how a program, a store and the units come together.

use super::error::Error;
use super::read::{Asking, Reading};
use super::unit::{Ask, Batch, RequestUnit, Run};
use super::{Answer, read};
use crate::account::NextExpiry;
use crate::engine::{Action, Asked, Disposition, Receipt, need};
use crate::id::{Key, LotId, ProfileId, ProfileNumber};
use crate::journal::{LotSnapshots, ValuedBalances};
use crate::ops::{Command, KeyedBatch, Quote, Redeem};
use crate::program::Program;
use crate::store::{AsOf, AsyncStore, Change};
use crate::time::Timestamp;
use crate::view::{Catalogue, Wallet};

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
    /// What a decision writes into, used again and again.
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

    /// The ledger at an instant: what can be done, and what is to be seen, now that it is so late (rule T1).
    pub const fn at(&mut self, now: Timestamp) -> AsyncLedgerAt<'_, S> {
        AsyncLedgerAt { ledger: self, at: now, key: None }
    }

    /// The ledger as it was at a past instant, or after an entry (rule J4).
    pub const fn as_of(&mut self, as_of: AsOf) -> AsyncLedgerAsOf<'_, S> {
        AsyncLedgerAsOf { ledger: self, reading: Reading::Past(as_of) }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub async fn run<A: Action>(&mut self, command: &Command<A>) -> Answer<A, S::Error> {
        let make = |outcome, disposition, is_staged| Receipt { outcome, disposition, is_staged };
        self.run_as(command.asked(), make).await
    }

    /// Carries out what is asked, and answers with what is made of its outcome.
    #[inline]
    async fn run_as<A: Action, T>(
        &mut self,
        asked: Asked<'_, A>,
        make: impl FnOnce(A::Outcome, Disposition, bool) -> T,
    ) -> Result<T, Error<S::Error>> {
        let mut needs = [need(asked)?];
        let mut units = [RequestUnit::new(&self.program, asked)];
        let driven = Run::new(&mut units, &mut needs, &mut self.space).drive(&mut self.store).await;
        let [unit] = &mut units;
        unit.answer_as(&driven, make)
    }

    /// Carries out many commands in one go, for any profiles. Each stands for itself: one that is refused does not
    /// stop the next, and the answers come in the order of the commands (rule D5).
    pub async fn run_all<A: Action>(&mut self, commands: &[Command<A>]) -> Vec<Answer<A, S::Error>> {
        let batch = Batch::new(&self.program, commands.iter().map(Command::asked));
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

/// A ledger at an instant; see [`AsyncLedger::at`].
#[derive(Debug)]
pub struct AsyncLedgerAt<'a, S> {
    pub(super) ledger: &'a mut AsyncLedger<S>,
    pub(super) at: Timestamp,
    pub(super) key: Option<Key>,
}

impl<S: AsyncStore> AsyncLedgerAt<'_, S> {
    /// The ledger at the same instant, with an idempotency key for its next request or batch: the same key with the
    /// same content is carried out once (rule J5).
    #[must_use]
    pub const fn keyed(&mut self, key: Key) -> AsyncLedgerAt<'_, S> {
        AsyncLedgerAt { ledger: self.ledger, at: self.at, key: Some(key) }
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub async fn commit<A: Action>(&mut self, request: A) -> Result<A::Outcome, Error<S::Error>> {
        let key = self.key.take();
        let asked = Asked { at: self.at, key: key.as_ref(), row: None, if_version: None, request: &request };
        self.ledger.run_as(asked, |outcome, _, _| outcome).await
    }

    /// Carries out a request, and says whether that was new.
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::commit`].
    pub async fn commit_with_receipt<A: Action>(&mut self, request: A) -> Answer<A, S::Error> {
        let key = self.key.take();
        let asked = Asked { at: self.at, key: key.as_ref(), row: None, if_version: None, request: &request };
        let make = |outcome, disposition, is_staged| Receipt { outcome, disposition, is_staged };
        self.ledger.run_as(asked, make).await
    }

    /// Carries out many requests in one go, as [`AsyncLedger::run_all`]; under a key, as one [`KeyedBatch`].
    pub async fn commit_all<A: Action>(
        &mut self,
        requests: impl IntoIterator<Item = A>,
    ) -> Vec<Answer<A, S::Error>> {
        match self.key.take() {
            Some(key) => self.ledger.run_batch(&KeyedBatch::new(self.at, key, requests)).await,
            None => self.ledger.run_all(&self.commands(requests)).await,
        }
    }

    /// What a redemption would take and from where, without taking it (rule C7).
    ///
    /// # Errors
    /// The rejection that committing it would meet, or the store failed.
    pub async fn quote(&mut self, redeem: &Redeem) -> Result<Quote, Error<S::Error>> {
        ask(&mut self.ledger.store, read::quote(&self.ledger.program, self.at, redeem)?).await
    }

    /// A profile's balances.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ask(&mut self.ledger.store, read::balances(&self.ledger.program, Reading::Now(self.at), profile))
            .await
    }

    /// Everything about a profile: its rewards and points, redemptions, transactions and journal.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet(&self.ledger.program, Reading::Now(self.at), profile)).await
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet_of(&self.ledger.program, Reading::Now(self.at), number))
            .await
    }

    /// A few lots of a profile, as they stand. It costs the same however long the journal is.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn lots(&mut self, profile: ProfileId, ids: &[LotId]) -> Result<LotSnapshots, Error<S::Error>> {
        ask(&mut self.ledger.store, read::lots(&self.ledger.program, self.at, profile, ids)).await
    }

    /// What of a profile's value expires next, and when.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::next_expiry(&self.ledger.program, Reading::Now(self.at), profile))
            .await
    }

    /// The definitions.
    ///
    /// # Errors
    /// The store failed.
    pub async fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        ask(&mut self.ledger.store, read::catalogue(Reading::Now(self.at))).await
    }

    fn commands<A>(&self, requests: impl IntoIterator<Item = A>) -> Vec<Command<A>> {
        requests.into_iter().map(|request| Command::new(self.at, request)).collect()
    }
}

/// A ledger as it was; see [`AsyncLedger::as_of`].
#[derive(Debug)]
pub struct AsyncLedgerAsOf<'a, S> {
    pub(super) ledger: &'a mut AsyncLedger<S>,
    pub(super) reading: Reading,
}

impl<S: AsyncStore> AsyncLedgerAsOf<'_, S> {
    /// A profile's balances then.
    ///
    /// # Errors
    /// The store failed.
    pub async fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ask(&mut self.ledger.store, read::balances(&self.ledger.program, self.reading, profile)).await
    }

    /// Everything about a profile then.
    ///
    /// # Errors
    /// The store failed.
    pub async fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet(&self.ledger.program, self.reading, profile)).await
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet_of(&self.ledger.program, self.reading, number)).await
    }

    /// What of a profile's value was to expire next then, and when.
    ///
    /// # Errors
    /// The store failed.
    pub async fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::next_expiry(&self.ledger.program, self.reading, profile)).await
    }

    /// The definitions then.
    ///
    /// # Errors
    /// The store failed.
    pub async fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        ask(&mut self.ledger.store, read::catalogue(self.reading)).await
    }
}
