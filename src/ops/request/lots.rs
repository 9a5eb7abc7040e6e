//! Requests that change lots, and move them between profiles.

use serde::{Deserialize, Serialize};

use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::time::Until;
use crate::value::json::Json;
use crate::value::{Quantity, present};

/// Extends lots: all of those that are named, or none (rule L1).
///
/// Outcome: the [`Extended`](crate::Extended) lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Extend {
    /// Whose lots.
    pub profile_id: ProfileId,
    /// Which.
    pub ids: Vec<LotId>,
    /// By how many local calendar days, counted from the expiry that each has; or …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// … until when. Without either, by what the definition said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_date: Option<Until>,
}

impl Extend {
    /// By so many local calendar days.
    pub const fn by_days(profile_id: ProfileId, ids: Vec<LotId>, days: u32) -> Self {
        Self { profile_id, ids, extend_days: Some(days), extend_date: None }
    }

    /// Until a date or time.
    pub const fn until(profile_id: ProfileId, ids: Vec<LotId>, date: Until) -> Self {
        Self { profile_id, ids, extend_days: None, extend_date: Some(date) }
    }
}

/// Moves a lot, with all that is left of it, to another profile. It keeps its id, expiry and history (rule L2).
///
/// Outcome: the [`Moved`](crate::Moved) lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reassign {
    /// Which lot.
    pub id: LotId,
    /// Whose it must be; whoever has it, otherwise. Required under a key, as keys are scoped to a profile (rule J5): when the
    /// request comes again, the lot has moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ProfileId>,
    /// Who receives it.
    pub profile_id: ProfileId,
}

impl Reassign {
    /// From whoever has it to a profile.
    pub const fn new(id: LotId, to: ProfileId) -> Self {
        Self { id, from: None, profile_id: to }
    }
}

/// Takes what is left of a lot out for good (rule L3).
///
/// Outcome: the [`CorrectedLot`](crate::CorrectedLot).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revoke {
    /// Which lot.
    pub id: LotId,
    /// Whose it must be; whoever has it, otherwise. Required under a key, as keys are scoped to a profile (rule J5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Revoke {
    /// Revokes this lot.
    pub const fn new(id: LotId) -> Self {
        Self { id, profile_id: None, reason: None }
    }
}

/// Corrects the value or the expiry of a lot, up or down, with a reason (rule L3).
///
/// Outcome: the [`CorrectedLot`](crate::CorrectedLot).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adjust {
    /// Which lot.
    pub id: LotId,
    /// Whose it must be; whoever has it, otherwise. Required under a key, as keys are scoped to a profile (rule J5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// What it is to have been worth at first: money or points, as the lot holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_initial: Option<Quantity>,
    /// What is to be left of it: money or points, as the lot holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_remaining: Option<Quantity>,
    /// When it is to expire; `null` for never.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Until>,
    /// What is to be attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
    /// Why.
    pub reason: String,
}

impl Adjust {
    /// Corrects nothing yet, for this reason.
    pub fn new(id: LotId, reason: &str) -> Self {
        Self {
            id,
            profile_id: None,
            value_initial: None,
            value_remaining: None,
            expires_at: None,
            meta: None,
            reason: reason.to_owned(),
        }
    }
}

/// Merges a profile into another: a customer had two cards (rule L2).
///
/// The one that is merged closes: nothing is written to its journal again. Its live lots, holds and debt move with their ids
/// and expiries, and so do the totals of its history. Its redemptions can still be returned, and its transactions returned,
/// changed and deleted: that is written with the profile that took over, which answers for it from then on.
///
/// Outcome: [`Merged`](crate::Merged).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MergeProfiles {
    /// The profile that closes.
    pub profile_id: ProfileId,
    /// The profile that takes over.
    pub into: ProfileId,
}

impl MergeProfiles {
    /// Merges the first into the second.
    pub const fn new(profile_id: ProfileId, into: ProfileId) -> Self {
        Self { profile_id, into }
    }
}

/// Writes down what became available, lapsed or expired (rule T7). It changes no answer, and doing it twice adds
/// nothing.
///
/// Outcome: [`Swept`](crate::Swept).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// Of a profile, by its id.
    ProfileId(ProfileId),
    /// Of a profile, by its number in the store.
    Number(ProfileNumber),
}
