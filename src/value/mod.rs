//! Exact quantities: money and points.
//!
//! Both are held as whole ten-thousandths in an `i64` and shown as [`rust_decimal::Decimal`]. A value of either
//! type is never negative, never has more than four decimals and never exceeds nine hundred trillion, so that
//! what exists is valid (rules Q1 to Q4). How many decimals a *currency* or a *program* allows is narrower, and
//! is checked where the program is known: when a request is decided.

pub mod decimal_text;
mod digits;
mod exchange;
mod rate;
mod sum;
mod wire;
mod worth;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use thiserror::Error;

pub(crate) use digits::Scale;
pub use exchange::Exchange;
pub use rate::{ExchangeRate, RateError};
pub(crate) use rate::{Rounding, proportion};
pub use sum::Sum;
pub(crate) use wire::present;
pub use worth::Worth;

/// Ten-thousandths in one unit of a currency, or in one point.
pub(crate) const ONE: i64 = 10_000;
/// The largest total that an account may hold, in ten-thousandths (rule Q3).
const MAX_TOTAL: i64 = 900_000_000_000_000 * ONE;
/// The largest amount that one request may name, in ten-thousandths (rule Q3).
const MAX_SINGLE: i64 = 1_000_000_000_000 * ONE;

/// Why a text or a number is not an amount of money or of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("is not a decimal number (rule Q2)")]
    NotANumber,
    /// Below zero.
    #[error("is negative (rule Q6)")]
    Negative,
    /// More than four decimals that are not zero.
    #[error("has more than four decimals, and amounts are never rounded (rule Q1)")]
    TooManyDecimals,
    /// Above what an account may hold.
    #[error("is above 900000000000000, the most that an account may hold (rule Q3)")]
    TooLarge,
    /// A binary floating-point number, which cannot say which decimal was meant.
    #[error("arrived as a binary float; send a string, or read the JSON text directly (rule Q2)")]
    BinaryFloat,
}

impl AmountError {
    /// A stable code for programs to act on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::Negative => "negative",
            Self::TooManyDecimals => "too_many_decimals",
            Self::TooLarge => "amount_too_large",
            Self::BinaryFloat => "binary_float",
        }
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The most that one request may name: 10<sup>12</sup> (rule Q3).
            pub const MAX_SINGLE: Self = Self(MAX_SINGLE);
            /// The most that an account may hold: 9 × 10<sup>14</sup> (rule Q3).
            pub const MAX_TOTAL: Self = Self(MAX_TOTAL);

            /// From whole ten-thousandths, which is how the ledger holds it.
            ///
            /// ```
            #[doc = concat!("use scrip::value::", stringify!($name), ";")]
            ///
            #[doc = concat!("let value = ", stringify!($name), "::from_ten_thousandths(75_000)?;")]
            /// assert_eq!(value.to_string(), "7.5");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// Below zero, or above [`Self::MAX_TOTAL`].
            pub const fn from_ten_thousandths(raw: i64) -> Result<Self, AmountError> {
                match raw {
                    ..0 => Err(AmountError::Negative),
                    0..=MAX_TOTAL => Ok(Self(raw)),
                    _ => Err(AmountError::TooLarge),
                }
            }

            #[doc = concat!("In ten-thousandths of one ", $unit, ".")]
            pub const fn ten_thousandths(self) -> i64 {
                self.0
            }

            /// As an exact decimal, with no trailing zeros.
            pub fn to_decimal(self) -> Decimal {
                Decimal::new(self.0, 4).normalize()
            }

            /// The sum, or `None` above [`Self::MAX_TOTAL`].
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) if sum <= MAX_TOTAL => Some(Self(sum)),
                    _ => None,
                }
            }

            /// The difference, or `None` below zero.
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(rest) if rest >= 0 => Some(Self(rest)),
                    _ => None,
                }
            }

            /// The sum.
            ///
            /// # Errors
            /// It is above [`Self::MAX_TOTAL`].
            pub const fn try_add(self, other: Self) -> Result<Self, AmountError> {
                match self.checked_add(other) {
                    Some(sum) => Ok(sum),
                    None => Err(AmountError::TooLarge),
                }
            }

            /// The difference.
            ///
            /// ```
            #[doc = concat!("use scrip::value::", stringify!($name), ";")]
            ///
            #[doc = concat!("let [two, three] = [2, 3].map(", stringify!($name), "::from);")]
            #[doc = concat!("assert_eq!(three.try_sub(two)?, ", stringify!($name), "::from(1));")]
            /// assert_eq!(two.try_sub(three).unwrap_err().code(), "negative");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// It is below zero.
            pub const fn try_sub(self, other: Self) -> Result<Self, AmountError> {
                match self.checked_sub(other) {
                    Some(rest) => Ok(rest),
                    None => Err(AmountError::Negative),
                }
            }

            /// The sum of all of them.
            ///
            /// ```
            #[doc = concat!("use scrip::value::", stringify!($name), ";")]
            ///
            #[doc = concat!("let each = [1, 2, 3].map(", stringify!($name), "::from);")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::try_sum(each)?, ", stringify!($name), "::from(6));")]
            /// # Ok::<(), scrip::value::AmountError>(())
            /// ```
            ///
            /// # Errors
            /// It is above [`Self::MAX_TOTAL`].
            pub fn try_sum(all: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
                all.into_iter().try_fold(Self::ZERO, Self::try_add)
            }

            /// Whether it is zero.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// For `skip_serializing_if`, which passes a reference.
            #[allow(dead_code)]
            pub(crate) const fn is_nothing(&self) -> bool {
                self.0 == 0
            }

            /// How many decimals are needed to write it: 0 to 4.
            pub const fn decimals(self) -> u8 {
                digits::decimals(self.0)
            }

            #[allow(dead_code)] // Not every quantity needs every helper.
            pub(crate) const fn raw(raw: i64) -> Self {
                Self(raw)
            }

            /// The sum of two quantities of one account. Its total was checked when the entry was decided (rule
            /// Q3), so this cannot wrap; on stored data that was tampered with the balances will not match.
            pub(crate) const fn plus(self, other: Self) -> Self {
                Self(self.0.wrapping_add(other.0))
            }

            /// What is left of a quantity that is known to cover `other`; see [`Self::plus`].
            #[allow(dead_code)]
            pub(crate) const fn minus(self, other: Self) -> Self {
                Self(self.0.wrapping_sub(other.0))
            }
        }

        impl FromStr for $name {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                digits::parse(text).map(Self)
            }
        }

        impl TryFrom<Decimal> for $name {
            type Error = AmountError;

            fn try_from(value: Decimal) -> Result<Self, AmountError> {
                digits::from_decimal(value).map(Self)
            }
        }

        impl From<$name> for Decimal {
            fn from(value: $name) -> Decimal {
                value.to_decimal()
            }
        }

        impl From<u32> for $name {
            #[doc = concat!("A number of whole units: `", stringify!($name), "::from(10)` is ten.")]
            fn from(whole: u32) -> Self {
                Self(i64::from(whole).wrapping_mul(ONE))
            }
        }

        /// Writes the digits that are needed and no more; a precision pads with zeros and never rounds.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                digits::write(self.0, f)
            }
        }

        wire::serde_as_exact_number!($name);
    };
}

quantity! {
    /// An exact, non-negative amount of the ledger's one currency.
    ///
    /// It says nothing of which currency that is: a ledger has one, in its [`Program`](crate::Program).
    ///
    /// ```
    /// use scrip::Amount;
    ///
    /// let total: Amount = "89.95".parse()?;
    /// assert_eq!(total.checked_add(Amount::from(10)), Some("99.95".parse()?));
    /// assert_eq!(format!("{} or {:.2}", Amount::from(10), Amount::from(10)), "10 or 10.00");
    /// // Exactly, or not at all.
    /// assert!("0.00001".parse::<Amount>().is_err());
    /// assert!("-5".parse::<Amount>().is_err());
    /// # Ok::<(), scrip::value::AmountError>(())
    /// ```
    Amount, "currency unit"
}

quantity! {
    /// An exact, non-negative number of points.
    ///
    /// What they are worth in money is the program's [`ExchangeRate`] (rule Q4).
    ///
    /// ```
    /// use scrip::Points;
    ///
    /// let points: Points = "12.50".parse()?;
    /// assert_eq!(points.to_string(), "12.5");
    /// # Ok::<(), scrip::value::AmountError>(())
    /// ```
    Points, "point"
}

quantity! {
    /// How much a lot holds, in whatever it is a lot of: money for a reward, points for a point lot.
    ///
    /// What stands beside it says which; see [`LotKind`](crate::journal::LotKind).
    Quantity, "currency unit or point"
}

/// A change of a quantity, up or down.
///
/// ```
/// use scrip::value::Delta;
///
/// let down: Delta = "-2.50".parse()?;
/// assert_eq!(down.ten_thousandths(), -25_000);
/// assert_eq!(down.to_string(), "-2.5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delta(i64);

impl Delta {
    /// No change.
    pub const ZERO: Self = Self(0);

    pub(crate) const fn up(self, value: Quantity) -> Self {
        Self(self.0.wrapping_add(value.0))
    }

    pub(crate) const fn down(self, value: Quantity) -> Self {
        Self(self.0.wrapping_sub(value.0))
    }

    /// In ten-thousandths; negative for down.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// As an exact decimal, with no trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, 4).normalize()
    }
}

impl From<Quantity> for Delta {
    fn from(up: Quantity) -> Self {
        Self(up.0)
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        digits::write(self.0, f)
    }
}

impl FromStr for Delta {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        match text.strip_prefix('-') {
            Some(rest) => digits::parse(rest).map(|down| Self(down.wrapping_neg())),
            None => digits::parse(text).map(Self),
        }
    }
}

impl Delta {
    fn from_ten_thousandths(raw: i64) -> Result<Self, AmountError> {
        if raw.unsigned_abs() <= MAX_TOTAL.unsigned_abs() {
            Ok(Self(raw))
        } else {
            Err(AmountError::TooLarge)
        }
    }
}

wire::serde_as_exact_number!(Delta);

impl Quantity {
    /// Read as money.
    ///
    /// ```
    /// use scrip::Amount;
    /// use scrip::value::Quantity;
    ///
    /// assert_eq!(Quantity::from(Amount::from(10)).as_amount(), Amount::from(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn as_amount(self) -> Amount {
        Amount(self.0)
    }

    /// Read as points.
    pub const fn as_points(self) -> Points {
        Points(self.0)
    }
}

impl From<Quantity> for Amount {
    /// Reads it as money; the caller knows that it is.
    fn from(quantity: Quantity) -> Self {
        quantity.as_amount()
    }
}

impl From<Quantity> for Points {
    /// Reads it as points; the caller knows that it is.
    fn from(quantity: Quantity) -> Self {
        quantity.as_points()
    }
}

impl From<Amount> for Quantity {
    fn from(amount: Amount) -> Self {
        Self(amount.0)
    }
}

impl From<Points> for Quantity {
    fn from(points: Points) -> Self {
        Self(points.0)
    }
}

#[cfg(test)]
mod tests;
