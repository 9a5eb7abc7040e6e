//! A database server in memory: a log that is durable up to a point, a state folded from all of it, connections that
//! break, and a network that may deliver late.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use scrip::ProfileId;
use scrip::account::Account;
use scrip::id::ProfileNumber;
use scrip::journal::Entry;
use scrip::store::{Change, CommitStatus, Find, Lookup, LookupPlan, Need, Owner};

use super::rng::Rng;

/// What is planted, to see it caught. See the module's docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The store settles its units before it has flushed.
    AnswersBeforeDurable,
    /// The store has lost a reply, and runs the unit again by itself.
    StoreRunsDoubtAgain,
    /// A client runs a command again that was in doubt and carries no key.
    ClientRunsDoubtAgain,
    /// A message that was delivered late is executed twice, under new numbers.
    DeliversTwice,
    /// Keys are not stored, so what is repeated under one is done twice.
    ForgetsKeys,
    /// The head is not compared when a change is written.
    ComparesNothing,
    /// The two halves of a change over two accounts are two records of the log.
    TearsPairs,
    /// The connection broke after units were written, and the error says that nothing was.
    ErrorForDoubt,
    /// What was answered from the state before it was flushed is gone after a crash.
    RepeatsBeforeDurable,
}

/// One commit: all of it is in the log, or nothing.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Record(pub Vec<FeedEntry>);

/// The entries of one account in a commit; with whose it is, if that is new.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FeedEntry {
    pub number: ProfileNumber,
    pub profile: Option<ProfileId>,
    pub entries: Vec<Entry>,
}

/// The folded log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub profiles: Vec<ProfileId>,
    pub journals: BTreeMap<ProfileNumber, Vec<Entry>>,
    pub accounts: BTreeMap<ProfileNumber, Account>,
}

pub struct Server {
    pub rng: Rng,
    pub plant: Option<Plant>,
    pub log: Vec<Record>,
    /// How many records of the log survive whatever happens.
    pub durable: usize,
    pub state: State,
    /// Goes up with every crash: a connection is good in one epoch.
    pub epoch: u64,
    /// What was sent on connections that broke, and may yet arrive.
    pub in_flight: Vec<Sent>,
    /// Whether things still go wrong.
    pub is_stormy: bool,
    /// What happened, line by line, if anybody wants to know.
    pub story: Option<Vec<String>>,
}

/// A change on its way, and what it was decided on.
#[derive(Clone, Debug)]
pub struct Sent {
    pub first: Account,
    pub second: Option<Account>,
    pub change: Change,
}

pub struct Loaded {
    pub first: Account,
    pub second: Option<Account>,
    pub gather: LookupPlan<Entry>,
}

pub type Shared = Arc<Mutex<Server>>;

pub fn lock(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap()
}

impl Server {
    pub fn new(seed: u64, plant: Option<Plant>, tells: bool) -> Self {
        Self {
            rng: Rng::new(seed),
            plant,
            log: Vec::new(),
            durable: 0,
            state: State::default(),
            epoch: 0,
            in_flight: Vec::new(),
            is_stormy: true,
            story: tells.then(Vec::new),
        }
    }

    pub fn has(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    pub fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(line());
        }
    }

    /// Something that goes wrong once in so many times, while the storm lasts.
    pub fn mishap(&mut self, one_in: u64) -> bool {
        self.is_stormy && self.rng.one_in(one_in)
    }

    /// Everything that was not flushed may be gone; what was written of it is a prefix of whole records.
    pub fn crash(&mut self) {
        let unflushed = (self.log.len() - self.durable) as u64;
        let kept = self.durable + self.rng.below(unflushed + 1) as usize;
        let lost = self.log.len() - kept;
        self.log.truncate(kept);
        self.durable = kept;
        self.state = State::default();
        for record in &self.log {
            self.state.apply(record);
        }
        self.in_flight.clear();
        self.epoch += 1;
        self.tell(|| format!("CRASH: {lost} records are lost, {kept} are left"));
    }

    pub fn flush(&mut self) {
        self.durable = self.log.len();
    }

    /// Delivers something that was given up for lost.
    pub fn deliver_late(&mut self) {
        if self.in_flight.is_empty() {
            return;
        }
        let index = self.rng.below(self.in_flight.len() as u64) as usize;
        let sent = self.in_flight.swap_remove(index);
        let fate = self.write(&sent);
        self.tell(|| format!("a late message arrives: {fate:?}"));
        if fate == CommitStatus::Committed && self.has(Plant::DeliversTwice) {
            let mut again = sent;
            again.change.first.iter_mut().for_each(|entry| entry.sequence += 1);
            again.change.second.iter_mut().for_each(|entry| entry.sequence += 1);
            again.first = self.state.account(Owner::Number(again.first.number()), 0);
            again.second = again.second.map(|second| self.state.account(Owner::Number(second.number()), 0));
            self.write(&again);
        }
    }

    /// Writes both lists to the log, unless one of the accounts has moved on.
    pub fn write(&mut self, sent: &Sent) -> CommitStatus {
        let Sent { first, second, change } = sent;
        if !change.follows(first.sequence(), second.as_ref().map(Account::sequence)) {
            return CommitStatus::Conflict;
        }
        let promised = usize::from(is_newcomer(first));
        let stands = self.state.stands(first, 0)
            && second.as_ref().is_none_or(|second| self.state.stands(second, promised));
        if !stands && !self.has(Plant::ComparesNothing) {
            return CommitStatus::Conflict;
        }
        let mut record = Vec::new();
        for (account, entries) in [(Some(first), &change.first), (second.as_ref(), &change.second)] {
            let Some(account) = account.filter(|_| !entries.is_empty()) else { continue };
            let profile = account.profile().copied().filter(|_| is_newcomer(account));
            let mut entries = entries.clone();
            if self.has(Plant::ForgetsKeys) {
                entries.iter_mut().for_each(|entry| entry.stamp = None);
            }
            record.push(FeedEntry { number: account.number(), profile, entries });
        }
        let records = match self.plant {
            Some(Plant::TearsPairs) => record.into_iter().map(|written| Record(vec![written])).collect(),
            _ => vec![Record(record)],
        };
        for record in records {
            self.state.apply(&record);
            self.log.push(record);
        }
        CommitStatus::Committed
    }

    pub fn load(&self, need: &Need) -> Loaded {
        let first = self.state.account(need.owner, 0);
        let promised = usize::from(is_newcomer(&first));
        let second = need.second.as_deref().map(|owner| self.state.account(*owner, promised));
        let mut gather = LookupPlan::new(need, &first);
        while let Some(lookup) = gather.next() {
            gather.answer(self.state.find(&lookup));
        }
        Loaded { first, second, gather }
    }
}

impl State {
    pub fn apply(&mut self, record: &Record) {
        for FeedEntry { number, profile, entries } in &record.0 {
            self.profiles.extend(profile);
            let account = self.accounts.entry(*number).or_insert_with(|| match profile {
                Some(profile) => Account::new(*profile, *number),
                None => Account::without_profile(*number),
            });
            entries.iter().for_each(|entry| account.apply(entry));
            self.journals.entry(*number).or_default().extend_from_slice(entries);
        }
    }

    /// The account. Newcomers are lent the next number; whoever is written first gets it.
    fn account(&self, owner: Owner, promised: usize) -> Account {
        match owner {
            Owner::Number(number) => {
                let account = self.accounts.get(&number).cloned();
                account.unwrap_or_else(|| Account::without_profile(number))
            }
            Owner::Profile(profile) => {
                let place = self.profiles.iter().position(|other| *other == profile);
                let place = place.unwrap_or(self.profiles.len() + promised);
                let number = ProfileNumber::new(place as u32 + 1).unwrap();
                let account = self.accounts.get(&number).cloned();
                account.unwrap_or_else(|| Account::new(profile, number))
            }
        }
    }

    fn stands(&self, loaded: &Account, promised: usize) -> bool {
        let owner =
            loaded.profile().map_or(Owner::Number(loaded.number()), |profile| Owner::Profile(*profile));
        let now = self.account(owner, promised);
        (now.number(), now.sequence()) == (loaded.number(), loaded.sequence())
    }

    fn find(&self, lookup: &Lookup) -> Vec<Entry> {
        let all = self.journals.get(&lookup.journal).map_or(&[][..], Vec::as_slice).iter();
        let newest = |wanted: &dyn Fn(&Entry) -> bool| {
            all.clone().rev().find(|entry| wanted(entry)).cloned().into_iter().collect()
        };
        match &lookup.find {
            Find::Range(first, last) => {
                all.filter(|entry| (*first..=*last).contains(&entry.sequence)).cloned().collect()
            }
            Find::Until(at) => all.filter(|entry| entry.at <= *at).cloned().collect(),
            Find::About(subject) => {
                all.filter(|entry| entry.records(lookup.journal).contains(subject)).cloned().collect()
            }
            Find::Latest(subject) => newest(&|entry| entry.records(lookup.journal).contains(subject)),
            Find::Key(key) => newest(&|entry| entry.key() == Some(key)),
            Find::Named(name) => newest(&|entry| entry.external() == Some(name)),
            other => unreachable!("this server was written before {other:?}"),
        }
    }
}

fn is_newcomer(account: &Account) -> bool {
    account.sequence() == 0 && account.profile().is_some()
}
