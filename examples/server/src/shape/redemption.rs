//! Redemptions and what is like them: holds, quotes, returns.

use std::collections::BTreeMap;

use scrip::journal::{Item, LineShare, LotKind, PaidLines, ReturnedItem, ReturnedTo};
use scrip::json::Json;
use scrip::outcome::{HoldStatus, Quote, Return, UnusedReason};
use scrip::{Hold, LotId, Program, Redemption};
use serde::Serialize;
use utoipa::ToSchema;

use super::balances::Balances;
use super::lot::Either;
use super::wire::{Num, Time};
use crate::http::answer::Versioned;

/// The lots that items were taken from, by id.
pub type Lots = BTreeMap<LotId, Either>;

/// What one lot gives.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemOut {
    #[schema(value_type = String)]
    r#type: LotKind,
    /// The lot.
    id: u64,
    /// In dollars.
    value: Num,
    /// In points; zero for a reward.
    count: Num,
    /// The lines that it pays, if the request says what is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineOut>>,
    /// The lot itself, right after.
    type_attributes: Option<Either>,
}

/// The part of a line that a lot pays.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LineShare)]
pub struct LineOut {
    id: String,
    amount: Num,
}

/// Value that was taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Redemption)]
pub struct RedemptionOut {
    id: u64,
    /// It grows with each change.
    version: u64,
    profile_id: String,
    /// `redeem`.
    r#type: &'static str,
    /// What was taken.
    total: Num,
    /// What was asked for.
    requested: Num,
    /// Whether that is less than was asked for.
    is_partial: bool,
    /// What was given back since.
    returned: Num,
    is_reversed: bool,
    items: Vec<ItemOut>,
    balances: Balances,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
    transaction_id: Option<u64>,
    hold_id: Option<u64>,
    /// When it happened, if it was sent late.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Time>,
    created_at: Time,
}

impl RedemptionOut {
    pub fn new(redemption: &Redemption, version: u64, program: &Program, lots: &Lots) -> Self {
        Self {
            id: redemption.id.get(),
            version,
            profile_id: redemption.profile_id.to_string(),
            r#type: "redeem",
            total: redemption.total.into(),
            requested: redemption.requested.into(),
            is_partial: redemption.total < redemption.requested,
            returned: redemption.returned.into(),
            is_reversed: redemption.is_reversed,
            items: items(&redemption.items, redemption.lines.as_ref(), lots),
            balances: redemption.balances.valued(program).into(),
            meta: redemption.meta.clone(),
            transaction_id: redemption.transaction_id.map(|id| id.get()),
            hold_id: redemption.hold_id.map(|id| id.get()),
            occurred_at: redemption.occurred_at.map(Into::into),
            created_at: redemption.redeemed_at.into(),
        }
    }
}

/// Value that is set aside for a while.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldOut {
    id: u64,
    /// It grows with each change.
    version: u64,
    profile_id: String,
    #[schema(value_type = String)]
    status: HoldStatus,
    total: Num,
    requested: Num,
    /// Whether that is less than was asked for.
    is_partial: bool,
    /// Good before this time.
    expires_at: Time,
    items: Vec<ItemOut>,
    balances: Balances,
    redemption_id: Option<u64>,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
    created_at: Time,
}

impl HoldOut {
    pub fn new(hold: &Hold, version: u64, program: &Program, lots: &Lots) -> Self {
        Self {
            id: hold.id.get(),
            version,
            profile_id: hold.profile_id.to_string(),
            status: hold.status,
            total: hold.total.into(),
            requested: hold.requested.into(),
            is_partial: hold.total < hold.requested,
            expires_at: hold.expires_at.into(),
            items: items(&hold.items, hold.lines.as_ref(), lots),
            balances: hold.balances.valued(program).into(),
            redemption_id: hold.redemption_id.map(|id| id.get()),
            meta: hold.meta.clone(),
            created_at: hold.held_at.into(),
        }
    }
}

impl Versioned for RedemptionOut {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

impl Versioned for HoldOut {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

/// What a redemption would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteOut {
    requested: Num,
    /// Whether that is less than was asked for.
    is_partial: bool,
    total: Num,
    items: Vec<ItemOut>,
    unused: Vec<UnusedOut>,
}

/// A lot that would not be touched, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Unused)]
pub struct UnusedOut {
    #[schema(value_type = String)]
    r#type: LotKind,
    id: u64,
    /// `expired`, `pending`, `held`, `not_redeemable`, `not_in_strategy`, `not_eligible`, `below_minimum`, `covered` or
    /// `not_needed`. What nothing is left of is not in the list.
    #[schema(value_type = String)]
    reason: UnusedReason,
}

impl QuoteOut {
    pub fn new(quote: &Quote, lots: &Lots) -> Self {
        let unused = quote.unused.iter().map(|unused| UnusedOut {
            r#type: if unused.kind.is_points() { LotKind::Point } else { LotKind::Reward },
            id: unused.lot.get(),
            reason: unused.reason,
        });
        Self {
            requested: quote.requested.into(),
            is_partial: quote.total < quote.requested,
            total: quote.total.into(),
            items: items(&quote.items, quote.lines.as_ref(), lots),
            unused: unused.collect(),
        }
    }
}

/// Value that was given back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Return)]
pub struct ReturnOut {
    id: u64,
    profile_id: String,
    /// `reversal` or `return`.
    r#type: &'static str,
    redemption_id: u64,
    total: Num,
    requested: Num,
    /// The points among it that were clawed back, as their purchases came back before.
    points_clawed_back: Num,
    items: Vec<ReturnedOut>,
    balances: Balances,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
    created_at: Time,
}

/// What went back, and where to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReturnedItem)]
pub struct ReturnedOut {
    #[schema(value_type = String)]
    r#type: LotKind,
    /// The lot that it had been taken from.
    id: u64,
    value: Num,
    count: Num,
    /// The points that were clawed back of it.
    clawed_back: Num,
    /// `lot`, `expired`, `revoked`, `new_lot`, or `clawed_back` where nothing is left.
    to: &'static str,
    /// The lot that it is in now.
    to_id: u64,
    /// That lot, right after.
    type_attributes: Option<Either>,
}

impl ReturnOut {
    pub fn new(back: &Return, program: &Program, lots: &Lots) -> Self {
        Self {
            id: back.id.get(),
            profile_id: back.profile_id.to_string(),
            r#type: if back.is_reversal { "reversal" } else { "return" },
            redemption_id: back.redemption_id.get(),
            total: back.total.into(),
            requested: back.requested.into(),
            points_clawed_back: back.points_clawed_back.into(),
            items: back.items.iter().map(|item| ReturnedOut::new(item, lots)).collect(),
            balances: back.balances.valued(program).into(),
            meta: back.meta.clone(),
            created_at: back.returned_at.into(),
        }
    }
}

impl ReturnedOut {
    fn new(item: &ReturnedItem, lots: &Lots) -> Self {
        let (to, lot) = match item.to {
            ReturnedTo::Lot => ("lot", item.lot),
            ReturnedTo::Expired => ("expired", item.lot),
            ReturnedTo::Revoked => ("revoked", item.lot),
            ReturnedTo::NewLot(lot) => ("new_lot", lot),
            ReturnedTo::ClawedBack => ("clawed_back", item.lot),
        };
        Self {
            r#type: item.kind,
            id: item.lot.get(),
            value: item.amount.into(),
            count: item.points.into(),
            clawed_back: item.clawed_back.map_or(Num::of(0), |recovered| recovered.points().into()),
            to,
            to_id: lot.get(),
            type_attributes: find(lots, lot),
        }
    }
}

/// The lots that returned value is in now.
pub fn returned_to(back: &Return) -> Vec<LotId> {
    let to = |item: &ReturnedItem| match item.to {
        ReturnedTo::NewLot(lot) => lot,
        _ => item.lot,
    };
    back.items.iter().map(to).collect()
}

fn items(items: &[Item], lines: Option<&PaidLines>, lots: &Lots) -> Vec<ItemOut> {
    let shares = |place: usize| {
        let share = |share: &LineShare| LineOut { id: share.id.clone(), amount: share.amount.into() };
        Some(lines?.get(place)?.iter().map(share).collect())
    };
    let item = |(place, item): (usize, &Item)| ItemOut {
        r#type: item.kind(),
        id: item.lot.get(),
        value: item.amount.into(),
        count: item.points.into(),
        lines: shares(place),
        type_attributes: find(lots, item.lot),
    };
    items.iter().enumerate().map(item).collect()
}

fn find(lots: &Lots, id: LotId) -> Option<Either> {
    lots.get(&id).cloned()
}
