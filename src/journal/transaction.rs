//! Transactions: purchases at the till (rules X1 and X2).

use serde::{Deserialize, Serialize};

use crate::id::{
    DefinitionId, EntryId, ExternalId, LotId, ProfileId, ProfileNumber, RedemptionId, TransactionId,
};
use crate::journal::{Balances, LotChange, RedemptionState};
use crate::time::{Timestamp, Zone};
use crate::value::json::Json;
use crate::value::{Amount, Points};

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
    /// What of the total came back (rule X4).
    #[serde(default, skip_serializing_if = "Amount::is_nothing")]
    pub returned: Amount,
    /// The points that it earned (rule X3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Earned>,
    /// Whether it was deleted; its history is kept.
    pub is_deleted: bool,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The points that a transaction earned, as they stand (rules X3 and X4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Earned {
    /// So many points …
    pub points_rate: Points,
    /// … for so much money: the rule when it was posted, which holds for it ever after.
    pub amount_rate: Amount,
    /// The decimals of points when it was posted.
    pub point_scale: u8,
    /// The days from the transaction until the points can be spent.
    pub delay_days: u32,
    /// The local days from then until they expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_days: Option<u32>,
    /// The point definition that the lot names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<DefinitionId>,
    /// What stays earned of it.
    pub points: Points,
    /// The lot that was issued for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
}

/// Part of a purchase that came back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransactionReturn {
    /// The id of the journal entry that says so.
    pub id: EntryId,
    /// The transaction, as it stands.
    pub transaction: Transaction,
    /// What came back.
    pub amount: Amount,
    /// The points that were clawed back for it: from the transaction's own lot, as a debt, or short.
    pub points_clawed_back: Points,
    /// The account's balances right after it: of the one that has the points, where the profile was merged into another.
    pub balances: Balances,
}

/// What a journal entry says when points that a transaction earned come back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClawedBack {
    /// The transaction.
    pub transaction: TransactionId,
    /// How many come back.
    pub points: Points,
    /// What came out of the transaction's own lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<LotChange>,
    /// What is owed for the rest.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub owed: Points,
    /// The rest, where the program does not collect it.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub shortfall: Points,
}

/// What a journal entry says when a transaction earns more than it did (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarnedMore {
    /// The transaction.
    pub transaction: TransactionId,
    /// What came into its lot.
    pub change: LotChange,
    /// What paid a debt instead.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub paid_to_debt: Points,
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
    /// What of the purchase came back with this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Amount>,
    /// What that came to with the profile that this one was merged into, and that has its points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<SettledElsewhere>,
}

/// What a change of a transaction came to with the profile that its own was merged into (rules X4 and L2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettledElsewhere {
    /// That profile.
    pub to: ProfileNumber,
    /// The points that were clawed back: there, and of what had expired or was revoked here before the merger.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub points_clawed_back: Points,
    /// The balances of that profile, right after it.
    pub balances: Balances,
}
