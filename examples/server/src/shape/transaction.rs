//! Transactions, with whatever the client sent beside.

use scrip::outcome::TransactionReturn;
use scrip::{Program, Transaction};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::balances::Balances;
use super::redemption::RedemptionOut;
use super::sent;
use super::wire::{Num, Time};
use crate::http::answer::Versioned;
use crate::http::body::Fields;

/// A purchase at the till.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
pub struct TransactionOut {
    id: u64,
    /// It grows with each change.
    version: u64,
    profile_id: String,
    external_id: Option<String>,
    /// The redemption that paid part of it.
    redemption: Option<RedemptionOut>,
    redemption_id: Option<u64>,
    total: Num,
    total_original: Num,
    transacted_at: Time,
    timezone: String,
    #[schema(value_type = serde_json::Value)]
    tags: Box<RawValue>,
    #[schema(value_type = serde_json::Value)]
    items: Box<RawValue>,
    #[schema(value_type = serde_json::Value)]
    payments: Box<RawValue>,
    #[schema(value_type = serde_json::Value)]
    meta: Box<RawValue>,
    is_void: bool,
    /// What of the total came back.
    total_returned: Num,
    /// The points that stay earned.
    points_earned: Num,
    created_at: Time,
    updated_at: Time,
    /// Whatever else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    sent: Fields,
}

/// The fields that the server answers and that nobody can set.
pub const ANSWERED: [&str; 8] =
    ["id", "version", "redemption", "is_void", "total_returned", "points_earned", "created_at", "updated_at"];

impl TransactionOut {
    pub fn new(transaction: &Transaction, version: u64, redemption: Option<RedemptionOut>) -> Self {
        let mut sent = sent::unpack(transaction.meta.as_ref());
        let empty = |text: &str| RawValue::from_string(text.to_owned()).unwrap_or_default();
        let tags = sent.remove("tags").or_else(|| to_raw_value(&transaction.tags).ok());
        let items = transaction.items.as_ref().and_then(|items| to_raw_value(items).ok());
        let payments = transaction.payments.as_ref().and_then(|payments| to_raw_value(payments).ok());
        let meta = sent.remove("meta");
        Self {
            id: transaction.id.get(),
            version,
            profile_id: transaction.profile_id.to_string(),
            external_id: transaction.external_id.as_ref().map(ToString::to_string),
            redemption,
            redemption_id: transaction.redemption_id.map(|id| id.get()),
            total: transaction.total.into(),
            total_original: transaction.total_original.into(),
            transacted_at: transaction.transacted_at.into(),
            timezone: transaction.timezone.to_string(),
            tags: tags.unwrap_or_else(|| empty("[]")),
            items: items.unwrap_or_else(|| empty("[]")),
            payments: payments.unwrap_or_else(|| empty("[]")),
            meta: meta.unwrap_or_else(|| empty("null")),
            is_void: transaction.is_void,
            total_returned: transaction.returned.into(),
            points_earned: transaction.points_earned().into(),
            created_at: transaction.created_at.into(),
            updated_at: transaction.updated_at.into(),
            sent,
        }
    }
}

impl Versioned for TransactionOut {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

/// Part of a purchase that came back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TransactionReturn)]
pub struct TransactionReturnOut {
    id: u64,
    transaction_id: u64,
    amount: Num,
    points_clawed_back: Num,
    /// What is owed now.
    point_debt: Num,
    balances: Balances,
}

impl TransactionReturnOut {
    pub fn new(back: &TransactionReturn, program: &Program) -> Self {
        Self {
            id: back.id.get(),
            transaction_id: back.transaction.id.get(),
            amount: back.amount.into(),
            points_clawed_back: back.points_clawed_back.into(),
            point_debt: back.balances.point_debt.into(),
            balances: back.balances.valued(program).into(),
        }
    }
}
