//! Points that transactions earn, and points taken back (rules X3 and X4).

use crate::definition::{Defined, Definition, Terms};
use crate::engine::Rejection;
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::{LotRecord, changed};
use crate::id::{DefinitionId, LotId, TransactionId, next_sequence};
use crate::journal::{
    Bucket, Cause, ClawedBack, Earned, EarnedMore, EntryKind, Issue, LotChange, LotDetails, LotState,
    Movement, Origin, Owed, Recovered, Standing, Transaction,
};
use crate::program::Program;
use crate::store::View;
use crate::time::{Expiry, Timestamp};
use crate::value::{Delta, Points, Quantity};
use chrono::TimeDelta;

/// The program's rule as a transaction keeps it, with nothing earned yet; `None` where there is no rule. Whether the
/// points can be redeemed is what their definition says now (rule K1).
pub(crate) fn rule(program: &Program, view: &View<'_>) -> Result<Option<Earned>, Rejection> {
    let Some(earn) = &program.settings().earn else { return Ok(None) };
    let is_status =
        match (earn.point_definition_id, view.found.definition.and_then(|record| record.defined())) {
            (None, _) => false,
            (Some(_), Some(Defined { definition: Definition::Point(point), .. })) => !point.is_redeemable,
            _ => return Err(Rejection::UnknownDefinition { field: "earn.point_definition_id".into() }),
        };
    Ok(Some(Earned {
        points_rate: earn.points,
        amount_rate: earn.amount,
        point_scale: program.point_scale().decimals(),
        delay_days: earn.delay_days,
        period: earn.period,
        definition_id: earn.point_definition_id,
        is_status,
        points: Points::ZERO,
        written_off: Points::ZERO,
        lot: None,
    }))
}

/// What stays earned, and in which lot, now that a transaction's total is another. Its own entry is written next, and a
/// new lot right after it.
pub(crate) fn plan(draft: &EntryBuilder<'_>, view: &View<'_>, transaction: &mut Transaction) {
    let kept = transaction.kept();
    let Some(was) = transaction.earned else { return };
    let points = was.points_for(kept);
    let has_lot = earned_lot(draft, view, was).is_some_and(|own| own.is_here);
    let lot = if points > was.points && !has_lot {
        Some(LotId::made_by(draft.first.number(), next_sequence(draft.first.next_sequence())))
    } else {
        was.lot
    };
    // What a manager adjusted away counts as taken, once.
    let less = was.points.checked_sub(points).unwrap_or_default();
    let written_off = was.written_off.max(was.written_off.plus(less).min(adjusted_away(view)));
    transaction.earned = Some(Earned { points, lot, written_off, ..was });
}

/// Makes what stays earned what the transaction's total, less what came back of it, would have earned (rule X4).
pub(crate) fn settle(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    was: Option<Earned>,
    transaction: &Transaction,
) -> Result<(), Rejection> {
    let (Some(was), Some(now)) = (was, transaction.earned) else { return Ok(()) };
    if now.points <= was.points {
        return claw_back(draft, view, was, transaction);
    }
    let points = now.points.minus(was.points);
    if !draft.first.pot(now.kind()).has_room_for(points.into()) {
        return Err(too_much());
    }
    // What the transaction owes itself comes first, collected or not.
    let mut debts = draft.account().debts().clone();
    let clawed_back = debts.claw_back(transaction.id, points.into());
    let left = points.minus(clawed_back.map_or(Points::ZERO, |recovered| recovered.points()));
    let paid_to_debt = debts.paid_by(left, now.status());
    let more = More { points, clawed_back, paid_to_debt, into_lot: left.minus(paid_to_debt) };
    match (earned_lot(draft, view, was).filter(|own| own.is_here), now.lot) {
        (Some(own), _) => earn_more(draft, &own.lot, transaction.id, now.status(), more),
        (None, Some(_)) => issue(draft, transaction, was.lot, more)?,
        (None, None) => {}
    }
    Ok(())
}

/// Points that a transaction earns, and where they go.
struct More {
    points: Points,
    /// What the transaction owed itself (rule X5).
    clawed_back: Option<Recovered>,
    /// What pays the debts of others, the oldest sale's first.
    paid_to_debt: Points,
    into_lot: Points,
}

/// Takes points back: from the transaction's own lots, also what was unspent in them when they expired or were taken back;
/// then by the program's policy.
fn claw_back(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    was: Earned,
    transaction: &Transaction,
) -> Result<(), Rejection> {
    let now = transaction.earned.unwrap_or(was);
    let points = was.points.minus(now.points);
    if points.is_zero() {
        return Ok(());
    }
    let written_off = now.written_off.minus(was.written_off);
    let mut left = points.minus(written_off);
    let (mut changes, mut held) = (Vec::new(), Vec::new());
    for lot in own_lots(draft, view) {
        let (change, value) = taken(&lot, left);
        left = left.minus(value);
        changes.extend(change);
        if !lot.held.is_zero() {
            held.push(lot.now.lot);
        }
    }
    let id = transaction.id;
    let sold_at = draft.account().debts().sold_at(id).unwrap_or(transaction.transacted_at);
    let policy = draft.program.settings().clawback;
    let owed = Owed { transaction: id, sold_at, policy, points: left, status: now.status(), held };
    // What came along in mergers may be owed as well (rule Q3).
    draft.first.point_debt().checked_add(owed.point_debt()).ok_or_else(too_much)?;
    let owed = Some(owed).filter(|owed| !owed.points.is_zero());
    let clawed = ClawedBack { transaction: id, points, changes, written_off, owed };
    draft.write_for(Cause::Transaction(id), EntryKind::Clawback(Box::new(clawed)));
    Ok(())
}

/// Takes up to a number of points out of the unheld part of a lot. Returns the change and the number taken.
fn taken(lot: &LotRecord<'_>, points: Points) -> (Option<LotChange>, Points) {
    let value = lot.unheld().min(points.into());
    let after = LotState { remaining: lot.now.remaining.minus(value), ..lot.now };
    let change = changed(after, [(lot.now.standing.bucket(), Bucket::ClawedBack, value)]);
    (Some(change).filter(|_| !value.is_zero()), value.as_points())
}

/// Adds points to the transaction's own lot, less the points that were owed.
fn earn_more(
    draft: &mut EntryBuilder<'_>,
    lot: &LotRecord<'_>,
    transaction: TransactionId,
    status: Option<DefinitionId>,
    more: More,
) {
    let More { clawed_back, paid_to_debt, into_lot, .. } = more;
    let value: Quantity = into_lot.into();
    let after = LotState { remaining: lot.now.remaining.plus(value), ..lot.now };
    let debt = (Bucket::Issued, Bucket::PaidToDebt, paid_to_debt.into());
    let change = changed(after, [(Bucket::Issued, after.standing.bucket(), value), debt]);
    let more = EarnedMore { transaction, change, status, paid_to_debt, clawed_back };
    draft.write_for(Cause::Transaction(transaction), EntryKind::Earn(Box::new(more)));
}

/// Issues points in a new lot, less the points that were owed.
fn issue(
    draft: &mut EntryBuilder<'_>,
    transaction: &Transaction,
    replaces: Option<LotId>,
    more: More,
) -> Result<(), Rejection> {
    let Some(earned) = transaction.earned else { return Ok(()) };
    let Some(lot) = earned.lot else { return Ok(()) };
    let More { points, clawed_back, paid_to_debt, into_lot } = more;
    let (available_at, expires_at) = dates(transaction, earned)?;
    let origin = Some(Origin::Earned { transaction: transaction.id, paid_to_debt, clawed_back, replaces });
    let issue = Issue {
        lot,
        kind: earned.kind(),
        definition_id: earned.definition_id,
        value_initial: points.into(),
        value_remaining: into_lot.into(),
        issued_at: transaction.transacted_at,
        available_at,
        expires_at,
        terms: Terms {
            timezone: transaction.timezone,
            period: earned.period,
            extend_days: None,
            is_reassignable: false,
            is_extendable: false,
        },
        moves: 0,
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
    let expires_at = match earned.period {
        Some(period) => period.expiry(available_at, transaction.timezone),
        None => Ok(Expiry::NEVER),
    };
    Ok((available_at, expires_at.map_err(out_of_range)?))
}

/// The lot that a transaction earned.
struct EarnedLot<'a> {
    lot: LotRecord<'a>,
    /// Whether the account has it; otherwise it stayed with a profile that was merged into this one, as it had expired by
    /// then, was revoked or used up.
    is_here: bool,
}

fn earned_lot<'a>(draft: &EntryBuilder<'_>, view: &View<'a>, earned: Earned) -> Option<EarnedLot<'a>> {
    own_lot(draft, view, earned.lot?)
}

/// A transaction's own lot, unless it belongs to another profile now.
fn own_lot<'a>(draft: &EntryBuilder<'_>, view: &View<'a>, id: LotId) -> Option<EarnedLot<'a>> {
    let find = |record| {
        let lot = LotRecord::find(&draft.first, record, id, draft.at)?;
        (!matches!(lot.now.standing, Standing::MovedTo(_))).then_some(lot)
    };
    let here = find(view.found.lot(id)).map(|lot| EarnedLot { lot, is_here: true });
    here.or_else(|| Some(EarnedLot { lot: find(view.found.closed_lot(id))?, is_here: false }))
}

/// The lot that the transaction earned, and those that stand in for it, in the order in which they came to be (rule X5).
fn own_lots<'a>(draft: &EntryBuilder<'_>, view: &View<'a>) -> Vec<LotRecord<'a>> {
    let own = view.found.own_lots.iter();
    let mut lots: Vec<_> = own.filter_map(|(id, _)| Some(own_lot(draft, view, *id)?.lot)).collect();
    let is_earned = |lot: &LotRecord<'_>| matches!(lot.issue.origin(), Some(Origin::Earned { .. }));
    lots.sort_by_key(|lot| (!is_earned(lot), lot.issue.issued_at, lot.now.lot));
    lots
}

/// What was adjusted away in the transaction's own lots, net.
fn adjusted_away(view: &View<'_>) -> Points {
    let mut away = Delta::ZERO;
    let entries = view.found.own_lots.iter().flat_map(|(_, entries)| entries);
    for entry in entries.filter(|entry| matches!(entry.kind, EntryKind::Adjust(_))) {
        entry.effects(|effect| match effect.movement() {
            Some(Movement { from: Bucket::Adjusted, value, .. }) => away = away.down(value),
            Some(Movement { to: Bucket::Adjusted, value, .. }) => away = away.up(value),
            _ => {}
        });
    }
    Quantity::from_ten_thousandths(away.ten_thousandths()).map_or(Points::ZERO, Quantity::as_points)
}

/// More than an account holds was earned, or is owed, by the total of a transaction.
fn too_much() -> Rejection {
    Rejection::AccountTotalExceeded { field: "total".into() }
}
