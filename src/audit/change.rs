//! Lots that were extended, revoked or adjusted (rules L1, L3 and L4).

use std::collections::BTreeSet;

use super::lots::{LotRecord, NONE, lot_change, same_change, same_facts};
use super::{Check, Past, Step, ensure, same};
use crate::journal::{Bucket, Corrected, Issue, LotChange, LotState, Standing};
use crate::time::Expiry;
use crate::value::Quantity;

impl Past {
    pub(super) fn extend(&mut self, step: &Step<'_>, changes: &[LotChange]) -> Check {
        let mut seen = BTreeSet::new();
        ensure("L1", "extend", !changes.is_empty(), &changes, format_args!("at least one lot"))?;
        for change in changes {
            let (lot, expires_at) = (change.after.lot, change.after.expires_at);
            let record = self.lot("after.lot", lot)?;
            let now = record.at(step);
            let is_open = seen.insert(lot)
                && record.issue.terms.is_extendable
                && is_here(&now)
                && now.expires_at != Expiry::NEVER
                && !now.remaining.is_zero()
                && !now.has_lapsed();
            ensure("L1", "after.lot", is_open, &lot, format_args!("a lot that can be extended"))?;
            let is_later = expires_at >= now.expires_at;
            ensure("L1", "after.expires_at", is_later, &expires_at, format_args!("no earlier than it was"))?;
            let standing = record.standing_until(expires_at, step.at());
            let is_over = record.end_with(expires_at, step).is_past(step.at());
            let is_right = is_over == expires_at.is_past(step.at());
            ensure(
                "T9",
                "after.expires_at",
                is_right,
                &expires_at,
                format_args!("of a lot that has not lapsed"),
            )?;
            let after = LotState { expires_at, standing, ..now };
            let is_back = now.standing == Standing::Expired;
            let value = if is_back { record.unheld() } else { Quantity::ZERO };
            let moves = [(Bucket::Expired, standing.bucket(), value), NONE];
            same_change(change, &record.change(step, after, moves))?;
            record.now = after;
        }
        Ok(())
    }

    pub(super) fn revoke(&mut self, step: &Step<'_>, corrected: &Corrected) -> Check {
        let record = self.lot("change.after.lot", corrected.change.after.lot)?;
        let now = record.at(step);
        let is_open = is_here(&now) && record.held.is_zero();
        ensure("L4", "change.after.lot", is_open, &now.lot, format_args!("a lot that can be revoked"))?;
        let after = LotState { standing: Standing::Revoked, ..now };
        let moves = [(now.standing.bucket(), Bucket::Revoked, now.remaining), NONE];
        same_change(&corrected.change, &lot_change(after, moves))?;
        same("X5", "clawed_back", &corrected.clawed_back, &None)?;
        ensure("L3", "issue", corrected.issue.is_none(), &corrected.issue, format_args!("none"))?;
        ensure(
            "L3",
            "external_id",
            corrected.external_id.is_none(),
            &corrected.external_id,
            format_args!("none"),
        )?;
        same("L3", "lapsed_from", &corrected.lapsed_from, &None)?;
        same("L3", "own_end", &corrected.own_end, &None)?;
        record.now = after;
        Ok(())
    }

    pub(super) fn adjust(&mut self, step: &Step<'_>, corrected: &Corrected) -> Check {
        let LotState { lot, remaining, expires_at, .. } = corrected.change.after;
        let record = self.lot("change.after.lot", lot)?;
        let now = record.at(step);
        ensure("L3", "change.after.lot", is_here(&now), &lot, format_args!("a lot that can be adjusted"))?;
        let held = record.held;
        ensure(
            "L4",
            "change.after.remaining",
            remaining >= held,
            &remaining,
            format_args!("at least {held}"),
        )?;
        let standing = record.standing_until(expires_at, step.at());
        let given = if now.has_lapsed() { now.expires_at } else { expires_at };
        let own = corrected.own_end.map_or(given, Expiry::at);
        let mut after = LotState { expires_at, remaining, standing, ..now };
        let (mut lapsed_from, mut own_end) = (None, None);
        if now.standing == Standing::Expired && standing != Standing::Expired {
            // A correction brings back what lapsed, and the period begins again.
            lapsed_from = now.inactivity.filter(|it| it.has_lapsed).map(|it| it.from);
            after.inactivity = record.issue.inactivity_from(step.at());
        } else {
            let end = now.lapse().unwrap_or_else(|| record.end_with(own, step));
            after = LotState { expires_at: own, ..after }.ended(end, step.at());
            own_end = corrected.own_end.filter(|_| after.has_lapsed());
        }
        same("T9", "lapsed_from", &corrected.lapsed_from, &lapsed_from)?;
        same("T9", "own_end", &corrected.own_end, &own_end)?;
        let (from, to) = (now.standing.bucket(), standing.bucket());
        // An upward correction is clawed back first, up to the points that the lot's transaction owes.
        let gone = corrected.clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value());
        let asked = remaining.checked_add(gone).unwrap_or(Quantity::MAX_TOTAL);
        let up = asked.checked_sub(now.remaining);
        let owner = record.issue.owner();
        let expected =
            owner.zip(up).and_then(|(owner, up)| step.account.debts().clone().claw_back(owner, up));
        same("X5", "clawed_back", &corrected.clawed_back, &expected)?;
        let less = now.remaining.checked_sub(remaining).unwrap_or_default();
        let moves = match up {
            Some(more) => [(from, to, record.unheld()), (Bucket::Adjusted, to, more.minus(gone))],
            None => [(from, Bucket::Adjusted, less), (from, to, remaining.minus(held))],
        };
        same_change(&corrected.change, &record.change(step, after, moves))?;
        let has_reason = corrected.reason.as_ref().is_some_and(|reason| !reason.is_empty());
        ensure("L3", "reason", has_reason, &corrected.reason, format_args!("a reason"))?;
        let named = record.external_id.as_ref().filter(|_| corrected.issue.is_some());
        same("D5", "external_id", &corrected.external_id.as_ref(), &named)?;
        record.now = after;
        corrected.issue.as_ref().map_or(Ok(()), |issue| record.correct(issue))?;
        if let Some(owner) = owner {
            let away = self.adjusted_away.entry(owner).or_default();
            *away = up.map_or_else(|| away.up(less), |more| away.down(more));
        }
        Ok(())
    }
}

impl LotRecord {
    /// Replaces the lot's fixed facts by the corrected ones.
    fn correct(&mut self, issue: &Issue) -> Check {
        same_facts(issue, &self.issue)?;
        same("L2", "issue.moves", &issue.moves, &self.issue.moves)?;
        same("L3", "issue.value_remaining", &issue.value_remaining, &self.now.remaining)?;
        same("L3", "issue.expires_at", &issue.expires_at, &self.now.expires_at)?;
        let from = self.now.inactivity.map(|inactivity| inactivity.from);
        let active_from = self.issue.active_from.max(from.filter(|from| *from > issue.available_at));
        same("T9", "issue.active_from", &issue.active_from, &active_from)?;
        let meta = |issue: &Issue| issue.details.as_ref().is_some_and(|details| details.meta.is_some());
        let is_kept = meta(issue) || !meta(&self.issue);
        ensure("L3", "issue.details.meta", is_kept, &issue.details, format_args!("as it was, or another"))?;
        self.issue = issue.clone();
        Ok(())
    }
}

/// Whether a lot is neither revoked nor with another profile.
fn is_here(now: &LotState) -> bool {
    !now.standing.is_gone()
}
