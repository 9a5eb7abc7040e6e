//! The blocking ledger at an instant.

use std::ops::Range;

use super::ready;
use crate::account::NextExpiry;
use crate::engine::Action;
use crate::id::{DefinitionId, Key, LotId, ProfileId, ProfileNumber};
use crate::journal::{LotSnapshots, ValuedBalances};
#[cfg(doc)]
use crate::ledger::Ledger;
use crate::ledger::asynchronous::AsyncLedgerAt;
use crate::ledger::{Answer, Error, Preview};
#[cfg(doc)]
use crate::ops::KeyedBatch;
use crate::ops::{Quote, Redeem};
use crate::store::{Blocking, Store};
use crate::time::Timestamp;
use crate::value::Points;
use crate::view::{Catalogue, Wallet};

/// A ledger at an instant; see [`Ledger::at`].
#[derive(Debug)]
pub struct LedgerAt<'a, S>(pub(in crate::ledger) AsyncLedgerAt<'a, Blocking<S>>);

impl<S: Store> LedgerAt<'_, S> {
    /// The ledger at the same instant, with an idempotency key for its next request or batch: the same key with the
    /// same content is carried out once (rule J5).
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
    /// let mut till = ledger.at(now);
    /// let redeem = Redeem::strict(alice, Amount::from(4));
    /// let first = till.keyed("till-7/0042".parse()?).commit(redeem.clone())?;
    /// // The answer got lost, so the till asks again:
    /// let again = till.keyed("till-7/0042".parse()?).commit(redeem)?;
    /// assert_eq!(first, again);
    /// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(6));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn keyed(&mut self, key: Key) -> LedgerAt<'_, S> {
        LedgerAt(self.0.keyed(key))
    }

    /// Carries out a request.
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
    /// let redemption = ledger.at(now).commit(Redeem::strict(alice, Amount::from(4)))?;
    /// assert_eq!(redemption.total, Amount::from(4));
    ///
    /// let refused = ledger.at(now).commit(Redeem::strict(alice, Amount::from(7))).unwrap_err();
    /// assert_eq!(refused.code(), "insufficient_value");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rules or the key refuse it, or the store could not do it; [`Error`] tells which.
    pub fn commit<A: Action>(&mut self, request: A) -> Result<A::Outcome, Error<S::Error>> {
        ready(self.0.commit(request))
    }

    /// Carries out a request, and says whether that was new.
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
    /// use scrip::outcome::Disposition;
    ///
    /// let receipt = ledger.at(now).commit_with_receipt(Redeem::strict(alice, Amount::from(4)))?;
    /// assert_eq!(receipt.disposition, Disposition::New);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`LedgerAt::commit`].
    pub fn commit_with_receipt<A: Action>(&mut self, request: A) -> Answer<A, S::Error> {
        ready(self.0.commit_with_receipt(request))
    }

    /// Carries out many requests in one go, as [`Ledger::run_all`]; under a key, as one [`KeyedBatch`].
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
    /// let more = ["bob", "cyd"].map(|name| Ok::<_, scrip::id::IdError>(IssueReward::new(ProfileId::new(name)?, ten.id)));
    /// let more = more.into_iter().collect::<Result<Vec<_>, _>>()?;
    /// let mut send = || ledger.at(now).keyed("import-7".parse().unwrap()).commit_all(more.clone());
    /// assert!(send().iter().all(Result::is_ok));
    /// // The answers got lost. Sent again, nothing is issued twice:
    /// let again = send();
    /// assert!(again.iter().flatten().all(|receipt| receipt.disposition == scrip::outcome::Disposition::Replayed));
    /// assert_eq!(again.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn commit_all<A: Action>(
        &mut self,
        requests: impl IntoIterator<Item = A>,
    ) -> Vec<Answer<A, S::Error>> {
        ready(self.0.commit_all(requests))
    }

    /// Quotes a redemption: the amounts it would take from each lot, without taking them (rule C7).
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
    /// let redeem = Redeem::strict(alice, Amount::from(4));
    /// let quote = ledger.at(now).quote(&redeem)?;
    /// assert_eq!(ledger.at(now).commit(redeem)?.items, quote.items);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The rejection that committing it would meet, or the store failed.
    pub fn quote(&mut self, redeem: &Redeem) -> Result<Quote, Error<S::Error>> {
        ready(self.0.quote(redeem))
    }

    /// Previews a request: what it would write and answer, and the balances before and after, with nothing done. Its
    /// idempotency key is looked for, as committing would, and stays unused.
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
    /// use scrip::request::Revoke;
    ///
    /// let preview = ledger.at(now).preview(&Revoke::new(reward.id))?;
    /// assert_eq!(preview.before.reward_balance, Amount::from(10));
    /// assert_eq!(preview.after.reward_balance, Amount::ZERO);
    /// assert_eq!(ledger.at(now).balances(alice)?, preview.before);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error that committing it would meet, or the store failed.
    pub fn preview<A: Action>(&mut self, request: &A) -> Result<Preview<A::Outcome>, Error<S::Error>> {
        ready(self.0.preview(request))
    }

    /// A profile's balances.
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
    /// assert_eq!(ledger.at(now).balances(alice)?.reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn balances(&mut self, profile: ProfileId) -> Result<ValuedBalances, Error<S::Error>> {
        ready(self.0.balances(profile))
    }

    /// Everything about a profile: its rewards and points, redemptions, transactions and journal.
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
    /// let wallet = ledger.at(now).wallet(alice)?;
    /// assert_eq!(wallet.rewards(), [reward]);
    /// assert_eq!(wallet.journal().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
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
    /// let wallet = ledger.at(now).wallet_of(reward.id.number())?.unwrap();
    /// assert_eq!(wallet.profile_id(), alice);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn wallet_of(&mut self, number: ProfileNumber) -> Result<Option<Wallet>, Error<S::Error>> {
        ready(self.0.wallet_of(number))
    }

    /// A few lots of a profile, as they stand. It costs the same however long the journal is.
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
    /// let known = ledger.at(now).lots(alice, &[reward.id])?;
    /// assert_eq!(known.lots[0].lot.value_remaining, Amount::from(10).into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn lots(&mut self, profile: ProfileId, ids: &[LotId]) -> Result<LotSnapshots, Error<S::Error>> {
        ready(self.0.lots(profile, ids))
    }

    /// The part of a profile's value that expires next, and when.
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
    /// let mut soon = IssueReward::new(alice, ten.id);
    /// soon.expires_at = Some("2025-06-20".parse()?);
    /// ledger.at(now).commit(soon)?;
    /// let next = ledger.at(now).next_expiry(alice)?.unwrap();
    /// assert_eq!(next.expires_at, "2025-06-21T00:00:00+10:00".parse::<Timestamp>()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn next_expiry(&mut self, profile: ProfileId) -> Result<Option<NextExpiry>, Error<S::Error>> {
        ready(self.0.next_expiry(profile))
    }

    /// The points of a definition that a profile's purchases of a window earned (rule K3): what a tier is made from.
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
    /// ledger.at(now).commit(ReturnTransaction::new(sale.id, Amount::from(30)))?;
    /// assert_eq!(ledger.at(now).points_earned(alice, tier.id, year)?, Points::from(60));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The instant is before the account's last entry (rule T6), or the store failed.
    pub fn points_earned(
        &mut self,
        profile: ProfileId,
        definition: DefinitionId,
        window: Range<Timestamp>,
    ) -> Result<Points, Error<S::Error>> {
        ready(self.0.points_earned(profile, definition, window))
    }

    /// The definitions.
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
    /// let catalogue = ledger.at(now).catalogue()?;
    /// assert_eq!(catalogue.reward(&"ten".parse()?), Some(&ten));
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
