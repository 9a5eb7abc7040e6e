//! Reading one record as of the past (rule J4): as the whole wallet shows it then.

use super::question;
use crate::definition::Defined;
use crate::id::{DefinitionId, ExternalId, Handle, HoldId, LotId, ProfileId, RedemptionId, TransactionId};
use crate::journal::{Hold, LotKind, LotSnapshot, Redemption, Transaction};
use crate::ledger::asynchronous::{AsyncLedgerAsOf, ask};
use crate::ledger::blocking::{LedgerAsOf, ready};
use crate::ledger::error::Error;
use crate::store::{AsyncStore, Store};

impl<S: Store> LedgerAsOf<'_, S> {
    /// The state of a redemption then; `None` if it did not exist yet.
    ///
    /// ```
    /// # use scrip::request::ReverseRedemption;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// let id = till.commit(Redeem::strict(alice, Amount::from(4)))?.id;
    /// till.commit(ReverseRedemption::new(id))?;
    /// let then = ledger.as_of(AsOf::Sequence(id.sequence())).redemption(id)?.unwrap();
    /// assert!(!then.is_reversed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn redemption(&mut self, id: RedemptionId) -> Result<Option<Redemption>, Error<S::Error>> {
        ready(self.0.redemption(id))
    }

    /// The state of a hold then; `None` if it did not exist yet.
    ///
    /// ```
    /// # use scrip::outcome::HoldStatus;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// let id = till.commit(PlaceHold::strict(alice, Amount::from(4)))?.id;
    /// till.commit(ReleaseHold::new(id))?;
    /// let then = ledger.as_of(AsOf::Sequence(id.sequence())).hold(id)?.unwrap();
    /// assert_eq!(then.status, HoldStatus::Held);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn hold(&mut self, id: HoldId) -> Result<Option<Hold>, Error<S::Error>> {
        ready(self.0.hold(id))
    }

    /// The state of a transaction then; `None` if it did not exist yet, or was deleted.
    ///
    /// ```
    /// # use scrip::request::DeleteTransaction;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// let id = till.commit(PostTransaction::new(alice, Amount::from(25)))?.id;
    /// till.commit(DeleteTransaction::new(id))?;
    /// let then = ledger.as_of(AsOf::Sequence(id.sequence())).transaction(id)?.unwrap();
    /// assert_eq!(then.total, Amount::from(25));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn transaction(&mut self, id: TransactionId) -> Result<Option<Transaction>, Error<S::Error>> {
        ready(self.0.transaction(id))
    }

    /// The state of a profile's transaction under an external id then (rule X2); `None` if it did not exist yet, or was
    /// deleted.
    ///
    /// ```
    /// # use scrip::request::DeleteTransaction;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// let name = "till-7/0042".parse()?;
    /// let sale = PostTransaction::new(alice, Amount::from(25)).with_external_id(name);
    /// let id = till.commit(sale)?.id;
    /// till.commit(DeleteTransaction::new(id))?;
    /// let mut then = ledger.as_of(AsOf::Sequence(id.sequence()));
    /// assert!(then.transaction_by_external_id(alice, &"till-7/0042".parse()?)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn transaction_by_external_id(
        &mut self,
        profile: ProfileId,
        external_id: &ExternalId,
    ) -> Result<Option<Transaction>, Error<S::Error>> {
        ready(self.0.transaction_by_external_id(profile, external_id))
    }

    /// The state of a reward or a lot of points then, with the profile that had it; `None` if it did not exist yet.
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
    /// use scrip::store::AsOf;
    ///
    /// till.commit(Redeem::strict(alice, Amount::from(4)))?;
    /// let then = ledger.as_of(AsOf::Sequence(reward.id.sequence())).lot(reward.id)?.unwrap();
    /// assert_eq!(then.lot.value_remaining, Amount::from(10).into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn lot(&mut self, id: LotId) -> Result<Option<LotSnapshot>, Error<S::Error>> {
        ready(self.0.lot(id))
    }

    /// The definition then, archived or not; `None` if it did not exist yet.
    ///
    /// ```
    /// # use scrip::request::ArchiveDefinition;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// till.commit(ArchiveDefinition::new(ten.id))?;
    /// let then = ledger.as_of(AsOf::Sequence(ten.id.sequence())).definition(ten.id)?;
    /// assert_eq!(then, Some(ten));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn definition(&mut self, id: DefinitionId) -> Result<Option<Defined>, Error<S::Error>> {
        ready(self.0.definition(id))
    }

    /// The definition of rewards or of points that had a handle then, and was not archived.
    ///
    /// ```
    /// # use scrip::journal::LotKind;
    /// # use scrip::request::ArchiveDefinition;
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::store::AsOf;
    ///
    /// till.commit(ArchiveDefinition::new(ten.id))?;
    /// let mut then = ledger.as_of(AsOf::Sequence(ten.id.sequence()));
    /// assert_eq!(then.definition_by_handle(LotKind::Reward, &"ten".parse()?)?, Some(ten));
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

impl<S: AsyncStore> AsyncLedgerAsOf<'_, S> {
    /// The state of a redemption then; `None` if it did not exist yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn redemption(&mut self, id: RedemptionId) -> Result<Option<Redemption>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::redemption(&self.ledger.program, self.reading, id)).await
    }

    /// The state of a hold then; `None` if it did not exist yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hold(&mut self, id: HoldId) -> Result<Option<Hold>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::hold(&self.ledger.program, self.reading, id)).await
    }

    /// The state of a transaction then; `None` if it did not exist yet, or was deleted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn transaction(&mut self, id: TransactionId) -> Result<Option<Transaction>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::transaction(&self.ledger.program, self.reading, id)).await
    }

    /// The state of a profile's transaction under an external id then (rule X2); `None` if it did not exist yet, or was
    /// deleted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn transaction_by_external_id(
        &mut self,
        profile: ProfileId,
        external_id: &ExternalId,
    ) -> Result<Option<Transaction>, Error<S::Error>> {
        ask(
            &mut self.ledger.store,
            question::transaction_by_external_id(&self.ledger.program, self.reading, profile, external_id),
        )
        .await
    }

    /// The state of a reward or a lot of points then, with the profile that had it; `None` if it did not exist yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn lot(&mut self, id: LotId) -> Result<Option<LotSnapshot>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::lot(&self.ledger.program, self.reading, id)).await
    }

    /// The definition then, archived or not; `None` if it did not exist yet.
    ///
    /// # Errors
    /// The store failed.
    pub async fn definition(&mut self, id: DefinitionId) -> Result<Option<Defined>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::definition(self.reading, id)).await
    }

    /// The definition of rewards or of points that had a handle then, and was not archived.
    ///
    /// # Errors
    /// The store failed.
    pub async fn definition_by_handle(
        &mut self,
        kind: LotKind,
        handle: &Handle,
    ) -> Result<Option<Defined>, Error<S::Error>> {
        ask(&mut self.ledger.store, question::definition_by_handle(self.reading, kind, handle)).await
    }
}
