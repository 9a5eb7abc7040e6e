//! The lines of a transaction: what was charged, and what of it comes back (rule K2).

use crate::definition::Line;
use crate::engine::{Rejection, check};
use crate::journal::{SoldLine, Transaction};
use crate::ops::give_back::ReturnLine;
use crate::ops::return_transaction::ReturnTransaction;
use crate::ops::transact::UpdateTransaction;
use crate::program::Program;
use crate::value::Amount;

/// Checks that lines are a basket, and add up to at most the total.
pub(crate) fn check(program: &Program, lines: &[Line], total: Amount) -> Result<(), Rejection> {
    if lines.is_empty() {
        return Ok(());
    }
    let lines = check::basket(program, lines, &[])?;
    if lines > total { Err(Rejection::LinesAboveTotal) } else { Ok(()) }
}

/// Lines of which nothing was returned.
pub(crate) fn sold(lines: &[Line]) -> Vec<SoldLine> {
    let sold = |Line { id, amount, tags }| SoldLine { id, amount, returned: Amount::ZERO, tags };
    lines.iter().cloned().map(sold).collect()
}

/// Whether these are the lines of a transaction, whatever was returned of them.
pub(crate) fn says(lines: &[Line], posted: &[SoldLine]) -> bool {
    let is_it = |line: &Line, sold: &SoldLine| {
        (&line.id, line.amount, &line.tags) == (&sold.id, sold.amount, &sold.tags)
    };
    lines.len() == posted.len() && lines.iter().zip(posted).all(|(line, sold)| is_it(line, sold))
}

/// The lines after an update: those of the update, with what was returned of them before; or, if it has none, the old ones.
pub(crate) fn updated(update: &UpdateTransaction, before: &Transaction) -> Result<Vec<SoldLine>, Rejection> {
    let said = &update.transaction;
    if said.lines.is_empty() {
        let sum = before.lines.iter().fold(Amount::ZERO, |sum, line| sum.plus(line.amount));
        let is_lower = said.total < before.total && before.has_earned_by_line();
        if is_lower || sum > said.total {
            return Err(Rejection::LinesRequired);
        }
        return Ok(before.lines.clone());
    }
    let mut lines = sold(&said.lines);
    for SoldLine { id, returned, .. } in before.lines.iter().filter(|line| !line.returned.is_zero()) {
        let line = lines.iter_mut().find(|line| line.id == *id);
        let left = line.as_ref().map_or(Amount::ZERO, |line| line.amount);
        let above = || Rejection::ReturnAboveLine { line: id.clone(), left };
        line.filter(|_| *returned <= left).ok_or_else(above)?.returned = *returned;
    }
    Ok(lines)
}

/// What comes back, and the lines after it.
pub(crate) fn returned(
    back: &ReturnTransaction,
    before: &Transaction,
) -> Result<(Amount, Vec<SoldLine>), Rejection> {
    let mut lines = before.lines.clone();
    let Some(wanted) = &back.lines else {
        if before.has_earned_by_line() {
            return Err(Rejection::LinesRequired);
        }
        return Ok((back.amount.unwrap_or_default(), lines));
    };
    let mut amount = Amount::ZERO;
    for ReturnLine { id, amount: part } in wanted {
        let line = lines.iter_mut().find(|line| line.id == *id);
        let left = line.as_ref().map_or(Amount::ZERO, |line| line.kept());
        let part = part.unwrap_or(left);
        let above = || Rejection::ReturnAboveLine { line: id.clone(), left };
        let line = line.filter(|_| part <= left && !left.is_zero()).ok_or_else(above)?;
        line.returned = line.returned.plus(part);
        amount = amount.plus(part);
    }
    Ok((amount, lines))
}
