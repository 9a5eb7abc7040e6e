//! The walk that every report takes: one journal, and what fell due after its last entry, told as changes of what is owned.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::account::{Account, Corrupt, settle_due};
use crate::id::{DefinitionId, LotId};
use crate::journal::effect::Effect;
use crate::journal::{Entry, Flow, Issue, LotKind};
use crate::time::Timestamp;
use crate::value::Delta;
use crate::view::ProfileJournal;

/// A change of what one profile owns: a part of a journal entry, or of what fell due without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct OwnedChange {
    /// When.
    pub at: Timestamp,
    /// The sequence number of its entry; of one that is not written yet, the number that it will have.
    pub sequence: u32,
    /// The lot.
    pub lot: Option<LotId>,
    /// The kind of value in it.
    pub kind: LotKind,
    /// The definition that the lot was issued from.
    pub definition_id: Option<DefinitionId>,
    /// Why.
    pub flow: Flow,
    /// How much: up or down.
    pub value: Delta,
}

/// Follows a journal through its entries before `end`, and everything that falls due before `end`.
///
/// Calls `tell` with every change of what is owned. Returns the account as it is at the last tick before `end`, and its lots.
pub(crate) fn walk(
    journal: &ProfileJournal,
    end: Timestamp,
    tell: &mut impl FnMut(&Walk, OwnedChange),
) -> Result<Walk, Corrupt> {
    walk_on(journal, end, end, tell)
}

/// The same, as if nothing were written from `now` on: the clock alone goes on until `end`.
pub(crate) fn walk_on(
    journal: &ProfileJournal,
    now: Timestamp,
    end: Timestamp,
    tell: &mut impl FnMut(&Walk, OwnedChange),
) -> Result<Walk, Corrupt> {
    let mut walk = Walk { account: Account::new(journal.profile_id, journal.number), lots: BTreeMap::new() };
    for entry in journal.entries.iter().take_while(|entry| entry.at < now) {
        walk.account.follow(entry)?;
        walk.tell(entry, tell);
    }
    let mut due = Vec::new();
    if settle_due(&mut walk.account, last_tick(end), &mut due) {
        due.iter().for_each(|entry| walk.tell(entry, tell));
    }
    Ok(walk)
}

/// The first instant after one.
pub(crate) fn next_tick(at: Timestamp) -> Timestamp {
    at.checked_add(TimeDelta::microseconds(1)).unwrap_or(Timestamp::MAX)
}

/// The last instant before one.
pub(crate) fn last_tick(end: Timestamp) -> Timestamp {
    end.checked_add(TimeDelta::microseconds(-1)).unwrap_or(Timestamp::MIN)
}

/// A journal that is being followed.
pub(crate) struct Walk {
    pub(crate) account: Account,
    lots: BTreeMap<LotId, LotFacts>,
}

/// The facts of a lot that reports group by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LotFacts {
    pub(crate) definition_id: Option<DefinitionId>,
    pub(crate) issued_at: Timestamp,
}

impl Walk {
    /// The facts of a lot that this profile has or had.
    pub(crate) fn facts(&self, lot: LotId) -> Option<LotFacts> {
        self.lots.get(&lot).copied()
    }

    fn tell(&mut self, entry: &Entry, tell: &mut impl FnMut(&Self, OwnedChange)) {
        entry.effects(|effect| match effect {
            Effect::Arrive(arrival) => self.learn(arrival.issue),
            Effect::Facts { issue, .. } => self.learn(issue),
            _ => {}
        });
        let (at, sequence) = (entry.at, entry.sequence);
        entry.flows(|lot, kind, flow, value| {
            let definition_id = lot.and_then(|lot| self.facts(lot)).and_then(|facts| facts.definition_id);
            tell(self, OwnedChange { at, sequence, lot, kind, definition_id, flow, value });
        });
    }

    fn learn(&mut self, issue: &Issue) {
        let facts = LotFacts { definition_id: issue.definition_id, issued_at: issue.issued_at };
        self.lots.insert(issue.lot, facts);
    }
}
