//! Sums over many accounts.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::{Amount, Delta, Points, Quantity, digits};

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

    /// This much less another.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
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
