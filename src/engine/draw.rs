//! The draw: which lots pay, soonest expiry first, with one strategy after the other (rules C1 to C3, Q4 and Q5). A request
//! that does not say what is bought uses no lot that has a scope (rule S3).

use crate::account::Account;
use crate::engine::Rejection;
use crate::journal::draw::Draw;
use crate::journal::{LotKind, Strategy};
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::Amount;

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
                let lots = account.rewards();
                if account.has_scopes() {
                    let unscoped = lots.filter(|lot| account.scope(lot.id).is_none());
                    draw.rewards(unscoped.map(|lot| (lot.id, lot.available(at))), left);
                } else {
                    draw.rewards(lots.map(|lot| (lot.id, lot.available(at))), left);
                }
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

/// What could be drawn at most, with these strategies: what a rejection says is available.
pub(crate) fn available(
    program: &Program,
    account: &Account,
    at: Timestamp,
    strategies: &[Strategy],
) -> Amount {
    let totals = account.totals();
    let scoped = account.rewards().filter(|lot| account.scope(lot.id).is_some());
    let scoped = scoped.fold(Amount::ZERO, |sum, lot| sum.plus(lot.available(at).as_amount()));
    strategies.iter().fold(Amount::ZERO, |sum, strategy| {
        let more = match strategy {
            Strategy::Rewards => totals.rewards.available.as_amount().minus(scoped),
            Strategy::Points => program.exchange().map_or(Amount::ZERO, |exchange| {
                exchange.pays(totals.points.available.as_points(), Amount::MAX_TOTAL)
            }),
        };
        sum.checked_add(more).unwrap_or(Amount::MAX_TOTAL)
    })
}
