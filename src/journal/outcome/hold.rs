//! A hold, as a caller gets it.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::{Balances, Items};
use crate::json::Json;
use crate::time::Timestamp;
use crate::value::Amount;

/// Value set aside in named lots: it lowers what is available, not what is owned (rule H1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose value is held.
    pub profile_id: ProfileId,
    /// How it stands.
    pub status: HoldStatus,
    /// What was asked for.
    pub requested: Amount,
    /// What was set aside.
    pub total: Amount,
    /// What of each lot, in the order of use.
    pub items: Items,
    /// When it was placed.
    pub held_at: Timestamp,
    /// Until when it is good, exclusive (rule H3).
    pub expires_at: Timestamp,
    /// The redemption that captured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// The account's balances right after the entry that this is about.
    pub balances: Balances,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// How a hold stands. All but the first are final (rule H3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// It is good.
    Held,
    /// It was captured, wholly or in part.
    Captured,
    /// It was released.
    Released,
    /// Its time was over.
    Lapsed,
}
