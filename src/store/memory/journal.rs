//! The entries of one shard, in one growing list, each linked to the one before it in its account's journal.

use crate::Entry;

/// Where an entry is in its shard.
pub(super) type Position = u32;

/// Every so many entries of an account, their place is noted, so that an old one is found in a few steps.
const STRIDE: u32 = 16;

#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Vec<(Entry, Option<Position>)>,
}

/// Where an account's entries are.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    last: Option<Position>,
    /// The positions of entries 16, 32, 48 …; most accounts have few or none.
    marks: Vec<Position>,
}

impl Journal {
    /// Room for so many more, or `None`.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.entries.len().checked_add(more).is_some_and(|length| u32::try_from(length).is_ok())
    }

    pub(super) fn push(&mut self, chain: &mut Chain, entry: &Entry) -> Position {
        // `has_room_for` was asked before.
        let position = u32::try_from(self.entries.len()).unwrap_or(Position::MAX);
        if entry.sequence.is_multiple_of(STRIDE) {
            chain.marks.push(position);
        }
        self.entries.push((entry.clone(), chain.last));
        chain.last = Some(position);
        position
    }

    pub(super) fn at(&self, position: Position) -> Option<&Entry> {
        self.slot(position).map(|(entry, _)| entry)
    }

    /// An account's entries from the one with this sequence number, or the last, back to its first.
    pub(super) fn back_from<'a>(&'a self, chain: &Chain, sequence: u32) -> impl Iterator<Item = &'a Entry> {
        // The first mark at or after it, or else the end.
        let mark = usize::try_from(sequence.div_ceil(STRIDE).saturating_sub(1)).unwrap_or(usize::MAX);
        let marked = (sequence > 0).then(|| chain.marks.get(mark).copied()).flatten();
        let mut next = marked.or(chain.last);
        std::iter::from_fn(move || {
            let (entry, before) = self.slot(next?)?;
            next = *before;
            Some(entry)
        })
        .skip_while(move |entry| entry.sequence > sequence)
    }

    fn slot(&self, position: Position) -> Option<&(Entry, Option<Position>)> {
        self.entries.get(usize::try_from(position).ok()?)
    }
}
