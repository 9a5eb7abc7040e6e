//! Deferred revenue: when a sale that came with rewards or points is recognised in full (IFRS 15, ASC 606).

use serde::Serialize;

use crate::value::{Amount, Sum};

/// The part of sales that is allotted to rewards or points, and recognised as these are used.
///
/// What is recognised by the end of a period is the allotted amount in the proportion of what was used so far to what is
/// expected to be used in all, rounded down to the currency's minor unit; a period recognises what that grew by. So a changed
/// expectation is caught up in the period in which it changes, and all is recognised once as much is used as was expected.
///
/// ```
/// use scrip::report::Deferral;
/// use scrip::{Amount, Points};
///
/// // 9 000 are allotted; 4 500 points of 9 700 expected are used in the first year.
/// let mut deferral = Deferral::new(Amount::from(9_000), 0);
/// let first = deferral.close(Points::from(4_500).into(), Points::from(9_700).into());
/// assert_eq!(first.recognised, Amount::from(4_175).into());
/// assert_eq!(first.deferred, Amount::from(4_825).into());
///
/// // By the end of the second, 8 500 are used, and 9 900 are expected.
/// let second = deferral.close(Points::from(8_500).into(), Points::from(9_900).into());
/// assert_eq!(second.recognised, Amount::from(3_552).into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    allotted: Sum,
    /// The smallest unit of the currency, in ten-thousandths.
    unit: i128,
    recognised: Sum,
}

/// What a period recognises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Recognised {
    /// Used since the beginning.
    pub used: Sum,
    /// Expected to be used in all.
    pub expected: Sum,
    /// Recognised in this period. Below zero if the expectation rose by more than was used.
    pub recognised: Sum,
    /// Recognised since the beginning.
    pub recognised_in_all: Sum,
    /// Still deferred at the period's end.
    pub deferred: Sum,
}

impl Deferral {
    /// An allotted amount of which nothing is recognised yet, in a currency with this number of decimals (four at most).
    pub fn new(allotted: Amount, decimals: u8) -> Self {
        let unit = 10_i128.saturating_pow(4_u32.saturating_sub(decimals.into()));
        Self { allotted: allotted.into(), unit, recognised: Sum::ZERO }
    }

    /// Closes a period, by whose end so much was used, net of returns, and so much is expected to be used in all.
    ///
    /// An expectation below what was used already counts as that: all is recognised.
    pub fn close(&mut self, used: Sum, expected: Sum) -> Recognised {
        let used = used.max(Sum::ZERO);
        let in_all = if used == Sum::ZERO {
            Sum::ZERO
        } else {
            let exact = self.allotted.times(used, expected.max(used)).ten_thousandths();
            Sum::raw(exact.saturating_sub(exact.checked_rem_euclid(self.unit).unwrap_or(0)))
        };
        let recognised = in_all.minus(self.recognised);
        self.recognised = in_all;
        Recognised {
            used,
            expected,
            recognised,
            recognised_in_all: in_all,
            deferred: self.allotted.minus(in_all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Points;

    fn sum(points: u32) -> Sum {
        Points::from(points).into()
    }

    /// Catches: what a period recognises taken from its own use, with no catch-up.
    #[test]
    fn a_changed_expectation_is_caught_up_in_its_period() {
        for (expected, second) in [(9_900, 3_552), (9_200, 4_140)] {
            let mut deferral = Deferral::new(Amount::from(9_000), 0);
            assert_eq!(deferral.close(sum(4_500), sum(9_700)).recognised, sum(4_175));
            let closed = deferral.close(sum(8_500), sum(expected));
            assert_eq!(closed.recognised, sum(second));
            assert_eq!(closed.deferred, sum(9_000 - 4_175 - second));
        }
        let mut deferral = Deferral::new("9000".parse().unwrap(), 2);
        assert_eq!(deferral.close(sum(4_500), sum(9_700)).recognised.to_string(), "4175.25");
    }

    #[test]
    fn all_is_recognised_once_as_much_is_used_as_expected_and_nothing_before_use() {
        let mut deferral = Deferral::new(Amount::from(9_000), 2);
        assert_eq!(deferral.close(Sum::ZERO, Sum::ZERO).recognised, Sum::ZERO);
        assert_eq!(deferral.close(sum(100), sum(100)).recognised, sum(9_000));
        // More is used than was thought possible: no more is recognised than was allotted.
        assert_eq!(deferral.close(sum(300), sum(200)).recognised, Sum::ZERO);
        // The expectation rises: a part goes back.
        assert_eq!(deferral.close(sum(300), sum(600)).recognised.to_string(), "-4500");
    }
}
