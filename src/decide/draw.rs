//! The draw: which lots pay, soonest expiry first, and how much each (rules C1 to C3, Q4 and Q5).

use crate::amount::Scale;
use crate::{
    Account, Amount, ExchangeRate, Item, Items, LotKind, Points, Program, Quantity, Rejection, Strategy,
    Timestamp,
};

/// What would be taken.
#[derive(Debug, Default)]
pub(super) struct Draw {
    pub(super) items: Items,
    /// What the items add up to, in money.
    pub(super) total: Amount,
}

/// Draws up to `wanted` from an account that is brought up to `at`, with one strategy after the other.
pub(super) fn draw(
    program: &Program,
    account: &Account,
    at: Timestamp,
    strategies: &[Strategy],
    wanted: Amount,
) -> Result<Draw, Rejection> {
    let mut draw = Draw::default();
    for strategy in strategies {
        let left = wanted.minus(draw.total);
        if left.is_zero() {
            break;
        }
        match strategy {
            Strategy::Rewards => draw.rewards(account, at, left),
            Strategy::Points => {
                let rate = program.settings().exchange_rate.ok_or(Rejection::NoExchangeRate)?;
                draw.points(account, at, Exchange { rate, program }, left);
            }
        }
    }
    Ok(draw)
}

impl Draw {
    fn rewards(&mut self, account: &Account, at: Timestamp, wanted: Amount) {
        let paid = each_lot(account, LotKind::Reward, at, wanted.into(), |lot, value| {
            self.items.push(Item { lot, amount: value.as_amount(), points: Points::ZERO });
        });
        self.total = self.total.plus(paid.as_amount());
    }

    fn points(&mut self, account: &Account, at: Timestamp, exchange: Exchange<'_>, wanted: Amount) {
        let available = account.totals().points.available.as_points();
        let pays = exchange.pays(available, wanted);
        if pays.is_zero() {
            return;
        }
        let cost = exchange.cost(pays);
        let (mut used, mut shared) = (Points::ZERO, Amount::ZERO);
        each_lot(account, LotKind::Point, at, cost.into(), |lot, value| {
            let points = value.as_points();
            used = used.plus(points);
            // Each lot's share is what the points so far are worth, less the shares before it; the last takes the
            // rest, so that the shares add up whatever the rounding.
            let upto = if used == cost { pays } else { exchange.pays(used, pays) };
            self.items.push(Item { lot, amount: upto.minus(shared), points });
            shared = upto;
        });
        self.total = self.total.plus(pays);
    }
}

/// Takes from each usable lot what it has, in the order of use, until there is enough. Answers what was taken.
fn each_lot(
    account: &Account,
    kind: LotKind,
    at: Timestamp,
    wanted: Quantity,
    mut take: impl FnMut(crate::LotId, Quantity),
) -> Quantity {
    let mut left = wanted;
    for lot in account.lots(kind) {
        if left.is_zero() {
            break;
        }
        let value = lot.available(at).min(left);
        if !value.is_zero() {
            take(lot.id, value);
            left = left.minus(value);
        }
    }
    wanted.minus(left)
}

/// Between money and points.
#[derive(Clone, Copy)]
struct Exchange<'a> {
    rate: ExchangeRate,
    program: &'a Program,
}

impl Exchange<'_> {
    /// What so many points pay of an amount, rounded down to the minor unit (rule Q4).
    fn pays(self, points: Points, wanted: Amount) -> Amount {
        let worth = self.rate.worth_raw(points, self.program.minor_unit());
        i64::try_from(worth).map_or(wanted, |worth| Amount::raw(worth).min(wanted))
    }

    /// The fewest points that pay an amount (rule Q5). Never more than the points whose worth it was taken from.
    fn cost(self, amount: Amount) -> Points {
        let cost = self.rate.cost_raw(amount, self.program.point_scale());
        i64::try_from(cost).map_or(Points::MAX_TOTAL, Points::raw)
    }
}

/// What could be drawn at most, with these strategies: what a rejection says is available.
pub(super) fn available(program: &Program, account: &Account, strategies: &[Strategy]) -> Amount {
    let totals = account.totals();
    strategies.iter().fold(Amount::ZERO, |sum, strategy| {
        let more = match strategy {
            Strategy::Rewards => totals.rewards.available.as_amount(),
            Strategy::Points => program.settings().exchange_rate.map_or(Amount::ZERO, |rate| {
                Exchange { rate, program }.pays(totals.points.available.as_points(), Amount::MAX_TOTAL)
            }),
        };
        sum.checked_add(more).unwrap_or(Amount::MAX_TOTAL)
    })
}

/// The largest multiple of the minor unit that is at most so many ten-thousandths.
pub(super) fn round_down(raw: i128, scale: Scale) -> Amount {
    let step = i128::from(scale.step());
    let down = raw.checked_div(step).unwrap_or(0).saturating_mul(step);
    Amount::raw(i64::try_from(down).unwrap_or(i64::MAX)).min(Amount::MAX_TOTAL)
}
