//! A lot, as a caller gets it.

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

/// One lot of value, as it stood at the moment that was asked for: a [`Reward`] or a [`PointLot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lot<Q> {
    /// Its id.
    pub id: LotId,
    /// Whose it is.
    pub profile_id: ProfileId,
    /// What it was issued from.
    pub definition_id: Option<DefinitionId>,
    /// What it was worth at first.
    pub value_initial: Q,
    /// What is left of it, held value included (rule L4): nothing, once it was revoked or went to another profile.
    pub value_remaining: Q,
    /// What of that is set aside by holds (rule H1).
    pub value_held: Q,
    /// Whether it can be used, and why not.
    pub status: LotStatus,
    /// When it was issued, as the issue said.
    pub issued_at: Timestamp,
    /// When it became or becomes usable.
    pub available_at: Timestamp,
    /// When it stops being usable.
    pub expires_at: Expiry,
    /// What was frozen in it when it was issued (rule D3).
    pub terms: Terms,
    /// Whether it had expired when it was issued (rule D7): a migration, or a slip. Only the outcome of issuing says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrived_expired: bool,
    /// The caller's own id for it (rule D5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Where it came from, and whatever the caller attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<LotDetails>>,
}

impl<Q: From<Quantity>> Lot<Q> {
    /// A lot as it stood when it was issued.
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
            expires_at: issue.expires_at,
            terms: issue.terms,
            arrived_expired: false,
            external_id,
            details: issue.details.clone(),
        }
    }
}

impl Lot<Quantity> {
    /// Read as money or as points; the caller knows which it is.
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
            terms: self.terms,
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

    /// Whether its time is over.
    pub fn is_expired(&self) -> bool {
        self.status == LotStatus::Expired
    }
}

/// A few lots of a profile as they stand, and the version of the account that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LotSnapshots {
    /// The sequence number of the account's last entry.
    pub version: u32,
    /// The lots, in the order in which they were asked for. One that the profile never had is left out.
    pub lots: Vec<LotSnapshot>,
}

/// A lot as it stands, and when its journal last spoke of it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LotSnapshot {
    /// What it holds.
    pub kind: LotKind,
    /// The lot.
    pub lot: Lot<Quantity>,
    /// When the entry was written that says what is fixed about it: its issue, unless it was corrected or moved.
    pub written_at: Timestamp,
    /// When a later entry changed it other than by taking from it, what fell due included; `None` if none did.
    pub changed_at: Option<Timestamp>,
    /// How often it has gone to another profile.
    pub moves: u32,
}

impl LotSnapshot {
    /// A number that grows with each change of a lot, from how often it moved and the entry that last changed it.
    pub const fn version(moves: u32, sequence: u32) -> u64 {
        // A journal has at most so many entries.
        (moves as u64) << 22 | sequence as u64
    }
}

/// When the journal spoke of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LotTimes {
    /// When it came to this profile.
    pub created_at: Timestamp,
    /// When it was last changed, value taken from it or set aside included.
    pub updated_at: Timestamp,
    /// When it was last extended.
    pub extended_at: Option<Timestamp>,
}

/// Whether a lot can be used, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LotStatus {
    /// It has value that can be redeemed.
    Active,
    /// It is not usable yet.
    Pending,
    /// All that is left of it is set aside by holds.
    Held,
    /// Nothing is left of it.
    Exhausted,
    /// Its time is over.
    Expired,
    /// The shop took it back.
    Revoked,
    /// It belongs to another profile now.
    Moved,
}
