//! A decision on its way: entries, one after the other, with the balances after each.

use crate::account::Account;
use crate::engine::Rejection;
use crate::id::{Key, LotId, MAX_SEQUENCE, ProfileNumber};
use crate::journal::effect::Effect;
use crate::journal::{
    Balances, BatchRow, Cause, Entry, EntryKind, External, Fingerprint, KindTotals, LotKind, LotState, Stamp,
};
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::Points;

/// What a request reads, and where it writes.
pub struct EntryBuilder<'a> {
    /// The program.
    pub(crate) program: &'a Program,
    /// The instant of the decision.
    pub(crate) at: Timestamp,
    /// The account.
    pub(crate) first: AccountDraft<'a>,
    /// The second account, where there is one.
    pub(crate) second: Option<AccountDraft<'a>>,
    stamp: Option<Box<Stamp>>,
}

/// One account, and the entries that are written to it.
pub(crate) struct AccountDraft<'a> {
    /// The account, with everything applied that fell due before.
    pub(crate) account: &'a Account,
    balances: Balances,
    sequence: u32,
    entries: &'a mut Vec<Entry>,
    /// How many of the entries were there before: the clock's.
    due: usize,
}

impl<'a> EntryBuilder<'a> {
    #[inline(always)]
    pub(crate) fn new(
        program: &'a Program,
        at: Timestamp,
        first: AccountDraft<'a>,
        second: Option<AccountDraft<'a>>,
    ) -> Self {
        Self { program, at, first, second, stamp: None }
    }

    /// Makes the first entry recognisable when the request is repeated.
    pub(crate) fn stamp(
        &mut self,
        key: Option<&Key>,
        row: Option<BatchRow>,
        external: Option<&External>,
        fingerprint: Fingerprint,
    ) {
        let stamp = Stamp { key: key.cloned(), row, external: external.cloned(), fingerprint, entries: 1 };
        self.stamp = Some(Box::new(stamp));
    }

    /// The first entry gives no name: what the request names bears it already.
    pub(crate) fn without_name(&mut self) {
        self.stamp = self.stamp.take().filter(|stamp| stamp.key.is_some());
        if let Some(stamp) = &mut self.stamp {
            stamp.external = None;
        }
    }

    /// The account.
    pub(crate) const fn account(&self) -> &'a Account {
        self.first.account
    }

    /// Writes the next entry that the request asks for, and answers with the balances after it.
    #[inline(always)]
    pub(crate) fn write(&mut self, kind: EntryKind) -> Balances {
        self.write_for(Cause::Request, kind)
    }

    /// Writes the next entry, and why.
    #[inline(always)]
    pub(crate) fn write_for(&mut self, cause: Cause, kind: EntryKind) -> Balances {
        let stamp = self.stamp.take();
        let counts = |activity| self.program.settings().activity.include(activity);
        let is_activity = kind.activity(self.first.number(), self.first.next_sequence()).is_some_and(counts);
        self.first.push(self.at, cause, is_activity, kind, stamp)
    }

    /// Whether the journals have room for what was written; and notes on the stamp how much that was.
    pub(crate) fn finish(&mut self) -> Result<(), Rejection> {
        let sides = [Some(&self.first), self.second.as_ref()];
        if sides.into_iter().flatten().any(|side| side.sequence > MAX_SEQUENCE) {
            return Err(Rejection::JournalFull);
        }
        let AccountDraft { entries, due, .. } = &mut self.first;
        let written = entries.len().saturating_sub(*due);
        if let Some(stamp) = entries.get_mut(*due).and_then(|first| first.stamp.as_mut()) {
            stamp.entries = u32::try_from(written).map_err(|_| Rejection::JournalFull)?;
        }
        Ok(())
    }
}

impl<'a> AccountDraft<'a> {
    #[inline(always)]
    pub(crate) fn new(account: &'a Account, entries: &'a mut Vec<Entry>) -> Self {
        let due = entries.len();
        Self { account, balances: account.balances(), sequence: account.sequence(), entries, due }
    }

    /// The entries of the clock, which come first.
    pub(crate) fn due(&self) -> &[Entry] {
        self.entries.get(..self.due).unwrap_or_default()
    }

    /// The totals of one kind of value after the entries so far.
    pub(crate) fn pot(&self, kind: LotKind) -> KindTotals {
        let mut pot = *self.account.pot(kind);
        for entry in self.entries.get(self.due..).unwrap_or_default() {
            let movements = |effect: Effect<'_>| effect.movement().filter(|movement| movement.kind == kind);
            entry.effects(|effect| movements(effect).into_iter().for_each(|movement| pot.shift(movement)));
        }
        pot
    }

    /// The points owed after the entries so far.
    pub(crate) const fn point_debt(&self) -> Points {
        self.balances.point_debt
    }

    pub(crate) fn number(&self) -> ProfileNumber {
        self.account.number()
    }

    /// The last activity, these entries included (rule T9).
    pub(crate) fn active_at(&self) -> Option<Timestamp> {
        let new = self.entries.get(self.due..).unwrap_or_default();
        let newest = new.iter().rev().find(|entry| entry.is_activity);
        newest.and_then(Entry::active_at).max(self.account.active_at())
    }

    /// How a lot stands after the entries so far, if one of them says.
    pub(crate) fn said_of(&self, lot: LotId) -> Option<LotState> {
        self.entries.iter().rev().find_map(|entry| entry.lot_state(lot))
    }

    /// The number of the entry that is written next: what it makes is named after it.
    pub(crate) const fn next_sequence(&self) -> u32 {
        self.sequence.saturating_add(1)
    }

    /// Writes the next entry, and answers with the balances after it.
    pub(crate) fn write(
        &mut self,
        at: Timestamp,
        cause: Cause,
        kind: EntryKind,
        stamp: Option<Box<Stamp>>,
    ) -> Balances {
        self.push(at, cause, false, kind, stamp)
    }

    #[inline(always)]
    fn push(
        &mut self,
        at: Timestamp,
        cause: Cause,
        is_activity: bool,
        kind: EntryKind,
        stamp: Option<Box<Stamp>>,
    ) -> Balances {
        self.balances.follow(&kind, at);
        let balances = self.balances;
        self.sequence = self.next_sequence();
        let sequence = self.sequence;
        self.entries.push(Entry { sequence, at, cause, is_activity, kind, balances, stamp });
        balances
    }
}
