//! Transactions: purchases at the till (rules X1 and X2).

use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::{Amount, ExternalId, ProfileId, RedemptionId, RedemptionState, Timestamp, TransactionId, Zone};

/// A purchase at the till, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// Whose purchase it is.
    pub profile_id: ProfileId,
    /// The caller's own id for it (rule X2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// The redemption that paid part of it (rule X1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// What the customer paid.
    pub total: Amount,
    /// What it would have cost without the redemption.
    pub total_original: Amount,
    /// When it happened.
    pub transacted_at: Timestamp,
    /// The zone of the shop.
    pub timezone: Zone,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What was bought, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Json>,
    /// How it was paid, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Json>,
    /// Whatever else the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
    /// Whether it was deleted; its history is kept.
    pub is_deleted: bool,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a journal entry says when a transaction is posted, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransactionChange {
    /// The transaction, as it stands now.
    pub transaction: Transaction,
    /// The redemptions that were linked or unlinked, as they stand now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redemptions: Vec<RedemptionState>,
}
