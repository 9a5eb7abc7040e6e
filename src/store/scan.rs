//! Reading across profiles: for sweeps, the feed of events, and look-ups of an external id in all profiles.
//!
//! It is optional. A store without it supports every request and question about single profiles.

use std::future::{Future, ready};

use serde::{Deserialize, Serialize};

use super::Blocking;
use crate::account::{Account, PendingLot};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{Entry, External, LotKind};
use crate::time::Timestamp;

/// A blocking store that can be read across profiles.
///
/// Its answers may lag a little behind the last commit, except those of [`Scan::feed`], which leaves nothing out.
pub trait Scan {
    /// The store's own error.
    type Error: std::error::Error + Send;

    /// The profiles after this one that have entries, in the order of their numbers.
    ///
    /// # Errors
    /// The store failed.
    fn profiles(&mut self, after: ProfileNumber, limit: usize) -> Result<Vec<ProfileNumber>, Self::Error>;

    /// The profiles after this one, in the order of their numbers, for which something falls due by an instant: their
    /// [deadline](crate::account::Account::next_deadline) is not after it.
    ///
    /// # Errors
    /// The store failed.
    fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, Self::Error>;

    /// The profiles after this one, in the order of their numbers, that have lots that expire or open holds that lapse in
    /// a stretch of time: after its start, and not after its end. It may include a few others.
    ///
    /// # Errors
    /// The store failed.
    fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, Self::Error>;

    /// The entries after a position: every entry of every journal at least once, those of one journal in order; and
    /// whether there is [more](Feed::more).
    ///
    /// # Errors
    /// The store failed, or the position is not one of its own.
    fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, Self::Error>;

    /// The profiles that have something under this external id.
    ///
    /// # Errors
    /// The store failed.
    fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, Self::Error>;
}

/// An asynchronous store that can be read across profiles; see [`Scan`].
pub trait AsyncScan {
    /// The store's own error.
    type Error: std::error::Error + Send;

    /// As [`Scan::profiles`].
    fn profiles(
        &mut self,
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, Self::Error>> + Send;

    /// As [`Scan::due`].
    fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, Self::Error>> + Send;

    /// As [`Scan::expiring`].
    fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, Self::Error>> + Send;

    /// As [`Scan::feed`].
    fn feed(
        &mut self,
        after: &Position,
        limit: usize,
    ) -> impl Future<Output = Result<Feed, Self::Error>> + Send;

    /// As [`Scan::named`].
    fn named(
        &mut self,
        name: &External,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileId>, Self::Error>> + Send;
}

/// A position in a store's feed, in the store's own terms. Keep it to continue from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    /// Before the first entry.
    pub const START: Self = Self(String::new());

    /// A store's own text for a position.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The store's own text; empty at the start.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The entries after a position, and the position to continue from.
///
/// ```
/// use scrip::store::{Feed, Position, Scan};
/// use scrip::{Amount, Define, Ledger, MemoryStore, Program, RewardDefinition};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// let now = "2025-06-15T14:32:00+10:00".parse()?;
/// let ten = RewardDefinition::new("ten".parse()?, "Ten dollars", Amount::from(10));
/// ledger.at(now).commit(Define::from(ten))?;
///
/// let feed = ledger.store().feed(&Position::START, 100)?;
/// assert_eq!((feed.entries.len(), feed.more), (1, false));
/// // As another service would receive it.
/// let sent = serde_json::to_string(&feed)?;
/// assert_eq!(serde_json::from_str::<Feed>(&sent)?, feed);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// The entries, each with its profile.
    pub entries: Vec<FeedEntry>,
    /// The position after them; unchanged if there are none.
    pub position: Position,
    /// Whether there are already more after that.
    pub more: bool,
}

/// An entry with its profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// The profile; `None` for the catalogue.
    pub profile: Option<ProfileId>,
    /// Its number.
    pub number: ProfileNumber,
    /// The entry.
    pub entry: Entry,
}

impl<S: Scan> AsyncScan for Blocking<S> {
    type Error = S::Error;

    fn profiles(
        &mut self,
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, S::Error>> + Send {
        ready(self.0.profiles(after, limit))
    }

    fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, S::Error>> + Send {
        ready(self.0.due(by, after, limit))
    }

    fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileNumber>, S::Error>> + Send {
        ready(self.0.expiring(stretch, after, limit))
    }

    fn feed(
        &mut self,
        after: &Position,
        limit: usize,
    ) -> impl Future<Output = Result<Feed, S::Error>> + Send {
        ready(self.0.feed(after, limit))
    }

    fn named(
        &mut self,
        name: &External,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ProfileId>, S::Error>> + Send {
        ready(self.0.named(name, limit))
    }
}

/// Whether something falls due for an account by an instant.
pub(crate) fn is_due(account: &Account, by: Timestamp) -> bool {
    account.next_deadline().is_some_and(|deadline| deadline <= by)
}

/// Whether a lot of an account expires, or a hold of it lapses, after one instant and by another.
pub(crate) fn expires_within(account: &Account, (start, end): (Timestamp, Timestamp)) -> bool {
    let queued = LotKind::ALL.into_iter().flat_map(|kind| account.lots(kind));
    let lots = queued.chain(account.pending().map(PendingLot::with_current_end));
    let expiries = lots.filter_map(|lot| lot.expires_at.instant());
    let mut ends = expiries.chain(account.holds().map(|hold| hold.expires_at));
    ends.any(|instant| start < instant && instant <= end)
}
