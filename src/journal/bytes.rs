//! The binary encoding of numbers, instants, ids and texts, for the binary forms of entries and accounts.

mod reader;

pub(crate) use reader::Reader;

use crate::id::{Identifier, ProfileNumber};
use crate::journal::LotKind;
use crate::journal::unreadable::Unreadable;
use crate::json::Json;
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

pub(crate) type Decoded<T> = Result<T, Unreadable>;

/// A value with a binary form of its own.
pub(crate) trait Binary: Sized {
    fn write(&self, to: &mut Writer<'_>);
    fn read(from: &mut Reader<'_>) -> Decoded<Self>;
}

impl<T: Binary> Binary for Box<T> {
    fn write(&self, to: &mut Writer<'_>) {
        T::write(self, to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        T::read(from).map(Self::new)
    }
}

/// A list is written as its length and its items.
impl<T: Binary> Binary for Vec<T> {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(self);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.list()
    }
}

/// A writer for one entry of the account with a number. Values that follow from the entry take no bytes.
///
/// Short values are collected in an array and appended several at a time, which takes half as many steps.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    number: ProfileNumber,
    sequence: u32,
    pub(crate) at: Timestamp,
    room: [u8; ROOM],
    used: usize,
}

/// The array is flushed from this length on; it has room for eight bytes more.
const FULL: usize = 64;
const ROOM: usize = FULL + 8;

/// Nearly all instants are whole seconds. A second has this many microseconds.
const SECOND: i64 = 1_000_000;

impl Drop for Writer<'_> {
    #[inline]
    fn drop(&mut self) {
        self.append();
    }
}

impl<'a> Writer<'a> {
    #[inline]
    pub(crate) fn new(out: &'a mut Vec<u8>, number: ProfileNumber, sequence: u32, at: Timestamp) -> Self {
        Self { out, number, sequence, at, room: [0; ROOM], used: 0 }
    }
}

impl Writer<'_> {
    /// Appends the collected bytes.
    #[inline(never)]
    fn append(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.out.extend_from_slice(self.room.get(..used).unwrap_or_default());
    }

    /// Adds the first `count` of eight bytes, the lowest first.
    #[inline]
    fn gather(&mut self, eight: u64, count: usize) {
        if self.used >= FULL {
            self.append();
        }
        // The remainder equals the number itself, which keeps the index in the array.
        let start = self.used % FULL;
        if let Some(room) = self.room.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
            *room = eight.to_le_bytes();
        }
        self.used = start.wrapping_add(count);
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.gather(byte.into(), 1);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > ROOM.wrapping_sub(self.used) {
            self.append();
            self.out.extend_from_slice(bytes);
            return;
        }
        let end = self.used.wrapping_add(bytes.len());
        if let Some(room) = self.room.get_mut(self.used..end) {
            room.copy_from_slice(bytes);
            self.used = end;
        }
    }

    /// Seven bits per byte, after one zero bit for each further byte, and a one. There is no loop, in contrast to
    /// other encodings of this length.
    #[inline]
    pub(crate) fn number(&mut self, value: u64) {
        let further = (value | 1).ilog2() / 7;
        if further < 8 {
            let bits = (value << 1 | 1) << further;
            self.gather(bits, (further as usize).wrapping_add(1));
        } else {
            self.long_number(value);
        }
    }

    #[inline(never)]
    fn long_number(&mut self, value: u64) {
        self.byte(0);
        self.gather(value, 8);
    }

    /// A number of flag bits, the first flag in the lowest bit. Later versions add bits at the end.
    #[inline]
    pub(crate) fn flags<const N: usize>(&mut self, flags: [bool; N]) {
        let bits = flags.into_iter().zip(0..).fold(0, |bits, (is_set, bit)| bits | u64::from(is_set) << bit);
        self.number(bits);
    }

    /// An instant, as the span since 1970.
    #[inline]
    pub(crate) fn instant(&mut self, at: Timestamp) {
        self.span(at.micros());
    }

    /// A span in microseconds: written as whole seconds, or with the lowest bit set if that is not exact.
    #[inline]
    pub(crate) fn span(&mut self, micros: i64) {
        let seconds = micros / SECOND;
        if seconds.wrapping_mul(SECOND) == micros {
            self.number(zigzag(seconds) << 1);
        } else {
            self.number(zigzag(micros) << 1 | 1);
        }
    }

    /// The expiry, if there is one: a flag says so.
    pub(crate) fn end(&mut self, expiry: Expiry) {
        if let Some(end) = expiry.instant() {
            self.instant(end);
        }
    }

    /// A quantity, which is never below zero when written.
    #[inline]
    pub(crate) fn quantity(&mut self, value: impl Into<Quantity>) {
        self.number(value.into().ten_thousandths().unsigned_abs());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    pub(crate) fn json(&mut self, document: &Json) {
        self.text(document.as_str());
    }

    pub(crate) fn profile(&mut self, number: ProfileNumber) {
        self.number(number.get().into());
    }

    /// The sequence number of the entry that made it; the whole id if the record is another account's.
    #[inline]
    pub(crate) fn id<I: Identifier>(&mut self, id: I) {
        if id.number() == self.number {
            self.number(id.sequence().into());
        } else {
            self.byte(1);
            self.number(id.get());
        }
    }

    /// Whether an id differs from the one that this entry would give a new record.
    #[inline]
    pub(crate) fn is_other<I: Identifier>(&self, id: I) -> bool {
        id != I::made_by(self.number, self.sequence)
    }

    pub(crate) fn list<T: Binary>(&mut self, list: &[T]) {
        self.number(list.len() as u64);
        list.iter().for_each(|each| each.write(self));
    }

    pub(crate) fn profiles(&mut self, numbers: &[ProfileNumber]) {
        self.number(numbers.len() as u64);
        numbers.iter().for_each(|number| self.profile(*number));
    }

    pub(crate) fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }
}

/// The kind of value from two flags, of which the second was added later.
pub(crate) const fn kind_of(is_points: bool, is_status: bool) -> LotKind {
    match (is_points, is_status) {
        (false, _) => LotKind::Reward,
        (true, false) => LotKind::Point,
        (true, true) => LotKind::Status,
    }
}

/// Maps small numbers of either sign to small unsigned ones: 0, -1, 1, -2 …
pub(crate) const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

#[cfg(test)]
mod tests;
