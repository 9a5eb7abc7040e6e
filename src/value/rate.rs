//! What points are worth.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::value::{Amount, Points, Scale, Sum, Worth};

/// What points are worth, as a ratio: "150 points = $1" is held as those two numbers, not as a rounded decimal
/// (rule Q4).
///
/// ```
/// use scrip::value::ExchangeRate;
/// use scrip::{Amount, Points};
///
/// let rate = ExchangeRate::new(Points::from(150), Amount::from(1))?;
/// assert_eq!(rate.to_string(), "150 points = 1");
/// # Ok::<(), scrip::value::RateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ratio", into = "Ratio")]
pub struct ExchangeRate {
    points: Points,
    amount: Amount,
}

/// Why two numbers are not an exchange rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RateError {
    /// One of the two sides is zero.
    #[error("an exchange rate needs points and an amount above zero (rule Q4)")]
    Zero,
    /// One side is above the limit of a single amount, or one point would be worth more than a million.
    #[error(
        "an exchange rate has at most 1000000000000 on either side, and a point is worth at most 1000000 (rule Q3)"
    )]
    TooLarge,
}

/// The most that one point may be worth, so that the worth of no balance leaves 128 bits, or a `Decimal`.
const MAX_WORTH: u64 = 1_000_000;

impl ExchangeRate {
    /// A rate at which a number of points is worth an amount of money.
    ///
    /// # Errors
    /// Either side is zero or above [`Amount::MAX_SINGLE`], or a point would be worth more than a million.
    pub fn new(points: Points, amount: Amount) -> Result<Self, RateError> {
        if points.is_zero() || amount.is_zero() {
            return Err(RateError::Zero);
        }
        let fewest = amount.ten_thousandths().unsigned_abs().div_ceil(MAX_WORTH);
        if points > Points::MAX_SINGLE
            || amount > Amount::MAX_SINGLE
            || points.ten_thousandths().unsigned_abs() < fewest
        {
            return Err(RateError::TooLarge);
        }
        Ok(Self { points, amount })
    }

    /// The points' side of the ratio.
    pub const fn points(self) -> Points {
        self.points
    }

    /// The money's side of the ratio.
    pub const fn amount(self) -> Amount {
        self.amount
    }

    /// What the points of many accounts are worth together, rounded down once.
    ///
    /// The products stay below 10<sup>37</sup>: what is divided first is whole, and its rest is below 10<sup>20</sup>.
    #[allow(clippy::arithmetic_side_effects)]
    pub(crate) fn worth_of(self, points: Sum, minor: Scale) -> Sum {
        let (amount, step) = (i128::from(self.amount.ten_thousandths()), i128::from(minor.step()));
        let per = (i128::from(self.points.ten_thousandths()) * step).max(1);
        let (whole, rest) =
            (points.ten_thousandths().div_euclid(per), points.ten_thousandths().rem_euclid(per));
        Sum::raw(
            whole.saturating_mul(amount).saturating_add((rest * amount).div_euclid(per)).saturating_mul(step),
        )
    }

    /// What points are worth, rounded down to the currency's minor unit (rule Q4).
    pub(crate) fn worth(self, points: Points, minor: Scale) -> Worth {
        let (amount, per) = (self.amount.ten_thousandths(), self.points.ten_thousandths());
        Worth::raw(proportion(points.ten_thousandths(), amount, per, minor, Rounding::Down))
    }

    /// The fewest points, at the point scale, that are worth at least so much money (rule Q5), in
    /// ten-thousandths.
    pub(crate) fn cost_raw(self, amount: Amount, scale: Scale) -> i128 {
        let (points, per) = (self.points.ten_thousandths(), self.amount.ten_thousandths());
        proportion(amount.ten_thousandths(), points, per, scale, Rounding::Up)
    }
}

/// Which whole step is meant, of the two around a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    Up,
}

/// `of × times ÷ per` in whole steps of a scale; nothing where that divides by zero.
///
/// The product of two numbers of 64 bits, and of one with a step, is far inside 128 bits, so nothing overflows.
#[allow(clippy::arithmetic_side_effects)]
#[inline]
pub(crate) fn proportion(of: i64, times: i64, per: i64, scale: Scale, rounding: Rounding) -> i128 {
    let step = i128::from(scale.step());
    let (exact, per_step) = (i128::from(of) * i128::from(times), i128::from(per) * step);
    let exact = if rounding == Rounding::Up { exact + per_step - 1 } else { exact };
    exact.checked_div(per_step).unwrap_or(0) * step
}

impl std::fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} points = {}", self.points, self.amount)
    }
}

#[derive(Serialize, Deserialize)]
struct Ratio {
    points: Points,
    amount: Amount,
}

impl TryFrom<Ratio> for ExchangeRate {
    type Error = RateError;

    fn try_from(ratio: Ratio) -> Result<Self, RateError> {
        Self::new(ratio.points, ratio.amount)
    }
}

impl From<ExchangeRate> for Ratio {
    fn from(rate: ExchangeRate) -> Self {
        Self { points: rate.points, amount: rate.amount }
    }
}
