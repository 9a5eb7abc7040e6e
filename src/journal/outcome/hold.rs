//! A hold, as callers receive it.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::{Balances, Items, PaidLines};
use crate::json::Json;
use crate::time::Timestamp;
use crate::value::Amount;

/// Value set aside in named lots: it lowers what is available, not what is owned (rule H1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The profile whose value is held.
    pub profile_id: ProfileId,
    /// Its status.
    pub status: HoldStatus,
    /// The amount requested.
    pub requested: Amount,
    /// The amount set aside.
    pub total: Amount,
    /// The share of each lot, in the order of use.
    pub items: Items,
    /// The lines that each item is to pay, if the request said what is bought (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<PaidLines>,
    /// The time at which it was placed.
    pub held_at: Timestamp,
    /// The end of the hold, exclusive (rule H3).
    pub expires_at: Timestamp,
    /// The redemption that captured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// The account's balances right after the entry that this outcome describes.
    pub balances: Balances,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The status of a hold. All but the first are final (rule H3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// It is open.
    Held,
    /// It was captured, wholly or in part.
    Captured,
    /// It was released.
    Released,
    /// It lapsed.
    Lapsed,
}
