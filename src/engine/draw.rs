//! The draw: which lots pay, soonest expiry first, and how much each (rules C1 to C3, Q4 and Q5); and the first part of
//! one, which is what a capture takes and a return leaves (rules H2 and R1).

use std::ops::ControlFlow;

use crate::account::Account;
use crate::engine::Rejection;
use crate::id::LotId;
use crate::journal::{Item, Items, LotKind, Strategy};
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::{Amount, Exchange, Points, Quantity, Scale};

/// What would be taken.
#[derive(Debug, Default)]
pub(crate) struct Draw {
    pub(crate) items: Items,
    /// What the items add up to, in money.
    pub(crate) total: Amount,
    /// At which rate points pay, if any do.
    pub(crate) exchange: Option<Exchange>,
}

/// Draws up to `wanted` from an account that is brought up to `at`, with one strategy after the other.
pub(crate) fn draw(
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
            Strategy::Rewards => {
                draw.rewards(account.lots(LotKind::Reward).map(|lot| (lot.id, lot.available(at))), left)
            }
            Strategy::Points => {
                let exchange = program.exchange().ok_or(Rejection::NoExchangeRate)?;
                let available = account.pot(LotKind::Point).available.as_points();
                let pays = exchange.pays(available, left);
                draw.points(
                    account.lots(LotKind::Point).map(|lot| (lot.id, lot.available(at))),
                    exchange,
                    pays,
                );
            }
        }
    }
    Ok(draw)
}

/// The first part of a draw, as if only so much had been wanted (rules H2 and R1): what each lot would have given.
pub(crate) fn first_part(items: &[Item], exchange: Option<Exchange>, wanted: Amount) -> Items {
    let mut draw = Draw::default();
    let mut rest = items;
    // Strategies were exhausted one after the other, so the items of one kind stand together.
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|item| item.kind() == first.kind()).count();
        let (group, after) = rest.split_at(run);
        rest = after;
        let left = wanted.minus(draw.total);
        let capacities = group.iter().map(|item| (item.lot, item.value()));
        match (first.kind(), exchange) {
            (LotKind::Reward, _) => draw.rewards(capacities, left),
            (LotKind::Point, Some(exchange)) => {
                let paid = group.iter().fold(Amount::ZERO, |sum, item| sum.plus(item.amount));
                draw.points(capacities, exchange, paid.min(left));
            }
            // Points never paid without a rate.
            (LotKind::Point, None) => {}
        }
    }
    draw.items
}

impl Draw {
    fn rewards(&mut self, lots: impl Iterator<Item = (LotId, Quantity)>, wanted: Amount) {
        let paid = each_lot(lots, wanted.into(), |lot, value| {
            self.items.push(Item { lot, amount: value.as_amount(), points: Points::ZERO });
        });
        self.total = self.total.plus(paid.as_amount());
    }

    /// Pays exactly so much, which the lots are known to cover.
    fn points(&mut self, lots: impl Iterator<Item = (LotId, Quantity)>, exchange: Exchange, pays: Amount) {
        if pays.is_zero() {
            return;
        }
        self.exchange = Some(exchange);
        let cost = exchange.cost(pays);
        let (mut used, mut shared) = (Points::ZERO, Amount::ZERO);
        each_lot(lots, cost.into(), |lot, value| {
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

/// Takes from each lot what it has, in the order of use, until there is enough. Answers what was taken.
#[inline]
fn each_lot(
    mut lots: impl Iterator<Item = (LotId, Quantity)>,
    wanted: Quantity,
    mut take: impl FnMut(LotId, Quantity),
) -> Quantity {
    let mut left = wanted;
    if left.is_zero() {
        return left;
    }
    // A `try_for_each` runs over the two halves of a deque one after the other; a `for` asks at each lot which it is in.
    let _ = lots.try_for_each(|(lot, has)| {
        let value = has.min(left);
        if !value.is_zero() {
            take(lot, value);
            left = left.minus(value);
        }
        if left.is_zero() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    wanted.minus(left)
}

/// What could be drawn at most, with these strategies: what a rejection says is available.
pub(crate) fn available(program: &Program, account: &Account, strategies: &[Strategy]) -> Amount {
    let totals = account.totals();
    strategies.iter().fold(Amount::ZERO, |sum, strategy| {
        let more = match strategy {
            Strategy::Rewards => totals.rewards.available.as_amount(),
            Strategy::Points => program.exchange().map_or(Amount::ZERO, |exchange| {
                exchange.pays(totals.points.available.as_points(), Amount::MAX_TOTAL)
            }),
        };
        sum.checked_add(more).unwrap_or(Amount::MAX_TOTAL)
    })
}

/// The largest multiple of the minor unit that is at most so many ten-thousandths.
pub(crate) fn round_down(raw: i128, scale: Scale) -> Amount {
    let step = i128::from(scale.step());
    let down = raw.checked_div(step).unwrap_or(0).saturating_mul(step);
    Amount::raw(i64::try_from(down).unwrap_or(i64::MAX)).min(Amount::MAX_TOTAL)
}
