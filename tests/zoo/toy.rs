//! A toy store that keeps every promise, or breaks one. It decides with nothing held, so that handles which are driven
//! side by side do get in one another's way, the same way on every run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use scrip::ProfileId;
use scrip::account::Account;
use scrip::id::ProfileNumber;
use scrip::journal::{Entry, EntryKind};
use scrip::store::{
    AsOf, AsyncStore, Change, CommitStatus, Lookup, LookupPlan, Need, Owner, StoreError, View, Work,
};

use super::flaw::Flaw;

#[derive(Debug, thiserror::Error)]
pub enum ToyError {
    #[error("a row cannot be read")]
    Unreadable,
    #[error(transparent)]
    Corrupt(#[from] scrip::account::Corrupt),
    #[error("a position that is none of this store's")]
    NoSuchPosition,
}

impl StoreError for ToyError {
    fn is_corruption(&self) -> bool {
        !matches!(self, Self::NoSuchPosition)
    }
}

#[derive(Clone)]
pub struct Toy {
    pub flaw: Option<Flaw>,
    backing: Arc<Mutex<Backing>>,
    /// What this handle remembers of each profile, if it has that flaw.
    remembered: BTreeMap<ProfileId, Loaded>,
}

#[derive(Default)]
pub struct Backing {
    /// By number; number one first.
    pub profiles: Vec<ProfileId>,
    /// `None`: a row that cannot be read.
    pub journals: BTreeMap<u32, Vec<Option<Entry>>>,
    /// Whose entry, and which, in the order of writing.
    pub log: Vec<(u32, u32)>,
}

/// What was loaded for a unit, with nothing held.
#[derive(Clone)]
struct Loaded {
    first: Account,
    second: Option<Account>,
    found: Vec<(Lookup, Vec<Entry>)>,
}

impl Toy {
    pub fn new(flaw: Option<Flaw>) -> Self {
        Self { flaw, backing: Arc::default(), remembered: BTreeMap::new() }
    }

    /// Another handle on the same backing.
    pub fn handle(&self) -> Self {
        Self { remembered: BTreeMap::new(), ..self.clone() }
    }

    pub fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub fn lock(&self) -> MutexGuard<'_, Backing> {
        self.backing.lock().unwrap()
    }

    /// Makes the last row of a profile's journal unreadable: one that nothing follows which would show the gap.
    pub fn spoil(&self, profile: ProfileId) {
        let mut backing = self.lock();
        let number = backing.profiles.iter().position(|other| *other == profile).unwrap() as u32 + 1;
        *backing.journals.get_mut(&number).unwrap().last_mut().unwrap() = None;
    }

    async fn load(&mut self, need: &Need, before: &BTreeMap<u32, u32>) -> Result<Loaded, ToyError> {
        if let (Owner::Profile(profile), true, AsOf::Now) = (need.owner, need.journal, need.as_of)
            && self.has(Flaw::RemembersForEver)
        {
            if let Some(loaded) = self.remembered.get(&profile) {
                return Ok(loaded.clone());
            }
            let loaded = self.load_now(need, before)?;
            self.remembered.insert(profile, loaded.clone());
            return Ok(loaded);
        }
        let mut loaded = self.load_now(need, before)?;
        if need.key.is_some() && self.has(Flaw::KeysOfAnotherMoment) {
            pause().await;
            loaded.first = self.account(need.owner, 0)?;
        }
        Ok(loaded)
    }

    fn load_now(&self, need: &Need, before: &BTreeMap<u32, u32>) -> Result<Loaded, ToyError> {
        let mut first = self.account(need.owner, 0)?;
        let promised = self.promised(need, &first);
        let second = need.second.as_deref().map(|owner| self.account(*owner, promised)).transpose()?;
        let mut found = Vec::new();
        let mut gather = LookupPlan::new(need, &first);
        while let Some(lookup) = gather.next() {
            let is_of_first = [first.number(), ProfileNumber::CATALOGUE].contains(&lookup.journal);
            let entries = match self.has(Flaw::SecondJournalUnread) && !is_of_first {
                true => Vec::new(),
                false => self.find(&lookup, before)?,
            };
            gather.answer(entries.clone());
            found.push((lookup, entries));
        }
        let journal = self.journal(first.number().get())?;
        if need.journal && self.has(Flaw::LendsAStaleAccount) {
            let is_sale = matches!(journal.last().map(|entry| &entry.kind), Some(EntryKind::Transaction(_)));
            let shown = journal.len() - usize::from(is_sale);
            first = Account::replay(first.profile().copied(), first.number(), &journal[..shown])?;
        }
        Ok(Loaded { first, second, found })
    }

    /// How many numbers were lent in a unit already, once its first account was.
    fn promised(&self, need: &Need, first: &Account) -> usize {
        let is_another = need.second.as_deref() != Some(&need.owner) || self.has(Flaw::OneAccountIsTwo);
        usize::from(is_newcomer(first) && is_another && !self.has(Flaw::NewcomersShareANumber))
    }

    /// The account; two newcomers may be lent the same number, and one of them gets it.
    pub fn account(&self, owner: Owner, promised: usize) -> Result<Account, ToyError> {
        let (number, profile) = {
            let profiles = &self.lock().profiles;
            let at = |number: u32| profiles.get((number as usize).wrapping_sub(1)).copied();
            let is = |one: &ProfileId, other: &ProfileId| match self.flaw {
                Some(Flaw::IgnoresCase) => one.as_str().eq_ignore_ascii_case(other.as_str()),
                _ => one == other,
            };
            match owner {
                Owner::Number(number) if self.has(Flaw::NumbersWrap) && number.get() > 16 => {
                    let wrapped = number.get() - 16;
                    (ProfileNumber::new(wrapped).unwrap(), at(wrapped))
                }
                Owner::Number(number) if self.has(Flaw::AnybodyForNobody) && at(number.get()).is_none() => {
                    (number, profiles.first().copied().filter(|_| number != ProfileNumber::CATALOGUE))
                }
                Owner::Number(number) => (number, at(number.get())),
                Owner::Profile(profile) => {
                    let place = profiles.iter().position(|other| is(other, &profile));
                    let place =
                        place.map(|place| if self.has(Flaw::PlacesWrap) { place % 256 } else { place });
                    let place = place.unwrap_or(profiles.len() + promised);
                    (ProfileNumber::new(place as u32 + 1).unwrap(), Some(profile))
                }
            }
        };
        let mut entries = self.journal(number.get())?;
        if self.has(Flaw::PagesEnd) {
            entries.truncate(256);
        }
        Ok(Account::replay(profile, number, &entries)?)
    }

    /// The entries of a journal, read back.
    pub fn journal(&self, number: u32) -> Result<Vec<Entry>, ToyError> {
        let backing = self.lock();
        let rows = backing.journals.get(&number).into_iter().flatten();
        if self.has(Flaw::SkipsUnreadable) {
            return Ok(rows.flatten().cloned().collect());
        }
        let unreadable = || match self.has(Flaw::MakesLightOfUnreadable) {
            true => ToyError::NoSuchPosition,
            false => ToyError::Unreadable,
        };
        rows.map(|row| row.clone().ok_or_else(unreadable)).collect()
    }

    /// Writes both lists, if both accounts still stand where they were loaded.
    fn swap(&self, need: &Need, loaded: &Loaded, change: &Change) -> Result<CommitStatus, ToyError> {
        let (first, second) = (&loaded.first, loaded.second.as_ref());
        let mut change = change.clone();
        if !change.follows(first.sequence(), second.map(Account::sequence)) {
            let is_there = self.journal(first.number().get())?.ends_with(&change.first);
            let first_follows =
                Change { second: Vec::new(), ..change.clone() }.follows(first.sequence(), None);
            match self.flaw {
                Some(Flaw::TakesStaleForDone) if is_there => return Ok(CommitStatus::Committed),
                Some(Flaw::TearsPairs) if first_follows && second.is_some() => change.second.clear(),
                _ => return Ok(CommitStatus::Conflict),
            }
        }
        let is_redemption = change.first.iter().any(|entry| matches!(entry.kind, EntryKind::Redeem(_)));
        let trusts_first = match self.flaw {
            Some(Flaw::CreatorsUnchecked) => first.sequence() == 0,
            Some(Flaw::RedemptionsUnchecked) => is_redemption && need.key.is_none(),
            _ => false,
        };
        let promised = self.promised(need, first);
        let stands = (trusts_first || self.stands(first, 0)?)
            && match second {
                Some(_) if self.has(Flaw::SecondUnchecked) => true,
                Some(second) => self.stands(second, promised)?,
                None => true,
            };
        if !stands {
            return Ok(CommitStatus::Conflict);
        }
        self.append(first, &change.first);
        if let Some(second) = second {
            self.append(second, &change.second);
        }
        Ok(if change.second.is_empty() && self.has(Flaw::TearsPairs) && need.second.is_some() {
            CommitStatus::Conflict
        } else {
            CommitStatus::Committed
        })
    }

    fn stands(&self, loaded: &Account, promised: usize) -> Result<bool, ToyError> {
        let owner =
            loaded.profile().map_or(Owner::Number(loaded.number()), |profile| Owner::Profile(*profile));
        let now = self.account(owner, promised)?;
        Ok((now.number(), now.sequence()) == (loaded.number(), loaded.sequence()))
    }

    fn append(&self, account: &Account, entries: &[Entry]) {
        let mut backing = self.lock();
        let mut number = account.number().get();
        if is_newcomer(account) && !entries.is_empty() {
            backing.profiles.extend(account.profile());
            number = backing.profiles.len() as u32;
        }
        for entry in entries {
            let mut entry = entry.clone();
            match (self.flaw, &mut entry.kind) {
                (Some(Flaw::RoundsAmounts), EntryKind::Issue(issue)) => {
                    let rounded = issue.value_initial.as_amount().ten_thousandths() as f32 as i64;
                    issue.value_initial = scrip::Amount::from_ten_thousandths(rounded).unwrap().into();
                }
                (Some(Flaw::LosesDocuments), EntryKind::Issue(issue)) => {
                    if let Some(details) = &mut issue.details {
                        details.meta = None;
                    }
                }
                _ => {}
            }
            backing.log.push((number, entry.sequence));
            backing.journals.entry(number).or_default().push(Some(entry));
        }
    }
}

impl AsyncStore for Toy {
    type Error = ToyError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), ToyError> {
        let units = work.needs().len();
        let before: BTreeMap<u32, u32> = {
            let backing = self.lock();
            backing.journals.iter().map(|(number, rows)| (*number, rows.len() as u32)).collect()
        };
        let (mut was_refused, mut was_stale) = (false, false);
        let mut ahead = Vec::new();
        if units == 5 && self.has(Flaw::ReadsAhead) {
            for unit in 0..units {
                ahead.push(self.load(&work.needs()[unit].clone(), &before).await?);
            }
        }
        for unit in 0..units {
            let need = work.needs()[unit].clone();
            let loaded = match ahead.get(unit) {
                Some(loaded) => loaded.clone(),
                None => self.load(&need, &before).await?,
            };
            // Here is where somebody else gets in between.
            pause().await;
            let mut gather = LookupPlan::new(&need, &loaded.first);
            let mut answers = loaded.found.iter();
            while gather.next().is_some() {
                gather.answer(answers.next().map(|(_, entries)| entries.clone()).unwrap_or_default());
            }
            let past = gather.past(&need, &loaded.first)?;
            let found = gather.found();
            let view = View::new(past.as_ref().unwrap_or(&loaded.first), loaded.second.as_ref(), &found);
            let fate = match work.decide(unit, view).cloned() {
                Some(_) if was_refused && self.has(Flaw::RefusalsTakeTheNextAlong) => {
                    was_refused = false;
                    CommitStatus::Committed
                }
                Some(_) if was_stale && self.has(Flaw::ConflictsEndTheBatch) => CommitStatus::Conflict,
                Some(change) => self.swap(&need, &loaded, &change)?,
                None => {
                    was_refused = true;
                    CommitStatus::Committed
                }
            };
            was_stale |= fate == CommitStatus::Conflict;
            work.settle(unit, fate);
        }
        Ok(())
    }
}

fn is_newcomer(account: &Account) -> bool {
    account.sequence() == 0 && account.profile().is_some()
}

/// Lets whoever else is driven have a turn.
async fn pause() {
    let mut has_paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
