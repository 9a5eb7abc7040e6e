//! Between money and points, at one rate and at the scales of one program (rules Q4 and Q5).

use serde::{Deserialize, Serialize};

use crate::value::{Amount, ExchangeRate, Points, Scale};

/// At which rate, and to which decimals, money and points are exchanged.
///
/// A redemption that points paid keeps it: what is given back later goes by the same (rule R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What points are worth.
    pub rate: ExchangeRate,
    /// The decimals of the currency.
    pub minor_unit: u8,
    /// The decimals of points.
    pub point_scale: u8,
}

impl Exchange {
    /// The part of an amount that a number of points pays, rounded down to the minor unit (rule Q4).
    pub(crate) fn pays(self, points: Points, wanted: Amount) -> Amount {
        let worth = self.rate.worth(points, scale(self.minor_unit)).ten_thousandths();
        i64::try_from(worth).map_or(wanted, |worth| Amount::raw(worth).min(wanted))
    }

    /// The fewest points that pay an amount (rule Q5). Never more than points whose worth covers it.
    pub(crate) fn cost(self, amount: Amount) -> Points {
        let cost = self.rate.cost_raw(amount, scale(self.point_scale));
        i64::try_from(cost).map_or(Points::MAX_TOTAL, Points::raw)
    }
}

// Above four there are no decimals to count.
fn scale(decimals: u8) -> Scale {
    Scale::new(decimals).unwrap_or(Scale::FINEST)
}
