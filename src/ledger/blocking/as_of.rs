//! The blocking ledger of the past.

use super::ready;
use crate::account::NextExpiry;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::ValuedBalances;
use crate::ledger::Error;
#[cfg(doc)]
use crate::ledger::Ledger;
use crate::ledger::asynchronous::AsyncLedgerAsOf;
use crate::store::{Blocking, Store};
use crate::view::{Catalogue, Wallet};

/// A ledger as it was; see [`Ledger::as_of`].
///
/// One thing is read from the account's journal up to then. As of an instant, what went to another profile is looked up there
/// as of the same instant. A sequence number counts in one journal, so only that of the profile that the id or the caller names
/// is read: a lot that went on is seen as gone, and what became of a merged profile's records later is not seen.
#[derive(Debug)]
pub struct LedgerAsOf<'a, S>(pub(in crate::ledger) AsyncLedgerAsOf<'a, Blocking<S>>);

impl<S: Store> LedgerAsOf<'_, S> {
    /// A profile's balances then.
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
    /// assert_eq!(ledger.as_of(AsOf::At(now)).balances(alice)?.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ready(self.0.balances(profile))
    }

    /// Everything about a profile then.
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
    /// let wallet = ledger.as_of(AsOf::Sequence(1)).wallet(alice)?;
    /// assert_eq!((wallet.rewards().len(), wallet.redemptions().len()), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn wallet(&mut self, profile: ProfileId) -> Result<Wallet, Error<S::Error>> {
        ready(self.0.wallet(profile))
    }

    /// Everything about the profile with a number, as identifiers carry it; `None` if no profile has it.
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
    /// let wallet = ledger.as_of(AsOf::Sequence(1)).wallet_of(reward.id.number())?.unwrap();
    /// assert_eq!(wallet.rewards(), [reward]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ready(self.0.wallet_of(number))
    }

    /// The part of a profile's value that was to expire next then, and when.
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
    /// // What never expires is not next.
    /// assert_eq!(ledger.as_of(AsOf::At(now)).next_expiry(alice)?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ready(self.0.next_expiry(profile))
    }

    /// The definitions then.
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
    /// ledger.at(now).commit(scrip::request::ArchiveDefinition::new(ten.id))?;
    /// let before = ledger.as_of(AsOf::Sequence(ten.id.sequence())).catalogue()?;
    /// assert_eq!(before.get(ten.id), Some(&ten));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn catalogue(&mut self) -> Result<Catalogue, Error<S::Error>> {
        ready(self.0.catalogue())
    }
}
