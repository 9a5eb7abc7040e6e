//! The blocking ledger of the past.

use std::ops::Range;

use super::ready;
use crate::account::NextExpiry;
use crate::id::{DefinitionId, ProfileId, ProfileNumber};
use crate::journal::ValuedBalances;
use crate::ledger::Error;
#[cfg(doc)]
use crate::ledger::Ledger;
use crate::ledger::asynchronous::AsyncLedgerAsOf;
use crate::store::{Blocking, Store};
use crate::time::Timestamp;
use crate::value::Points;
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

    /// The points of a definition that a profile's purchases of a window earned, as it was known then (rule K3): what a tier is made from.
    ///
    /// A purchase counts when it was made (`transacted_at`), whenever it was posted; what came back of it counts against
    /// it, and not when it came back. The cost does not grow with what lies outside the window.
    ///
    /// ```
    /// # use scrip::*;
    /// # use scrip::program::{Earn, ProgramSettings};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
    /// let mut earn = Earn::new(Points::from(1), Amount::from(1));
    /// earn.point_definition_id = Some(DefinitionId::new(1)?);
    /// let program: Program = settings.with_earn(earn).try_into()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let now: Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// let mut ledger = Ledger::new(program, MemoryStore::new());
    /// let tier = PointDefinition::new("tier".parse()?, "Tier").with_redeemable(false);
    /// let tier = ledger.at(now).commit(Define::from(tier))?;
    /// let sale = ledger.at(now).commit(PostTransaction::new(alice, Amount::from(90)))?;
    /// let year = "2025-01-01T00:00:00+11:00".parse()?.."2026-01-01T00:00:00+11:00".parse()?;
    /// # ledger.at(now).commit(scrip::request::DeleteTransaction::new(sale.id))?;
    /// let then = scrip::store::AsOf::Sequence(sale.id.sequence());
    /// assert_eq!(ledger.as_of(then).points_earned(alice, tier.id, year)?, Points::from(90));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn points_earned(
        &mut self,
        profile: ProfileId,
        definition: DefinitionId,
        window: Range<Timestamp>,
    ) -> Result<Points, Error<S::Error>> {
        ready(self.0.points_earned(profile, definition, window))
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
