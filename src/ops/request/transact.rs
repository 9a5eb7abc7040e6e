//! Requests about transactions.

use serde::{Deserialize, Serialize};

use crate::id::{ExternalId, ProfileId, RedemptionId, TransactionId};
use crate::time::{When, Zone};
use crate::value::Amount;
use crate::value::json::Json;

/// Writes down a purchase at the till, and links the redemption that paid part of it (rules X1 and X2).
///
/// Outcome: the [`Transaction`](crate::Transaction). The same `external_id` with the same content answers with the
/// first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PostTransaction {
    /// Whose purchase.
    pub profile_id: ProfileId,
    /// What the customer paid.
    pub total: Amount,
    /// What it would have cost without the redemption; the total otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_original: Option<Amount>,
    /// The redemption to link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// When: the instant of the request otherwise. A local time is read in the transaction's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transacted_at: Option<When>,
    /// The zone of the shop; the program's otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// The caller's own id for it, unique per profile (rule X2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What was bought, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Json>,
    /// How it was paid, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Json>,
    /// Whatever else the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl PostTransaction {
    /// A purchase for which the customer paid so much.
    pub const fn new(profile_id: ProfileId, total: Amount) -> Self {
        Self {
            profile_id,
            total,
            total_original: None,
            redemption_id: None,
            transacted_at: None,
            timezone: None,
            external_id: None,
            tags: Vec::new(),
            items: None,
            payments: None,
            meta: None,
        }
    }

    /// The same, with the redemption that paid part of what it would have cost.
    #[must_use]
    pub fn paid_with(self, redemption: RedemptionId, total_original: Amount) -> Self {
        Self { redemption_id: Some(redemption), total_original: Some(total_original), ..self }
    }

    /// The same, under the caller's own id (rule X2).
    #[must_use]
    pub fn external_id(self, external_id: ExternalId) -> Self {
        Self { external_id: Some(external_id), ..self }
    }
}

/// Replaces what a transaction says: its total, its link, everything but its profile and its external id.
///
/// Outcome: the [`Transaction`](crate::Transaction).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
    /// What it says from now on. A redemption that is no longer named is unlinked; when and in which zone the purchase
    /// was made stays what it was where this does not say.
    pub transaction: PostTransaction,
}

/// Deletes a transaction, and unlinks its redemption (rule X1). Its history is kept, and its external id is free.
///
/// Outcome: the [`Transaction`](crate::Transaction), deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
}

/// Writes down that part of a purchase came back, and claws back the points that it had earned (rule X4).
///
/// What the customer paid with rewards is given back by [`ReturnRedemption`](super::ReturnRedemption). Outcome: the
/// [`TransactionReturn`](crate::TransactionReturn).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
    /// How much of its total.
    pub amount: Amount,
}
