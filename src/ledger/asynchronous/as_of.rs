//! The asynchronous ledger as it was.

use std::ops::Range;

use super::{AsyncLedger, ask};
use crate::account::NextExpiry;
use crate::id::{DefinitionId, ProfileId, ProfileNumber};
use crate::journal::ValuedBalances;
use crate::ledger::Error;
use crate::ledger::read::{self, Reading};
use crate::store::AsyncStore;
use crate::time::Timestamp;
use crate::value::Points;
use crate::view::{Catalogue, Wallet};

/// A ledger as it was; see [`AsyncLedger::as_of`].
#[derive(Debug)]
pub struct AsyncLedgerAsOf<'a, S> {
    pub(in crate::ledger) ledger: &'a mut AsyncLedger<S>,
    pub(in crate::ledger) reading: Reading,
}

impl<S: AsyncStore> AsyncLedgerAsOf<'_, S> {
    /// A profile's balances then.
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
    /// let yesterday = scrip::store::AsOf::At("2025-06-14T12:00:00Z".parse()?);
    /// assert_eq!(ledger.as_of(yesterday).balances(alice).await?.reward_balance, Amount::ZERO);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ask(&mut self.ledger.store, read::balances(&self.ledger.program, self.reading, profile)).await
    }

    /// Everything about a profile then.
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
    /// till.commit(Redeem::strict(alice, Amount::from(4))).await?;
    /// let before = ledger.as_of(scrip::store::AsOf::Sequence(1)).wallet(alice).await?;
    /// assert_eq!(before.redemptions().len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet(&self.ledger.program, self.reading, profile)).await
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
    /// let now = scrip::store::AsOf::At(now);
    /// let wallet = ledger.as_of(now).wallet_of(reward.id.number()).await?;
    /// assert_eq!(wallet.map(|wallet| wallet.profile_id()), Some(alice));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::wallet_of(&self.ledger.program, self.reading, number)).await
    }

    /// The part of a profile's value that was to expire next then, and when.
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
    /// let now = scrip::store::AsOf::At(now);
    /// assert_eq!(ledger.as_of(now).next_expiry(alice).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ask(&mut self.ledger.store, read::next_expiry(&self.ledger.program, self.reading, profile)).await
    }

    /// The points of a definition that a profile's purchases of a window earned, as it was known then (rule K3): what a tier is made from.
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
    /// # ledger.at(now).commit(scrip::request::DeleteTransaction::new(sale.id)).await?;
    /// let then = scrip::store::AsOf::Sequence(sale.id.sequence());
    /// assert_eq!(ledger.as_of(then).points_earned(alice, tier.id, year).await?, Points::from(90));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn points_earned(
        &mut self,
        profile: ProfileId,
        definition: DefinitionId,
        window: Range<Timestamp>,
    ) -> Result<Points, Error<S::Error>> {
        let asked = read::points_earned(&self.ledger.program, self.reading, profile, definition, window);
        ask(&mut self.ledger.store, asked).await
    }

    /// The definitions then.
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
    /// let yesterday = scrip::store::AsOf::At("2025-06-14T12:00:00Z".parse()?);
    /// assert_eq!(ledger.as_of(yesterday).catalogue().await?.get(ten.id), None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        ask(&mut self.ledger.store, read::catalogue(self.reading)).await
    }
}
