//! What points are worth in money.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use super::{Amount, AmountError, decimal_text, digits};

/// What value is worth in money: an amount at its face, points at the exchange rate, rounded down (rule Q4).
///
/// It is for showing and comparing. It may be more than any [`Amount`], as points may be worth more than a profile may
/// hold in money.
///
/// ```
/// use scrip::value::{ExchangeRate, Worth};
/// use scrip::{Amount, Points, Program};
///
/// let rate = ExchangeRate::new(Points::from(100), Amount::from(10))?;
/// let program: Program = Program::new("AUD", "Australia/Melbourne")?.settings().clone().with_exchange_rate(rate).try_into()?;
/// let worth: Worth = program.worth(Points::from(75));
/// assert_eq!(worth, "7.50".parse::<Amount>()?);
/// assert_eq!(worth.plus(Amount::from(10)).to_string(), "17.5");
/// assert_eq!(Amount::try_from(worth)?, "7.50".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worth(i128);

impl Worth {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    pub(crate) const fn raw(raw: i128) -> Self {
        Self(raw)
    }

    /// In ten-thousandths.
    pub const fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// As an exact decimal, with no trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        // A worth is at most 10^21 and an amount at most 10^15, and a decimal holds 10^24 with four decimals.
        Decimal::try_from_i128_with_scale(self.0, 4).unwrap_or(Decimal::MAX).normalize()
    }

    /// With an amount at its face.
    #[must_use]
    pub fn plus(self, amount: Amount) -> Self {
        Self(self.0.saturating_add(amount.ten_thousandths().into()))
    }
}

impl From<Amount> for Worth {
    fn from(amount: Amount) -> Self {
        Self(amount.ten_thousandths().into())
    }
}

impl TryFrom<Worth> for Amount {
    type Error = AmountError;

    /// The amount that it is worth.
    fn try_from(worth: Worth) -> Result<Self, AmountError> {
        i64::try_from(worth.0).map_err(|_| AmountError::TooLarge).and_then(Self::from_ten_thousandths)
    }
}

impl PartialEq<Amount> for Worth {
    fn eq(&self, amount: &Amount) -> bool {
        *self == Self::from(*amount)
    }
}

/// Writes the digits that are needed and no more; a precision pads with zeros and never rounds.
impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        digits::write(self.0, f)
    }
}

/// As a string of exact digits.
impl Serialize for Worth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Worth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut decimal: Decimal = decimal_text::deserialize(deserializer)?;
        let exact = decimal;
        decimal.rescale(4);
        if decimal != exact || decimal.scale() != 4 || decimal.is_sign_negative() {
            return Err(D::Error::custom(format_args!(
                "`{exact}` is not a worth: expected zero or more, with at most four decimals"
            )));
        }
        Ok(Self(decimal.mantissa()))
    }
}
