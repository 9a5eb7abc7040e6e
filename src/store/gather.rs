//! The look-ups behind a [`Need`], as a machine that does no I/O: it says what to look up next and is given the
//! answer, so that a blocking store and an asynchronous one share it.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use super::Trail;
use super::work::{AsOf, DefinitionRef, Found, Need, Record};
use crate::account::{Account, Corrupt};
use crate::id::{Key, LotId, ProfileNumber};
use crate::journal::{EXPIRED, Entry, EntryKind, LotKind, LotState, Name, Standing, Subject};
use crate::time::Timestamp;

/// One thing to look up in one journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Whose journal.
    pub journal: ProfileNumber,
    /// Which entries of it.
    pub find: Find,
}

/// Which entries of a journal are wanted, in the order of their sequence. This is all that a store must be able to
/// find.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Find {
    /// The entries with these sequence numbers, both ends included; the journal may end before.
    Range(u32, u32),
    /// Every entry up to and at this instant.
    Until(Timestamp),
    /// The newest entry that has this among its [subjects](Entry::subjects).
    Latest(Subject),
    /// Every entry that has this among its [subjects](Entry::subjects).
    About(Subject),
    /// The newest entry that carries this key; see [`Entry::key`].
    Key(Key),
    /// The newest entry that has this among its [names](Entry::names).
    Named(Name),
}

/// Finds out what a [`Need`] needs, look-up by look-up.
///
/// ```
/// use scrip::store::{Find, Gather, Need, Owner};
/// use scrip::{Account, Entry, ProfileNumber};
///
/// // What a store would read; this one has nothing in it.
/// let account = Account::without_profile(ProfileNumber::CATALOGUE);
/// let entries_that = |_: &Find| Vec::<Entry>::new();
///
/// let mut need = Need::of(Owner::CATALOGUE);
/// need.journal = true;
/// let mut gather = Gather::new(&need, &account, None);
/// while let Some(lookup) = gather.next() {
///     gather.give(entries_that(&lookup.find));
/// }
/// assert!(gather.found().journal.is_empty());
/// ```
#[derive(Debug)]
pub struct Gather<E> {
    wanted: Vec<(Slot, Lookup)>,
    asked: Option<(Slot, ProfileNumber)>,
    found: BTreeMap<Slot, Vec<E>>,
    /// The journals of the two accounts.
    journals: [Option<ProfileNumber>; 2],
    redeemed_lots: bool,
    trail: Option<Box<Trail>>,
}

/// What a look-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Keyed,
    /// What the key's first use wrote after its first entry.
    KeyedRest,
    Journal,
    /// The entries about the lot of a trail.
    Trail,
    ExpiredList,
    /// The newest entry about a lot that has expired.
    Expired(LotId),
    /// The newest entry that carries the name of a thing.
    Named(Thing),
    /// The entry that made a thing.
    Made(Thing),
    /// The newest entry about a thing.
    Latest(Thing),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    External,
    Redemption,
    Transaction,
    /// The redemption that the transaction is linked to.
    Linked,
    Hold,
    Definition,
    Lot(LotId),
    /// A lot, as the second account's journal knows it.
    SecondLot(LotId),
}

impl<E: Borrow<Entry>> Gather<E> {
    /// For a need, and the accounts that it names.
    pub fn new(need: &Need, first: &Account, second: Option<&Account>) -> Self {
        let mut gather = Self {
            wanted: Vec::new(),
            asked: None,
            found: BTreeMap::new(),
            journals: [Some(first.number()), second.map(Account::number)],
            redeemed_lots: need.redeemed_lots,
            trail: need.trail.clone(),
        };
        if !need.is_plain() {
            gather.start(need, first);
        }
        gather
    }

    fn start(&mut self, need: &Need, account: &Account) {
        let number = account.number();
        if let Some(key) = &need.key {
            self.want(Slot::Keyed, number, Find::Key(key.clone()));
        }
        if let Some(external) = &need.external {
            self.want(Slot::Named(Thing::External), number, Find::Named(Name::from(&**external)));
        }
        // An id that belongs to another journal is not to be found in this one.
        if let Some(id) = need.redemption.filter(|id| self.journals.contains(&Some(id.number()))) {
            self.want_record(Thing::Redemption, id.number(), id.get(), id.sequence());
        }
        if let Some(id) = need.transaction.filter(|id| id.number() == number) {
            self.want_record(Thing::Transaction, number, id.get(), id.sequence());
        }
        if let Some(id) = need.hold {
            // A hold that came along with another profile was made there, and is captured or released here.
            if id.number() == number {
                self.want(Slot::Made(Thing::Hold), number, Find::Range(id.sequence(), id.sequence()));
            }
            self.want(Slot::Latest(Thing::Hold), number, Find::Latest(id.get()));
        }
        need.lots.iter().for_each(|lot| self.want_lot(*lot));
        if need.live_lots {
            live_lots(account).for_each(|lot| self.want_lot(lot));
        }
        if let Some(trail) = &need.trail {
            self.want(Slot::Trail, number, Find::About(trail.lot().get()));
        }
        match &need.definition {
            Some(DefinitionRef::Id(id)) => {
                self.want_record(Thing::Definition, ProfileNumber::CATALOGUE, id.get(), id.sequence());
            }
            Some(DefinitionRef::Handle(handle)) => {
                let find = Find::Named(Name::from(handle));
                self.want(Slot::Named(Thing::Definition), ProfileNumber::CATALOGUE, find);
            }
            None => {}
        }
        if need.expired {
            self.want(Slot::ExpiredList, number, Find::About(EXPIRED));
        }
        match need.as_of {
            AsOf::Now if need.journal => self.want(Slot::Journal, number, Find::Range(1, u32::MAX)),
            AsOf::Now => {}
            AsOf::At(instant) => self.want(Slot::Journal, number, Find::Until(instant)),
            AsOf::Sequence(last) => self.want(Slot::Journal, number, Find::Range(1, last)),
        }
    }

    fn want(&mut self, slot: Slot, journal: ProfileNumber, find: Find) {
        self.wanted.push((slot, Lookup { journal, find }));
    }

    fn want_record(&mut self, thing: Thing, journal: ProfileNumber, subject: Subject, made: u32) {
        self.want(Slot::Made(thing), journal, Find::Range(made, made));
        self.want(Slot::Latest(thing), journal, Find::Latest(subject));
    }

    /// A lot's facts are where it was issued, unless an entry with its name says them anew.
    fn want_lot(&mut self, lot: LotId) {
        for (journal, thing) in self.journals.into_iter().zip([Thing::Lot(lot), Thing::SecondLot(lot)]) {
            let Some(journal) = journal else { continue };
            if lot.number() == journal {
                self.want_record(thing, journal, lot.get(), lot.sequence());
            } else {
                self.want(Slot::Latest(thing), journal, Find::Latest(lot.get()));
            }
            self.want(Slot::Named(thing), journal, Find::Named(Name::of_lot(lot)));
        }
    }

    /// The next thing to look up; `None` when all is there.
    #[allow(clippy::should_implement_trait)] // It is no iterator: each answer decides what comes next.
    pub fn next(&mut self) -> Option<Lookup> {
        let (slot, lookup) = self.wanted.pop()?;
        self.asked = Some((slot, lookup.journal));
        Some(lookup)
    }

    /// Gives the entries that were found for the look-up last asked for, in the order of their sequence.
    pub fn give(&mut self, entries: impl IntoIterator<Item = E>) {
        let Some((slot, journal)) = self.asked.take() else { return };
        self.found.insert(slot, entries.into_iter().collect());
        self.follow_up(slot, journal);
    }

    /// What one answer makes necessary to look up.
    fn follow_up(&mut self, slot: Slot, journal: ProfileNumber) {
        match slot {
            Slot::Keyed => {
                let first =
                    self.first(slot).and_then(|entry| Some((entry.sequence, entry.stamp.as_ref()?.entries)));
                if let Some((sequence, entries @ 2..)) = first {
                    let last = sequence.saturating_add(entries.saturating_sub(1));
                    self.want(Slot::KeyedRest, journal, Find::Range(sequence.saturating_add(1), last));
                }
            }
            // A lot's name leads to what is fixed about it, and nowhere else.
            Slot::Named(Thing::Lot(_) | Thing::SecondLot(_)) => {}
            Slot::Named(thing) => {
                if let Some((subject, made)) = self.first(slot).and_then(Entry::named) {
                    self.want_record(thing, journal, subject, made);
                }
            }
            // Made is asked for last, so the newest is known by now.
            Slot::Made(Thing::Transaction) => {
                let newest = self.record(Thing::Transaction).map(|record| record.newest());
                let Some(EntryKind::Transaction(change)) = newest.map(|entry| &entry.kind) else { return };
                let (linked, earned) = (change.transaction.redemption_id, change.transaction.earned);
                if let Some(id) = linked.filter(|id| self.journals.contains(&Some(id.number()))) {
                    self.want_record(Thing::Linked, id.number(), id.get(), id.sequence());
                }
                if let Some(lot) = earned.and_then(|earned| earned.lot) {
                    self.want_lot(lot);
                }
            }
            Slot::Made(Thing::Redemption) if self.redeemed_lots => {
                let items =
                    self.first(slot).and_then(|made| made.redeemed()).map(|redeemed| redeemed.items.clone());
                items.iter().flat_map(|items| items.iter()).for_each(|item| self.want_lot(item.lot));
            }
            Slot::ExpiredList => {
                let lots: BTreeSet<LotId> = self.all(slot).flat_map(Entry::expired_lots).collect();
                for lot in lots {
                    self.want(Slot::Expired(lot), journal, Find::Latest(lot.get()));
                }
            }
            _ => {}
        }
    }

    /// The account of the past that was asked for; `None` if it was asked for as it stands.
    ///
    /// # Errors
    /// The journal is not one that this ledger wrote.
    pub fn past(&self, need: &Need, account: &Account) -> Result<Option<Account>, Corrupt> {
        if need.as_of == AsOf::Now {
            return Ok(None);
        }
        let profile = account.profile().copied();
        Account::replay(profile, account.number(), self.all(Slot::Journal)).map(Some)
    }

    /// What was found, to lend to the work.
    pub fn found(&self) -> Found<'_> {
        if self.found.is_empty() {
            return Found::default();
        }
        let mut lots = BTreeMap::new();
        let mut second_lots = BTreeMap::new();
        for slot in self.found.keys() {
            match slot {
                Slot::Named(thing @ Thing::Lot(lot)) => {
                    lots.extend(self.lot(*thing).map(|record| (*lot, record)))
                }
                Slot::Named(thing @ Thing::SecondLot(lot)) => {
                    second_lots.extend(self.lot(*thing).map(|record| (*lot, record)));
                }
                _ => {}
            }
        }
        Found {
            keyed: self.all(Slot::Keyed).chain(self.all(Slot::KeyedRest)).collect(),
            external: self.record(Thing::External),
            redemption: self.record(Thing::Redemption),
            transaction: self.record(Thing::Transaction),
            linked: self.record(Thing::Linked),
            hold: self.first(Slot::Latest(Thing::Hold)).or_else(|| self.first(Slot::Made(Thing::Hold))),
            definition: self.record(Thing::Definition),
            lots,
            second_lots,
            trail: self.trail.as_deref(),
            trail_here: self.all(Slot::Trail).collect(),
            expired: self.expired(),
            journal: self.all(Slot::Journal).collect(),
        }
    }

    /// The lots that have expired with value left, by the newest entry about each.
    fn expired(&self) -> Vec<LotState> {
        let mut expired = BTreeMap::new();
        for entry in self.all(Slot::ExpiredList) {
            for lot in entry.expired_lots() {
                let newest = self.first(Slot::Expired(lot)).unwrap_or(entry);
                expired.extend(newest.lot_after(lot).map(|after| (lot, after)));
            }
        }
        let has_value = |after: &LotState| after.standing == Standing::Expired && !after.remaining.is_zero();
        expired.into_values().filter(has_value).collect()
    }

    fn all(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        self.found.get(&slot).into_iter().flatten().map(Borrow::borrow)
    }

    fn first(&self, slot: Slot) -> Option<&Entry> {
        self.all(slot).next()
    }

    fn record(&self, thing: Thing) -> Option<Record<'_>> {
        Some(Record { made: self.first(Slot::Made(thing))?, latest: self.first(Slot::Latest(thing)) })
    }

    /// What is fixed about a lot, by its name or by its issue; and the newest entry about it.
    fn lot(&self, thing: Thing) -> Option<Record<'_>> {
        let made = self.first(Slot::Named(thing)).or_else(|| self.first(Slot::Made(thing)))?;
        Some(Record { made, latest: self.first(Slot::Latest(thing)) })
    }
}

fn live_lots(account: &Account) -> impl Iterator<Item = LotId> {
    let queued =
        [LotKind::Reward, LotKind::Point].into_iter().flat_map(|kind| account.lots(kind)).map(|lot| lot.id);
    let pending = account.pending().map(|pending| pending.lot.id);
    queued.chain(pending).chain(account.overdue().map(|overdue| overdue.lot.id))
}
