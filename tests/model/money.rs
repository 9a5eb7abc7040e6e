//! Exact quantities in whole ten-thousandths, and what points are worth (rules Q1 to Q5).

use scrip::journal::LotKind;
use scrip::program::ProgramSettings;

use super::profile::{Item, total};

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

/// What a redemption would have taken if it had been of so much less (rules R1 and H2): of its items in their order,
/// points by the rate that it paid at.
pub(crate) fn first_part(items: &[Item], exchange: Option<&Exchange>, amount: Raw) -> Vec<Item> {
    let mut part: Vec<Item> = Vec::new();
    for kind in items.first().map_or(vec![], |first| vec![first.kind(), other(first.kind())]) {
        let of_kind: Vec<Item> = items.iter().filter(|item| item.kind() == kind).copied().collect();
        let paid = (amount - total(&part)).min(total(&of_kind));
        match (kind, exchange) {
            (LotKind::Point, Some(exchange)) => {
                let lots: Vec<_> = of_kind.iter().map(|item| (item.lot, item.points)).collect();
                part.extend(exchange.shares(&lots, paid));
            }
            _ => {
                let mut due = paid;
                for item in of_kind {
                    let amount = due.min(item.amount);
                    due -= amount;
                    part.push(Item { amount, ..item });
                }
            }
        }
    }
    part.retain(|item| item.amount > 0 || item.points > 0);
    part
}

fn other(kind: LotKind) -> LotKind {
    match kind {
        LotKind::Reward => LotKind::Point,
        LotKind::Point | LotKind::Status => LotKind::Reward,
    }
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

    /// So much money paid with the fewest points, lot after lot, shared out so that the shares add up (rule Q5).
    pub(crate) fn shares(&self, lots: &[(usize, Raw)], paid: Raw) -> Vec<Item> {
        let needed = self.cost(paid);
        let mut items: Vec<Item> = Vec::new();
        for (lot, there) in lots {
            let used: Raw = items.iter().map(|item| item.points).sum();
            let points = (*there).min(needed - used);
            if points > 0 {
                let is_last = used + points == needed;
                let amount = if is_last { paid } else { self.worth(used + points) } - total(&items);
                items.push(Item { lot: *lot, amount, points });
            }
        }
        items
    }

    /// The smallest number of points.
    pub(crate) fn point_unit(&self) -> Raw {
        self.point_unit
    }
}
