//! The asynchronous ledger at an instant.

use std::ops::Range;
use std::slice::from_mut;

use super::{AsyncLedger, ask};
use crate::account::NextExpiry;
use crate::engine::{Action, Asked, need};
use crate::id::{DefinitionId, Key, LotId, ProfileId, ProfileNumber};
use crate::journal::{LotSnapshots, ValuedBalances};
use crate::ledger::preview::Preview;
use crate::ledger::read::{self, Reading};
use crate::ledger::unit::{RequestUnit, Run, answer, receipt};
use crate::ledger::{Answer, Error};
use crate::ops::{Command, KeyedBatch, Quote, Redeem};
use crate::store::AsyncStore;
use crate::time::Timestamp;
use crate::value::Points;
use crate::view::{Catalogue, Wallet};

/// A ledger at an instant; see [`AsyncLedger::at`].
#[derive(Debug)]
pub struct AsyncLedgerAt<'a, S> {
    pub(in crate::ledger) ledger: &'a mut AsyncLedger<S>,
    pub(in crate::ledger) at: Timestamp,
    pub(in crate::ledger) key: Option<Key>,
}

impl<S: AsyncStore> AsyncLedgerAt<'_, S> {
    /// The ledger at the same instant, with an idempotency key for its next request or batch: the same key with the
    /// same content is carried out once (rule J5).
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
    /// let redeem = Redeem::strict(alice, Amount::from(4));
    /// let first = till.keyed("till-7/0042".parse()?).commit(redeem.clone()).await?;
    /// // The answer got lost, so the till asks again:
    /// let again = till.keyed("till-7/0042".parse()?).commit(redeem).await?;
    /// assert_eq!(first, again);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn keyed(&mut self, key: Key) -> AsyncLedgerAt<'_, S> {
        AsyncLedgerAt { ledger: self.ledger, at: self.at, key: Some(key) }
    }

    /// Carries out a request.
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
    /// let redemption = till.commit(Redeem::strict(alice, Amount::from(4))).await?;
    /// assert_eq!(redemption.total, Amount::from(4));
    ///
    /// let refused = till.commit(Redeem::strict(alice, Amount::from(7))).await.unwrap_err();
    /// assert_eq!(refused.code(), "insufficient_value");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    // An `async fn` moves its arguments once more.
    #[allow(clippy::manual_async_fn)]
    pub fn commit<A: Action>(
        &mut self,
        request: A,
    ) -> impl Future<Output = Result<A::Outcome, Error<S::Error>>> {
        async move {
            let key = self.key.take();
            let (key, request) = (key.as_ref(), &request);
            let asked = Asked { at: self.at, key, row: None, if_version: None, request };
            carry_out!(&mut *self.ledger, asked, |outcome, _| outcome)
        }
    }

    /// Carries out a request, and says whether that was new.
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
    /// use scrip::outcome::Disposition;
    ///
    /// let receipt = till.commit_with_receipt(Redeem::strict(alice, Amount::from(4))).await?;
    /// assert_eq!(receipt.disposition, Disposition::New);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::commit`].
    pub async fn commit_with_receipt<A: Action>(&mut self, request: A) -> Answer<A, S::Error> {
        let key = self.key.take();
        let asked = Asked { at: self.at, key: key.as_ref(), row: None, if_version: None, request: &request };
        carry_out!(&mut *self.ledger, asked, receipt)
    }

    /// Carries out many requests in one go, as [`AsyncLedger::run_all`]; under a key, as one [`KeyedBatch`].
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
    /// let issues = [alice, ProfileId::new("bob")?].map(|profile| IssueReward::new(profile, ten.id));
    /// assert!(till.commit_all(issues).await.iter().all(Result::is_ok));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn commit_all<A: Action>(
        &mut self,
        requests: impl IntoIterator<Item = A>,
    ) -> Vec<Answer<A, S::Error>> {
        match self.key.take() {
            Some(key) => self.ledger.run_batch(&KeyedBatch::new(self.at, key, requests)).await,
            None => self.ledger.run_all(&self.commands(requests)).await,
        }
    }

    /// Quotes a redemption: the amounts it would take from each lot, without taking them (rule C7).
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
    /// let quote = till.quote(&Redeem::lenient(alice, Amount::from(25))).await?;
    /// assert_eq!(quote.total, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rejection that committing it would meet, or the store failed.
    pub async fn quote(&mut self, redeem: &Redeem) -> Result<Quote, Error<S::Error>> {
        ask(&mut self.ledger.store, read::quote(&self.ledger.program, self.at, redeem)?).await
    }

    /// Previews a request: what it would write and answer, and the balances before and after, with nothing done. Its
    /// idempotency key is looked for, as committing would, and stays unused.
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
    /// use scrip::request::Revoke;
    ///
    /// let preview = till.preview(&Revoke::new(reward.id)).await?;
    /// assert_eq!(preview.before.reward_balance, Amount::from(10));
    /// assert_eq!(preview.after.reward_balance, Amount::ZERO);
    /// assert_eq!(till.balances(alice).await?, preview.before);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error that committing it would meet, or the store failed.
    pub async fn preview<A: Action>(&mut self, request: &A) -> Result<Preview<A::Outcome>, Error<S::Error>> {
        let key = self.key.take();
        let asked = Asked { at: self.at, key: key.as_ref(), row: None, if_version: None, request };
        self.ledger.preview_asked(asked).await
    }

    /// A profile's balances.
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
    /// assert_eq!(till.balances(alice).await?.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ask(&mut self.ledger.store, read::balances(&self.ledger.program, Reading::Now(self.at), profile))
            .await
    }

    /// Everything about a profile: its rewards and points, redemptions, transactions and journal.
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
    /// let wallet = till.wallet(alice).await?;
    /// assert_eq!(wallet.rewards(), [reward]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet(&self.ledger.program, Reading::Now(self.at), profile)).await
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
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
    /// let wallet = till.wallet_of(reward.id.number()).await?;
    /// assert_eq!(wallet.map(|wallet| wallet.profile_id()), Some(alice));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet_of(&self.ledger.program, Reading::Now(self.at), number))
            .await
    }

    /// A few lots of a profile, as they stand. It costs the same however long the journal is.
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
    /// let lots = till.lots(alice, &[reward.id]).await?.lots;
    /// assert_eq!(lots[0].lot.value_remaining, Amount::from(10).into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn lots(&mut self, profile: ProfileId, ids: &[LotId]) -> Result<LotSnapshots, Error<S::Error>> {
        ask(&mut self.ledger.store, read::lots(&self.ledger.program, self.at, profile, ids)).await
    }

    /// The part of a profile's value that expires next, and when.
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
    /// // What is issued from this definition does not expire.
    /// assert_eq!(till.next_expiry(alice).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::next_expiry(&self.ledger.program, Reading::Now(self.at), profile))
            .await
    }

    /// The points of a definition that a profile's purchases of a window earned (rule K3): what a tier is made from.
    ///
    /// A purchase counts when it was made (`transacted_at`), whenever it was posted; what came back of it counts against
    /// it, and not when it came back. The cost does not grow with what lies outside the window.
    ///
    /// ```
    /// # use scrip::*;
    /// # use scrip::program::{Earn, ProgramSettings};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
    /// let mut earn = Earn::new(Points::from(1), Amount::from(1));
    /// earn.point_definition_id = Some(DefinitionId::new(1)?);
    /// let program: Program = settings.with_earn(earn).try_into()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// let mut ledger = AsyncLedger::new(program, scrip::store::Blocking(MemoryStore::new()));
    /// let tier = PointDefinition::new("tier".parse()?, "Tier").with_redeemable(false);
    /// let tier = ledger.at(now).commit(Define::from(tier)).await?;
    /// let sale = ledger.at(now).commit(PostTransaction::new(alice, Amount::from(90))).await?;
    /// let year = "2025-01-01T00:00:00+11:00".parse()?.."2026-01-01T00:00:00+11:00".parse()?;
    /// ledger.at(now).commit(ReturnTransaction::new(sale.id, Amount::from(30))).await?;
    /// assert_eq!(ledger.at(now).points_earned(alice, tier.id, year).await?, Points::from(60));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn points_earned(
        &mut self,
        profile: ProfileId,
        definition: DefinitionId,
        window: Range<Timestamp>,
    ) -> Result<Points, Error<S::Error>> {
        let asked =
            read::points_earned(&self.ledger.program, Reading::Now(self.at), profile, definition, window);
        ask(&mut self.ledger.store, asked).await
    }

    /// The definitions.
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
    /// let catalogue = till.catalogue().await?;
    /// assert_eq!(catalogue.reward(&"ten".parse()?), Some(&ten));
    /// # Ok(())
    /// # }
    /// ```
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
