//! A lot, as callers receive it.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::definition::Terms;
use crate::id::{DefinitionId, ExternalId, LotId, ProfileId};
use crate::journal::{Issue, LotDetails, LotKind};
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Points, Quantity};

/// A reward: one lot of money issued to a profile.
pub type Reward = Lot<Amount>;

/// One lot of points issued to a profile.
pub type PointLot = Lot<Points>;

/// One lot of value at the instant asked for: a [`Reward`] or a [`PointLot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lot<Q> {
    /// Its id.
    pub id: LotId,
    /// The profile that it was issued to, or moved to.
    pub profile_id: ProfileId,
    /// The definition that it was issued from.
    pub definition_id: Option<DefinitionId>,
    /// Its initial value.
    pub value_initial: Q,
    /// The remaining value, held value included (rule L4): zero, once it was revoked or moved to another profile.
    pub value_remaining: Q,
    /// The part of it that holds set aside (rule H1).
    pub value_held: Q,
    /// Its status: whether it can be used, and why not.
    pub status: LotStatus,
    /// The time of issue, as requested.
    pub issued_at: Timestamp,
    /// The time at which it became or becomes usable.
    pub available_at: Timestamp,
    /// The end of its use, as it stands: without further activity, for a lot that lapses for inactivity (rule T9).
    pub expires_at: Expiry,
    /// Whether activity puts that end off: its own end, if it has one, is later (rule T9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_kept_by_activity: bool,
    /// The terms frozen in it at issue (rule D3).
    pub terms: Terms,
    /// Whether it can be redeemed: status points cannot (rule K1).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub is_redeemable: bool,
    /// Whether it had expired at issue (rule D7): a migration, or a slip. Only the outcome of the issue has this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrived_expired: bool,
    /// The caller's own id of the lot (rule D5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Its origin, and the caller's attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<LotDetails>>,
}

const fn yes() -> bool {
    true
}

impl<Q: From<Quantity>> Lot<Q> {
    /// The state of a lot at its issue.
    pub(crate) fn at_issue(
        profile_id: ProfileId,
        at: Timestamp,
        issue: &Issue,
        external_id: Option<ExternalId>,
    ) -> Self {
        Self {
            id: issue.lot,
            profile_id,
            definition_id: issue.definition_id,
            value_initial: issue.value_initial.into(),
            value_remaining: issue.value_remaining.into(),
            value_held: Quantity::ZERO.into(),
            status: issue.standing(at).status(issue.value_remaining, Quantity::ZERO),
            issued_at: issue.issued_at,
            available_at: issue.available_at,
            expires_at: issue.ends_at(),
            is_kept_by_activity: issue.ends_at() < issue.expires_at && !issue.ends_at().is_past(at),
            terms: issue.terms,
            is_redeemable: issue.kind != LotKind::Status,
            arrived_expired: false,
            external_id,
            details: issue.details.clone(),
        }
    }
}

impl Lot<Quantity> {
    /// The lot as money or as points; the caller knows its kind.
    pub fn of<Q: From<Quantity>>(self) -> Lot<Q> {
        Lot {
            id: self.id,
            profile_id: self.profile_id,
            definition_id: self.definition_id,
            value_initial: self.value_initial.into(),
            value_remaining: self.value_remaining.into(),
            value_held: self.value_held.into(),
            status: self.status,
            issued_at: self.issued_at,
            available_at: self.available_at,
            expires_at: self.expires_at,
            is_kept_by_activity: self.is_kept_by_activity,
            terms: self.terms,
            is_redeemable: self.is_redeemable,
            arrived_expired: self.arrived_expired,
            external_id: self.external_id,
            details: self.details,
        }
    }
}

impl<Q> Lot<Q> {
    /// The local time of issue in the lot's zone.
    pub fn issued_local_at(&self) -> NaiveDateTime {
        self.terms.timezone.local(self.issued_at)
    }

    /// The local time of its last second of use, in the lot's zone; `None` if it never expires (rule T5).
    pub fn expires_local_at(&self) -> Option<NaiveDateTime> {
        self.expires_at.last_second().map(|last| self.terms.timezone.local(last))
    }

    /// Whether it has value that can be redeemed now.
    pub fn is_active(&self) -> bool {
        self.status == LotStatus::Active
    }

    /// Whether it has expired.
    pub fn is_expired(&self) -> bool {
        self.status == LotStatus::Expired
    }
}

/// A few lots of a profile in their current state, and the account's version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LotSnapshots {
    /// The sequence number of the account's last entry.
    pub version: u32,
    /// The lots, in the order of the request. A lot that the profile never had is left out.
    pub lots: Vec<LotSnapshot>,
}

/// A lot in its current state, and the instants of the entries about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LotSnapshot {
    /// The kind of value in it.
    pub kind: LotKind,
    /// The lot.
    pub lot: Lot<Quantity>,
    /// The instant of the entry with its fixed facts: its issue, unless it was corrected or moved since.
    pub written_at: Timestamp,
    /// The instant of its latest change other than a draw, due entries included; `None` if there is none.
    pub changed_at: Option<Timestamp>,
    /// The number of its moves to another profile.
    pub moves: u32,
}

impl LotSnapshot {
    /// The version of a lot, which grows with each change: its number of moves, and the entry of its last change.
    pub const fn version(moves: u32, sequence: u32) -> u64 {
        // A journal has at most 2^22 entries.
        (moves as u64) << 22 | sequence as u64
    }
}

/// The instants of a lot's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LotTimes {
    /// The instant at which it came to this profile.
    pub created_at: Timestamp,
    /// The instant of its last change, draws and holds included.
    pub updated_at: Timestamp,
    /// The instant of its last extension.
    pub extended_at: Option<Timestamp>,
}

/// The status of a lot: whether it can be used, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LotStatus {
    /// It has value that can be redeemed.
    Active,
    /// It is not usable yet.
    Pending,
    /// All of its remaining value is held.
    Held,
    /// It has no value left.
    Exhausted,
    /// It has expired.
    Expired,
    /// It was revoked by the shop.
    Revoked,
    /// It belongs to another profile now.
    Moved,
}
