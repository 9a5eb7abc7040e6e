//! All profiles, one after the other, and their totals together: where a ledger's store can be read across profiles.

use std::collections::VecDeque;
use std::sync::Arc;

use super::asynchronous::{AsyncLedgerAt, ask_all};
use super::blocking::{LedgerAt, ready};
use super::error::Error;
use super::read;
use super::read::Asking;
use super::unit::Ask;
use crate::id::ProfileNumber;
use crate::store::{AsyncScan, AsyncStore, Blocking, Scan, Store};
use crate::time::Timestamp;
use crate::view::{LedgerTotals, ProfileTotals};

/// How many profiles are read at a time.
const PAGE: usize = 256;

impl<S: Store + Scan<Error = <S as Store>::Error>> LedgerAt<'_, S> {
    /// All profiles with their totals, in the order of their numbers, read some hundreds at a time as the iterator is
    /// driven.
    ///
    /// Each is shown at the ledger's instant, or at its last entry if that is later. Commits made meanwhile may or may not be
    /// included.
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    /// #     RewardDefinition,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = till.commit(Define::from(ten))?;
    /// for name in ["alice", "bob"] {
    ///     till.commit(IssueReward::new(ProfileId::new(name)?, ten.id))?;
    /// }
    /// for profile in till.profiles() {
    ///     let profile = profile?;
    ///     println!("{}: {}", profile.profile_id, profile.totals.balances().reward_balance);
    /// }
    /// # assert_eq!(till.profiles().count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn profiles(&mut self) -> Profiles<'_, S> {
        Profiles(self.0.profiles())
    }

    /// The totals of all profiles together: the amount owed to customers at the end of a month, and where all issued value
    /// went (rule J3).
    ///
    /// Every profile is read, as by [`profiles`](Self::profiles).
    ///
    /// ```
    /// # use scrip::{
    /// #     Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem,
    /// #     RewardDefinition,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = till.commit(Define::from(ten))?;
    /// for name in ["alice", "bob"] {
    ///     till.commit(IssueReward::new(ProfileId::new(name)?, ten.id))?;
    /// }
    /// till.commit(Redeem::strict(ProfileId::new("bob")?, "7.50".parse()?))?;
    ///
    /// let totals = till.totals()?;
    /// assert_eq!(totals.rewards.owed().to_string(), "12.5");
    /// assert_eq!(format!("{:.2}", totals.rewards.redeemed), "7.50");
    /// assert!(totals.is_conserved());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed, or an account cannot be read.
    pub fn totals(&mut self) -> Result<LedgerTotals, Error<<S as Store>::Error>> {
        ready(self.0.totals())
    }
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncLedgerAt<'_, S> {
    /// All profiles with their totals, in the order of their numbers, read some hundreds at a time; see
    /// [`LedgerAt::profiles`].
    pub fn profiles(&mut self) -> AsyncProfiles<'_, S> {
        AsyncProfiles {
            moment: AsyncLedgerAt { ledger: self.ledger, at: self.at, key: None },
            page: VecDeque::new(),
            after: Some(ProfileNumber::CATALOGUE),
        }
    }

    /// The totals of all profiles together; see [`LedgerAt::totals`].
    ///
    /// # Errors
    /// The store failed, or an account cannot be read.
    pub async fn totals(&mut self) -> Result<LedgerTotals, Error<<S as AsyncStore>::Error>> {
        let (mut profiles, mut totals) = (self.profiles(), LedgerTotals::default());
        while let Some(profile) = profiles.next().await {
            totals.add(&profile?);
        }
        Ok(totals)
    }
}

/// All profiles with their totals; see [`LedgerAt::profiles`].
#[derive(Debug)]
pub struct Profiles<'a, S>(AsyncProfiles<'a, Blocking<S>>);

impl<S: Store + Scan<Error = <S as Store>::Error>> Iterator for Profiles<'_, S> {
    type Item = Result<ProfileTotals, Error<<S as Store>::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        ready(self.0.next())
    }
}

/// All profiles with their totals; see [`AsyncLedgerAt::profiles`].
#[derive(Debug)]
pub struct AsyncProfiles<'a, S> {
    moment: AsyncLedgerAt<'a, S>,
    page: VecDeque<ProfileTotals>,
    /// After which profile the next page starts; `None` after the last.
    after: Option<ProfileNumber>,
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncProfiles<'_, S> {
    /// The next one; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<ProfileTotals, Error<<S as AsyncStore>::Error>>> {
        loop {
            if let Some(profile) = self.page.pop_front() {
                return Some(Ok(profile));
            }
            let after = self.after.take()?;
            if let Err(error) = self.turn(after).await {
                return Some(Err(error));
            }
        }
    }

    /// Reads the page after a profile.
    async fn turn(&mut self, after: ProfileNumber) -> Result<(), Error<<S as AsyncStore>::Error>> {
        let AsyncLedgerAt { ledger, at, .. } = &mut self.moment;
        let ask = |number| read::totals(number, *at);
        (self.page, self.after) = page(&mut ledger.store, (None, after), PAGE, ask).await?;
        Ok(())
    }
}

/// The answers about a page of profiles after one, or of those for which something falls due; and the last of these, unless there is
/// no further page.
pub(super) async fn page<S, T, F>(
    store: &mut S,
    (due, after): (Option<Timestamp>, ProfileNumber),
    size: usize,
    ask: impl Fn(ProfileNumber) -> Asking<Option<T>, F>,
) -> Result<(VecDeque<T>, Option<ProfileNumber>), Error<<S as AsyncStore>::Error>>
where
    S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>,
    T: Send,
    F: Ask<Option<T>>,
{
    let numbers = match due {
        Some(by) => store.due(by, after, size).await,
        None => store.profiles(after, size).await,
    };
    let numbers = numbers.map_err(|error| Error::Store(Arc::new(error)))?;
    let answers = ask_all(store, numbers.iter().map(|number| ask(*number))).await?;
    let last = numbers.last().filter(|_| numbers.len() >= size).copied();
    Ok((answers.into_iter().flatten().collect(), last))
}
