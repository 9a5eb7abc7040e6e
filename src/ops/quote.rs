//! Quotes: the effect of a redemption, without committing it (rule C7).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::{Account, LiveLot};
use crate::engine::basket::{Reasons, Unpaying};
use crate::engine::late::{Late, Moments};
use crate::engine::sealed::Operation;
use crate::engine::{Halt, Rejection, check, more, settled};
use crate::id::LotId;
use crate::journal::draw::Draw;
use crate::journal::{Items, LotKind, LotState, PaidLines, Standing, Strategy};
use crate::ops::Redeem;
use crate::program::Program;
use crate::store::{Need, View};
use crate::time::Timestamp;
use crate::value::Amount;

/// What a redemption would take and from where, and why not from elsewhere.
///
/// Committing the same request while the account is at the same version does exactly this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quote {
    /// The requested amount.
    pub requested: Amount,
    /// The total that would be taken.
    pub total: Amount,
    /// The amount that each lot would give, in the order of use.
    pub items: Items,
    /// The lines that each item would pay, if the request says what is bought (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<PaidLines>,
    /// The other lots with value in them, in the order of use, those that expired last.
    pub unused: Vec<Unused>,
    /// The version of the account that the quote was made on.
    pub version: u32,
}

/// A lot that a redemption would not touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// The lot.
    pub lot: LotId,
    /// The kind of value in the lot.
    pub kind: LotKind,
    /// Why not.
    pub reason: UnusedReason,
}

/// Why a redemption would not touch a lot; where several reasons apply, the first of these (rule C7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedReason {
    /// Its time is over.
    Expired,
    /// It is not usable yet.
    Pending,
    /// Its whole remaining value is held.
    Held,
    /// Its points cannot be redeemed (rule K1).
    NotRedeemable,
    /// The request does not list its kind.
    NotInStrategy,
    /// It has a scope, and there is no line that it may pay (rule S3).
    NotEligible,
    /// The lines that it may pay cost less than its minimum spend (rule S2).
    BelowMinimum,
    /// The lines that it may pay are paid by the lots that are used (rule S4).
    Covered,
    /// The lots before it are enough.
    NotNeeded,
}

/// The need of a quote: that of a redemption, and the expired lots.
pub(crate) fn quote_need(program: &Program, redeem: &Redeem, at: Timestamp) -> Result<Need, Rejection> {
    let need = redeem.need()?;
    let occurred_at = need.occurred_at.filter(|then| *then >= program.late_from(at));
    Ok(Need { expired: true, occurred_at, ..need })
}

/// Plans a redemption on the account loaded for it.
pub(crate) fn quote(
    program: &Program,
    redeem: &Redeem,
    at: Timestamp,
    need: &Need,
    view: &View<'_>,
) -> Result<Quote, Halt> {
    redeem.check(program)?;
    more::open(need, view.first)?;
    let at = check::time(program, view.first, at)?;
    let mut due = Vec::new();
    let account = settled(view.first, at, &mut due);
    let mut reasons = Reasons::new();
    let find = |then| Late::find(program, &Moments { view, now: &account, due: &due, at }, then);
    let late = redeem.occurred_at.map(find).transpose()?.flatten();
    let plan = redeem.spend().plan_at(program, (&account, at), late.as_deref(), Some(&mut reasons))?;
    let mut unused = match &late {
        None => unused_live(redeem, &account, at, &plan.items, &reasons),
        Some(late) => unused_late(redeem, late, &plan.items, &reasons),
    };
    let fell_due: Vec<LotState> = due.iter().flat_map(|entry| entry.lot_states()).collect();
    let expired =
        view.found.expired.iter().chain(&fell_due).filter(|after| after.standing == Standing::Expired);
    let mut expired = expired.filter(|after| !after.remaining.is_zero()).peekable();
    if expired.peek().is_some() {
        // A lot may expire, and later the held part of it.
        let mut seen: BTreeSet<LotId> = unused.iter().map(|other| other.lot).collect();
        seen.extend(plan.items.iter().map(|item| item.lot));
        unused.extend(expired.filter(|after| seen.insert(after.lot)).map(|after| Unused {
            lot: after.lot,
            kind: after.kind,
            reason: UnusedReason::Expired,
        }));
    }
    let version = view.first.sequence();
    let Draw { items, total, details } = plan;
    let lines = details.and_then(|details| details.lines);
    Ok(Quote { requested: redeem.amount, total, items, lines, unused, version })
}

/// The same when it happened: what had not come yet then is pending (rule T10).
fn unused_late(redeem: &Redeem, late: &Late, used: &Items, reasons: &Reasons) -> Vec<Unused> {
    let mut unused = unused_live(redeem, &late.account, late.occurred_at, used, reasons);
    unused.extend(late.others.iter().map(|(lot, kind, was_over)| {
        let reason = if *was_over { UnusedReason::Expired } else { UnusedReason::Pending };
        Unused { lot: *lot, kind: *kind, reason }
    }));
    unused
}

fn unused_live(
    redeem: &Redeem,
    account: &Account,
    at: Timestamp,
    used: &Items,
    reasons: &Reasons,
) -> Vec<Unused> {
    let reason = |kind: LotKind, lot: &LiveLot| match kind {
        _ if lot.expires_at.is_past(at) => UnusedReason::Expired,
        _ if lot.unheld().is_zero() => UnusedReason::Held,
        LotKind::Status => UnusedReason::NotRedeemable,
        LotKind::Reward if !redeem.strategies.contains(&Strategy::Rewards) => UnusedReason::NotInStrategy,
        LotKind::Point if !redeem.strategies.contains(&Strategy::Points) => UnusedReason::NotInStrategy,
        _ => match reasons.get(&lot.id) {
            Some(Unpaying::NotEligible) => UnusedReason::NotEligible,
            Some(Unpaying::BelowMinimum) => UnusedReason::BelowMinimum,
            Some(Unpaying::Covered) => UnusedReason::Covered,
            None if redeem.lines.is_none() && account.scope(lot.id).is_some() => UnusedReason::NotEligible,
            None => UnusedReason::NotNeeded,
        },
    };
    let used: BTreeSet<LotId> = used.iter().map(|item| item.lot).collect();
    let mut unused = Vec::with_capacity(account.rewards().len());
    let mut leave_out = |kind: LotKind, lot: &LiveLot| {
        if !used.contains(&lot.id) {
            unused.push(Unused { lot: lot.id, kind, reason: reason(kind, lot) });
        }
    };
    account.rewards().for_each(|lot| leave_out(LotKind::Reward, lot));
    for kind in [LotKind::Point, LotKind::Status] {
        account.lots(kind).for_each(|lot| leave_out(kind, &lot));
    }
    unused.extend(account.pending().map(|pending| Unused {
        lot: pending.lot.id,
        kind: pending.kind,
        reason: UnusedReason::Pending,
    }));
    unused.extend(account.overdue().map(|overdue| Unused {
        lot: overdue.lot.id,
        kind: overdue.kind,
        reason: UnusedReason::Expired,
    }));
    unused
}
