//! The entries of one shard, in one growing list, each linked to the one before it in its account's journal.

use crate::Entry;

/// Where an entry is in its shard.
pub(super) type Position = u32;

/// Every so many entries of an account, their place is noted, so that an old one is found in a few steps.
const STRIDE: u32 = 16;

#[derive(Debug, Default)]
pub(super) struct Journal {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    entry: Entry,
    /// The entry before it in its account's journal.
    before: Option<Position>,
    /// The account's place in the shard.
    owner: u32,
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
        self.slots.len().checked_add(more).is_some_and(|length| u32::try_from(length).is_ok())
    }

    pub(super) fn push(&mut self, owner: usize, chain: &mut Chain, entry: &Entry) -> Position {
        // `has_room_for` was asked before.
        let position = u32::try_from(self.slots.len()).unwrap_or(Position::MAX);
        if entry.sequence.is_multiple_of(STRIDE) {
            chain.marks.push(position);
        }
        let owner = u32::try_from(owner).unwrap_or(u32::MAX);
        self.slots.push(Slot { entry: entry.clone(), before: chain.last, owner });
        chain.last = Some(position);
        position
    }

    pub(super) fn at(&self, position: Position) -> Option<&Entry> {
        self.slot(position).map(|slot| &slot.entry)
    }

    /// An account's entries from the one with this sequence number, or the last, back to its first.
    pub(super) fn back_from<'a>(&'a self, chain: &Chain, sequence: u32) -> impl Iterator<Item = &'a Entry> {
        // The first mark at or after it, or else the end.
        let mark = usize::try_from(sequence.div_ceil(STRIDE).saturating_sub(1)).unwrap_or(usize::MAX);
        let marked = (sequence > 0).then(|| chain.marks.get(mark).copied()).flatten();
        let mut next = marked.or(chain.last);
        std::iter::from_fn(move || {
            let slot = self.slot(next?)?;
            next = slot.before;
            Some(&slot.entry)
        })
        .skip_while(move |entry| entry.sequence > sequence)
    }

    /// The entries from a position on, each with its owner's place.
    pub(super) fn from(&self, position: Position) -> impl Iterator<Item = (usize, &Entry)> {
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        let slots = self.slots.get(start..).unwrap_or_default();
        slots.iter().map(|slot| (usize::try_from(slot.owner).unwrap_or(usize::MAX), &slot.entry))
    }

    fn slot(&self, position: Position) -> Option<&Slot> {
        self.slots.get(usize::try_from(position).ok()?)
    }
}
