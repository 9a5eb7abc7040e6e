//! Points that transactions earned, and points that were clawed back (rules X3 to X5).

use super::announced::Announced;
use super::issue::only_from;
use super::lots::{LotRecord, NONE, lot_change, same_change};
use super::{Check, Fault, Past, Step, ensure, same};
use crate::definition::Terms;
use crate::id::{DefinitionId, LotId};
use crate::journal::owed::Earner;
use crate::journal::{Bucket, ClawedBack, EarnedMore, Issue, LotKind, LotState, Origin, Recovered, Standing};
use crate::time::Expiry;
use crate::value::{Points, Quantity};
use chrono::TimeDelta;
use std::collections::VecDeque;

impl Past {
    /// Checks a new lot of points that a transaction earned. Points that pay a debt are not in the lot.
    pub(super) fn issued_by_transaction(
        &mut self,
        step: &Step<'_>,
        issue: &Issue,
        earner: Earner,
        announced: Option<Announced>,
    ) -> Check {
        let Earner { transaction, rate } = earner;
        let replaces = match announced {
            Some(Announced::EarnedLot { earner: announced, points, replaces, .. }) => {
                same("X3", "details.origin.transaction", &transaction, &announced.transaction)?;
                same("K2", "details.origin.rate", &rate, &announced.rate)?;
                same("X4", "value_initial", &issue.value_initial, &points.into())?;
                replaces
            }
            None => {
                self.check_given("details.origin.transaction", earner)?;
                let lot = self.earned_lot(earner);
                same("X4", "lot", &Some(issue.lot), &lot)?;
                // The lot that the transaction earned before is in another journal.
                issue.replaces().filter(|lot| lot.number() != step.number())
            }
            Some(_) => return Err(Fault::new("R3", "details.origin", &transaction, "a return")),
        };
        self.check_own_lot(issue, earner)?;
        let is_points = issue.kind.is_points();
        ensure("X3", "kind", is_points, &issue.kind, format_args!("points"))?;
        let status = issue.definition_id.filter(|_| issue.kind == LotKind::Status);
        let Paid { clawed_back, paid_to_debt, into_lot } =
            paid(step, earner, issue.value_initial.as_points(), status);
        same("X4", "value_remaining", &issue.value_remaining.as_points(), &into_lot)?;
        let origin = Origin::Earned { transaction, rate, paid_to_debt, clawed_back, replaces };
        same("X3", "details", &issue.details, &only_from(origin, None))?;
        check_earned_terms(issue)?;
        let Terms { period, timezone, .. } = issue.terms;
        let expiry =
            period.map_or(Ok(Expiry::NEVER), |period| period.expiry(issue.available_at, timezone)).ok();
        same("X3", "expires_at", &Some(issue.expires_at), &expiry)
    }

    /// Checks that a lot agrees with its transaction.
    fn check_own_lot(&self, issue: &Issue, earner: Earner) -> Check {
        let Some(transaction) = self.transactions.get(&earner.transaction) else { return Ok(()) };
        let Some(earned) = transaction.earned.get(usize::from(earner.rate)) else { return Ok(()) };
        same("X3", "definition_id", &issue.definition_id, &earned.definition_id)?;
        let kind = if earned.is_status { LotKind::Status } else { LotKind::Point };
        same("K1", "kind", &issue.kind, &kind)?;
        same("X3", "issued_at", &issue.issued_at, &transaction.transacted_at)?;
        let delay = TimeDelta::days(earned.delay_days.into());
        let available_at = transaction.transacted_at.checked_add(delay).ok();
        same("X3", "available_at", &Some(issue.available_at), &available_at)?;
        same("X3", "terms.timezone", &issue.terms.timezone, &transaction.timezone)?;
        same("X3", "terms.period", &issue.terms.period, &earned.period)?;
        same("T9", "terms.inactivity", &issue.terms.inactivity, &earned.inactivity)?;
        same("L5", "terms.is_reassignable", &issue.terms.is_reassignable, &earned.is_reassignable)
    }

    pub(super) fn earn(&mut self, step: &Step<'_>, earned: &EarnedMore) -> Check {
        let expected = match self.announced.pop_front() {
            Some(Announced::EarnedMore { points, .. }) => Some(points),
            _ => self.check_given("transaction", earned.earner()).map(|()| None)?,
        };
        let own = self.own_lot(earned.earner());
        same("X4", "change.after.lot", &Some(earned.change.after.lot), &own)?;
        let record = self.lot("change.after.lot", earned.change.after.lot)?;
        let now = record.at(step);
        let status = record.issue.definition_id.filter(|_| now.kind == LotKind::Status);
        same("K1", "status", &earned.status, &status)?;
        let remaining = earned.change.after.remaining;
        let fault = || Fault::new("X4", "change.after.remaining", &remaining, "no less than it was");
        let value = remaining.checked_sub(now.remaining).ok_or_else(fault)?;
        let owed = earned.clawed_back.map_or(Points::ZERO, |recovered| recovered.points());
        let owed = owed.checked_add(earned.paid_to_debt).unwrap_or(Points::MAX_TOTAL);
        let points = value.as_points().checked_add(owed).unwrap_or(Points::MAX_TOTAL);
        same("X4", "change.after.remaining", &points, &expected.unwrap_or(points))?;
        let Paid { clawed_back, paid_to_debt, into_lot } = paid(step, earned.earner(), points, status);
        same("X5", "clawed_back", &earned.clawed_back, &clawed_back)?;
        same("X4", "paid_to_debt", &earned.paid_to_debt, &paid_to_debt)?;
        same("X4", "change.after.remaining", &value, &into_lot.into())?;
        let after = LotState { remaining, ..now };
        let moves = [
            (Bucket::Issued, after.standing.bucket(), value),
            (Bucket::Issued, Bucket::PaidToDebt, paid_to_debt.into()),
        ];
        same_change(&earned.change, &lot_change(after, moves))?;
        record.now = after;
        Ok(())
    }

    pub(super) fn claw_back(&mut self, step: &Step<'_>, clawed: &ClawedBack) -> Check {
        let ClawedBack { points, written_off, .. } = clawed;
        match self.announced.pop_front() {
            Some(Announced::ClawedBack { points: expected, written_off: adjusted_away, .. }) => {
                same("X4", "points", points, &expected)?;
                same("X4", "written_off", written_off, &adjusted_away)?;
            }
            _ => self.check_given("transaction", clawed.earner())?,
        }
        ensure("X4", "points", !points.is_zero(), points, format_args!("more than nothing"))?;
        let left = points.checked_sub(*written_off);
        let left = left.ok_or_else(|| Fault::new("X4", "written_off", written_off, "a part of it"))?;
        let left = self.clawed_from_lots(step, clawed, left)?;
        self.check_owed(step, clawed, left)
    }

    /// Checks the points taken from the transaction's own lots: all that is left in them, one lot after the other,
    /// including a lot that stayed with a merged profile. Returns the points left to be owed.
    fn clawed_from_lots(&mut self, step: &Step<'_>, clawed: &ClawedBack, points: Points) -> Check<Points> {
        let mut left = points;
        let mut known: VecDeque<LotId> = self.own_lots(clawed.earner()).map(|own| own.now.lot).collect();
        known.retain(|lot| self.lots.get(lot).is_some_and(|own| !own.unheld().is_zero()));
        for change in &clawed.changes {
            let lot = change.after.lot;
            let (now, unheld) = match self.lots.get(&lot) {
                Some(own) => {
                    same("X4", "changes.after.lot", &Some(lot), &known.pop_front())?;
                    (own.at(step), own.unheld())
                }
                None => {
                    let now = self.stayed(step, lot, change)?;
                    ensure(
                        "X3",
                        "changes.after.kind",
                        now.kind.is_points(),
                        &now.kind,
                        format_args!("points"),
                    )?;
                    (now, now.remaining)
                }
            };
            let value = unheld.min(left.into());
            let some = !value.is_zero();
            ensure("X4", "changes", some, &lot, format_args!("a lot that something comes out of"))?;
            left = left.minus(value.as_points());
            let after = LotState { remaining: now.remaining.minus(value), ..now };
            same_change(
                change,
                &lot_change(after, [(now.standing.bucket(), Bucket::ClawedBack, value), NONE]),
            )?;
            match self.lots.get_mut(&lot) {
                Some(own) => own.now = after,
                None => drop(self.stayed.insert(lot, after)),
            }
        }
        let stayed = self.earned_lot(clawed.earner()).and_then(|lot| self.stayed.get(&lot));
        let has_more = known.front().is_some() || stayed.is_some_and(|lot| !lot.remaining.is_zero());
        let is_all = left.is_zero() || !has_more;
        ensure("X4", "changes", is_all, &clawed.changes, format_args!("all that is left in its own lots"))?;
        Ok(left)
    }

    /// Checks that points which the transaction's own lots do not cover are owed, by either policy.
    fn check_owed(&self, step: &Step<'_>, clawed: &ClawedBack, left: Points) -> Check {
        let transaction = clawed.transaction;
        let Some(owed) = &clawed.owed else { return same("X4", "owed", &Points::ZERO, &left) };
        same("X4", "owed.points", &owed.points, &left)?;
        ensure("X4", "owed.points", !left.is_zero(), &left, format_args!("more than nothing"))?;
        same("X5", "owed.transaction", &owed.transaction, &transaction)?;
        same("K2", "owed.rate", &owed.rate, &clawed.rate)?;
        let sale = self.transactions.get(&transaction);
        let earned = sale.and_then(|sale| sale.earned.get(usize::from(clawed.rate)));
        let earned = earned.filter(|earned| earned.is_status);
        same("K1", "owed.status", &owed.status, &earned.and_then(|earned| earned.definition_id))?;
        let sale = sale.map(|sale| sale.transacted_at);
        let sold_at = step.account.debts().sold_at(clawed.earner()).or(sale);
        same("X5", "owed.sold_at", &Some(owed.sold_at), &sold_at)?;
        let held = self.own_lots(clawed.earner()).filter(|own| !own.held.is_zero());
        same("X5", "owed.held", &owed.held, &held.map(|own| own.now.lot).collect())
    }

    /// The lots of this journal that a transaction earned at a rate, and their stand-ins, in the order of creation.
    fn own_lots(&self, earner: Earner) -> impl Iterator<Item = &LotRecord> {
        let is_own = |lot: &&LotRecord| {
            lot.issue.owner() == Some(earner) && !matches!(lot.now.standing, Standing::MovedTo(_))
        };
        let mut lots: Vec<&LotRecord> = self.lots.values().filter(is_own).collect();
        let is_earned = |lot: &LotRecord| matches!(lot.issue.origin(), Some(Origin::Earned { .. }));
        lots.sort_by_key(|lot| (!is_earned(lot), lot.issue.issued_at, lot.now.lot));
        lots.into_iter()
    }

    /// The points adjusted away in a transaction's own lots of this journal, net.
    pub(super) fn adjusted_away(&self, earner: Earner) -> Points {
        let away = self.adjusted_away.get(&earner).map(|away| away.ten_thousandths());
        let away = away.and_then(|away| Quantity::from_ten_thousandths(away).ok());
        away.map_or(Points::ZERO, Quantity::as_points)
    }

    /// The lot that a transaction earned, if it is its own still, and in this journal.
    fn own_lot(&self, earner: Earner) -> Option<LotId> {
        self.earned_lot(earner).filter(|lot| self.is_own(lot))
    }

    /// Whether the lot is a transaction's own, and in this journal.
    pub(super) fn is_own(&self, lot: &LotId) -> bool {
        let is_own = |lot: &LotRecord| {
            lot.issue.owner().is_some() && !matches!(lot.now.standing, Standing::MovedTo(_))
        };
        self.lots.get(lot).is_some_and(is_own)
    }

    /// The newest lot that a transaction earned.
    fn earned_lot(&self, earner: Earner) -> Option<LotId> {
        self.transactions.get(&earner.transaction)?.earned.get(usize::from(earner.rate))?.lot
    }

    /// Checks a transaction of a merged profile, whose earlier earnings are in that profile's journal.
    /// Each of its rates has at most one entry, in their order.
    fn check_given(&mut self, field: &'static str, Earner { transaction: id, rate }: Earner) -> Check {
        let is_given = self.given.take().is_some_and(|(given, next)| given == id && next <= rate);
        self.given = Some((id, rate.saturating_add(1))).filter(|_| is_given);
        ensure("X4", field, is_given, &id, format_args!("a transaction that was changed just before"))
    }
}

/// The split of the points that a transaction earns.
struct Paid {
    clawed_back: Option<Recovered>,
    paid_to_debt: Points,
    into_lot: Points,
}

/// Splits earned points: the transaction's own debt first, then other debts, then its lot (rules X4 and X5).
/// Redeemable points pay redeemable debts, and others those of the same definition.
fn paid(step: &Step<'_>, earner: Earner, points: Points, status: Option<DefinitionId>) -> Paid {
    let mut debts = step.account.debts().clone();
    let clawed_back = debts.claw_back(earner, points.into());
    let left = points.minus(clawed_back.map_or(Points::ZERO, |recovered| recovered.points()));
    let paid_to_debt = debts.paid_by(left, status);
    Paid { clawed_back, paid_to_debt, into_lot: left.minus(paid_to_debt) }
}

/// Checks the terms of a lot of earned points: it is never extended (rule X3).
pub(super) fn check_earned_terms(issue: &Issue) -> Check {
    let terms = Terms { extend_days: None, is_extendable: false, ..issue.terms };
    same("X3", "terms", &issue.terms, &terms)
}
