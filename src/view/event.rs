//! What a shop's other systems want to hear: issued, redeemed, returned, expiring soon, expired.
//!
//! It comes from the journal, at least once and in order for each profile. Whoever listens keeps a [`Cursor`] and needs no
//! table beside it: an outbox is a loop over [`LedgerAt::events`](crate::LedgerAt::events).

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::engine::settled;
use crate::id::{
    DefinitionId, HoldId, LotId, ProfileId, ProfileNumber, RedemptionId, ReturnId, TransactionId,
};
use crate::journal::effect::Effect;
use crate::journal::{Balances, Bucket, Entry, EntryKind, LotKind, Standing};
use crate::store::{FeedEntry, Position};
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Quantity};

/// The position of a reader of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The position in the feed of entries.
    pub position: Position,
    /// The progress in expiries, written or not.
    pub due: Progress,
    /// The progress in coming expiries.
    pub expiring: Progress,
}

impl Cursor {
    /// The start: every event so far, and the coming expiries from now on.
    pub const START: Self =
        Self { position: Position::START, due: Progress::START, expiring: Progress::START };
}

/// The progress of reports by time: stretch by stretch, and profile by profile in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The end of the reported time; `None` before the first report.
    pub through: Option<Timestamp>,
    /// The next stretch, if it is partly reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<ExpiryCursor>,
}

/// The time after one instant, up to and at another.
pub(crate) type Stretch = (Timestamp, Timestamp);

impl Progress {
    const START: Self = Self { through: None, telling: None };

    /// The latest instant that was reported for some profiles.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.telling.map(|telling| telling.until).or(self.through)
    }

    /// The next stretch to report, and the profile to continue after: from `start`, if nothing was reported, to `end`.
    pub(crate) fn next(&self, start: Timestamp, end: Timestamp) -> Option<(Stretch, ProfileNumber)> {
        let start = self.through.unwrap_or(start);
        let (end, after) =
            self.telling.map_or((end, ProfileNumber::CATALOGUE), |telling| (telling.until, telling.after));
        (start < end).then_some(((start, end), after))
    }

    /// Records that these profiles were reported for a stretch, at most `limit` at a time; whether there may be more.
    pub(crate) fn told(&mut self, numbers: &[ProfileNumber], until: Timestamp, limit: usize) -> bool {
        self.telling = match numbers.last() {
            Some(after) if numbers.len() >= limit => Some(ExpiryCursor { until, after: *after }),
            _ => None,
        };
        if self.telling.is_none() {
            self.through = Some(until);
        }
        self.telling.is_some()
    }
}

/// A stretch of time that was reported for some profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryCursor {
    /// Its end.
    pub until: Timestamp,
    /// The last profile that was reported, by number.
    pub after: ProfileNumber,
}

/// Something that happened to a profile, or is about to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The profile.
    pub profile_id: ProfileId,
    /// When it happened; for a coming expiry, when it was noticed.
    pub at: Timestamp,
    /// The sequence number of its entry; for a coming expiry, the account's version.
    pub sequence: u32,
    /// Whether its entry is written. An expiry is reported before that (rule T7), and once more afterwards: until then
    /// another entry may take the sequence number, and the lot and the instant identify the event.
    pub is_written: bool,
    /// What.
    pub kind: EventKind,
}

/// What happened, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A lot was issued: by a request, by a purchase, for value that came back, or for value that another profile
    /// transferred.
    Issued {
        /// The lot.
        lot: LotId,
        /// What it holds.
        lot_kind: LotKind,
        /// How much.
        value: Quantity,
        /// The time of issue, as requested: an import brings lots of long ago.
        issued_at: Timestamp,
        /// When it expires.
        expires_at: Expiry,
        /// What it was issued from.
        definition_id: Option<DefinitionId>,
    },
    /// Value was redeemed.
    Redeemed {
        /// The redemption.
        redemption: RedemptionId,
        /// How much, in money.
        total: Amount,
        /// The hold that it captured.
        hold: Option<HoldId>,
    },
    /// Value was given back.
    Returned {
        /// The return.
        id: ReturnId,
        /// The redemption.
        redemption: RedemptionId,
        /// How much, in money.
        total: Amount,
        /// Whether that undid the whole redemption.
        is_reversal: bool,
    },
    /// A lot with value will expire within the lead time.
    ExpiringSoon {
        /// The lot.
        lot: LotId,
        /// What it holds.
        lot_kind: LotKind,
        /// How much of it would expire.
        value: Quantity,
        /// When.
        expires_at: Expiry,
    },
    /// A lot with value expired.
    Expired {
        /// The lot.
        lot: LotId,
        /// What it holds.
        lot_kind: LotKind,
        /// How much expired.
        value: Quantity,
    },
    /// A transaction was posted, changed or deleted.
    Transaction {
        /// The transaction.
        transaction: TransactionId,
        /// Whether it was deleted.
        is_deleted: bool,
    },
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The events, in order for each profile.
    pub events: Vec<Event>,
    /// The cursor of the next page. Store it once the events are handled; until then, they come again.
    pub cursor: Cursor,
    /// Whether there are more events.
    pub more: bool,
}

/// The events of an entry.
///
/// If it brings value into lots that expire before `soon`, their coming expiry is an event as well, as the expiries up to
/// `soon` were reported before.
pub(crate) fn of_entry(written: &FeedEntry, soon: Option<Timestamp>) -> Vec<Event> {
    written.profile.map_or(Vec::new(), |profile| of(profile, &written.entry, soon, true))
}

/// The events that fell due for an account within a stretch of time, and have no entry yet.
pub(crate) fn of_due(account: &Account, (start, end): Stretch, soon: Option<Timestamp>) -> Vec<Event> {
    let Some(profile) = account.profile().copied() else { return Vec::new() };
    let mut due = Vec::new();
    settled(account, end, &mut due);
    due.iter().filter(|entry| entry.at > start).flat_map(|entry| of(profile, entry, soon, false)).collect()
}

/// Whether an entry leaves lots with usable value that expire by an instant.
pub(crate) fn brings(entry: &Entry, by: Timestamp) -> bool {
    brought(entry).any(|lot| lot.expires_at.is_past(by))
}

fn of(profile_id: ProfileId, entry: &Entry, soon: Option<Timestamp>, is_written: bool) -> Vec<Event> {
    let event = |kind| Event { profile_id, at: entry.at, sequence: entry.sequence, is_written, kind };
    let mut events: Vec<Event> = happened(entry).map(event).into_iter().collect();
    events.extend(expired_on_release(entry).into_iter().map(event));
    if let Some(soon) = soon {
        events.extend(
            brought(entry).filter(|lot| lot.expires_at.is_past(soon)).map(|lot| event(lot.expiring())),
        );
    }
    events
}

fn happened(entry: &Entry) -> Option<EventKind> {
    Some(match &entry.kind {
        EntryKind::Issue(issue) => EventKind::Issued {
            lot: issue.lot,
            lot_kind: issue.kind,
            value: issue.value_remaining,
            issued_at: issue.issued_at,
            expires_at: issue.ends_at(),
            definition_id: issue.definition_id,
        },
        EntryKind::Redeem(redeemed) => {
            EventKind::Redeemed { redemption: redeemed.redemption, total: redeemed.total, hold: None }
        }
        EntryKind::Capture(capture) => EventKind::Redeemed {
            redemption: capture.redeem.redemption,
            total: capture.redeem.total,
            hold: Some(capture.hold),
        },
        EntryKind::Return(back) | EntryKind::Reversal(back) => EventKind::Returned {
            id: back.id,
            redemption: back.redemption.id,
            total: back.total,
            is_reversal: matches!(entry.kind, EntryKind::Reversal(_)),
        },
        EntryKind::Expire(expired) => {
            EventKind::Expired { lot: expired.after.lot, lot_kind: expired.after.kind, value: expired.value }
        }
        EntryKind::Transaction(change) => EventKind::Transaction {
            transaction: change.transaction.id,
            is_deleted: change.transaction.is_deleted,
        },
        _ => return None,
    })
}

/// The value that a hold releases into lots that expired meanwhile (rule H4).
fn expired_on_release(entry: &Entry) -> Vec<EventKind> {
    let mut expired = Vec::new();
    entry.effects(|effect| match effect {
        Effect::Free { lot, kind, value, to: Bucket::Expired } if !value.is_zero() => {
            expired.push(EventKind::Expired { lot, lot_kind: kind, value });
        }
        _ => {}
    });
    expired
}

struct Brought {
    lot: LotId,
    lot_kind: LotKind,
    value: Quantity,
    expires_at: Expiry,
}

impl Brought {
    fn expiring(&self) -> EventKind {
        let Self { lot, lot_kind, value, expires_at } = *self;
        EventKind::ExpiringSoon { lot, lot_kind, value, expires_at }
    }
}

/// The lots that an entry leaves with usable value.
fn brought(entry: &Entry) -> impl Iterator<Item = Brought> {
    let usable = |standing| matches!(standing, Standing::Usable | Standing::Pending(_));
    let left = entry
        .lot_states()
        .into_iter()
        .filter(move |after| usable(after.standing) && !after.remaining.is_zero());
    left.map(|after| Brought {
        lot: after.lot,
        lot_kind: after.kind,
        value: after.remaining,
        expires_at: after.ends_at(),
    })
}

/// Whether an entry may have put off the end of lots that it does not mention: an activity of a profile that has points
/// (rule T9).
pub(crate) fn may_keep(entry: &Entry) -> bool {
    let Balances { point_balance, point_pending, status_point_balance, status_point_pending, .. } =
        entry.balances;
    let points = [point_balance, point_pending, status_point_balance, status_point_pending];
    entry.active_at().is_some() && points.iter().any(|points| !points.is_zero())
}

/// The lots whose end some activities put off to within a stretch of time, which was reported before.
pub(crate) fn kept(account: &Account, active: &[Timestamp], stretch: Stretch, at: Timestamp) -> Vec<Event> {
    let kept = account.kept_by(active);
    let mut events = if kept.is_empty() { Vec::new() } else { expiring(account, stretch, at) };
    events.retain(|event| matches!(event.kind, EventKind::ExpiringSoon { lot, .. } if kept.contains(&lot)));
    events
}

/// The lots of an account at an instant that expire within a stretch of time with value that is not held.
pub(crate) fn expiring(account: &Account, (start, end): Stretch, at: Timestamp) -> Vec<Event> {
    let Some(profile_id) = account.profile().copied() else { return Vec::new() };
    let sequence = account.sequence();
    let mut due = Vec::new();
    let account = settled(account, at, &mut due);
    let queued = LotKind::ALL.into_iter().flat_map(|kind| account.lots(kind).map(move |lot| (kind, lot)));
    let pending = account.pending().map(|pending| (pending.kind, pending.with_current_end()));
    queued
        .chain(pending)
        .filter(|(_, lot)| !lot.expires_at.is_past(start) && lot.expires_at.is_past(end))
        .filter(|(_, lot)| !lot.unheld().is_zero())
        .map(|(lot_kind, lot)| Event {
            profile_id,
            at,
            sequence,
            is_written: false,
            kind: EventKind::ExpiringSoon {
                lot: lot.id,
                lot_kind,
                value: lot.unheld(),
                expires_at: lot.expires_at,
            },
        })
        .collect()
}
