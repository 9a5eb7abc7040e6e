//! The result of a plan, as it is lent to the work.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::{LookupPlan, Slot, Thing};
use crate::id::LotId;
use crate::journal::{Entry, LotState, Standing};
use crate::store::work::{Found, Record};

impl<E: Borrow<Entry> + Clone> LookupPlan<E> {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The records that were found, to lend to the work.
    pub fn found(&self) -> Found<'_> {
        let mut found = Found::default();
        self.lend(&mut found);
        found
    }

    /// Adds the records that were found to those of an empty list, where that is: it is large.
    pub(crate) fn lend<'s>(&'s self, found: &mut Found<'s>) {
        let (mut lots, mut has_expired) = (Vec::new(), false);
        for (slot, entry) in &self.found {
            match slot {
                Slot::Keyed => found.keyed.push(entry.borrow()),
                Slot::KeyUsed => found.key_used = Some(entry.borrow()),
                Slot::Earned(rank) => found.earned.push((*rank, entry.borrow())),
                Slot::Journal => found.journal.push(entry.borrow()),
                Slot::Made(Thing::External) => found.external = self.record(Thing::External),
                Slot::Made(Thing::Redemption) => found.redemption = self.record(Thing::Redemption),
                Slot::Made(Thing::Transaction) => found.transaction = self.record(Thing::Transaction),
                Slot::Made(Thing::Named) => found.named = self.record(Thing::Named),
                Slot::Made(Thing::Linked) => found.linked = self.record(Thing::Linked),
                Slot::Made(Thing::Hold) => {
                    found.hold_made = Some(entry.borrow());
                    found.hold = found.hold.or(found.hold_made);
                }
                Slot::Latest(Thing::Hold, _) => found.hold = Some(entry.borrow()),
                Slot::Made(Thing::Definition) | Slot::Latest(Thing::Definition, _) => {
                    found.definition = self.definition();
                }
                Slot::Made(Thing::Rate(_)) | Slot::Latest(Thing::Rate(_), _) => {
                    found.rates.push(Record { made: entry.borrow(), latest: None });
                }
                Slot::Facts(thing @ (Thing::Lot(_) | Thing::ClosedLot(_)))
                | Slot::Made(thing @ (Thing::Lot(_) | Thing::ClosedLot(_)))
                | Slot::Latest(thing @ (Thing::Lot(_) | Thing::ClosedLot(_)), _) => {
                    lots.push((*thing, *slot, entry.borrow()));
                }
                Slot::ExpiredList | Slot::Expired(_) => has_expired = true,
                Slot::Since
                | Slot::Changed(_)
                | Slot::Row
                | Slot::Own(..)
                | Slot::Former(_)
                | Slot::Named(_)
                | Slot::Facts(_)
                | Slot::Latest(..) => {}
            }
        }
        if !lots.is_empty() {
            (found.lots, found.closed_lots) = lot_records(lots);
        }
        found.own_lots = self.own_lots();
        if self.redeemed_in.is_some() {
            found.former_lots = self.former_lots();
        }
        found.since = self.happened_since();
        found.key_used = found.key_used.or_else(|| found.keyed.first().copied());
        if has_expired {
            found.expired = self.expired();
        }
    }

    /// The lots that have expired with value left, by the newest entry about each.
    fn expired(&self) -> Vec<LotState> {
        let mut expired = BTreeMap::new();
        for (slot, entry) in &self.found {
            match slot {
                Slot::ExpiredList => {
                    let states = entry.borrow().lot_states();
                    expired.extend(states.into_iter().map(|state| (state.lot, state)));
                }
                Slot::Expired(lot) => {
                    expired.extend(entry.borrow().lot_state(*lot).map(|state| (*lot, state)))
                }
                _ => {}
            }
        }
        let has_value = |state: &LotState| state.standing == Standing::Expired && !state.remaining.is_zero();
        expired.into_values().filter(has_value).collect()
    }

    pub(super) fn all(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        self.found.iter().filter(move |(other, _)| *other == slot).map(|(_, entry)| entry.borrow())
    }

    fn first(&self, slot: Slot) -> Option<&Entry> {
        self.all(slot).next()
    }

    /// The newest entry about a thing, in the first of the journals that has one.
    pub(super) fn latest(&self, thing: Thing) -> Option<&Entry> {
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
}

type LotRecords<'a> = Vec<(LotId, Record<'a>)>;

/// The lots whose fixed terms were found, each once, in the order of their ids: those of the account's own journal, and
/// those of closed journals.
fn lot_records<'a>(mut parts: Vec<(Thing, Slot, &'a Entry)>) -> (LotRecords<'a>, LotRecords<'a>) {
    let (mut own, mut closed) = (Vec::new(), Vec::new());
    // Stable: of several journals that say what is fixed, the one answered last took over last.
    parts.sort_by_key(|(thing, ..)| *thing);
    for parts in parts.chunk_by(|(one, ..), (other, ..)| one == other) {
        let (mut made, mut facts, mut latest) = (None, None, None);
        for (_, slot, entry) in parts {
            match *slot {
                Slot::Made(_) => made = Some(*entry),
                Slot::Facts(_) => facts = Some(*entry),
                Slot::Latest(_, rank) if latest.is_none_or(|(other, _)| rank < other) => {
                    latest = Some((rank, *entry));
                }
                _ => {}
            }
        }
        let latest = latest.map(|(_, entry)| entry);
        let record = facts.or(made).map(|made| Record { made, latest });
        match (parts.first(), record) {
            (Some((Thing::Lot(lot), ..)), Some(record)) => own.push((*lot, record)),
            (Some((Thing::ClosedLot(lot), ..)), Some(record)) => closed.push((*lot, record)),
            _ => {}
        }
    }
    (own, closed)
}
