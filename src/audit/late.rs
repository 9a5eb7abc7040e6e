//! Late redemptions: which lots could give when it happened, and what they had left at the decision (rule T10).

use std::collections::BTreeMap;

use super::lots::{LotRecord, NONE, lot_change, same_change};
use super::spend::Offer;
use super::{Check, Past, Step, ensure, same};
use crate::id::LotId;
use crate::journal::order::Rank;
use crate::journal::{Bucket, Entry, Inactivity, Late, LotKind, LotState, Redeemed, Standing};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// The expiry of a lot from an entry on, and whether the lot was here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    from: Timestamp,
    expires_at: Expiry,
    inactivity: Option<Inactivity>,
    is_here: bool,
}

/// A lot that could give.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) lot: LotId,
    pub(super) kind: LotKind,
    pub(super) available: Quantity,
    pub(super) is_scoped: bool,
}

impl Terms {
    /// The lot's own end, and its period without activity, if it had not lapsed.
    pub(super) fn unlapsed(&self) -> Option<(Expiry, Inactivity)> {
        Some(self.expires_at).zip(self.inactivity.filter(|it| !it.has_lapsed))
    }
}

impl Past {
    /// Keeps the terms of each lot that an entry gives the state of.
    pub(super) fn keep_terms(&mut self, entry: &Entry) {
        for after in entry.lot_states() {
            let is_here = !after.standing.is_gone();
            let own_end = entry.corrected().and_then(|corrected| corrected.own_end);
            let (expires_at, inactivity) = match own_end {
                Some(own) => {
                    (Expiry::at(own), after.inactivity.map(|it| Inactivity { has_lapsed: false, ..it }))
                }
                None => (after.expires_at, after.inactivity),
            };
            let now = Terms { from: entry.at, expires_at, inactivity, is_here };
            let known = self.terms.entry(after.lot).or_default();
            if known.last().is_none_or(|last| Terms { from: now.from, ..*last } != now) {
                known.push(now);
            }
        }
    }

    /// The lots that could give, in the order of use as of then.
    pub(super) fn offer_then(&self, step: &Step<'_>, late: &Late) -> Check<Offer<'static>> {
        let (then, at) = (late.occurred_at, step.at());
        ensure("T10", "details.late.occurred_at", then < at, &then, format_args!("before {at}"))?;
        let mut candidates = Vec::new();
        for record in self.lots.values() {
            if let Some(expires_at) = self.expiry_then(step, record, then) {
                candidates.push((Rank(expires_at, record.now.tie()), record));
            }
        }
        candidates.sort_unstable_by_key(|(rank, _)| *rank);
        let candidate = |record: &LotRecord| Candidate {
            lot: record.now.lot,
            kind: record.now.kind,
            available: record.unheld(),
            is_scoped: record.issue.scope().is_some(),
        };
        Ok(Offer::Then(candidates.into_iter().map(|(_, record)| candidate(record)).collect()))
    }

    /// The expiry that a lot had then, with the activities by then that were sent late since; `None` if it could not be used, or
    /// is gone by now.
    fn expiry_then(&self, step: &Step<'_>, record: &LotRecord, then: Timestamp) -> Option<Expiry> {
        let known = self.terms.get(&record.now.lot)?;
        let mut told = known.iter().rev().skip_while(|terms| terms.from > then).peekable();
        let terms = *told.peek()?;
        let is_here = terms.is_here && !record.now.standing.is_gone();
        let end = match told.find_map(Terms::unlapsed) {
            Some((own, inactivity)) => own.min(step.counted_by(inactivity, then).end()),
            None => terms.expires_at,
        };
        let is_usable = record.issue.available_at <= then && !end.is_past(then);
        (is_here && is_usable).then_some(end)
    }

    /// Checks the lots that have expired since: what was taken came back, and the rest of those that the activity keeps
    /// beyond the decision.
    pub(super) fn check_revived(&mut self, step: &Step<'_>, redeemed: &Redeemed, late: &Late) -> Check {
        let active = step.entry.is_activity.then_some(late.occurred_at);
        let mut taken: BTreeMap<LotId, Quantity> = BTreeMap::new();
        for item in &redeemed.items {
            self.lot("items.lot", item.lot)?;
            taken.insert(item.lot, item.value());
        }
        let mut revived = late.revived.iter();
        for (id, record) in &mut self.lots {
            let value = taken.get(id).copied().unwrap_or_default();
            let now = record.at(step);
            if now.standing != Standing::Expired {
                record.now.remaining = record.now.remaining.minus(value);
                continue;
            }
            let known = self.terms.get(id).map(Vec::as_slice).unwrap_or_default();
            let kept = active.and_then(|active| record.kept(step, known, active));
            if kept.is_none() && value.is_zero() {
                continue;
            }
            let state = kept.unwrap_or(now);
            let after = LotState { remaining: state.remaining.minus(value), ..state };
            let back = (Bucket::Expired, after.standing.bucket(), record.unheld().minus(value));
            let found = revived.next();
            same("T10", "details.late.revived", &found.map(|change| change.after.lot), &Some(*id))?;
            found.map_or(Ok(()), |found| same_change(found, &lot_change(after, [back, NONE])))?;
            record.now = after;
        }
        same("T10", "details.late.revived", &revived.next(), &None)
    }
}
