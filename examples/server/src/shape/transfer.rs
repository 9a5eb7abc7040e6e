//! Value that went to another profile.

use scrip::ProfileId;
use scrip::journal::LotKind;
use scrip::json::Json;
use scrip::outcome::{Transferred, TransferredPart};
use serde::Serialize;
use utoipa::ToSchema;

use super::balances::Balances;
use super::wire::Num;

/// Value that went to another profile (rule L5).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferOut {
    id: u64,
    /// Who sent it.
    profile_id: String,
    /// Who received it: of a profile that was merged, the one that took over.
    to_profile_id: String,
    /// `reward`, `point`, or `status_point` for points that cannot be redeemed.
    r#type: &'static str,
    value: Num,
    items: Vec<TransferItem>,
    /// Those of the sender.
    balances: Balances,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
}

/// What one lot gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TransferItem {
    /// The sender's lot.
    from: u64,
    /// The receiver's new lot.
    to: u64,
    value: Num,
}

/// What kinds of value are called in a transfer.
pub const KINDS: [(&str, LotKind); 3] =
    [("reward", LotKind::Reward), ("point", LotKind::Point), ("status_point", LotKind::Status)];

impl TransferOut {
    pub fn new(sent: Transferred, to: ProfileId, balances: Balances) -> Self {
        let item = |part: &TransferredPart| TransferItem {
            from: part.lot.get(),
            to: part.new_lot.get(),
            value: part.value.into(),
        };
        let named = KINDS.into_iter().find(|(_, kind)| *kind == sent.kind);
        Self {
            id: sent.id.get(),
            profile_id: sent.profile_id.to_string(),
            to_profile_id: to.to_string(),
            r#type: named.map_or("reward", |(name, _)| name),
            value: sent.value.into(),
            items: sent.items.iter().map(item).collect(),
            balances,
            meta: sent.meta,
        }
    }
}
