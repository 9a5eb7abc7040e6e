//! Which rewards, points and transactions there are, whoever has them: for the lists over all profiles.
//!
//! It is filled from the journal by a position, brought up to date before each answer, and holds nothing but ids
//! and the newest few entries.

use std::collections::BTreeMap;

use scrip::id::ProfileNumber;
use scrip::journal::{EntryKind, LotKind};
use scrip::store::{FeedEntry, Position};
use scrip::{LotId, Timestamp, TransactionId};
use tokio::sync::Mutex;

use crate::backend::{Backend, Failure, LedgerAt};

/// How many entries are read at a time.
const STEP: usize = 4096;
/// How many of the newest are kept.
const NEWEST: usize = 12;

/// The ids of everything, and who has it.
#[derive(Default)]
pub struct Index(Mutex<State>);

#[derive(Default)]
struct State {
    position: Position,
    lots: BTreeMap<LotId, (LotKind, Known)>,
    transactions: BTreeMap<TransactionId, Known>,
    newest: BTreeMap<(Timestamp, ProfileNumber, u32), FeedEntry>,
}

/// Who ever had a thing, and whether it is gone.
#[derive(Default)]
struct Known {
    holders: Vec<ProfileNumber>,
    is_gone: bool,
}

/// A thing, and everybody who ever had it: one of them has it, or had it then.
pub type Held<I> = (I, Vec<ProfileNumber>);

impl Index {
    /// Every lot of a kind, in the order of the ids, with who ever had it; as of the past, those that are gone as well.
    pub async fn lots(
        &self,
        backend: &Backend,
        moment: LedgerAt,
        kind: LotKind,
    ) -> Result<Vec<Held<LotId>>, Failure> {
        let mut state = self.0.lock().await;
        state.catch_up(backend).await?;
        let of_kind = state.lots.iter().filter(|(_, (other, _))| other.is_points() == kind.is_points());
        Ok(of_kind.filter_map(|(id, (_, known))| known.seen(*id, moment)).collect())
    }

    /// Every transaction, in the order of the ids; as of the past, those that are gone as well.
    pub async fn transactions(
        &self,
        backend: &Backend,
        moment: LedgerAt,
    ) -> Result<Vec<Held<TransactionId>>, Failure> {
        let mut state = self.0.lock().await;
        state.catch_up(backend).await?;
        Ok(state.transactions.iter().filter_map(|(id, known)| known.seen(*id, moment)).collect())
    }

    /// The newest entries of all profiles, the last one first; and the position after them in the feed.
    pub async fn newest(&self, backend: &Backend) -> Result<(Vec<FeedEntry>, Position), Failure> {
        let mut state = self.0.lock().await;
        state.catch_up(backend).await?;
        Ok((state.newest.values().rev().cloned().collect(), state.position.clone()))
    }
}

impl Known {
    fn seen<I>(&self, id: I, moment: LedgerAt) -> Option<Held<I>> {
        let is_there = !self.is_gone || matches!(moment, LedgerAt::Past(_));
        is_there.then(|| (id, self.holders.clone()))
    }

    fn held_by(&mut self, number: ProfileNumber) {
        if !self.holders.contains(&number) {
            self.holders.push(number);
        }
    }
}

impl State {
    async fn catch_up(&mut self, backend: &Backend) -> Result<(), Failure> {
        loop {
            let feed = backend.feed(self.position.clone(), STEP).await?;
            feed.entries.iter().for_each(|written| self.note(written));
            if feed.position == self.position || feed.entries.is_empty() {
                self.position = feed.position;
                return Ok(());
            }
            self.position = feed.position;
        }
    }

    fn note(&mut self, written: &FeedEntry) {
        let number = written.number;
        let is_newer = self.newest.len() < NEWEST
            || self.newest.first_key_value().is_some_and(|((at, ..), _)| *at <= written.entry.at);
        if written.profile.is_some() && is_newer {
            self.newest.insert((written.entry.at, number, written.entry.sequence), written.clone());
            while self.newest.len() > NEWEST {
                self.newest.pop_first();
            }
        }
        // The journals come in any order: a lot may have moved on before its issue is read.
        match &written.entry.kind {
            EntryKind::Issue(issue) => self.lot(issue.lot, issue.kind).held_by(number),
            EntryKind::ReassignIn(moved) => self.lot(moved.issue.lot, moved.issue.kind).held_by(number),
            EntryKind::Revoke(revoked) => {
                let after = &revoked.change.after;
                self.lot(after.lot, after.kind).is_gone = true;
            }
            EntryKind::Transaction(change) => {
                let known = self.transactions.entry(change.transaction.id).or_default();
                known.held_by(number);
                known.is_gone |= change.transaction.is_deleted && !change.transaction.is_void;
            }
            _ => {}
        }
    }

    fn lot(&mut self, id: LotId, kind: LotKind) -> &mut Known {
        &mut self.lots.entry(id).or_insert_with(|| (kind, Known::default())).1
    }
}
