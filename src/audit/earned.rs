//! What a transaction earns at each of its rates, and the lines that it earns on (rules X3, X4 and K2).

use std::collections::BTreeMap;

use super::announced::Announced;
use super::spend::sum;
use super::{Check, Past, Step, ensure, same};
use crate::id::{LotId, next_sequence};
use crate::journal::owed::Earner;
use crate::journal::{Earned, Issue, Origin, SoldLine, Transaction, TransactionChange};
use crate::value::{Amount, Points};

impl Past {
    /// Checks that the points kept at each rate are those that the transaction, less returns, would have earned.
    pub(super) fn check_earned(
        &mut self,
        step: &Step<'_>,
        before: Option<&Transaction>,
        change: &TransactionChange,
    ) -> Check {
        let transaction = &change.transaction;
        let nothing = |now: &Earned| Earned {
            lot: None,
            points: Points::ZERO,
            written_off: Points::ZERO,
            ..now.clone()
        };
        let all = before
            .map_or_else(|| transaction.earned.iter().map(nothing).collect(), |before| before.earned.clone());
        let is_all = all.len() == transaction.earned.len() && all.len() <= usize::from(u8::MAX);
        let expected = format_args!("one for each rate");
        ensure("K2", "transaction.earned", is_all, &transaction.earned, expected)?;
        let mut last = step.entry.sequence;
        for ((was, now), rate) in all.iter().zip(&transaction.earned).zip(0..) {
            let &Earned { points, lot, written_off, .. } = was;
            same("X3", "transaction.earned", &Earned { points, lot, written_off, ..now.clone() }, was)?;
            let kept = now.points_for(base(transaction, now));
            same("X4", "transaction.earned.points", &now.points, &kept)?;
            if now.points != was.points || self.given.is_some() {
                last = next_sequence(last);
            }
            let earner = Earner { transaction: transaction.id, rate };
            if self.given.is_some() {
                self.check_given_lot(step, earner, now, last)?;
            } else {
                self.check_rate(step, earner, (was, now), last)?;
            }
        }
        Ok(())
    }

    /// Checks what becomes of one rate's points, and announces the entry that says so, with the number that it will have.
    fn check_rate(
        &mut self,
        step: &Step<'_>,
        earner: Earner,
        (was, now): (&Earned, &Earned),
        next: u32,
    ) -> Check {
        let more = now.points.checked_sub(was.points).unwrap_or_default();
        let less = was.points.checked_sub(now.points).unwrap_or_default();
        self.check_written_off(step, was, now, earner)?;
        let own = was.lot.filter(|lot| self.is_own(lot));
        let lot = match own {
            None if !more.is_zero() => {
                let (lot, replaces) = (LotId::made_by(step.number(), next), was.lot);
                self.announced.push_back(Announced::EarnedLot { earner, lot, points: more, replaces });
                Some(lot)
            }
            _ => was.lot,
        };
        same("X4", "transaction.earned.lot", &now.lot, &lot)?;
        if own.is_some() && !more.is_zero() {
            self.announced.push_back(Announced::EarnedMore { earner, points: more });
        }
        if !less.is_zero() {
            let written_off = now.written_off.minus(was.written_off);
            self.announced.push_back(Announced::ClawedBack { earner, points: less, written_off });
        }
        Ok(())
    }

    /// Checks the points written off: those adjusted away in the transaction's own lots count as taken, once.
    fn check_written_off(&self, step: &Step<'_>, was: &Earned, now: &Earned, earner: Earner) -> Check {
        let less = was.points.checked_sub(now.points).unwrap_or_default();
        let most = was.written_off.plus(less);
        let written_off = was.written_off.max(most.min(self.adjusted_away(earner)));
        // More may have been adjusted away in a closed journal.
        let is_foreign = earner.transaction.number() != step.number();
        let is_within = now.written_off >= written_off && now.written_off <= most;
        let is_right = if is_foreign { is_within } else { now.written_off == written_off };
        let expected = format_args!("{written_off}");
        ensure("X4", "transaction.earned.written_off", is_right, &now.written_off, expected)
    }

    /// Checks the lot of another journal's transaction: it is in another journal as well, or issued by one of the entries
    /// that come next, one for each rate at most.
    fn check_given_lot(&self, step: &Step<'_>, earner: Earner, earned: &Earned, last: u32) -> Check {
        let lot = earned.lot;
        if let Some(known) = lot.and_then(|lot| self.lots.get(&lot)) {
            let is_own = matches!(known.issue.origin(), Some(Origin::Earned { .. }))
                && known.issue.earner() == Some(earner);
            ensure("X3", "transaction.earned.lot", is_own, &lot, format_args!("the lot that it earned"))?;
            let Issue { terms, .. } = &known.issue;
            same("X3", "transaction.earned.period", &earned.period, &terms.period)?;
            same("T9", "transaction.earned.inactivity", &earned.inactivity, &terms.inactivity)?;
            let can_move = &terms.is_reassignable;
            same("L5", "transaction.earned.is_reassignable", &earned.is_reassignable, can_move)?;
        }
        let next = next_sequence(step.entry.sequence)..=last;
        let is_next = |lot: LotId| lot.number() != step.number() || next.contains(&lot.sequence());
        let expected = format_args!("a lot of another journal, or one of the next");
        ensure("X4", "transaction.earned.lot", lot.is_none_or(is_next), &lot, expected)
    }
}

/// What a rate earns on: the total as kept, or those of the lines as kept that have a tag which it wants, and none that it
/// does not.
fn base(transaction: &Transaction, earned: &Earned) -> Amount {
    let Some(scope) = &earned.scope else { return transaction.kept() };
    let is_in = |line: &&SoldLine| {
        let has = |tags: &[String]| line.tags.iter().any(|tag| tags.contains(tag));
        (scope.only.is_empty() || has(&scope.only)) && !has(&scope.except)
    };
    let lines = transaction.lines.iter().filter(|_| !transaction.is_deleted).filter(is_in);
    lines.fold(Amount::ZERO, |sum, line| sum.plus(line.amount.minus(line.returned)))
}

/// Checks the lines: at most the total together, and what was returned of each (rule K2).
pub(super) fn check_sold(before: Option<&Transaction>, change: &TransactionChange) -> Check {
    let (now, field) = (&change.transaction, "transaction.lines");
    let is_within = |line: &SoldLine| line.returned <= line.amount;
    ensure("K2", field, now.lines.iter().all(is_within), &now.lines, format_args!("at most all returned"))?;
    let total = sum(now.lines.iter().map(|line| line.amount));
    let is_part = total.is_some_and(|total| total <= now.total);
    ensure("K2", field, is_part, &now.lines, format_args!("at most {} together", now.total))?;
    let of = |lines: &[SoldLine]| -> BTreeMap<String, Amount> {
        lines.iter().map(|line| (line.id.clone(), line.returned)).collect()
    };
    let is = of(&now.lines);
    ensure("K2", field, is.len() == now.lines.len(), &now.lines, format_args!("each id once"))?;
    let Some(before) = before else { return Ok(()) };
    let was = of(&before.lines);
    let by_line = |more: &dyn Fn(Amount, Amount) -> Option<Amount>| {
        sum(is.iter().filter_map(|(id, now)| more(*now, was.get(id).copied().unwrap_or_default())))
    };
    let more = by_line(&|now, was| now.checked_sub(was)).unwrap_or_default();
    let less = was.iter().any(|(id, was)| is.get(id).copied().unwrap_or_default() < *was);
    ensure("K2", field, !less, &now.lines, format_args!("all that was returned of them before"))?;
    let Some(came_back) = change.returned.filter(|_| !before.lines.is_empty()) else {
        return same("K2", field, &more, &Amount::ZERO);
    };
    let bare = |lines: &[SoldLine]| -> Vec<SoldLine> {
        lines.iter().map(|line| SoldLine { returned: Amount::ZERO, ..line.clone() }).collect()
    };
    same("K2", field, &bare(&now.lines), &bare(&before.lines))?;
    let needs_lines = before.earned.iter().any(|earned| earned.scope.is_some());
    let is_right = more == came_back || (more.is_zero() && !needs_lines);
    ensure("K2", field, is_right, &now.lines, format_args!("{came_back} more returned"))
}
