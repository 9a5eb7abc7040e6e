//! Numbers, instants and texts as few bytes: what the packed forms of entries and accounts are made of.

use thiserror::Error;

use crate::id::{LotId, ProfileNumber};
use crate::journal::LotKind;
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Points, Quantity};

/// Why bytes are not an entry, or not an account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the bytes cannot be read: {0}")]
pub struct Unreadable(pub(crate) &'static str);

/// Writes what belongs to the account with a number.
pub(crate) struct Writer<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) number: ProfileNumber,
}

impl Writer<'_> {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// Seven bits at a time, the lowest first.
    #[allow(clippy::cast_possible_truncation)] // The lowest seven bits are what is wanted.
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    pub(crate) fn instant(&mut self, micros: i64) {
        self.out.extend_from_slice(&micros.to_le_bytes());
    }

    pub(crate) fn quantity(&mut self, ten_thousandths: i64) {
        self.number(ten_thousandths.unsigned_abs());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A lot of this account by the entry that issued it, another by its whole id.
    pub(crate) fn lot(&mut self, lot: LotId) {
        if lot.number() == self.number {
            self.number(lot.sequence().into());
        } else {
            self.byte(0);
            self.number(lot.get());
        }
    }
}

/// Reads what belongs to the account with a number.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) number: ProfileNumber,
}

pub(crate) type Reading<T> = Result<T, Unreadable>;

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Reading<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Unreadable("they are too few"))?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn byte(&mut self) -> Reading<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Reading<[u8; N]> {
        self.bytes(N)?.try_into().map_err(|_| Unreadable("they are too few"))
    }

    pub(crate) fn number(&mut self) -> Reading<u64> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits);
            value |= shifted.ok_or(Unreadable("a number is too large"))?;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Unreadable("a number is too long"))
    }

    pub(crate) fn small(&mut self) -> Reading<u32> {
        u32::try_from(self.number()?).map_err(|_| Unreadable("a number is too large"))
    }

    pub(crate) fn quantity(&mut self) -> Reading<Quantity> {
        let raw = i64::try_from(self.number()?).map_err(|_| Unreadable("a quantity is too large"))?;
        Quantity::from_ten_thousandths(raw).map_err(|_| Unreadable("a quantity is too large"))
    }

    pub(crate) fn amount(&mut self) -> Reading<Amount> {
        self.quantity().map(Amount::from)
    }

    pub(crate) fn points(&mut self) -> Reading<Points> {
        self.quantity().map(Points::from)
    }

    pub(crate) fn micros(&mut self) -> Reading<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn instant(&mut self) -> Reading<Timestamp> {
        Timestamp::from_micros(self.micros()?).map_err(|_| Unreadable("an instant is out of range"))
    }

    pub(crate) fn expiry(&mut self) -> Reading<Expiry> {
        match self.micros()? {
            i64::MAX => Ok(Expiry::NEVER),
            micros => {
                let end =
                    Timestamp::from_micros(micros).map_err(|_| Unreadable("an instant is out of range"))?;
                Ok(Expiry::at(end))
            }
        }
    }

    pub(crate) fn text(&mut self) -> Reading<&'a str> {
        let length = usize::try_from(self.number()?).map_err(|_| Unreadable("a text is too long"))?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Unreadable("a text is none"))
    }

    pub(crate) fn lot(&mut self) -> Reading<LotId> {
        let sequence = self.small()?;
        if sequence > 0 {
            return Ok(LotId::made_by(self.number, sequence));
        }
        LotId::new(self.number()?).map_err(|_| Unreadable("an id is none"))
    }

    pub(crate) fn kind(&mut self) -> Reading<LotKind> {
        match self.byte()? {
            0 => Ok(LotKind::Reward),
            1 => Ok(LotKind::Point),
            _ => Err(Unreadable("a newer version wrote them")),
        }
    }

    /// Nothing may be left over.
    pub(crate) fn end(self) -> Reading<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Unreadable("there are too many")) }
    }
}
