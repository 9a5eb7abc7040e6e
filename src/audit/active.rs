//! The activity of a profile, and the lots that lapse without it (rule T9).

use chrono::TimeDelta;

use super::lots::LotRecord;
use super::{Check, Step, ensure, same};
use crate::journal::{Entry, EntryKind, Inactivity, Issue, LotState, Origin};
use crate::time::{Expiry, Period, PeriodType, Timestamp};

/// An activity: the instant that lots are kept from, and the one at which the journal tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    told: Timestamp,
    from: Timestamp,
}

impl Active {
    /// The activity that an entry tells of.
    pub(super) fn told_by(entry: &Entry) -> Option<Self> {
        let told = entry.at;
        let from = match &entry.kind {
            EntryKind::MergeIn(merged) => merged.active_at,
            EntryKind::Redeem(redeemed) if entry.is_activity => {
                Some(redeemed.late().map_or(told, |late| late.occurred_at))
            }
            _ => entry.is_activity.then_some(told),
        };
        from.map(|from| Self { told, from })
    }
}

/// Checks that only an entry that is an activity counts as one.
pub(super) fn check_activity(step: &Step<'_>) -> Check {
    let can_count = step.entry.activity(step.number()).is_some();
    let is_right = can_count || !step.entry.is_activity;
    ensure("T9", "is_activity", is_right, &step.entry.is_activity, format_args!("false"))
}

/// Checks the activity that a lot takes along: the profile's, or a later one of the profile that it came from.
pub(super) fn check_active_from(step: &Step<'_>, issue: &Issue) -> Check {
    let last = step.last_active().filter(|active| *active > issue.available_at);
    let last = last.filter(|_| issue.terms.inactivity.is_some());
    let is_from_elsewhere = matches!(issue.origin(), Some(Origin::Transferred { .. })) || issue.moves > 0;
    match issue.active_from {
        Some(active) if is_from_elsewhere && issue.terms.inactivity.is_some() => {
            let is_right = Some(active) >= last && active > issue.available_at && active <= step.at();
            let expected = format_args!("the last activity");
            ensure("T9", "active_from", is_right, &issue.active_from, expected)
        }
        found => same("T9", "active_from", &found, &last),
    }
}

impl Step<'_> {
    /// The last activity before the entry.
    pub(super) fn last_active(&self) -> Option<Timestamp> {
        self.active.iter().map(|active| active.from).max()
    }

    /// The last activity that was told of by an instant.
    pub(super) fn active_by(&self, at: Timestamp) -> Option<Timestamp> {
        let known = self.active.partition_point(|active| active.told <= at);
        self.active.get(..known).unwrap_or_default().iter().map(|active| active.from).max()
    }
}

impl LotRecord {
    /// The lot's state at an entry, but for its standing: where the lot lapsed by then, that is its expiry.
    pub(super) fn lasted(&self, step: &Step<'_>) -> LotState {
        let Some(inactivity) = self.now.inactivity.filter(|it| !it.has_lapsed) else { return self.now };
        let mut from = inactivity.from;
        let later = step.active.partition_point(|active| active.told <= inactivity.from);
        for active in step.active.get(later..).unwrap_or_default() {
            if may_end_by(inactivity.period, from, active.told) {
                let end = Inactivity { from, ..inactivity }.end();
                if end.is_past(active.told) {
                    break;
                }
            }
            from = from.max(active.from);
        }
        let counted = Inactivity { from, ..inactivity };
        LotState { inactivity: Some(counted), ..self.now }.ended(counted.end(), step.at())
    }

    /// The end of the lot's use at an entry, were its own end this one.
    pub(super) fn end_with(&self, expires_at: Expiry, step: &Step<'_>) -> Expiry {
        let record = Self { now: LotState { expires_at, ..self.now }, ..self.clone() };
        record.lasted(step).ends_at()
    }
}

/// Whether a period may be over: no month has fewer than 28 days, and no day fewer than 23 hours or so. Most are not, and
/// that is seen without a calendar.
fn may_end_by(period: Period, from: Timestamp, at: Timestamp) -> bool {
    let days = match period.unit {
        PeriodType::Days => 1_i64,
        PeriodType::Weeks => 7,
        PeriodType::Months => 28,
        _ => 365,
    };
    let least = days.saturating_mul(period.count.into()).saturating_sub(2).max(0);
    let least = TimeDelta::try_days(least).unwrap_or(TimeDelta::MAX);
    at.to_datetime().signed_duration_since(from.to_datetime()) >= least
}
