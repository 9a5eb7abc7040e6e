//! A redemption and a return, as callers receive them.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileId, RedemptionId, ReturnId, TransactionId};
use crate::journal::{Balances, Items, PaidLines, RedemptionState, ReturnedItem};
use crate::json::Json;
use crate::time::Timestamp;
use crate::value::{Amount, Points};

/// A redemption in its current state: the value taken, and its returns since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redemption {
    /// Its id.
    pub id: RedemptionId,
    /// The profile whose value was taken.
    pub profile_id: ProfileId,
    /// The time of redemption.
    pub redeemed_at: Timestamp,
    /// When it happened, if it was sent late (rule T10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The amount requested.
    pub requested: Amount,
    /// The amount taken; less than requested only if the request was lenient (rule C4).
    pub total: Amount,
    /// The share of each lot, in the order of use. The shares add up to the total (rule C5).
    pub items: Items,
    /// The lines that each item paid, if the request said what is bought (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<PaidLines>,
    /// The amount given back since (rule R2).
    pub returned: Amount,
    /// Whether it was reversed (rule R4).
    pub is_reversed: bool,
    /// The transaction that it is linked to (rule X1).
    pub transaction_id: Option<TransactionId>,
    /// The hold that it captured (rule H2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The account's balances right after the redemption.
    pub balances: Balances,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Redemption {
    /// The amount taken and not given back.
    pub const fn net(&self) -> Amount {
        self.total.minus(self.returned)
    }

    /// Applies the state that a later entry gives.
    pub(crate) const fn follow(&mut self, state: &RedemptionState) {
        self.returned = state.returned;
        self.is_reversed = state.is_reversed;
        self.transaction_id = state.transaction_id;
    }
}

/// Value given back to the lots of a redemption: a return, or a reversal (rules R).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Return {
    /// Its id.
    pub id: ReturnId,
    /// The profile that received it.
    pub profile_id: ProfileId,
    /// The redemption that gave it back.
    pub redemption_id: RedemptionId,
    /// Whether it reversed the whole redemption (rule R4).
    pub is_reversal: bool,
    /// The time of the return.
    pub returned_at: Timestamp,
    /// The amount requested.
    pub requested: Amount,
    /// The amount given back; less than requested only if the request was lenient (rule R2).
    pub total: Amount,
    /// The returned items, the last lot used first.
    pub items: Vec<ReturnedItem>,
    /// The points among them that were clawed back, because their purchases had been returned before (rule X5).
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points_clawed_back: Points,
    /// The account's balances right after the return.
    pub balances: Balances,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}
