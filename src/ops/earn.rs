//! Points that transactions earn, and points taken back (rules X3 and X4).

use crate::definition::{Defined, Definition, PointDefinition, Terms};
use crate::engine::Rejection;
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::{LotRecord, changed};
use crate::id::{DefinitionId, LotId, next_sequence};
use crate::journal::owed::Earner;
use crate::journal::{
    Bucket, Cause, ClawedBack, Earned, EarnedMore, EntryKind, Issue, LotChange, LotDetails, LotState,
    Movement, Origin, Owed, Recovered, Standing, Transaction,
};
use crate::program::{Earn, Program};
use crate::store::{Record, View};
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Delta, Points, Quantity};
use chrono::TimeDelta;
use smallvec::SmallVec;

/// The program's rates as a transaction keeps them, with nothing earned yet. Whether the points can be redeemed or
/// transferred, and when they lapse, is what their definition says now (rules K1, K2, L5 and T9).
pub(crate) fn rates(program: &Program, view: &View<'_>) -> Result<Vec<Earned>, Rejection> {
    program.settings().earn.iter().map(|earn| rate(program, view, earn)).collect()
}

fn rate(program: &Program, view: &View<'_>, earn: &Earn) -> Result<Earned, Rejection> {
    let point = match earn.point_definition_id.map(|id| view.found.defined(id)) {
        None => None,
        Some(Some(Defined { definition: Definition::Point(point), .. })) => Some(point),
        Some(_) => return Err(Rejection::UnknownDefinition { field: "earn.point_definition_id".into() }),
    };
    Ok(Earned {
        points_rate: earn.points,
        amount_rate: earn.amount,
        point_scale: program.point_scale().decimals(),
        delay_days: earn.delay_days,
        period: earn.period,
        inactivity: point.and_then(PointDefinition::inactivity),
        definition_id: earn.point_definition_id,
        is_status: point.is_some_and(|point| !point.is_redeemable),
        is_reassignable: point.is_some_and(|point| point.is_reassignable),
        scope: earn.scope.clone().map(Box::new),
        points: Points::ZERO,
        written_off: Points::ZERO,
        lot: None,
    })
}

/// What stays earned at each rate, and in which lot, now that a transaction's total or lines are others. Its own entry is
/// written next, and right after it one for each rate that earns more or less.
pub(crate) fn plan(draft: &EntryBuilder<'_>, view: &View<'_>, transaction: &mut Transaction) {
    let bases: SmallVec<[Amount; 2]> =
        transaction.earned.iter().map(|earned| transaction.base(earned)).collect();
    let id = transaction.id;
    let mut sequence = draft.first.next_sequence();
    for ((earned, base), rate) in transaction.earned.iter_mut().zip(bases).zip(0..) {
        let points = earned.points_for(base);
        if points == earned.points {
            continue;
        }
        sequence = next_sequence(sequence);
        let has_lot = earned_lot(draft, view, earned).is_some();
        if points > earned.points && !has_lot {
            earned.lot = Some(LotId::made_by(draft.first.number(), sequence));
        }
        // What a manager adjusted away counts as taken, once.
        let less = earned.points.checked_sub(points).unwrap_or_default();
        let away = adjusted_away(view, Earner { transaction: id, rate });
        earned.written_off = earned.written_off.max(earned.written_off.plus(less).min(away));
        earned.points = points;
    }
}

/// Makes what stays earned what the transaction, less what came back of it, would have earned (rules X4 and K2).
pub(crate) fn settle(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    was: &[Earned],
    transaction: &Transaction,
) -> Result<(), Rejection> {
    for ((was, now), rate) in was.iter().zip(&transaction.earned).zip(0..) {
        let sale = Sale { transaction, earner: Earner { transaction: transaction.id, rate }, now };
        if now.points > was.points {
            earn(draft, view, was, sale)?;
        } else if now.points < was.points {
            claw_back(draft, view, was, sale)?;
        }
    }
    Ok(())
}

/// A transaction, and what it earns at one of its rates.
#[derive(Clone, Copy)]
struct Sale<'a> {
    transaction: &'a Transaction,
    earner: Earner,
    now: &'a Earned,
}

fn earn(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    was: &Earned,
    sale: Sale<'_>,
) -> Result<(), Rejection> {
    let Sale { earner, now, .. } = sale;
    let points = now.points.minus(was.points);
    if !draft.first.pot(now.kind()).has_room_for(points.into()) {
        return Err(too_much());
    }
    // What the transaction owes itself comes first, collected or not.
    let mut debts = draft.account().debts().clone();
    let clawed_back = debts.claw_back(earner, points.into());
    let left = points.minus(clawed_back.map_or(Points::ZERO, |recovered| recovered.points()));
    let paid_to_debt = debts.paid_by(left, now.status());
    let more = More { points, clawed_back, paid_to_debt, into_lot: left.minus(paid_to_debt) };
    match (earned_lot(draft, view, was), now.lot) {
        (Some(lot), _) => earn_more(draft, &lot, earner, now.status(), more),
        (None, Some(lot)) => issue(draft, sale, (lot, was.lot), more)?,
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
    was: &Earned,
    sale: Sale<'_>,
) -> Result<(), Rejection> {
    let Sale { transaction, earner, now } = sale;
    let points = was.points.minus(now.points);
    let written_off = now.written_off.minus(was.written_off);
    let mut left = points.minus(written_off);
    let (mut changes, mut held) = (Vec::new(), Vec::new());
    for lot in own_lots(draft, view, earner) {
        let (change, value) = taken(&lot, left);
        left = left.minus(value);
        changes.extend(change);
        if !lot.held.is_zero() {
            held.push(lot.now.lot);
        }
    }
    let Earner { transaction: id, rate } = earner;
    let sold_at = draft.account().debts().sold_at(earner).unwrap_or(transaction.transacted_at);
    let policy = draft.program.settings().clawback;
    let owed = Owed { transaction: id, rate, sold_at, policy, points: left, status: now.status(), held };
    // What came along in mergers may be owed as well (rule Q3).
    draft.first.point_debt().checked_add(owed.point_debt()).ok_or_else(too_much)?;
    let owed = Some(owed).filter(|owed| !owed.points.is_zero());
    let clawed = ClawedBack { transaction: id, rate, points, changes, written_off, owed };
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
    Earner { transaction, rate }: Earner,
    status: Option<DefinitionId>,
    more: More,
) {
    let More { clawed_back, paid_to_debt, into_lot, .. } = more;
    let value: Quantity = into_lot.into();
    let after = LotState { remaining: lot.now.remaining.plus(value), ..lot.now };
    let debt = (Bucket::Issued, Bucket::PaidToDebt, paid_to_debt.into());
    let change = changed(after, [(Bucket::Issued, after.standing.bucket(), value), debt]);
    let more = EarnedMore { transaction, rate, change, status, paid_to_debt, clawed_back };
    draft.write_for(Cause::Transaction(transaction), EntryKind::Earn(Box::new(more)));
}

/// Issues points in a new lot, less the points that were owed.
fn issue(
    draft: &mut EntryBuilder<'_>,
    sale: Sale<'_>,
    (lot, replaces): (LotId, Option<LotId>),
    more: More,
) -> Result<(), Rejection> {
    let Sale { transaction, earner, now: earned } = sale;
    let rate = earner.rate;
    let More { points, clawed_back, paid_to_debt, into_lot } = more;
    let (available_at, expires_at) = dates(transaction, earned)?;
    let origin =
        Some(Origin::Earned { transaction: transaction.id, rate, paid_to_debt, clawed_back, replaces });
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
            inactivity: earned.inactivity,
            extend_days: None,
            is_reassignable: earned.is_reassignable,
            is_extendable: false,
        },
        active_from: None,
        moves: 0,
        details: Some(Box::new(LotDetails { origin, ..LotDetails::default() })),
    };
    let issue = issue.with_activity(draft.first.active_at());
    draft.write_for(Cause::Transaction(transaction.id), EntryKind::Issue(issue));
    Ok(())
}

/// When earned points become available, and when they expire (rule X3).
fn dates(transaction: &Transaction, earned: &Earned) -> Result<(Timestamp, Expiry), Rejection> {
    let out_of_range = |_| Rejection::TimeOutOfRange { field: "transacted_at".into() };
    let delay = TimeDelta::days(earned.delay_days.into());
    let available_at = transaction.transacted_at.checked_add(delay).map_err(out_of_range)?;
    let expires_at = match earned.period {
        Some(period) => period.expiry(available_at, transaction.timezone),
        None => Ok(Expiry::NEVER),
    };
    Ok((available_at, expires_at.map_err(out_of_range)?))
}

/// The lot that a transaction earned, if it can take more: the account has it, and it was not reassigned.
fn earned_lot<'a>(draft: &EntryBuilder<'_>, view: &View<'a>, earned: &Earned) -> Option<LotRecord<'a>> {
    still_here(draft, view.found.lot(earned.lot?), earned.lot?).filter(|lot| lot.issue.owner().is_some())
}

/// A lot as its record has it, unless it belongs to another profile now.
fn still_here<'a>(draft: &EntryBuilder<'_>, record: Option<&Record<'a>>, id: LotId) -> Option<LotRecord<'a>> {
    let lot = LotRecord::find(&draft.first, record, id, draft.at)?;
    (!matches!(lot.now.standing, Standing::MovedTo(_))).then_some(lot)
}

/// The lot that the transaction earned at a rate, and those that stand in for it, in the order in which they came to be
/// (rule X5).
fn own_lots<'a>(draft: &EntryBuilder<'_>, view: &View<'a>, earner: Earner) -> Vec<LotRecord<'a>> {
    // One that had expired by then, was revoked or used up stayed with a profile that was merged into this one.
    let find = |id: LotId| {
        let here = still_here(draft, view.found.lot(id), id);
        here.or_else(|| still_here(draft, view.found.closed_lot(id), id))
    };
    let lots = view.found.own_lots.iter().filter_map(|(id, _)| find(*id));
    let mut lots: Vec<_> = lots.filter(|lot| lot.issue.owner() == Some(earner)).collect();
    let is_earned = |lot: &LotRecord<'_>| matches!(lot.issue.origin(), Some(Origin::Earned { .. }));
    lots.sort_by_key(|lot| (!is_earned(lot), lot.issue.issued_at, lot.now.lot));
    lots
}

/// What was adjusted away in the lots that the transaction earned at a rate, net, as long as they were its own.
fn adjusted_away(view: &View<'_>, earner: Earner) -> Points {
    let mut away = Delta::ZERO;
    let is_earned = |lot: LotId| {
        let record = view.found.lot(lot).or_else(|| view.found.closed_lot(lot));
        record.and_then(|record| record.made.issue_of(lot)).and_then(Issue::earner) == Some(earner)
    };
    let own = view.found.own_lots.iter().filter(|(lot, _)| is_earned(*lot));
    let entries = own.flat_map(|(_, entries)| entries);
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
