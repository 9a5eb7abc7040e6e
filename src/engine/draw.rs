//! The draw: which lots pay, soonest expiry first, with one strategy after the other (rules C1 to C3, Q4 and Q5).

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
