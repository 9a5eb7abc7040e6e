//! Which rewards, points and transactions there are, whoever has them: for the lists over all profiles.
//!
//! It is filled from the journal by a position, brought up to date before each answer, and holds nothing but ids.

use std::collections::BTreeMap;

use scrip::store::{FeedEntry, Position};
use scrip::{EntryKind, LotId, LotKind, ProfileNumber, TransactionId};
use tokio::sync::Mutex;

use crate::backend::{Backend, Failure};

/// How many entries are read at a time.
const STEP: usize = 4096;

/// The ids of everything, and who has it.
#[derive(Default)]
pub struct Index(Mutex<State>);

#[derive(Default)]
struct State {
    position: Position,
    lots: BTreeMap<LotId, (LotKind, ProfileNumber)>,
    transactions: BTreeMap<TransactionId, ProfileNumber>,
}

impl Index {
    /// Every lot of a kind that was not revoked, in the order of the ids, with who has it.
    pub async fn lots(
        &self,
        backend: &Backend,
        kind: LotKind,
    ) -> Result<Vec<(LotId, ProfileNumber)>, Failure> {
        let mut state = self.0.lock().await;
        state.catch_up(backend).await?;
        let of_kind = state.lots.iter().filter(|(_, (other, _))| *other == kind);
        Ok(of_kind.map(|(id, (_, holder))| (*id, *holder)).collect())
    }

    /// Every transaction that was not deleted, in the order of the ids.
    pub async fn transactions(
        &self,
        backend: &Backend,
    ) -> Result<Vec<(TransactionId, ProfileNumber)>, Failure> {
        let mut state = self.0.lock().await;
        state.catch_up(backend).await?;
        Ok(state.transactions.iter().map(|(id, holder)| (*id, *holder)).collect())
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
        match &written.entry.kind {
            // The journals come in any order: a lot may have moved on before its issue is read.
            EntryKind::Issue(issue) => {
                self.lots.entry(issue.lot).or_insert((issue.kind, number));
            }
            EntryKind::ReassignIn(moved) => {
                self.lots.insert(moved.issue.lot, (moved.issue.kind, number));
            }
            EntryKind::Revoke(revoked) => {
                self.lots.remove(&revoked.change.after.lot);
            }
            EntryKind::Transaction(change) if change.transaction.is_deleted => {
                self.transactions.remove(&change.transaction.id);
            }
            EntryKind::Transaction(change) => {
                self.transactions.insert(change.transaction.id, number);
            }
            _ => {}
        }
    }
}
