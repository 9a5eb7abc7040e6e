//! Decimal digits to ten-thousandths and back, with nothing lost on the way.

use std::fmt;

use rust_decimal::Decimal;

use crate::value::{AmountError, MAX_TOTAL, ONE};

/// How many decimals a currency or a program allows: 0 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale(u8);

impl Scale {
    /// Four decimals: ten-thousandths.
    pub(crate) const FINEST: Self = Self(4);

    pub(crate) const fn new(decimals: u8) -> Option<Self> {
        if decimals <= 4 { Some(Self(decimals)) } else { None }
    }

    pub(crate) const fn decimals(self) -> u8 {
        self.0
    }

    /// The smallest quantity at this scale, in ten-thousandths.
    pub(crate) const fn step(self) -> i64 {
        match self.0 {
            0 => 10_000,
            1 => 1_000,
            2 => 100,
            3 => 10,
            _ => 1,
        }
    }

    pub(crate) const fn fits(self, raw: i64) -> bool {
        // A remainder by a constant divisor: a handful of cycles where `%` by a variable takes dozens.
        match self.0 {
            0 => raw % 10_000 == 0,
            1 => raw % 1_000 == 0,
            2 => raw % 100 == 0,
            3 => raw % 10 == 0,
            _ => true,
        }
    }
}

pub(super) const fn decimals(raw: i64) -> u8 {
    match raw {
        _ if raw % 10_000 == 0 => 0,
        _ if raw % 1_000 == 0 => 1,
        _ if raw % 100 == 0 => 2,
        _ if raw % 10 == 0 => 3,
        _ => 4,
    }
}

/// Reads a JSON-style decimal (`10`, `10.50`, `1e2`), exactly or not at all.
///
/// Each digit that is not zero is weighed by its place, so that neither a long run of zeros nor a large exponent
/// can lose a digit or cost more than one step per character.
pub(super) fn parse(text: &str) -> Result<i64, AmountError> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return Err(AmountError::NotANumber);
    }
    let length = i64::try_from(whole.len()).ok();
    let mut place = length.and_then(|length| length.checked_add(exponent)).ok_or(AmountError::TooLarge)?;
    // `None`: more than any amount.
    let mut sum = Some(0_i64);
    for character in whole.chars().chain(fraction.chars()) {
        let digit = character.to_digit(10).ok_or(AmountError::NotANumber)?;
        place = place.checked_sub(1).ok_or(AmountError::TooManyDecimals)?;
        if digit != 0 {
            let more = weigh(digit.into(), place)?;
            sum = sum.and_then(|sum| sum.checked_add(more));
        }
    }
    match sum {
        Some(0) => Ok(0),
        _ if negative => Err(AmountError::Negative),
        Some(sum @ 1..=MAX_TOTAL) => Ok(sum),
        _ => Err(AmountError::TooLarge),
    }
}

/// `digit × 10^place` in ten-thousandths.
fn weigh(digit: i64, place: i64) -> Result<i64, AmountError> {
    let weight = match place {
        ..-4 => return Err(AmountError::TooManyDecimals),
        -4 => Some(1),
        -3 => Some(10),
        -2 => Some(100),
        -1 => Some(1_000),
        _ => u32::try_from(place).ok().and_then(|power| ONE.checked_mul(10_i64.checked_pow(power)?)),
    };
    weight.and_then(|weight| weight.checked_mul(digit)).ok_or(AmountError::TooLarge)
}

fn exponent_of(text: &str) -> Result<i64, AmountError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    // Past this no literal of a sane length has a digit in range: the place decides, whatever the exact value.
    const FAR: i64 = 1_000_000_000;
    let beyond = if text.starts_with('-') { -FAR } else { FAR };
    Ok(text.parse().unwrap_or(beyond).clamp(-FAR, FAR))
}

pub(super) fn from_decimal(value: Decimal) -> Result<i64, AmountError> {
    let value = value.normalize();
    if value.is_zero() {
        return Ok(0);
    }
    if value.is_sign_negative() {
        return Err(AmountError::Negative);
    }
    let missing = 4_u32.checked_sub(value.scale()).ok_or(AmountError::TooManyDecimals)?;
    10_i128
        .checked_pow(missing)
        .and_then(|power| value.mantissa().checked_mul(power))
        .and_then(|raw| i64::try_from(raw).ok())
        .filter(|raw| *raw <= MAX_TOTAL)
        .ok_or(AmountError::TooLarge)
}

/// Writes ten-thousandths as a decimal. A precision pads with zeros; digits are never dropped.
pub(super) fn write(raw: impl Into<i128>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let raw = raw.into();
    let magnitude = raw.unsigned_abs();
    // Nearly all are small, and those are quickly divided.
    let (mut text, fraction) = match u64::try_from(magnitude) {
        Ok(small) => ((small / 10_000).to_string(), small % 10_000),
        Err(_) => ((magnitude / 10_000).to_string(), u64::try_from(magnitude % 10_000).unwrap_or(0)),
    };
    let shown = usize::from(decimals(fraction.cast_signed())).max(f.precision().unwrap_or(0));
    if shown > 0 {
        let mut fraction = format!("{fraction:04}");
        while fraction.len() < shown {
            fraction.push('0');
        }
        fraction.truncate(shown);
        text.push('.');
        text.push_str(&fraction);
    }
    f.pad_integral(raw >= 0, "", &text)
}
