//! The activity of a profile, and the lots that lapse without it (rule T9).

use chrono::TimeDelta;

use super::late::Terms;
use super::lots::LotRecord;
use super::{Check, Step, ensure, same};
use crate::journal::{Entry, EntryKind, Inactivity, Issue, LotState, Origin, Redeemed, Standing};
use crate::time::{Expiry, Period, PeriodType, Timestamp};

/// An activity: when it counts, and the instant that lots are kept from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    at: Timestamp,
    from: Timestamp,
}

impl Active {
    /// The activity that an entry tells of.
    fn from_entry(entry: &Entry) -> Option<Self> {
        let late = entry.redeemed().and_then(Redeemed::late).map(|late| late.occurred_at);
        match &entry.kind {
            EntryKind::MergeIn(merged) => merged.active_at.map(|from| Self { at: entry.at, from }),
            _ if !entry.is_activity => None,
            _ => late.or(Some(entry.at)).map(|at| Self { at, from: at }),
        }
    }

    /// Adds the activity that an entry tells of to those before, in the order in which they count.
    pub(super) fn add(active: &mut Vec<Self>, entry: &Entry) {
        if let Some(new) = Self::from_entry(entry) {
            let place = active.partition_point(|known| known.at <= new.at);
            active.insert(place, new);
        }
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

    /// A period that is counted on from each activity by an instant.
    pub(super) fn counted_by(&self, inactivity: Inactivity, at: Timestamp) -> Inactivity {
        let by_then = self.active.iter().filter(|active| active.at > inactivity.from && active.at <= at);
        counted(inactivity, by_then.map(|active| (active.at, active.from)))
    }
}

impl LotRecord {
    /// The lot's state at an entry, except its standing; if the lot had lapsed by then, it expired when it lapsed.
    pub(super) fn lasted(&self, step: &Step<'_>) -> LotState {
        let Some(inactivity) = self.now.inactivity.filter(|it| !it.has_lapsed) else { return self.now };
        let later = step.active.partition_point(|active| active.at <= inactivity.from);
        let later = step.active.get(later..).unwrap_or_default();
        let counted = counted(inactivity, later.iter().map(|active| (active.at, active.from)));
        LotState { inactivity: Some(counted), ..self.now }.ended(counted.end(), step.at())
    }

    /// The lot's state at a late redemption that had ended by then, with the activity that this was: told from how the lot
    /// stood before it lapsed. `None` if the activity changes nothing (rules T9 and T10).
    pub(super) fn kept(&self, step: &Step<'_>, known: &[Terms], active: Timestamp) -> Option<LotState> {
        let now = self.at(step);
        let lapsed = now.inactivity.filter(|it| it.has_lapsed && now.standing == Standing::Expired)?;
        let is_counted = self.now.has_lapsed() || !self.now.remaining.is_zero();
        if !is_counted || lapsed.from >= active || lapsed.end().is_past(active) {
            return None;
        }
        let (expires_at, inactivity) = known.iter().rev().find_map(Terms::unlapsed)?;
        let mut all: Vec<_> = step.active.iter().map(|active| (active.at, active.from)).collect();
        all.push((active, active));
        all.sort_by_key(|(at, _)| *at);
        let counted = counted(inactivity, all.into_iter().filter(|(at, _)| *at > inactivity.from));
        let kept = LotState { expires_at, inactivity: Some(counted), ..now };
        let kept = kept.ended(kept.ends_at(), step.at());
        Some(LotState { standing: self.standing_until(kept.expires_at, step.at()), ..kept })
    }

    /// The end of the lot's use at an entry, were its own end this one.
    pub(super) fn end_with(&self, expires_at: Expiry, step: &Step<'_>) -> Expiry {
        let record = Self { now: LotState { expires_at, ..self.now }, ..self.clone() };
        record.lasted(step).ends_at()
    }
}

/// A period that is counted on from each activity that comes before it is over.
fn counted(inactivity: Inactivity, later: impl Iterator<Item = (Timestamp, Timestamp)>) -> Inactivity {
    let mut from = inactivity.from;
    for (at, active) in later {
        if may_end_by(inactivity.period, from, at) && (Inactivity { from, ..inactivity }).end().is_past(at) {
            break;
        }
        from = from.max(active);
    }
    Inactivity { from, ..inactivity }
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
