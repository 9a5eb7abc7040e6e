//! The entries of one shard as bytes, one after the other, each linked to the one before it in its account's journal.
//!
//! A journal is written far more often than it is read, and memory is written no faster than it is had: packed, an entry
//! takes a fifth of the room.

use super::MemoryError;
use crate::entry::{flat, packed};
use crate::{Entry, ProfileNumber};

/// Where an entry is in its shard.
pub(super) type Position = u32;

/// Every so many entries of an account, their place is noted, so that an old one is found in a few steps.
const STRIDE: u32 = 16;

/// What is written of an entry that is kept loose: this, and its place.
const LOOSE: u8 = 0xff;

/// The bytes of one block. They do not move, unless a very long entry does not fit. None is begun further in.
const BLOCK: usize = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 20;
/// How many blocks there can be: what is left of a place's bits.
const BLOCKS: usize = 1 << (u32::BITS - BLOCK_BITS);
/// What a block has left at least where an entry is begun.
const RESERVE: usize = 1 << 12;

#[derive(Debug, Default)]
pub(super) struct Journal {
    slots: Vec<Slot>,
    /// The blocks that have no room left, and the one that is written to.
    full: Vec<Vec<u8>>,
    open: Vec<u8>,
    /// Entries that there is no tight form for: kept as they are, which is quicker than any writing.
    loose: Vec<Entry>,
    /// Where entries 16, 32, 48 … of each account are, by the account's place. Apart, as many accounts have none.
    marks: Vec<Vec<Position>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    place: Place,
    /// The entry before it in its account's journal; itself, for the first.
    before: Position,
    /// The account's place in the shard.
    owner: u32,
}

/// Where an entry begins: the number of its block, and how far into that, in one number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(u32);

impl Place {
    const fn new(block: usize, start: usize) -> Self {
        Self(low(block) << BLOCK_BITS | low(start))
    }

    const fn block(self) -> usize {
        (self.0 >> BLOCK_BITS) as usize
    }

    const fn start(self) -> usize {
        self.0 as usize % BLOCK
    }
}

/// A number that was seen to fit: of an account in a shard, or where [`Journal::has_room_for`] looked.
#[allow(clippy::cast_possible_truncation)]
const fn low(number: usize) -> u32 {
    number as u32
}

/// The newest of an account's entries: where its journal is read from, backwards.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    last: Option<Position>,
}

impl Journal {
    /// Whether there are numbers and blocks for so many more.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        let fits = |length: usize, most: usize| length.checked_add(more).is_some_and(|length| length < most);
        fits(self.slots.len(), Position::MAX as usize) && fits(self.full.len(), BLOCKS)
    }

    /// Writes an entry, for which there is room.
    pub(super) fn push(
        &mut self,
        owner: usize,
        number: ProfileNumber,
        chain: &mut Chain,
        entry: &Entry,
    ) -> Position {
        let loose = low(self.loose.len());
        let (place, pen) = self.pen();
        if !packed::write_tight(entry, number, pen) {
            pen.push(LOOSE);
            pen.extend_from_slice(&loose.to_le_bytes());
            self.loose.push(entry.clone());
        }
        self.keep(owner, chain, entry.sequence, place)
    }

    /// Where the next entry is written: in place, as what is copied right after it was written waits for its own ink. And
    /// where that is.
    #[inline]
    pub(super) fn pen(&mut self) -> (Place, &mut Vec<u8>) {
        if self.open.capacity() == 0 || BLOCK.saturating_sub(self.open.len()) < RESERVE {
            let block = std::mem::replace(&mut self.open, Vec::with_capacity(BLOCK));
            self.full.push(block);
        }
        (Place::new(self.full.len(), self.open.len()), &mut self.open)
    }

    /// Keeps the entry that was written at a place, for which there is room.
    #[inline]
    pub(super) fn keep(&mut self, owner: usize, chain: &mut Chain, sequence: u32, place: Place) -> Position {
        let (position, owner) = (low(self.slots.len()), low(owner));
        self.slots.push(Slot { place, before: chain.last.unwrap_or(position), owner });
        if sequence.is_multiple_of(STRIDE) {
            self.mark(owner as usize, position);
        }
        chain.last = Some(position);
        position
    }

    fn mark(&mut self, owner: usize, position: Position) {
        if self.marks.len() <= owner {
            self.marks.resize_with(owner.saturating_add(1), Vec::new);
        }
        self.marks.get_mut(owner).into_iter().for_each(|marks| marks.push(position));
    }

    /// The entry at a position, in the journal of the account with this number.
    pub(super) fn at(&self, position: Position, number: ProfileNumber) -> Result<Entry, MemoryError> {
        let bytes = self.bytes(position).ok_or(MemoryError::Full)?;
        if let [LOOSE, place @ ..] = bytes {
            let place =
                place.try_into().ok().and_then(|place| usize::try_from(u32::from_le_bytes(place)).ok());
            return place.and_then(|place| self.loose.get(place)).cloned().ok_or(MemoryError::Full);
        }
        Ok(flat::read(bytes, number)?)
    }

    /// The entries of an account whose newest has the sequence number `newest`: from one back to the first.
    pub(super) fn back_from(
        &self,
        chain: Chain,
        newest: u32,
        sequence: u32,
        number: ProfileNumber,
    ) -> impl Iterator<Item = Result<Entry, MemoryError>> {
        // The first mark at or after it, or else the end; from there it is so many steps.
        let mark = sequence.div_ceil(STRIDE).max(1);
        let marks = chain.last.and_then(|last| self.marks.get(self.slot(last)?.owner as usize));
        let place = usize::try_from(mark.saturating_sub(1)).unwrap_or(usize::MAX);
        let marked = marks.and_then(|marks| marks.get(place));
        let (start, from) = match marked {
            Some(position) => (Some(*position), mark.saturating_mul(STRIDE)),
            None => (chain.last, newest),
        };
        let steps = usize::try_from(from.saturating_sub(sequence)).unwrap_or(usize::MAX);
        let positions = std::iter::successors(start, |position| {
            self.slot(*position).map(|slot| slot.before).filter(|before| before != position)
        });
        positions.skip(steps).map(move |position| self.at(position, number))
    }

    /// The positions from one on, each with its owner's place.
    pub(super) fn from(&self, position: Position) -> impl Iterator<Item = (Position, usize)> {
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        let slots = self.slots.get(start..).unwrap_or_default();
        (position..)
            .zip(slots)
            .map(|(position, slot)| (position, usize::try_from(slot.owner).unwrap_or(usize::MAX)))
    }

    fn slot(&self, position: Position) -> Option<Slot> {
        self.slots.get(usize::try_from(position).ok()?).copied()
    }

    /// From where an entry begins to where the next does, or its block ends.
    fn bytes(&self, position: Position) -> Option<&[u8]> {
        let slot = self.slot(position)?;
        let number = slot.place.block();
        let block = self.full.get(number).unwrap_or(&self.open);
        let next = self.slot(position.checked_add(1)?).filter(|next| next.place.block() == number);
        block.get(slot.place.start()..next.map_or(block.len(), |next| next.place.start()))
    }
}
