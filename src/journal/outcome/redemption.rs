//! A redemption and a return, as a caller gets them.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileId, RedemptionId, ReturnId, TransactionId};
use crate::journal::{Balances, Items, RedemptionState, ReturnedItem};
use crate::json::Json;
use crate::time::Timestamp;
use crate::value::{Amount, Points};

/// A redemption, as it stands: what was taken, and what has happened to it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redemption {
    /// Its id.
    pub id: RedemptionId,
    /// Whose value was taken.
    pub profile_id: ProfileId,
    /// When.
    pub redeemed_at: Timestamp,
    /// What was asked for.
    pub requested: Amount,
    /// What was taken; less than requested only where the request was lenient (rule C4).
    pub total: Amount,
    /// What each lot gave, in the order of use. They add up to the total (rule C5).
    pub items: Items,
    /// What has been given back since (rule R2).
    pub returned: Amount,
    /// Whether it was undone (rule R4).
    pub is_reversed: bool,
    /// The transaction that it is linked to (rule X1).
    pub transaction_id: Option<TransactionId>,
    /// The hold that it captured (rule H2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The account's balances right after it.
    pub balances: Balances,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Redemption {
    /// What was taken and not given back.
    pub const fn net(&self) -> Amount {
        self.total.minus(self.returned)
    }

    /// Takes on what a later entry says of it.
    pub(crate) const fn follow(&mut self, state: &RedemptionState) {
        self.returned = state.returned;
        self.is_reversed = state.is_reversed;
        self.transaction_id = state.transaction_id;
    }
}

/// Value given back to the lots that it was taken from: a return, or a reversal (rules R).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Return {
    /// Its id.
    pub id: ReturnId,
    /// To whom.
    pub profile_id: ProfileId,
    /// The redemption that gave back.
    pub redemption_id: RedemptionId,
    /// Whether it undid the whole redemption (rule R4).
    pub is_reversal: bool,
    /// When.
    pub returned_at: Timestamp,
    /// What was asked for.
    pub requested: Amount,
    /// What was given back; less than requested only where the request was lenient (rule R2).
    pub total: Amount,
    /// What went back where, the last lot used first.
    pub items: Vec<ReturnedItem>,
    /// The points among them that were clawed back, as the purchases that had earned them came back before (rule X5).
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points_clawed_back: Points,
    /// The account's balances right after it.
    pub balances: Balances,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}
