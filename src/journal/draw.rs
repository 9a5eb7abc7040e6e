//! The draw of a redemption or a hold, lot by lot (rules C1 and Q5); and the first part of a draw, which is what a
//! capture takes and a return leaves (rules H2 and R1).

use std::ops::ControlFlow;

use crate::id::LotId;
use crate::journal::{Item, Items, LotKind, RedeemDetails};
use crate::value::{Amount, Exchange, Points, Quantity};

/// A draw that was not carried out yet.
#[derive(Debug, Default)]
pub(crate) struct Draw {
    pub(crate) items: Items,
    /// The sum of the items, in money.
    pub(crate) total: Amount,
    /// The rate at which points pay, if any do, and the lines that each item pays, if the request says what is bought.
    pub(crate) details: Option<Box<RedeemDetails>>,
}

/// The first part of a draw: the share of each lot if only this amount had been requested (rules H2 and R1).
pub(crate) fn first_part(items: &[Item], exchange: Option<Exchange>, wanted: Amount) -> Items {
    let mut draw = Draw::default();
    let mut rest = items;
    // Strategies were exhausted one after the other, so the items of one kind are adjacent.
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
            // Points never pay without a rate, and some never pay.
            (LotKind::Point, None) | (LotKind::Status, _) => {}
        }
    }
    draw.items
}

impl Draw {
    /// Adds an item.
    pub(crate) fn add(&mut self, item: Item) {
        self.items.push(item);
        self.total = self.total.plus(item.amount);
    }

    /// Pays up to an amount from rewards.
    pub(crate) fn rewards(&mut self, lots: impl Iterator<Item = (LotId, Quantity)>, wanted: Amount) {
        let paid = each_lot(lots, wanted.into(), |lot, value| {
            self.items.push(Item { lot, amount: value.as_amount(), points: Points::ZERO });
        });
        self.total = self.total.plus(paid.as_amount());
    }

    /// Pays an exact amount from points, which the lots are known to cover.
    pub(crate) fn points(
        &mut self,
        lots: impl Iterator<Item = (LotId, Quantity)>,
        exchange: Exchange,
        pays: Amount,
    ) {
        if pays.is_zero() {
            return;
        }
        self.details.get_or_insert_default().exchange = Some(exchange);
        let cost = exchange.cost(pays);
        let (mut used, mut shared) = (Points::ZERO, Amount::ZERO);
        each_lot(lots, cost.into(), |lot, value| {
            let points = value.as_points();
            used = used.plus(points);
            // Each lot's share is the worth of the points so far, less the earlier shares. The last lot takes the
            // rest, so that the shares add up whatever the rounding.
            let upto = if used == cost { pays } else { exchange.pays(used, pays) };
            self.items.push(Item { lot, amount: upto.minus(shared), points });
            shared = upto;
        });
        self.total = self.total.plus(pays);
    }
}

/// Takes the available value of each lot, in the order of use, until the request is met. Returns the sum taken.
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
    // `try_for_each` walks a deque's two halves one after the other; `for` would check the half at each lot.
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
