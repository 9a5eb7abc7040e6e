//! Queries of a ledger across profiles, if its store supports them: sweeps, events, finding a name.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;

use super::asynchronous::{AsyncLedgerAt, ask};
use super::blocking::{LedgerAt, ready};
use super::error::Error;
use super::read;
use crate::id::{ExternalId, ProfileId, ProfileNumber};
use crate::journal::External;
use crate::ops::{Command, Sweep, Swept};
use crate::store::{AsyncScan, AsyncStore, Blocking, Feed, FeedEntry, Scan, Store};
use crate::time::Timestamp;
use crate::view::event;
use crate::view::event::{Cursor, Event, Events, Stretch};

/// How many profiles are looked up at a time.
const PAGE: usize = 256;

impl<S: Store + Scan<Error = <S as Store>::Error>> LedgerAt<'_, S> {
    /// Sweeps every profile for which something fell due, one by one, as the iterator is driven (rule T7).
    ///
    /// No answer depends on it. It is for readers of the journal, or of tables made from it, who want today's expiries to be
    /// in there by tonight.
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
    /// let july = "2025-07-01T00:00:00+10:00".parse()?;
    /// for swept in ledger.at(july).sweep_all() {
    ///     let (number, swept) = swept?;
    ///     assert_eq!((number, swept.entries), (reward.id.number(), 1));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_all(&mut self) -> SweepAll<'_, S> {
        SweepAll(self.0.sweep_all())
    }

    /// A page of the events since a cursor, and of the expiries within `lead` from now.
    ///
    /// Every event is delivered at least once, those of one profile in order. Store the new cursor once they are handled. An
    /// expiry is reported whether or not it is written (rule T7), and once more when it is; to get it once, sweep and use the
    /// [written](crate::view::Event::is_written) events only.
    ///
    /// So an outbox or a notification job needs no table of its own, only a place to store the cursor:
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use scrip::view::{Cursor, Event, EventKind};
    /// use scrip::{
    ///     Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem,
    ///     RewardDefinition, Timestamp, json,
    /// };
    ///
    /// /// Delivers new events, and continues where it stopped, even after a crash: `kept` is a file, or a row of yours.
    /// fn notify(
    ///     ledger: &mut Ledger<MemoryStore>,
    ///     now: Timestamp,
    ///     kept: &mut Option<String>,
    ///     mut deliver: impl FnMut(&Event),
    /// ) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut cursor = kept.as_deref().map_or(Ok(Cursor::START), |text| json::read(text.as_bytes()))?;
    ///     loop {
    ///         let page = ledger.at(now).events(&cursor, TimeDelta::days(7), 100)?;
    ///         // A written event is identified by its profile and sequence; any other by its lot and instant.
    ///         page.events.iter().for_each(&mut deliver);
    ///         cursor = page.cursor;
    ///         *kept = Some(serde_json::to_string(&cursor)?); // only now, so that undelivered events come again
    ///         if !page.more {
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// let now = "2025-06-15T14:32:00+10:00".parse()?;
    /// let alice = ProfileId::new("alice")?;
    /// let ten = RewardDefinition::new("ten".parse()?, "Ten dollars", Amount::from(10));
    /// let ten = ledger.at(now).commit(Define::from(ten))?;
    /// ledger.at(now).commit(IssueReward::new(alice, ten.id))?;
    ///
    /// let (mut kept, mut heard) = (None, Vec::new());
    /// notify(&mut ledger, now, &mut kept, |event| heard.push(event.kind))?;
    /// assert!(matches!(heard[..], [EventKind::Issued { .. }]));
    ///
    /// // The next time, only what is new.
    /// ledger.at(now).commit(Redeem::strict(alice, Amount::from(4)))?;
    /// heard.clear();
    /// notify(&mut ledger, now, &mut kept, |event| heard.push(event.kind))?;
    /// assert!(matches!(heard[..], [EventKind::Redeemed { .. }]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed, or the cursor is not one of its own.
    pub fn events(
        &mut self,
        after: &Cursor,
        lead: TimeDelta,
        limit: usize,
    ) -> Result<Events, Error<<S as Store>::Error>> {
        ready(self.0.events(after, lead, limit))
    }

    /// The profiles that have a transaction under an external id (rule X2).
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
    /// use scrip::PostTransaction;
    ///
    /// let sale = PostTransaction::new(alice, Amount::from(25)).with_external_id("till-7/0042".parse()?);
    /// ledger.at(now).commit(sale)?;
    /// assert_eq!(ledger.at(now).profiles_with_transaction(&"till-7/0042".parse()?, 10)?, [alice]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store failed.
    pub fn profiles_with_transaction(
        &mut self,
        external_id: &ExternalId,
        limit: usize,
    ) -> Result<Vec<ProfileId>, Error<<S as Store>::Error>> {
        ready(self.0.profiles_with_transaction(external_id, limit))
    }
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncLedgerAt<'_, S> {
    /// Sweeps every profile for which something fell due, one by one, as it is driven (rule T7); see
    /// [`LedgerAt::sweep_all`].
    pub fn sweep_all(&mut self) -> AsyncSweepAll<'_, S> {
        AsyncSweepAll {
            moment: AsyncLedgerAt { ledger: self.ledger, at: self.at, key: None },
            pages: Pages::default(),
        }
    }

    /// A page of the events since a cursor, and of the expiries within `lead` from now; see [`LedgerAt::events`].
    ///
    /// # Errors
    /// The store failed, or the cursor is not one of its own.
    pub async fn events(
        &mut self,
        after: &Cursor,
        lead: TimeDelta,
        limit: usize,
    ) -> Result<Events, Error<<S as AsyncStore>::Error>> {
        let store = &mut self.ledger.store;
        let feed = store.feed(&after.position, limit.max(1)).await.map_err(failed)?;
        let mut listening = Listening::new(after, self.at, lead, limit.max(1), feed);
        for (number, until) in std::mem::take(&mut listening.behind) {
            let stretch = (Timestamp::MIN, until);
            listening.events.extend(ask(store, read::due(number, stretch, listening.soon)).await?);
        }
        for (number, active) in std::mem::take(&mut listening.kept) {
            let stretch = (self.at, listening.soon.unwrap_or(self.at));
            listening.events.extend(ask(store, read::kept(number, active, stretch, self.at)).await?);
        }
        if let Some((stretch, from)) = listening.due() {
            let numbers = store.expiring(stretch, from, listening.limit).await.map_err(failed)?;
            for number in &numbers {
                listening.events.extend(ask(store, read::due(*number, stretch, listening.soon)).await?);
            }
            listening.more = listening.cursor.due.told(&numbers, stretch.1, listening.limit);
        }
        if let Some((stretch, from)) = listening.expiring() {
            let numbers = store.expiring(stretch, from, listening.limit).await.map_err(failed)?;
            for number in &numbers {
                listening.events.extend(ask(store, read::expiring(*number, stretch, self.at)).await?);
            }
            listening.more = listening.cursor.expiring.told(&numbers, stretch.1, listening.limit);
        }
        Ok(listening.finish())
    }

    /// The profiles that have a transaction under an external id (rule X2).
    ///
    /// # Errors
    /// The store failed.
    pub async fn profiles_with_transaction(
        &mut self,
        external_id: &ExternalId,
        limit: usize,
    ) -> Result<Vec<ProfileId>, Error<<S as AsyncStore>::Error>> {
        self.ledger.store.named(&transaction_name(external_id), limit).await.map_err(failed)
    }
}

fn failed<E>(error: E) -> Error<E> {
    Error::Store(Arc::new(error))
}

fn transaction_name(external_id: &ExternalId) -> External {
    External::Transaction(external_id.clone())
}

/// The profiles for which something fell due, page by page.
#[derive(Debug, Default)]
struct Pages {
    page: VecDeque<ProfileNumber>,
    after: Option<ProfileNumber>,
    is_done: bool,
}

impl Pages {
    /// The next profile, or `None` if a page has to be turned or there are no more.
    fn next(&mut self) -> Option<ProfileNumber> {
        let number = self.page.pop_front();
        self.after = number.or(self.after);
        number
    }

    /// After which profile the next page starts; `None` if there is none.
    fn turn(&self) -> Option<ProfileNumber> {
        (!self.is_done).then(|| self.after.unwrap_or(ProfileNumber::CATALOGUE))
    }

    fn give(&mut self, page: Vec<ProfileNumber>) {
        self.is_done = page.len() < PAGE;
        self.page = page.into();
    }
}

/// A sweep over every profile for which something fell due; see [`LedgerAt::sweep_all`].
#[derive(Debug)]
pub struct SweepAll<'a, S>(AsyncSweepAll<'a, Blocking<S>>);

impl<S: Store + Scan<Error = <S as Store>::Error>> Iterator for SweepAll<'_, S> {
    type Item = Result<(ProfileNumber, Swept), Error<<S as Store>::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        ready(self.0.next())
    }
}

/// A sweep over every profile for which something fell due; see [`AsyncLedgerAt::sweep_all`].
#[derive(Debug)]
pub struct AsyncSweepAll<'a, S> {
    moment: AsyncLedgerAt<'a, S>,
    pages: Pages,
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncSweepAll<'_, S> {
    /// Sweeps the next one; `None` when all are done.
    pub async fn next(&mut self) -> Option<Result<(ProfileNumber, Swept), Error<<S as AsyncStore>::Error>>> {
        loop {
            if let Some(number) = self.pages.next() {
                let command = Command::new(self.moment.at, Sweep::Number(number));
                let swept = self.moment.ledger.run(&command).await;
                return Some(swept.map(|receipt| (number, receipt.outcome)));
            }
            let after = self.pages.turn()?;
            match self.moment.ledger.store.due(self.moment.at, after, PAGE).await {
                Ok(page) => self.pages.give(page),
                Err(error) => {
                    self.pages.is_done = true;
                    return Some(Err(failed(error)));
                }
            }
        }
    }
}

/// A page of events in the making.
struct Listening {
    cursor: Cursor,
    now: Timestamp,
    lead: TimeDelta,
    limit: usize,
    /// The latest instant up to which some profiles' coming expiries were reported.
    soon: Option<Timestamp>,
    /// The profiles that received lots which expire in a stretch that was already reported, with its end.
    behind: BTreeMap<ProfileNumber, Timestamp>,
    /// The profiles with lots whose end may have been put off, with the activities.
    kept: BTreeMap<ProfileNumber, Vec<Timestamp>>,
    events: Vec<Event>,
    more: bool,
}

impl Listening {
    fn new(after: &Cursor, now: Timestamp, lead: TimeDelta, limit: usize, feed: Feed) -> Self {
        // The profile whose interval is being delivered may have been passed already.
        let (soon, told) = (after.expiring.until(), after.due.until());
        let is_behind = |until: &Timestamp, written: &FeedEntry| event::brings(&written.entry, *until);
        let behind = feed
            .entries
            .iter()
            .filter_map(|written| Some((written.number, told.filter(|until| is_behind(until, written))?)));
        let behind = behind.collect();
        let mut kept: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let keeping = |written: &&FeedEntry| soon > Some(now) && event::may_keep(&written.entry);
        for written in feed.entries.iter().filter(keeping) {
            kept.entry(written.number).or_default().extend(written.entry.active_at());
        }
        let events = feed.entries.iter().flat_map(|written| event::of_entry(written, soon)).collect();
        let cursor = Cursor { position: feed.position, ..after.clone() };
        Self { cursor, now, lead, limit, soon, behind, kept, events, more: feed.more }
    }

    /// The next stretch of expiries to report, once every written entry is reported.
    fn due(&self) -> Option<(Stretch, ProfileNumber)> {
        if self.more { None } else { self.cursor.due.next(Timestamp::MIN, self.now) }
    }

    /// The next stretch of coming expiries to report, last of all.
    fn expiring(&self) -> Option<(Stretch, ProfileNumber)> {
        let end = self.now.checked_add(self.lead).unwrap_or(Timestamp::MAX);
        if self.more { None } else { self.cursor.expiring.next(self.now, end) }
    }

    fn finish(self) -> Events {
        Events { events: self.events, cursor: self.cursor, more: self.more }
    }
}
