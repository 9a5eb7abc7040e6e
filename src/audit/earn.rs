//! Points that transactions earned, and what came back of them (rules X3 to X5).

use super::announced::Announced;
use super::issue::only_from;
use super::{
    Check, Fault, Past, Step, ensure,
    lots::NONE,
    lots::{lot_change, same_change},
    same,
};
use crate::definition::Terms;
use crate::id::{LotId, TransactionId};
use crate::journal::{Bucket, ClawedBack, EarnedMore, Issue, LotKind, LotState, Origin, Standing};
use crate::time::{Expiry, Period, PeriodType};
use crate::value::{Points, Quantity};
use chrono::TimeDelta;

impl Past {
    /// A new lot for what a transaction earned. A debt is paid first, and what paid it is not in the lot.
    pub(super) fn issued_by_transaction(
        &mut self,
        step: &Step<'_>,
        issue: &Issue,
        (transaction, paid): (TransactionId, Points),
        announced: Option<Announced>,
    ) -> Check {
        match announced {
            Some(Announced::EarnedLot { transaction: announced, points, .. }) => {
                same("X3", "details.origin.transaction", &transaction, &announced)?;
                same("X4", "value_initial", &issue.value_initial, &points.into())?;
            }
            None => {
                self.check_given("details.origin.transaction", transaction)?;
                let lot = self.earned_lot(transaction);
                same("X4", "lot", &Some(issue.lot), &lot)?;
            }
            Some(_) => return Err(Fault::new("R3", "details.origin", &transaction, "a return")),
        }
        self.check_own_lot(issue, transaction)?;
        same("X3", "kind", &issue.kind, &LotKind::Point)?;
        let debt = step.account.totals().point_debt;
        let points = issue.value_initial.as_points();
        same("X4", "details.origin.paid_to_debt", &paid, &debt.min(points))?;
        same("X4", "value_remaining", &issue.value_remaining.as_points(), &points.minus(paid))?;
        same(
            "X3",
            "details",
            &issue.details,
            &only_from(Origin::Earned { transaction, paid_to_debt: paid }),
        )?;
        check_earned_terms(issue)?;
        let Terms { period, timezone, .. } = issue.terms;
        let expiry =
            period.map_or(Ok(Expiry::NEVER), |period| period.expiry(issue.available_at, timezone)).ok();
        same("X3", "expires_at", &Some(issue.expires_at), &expiry)
    }

    /// A lot is what its transaction says.
    fn check_own_lot(&self, issue: &Issue, id: TransactionId) -> Check {
        let Some(transaction) = self.transactions.get(&id) else { return Ok(()) };
        let Some(earned) = transaction.earned else { return Ok(()) };
        same("X3", "definition_id", &issue.definition_id, &earned.definition_id)?;
        same("X3", "issued_at", &issue.issued_at, &transaction.transacted_at)?;
        let delay = TimeDelta::days(earned.delay_days.into());
        let available_at = transaction.transacted_at.checked_add(delay).ok();
        same("X3", "available_at", &Some(issue.available_at), &available_at)?;
        same("X3", "terms.timezone", &issue.terms.timezone, &transaction.timezone)?;
        let days = issue.terms.period.map(|period| period.count);
        same("X3", "terms.period", &days, &earned.period_days)
    }

    pub(super) fn earn(&mut self, step: &Step<'_>, earned: &EarnedMore) -> Check {
        let expected = match self.announced.pop_front() {
            Some(Announced::EarnedMore { points, .. }) => Some(points),
            _ => self.check_given("transaction", earned.transaction).map(|()| None)?,
        };
        let own = self.own_lot(earned.transaction);
        same("X4", "change.after.lot", &Some(earned.change.after.lot), &own)?;
        let record = self.lot("change.after.lot", earned.change.after.lot)?;
        let now = record.at(step.at());
        let remaining = earned.change.after.remaining;
        let fault = || Fault::new("X4", "change.after.remaining", &remaining, "no less than it was");
        let value = remaining.checked_sub(now.remaining).ok_or_else(fault)?;
        let paid = earned.paid_to_debt;
        let points = value.as_points().checked_add(paid).unwrap_or(Points::MAX_TOTAL);
        same("X4", "change.after.remaining", &points, &expected.unwrap_or(points))?;
        same("X4", "paid_to_debt", &paid, &step.account.totals().point_debt.min(points))?;
        let after = LotState { remaining, ..now };
        let moves = [
            (Bucket::Issued, after.standing.bucket(), value),
            (Bucket::Issued, Bucket::PaidToDebt, paid.into()),
        ];
        same_change(&earned.change, &lot_change(after, moves))?;
        record.now = after;
        Ok(())
    }

    pub(super) fn claw_back(&mut self, step: &Step<'_>, clawed: &ClawedBack) -> Check {
        let ClawedBack { transaction, points, owed, shortfall, .. } = clawed;
        match self.announced.pop_front() {
            Some(Announced::ClawedBack { points: expected, .. }) => same("X4", "points", points, &expected)?,
            _ => self.check_given("transaction", *transaction)?,
        }
        ensure("X4", "points", !points.is_zero(), points, format_args!("more than nothing"))?;
        let is_either = owed.is_zero() || shortfall.is_zero();
        ensure("X4", "shortfall", is_either, shortfall, format_args!("nothing, as the rest is owed"))?;
        let value = self.clawed_from_lot(step, clawed)?;
        let sum = value.as_points().checked_add(*owed).and_then(|sum| sum.checked_add(*shortfall));
        same("X4", "points", &Some(*points), &sum)
    }

    /// Whatever is left in the transaction's own lot comes out of it first, also where that stayed with a profile that was
    /// merged into this one.
    fn clawed_from_lot(&mut self, step: &Step<'_>, clawed: &ClawedBack) -> Check<Quantity> {
        let points = clawed.points.into();
        let lot = self.earned_lot(clawed.transaction);
        let own = match lot.and_then(|lot| self.lots.get(&lot)) {
            Some(own) if matches!(own.now.standing, Standing::MovedTo(_)) => None,
            Some(own) => Some((own.at(step.at()), own.unheld())),
            None => self.earned_and_stayed(step, lot, clawed)?.map(|now| (now, now.remaining)),
        };
        let value = own.map_or(Quantity::ZERO, |(_, unheld)| unheld.min(points));
        let expected = own.filter(|_| !value.is_zero()).map(|(now, _)| {
            let after = LotState { remaining: now.remaining.minus(value), ..now };
            lot_change(after, [(now.standing.bucket(), Bucket::ClawedBack, value), NONE])
        });
        let (Some(change), Some(expected)) = (&clawed.change, &expected) else {
            same("X4", "change", &clawed.change, &expected)?;
            return Ok(value);
        };
        same_change(change, expected)?;
        match self.lots.get_mut(&expected.after.lot) {
            Some(own) => own.now = expected.after,
            None => drop(self.stayed.insert(expected.after.lot, expected.after)),
        }
        Ok(value)
    }

    /// The lot that a transaction earned, where it stayed with a profile that was merged into this one.
    fn earned_and_stayed(
        &self,
        step: &Step<'_>,
        lot: Option<LotId>,
        clawed: &ClawedBack,
    ) -> Check<Option<LotState>> {
        match (lot, &clawed.change) {
            (Some(lot), Some(change)) => {
                let now = self.stayed(step, lot, change)?;
                same("X3", "change.after.kind", &now.kind, &LotKind::Point)?;
                Ok(Some(now))
            }
            (lot, _) => Ok(lot.and_then(|lot| self.stayed.get(&lot).copied())),
        }
    }

    /// The lot that a transaction earned, if it is here.
    fn own_lot(&self, transaction: TransactionId) -> Option<LotId> {
        let lot = self.lots.get(&self.earned_lot(transaction)?)?;
        (!matches!(lot.now.standing, Standing::MovedTo(_))).then_some(lot.now.lot)
    }

    /// The newest lot that a transaction earned.
    fn earned_lot(&self, transaction: TransactionId) -> Option<LotId> {
        self.transactions.get(&transaction)?.earned?.lot
    }

    /// A transaction of a profile that was merged into this one: what it earned before is in the journal of that one.
    fn check_given(&mut self, field: &'static str, id: TransactionId) -> Check {
        let is_given = self.given.take() == Some(id);
        ensure("X4", field, is_given, &id, format_args!("a transaction that was changed just before"))
    }
}

/// Earned points have terms of their own (rule X3).
pub(super) fn check_earned_terms(issue: &Issue) -> Check {
    let period = issue.terms.period.map(|period| Period::new(period.count, PeriodType::Days));
    let terms =
        Terms { period, extend_days: None, is_reassignable: false, is_extendable: false, ..issue.terms };
    same("X3", "terms", &issue.terms, &terms)
}
