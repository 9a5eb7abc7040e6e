//! The look-ups behind a [`Need`], without any I/O: a plan says what to look up next and is given the answer, so that a
//! blocking store and an asynchronous one share it.

mod found;
mod late;
mod own;

use std::borrow::Borrow;

use late::Since;
use smallvec::SmallVec;

use super::find::{Find, Lookup};
use super::work::{AsOf, DefinitionRef, Need};
use crate::account::{Account, Corrupt, LiveLot};
use crate::id::{DefinitionId, Key, LotId, ProfileNumber, RedemptionId};
use crate::journal::{Entry, EntryKind, LotKind, RecordId};

/// The look-ups behind one [`Need`], one at a time: each answer may lead to further look-ups.
///
/// ```
/// use scrip::account::Account;
/// use scrip::id::ProfileNumber;
/// use scrip::journal::Entry;
/// use scrip::store::{Find, LookupPlan, Need, Owner};
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
    /// The entries that were found, each with what it was looked up for, in the order of the answers.
    found: SmallVec<[(Slot, E); 4]>,
    own: ProfileNumber,
    /// Whether the need is of the past: then the journal up to that point is loaded, and look-ups are answered from it.
    is_past: bool,
    closed: Vec<ProfileNumber>,
    /// The journal of the redemption, if its lots are wanted.
    redeemed_in: Option<ProfileNumber>,
    /// Lots that need no look-up: the account has all that a return to them takes.
    known_lots: SmallVec<[LotId; 8]>,
    /// The lot that the transaction earned, and its replacements.
    own_lots: Vec<LotId>,
    /// What a late request looks at.
    since: Option<Box<Since>>,
    definition: Option<DefinitionId>,
    /// The row of a batch to look up.
    row: Option<(Key, u32)>,
}

/// The purpose of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// The newest use of a batch's key.
    KeyUsed,
    /// The entries listed under the row of the batch.
    Row,
    /// The entries that the request wrote under its key before.
    Keyed,
    Journal,
    /// The end of the journal, for a late request.
    Since,
    /// Every entry about a lot that changed in it.
    Changed(LotId),
    ExpiredList,
    /// Entries about purchases that earned points, in the journal of this rank.
    Earned(usize),
    /// The newest entry about a lot that has expired.
    Expired(LotId),
    /// Every entry about a transaction's own lot, in the journal of this rank.
    Own(LotId, usize),
    /// Every entry that restates the fixed terms of a lot which was a transaction's own once.
    Former(LotId),
    /// The newest entry that carries the name of a thing.
    Named(Thing),
    /// The newest entry that restates a lot's fixed terms.
    Facts(Thing),
    /// The entry that made a thing.
    Made(Thing),
    /// The newest entry about a thing, in the journal of this rank; the account's own has rank 0.
    Latest(Thing, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    External,
    Redemption,
    Transaction,
    /// The transaction that the caller's own id stood for in another journal.
    Named,
    /// The redemption that the transaction is linked to.
    Linked,
    Hold,
    Definition,
    /// A further definition.
    Rate(DefinitionId),
    Lot(LotId),
    /// A lot, as recorded in a closed journal.
    ClosedLot(LotId),
}

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// The plan for a need, whose first account is already loaded.
    #[inline]
    pub fn new(need: &Need, account: &Account) -> Self {
        let mut plan = Self::empty(need, account.number());
        plan.start(need, account);
        plan
    }

    /// A plan of nothing, to be [started](Self::start) where it is: it is large, and a copy of it shows in a profile.
    #[inline]
    pub(crate) fn empty(need: &Need, own: ProfileNumber) -> Self {
        Self {
            wanted: SmallVec::new(),
            asked: None,
            found: SmallVec::new(),
            own,
            is_past: need.as_of != AsOf::Now,
            closed: Vec::new(),
            redeemed_in: need.redemption.filter(|_| need.redeemed_lots).map(RedemptionId::number),
            known_lots: SmallVec::new(),
            own_lots: Vec::new(),
            since: None,
            definition: None,
            row: None,
        }
    }

    /// Wants what the need says.
    pub(crate) fn start(&mut self, need: &Need, account: &Account) {
        let own = self.own;
        self.closed = need.closed.to_vec();
        if let Some(key) = &need.key {
            let used = Find::Key(key.clone());
            match need.row {
                None => self.want(Slot::Keyed, own, used),
                Some(row) => {
                    self.want(Slot::KeyUsed, own, used);
                    self.want(Slot::Row, own, Find::About(RecordId::of_row(key, row)));
                    self.row = Some((key.clone(), row));
                }
            }
        }
        if let Some(external) = &need.external {
            self.want(Slot::Named(Thing::External), own, Find::Named((**external).clone()));
        }
        if let Some(id) = need.redemption {
            self.want_record(Thing::Redemption, id.number(), id.into(), id.sequence());
        }
        if let Some(id) = need.transaction {
            self.want_record(Thing::Transaction, id.number(), id.into(), id.sequence());
        }
        if let Some(id) = need.named {
            self.want_record(Thing::Named, id.number(), id.into(), id.sequence());
        }
        if let Some(id) = need.hold {
            // A hold that arrived in a merger was placed in the other journal, and is captured or released here.
            if id.number() == own {
                self.want(Slot::Made(Thing::Hold), own, Find::Range(id.sequence(), id.sequence()));
            }
            self.want(Slot::Latest(Thing::Hold, 0), own, Find::Latest(id.into()));
        }
        need.lots.iter().for_each(|lot| self.want_lot(*lot));
        if need.live_lots {
            live_lots(account).for_each(|lot| self.want_lot(lot));
        } else if need.redeemed_lots && account.takes_all_back() {
            self.known_lots.extend(usable_lots(account));
        }
        match &need.definition {
            Some(DefinitionRef::Id(id)) => self.want_definition(*id),
            Some(DefinitionRef::Handle(handle)) => {
                let find = Find::Named(handle.clone());
                self.want(Slot::Named(Thing::Definition), ProfileNumber::CATALOGUE, find);
            }
            Some(DefinitionRef::Several(ids)) => ids.iter().for_each(|id| self.want_rate(*id)),
            None => {}
        }
        if need.expired {
            self.want(Slot::ExpiredList, own, Find::About(RecordId::EXPIRED));
        }
        need.occurred_at.inspect(|then| self.want_since(*then, account));
        need.earned.iter().for_each(|find| self.want_everywhere(find));
        match need.as_of {
            AsOf::Now if need.journal => self.want(Slot::Journal, own, Find::Range(1, u32::MAX)),
            AsOf::Now => {}
            AsOf::At(instant) => self.want(Slot::Journal, own, Find::Until(instant)),
            AsOf::Sequence(last) => self.want(Slot::Journal, own, Find::Range(1, last)),
        }
    }

    /// Looks up purchases that earned points, in this account's journal and in the closed ones.
    fn want_everywhere(&mut self, earned: &Find) {
        self.want(Slot::Earned(0), self.own, earned.clone());
        for (rank, closed) in self.ranked() {
            self.want(Slot::Earned(rank), closed, earned.clone());
        }
    }

    /// The closed journals with their ranks, from 1, the latest merger first.
    fn ranked(&self) -> impl Iterator<Item = (usize, ProfileNumber)> + use<E> {
        (1..).zip(self.closed.clone())
    }

    fn want(&mut self, slot: Slot, journal: ProfileNumber, find: Find) {
        self.wanted.push((slot, Lookup { journal, find }));
    }

    /// Looks up a record of this account or of a profile that was merged into it. The newest entry about the latter is in
    /// the first of the ranked journals that has one.
    fn want_record(&mut self, thing: Thing, journal: ProfileNumber, subject: RecordId, made: u32) {
        if journal == self.own {
            self.want(Slot::Made(thing), journal, Find::Range(made, made));
            self.want(Slot::Latest(thing, 0), journal, Find::Latest(subject));
        } else if self.closed.contains(&journal) {
            self.want(Slot::Made(thing), journal, Find::Range(made, made));
            self.want(Slot::Latest(thing, 0), self.own, Find::Latest(subject));
            for (rank, closed) in self.ranked() {
                self.want(Slot::Latest(thing, rank), closed, Find::Latest(subject));
            }
        }
    }

    /// Looks up the newest entry about a definition, which states all of it; or else the entry that made it.
    fn want_definition(&mut self, definition: DefinitionId) {
        if definition.number() == ProfileNumber::CATALOGUE {
            self.definition = Some(definition);
            let find = Find::Latest(definition.into());
            self.want(Slot::Latest(Thing::Definition, 0), ProfileNumber::CATALOGUE, find);
        }
    }

    fn want_rate(&mut self, definition: DefinitionId) {
        let find = Find::Latest(definition.into());
        self.want(Slot::Latest(Thing::Rate(definition), 0), ProfileNumber::CATALOGUE, find);
    }

    /// Looks up a lot: the entry that issued it, or a later one that restates its fixed terms, and the newest about it.
    fn want_lot(&mut self, lot: LotId) {
        self.want_lot_in(Thing::Lot(lot), lot, self.own, 0);
        for (rank, closed) in self.ranked() {
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
        self.want(Slot::Facts(thing), journal, Find::Latest(RecordId::facts_of(lot)));
    }

    /// The next look-up; `None` when the plan is complete.
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

    /// Answers a look-up from the account's journal up to the past point, which is loaded first.
    fn find_in_past(&self, find: &Find) -> Vec<E> {
        let journal = self.found.iter().filter(|(slot, _)| *slot == Slot::Journal).map(|(_, entry)| entry);
        let mut entries: Vec<E> =
            journal.filter(|entry| find.finds((*entry).borrow(), self.own)).cloned().collect();
        if find.is_of_newest() {
            entries = entries.pop().into_iter().collect();
        }
        entries
    }

    /// Takes the entries that the last look-up found, in the order of their sequence.
    #[inline]
    pub fn answer(&mut self, entries: impl IntoIterator<Item = E>) {
        let Some((slot, journal)) = self.asked.take() else { return };
        let first = self.found.len();
        self.found.extend(entries.into_iter().map(|entry| (slot, entry)));
        if slot == Slot::Since {
            self.follow_since();
        } else if self.found.len() > first {
            self.follow_up(slot, journal, first);
        } else if let (Slot::Latest(Thing::Definition, _), Some(id)) = (slot, self.definition) {
            self.want(Slot::Made(Thing::Definition), journal, Find::Range(id.sequence(), id.sequence()));
        } else if let Slot::Latest(Thing::Rate(id), _) = slot {
            self.want(Slot::Made(Thing::Rate(id)), journal, Find::Range(id.sequence(), id.sequence()));
        }
    }

    /// Adds the look-ups that an answer leads to; it begins at `place`.
    fn follow_up(&mut self, slot: Slot, journal: ProfileNumber, place: usize) {
        let Some(first) = self.found.get(place).map(|(_, entry)| entry.borrow()) else { return };
        match slot {
            Slot::Keyed => {
                let sequence = first.sequence;
                // What the key's first use wrote after its first entry; that has no stamp. Of a row it is all there.
                let entries = first.stamp.as_ref().filter(|_| self.row.is_none()).map(|stamp| stamp.entries);
                if let Some(entries @ 2..) = entries {
                    let last = sequence.saturating_add(entries.saturating_sub(1));
                    self.want(slot, journal, Find::Range(sequence.saturating_add(1), last));
                }
            }
            Slot::Row => self.follow_row(journal, place),
            Slot::Named(Thing::Definition) => {
                if let EntryKind::Define(defined) = &first.kind {
                    let id = defined.id;
                    self.want_definition(id);
                }
            }
            Slot::Named(thing) => {
                let issued = if let EntryKind::Issue(issue) = &first.kind { Some(issue.lot) } else { None };
                if let Some((subject, made)) = first.named() {
                    self.want(Slot::Made(thing), journal, Find::Range(made, made));
                    self.want(Slot::Latest(thing, 0), journal, Find::Latest(subject));
                }
                // Of a lot it is wanted how it stands, too.
                issued.into_iter().for_each(|lot| self.want_lot(lot));
            }
            // `Made` is looked up last, so the newest entry is known by now.
            Slot::Made(Thing::Transaction) => {
                let newest = self.latest(Thing::Transaction).unwrap_or(first);
                let EntryKind::Transaction(change) = &newest.kind else { return };
                let linked = change.transaction.redemption_id;
                let earned: SmallVec<[LotId; 4]> =
                    change.transaction.earned.iter().filter_map(|earned| earned.lot).collect();
                if let Some(id) = linked {
                    self.want_record(Thing::Linked, id.number(), id.into(), id.sequence());
                }
                earned.into_iter().for_each(|lot| self.want_own_lot(lot));
            }
            Slot::Made(Thing::Redemption) if self.redeemed_in.is_some() => {
                let items = first.redeemed().map(|redeemed| redeemed.items.clone()).unwrap_or_default();
                let wanted = items.iter().filter(|item| !self.known_lots.contains(&item.lot));
                let wanted: SmallVec<[LotId; 4]> = wanted.map(|item| item.lot).collect();
                wanted.into_iter().for_each(|lot| self.want_lot(lot));
            }
            Slot::Facts(Thing::Lot(lot) | Thing::ClosedLot(lot)) => self.follow_facts(lot, journal, place),
            Slot::Own(..) | Slot::Made(Thing::Lot(_) | Thing::ClosedLot(_)) => {
                self.follow_own_lot(slot, place)
            }
            Slot::ExpiredList => self.follow_expired(journal, place),
            _ => {}
        }
    }

    /// Looks up the entries of a row, from the newest first entry that is listed for it.
    fn follow_row(&mut self, journal: ProfileNumber, place: usize) {
        let listed = self.found.get(place..).unwrap_or_default().iter().rev();
        let mut entries = listed.map(|(_, entry)| entry.borrow());
        let newest = entries.find(|entry| self.row.as_ref().is_some_and(|row| entry.is_row(row)));
        if let Some((sequence, stamp)) = newest.and_then(|it| Some((it.sequence, it.stamp.as_ref()?))) {
            let last = sequence.saturating_add(stamp.entries.saturating_sub(1));
            self.want(Slot::Keyed, journal, Find::Range(sequence, last));
        }
    }

    /// Looks up the newest entry about each lot that is listed as expired.
    fn follow_expired(&mut self, journal: ProfileNumber, place: usize) {
        let listed = self.found.get(place..).unwrap_or_default().iter();
        let mut lots: Vec<LotId> =
            listed.flat_map(|(_, entry)| entry.borrow().lot_states()).map(|state| state.lot).collect();
        lots.sort_unstable();
        lots.dedup();
        for lot in lots {
            self.want(Slot::Expired(lot), journal, Find::Latest(lot.into()));
        }
    }

    /// The account as of the need's past point; `None` if the need is of now.
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
}

/// The lots that can be used, now or later, as long as nothing falls due. A lot that is held in full expires without an
/// entry, so it is not among them.
fn usable_lots(account: &Account) -> impl Iterator<Item = LotId> {
    let queued = queued_lots(account).filter(|lot| lot.held != lot.remaining).map(|lot| lot.id);
    queued.chain(account.pending().map(|pending| pending.lot.id))
}

fn live_lots(account: &Account) -> impl Iterator<Item = LotId> {
    let pending = account.pending().map(|pending| pending.lot.id);
    let overdue = account.overdue().map(|overdue| overdue.lot.id);
    queued_lots(account).map(|lot| lot.id).chain(pending).chain(overdue)
}

fn queued_lots(account: &Account) -> impl Iterator<Item = LiveLot> {
    LotKind::ALL.into_iter().flat_map(|kind| account.lots(kind))
}
