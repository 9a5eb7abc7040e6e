//! Everything there ever was of one profile, in plain lists. What it comes to at some moment is worked out from the
//! beginning each time that somebody asks.

use scrip::json::Json;
use scrip::{DefinitionId, ExternalId, LotKind, LotStatus, PostTransaction, ProfileId, RedemptionId, Terms};

use super::calendar::Micros;
use super::money::Raw;

#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) id: ProfileId,
    /// The number that the store drew for it, once the ledger has told.
    pub(crate) number: Option<u32>,
    /// The journal, as the rules say that it should read. The first entry has the sequence number 1.
    pub(crate) journal: Vec<Written>,
    pub(crate) lots: Vec<Lot>,
    pub(crate) redemptions: Vec<Redemption>,
    /// Every transaction each time that it was posted, changed or deleted.
    pub(crate) versions: Vec<Version>,
}

/// A journal entry: when, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) at: Micros,
    pub(crate) what: What,
}

/// What a journal entry tells, by the place in the profile's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Issued(usize),
    Matured(usize, Raw),
    Expired(usize, Raw),
    Redeemed(usize),
    Transacted(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Lot {
    /// The number of the entry that issued it.
    pub(crate) sequence: u32,
    pub(crate) kind: LotKind,
    pub(crate) definition: DefinitionId,
    pub(crate) initial: Raw,
    /// What was left of it when it was issued (rule D2).
    pub(crate) came_in: Raw,
    /// When the ledger came to know of it.
    pub(crate) known_at: Micros,
    pub(crate) issued_at: Micros,
    pub(crate) available_at: Micros,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) terms: Terms,
    pub(crate) external_id: Option<ExternalId>,
    pub(crate) source_type: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) meta: Option<Json>,
}

#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    pub(crate) sequence: u32,
    pub(crate) at: Micros,
    pub(crate) requested: Raw,
    pub(crate) items: Vec<Item>,
    pub(crate) meta: Option<Json>,
}

/// What one lot gave: money, and the points for it if it is a lot of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) lot: usize,
    pub(crate) amount: Raw,
    pub(crate) points: Raw,
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The number of the entry that posted the transaction.
    pub(crate) made: u32,
    /// The number of this entry.
    pub(crate) sequence: u32,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
    pub(crate) transacted_at: Micros,
    /// What was asked for, with the fields in it that cannot change.
    pub(crate) said: PostTransaction,
    pub(crate) is_deleted: bool,
}

/// A moment: so many entries are written, and it is so late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) entries: usize,
    pub(crate) at: Micros,
}

/// Where the value of one kind is, that ever came in (rule J3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) issued: Raw,
    pub(crate) available: Raw,
    pub(crate) pending: Raw,
    pub(crate) redeemed: Raw,
    pub(crate) expired: Raw,
}

impl Item {
    /// What left the lot, in what the lot holds.
    pub(crate) fn taken(&self) -> Raw {
        if self.points == 0 { self.amount } else { self.points }
    }
}

impl Redemption {
    pub(crate) fn total(&self) -> Raw {
        self.items.iter().map(|item| item.amount).sum()
    }
}

impl Profile {
    pub(crate) fn new(id: ProfileId) -> Self {
        Self {
            id,
            number: None,
            journal: Vec::new(),
            lots: Vec::new(),
            redemptions: Vec::new(),
            versions: Vec::new(),
        }
    }

    pub(crate) fn last_at(&self) -> Option<Micros> {
        self.journal.last().map(|entry| entry.at)
    }

    pub(crate) fn next_sequence(&self) -> u32 {
        u32::try_from(self.journal.len()).unwrap() + 1
    }

    /// As it stands, seen at an instant, or at the last entry if that is later (rule T6).
    pub(crate) fn now(&self, at: Micros) -> Cut {
        Cut { entries: self.journal.len(), at: self.last_at().map_or(at, |last| last.max(at)) }
    }

    /// Every entry written up to and at an instant (rule J4).
    pub(crate) fn as_of_instant(&self, at: Micros) -> Cut {
        Cut { entries: self.journal.iter().filter(|entry| entry.at <= at).count(), at }
    }

    /// After an entry (rule J4).
    pub(crate) fn as_of_sequence(&self, sequence: usize) -> Cut {
        Cut { entries: sequence, at: self.journal[sequence - 1].at }
    }

    /// The lots that were known.
    pub(crate) fn lots_at(&self, cut: Cut) -> impl Iterator<Item = (usize, &Lot)> {
        self.lots.iter().enumerate().filter(move |(_, lot)| is_written(lot.sequence, cut))
    }

    /// The redemptions that had been made.
    pub(crate) fn redemptions_at(&self, cut: Cut) -> impl Iterator<Item = (usize, &Redemption)> {
        self.redemptions
            .iter()
            .enumerate()
            .filter(move |(_, redemption)| is_written(redemption.sequence, cut))
    }

    /// The transactions as they stood, deleted ones included.
    pub(crate) fn transactions_at(&self, cut: Cut) -> impl Iterator<Item = &Version> {
        let newest = move |version: &Version| {
            let later = |other: &Version| other.made == version.made && other.sequence > version.sequence;
            !self.versions.iter().any(|other| later(other) && is_written(other.sequence, cut))
        };
        self.versions.iter().filter(move |version| is_written(version.sequence, cut) && newest(version))
    }

    /// The transaction that a redemption was linked to (rule X1), by the number of the entry that posted it.
    pub(crate) fn linked_at(&self, redemption: RedemptionId, cut: Cut) -> Option<u32> {
        self.transactions_at(cut)
            .find(|version| !version.is_deleted && version.said.redemption_id == Some(redemption))
            .map(|version| version.made)
    }

    pub(crate) fn remaining(&self, lot: usize, cut: Cut) -> Raw {
        let items = self.redemptions_at(cut).flat_map(|(_, redemption)| &redemption.items);
        let taken: Raw = items.filter(|item| item.lot == lot).map(Item::taken).sum();
        self.lots[lot].came_in - taken
    }

    pub(crate) fn status(&self, lot: usize, cut: Cut) -> LotStatus {
        if self.remaining(lot, cut) == 0 {
            LotStatus::Exhausted
        } else if self.lots[lot].expires_at.is_some_and(|end| end <= cut.at) {
            LotStatus::Expired
        } else if cut.at < self.lots[lot].available_at {
            LotStatus::Pending
        } else {
            LotStatus::Active
        }
    }

    /// Lots with usable value, in the order of use (rule C1).
    pub(crate) fn usable(&self, kind: LotKind, cut: Cut) -> Vec<usize> {
        let mut usable: Vec<usize> = self
            .lots_at(cut)
            .filter(|(index, lot)| lot.kind == kind && self.status(*index, cut) == LotStatus::Active)
            .map(|(index, _)| index)
            .collect();
        usable.sort_by_key(|index| {
            let lot = &self.lots[*index];
            (lot.expires_at.is_none(), lot.expires_at, lot.issued_at, lot.sequence)
        });
        usable
    }

    /// Where everything of one kind was.
    pub(crate) fn sums(&self, kind: LotKind, cut: Cut) -> Sums {
        let mut sums = Sums::default();
        for (index, lot) in self.lots_at(cut).filter(|(_, lot)| lot.kind == kind) {
            let remaining = self.remaining(index, cut);
            sums.issued += lot.came_in;
            sums.redeemed += lot.came_in - remaining;
            match self.status(index, cut) {
                LotStatus::Active => sums.available += remaining,
                LotStatus::Pending => sums.pending += remaining,
                LotStatus::Expired => sums.expired += remaining,
                _ => assert_eq!(remaining, 0),
            }
        }
        sums
    }

    /// Writes what became available and what expired since the last entry, each at its own instant (rule T7).
    pub(crate) fn write_due(&mut self, at: Micros) {
        let cut = self.now(at);
        let mut due = Vec::new();
        for (index, lot) in self.lots.iter().enumerate() {
            let remaining = self.remaining(index, cut);
            if remaining == 0 || lot.expires_at.is_some_and(|end| end <= lot.known_at) {
                continue;
            }
            if lot.known_at < lot.available_at && lot.available_at <= at {
                due.push(Written { at: lot.available_at, what: What::Matured(index, remaining) });
            }
            if let Some(end) = lot.expires_at.filter(|end| *end <= at) {
                due.push(Written { at: end, what: What::Expired(index, remaining) });
            }
        }
        let is_told = |due: &Written| {
            self.journal.iter().any(|entry| match (entry.what, due.what) {
                (What::Matured(told, _), What::Matured(lot, _)) => told == lot,
                (What::Expired(told, _), What::Expired(lot, _)) => told == lot,
                _ => false,
            })
        };
        due.retain(|due| !is_told(due));
        due.sort_by_key(|entry| (entry.at, entry.what));
        self.journal.extend(due);
    }

    pub(crate) fn write(&mut self, at: Micros, what: What) {
        self.journal.push(Written { at, what });
    }
}

fn is_written(sequence: u32, cut: Cut) -> bool {
    usize::try_from(sequence).unwrap() <= cut.entries
}
