//! An entry among those of all profiles.

use scrip::store::FeedEntry;
use scrip::value::Sum;
use serde::Serialize;
use utoipa::ToSchema;

use super::ledger;
use super::moved::moved;
use super::wire::{Num, Time};

/// One of the newest entries.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NewestEntry)]
pub struct Newest {
    id: u64,
    profile_id: String,
    r#type: &'static str,
    at: Time,
    /// The value of the rewards that it is about, as far as it moved.
    rewards: Num,
    /// The same of points.
    points: Num,
}

impl Newest {
    /// Nothing, if it is about definitions.
    pub fn of(written: &FeedEntry) -> Option<Self> {
        let sum = |is_points: bool| -> Sum {
            let of_kind = moved(&written.entry.kind).into_iter().filter(|lot| lot.0.is_points() == is_points);
            of_kind.map(|(_, _, value)| value).sum()
        };
        Some(Self {
            id: written.entry.id(written.number).get(),
            profile_id: written.profile?.to_string(),
            r#type: ledger::name(&written.entry.kind),
            at: written.entry.at.into(),
            rewards: Num::of(sum(false)),
            points: Num::of(sum(true)),
        })
    }
}
