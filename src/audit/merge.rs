//! Profiles that were merged (rule L2).

use std::collections::BTreeMap;

use super::spend::check_placed;
use super::transfer_value::check_day;
use super::{Check, Fault, Past, Step, ensure, same};
use crate::account::Account;
use crate::id::{HoldId, LotId, ProfileNumber};
use crate::journal::{Cause, EntryKind, KindTotals, LotKind, MergedIn, MergedOut, Movement, Sent};
use crate::value::Quantity;

/// A profile that is being merged into this one: the lots that came, with the held part of each.
#[derive(Debug)]
pub(super) struct Arrival {
    from: ProfileNumber,
    held: BTreeMap<LotId, Quantity>,
}

impl Past {
    /// Checks that a merger is complete: a closed profile's live lots leave, and nothing else is written afterwards;
    /// lots that arrive are followed by the merger's own entry.
    pub(super) fn check_merger(&self, step: &Step<'_>) -> Check {
        let account = step.account;
        let kind = &step.entry.kind;
        let is_merge = step.entry.cause == Cause::Merge;
        if account.merged_into().is_some() {
            let leaves = match kind {
                EntryKind::ReassignOut(moved) => account.live(moved.change.after.lot, step.at()),
                _ => None,
            };
            if leaves.is_none() {
                return Err(Fault::new("L2", "kind", &step.kind(), "nothing but the lots that leave"));
            }
        }
        let is_right = match (&self.arrival, kind) {
            (None, _) => true,
            (Some(_), EntryKind::ReassignIn(_)) => is_merge,
            (Some(_), kind) => matches!(kind, EntryKind::MergeIn(_)),
        };
        if is_right { Ok(()) } else { Err(Fault::new("L2", "kind", &step.kind(), "the rest of the merger")) }
    }

    pub(super) fn merge_out(&self, step: &Step<'_>, merged: &MergedOut) -> Check {
        let account = step.account;
        let is_right = account.merged_into().is_none() && merged.into != step.number();
        ensure("L2", "into", is_right, &merged.into, format_args!("another profile, once"))?;
        let holds: Vec<HoldId> = account.holds().map(|hold| hold.hold).collect();
        same("L2", "holds", &merged.holds, &holds)?;
        same("X4", "point_debt", &merged.point_debt, &account.totals().point_debt)?;
        let history = LotKind::ALL.into_iter().flat_map(|kind| account.pot(kind).history(kind));
        same("L2", "moved", &merged.moved, &history.collect())
    }

    /// Checks a merger. Debts, the amounts that holds requested, and the history's totals are taken as stated.
    pub(super) fn merge_in(&mut self, step: &Step<'_>, merged: &MergedIn) -> Check {
        let account = step.account;
        let arrival = self.arrival.take().unwrap_or(Arrival { from: merged.from, held: BTreeMap::new() });
        same("L2", "from", &merged.from, &arrival.from)?;
        let mut numbers = account.merged_from().to_vec();
        numbers.push(account.number());
        for number in [merged.from].iter().chain(&merged.before) {
            let is_new = !numbers.contains(number);
            ensure(
                "L2",
                "from",
                is_new,
                number,
                format_args!("a profile that was not merged into this one"),
            )?;
            numbers.push(*number);
        }
        let mut held: BTreeMap<LotId, Quantity> = BTreeMap::new();
        for hold in &merged.holds {
            check_placed(step, hold)?;
            let number = hold.hold.number();
            let is_theirs = number == merged.from || merged.before.contains(&number);
            ensure("J1", "holds.hold", is_theirs, &hold.hold, format_args!("a hold of that profile"))?;
            for item in &hold.items {
                let of_lot = held.entry(item.lot).or_default();
                *of_lot = of_lot.plus(item.value());
            }
        }
        let arrived: BTreeMap<LotId, Quantity> =
            arrival.held.into_iter().filter(|(_, held)| !held.is_zero()).collect();
        same("H1", "holds.items", &held, &arrived)?;
        for owed in &merged.owed {
            let number = owed.transaction.number();
            let is_theirs = number == merged.from || merged.before.contains(&number);
            let id = &owed.transaction;
            ensure("X5", "owed.transaction", is_theirs, id, format_args!("a transaction of that profile"))?;
            let is_some = !owed.points.is_zero();
            ensure("X5", "owed.points", is_some, &owed.points, format_args!("more than nothing"))?;
        }
        let (last, active) = (step.last_active(), merged.active_at);
        let is_right = active >= last && active.is_none_or(|active| active <= step.at());
        ensure("T9", "active_at", is_right, &active, format_args!("the last activity of either profile"))?;
        check_history(&merged.moved)?;
        check_sent(step, &merged.sent)
    }

    /// Records a lot that arrives in a merger.
    pub(super) fn arrives(
        &mut self,
        step: &Step<'_>,
        from: ProfileNumber,
        lot: LotId,
        held: Quantity,
    ) -> Check {
        let is_new = !step.account.merged_from().contains(&from);
        ensure("L2", "from", is_new, &from, format_args!("a profile that was not merged into this one"))?;
        let arrival = self.arrival.get_or_insert(Arrival { from, held: BTreeMap::new() });
        same("L2", "from", &from, &arrival.from)?;
        arrival.held.insert(lot, held);
        Ok(())
    }
}

/// Checks that history comes from another profile, each bucket at most once and in order.
fn check_history(moved: &Vec<Movement>) -> Check {
    let stated = LotKind::ALL.into_iter().flat_map(|kind| {
        let mut totals = KindTotals::default();
        moved.iter().filter(|it| it.kind == kind).for_each(|it| totals.shift(*it));
        totals.history(kind).map(Movement::back).collect::<Vec<_>>()
    });
    same("L2", "moved", moved, &stated.collect())
}

/// Checks what the other profile transferred on the day: something of each kind, at most once and in order.
fn check_sent(step: &Step<'_>, sent: &[Sent]) -> Check {
    let mut last = None;
    for it in sent {
        ensure("L5", "sent.kind", Some(it.kind) > last, &it.kind, format_args!("each kind once"))?;
        last = Some(it.kind);
        ensure("L5", "sent.value", !it.value.is_zero(), &it.value, format_args!("something"))?;
        check_day(step, "sent.until", it.until)?;
    }
    Ok(())
}

/// Whether the account still has lots that a merger takes along.
pub(super) fn has_live_lots(account: &Account) -> bool {
    LotKind::ALL.iter().any(|kind| account.lots(*kind).len() > 0)
        || account.pending().len() > 0
        || account.overdue().len() > 0
}
