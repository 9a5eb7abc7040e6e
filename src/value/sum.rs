//! Sums over many accounts.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Amount, Delta, Points, Quantity, decimal_text, digits};

/// A sum of money or of points over many accounts, which may be more than one account may hold.
///
/// Each of the two billion profiles that a ledger can have may hold the most that it may (rule Q3): the sum is still exact.
///
/// ```
/// use scrip::Amount;
/// use scrip::value::Sum;
///
/// let all: Sum = [Amount::MAX_TOTAL; 3].into_iter().sum();
/// assert_eq!(all.to_string(), "2700000000000000");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(i128);

impl Sum {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From ten-thousandths.
    pub(crate) const fn raw(ten_thousandths: i128) -> Self {
        Self(ten_thousandths)
    }

    /// In ten-thousandths.
    pub const fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// As an exact decimal, with no trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        // 2^31 profiles with less than 2^63 each are below the 2^96 of a decimal.
        Decimal::try_from_i128_with_scale(self.0, 4).unwrap_or(Decimal::MAX).normalize()
    }

    /// The sum of both.
    ///
    /// ```
    /// use scrip::Points;
    /// use scrip::value::Sum;
    ///
    /// assert_eq!(Sum::from(Points::from(3)).plus(Points::from(4).into()).to_string(), "7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This much in the proportion of one sum to another, rounded down to the ten-thousandth. Nothing, of nothing.
    pub(crate) fn times(self, of: Self, per: Self) -> Self {
        let (whole, rest) = match (self.0.checked_div_euclid(per.0), self.0.checked_rem_euclid(per.0)) {
            (Some(whole), Some(rest)) => (whole, rest),
            _ => return Self::ZERO,
        };
        let part = rest.checked_mul(of.0).and_then(|product| product.checked_div_euclid(per.0));
        let part = part.unwrap_or_else(|| long(rest, of.0.max(0), per.0));
        Self(whole.saturating_mul(of.0).saturating_add(part))
    }

    /// This much less another.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut decimal: Decimal = decimal_text::deserialize(deserializer)?;
        let exact = decimal;
        decimal.rescale(4);
        if decimal != exact || decimal.scale() != 4 {
            return Err(D::Error::custom(format_args!(
                "`{exact}` is not a sum: expected at most four decimals"
            )));
        }
        Ok(Self(decimal.mantissa()))
    }
}

/// The same where the product has more bits than there are: bit by bit, as on paper. `rest` is below `per`.
#[allow(clippy::arithmetic_side_effects)] // All is below three times `per`, which is below 2^125.
fn long(rest: i128, of: i128, per: i128) -> i128 {
    let (mut quotient, mut left) = (0, 0);
    for bit in (0..i128::BITS - of.leading_zeros()).rev() {
        left = 2 * left + if of >> bit & 1 == 1 { rest } else { 0 };
        quotient = 2 * quotient + left / per;
        left %= per;
    }
    quotient
}

macro_rules! from {
    ($($quantity:ident)*) => {$(
        impl From<$quantity> for Sum {
            fn from(one: $quantity) -> Self {
                Self(one.ten_thousandths().into())
            }
        }
    )*};
}

from! { Amount Delta Points Quantity }

impl<T: Into<Sum>> std::iter::Sum<T> for Sum {
    fn sum<I: Iterator<Item = T>>(all: I) -> Self {
        all.fold(Self::ZERO, |sum, one| sum.plus(one.into()))
    }
}

/// Writes the digits that are needed and no more; a precision pads with zeros and never rounds.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        digits::write(self.0, f)
    }
}

/// As a string of exact digits.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a large product that wraps; a proportion that is rounded up.
    #[test]
    fn a_proportion_is_exact_and_rounded_down_however_large_the_sums() {
        for (this, of, per, expected) in
            [(7, 3, 10, 2), (20, 3, 10, 6), (5, 0, 7, 0), (5, 7, 0, 0), (0, 9, 9, 0)]
        {
            assert_eq!(Sum(this).times(Sum(of), Sum(per)), Sum(expected), "{this} {of} {per}");
        }
        let large = 1 << 90;
        assert_eq!(Sum(large - 1).times(Sum(large - 3), Sum(large)), Sum(large - 4));
        assert_eq!(Sum(large - 1).times(Sum(large), Sum(large)), Sum(large - 1));
        for shift in 0..60 {
            let (this, of, per) = ((1 << shift) + 17, 123_456_789, 987_654_321);
            assert_eq!(long(this % per, of, per), (this % per) * of / per);
        }
    }
}
