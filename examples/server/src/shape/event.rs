//! Events: what other systems hear.

use chrono::TimeDelta;
use scrip::journal::LotKind;
use scrip::time::Expiry;
use scrip::view::{Event, EventKind};
use scrip::{LotId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{Num, Time};

/// Something that happened to a profile, or is about to.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// The same event has the same id, however often it is told.
    id: String,
    /// `issued`, `redeemed`, `returned`, `expiring_soon`, `expired` or `transaction`.
    r#type: &'static str,
    profile_id: String,
    /// When it happened; of a coming expiry, when it was noticed.
    at: Option<Time>,
    /// Of a coming expiry: this many days before, or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    days: Option<i64>,
    /// The reward or lot of points.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    lot_id: Option<u64>,
    /// `reward` or `point`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    lot_type: Option<&'static str>,
    /// What was issued, has expired or will expire of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    value: Option<Num>,
    /// The time of issue, as it was said: before `at` for what an import brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    issued_at: Option<Time>,
    /// The last second in which it can be used; left out for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    definition_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    redemption_id: Option<u64>,
    /// The hold that was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    hold_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    return_id: Option<u64>,
    /// Whether a return undid the whole redemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    is_reversal: Option<bool>,
    /// What was redeemed or given back, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    total: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    transaction_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    is_deleted: Option<bool>,
}

/// The notice before an expiry: how many days before it is given, and how many before it the next one is.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    pub days: i64,
    pub next: i64,
}

impl EventOut {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn kind(&self) -> &'static str {
        self.r#type
    }

    /// An event as other systems hear it. A coming expiry is only told by the notice that is nearest to it.
    pub fn of(event: &Event, notice: Notice) -> Option<Self> {
        let told =
            Self { profile_id: event.profile_id.to_string(), at: Some(event.at.into()), ..Self::default() };
        // The number of an entry that is not written yet may become another's; of an expiry, lot and instant stay.
        let entry = |r#type: &str, id: u64| format!("{type}-{id}-{}", event.sequence);
        Some(match event.kind {
            EventKind::Issued { lot, lot_kind, value, issued_at, expires_at, definition_id } => Self {
                id: entry("issued", lot.get()),
                r#type: "issued",
                value: Some(value.into()),
                issued_at: Some(issued_at.into()),
                expires_at: Time::last(expires_at),
                definition_id: definition_id.map(|id| id.get()),
                ..told.about(lot, lot_kind)
            },
            EventKind::Redeemed { redemption, total, hold } => Self {
                id: entry("redeemed", redemption.get()),
                r#type: "redeemed",
                redemption_id: Some(redemption.get()),
                total: Some(total.into()),
                hold_id: hold.map(|id| id.get()),
                ..told
            },
            EventKind::Returned { id, redemption, total, is_reversal } => Self {
                id: entry("returned", id.get()),
                r#type: "returned",
                return_id: Some(id.get()),
                redemption_id: Some(redemption.get()),
                total: Some(total.into()),
                is_reversal: Some(is_reversal),
                ..told
            },
            EventKind::ExpiringSoon { lot, lot_kind, value, expires_at } => Self {
                id: format!("expiring-{}-{}-{}", notice.days, lot.get(), micros(expires_at)?),
                r#type: "expiring_soon",
                days: notice.is_nearest(event.at, expires_at).then_some(notice.days).map(Some)?,
                value: Some(value.into()),
                expires_at: Time::last(expires_at),
                ..told.about(lot, lot_kind)
            },
            EventKind::Expired { lot, lot_kind, value } => Self {
                id: format!("expired-{}-{}", lot.get(), event.at.micros()),
                r#type: "expired",
                value: Some(value.into()),
                ..told.about(lot, lot_kind)
            },
            EventKind::Transaction { transaction, is_deleted } => Self {
                id: entry("transaction", transaction.get()),
                r#type: "transaction",
                transaction_id: Some(transaction.get()),
                is_deleted: Some(is_deleted),
                ..told
            },
            _ => return None,
        })
    }

    fn about(self, lot: LotId, kind: LotKind) -> Self {
        let lot_type = if kind.is_points() { "point" } else { "reward" };
        Self { lot_id: Some(lot.get()), lot_type: Some(lot_type), ..self }
    }
}

impl Notice {
    /// Whether the next notice is still to come.
    fn is_nearest(self, at: Timestamp, expires_at: Expiry) -> bool {
        let next = at.checked_add(TimeDelta::days(self.next)).unwrap_or(Timestamp::MAX);
        !expires_at.is_past(next)
    }
}

fn micros(expires_at: Expiry) -> Option<i64> {
    expires_at.instant().map(|end| end.micros())
}
