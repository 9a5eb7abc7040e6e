//! Balances.

use std::ops::Range;

use scrip::journal::ValuedBalances;
use scrip::{DefinitionId, Points, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{Num, Time};

/// What a profile can spend, and what is on its way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Balances {
    /// Dollars that can be redeemed.
    reward_balance: Num,
    /// Points that can be redeemed.
    point_balance: Num,
    /// What those points are worth, rounded down.
    point_balance_dollars: Num,
    /// The dollars and the worth of the points.
    combined_balance_dollars: Num,
    /// Dollars, and the worth of points, set aside by holds.
    held_balance: Num,
    /// Dollars, and the worth of points, that can be used later.
    pending_balance: Num,
    /// Points owed.
    point_debt: Num,
    /// Points that count, and cannot be redeemed (rule K1).
    status_point_balance: Num,
}

/// How many points of a definition a profile's purchases earned, between two instants.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PointsEarned {
    definition_id: u64,
    /// The first instant of purchases that count.
    from: Time,
    /// The first instant after them.
    to: Time,
    points: Num,
}

impl PointsEarned {
    pub fn new(definition: DefinitionId, window: &Range<Timestamp>, points: Points) -> Self {
        let (from, to) = (window.start.into(), window.end.into());
        Self { definition_id: definition.get(), from, to, points: points.into() }
    }
}

impl From<ValuedBalances> for Balances {
    fn from(balances: ValuedBalances) -> Self {
        Self {
            reward_balance: balances.reward_balance.into(),
            point_balance: balances.point_balance.into(),
            point_balance_dollars: balances.point_worth.into(),
            combined_balance_dollars: balances.combined_worth.into(),
            held_balance: balances.held_worth.into(),
            pending_balance: balances.pending_worth.into(),
            point_debt: balances.point_debt.into(),
            status_point_balance: balances.status_point_balance.into(),
        }
    }
}
