//! Exact quantities in whole ten-thousandths, and what points are worth (rules Q1 to Q5).

use scrip::ProgramSettings;

/// Whole ten-thousandths of a currency unit or of a point.
pub(crate) type Raw = i128;

/// The largest single amount (rule Q3).
pub(crate) const MAX_SINGLE: Raw = 1_000_000_000_000 * 10_000;
/// The largest total of an account (rule Q3).
pub(crate) const MAX_TOTAL: Raw = 900_000_000_000_000 * 10_000;

/// The smallest quantity with so many decimals.
pub(crate) fn smallest(decimals: u8) -> Raw {
    10_i128.pow(4 - u32::from(decimals))
}

/// The largest whole number of `units` that is no more than `numerator / denominator`.
fn whole_units_below(numerator: Raw, denominator: Raw, unit: Raw) -> Raw {
    numerator / (denominator * unit) * unit
}

/// A share of a basket, rounded down to the minor unit (rule C6). The fraction is in ten-thousandths.
pub(crate) fn share_of(basket: Raw, fraction: Raw, minor_unit: Raw) -> Raw {
    whole_units_below(basket * fraction, 10_000, minor_unit)
}

/// What points are worth, and what money costs in points.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    points: Raw,
    amount: Raw,
    minor_unit: Raw,
    point_unit: Raw,
}

impl Exchange {
    /// The program's, if it lets points pay.
    pub(crate) fn of(program: &ProgramSettings) -> Option<Self> {
        program.exchange_rate.map(|rate| Self {
            points: rate.points().ten_thousandths().into(),
            amount: rate.amount().ten_thousandths().into(),
            minor_unit: smallest(program.currency.minor_unit()),
            point_unit: smallest(program.point_scale),
        })
    }

    /// Rounded down to the minor unit (rule Q4).
    pub(crate) fn worth(&self, points: Raw) -> Raw {
        whole_units_below(points * self.amount, self.points, self.minor_unit)
    }

    /// The fewest points, at the point scale, whose worth is at least so much (rule Q5): found by halving.
    pub(crate) fn cost(&self, money: Raw) -> Raw {
        let is_enough = |units: Raw| self.worth(units * self.point_unit) >= money;
        let (mut too_few, mut enough) = (-1, 1);
        while !is_enough(enough) {
            enough *= 2;
        }
        while enough - too_few > 1 {
            let middle = (too_few + enough) / 2;
            if is_enough(middle) { enough = middle } else { too_few = middle }
        }
        enough * self.point_unit
    }

    /// The smallest number of points.
    pub(crate) fn point_unit(&self) -> Raw {
        self.point_unit
    }
}
