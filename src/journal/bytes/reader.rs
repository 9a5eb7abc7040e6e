//! Reading the binary encoding, with errors that name the part, the value expected and the value found.

use std::fmt;

use super::{Binary, Decoded, SECOND, unzigzag};
use crate::id::{Identifier, MAX_SEQUENCE, ProfileNumber};
use crate::journal::unreadable::{Problem, Unreadable};
use crate::json::Json;
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Points, Quantity};

/// A reader for one entry of the account with a number.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) number: ProfileNumber,
    pub(crate) sequence: u32,
    pub(crate) at: Timestamp,
    /// The part being read, for errors.
    pub(crate) part: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(rest: &'a [u8], number: ProfileNumber, part: &'static str) -> Self {
        Self { rest, number, sequence: 0, at: Timestamp::MIN, part }
    }

    pub(crate) fn invalid(&self, expected: &'static str, found: impl fmt::Display) -> Unreadable {
        let found = found.to_string().chars().take(48).collect();
        Unreadable::new(self.part, Problem::Invalid { expected, found })
    }

    pub(crate) const fn newer(&self, found: u64) -> Unreadable {
        Unreadable::new(self.part, Problem::Newer(found))
    }

    #[inline]
    pub(crate) fn bytes(&mut self, length: usize) -> Decoded<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(Unreadable::new(self.part, Problem::Missing(length.wrapping_sub(self.rest.len())))),
        }
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Decoded<u8> {
        self.array().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Decoded<u64> {
        // Nearly always eight bytes are left, which can be read together.
        let Some(eight) = self.rest.first_chunk() else { return self.last_number() };
        let eight = u64::from_le_bytes(*eight);
        let further = eight.trailing_zeros();
        if further >= 8 {
            return self.last_number();
        }
        let others = 56_u32.wrapping_sub(further.wrapping_mul(8));
        let value = eight << others >> others >> further >> 1;
        self.rest = self.rest.get(further as usize..).and_then(|rest| rest.get(1..)).unwrap_or_default();
        self.in_few_bytes(value, further)
    }

    /// A number of nine bytes, or one with fewer than eight bytes left.
    #[inline(never)]
    fn last_number(&mut self) -> Decoded<u64> {
        // Most of these take one byte.
        if let [byte, rest @ ..] = self.rest
            && byte & 1 == 1
        {
            self.rest = rest;
            return Ok(u64::from(byte >> 1));
        }
        let further = self.rest.first().map_or(0, |first| first.trailing_zeros());
        if further < 8 {
            let (mut bits, length) = ([0; 8], (further as usize).wrapping_add(1));
            let bytes = self.bytes(length)?;
            bits.iter_mut().zip(bytes).for_each(|(bit, byte)| *bit = *byte);
            return self.in_few_bytes(u64::from_le_bytes(bits) >> further >> 1, further);
        }
        self.bytes(1)?;
        let value = u64::from_le_bytes(self.array()?);
        self.in_few_bytes(value, 8)
    }

    /// A number in `further` further bytes, if it needs them: each number has one encoding.
    #[inline]
    fn in_few_bytes(&self, value: u64, further: u32) -> Decoded<u64> {
        if further > 0 && value >> further.wrapping_mul(7) == 0 {
            return Err(self.invalid("a number in as few bytes as it takes", value));
        }
        Ok(value)
    }

    /// The flags that this version knows.
    #[inline]
    pub(crate) fn flags<const N: usize>(&mut self) -> Decoded<[bool; N]> {
        let bits = self.number()?;
        let unknown = bits >> N << N;
        if unknown != 0 {
            return Err(self.newer(unknown));
        }
        Ok(std::array::from_fn(|bit| bits >> bit & 1 == 1))
    }

    #[inline]
    pub(crate) fn small(&mut self) -> Decoded<u32> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.invalid("at most 4294967295", number))
    }

    #[inline]
    pub(crate) fn sequence_number(&mut self) -> Decoded<u32> {
        let sequence = self.small()?;
        if sequence <= MAX_SEQUENCE {
            Ok(sequence)
        } else {
            Err(self.invalid("a sequence number of at most 4194303", sequence))
        }
    }

    #[inline]
    pub(crate) fn profile(&mut self) -> Decoded<ProfileNumber> {
        let number = self.small()?;
        ProfileNumber::new(number).map_err(|_| self.invalid("a profile's number", number))
    }

    #[inline]
    pub(crate) fn instant(&mut self) -> Decoded<Timestamp> {
        self.instant_after(0)
    }

    /// The instant at the end of a span that starts `start` microseconds after 1970.
    #[inline]
    pub(crate) fn instant_after(&mut self, start: i64) -> Decoded<Timestamp> {
        let written = self.number()?;
        let (count, unit) = (unzigzag(written >> 1), if written & 1 == 0 { SECOND } else { 1 });
        let end = count.checked_mul(unit).and_then(|span| start.checked_add(span));
        let end = end.and_then(|micros| Timestamp::from_micros(micros).ok());
        end.ok_or_else(|| self.invalid("an instant in the years 1 to 9999", count))
    }

    /// The expiry, unless a flag said that there is none.
    #[inline]
    pub(crate) fn end(&mut self, is_never: bool) -> Decoded<Expiry> {
        if is_never { Ok(Expiry::NEVER) } else { self.instant().map(Expiry::at) }
    }

    #[inline]
    pub(crate) fn quantity(&mut self) -> Decoded<Quantity> {
        let raw = self.number()?;
        self.quantity_of(raw)
    }

    #[inline]
    pub(crate) fn quantity_of(&self, raw: u64) -> Decoded<Quantity> {
        let quantity = i64::try_from(raw).ok().and_then(|raw| Quantity::from_ten_thousandths(raw).ok());
        quantity.ok_or_else(|| self.invalid("at most 9000000000000000000 ten-thousandths", raw))
    }

    #[inline]
    pub(crate) fn amount(&mut self) -> Decoded<Amount> {
        self.quantity().map(Amount::from)
    }

    #[inline]
    pub(crate) fn points(&mut self) -> Decoded<Points> {
        self.quantity().map(Points::from)
    }

    #[inline]
    pub(crate) fn text(&mut self) -> Decoded<&'a str> {
        let length = self.number()?;
        let length = usize::try_from(length).map_err(|_| self.invalid("the length of a text", length))?;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|error| self.invalid("text in UTF-8", error))
    }

    pub(crate) fn string(&mut self) -> Decoded<String> {
        self.text().map(str::to_owned)
    }

    /// A text that is parsed into a value: a name, a zone.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, expected: &'static str) -> Decoded<T> {
        let text = self.text()?;
        text.parse().map_err(|_| self.invalid(expected, format_args!("`{}`", text.escape_debug())))
    }

    pub(crate) fn json(&mut self) -> Decoded<Json> {
        let text = self.text()?;
        Json::new(text).map_err(|error| self.invalid("a JSON document", error))
    }

    #[inline]
    pub(crate) fn id<I: Identifier>(&mut self) -> Decoded<I> {
        if self.rest.first() == Some(&1) {
            self.bytes(1)?;
            let id = self.number()?;
            return I::new(id).map_err(|_| self.invalid("an id", id));
        }
        let sequence = self.sequence_number()?;
        Ok(I::made_by(self.number, sequence))
    }

    /// The id of the record made by this entry, unless a flag said that it is another.
    #[inline]
    pub(crate) fn made<I: Identifier>(&mut self, is_other: bool) -> Decoded<I> {
        if is_other { self.id() } else { Ok(I::made_by(self.number, self.sequence)) }
    }

    pub(crate) fn list<T: Binary>(&mut self) -> Decoded<Vec<T>> {
        let length = self.number()?;
        // Few are longer; and what is said of the length may be wrong.
        let mut list = Vec::with_capacity(usize::try_from(length).unwrap_or(usize::MAX).min(8));
        for _ in 0..length {
            list.push(T::read(self)?);
        }
        Ok(list)
    }

    pub(crate) fn profiles(&mut self) -> Decoded<Vec<ProfileNumber>> {
        (0..self.number()?).map(|_| self.profile()).collect()
    }

    pub(crate) fn texts(&mut self) -> Decoded<Vec<String>> {
        (0..self.number()?).map(|_| self.string()).collect()
    }

    /// A value that is present if a flag said so.
    #[inline]
    pub(crate) fn if_set<T>(
        &mut self,
        flag: bool,
        read: impl FnOnce(&mut Self) -> Decoded<T>,
    ) -> Decoded<Option<T>> {
        if flag { read(self).map(Some) } else { Ok(None) }
    }

    /// Checks that no bytes are left over.
    pub(crate) fn finish(self) -> Decoded<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Unreadable::new(self.part, Problem::Left(left))),
        }
    }
}
