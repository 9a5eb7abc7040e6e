//! The entries of one shard as bytes, one after the other, each linked to the one before it in its account's journal.
//!
//! A journal is written far more often than it is read, and writing is bound by memory bandwidth: packed, an entry takes a
//! fifth of the space.

use super::{MemoryError, low};
use crate::id::ProfileNumber;
use crate::journal::unreadable::{Problem, Unreadable};
use crate::journal::{Entry, wire};

/// The interval, in entries of an account, at which places are indexed, so that an old entry is found in a few steps.
const STRIDE: u32 = 16;
/// The interval, in entries of the shard, at which places are indexed, for reading the feed.
const RUN: usize = 64;

/// The place of no entry.
const NOWHERE: Unreadable = Unreadable::new("an entry", Problem::Missing(Header::BYTES));

/// The bytes of one block. They do not move, unless a very long entry does not fit. None is begun further in.
const BLOCK: usize = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 20;
/// The largest number of blocks: the remaining bits of a place.
const BLOCKS: usize = 1 << (u32::BITS - BLOCK_BITS);
/// The least room that a block must have left when an entry is begun.
const RESERVE: usize = 1 << 12;

#[derive(Debug, Default)]
pub(super) struct Journal {
    /// The blocks that have no room left, and the one that is written to.
    full: Vec<Vec<u8>>,
    open: Vec<u8>,
    /// The length of the kept part of the open block; the rest was written and not kept.
    kept: usize,
    /// How many entries there are, and where each [`RUN`] of them begins.
    count: usize,
    runs: Vec<Offset>,
    /// Where entries 16, 32, 48 … of each account are, by the account's place. Apart, as many accounts have none.
    marks: Vec<Vec<Offset>>,
}

/// The start of an entry: the number of its block and the offset within it, packed in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset(u32);

impl Offset {
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

/// The header before an entry's bytes.
#[derive(Clone, Copy, Debug)]
struct Header {
    /// The entry before it in its account's journal; itself, for the first.
    before: Offset,
    /// The account's place in the shard.
    owner: u32,
    /// How many bytes the entry has.
    length: u32,
}

impl Header {
    const BYTES: usize = 12;

    fn write(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.before.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.owner.to_le_bytes());
        bytes[8..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |place: usize| {
            let bytes = bytes.get(place..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        Some(Self { before: Offset(number(0)?), owner: number(4)?, length: number(8)? })
    }
}

/// The newest entry of an account: its journal is read backwards from there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    last: Option<Offset>,
}

impl Journal {
    /// Whether there are numbers and blocks for this many more entries.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        let fits = |length: usize, most: usize| length.checked_add(more).is_some_and(|length| length < most);
        fits(self.count, u32::MAX as usize) && fits(self.full.len(), BLOCKS)
    }

    #[cfg(test)]
    pub(super) fn fill(&mut self) {
        self.count = u32::MAX as usize;
    }

    /// Writes an entry. The caller has made sure that there is room.
    pub(super) fn push(
        &mut self,
        owner: usize,
        number: ProfileNumber,
        chain: &mut Chain,
        entry: &Entry,
    ) -> Offset {
        let (place, bytes) = self.reserve();
        wire::write(entry, number, bytes);
        self.commit(owner, chain, entry.sequence, place);
        place
    }

    /// The buffer and the place of the next entry. It is encoded in place, as copying it right after it was written would
    /// stall on store forwarding. An entry that is not kept is overwritten by the next.
    #[inline]
    pub(super) fn reserve(&mut self) -> (Offset, &mut Vec<u8>) {
        self.open.truncate(self.kept);
        if self.open.capacity() == 0 || BLOCK.saturating_sub(self.kept) < RESERVE {
            let block = std::mem::replace(&mut self.open, Vec::with_capacity(BLOCK));
            self.full.push(block);
            self.kept = 0;
        }
        let place = Offset::new(self.full.len(), self.kept);
        self.open.extend_from_slice(&[0; Header::BYTES]);
        (place, &mut self.open)
    }

    /// Keeps the entry that was written at a place, for which there is room.
    #[inline]
    pub(super) fn commit(&mut self, owner: usize, chain: &mut Chain, sequence: u32, place: Offset) {
        let start = place.start();
        let length = low(self.open.len().saturating_sub(start).saturating_sub(Header::BYTES));
        let header = Header { before: chain.last.unwrap_or(place), owner: low(owner), length };
        if let Some(space) = self.open.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
            *space = header.write();
        }
        if self.count.is_multiple_of(RUN) {
            self.runs.push(place);
        }
        if sequence.is_multiple_of(STRIDE) {
            self.mark(owner, place);
        }
        self.count = self.count.saturating_add(1);
        self.kept = self.open.len();
        chain.last = Some(place);
    }

    fn mark(&mut self, owner: usize, place: Offset) {
        if self.marks.len() <= owner {
            self.marks.resize_with(owner.saturating_add(1), Vec::new);
        }
        self.marks.get_mut(owner).into_iter().for_each(|marks| marks.push(place));
    }

    /// The entry at a place, in the journal of the account with this number.
    pub(super) fn at(&self, place: Offset, number: ProfileNumber) -> Result<Entry, MemoryError> {
        let (_, bytes) = self.read(place).ok_or(NOWHERE)?;
        Ok(wire::read(bytes, number)?)
    }

    /// The entries of an account whose newest has the sequence number `newest`: from one back to the first.
    pub(super) fn back_from(
        &self,
        chain: Chain,
        newest: u32,
        sequence: u32,
        number: ProfileNumber,
    ) -> impl Iterator<Item = Result<Entry, MemoryError>> {
        // The first mark at or after it, or else the end; the rest is stepped back from there.
        let mark = sequence.div_ceil(STRIDE).max(1);
        let marks = chain.last.and_then(|last| self.marks.get(self.read(last)?.0.owner as usize));
        let place = usize::try_from(mark.saturating_sub(1)).unwrap_or(usize::MAX);
        let marked = marks.and_then(|marks| marks.get(place));
        let (start, from) = match marked {
            Some(place) => (Some(*place), mark.saturating_mul(STRIDE)),
            None => (chain.last, newest),
        };
        let steps = usize::try_from(from.saturating_sub(sequence)).unwrap_or(usize::MAX);
        let places = std::iter::successors(start, |place| {
            self.read(*place).map(|(header, _)| header.before).filter(|before| before != place)
        });
        places.skip(steps).map(move |place| self.at(place, number))
    }

    /// The entries written after the first ones: the position of each, and the place of its account.
    pub(super) fn after(&self, count: usize) -> impl Iterator<Item = (Offset, usize)> {
        let run = self.runs.get(count.checked_div(RUN).unwrap_or(0)).copied();
        let places = std::iter::successors(run, |place| self.next(*place)).skip(count % RUN);
        places
            .take(self.count.saturating_sub(count))
            .filter_map(|place| Some((place, self.read(place)?.0.owner as usize)))
    }

    /// The place of the shard's next entry: after this one, or in the next block.
    fn next(&self, place: Offset) -> Option<Offset> {
        let (_, bytes) = self.read(place)?;
        let end = place.start().saturating_add(Header::BYTES).saturating_add(bytes.len());
        match self.full.get(place.block()) {
            Some(block) if end < block.len() => Some(Offset::new(place.block(), end)),
            Some(_) => Some(Offset::new(place.block().saturating_add(1), 0)),
            None => (end < self.kept).then(|| Offset::new(place.block(), end)),
        }
    }

    /// An entry's header and bytes.
    fn read(&self, place: Offset) -> Option<(Header, &[u8])> {
        let block = self.full.get(place.block()).unwrap_or(&self.open);
        let (header, bytes) = block.get(place.start()..)?.split_at_checked(Header::BYTES)?;
        let header = Header::read(header)?;
        Some((header, bytes.get(..usize::try_from(header.length).ok()?)?))
    }
}

#[cfg(test)]
mod tests;
