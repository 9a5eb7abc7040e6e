//! Holds: value set aside in named lots, for a while (rules H).

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::{Balances, Bucket, Items, LotState, RedeemDetails, Redeemed};
use crate::time::Timestamp;
use crate::value::json::Json;
use crate::value::{Amount, Quantity};

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

/// What a journal entry says when a hold is placed. It is also what the account keeps of it while it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HoldEntry {
    /// The new hold.
    pub hold: HoldId,
    /// What was asked for.
    pub requested: Amount,
    /// What was set aside.
    pub total: Amount,
    /// What of each lot, in the order of use.
    pub items: Items,
    /// When it was placed.
    pub held_at: Timestamp,
    /// Until when it is good, exclusive.
    pub expires_at: Timestamp,
    /// What is not always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<RedeemDetails>>,
}

/// What a journal entry says when a hold is captured: the redemption, and what was let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capture {
    /// The hold.
    pub hold: HoldId,
    /// What it became.
    pub redeem: Redeemed,
    /// The rest of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<ReleasedLot>,
    /// How the lots stand that gave to it though they had expired meanwhile (rule H4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<LotState>,
}

/// What a journal entry says when a hold is released, or lapses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Release {
    /// The hold, as it was placed.
    pub placed: HoldEntry,
    /// What was let go of each lot.
    pub released: Vec<ReleasedLot>,
}

/// Held value that was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReleasedLot {
    /// How much.
    pub value: Quantity,
    /// How its lot stands now. If that has expired, so has the value (rule H4).
    pub after: LotState,
}

impl ReleasedLot {
    /// Where the value went.
    pub(crate) const fn to(&self) -> Bucket {
        self.after.standing.place()
    }
}
