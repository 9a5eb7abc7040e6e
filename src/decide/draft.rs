//! A decision on its way: entries, one after the other, with the balances after each.

use crate::id::MAX_SEQUENCE;
use crate::request::Fingerprint;
use crate::{
    Account, Balances, Cause, Entry, EntryKind, External, Key, Program, Rejection, Stamp, Timestamp, Totals,
};

/// What a request reads, and where it writes.
pub struct Draft<'a> {
    /// The program.
    pub(super) program: &'a Program,
    /// The account, with everything applied that fell due before.
    pub(super) account: &'a Account,
    /// The instant of the decision.
    pub(super) at: Timestamp,
    totals: Totals,
    sequence: u32,
    stamp: Option<Box<Stamp>>,
    entries: &'a mut Vec<Entry>,
    /// How many of the entries were there before: the clock's.
    due: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        program: &'a Program,
        account: &'a Account,
        at: Timestamp,
        entries: &'a mut Vec<Entry>,
    ) -> Self {
        let due = entries.len();
        let (totals, sequence) = (*account.totals(), account.sequence());
        Self { program, account, at, totals, sequence, stamp: None, entries, due }
    }

    /// Makes the first entry recognisable, if anything will ask for it.
    pub(super) fn stamp(
        &mut self,
        key: Option<&Key>,
        external: Option<External>,
        fingerprint: impl FnOnce() -> Fingerprint,
    ) {
        if key.is_some() || external.is_some() {
            let stamp = Stamp { key: key.cloned(), external, fingerprint: fingerprint(), entries: 1 };
            self.stamp = Some(Box::new(stamp));
        }
    }

    /// The totals after the entries so far.
    pub(super) const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The number of the entry that is written next: what it makes is named after it.
    pub(super) const fn next_sequence(&self) -> u32 {
        self.sequence.saturating_add(1)
    }

    /// Writes the next entry, and answers with the balances after it.
    pub(super) fn write(&mut self, kind: EntryKind) -> Balances {
        let totals = &mut self.totals;
        kind.for_each_flow(self.at, |flow| totals.shift(flow));
        let balances = totals.balances();
        self.sequence = self.next_sequence();
        self.entries.push(Entry {
            sequence: self.sequence,
            at: self.at,
            cause: Cause::Request,
            kind,
            balances,
            stamp: self.stamp.take(),
        });
        balances
    }

    /// Whether the journal has room for what was written; and notes on the stamp how much that was.
    pub(super) fn finish(self) -> Result<(), Rejection> {
        if self.sequence > MAX_SEQUENCE {
            return Err(Rejection::JournalFull);
        }
        let written = self.entries.len().saturating_sub(self.due);
        if let Some(stamp) = self.entries.get_mut(self.due).and_then(|first| first.stamp.as_mut()) {
            stamp.entries = u32::try_from(written).map_err(|_| Rejection::JournalFull)?;
        }
        Ok(())
    }
}
