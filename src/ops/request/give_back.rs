//! Requests that give value back.

use serde::{Deserialize, Serialize};

use crate::id::RedemptionId;
use crate::ops::request::redeem::{is_yes, yes};
use crate::value::Amount;
use crate::value::json::Json;

/// Gives part of a redemption back to the lots that it was taken from, the last used first (rules R1 to R3).
///
/// Outcome: the [`Return`](crate::Return).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as is left to give back (rule R2).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReturnRedemption {
    /// Exactly this much, or nothing.
    pub const fn strict(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount, strict: true, meta: None }
    }

    /// Up to this much, as far as there is something left to give back.
    pub const fn lenient(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount, strict: false, meta: None }
    }
}

/// Undoes a whole redemption, within the program's window (rule R4).
///
/// Outcome: the [`Return`](crate::Return).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReverseRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReverseRedemption {
    /// Undoes this redemption.
    pub const fn new(redemption_id: RedemptionId) -> Self {
        Self { redemption_id, meta: None }
    }
}
