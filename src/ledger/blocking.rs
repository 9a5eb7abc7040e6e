//! The shell over a store that blocks.

use super::driver::{Batch, MAX_ATTEMPTS, Single};
use super::error::Error;
use super::read::{Question, Reading};
use super::{Answer, read};
use crate::account::NextExpiry;
use crate::engine::{Action, Receipt, Rejection};
use crate::id::{Key, LotId, ProfileId, ProfileNumber};
use crate::journal::{LotSnapshots, ValuedBalances};
use crate::ops::{Command, Quote, Redeem};
use crate::program::Program;
use crate::store::{AsOf, Change, Store};
use crate::time::Timestamp;
use crate::view::{Catalogue, Wallet};

/// A rewards ledger over a [`Store`].
///
/// The ledger has no clock: [`Ledger::at`] takes the instant, and answers with what can be done and seen then.
///
/// ```
/// use scrip::{Amount, Define, IssueReward, Ledger, MemoryStore, PeriodType, ProfileId, Program, Redeem};
/// use scrip::RewardDefinition;
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
pub struct Ledger<S> {
    pub(super) program: Program,
    pub(super) store: S,
    /// What a decision writes into, used again and again.
    space: Change,
}

impl<S: Store> Ledger<S> {
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
    pub const fn at(&mut self, now: Timestamp) -> LedgerAt<'_, S> {
        LedgerAt { ledger: self, at: now, key: None }
    }

    /// The ledger as it was at a past instant, or after an entry (rule J4).
    pub const fn as_of(&mut self, as_of: AsOf) -> LedgerAsOf<'_, S> {
        LedgerAsOf { ledger: self, reading: Reading::Past(as_of) }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub fn run<A: Action>(&mut self, command: &Command<A>) -> Answer<A, S::Error> {
        let mut outcome = None;
        match self.store.at_once(&self.program, command, &mut outcome) {
            Some(Ok(())) => match outcome {
                Some(outcome) => Ok(Receipt::new(outcome)),
                None => self.run_in_full(command),
            },
            Some(Err(rejection)) => Err(Error::Rejected(rejection)),
            None => self.run_in_full(command),
        }
    }

    #[inline(never)]
    fn run_in_full<A: Action>(&mut self, command: &Command<A>) -> Answer<A, S::Error> {
        let mut single = Single::new(&self.program, command, std::mem::take(&mut self.space))?;
        let failure = loop {
            match self.store.run(&mut single) {
                Ok(()) if single.is_open() => {}
                result => break result.err(),
            }
        };
        let (answer, space) = single.finish(failure);
        self.space = space;
        answer
    }

    /// Carries out many commands in one go, for any profiles. Each stands for itself: one that is refused does not
    /// stop the next, and the answers come in the order of the commands (rule D5).
    pub fn run_all<A: Action>(&mut self, commands: &[Command<A>]) -> Vec<Answer<A, S::Error>> {
        if self.store.is_in_memory() {
            return self.run_all_in_memory(commands);
        }
        let mut batch = Batch::new(&self.program, commands, std::mem::take(&mut self.space));
        let mut failure = None;
        while batch.is_open() && failure.is_none() {
            failure = self.store.run(&mut batch).err();
            if failure.is_none() {
                batch.next_attempt();
            }
        }
        let (answers, space) = batch.finish(failure);
        self.space = space;
        answers
    }

    /// One after the other; many plain ones after one another go together.
    fn run_all_in_memory<A: Action>(&mut self, commands: &[Command<A>]) -> Vec<Answer<A, S::Error>> {
        let mut answers = Vec::with_capacity(commands.len());
        while let Some(rest) = commands.get(answers.len()..).filter(|rest| !rest.is_empty()) {
            let mut keep = |result: Result<A::Outcome, Rejection>| {
                answers.push(result.map(Receipt::new).map_err(Error::Rejected));
            };
            if self.store.many_at_once(&self.program, rest, &mut keep) == 0
                && let Some(command) = rest.first()
            {
                answers.push(self.run(command));
            }
        }
        answers
    }
}

pub(super) fn ask<S: Store, Q: Question>(
    store: &mut S,
    mut question: Q,
) -> Result<Q::Answer, Error<S::Error>> {
    let mut run = store.run(&mut question);
    for _ in 0..MAX_ATTEMPTS {
        if run.is_err() || !question.leads_elsewhere() {
            break;
        }
        run = store.run(&mut question);
    }
    question.finish(run)
}

/// A ledger at an instant; see [`Ledger::at`].
#[derive(Debug)]
pub struct LedgerAt<'a, S> {
    pub(super) ledger: &'a mut Ledger<S>,
    pub(super) at: Timestamp,
    pub(super) key: Option<Key>,
}

impl<S: Store> LedgerAt<'_, S> {
    /// The same, with an idempotency key for the next request: the same key with the same content is carried out
    /// once (rule J5).
    #[must_use]
    pub fn keyed(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub fn commit<A: Action>(&mut self, request: A) -> Result<A::Outcome, Error<S::Error>> {
        self.commit_with_receipt(request).map(|receipt| receipt.outcome)
    }

    /// Carries out a request, and says whether that was new.
    ///
    /// # Errors
    /// As [`LedgerAt::commit`].
    pub fn commit_with_receipt<A: Action>(&mut self, request: A) -> Answer<A, S::Error> {
        self.ledger.run(&Command { at: self.at, key: self.key.take(), request })
    }

    /// Carries out many requests in one go, as [`Ledger::run_all`]; none of them under a key.
    pub fn commit_all<A: Action>(
        &mut self,
        requests: impl IntoIterator<Item = A>,
    ) -> Vec<Answer<A, S::Error>> {
        let commands: Vec<_> = requests.into_iter().map(|request| Command::new(self.at, request)).collect();
        self.ledger.run_all(&commands)
    }

    /// What a redemption would take and from where, without taking it (rule C7).
    ///
    /// # Errors
    /// The rejection that committing it would meet, or the store failed.
    pub fn quote(&mut self, redeem: &Redeem) -> Result<Quote, Error<S::Error>> {
        ask(&mut self.ledger.store, read::quote(&self.ledger.program, self.at, redeem)?)
    }

    /// A profile's balances.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        self.as_of().balances(profile)
    }

    /// Everything about a profile: its rewards and points, redemptions, transactions and journal.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        self.as_of().wallet(profile)
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        self.as_of().wallet_of(number)
    }

    /// A few lots of a profile, as they stand. It costs the same however long the journal is.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn lots(&mut self, profile: ProfileId, ids: &[LotId]) -> Result<LotSnapshots, Error<S::Error>> {
        ask(&mut self.ledger.store, read::lots(&self.ledger.program, self.at, profile, ids))
    }

    /// What of a profile's value expires next, and when.
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        self.as_of().next_expiry(profile)
    }

    /// The definitions.
    ///
    /// # Errors
    /// The store failed.
    pub fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        self.as_of().catalogue()
    }

    const fn as_of(&mut self) -> LedgerAsOf<'_, S> {
        LedgerAsOf { reading: Reading::Now(self.at), ledger: self.ledger }
    }
}

/// A ledger as it was; see [`Ledger::as_of`].
#[derive(Debug)]
pub struct LedgerAsOf<'a, S> {
    ledger: &'a mut Ledger<S>,
    reading: Reading,
}

impl<S: Store> LedgerAsOf<'_, S> {
    /// A profile's balances then.
    ///
    /// # Errors
    /// The store failed.
    pub fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ask(&mut self.ledger.store, read::balances(&self.ledger.program, self.reading, profile))
    }

    /// Everything about a profile then.
    ///
    /// # Errors
    /// The store failed.
    pub fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet(&self.ledger.program, self.reading, profile))
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
    ///
    /// # Errors
    /// The store failed.
    pub fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet_of(&self.ledger.program, self.reading, number))
    }

    /// What of a profile's value was to expire next then, and when.
    ///
    /// # Errors
    /// The store failed.
    pub fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::next_expiry(&self.ledger.program, self.reading, profile))
    }

    /// The definitions then.
    ///
    /// # Errors
    /// The store failed.
    pub fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        ask(&mut self.ledger.store, read::catalogue(self.reading))
    }
}
