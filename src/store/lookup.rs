//! The look-ups behind a [`Need`], without any I/O: a plan says what to look up next and is given the answer, so that a
//! blocking store and an asynchronous one share it.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::find::{Find, Lookup};
use super::work::{AsOf, DefinitionRef, Found, Need, Record};
use crate::account::{Account, Corrupt};
use crate::id::{DefinitionId, LotId, ProfileNumber};
use crate::journal::{Entry, EntryKind, LotKind, LotState, Name, RecordId, Standing};

/// Finds out what a [`Need`] needs, look-up by look-up.
///
/// ```
/// use scrip::store::{Find, LookupPlan, Need, Owner};
/// use scrip::{Account, Entry, ProfileNumber};
///
/// // What a store would read; this one has nothing in it.
/// let account = Account::without_profile(ProfileNumber::CATALOGUE);
/// let entries_that = |_: &Find| Vec::<Entry>::new();
///
/// let mut need = Need::of(Owner::CATALOGUE);
/// need.journal = true;
/// let mut plan = LookupPlan::new(&need, &account);
/// while let Some(lookup) = plan.next() {
///     plan.answer(entries_that(&lookup.find));
/// }
/// assert!(plan.found().journal.is_empty());
/// ```
#[derive(Debug)]
pub struct LookupPlan<E> {
    wanted: SmallVec<[(Slot, Lookup); 2]>,
    asked: Option<(Slot, ProfileNumber)>,
    /// What was found, by what it was looked up for. Nothing is kept of a look-up that found nothing.
    found: BTreeMap<Slot, Vec<E>>,
    own: ProfileNumber,
    /// Whether the account is wanted as it was: then its journal up to there is read, and looked things up in.
    is_past: bool,
    closed: Vec<ProfileNumber>,
    redeemed_lots: bool,
    definition: Option<DefinitionId>,
}

/// What a look-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Keyed,
    /// What the key's first use wrote after its first entry.
    KeyedRest,
    Journal,
    ExpiredList,
    /// The newest entry about a lot that has expired.
    Expired(LotId),
    /// The newest entry that carries the name of a thing.
    Named(Thing),
    /// The entry that made a thing.
    Made(Thing),
    /// The newest entry about a thing; in which of the journals, the account's own first.
    Latest(Thing, usize),
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
    /// A lot, as a closed journal knows it.
    ClosedLot(LotId),
}

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// For a need, and the account that it names first.
    #[inline]
    pub fn new(need: &Need, account: &Account) -> Self {
        let mut plan = Self {
            wanted: SmallVec::new(),
            asked: None,
            found: BTreeMap::new(),
            own: account.number(),
            is_past: need.as_of != AsOf::Now,
            closed: Vec::new(),
            redeemed_lots: need.redeemed_lots,
            definition: None,
        };
        if !need.is_plain() {
            plan.start(need, account);
        }
        plan
    }

    fn start(&mut self, need: &Need, account: &Account) {
        let own = self.own;
        self.closed.clone_from(&need.closed);
        if let Some(key) = &need.key {
            self.want(Slot::Keyed, own, Find::Key(key.clone()));
        }
        if let Some(external) = &need.external {
            self.want(Slot::Named(Thing::External), own, Find::Named(Name::from(&**external)));
        }
        if let Some(id) = need.redemption {
            self.want_record(Thing::Redemption, id.number(), id.into(), id.sequence());
        }
        if let Some(id) = need.transaction {
            self.want_record(Thing::Transaction, id.number(), id.into(), id.sequence());
        }
        if let Some(id) = need.hold {
            // A hold that came along with another profile was made there, and is captured or released here.
            if id.number() == own {
                self.want(Slot::Made(Thing::Hold), own, Find::Range(id.sequence(), id.sequence()));
            }
            self.want(Slot::Latest(Thing::Hold, 0), own, Find::Latest(id.into()));
        }
        need.lots.iter().for_each(|lot| self.want_lot(*lot));
        if need.live_lots {
            live_lots(account).for_each(|lot| self.want_lot(lot));
        }
        match &need.definition {
            Some(DefinitionRef::Id(id)) => self.want_definition(*id),
            Some(DefinitionRef::Handle(handle)) => {
                let find = Find::Named(Name::from(handle));
                self.want(Slot::Named(Thing::Definition), ProfileNumber::CATALOGUE, find);
            }
            None => {}
        }
        if need.expired {
            self.want(Slot::ExpiredList, own, Find::About(RecordId::EXPIRED));
        }
        match need.as_of {
            AsOf::Now if need.journal => self.want(Slot::Journal, own, Find::Range(1, u32::MAX)),
            AsOf::Now => {}
            AsOf::At(instant) => self.want(Slot::Journal, own, Find::Until(instant)),
            AsOf::Sequence(last) => self.want(Slot::Journal, own, Find::Range(1, last)),
        }
    }

    fn want(&mut self, slot: Slot, journal: ProfileNumber, find: Find) {
        self.wanted.push((slot, Lookup { journal, find }));
    }

    /// A record of this account, or of one that was merged into it: then what is newest about it is in the journal of
    /// whoever took over last and wrote of it.
    fn want_record(&mut self, thing: Thing, journal: ProfileNumber, subject: RecordId, made: u32) {
        if journal == self.own {
            self.want(Slot::Made(thing), journal, Find::Range(made, made));
            self.want(Slot::Latest(thing, 0), journal, Find::Latest(subject));
        } else if self.closed.contains(&journal) {
            self.want(Slot::Made(thing), journal, Find::Range(made, made));
            self.want(Slot::Latest(thing, 0), self.own, Find::Latest(subject));
            for (rank, closed) in (1..).zip(self.closed.clone()) {
                self.want(Slot::Latest(thing, rank), closed, Find::Latest(subject));
            }
        }
    }

    /// The newest entry about a definition says all there is to say; the one that made it is asked for if there is no later.
    fn want_definition(&mut self, definition: DefinitionId) {
        if definition.number() == ProfileNumber::CATALOGUE {
            self.definition = Some(definition);
            let find = Find::Latest(definition.into());
            self.want(Slot::Latest(Thing::Definition, 0), ProfileNumber::CATALOGUE, find);
        }
    }

    /// A lot's facts are where it was issued, unless an entry with its name says them anew.
    fn want_lot(&mut self, lot: LotId) {
        self.want_lot_in(Thing::Lot(lot), lot, self.own, 0);
        for (rank, closed) in (1..).zip(self.closed.clone()) {
            self.want_lot_in(Thing::ClosedLot(lot), lot, closed, rank);
        }
        if !self.closed.is_empty() {
            self.want(Slot::Latest(Thing::ClosedLot(lot), 0), self.own, Find::Latest(lot.into()));
        }
    }

    fn want_lot_in(&mut self, thing: Thing, lot: LotId, journal: ProfileNumber, rank: usize) {
        if lot.number() == journal {
            let made = lot.sequence();
            self.want(Slot::Made(thing), journal, Find::Range(made, made));
        }
        self.want(Slot::Latest(thing, rank), journal, Find::Latest(lot.into()));
        self.want(Slot::Named(thing), journal, Find::Named(Name::of_lot(lot)));
    }

    /// The next thing to look up; `None` when all is there.
    #[allow(clippy::should_implement_trait)] // It is no iterator: each answer decides what comes next.
    #[inline]
    pub fn next(&mut self) -> Option<Lookup> {
        loop {
            let (slot, lookup) = self.wanted.pop()?;
            self.asked = Some((slot, lookup.journal));
            if !self.is_past || slot == Slot::Journal || lookup.journal != self.own {
                return Some(lookup);
            }
            self.answer(self.find_in_past(&lookup.find));
        }
    }

    /// What the account's journal up to the past moment has, which is looked up before all else.
    fn find_in_past(&self, find: &Find) -> Vec<E> {
        let journal = self.found.get(&Slot::Journal).into_iter().flatten();
        let mut entries: Vec<E> =
            journal.filter(|entry| find.finds((*entry).borrow(), self.own)).cloned().collect();
        if find.is_of_newest() {
            entries = entries.pop().into_iter().collect();
        }
        entries
    }

    /// Takes the entries that were found for the look-up last asked for, in the order of their sequence.
    pub fn answer(&mut self, entries: impl IntoIterator<Item = E>) {
        let Some((slot, journal)) = self.asked.take() else { return };
        let entries: Vec<E> = entries.into_iter().collect();
        if !entries.is_empty() {
            self.found.insert(slot, entries);
            self.follow_up(slot, journal);
        } else if let (Slot::Latest(Thing::Definition, _), Some(id)) = (slot, self.definition) {
            self.want(Slot::Made(Thing::Definition), journal, Find::Range(id.sequence(), id.sequence()));
        }
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
            Slot::Named(Thing::Lot(_) | Thing::ClosedLot(_)) => {}
            Slot::Named(Thing::Definition) => {
                if let Some(EntryKind::Define(defined)) = self.first(slot).map(|entry| &entry.kind) {
                    self.want_definition(defined.id);
                }
            }
            Slot::Named(thing) => {
                if let Some((subject, made)) = self.first(slot).and_then(Entry::named) {
                    self.want(Slot::Made(thing), journal, Find::Range(made, made));
                    self.want(Slot::Latest(thing, 0), journal, Find::Latest(subject));
                }
            }
            // Made is asked for last, so the newest is known by now.
            Slot::Made(Thing::Transaction) => {
                let newest = self.record(Thing::Transaction).map(|record| record.newest());
                let Some(EntryKind::Transaction(change)) = newest.map(|entry| &entry.kind) else { return };
                let (linked, earned) = (change.transaction.redemption_id, change.transaction.earned);
                if let Some(id) = linked {
                    self.want_record(Thing::Linked, id.number(), id.into(), id.sequence());
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
                let mut lots: Vec<LotId> =
                    self.all(slot).flat_map(Entry::lot_states).map(|state| state.lot).collect();
                lots.sort_unstable();
                lots.dedup();
                for lot in lots {
                    self.want(Slot::Expired(lot), journal, Find::Latest(lot.into()));
                }
            }
            _ => {}
        }
    }

    /// The account of the past that was asked for; `None` if it was asked for as it stands.
    ///
    /// # Errors
    /// The journal is not one that this ledger wrote.
    #[inline]
    pub fn past(&self, need: &Need, account: &Account) -> Result<Option<Account>, Corrupt> {
        if need.as_of == AsOf::Now {
            return Ok(None);
        }
        let mut past = Account::without_profile(account.number());
        if let Some(profile) = account.profile() {
            past = Account::new(*profile, account.number());
        }
        self.all(Slot::Journal).try_for_each(|entry| past.follow(entry)).map(|()| Some(past))
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, to lend to the work.
    pub fn found(&self) -> Found<'_> {
        if self.found.is_empty() {
            return Found::default();
        }
        Found {
            keyed: self.all(Slot::Keyed).chain(self.all(Slot::KeyedRest)).collect(),
            external: self.record(Thing::External),
            redemption: self.record(Thing::Redemption),
            transaction: self.record(Thing::Transaction),
            linked: self.record(Thing::Linked),
            hold: self.first(Slot::Latest(Thing::Hold, 0)).or_else(|| self.first(Slot::Made(Thing::Hold))),
            hold_made: self.first(Slot::Made(Thing::Hold)),
            definition: self.definition(),
            lots: self.lots(|thing| match thing {
                Thing::Lot(lot) => Some(lot),
                _ => None,
            }),
            closed_lots: self.lots(|thing| match thing {
                Thing::ClosedLot(lot) => Some(lot),
                _ => None,
            }),
            expired: self.expired(),
            journal: self.all(Slot::Journal).collect(),
        }
    }

    /// The lots whose facts were found, each once.
    fn lots(&self, lot_of: impl Fn(Thing) -> Option<LotId>) -> Vec<(LotId, Record<'_>)> {
        let facts = self.found.keys().filter_map(|slot| match slot {
            Slot::Named(thing) => Some(*thing),
            Slot::Made(thing) if !self.found.contains_key(&Slot::Named(*thing)) => Some(*thing),
            _ => None,
        });
        let lots = facts.filter_map(|thing| Some((lot_of(thing)?, self.lot(thing)?)));
        let mut lots: Vec<_> = lots.collect();
        lots.sort_unstable_by_key(|(lot, _)| *lot);
        lots
    }

    /// The lots that have expired with value left, by the newest entry about each.
    fn expired(&self) -> Vec<LotState> {
        let mut expired = BTreeMap::new();
        for entry in self.all(Slot::ExpiredList) {
            for LotState { lot, .. } in entry.lot_states() {
                let newest = self.first(Slot::Expired(lot)).unwrap_or(entry);
                expired.extend(newest.lot_state(lot).map(|state| (lot, state)));
            }
        }
        let has_value = |state: &LotState| state.standing == Standing::Expired && !state.remaining.is_zero();
        expired.into_values().filter(has_value).collect()
    }

    fn all(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        self.found.get(&slot).into_iter().flatten().map(Borrow::borrow)
    }

    fn first(&self, slot: Slot) -> Option<&Entry> {
        self.all(slot).next()
    }

    /// The newest entry about a thing, in the first of the journals that has one.
    fn latest(&self, thing: Thing) -> Option<&Entry> {
        (0..=self.closed.len()).find_map(|rank| self.first(Slot::Latest(thing, rank)))
    }

    fn record(&self, thing: Thing) -> Option<Record<'_>> {
        Some(Record { made: self.first(Slot::Made(thing))?, latest: self.latest(thing) })
    }

    fn definition(&self) -> Option<Record<'_>> {
        let latest = self.latest(Thing::Definition);
        let made = latest.or_else(|| self.first(Slot::Made(Thing::Definition)))?;
        Some(Record { made, latest })
    }

    /// What is fixed about a lot, by its name or by its issue; and the newest entry about it.
    fn lot(&self, thing: Thing) -> Option<Record<'_>> {
        let made = self.first(Slot::Named(thing)).or_else(|| self.first(Slot::Made(thing)))?;
        Some(Record { made, latest: self.latest(thing) })
    }
}

fn live_lots(account: &Account) -> impl Iterator<Item = LotId> {
    let queued =
        [LotKind::Reward, LotKind::Point].into_iter().flat_map(|kind| account.lots(kind)).map(|lot| lot.id);
    let pending = account.pending().map(|pending| pending.lot.id);
    queued.chain(pending).chain(account.overdue().map(|overdue| overdue.lot.id))
}
