//! Reading one thing: a redemption, a hold, a transaction, a lot or a definition, without the journal around it.
//!
//! It says what the whole wallet says, and costs the same however long the journal is.

mod past;
mod question;

use super::asynchronous::{AsyncLedgerAt, ask};
use super::blocking::{LedgerAt, ready};
use super::error::Error;
use super::read::Reading;
use crate::definition::Defined;
use crate::id::{DefinitionId, ExternalId, Handle, HoldId, LotId, ProfileId, RedemptionId, TransactionId};
use crate::journal::{Hold, LotKind, LotSnapshot, Redemption, Transaction};
use crate::store::{AsyncStore, Store};

impl<S: Store> LedgerAt<'_, S> {
    /// The current state of a redemption; `None` if the id is unknown. The cost does not depend on the journal's length.
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
    /// let id = till.commit(Redeem::strict(alice, Amount::from(4)))?.id;
    /// assert_eq!(till.redemption(id)?.unwrap().total, Amount::from(4));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn redemption(&mut self, id: RedemptionId) -> Result<Option<Redemption>, Error<S::Error>> {
        ready(self.0.redemption(id))
    }

    /// The current state of a hold, with the profile that has it after mergers; `None` if the id is unknown. The cost does
    /// not depend on the journal's length.
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
    /// let id = till.commit(PlaceHold::strict(alice, Amount::from(4)))?.id;
    /// assert_eq!(till.hold(id)?.unwrap().status, scrip::outcome::HoldStatus::Held);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LedgerAt::redemption`].
    pub fn hold(&mut self, id: HoldId) -> Result<Option<Hold>, Error<S::Error>> {
        ready(self.0.hold(id))
    }

    /// The current state of a transaction; `None` if the id is unknown, or it was deleted. The cost does not depend on the
    /// journal's length.
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
    /// let id = till.commit(PostTransaction::new(alice, Amount::from(25)))?.id;
    /// assert_eq!(till.transaction(id)?.unwrap().total, Amount::from(25));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LedgerAt::redemption`].
    pub fn transaction(&mut self, id: TransactionId) -> Result<Option<Transaction>, Error<S::Error>> {
        ready(self.0.transaction(id))
    }

    /// The current state of a profile's transaction under an external id (rule X2); `None` if there is none, or it was
    /// deleted. The cost does not depend on the journal's length.
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
    /// let mut sale = PostTransaction::new(alice, Amount::from(25));
    /// sale.external_id = Some("till-7/0042".parse()?);
    /// till.commit(sale)?;
    /// let sale = till.transaction_by_external_id(alice, &"till-7/0042".parse()?)?;
    /// assert_eq!(sale.unwrap().total, Amount::from(25));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LedgerAt::redemption`].
    pub fn transaction_by_external_id(
        &mut self,
        profile: ProfileId,
        external_id: &ExternalId,
    ) -> Result<Option<Transaction>, Error<S::Error>> {
        ready(self.0.transaction_by_external_id(profile, external_id))
    }

    /// The current state of a reward or a lot of points, with the profile that has it now; `None` if the id is unknown. The
    /// cost does not depend on the journal's length.
    ///
    /// ```
    /// # use scrip::journal::LotKind;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let lot = till.lot(reward.id)?.unwrap();
    /// assert_eq!((lot.kind, lot.lot.value_remaining), (LotKind::Reward, Amount::from(10).into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LedgerAt::redemption`].
    pub fn lot(&mut self, id: LotId) -> Result<Option<LotSnapshot>, Error<S::Error>> {
        ready(self.0.lot(id))
    }

    /// A definition, archived or not; `None` if the id is unknown. The cost does not depend on their number.
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
    /// assert_eq!(till.definition(ten.id)?, Some(ten));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn definition(&mut self, id: DefinitionId) -> Result<Option<Defined>, Error<S::Error>> {
        ready(self.0.definition(id))
    }

    /// The definition of rewards or of points under a handle, unless it is archived. The cost does not depend on their
    /// number.
    ///
    /// ```
    /// # use scrip::journal::LotKind;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// assert_eq!(till.definition_by_handle(LotKind::Reward, &"ten".parse()?)?, Some(ten));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn definition_by_handle(
        &mut self,
        kind: LotKind,
        handle: &Handle,
    ) -> Result<Option<Defined>, Error<S::Error>> {
        ready(self.0.definition_by_handle(kind, handle))
    }
}

impl<S: AsyncStore> AsyncLedgerAt<'_, S> {
    /// The current state of a redemption; `None` if the id is unknown. The cost does not depend on the journal's length.
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
    /// assert_eq!(till.redemption(redemption.id).await?, Some(redemption));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub async fn redemption(&mut self, id: RedemptionId) -> Result<Option<Redemption>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::redemption(&self.ledger.program, Reading::Now(self.at), id))
            .await
    }

    /// The current state of a hold, with the profile that has it after mergers; `None` if the id is unknown. The cost does
    /// not depend on the journal's length.
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
    /// let hold = till.commit(PlaceHold::strict(alice, Amount::from(4))).await?;
    /// assert_eq!(till.hold(hold.id).await?, Some(hold));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::redemption`].
    pub async fn hold(&mut self, id: HoldId) -> Result<Option<Hold>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::hold(&self.ledger.program, Reading::Now(self.at), id)).await
    }

    /// The current state of a transaction; `None` if the id is unknown, or it was deleted. The cost does not depend on the
    /// journal's length.
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::redemption`].
    pub async fn transaction(&mut self, id: TransactionId) -> Result<Option<Transaction>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::transaction(&self.ledger.program, Reading::Now(self.at), id))
            .await
    }

    /// The current state of a profile's transaction under an external id (rule X2); `None` if there is none, or it was
    /// deleted. The cost does not depend on the journal's length.
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::redemption`].
    pub async fn transaction_by_external_id(
        &mut self,
        profile: ProfileId,
        external_id: &ExternalId,
    ) -> Result<Option<Transaction>, Error<S::Error>> {
        ask(
            &mut self.ledger.store,
            question::transaction_by_external_id(
                &self.ledger.program,
                Reading::Now(self.at),
                profile,
                external_id,
            ),
        )
        .await
    }

    /// The current state of a reward or a lot of points, with the profile that has it now; `None` if the id is unknown. The
    /// cost does not depend on the journal's length.
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
    /// let lot = till.lot(reward.id).await?.unwrap();
    /// assert_eq!(lot.lot.profile_id, alice);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`AsyncLedgerAt::redemption`].
    pub async fn lot(&mut self, id: LotId) -> Result<Option<LotSnapshot>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::lot(&self.ledger.program, Reading::Now(self.at), id)).await
    }

    /// A definition, archived or not; `None` if the id is unknown. The cost does not depend on their number.
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
    /// assert_eq!(till.definition(ten.id).await?, Some(ten));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub async fn definition(&mut self, id: DefinitionId) -> Result<Option<Defined>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::definition(Reading::Now(self.at), id)).await
    }

    /// The definition of rewards or of points under a handle, unless it is archived. The cost does not depend on their
    /// number.
    ///
    /// # Errors
    /// The store failed.
    pub async fn definition_by_handle(
        &mut self,
        kind: LotKind,
        handle: &Handle,
    ) -> Result<Option<Defined>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::definition_by_handle(Reading::Now(self.at), kind, handle)).await
    }
}
