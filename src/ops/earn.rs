//! Points that transactions earn, and what comes back of them (rules X3 and X4).

use crate::definition::Terms;
use crate::engine::Rejection;
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::LotRecord;
use crate::id::{LotId, TransactionId, next_sequence};
use crate::journal::{
    Bucket, Cause, ClawedBack, Earned, EarnedMore, EntryKind, Issue, LotChange, LotDetails, LotKind,
    LotState, Origin, Standing, Transaction,
};
use crate::program::{Clawback, Program};
use crate::store::View;
use crate::time::{Expiry, Period, PeriodType, Timestamp};
use crate::value::{Points, Quantity};
use chrono::TimeDelta;

/// The program's rule as a transaction keeps it, with nothing earned yet; `None` where there is no rule.
pub(crate) fn rule(program: &Program) -> Option<Earned> {
    let earn = program.settings().earn.as_ref()?;
    Some(Earned {
        points_rate: earn.points,
        amount_rate: earn.amount,
        point_scale: program.point_scale().decimals(),
        delay_days: earn.delay_days,
        period_days: earn.period_days,
        definition_id: earn.point_definition_id,
        points: Points::ZERO,
        lot: None,
    })
}

/// What stays earned, and in which lot, now that a transaction's total is another. Its own entry is written next, and a
/// new lot right after it.
pub(crate) fn plan(draft: &EntryBuilder<'_>, view: &View<'_>, transaction: &mut Transaction) {
    let kept = transaction.kept();
    let Some(was) = transaction.earned else { return };
    let points = was.points_for(kept);
    let has_lot = own_lot(draft, view, was).is_some_and(|own| own.is_here);
    let lot = if points > was.points && !has_lot {
        Some(LotId::made_by(draft.first.number(), next_sequence(draft.first.next_sequence())))
    } else {
        was.lot
    };
    transaction.earned = Some(Earned { points, lot, ..was });
}

/// Makes what stays earned what the transaction's total, less what came back of it, would have earned (rule X4).
pub(crate) fn settle(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    was: Option<Earned>,
    transaction: &Transaction,
) -> Result<(), Rejection> {
    let (Some(was), Some(now)) = (was, transaction.earned) else { return Ok(()) };
    let own = own_lot(draft, view, was);
    if let Some(less) = was.points.checked_sub(now.points) {
        return if less.is_zero() {
            Ok(())
        } else {
            claw_back(draft, own.map(|own| own.lot), transaction.id, less)
        };
    }
    let more = now.points.minus(was.points);
    if !draft.first.totals().pot(LotKind::Point).has_room_for(more.into()) {
        return Err(Rejection::AccountTotalExceeded);
    }
    match (own.filter(|own| own.is_here), now.lot) {
        (Some(own), _) => earn_more(draft, &own.lot, transaction.id, more),
        (None, Some(lot)) => issue(draft, transaction, now, lot, more)?,
        (None, None) => {}
    }
    Ok(())
}

/// Takes points back: from the transaction's own lot, also what was unspent in it when it expired or was taken back;
/// then by the program's policy.
fn claw_back(
    draft: &mut EntryBuilder<'_>,
    own: Option<LotRecord<'_>>,
    transaction: TransactionId,
    points: Points,
) -> Result<(), Rejection> {
    let (change, from_own) = taken(own, points);
    let rest = points.minus(from_own);
    let (owed, shortfall) = match draft.program.settings().clawback {
        Clawback::Debt => (rest, Points::ZERO),
        Clawback::Shortfall => (Points::ZERO, rest),
    };
    // What came along in mergers may be owed as well (rule Q3).
    draft.first.totals().point_debt.checked_add(owed).ok_or(Rejection::AccountTotalExceeded)?;
    let clawed = ClawedBack { transaction, points, change, owed, shortfall };
    draft.write_for(Cause::Transaction(transaction), EntryKind::Clawback(Box::new(clawed)));
    Ok(())
}

/// Takes at most so many points out of a lot, of what no hold sets aside in it: the change, and how many.
fn taken(lot: Option<LotRecord<'_>>, points: Points) -> (Option<LotChange>, Points) {
    let value = lot.as_ref().map_or(Quantity::ZERO, |lot| lot.unheld().min(points.into()));
    let change = lot.filter(|_| !value.is_zero()).map(|lot| {
        let after = LotState { remaining: lot.now.remaining.minus(value), ..lot.now };
        lot.change(after, [(lot.now.standing.bucket(), Bucket::ClawedBack, value)])
    });
    (change, value.as_points())
}

/// Adds points: to a debt first, then to the transaction's own lot.
fn earn_more(draft: &mut EntryBuilder<'_>, lot: &LotRecord<'_>, transaction: TransactionId, points: Points) {
    let paid_to_debt = draft.first.totals().point_debt.min(points);
    let value: Quantity = points.minus(paid_to_debt).into();
    let after = LotState { remaining: lot.now.remaining.plus(value), ..lot.now };
    let debt = (Bucket::Issued, Bucket::PaidToDebt, paid_to_debt.into());
    let change = lot.change(after, [(Bucket::Issued, after.standing.bucket(), value), debt]);
    let more = EarnedMore { transaction, change, paid_to_debt };
    draft.write_for(Cause::Transaction(transaction), EntryKind::Earn(Box::new(more)));
}

/// Issues points in a new lot; a debt is paid first, and what paid it is not in the lot.
fn issue(
    draft: &mut EntryBuilder<'_>,
    transaction: &Transaction,
    earned: Earned,
    lot: LotId,
    points: Points,
) -> Result<(), Rejection> {
    let paid_to_debt = draft.first.totals().point_debt.min(points);
    let (available_at, expires_at) = dates(transaction, earned)?;
    let origin = Some(Origin::Earned { transaction: transaction.id, paid_to_debt });
    let issue = Issue {
        lot,
        kind: LotKind::Point,
        definition_id: earned.definition_id,
        value_initial: points.into(),
        value_remaining: points.minus(paid_to_debt).into(),
        issued_at: transaction.transacted_at,
        available_at,
        expires_at,
        terms: Terms {
            timezone: transaction.timezone,
            period: earned.period_days.map(|days| Period::new(days, PeriodType::Days)),
            extend_days: None,
            is_reassignable: false,
            is_extendable: false,
        },
        details: Some(Box::new(LotDetails { origin, ..LotDetails::default() })),
    };
    draft.write_for(Cause::Transaction(transaction.id), EntryKind::Issue(issue));
    Ok(())
}

/// When earned points become available, and when they expire (rule X3).
fn dates(transaction: &Transaction, earned: Earned) -> Result<(Timestamp, Expiry), Rejection> {
    let out_of_range = |_| Rejection::TimeOutOfRange { field: "transacted_at".into() };
    let delay = TimeDelta::days(earned.delay_days.into());
    let available_at = transaction.transacted_at.checked_add(delay).map_err(out_of_range)?;
    let expires_at = match earned.period_days {
        Some(days) => Period::new(days, PeriodType::Days).expiry(available_at, transaction.timezone),
        None => Ok(Expiry::NEVER),
    };
    Ok((available_at, expires_at.map_err(out_of_range)?))
}

/// The lot that a transaction earned.
struct OwnLot<'a> {
    lot: LotRecord<'a>,
    /// Whether the account has it; otherwise it stayed with a profile that was merged into this one, as it had expired by
    /// then, was revoked or used up.
    is_here: bool,
}

/// The lot that a transaction earned, unless it belongs to another profile now.
fn own_lot<'a>(draft: &EntryBuilder<'_>, view: &View<'a>, earned: Earned) -> Option<OwnLot<'a>> {
    let id = earned.lot?;
    let find = |record| {
        let lot = LotRecord::find(&draft.first, record, id, draft.at)?;
        (!matches!(lot.now.standing, Standing::MovedTo(_))).then_some(lot)
    };
    let here = find(view.found.lot(id)).map(|lot| OwnLot { lot, is_here: true });
    here.or_else(|| Some(OwnLot { lot: find(view.found.closed_lot(id))?, is_here: false }))
}
