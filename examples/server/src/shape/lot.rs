//! Rewards and lots of points.

use std::collections::BTreeMap;

use scrip::journal::{LotKind, Origin};
use scrip::json::Json;
use scrip::outcome::{Lot, LotSnapshot, LotStatus};
use scrip::view::{Catalogue, Wallet};
use scrip::{Amount, LotId, PointLot, ProfileId, Reward as RewardLot, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::definition::{PointTemplate, RewardTemplate, ScopeOut, scope_of};
use super::wire::{Num, Time};
use crate::http::answer::Versioned;

/// One reward: so many dollars for one profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reward {
    id: u64,
    /// It grows with each change.
    version: u64,
    profile_id: String,
    timezone: String,
    value_initial: Num,
    /// What is left of it, with what is held.
    value_remaining: Num,
    /// What of that is held.
    value_held: Num,
    #[schema(value_type = String)]
    status: LotStatus,
    issued_at: Time,
    available_at: Time,
    /// The last second in which it can be used; null for never.
    expires_at: Option<Time>,
    issued_local_at: Time,
    expires_local_at: Option<Time>,
    is_expired: bool,
    /// Whether it was expired from the first: brought in by a migration, or a slip.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    arrived_expired: bool,
    is_active: bool,
    extended_at: Option<Time>,
    external_id: Option<String>,
    /// What it may be spent on; anything where it is null.
    scope: Option<ScopeOut>,
    /// Its name and texts as they are now, and the reward's own terms, frozen when it was issued.
    definition: Option<RewardTemplate>,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
    created_at: Time,
    updated_at: Time,
}

/// One lot of points.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Point {
    id: u64,
    version: u64,
    profile_id: String,
    timezone: String,
    value_initial: Num,
    value_remaining: Num,
    value_held: Num,
    #[schema(value_type = String)]
    status: LotStatus,
    issued_at: Time,
    available_at: Time,
    expires_at: Option<Time>,
    /// Whether activity puts `expires_at` off: the end of the lot itself, if it has one, is later.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    is_kept_by_activity: bool,
    issued_local_at: Time,
    expires_local_at: Option<Time>,
    is_expired: bool,
    /// Whether it was expired from the first: brought in by a migration, or a slip.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    arrived_expired: bool,
    is_active: bool,
    extended_at: Option<Time>,
    external_id: Option<String>,
    /// Its name and texts as they are now, and the lot's own terms, frozen when it was issued.
    definition: Option<PointTemplate>,
    source_type: Option<String>,
    source: Option<String>,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Json>,
    created_at: Time,
    updated_at: Time,
}

/// A reward or a lot of points.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Either {
    Reward(Box<Reward>),
    Point(Box<Point>),
}

/// A profile that was merged into another, and what went along.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Merged {
    profile_id: String,
    into: String,
    /// The rewards and lots of points that moved.
    lots: Vec<u64>,
    holds: Vec<u64>,
    point_debt: Num,
}

impl Merged {
    pub fn new(profile: ProfileId, into: ProfileId, merged: &scrip::outcome::Merged) -> Self {
        Self {
            profile_id: profile.to_string(),
            into: into.to_string(),
            lots: merged.lots.iter().map(|lot| lot.get()).collect(),
            holds: merged.holds.iter().map(|hold| hold.get()).collect(),
            point_debt: merged.point_debt.into(),
        }
    }
}

/// When the journal spoke of a lot, and which version it is.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub extended: Option<Timestamp>,
}

impl Times {
    fn in_wallet(wallet: &Wallet, id: LotId) -> Self {
        let times = wallet.lot_times(id);
        Self {
            version: wallet.version(id).unwrap_or_default(),
            created: times.map_or(wallet.at(), |times| times.created_at),
            updated: times.map_or(wallet.at(), |times| times.updated_at),
            extended: times.and_then(|times| times.extended_at),
        }
    }
}

impl Reward {
    pub fn new(lot: RewardLot, times: Times, at: Timestamp, catalogue: &Catalogue) -> Self {
        let defined = lot.definition_id.and_then(|id| Some((catalogue.get(id)?, catalogue.version_of(id)?)));
        Self {
            id: lot.id.get(),
            version: times.version,
            profile_id: lot.profile_id.to_string(),
            timezone: lot.terms.timezone.to_string(),
            value_initial: lot.value_initial.into(),
            value_remaining: lot.value_remaining.into(),
            value_held: lot.value_held.into(),
            status: lot.status,
            issued_at: lot.issued_at.into(),
            available_at: lot.available_at.into(),
            expires_at: Time::last(lot.expires_at),
            issued_local_at: lot.issued_local_at().into(),
            expires_local_at: lot.expires_local_at().map(Time::from),
            is_expired: lot.expires_at.is_past(at),
            arrived_expired: lot.expires_at.is_past(times.created),
            is_active: lot.is_active(),
            extended_at: times.extended.map(Time::from),
            definition: defined.and_then(|(defined, version)| RewardTemplate::of_lot(defined, version, &lot)),
            created_at: times.created.into(),
            updated_at: times.updated.into(),
            scope: scope_of(&lot),
            external_id: lot.external_id.map(|id| id.to_string()),
            meta: lot.details.and_then(|details| details.meta),
        }
    }
}

impl Point {
    pub fn new(lot: PointLot, times: Times, at: Timestamp, catalogue: &Catalogue) -> Self {
        let defined = lot.definition_id.and_then(|id| Some((catalogue.get(id)?, catalogue.version_of(id)?)));
        let details = lot.details.as_deref().cloned().unwrap_or_default();
        let (source_type, source) = match details.origin {
            // What a transaction earned says so, unless the caller said something else.
            Some(Origin::Earned { transaction, .. }) if details.source_type.is_none() => {
                (Some("transaction".to_owned()), Some(transaction.to_string()))
            }
            _ => (details.source_type, details.source),
        };
        Self {
            id: lot.id.get(),
            version: times.version,
            profile_id: lot.profile_id.to_string(),
            timezone: lot.terms.timezone.to_string(),
            value_initial: lot.value_initial.into(),
            value_remaining: lot.value_remaining.into(),
            value_held: lot.value_held.into(),
            status: lot.status,
            issued_at: lot.issued_at.into(),
            available_at: lot.available_at.into(),
            expires_at: Time::last(lot.expires_at),
            is_kept_by_activity: lot.is_kept_by_activity,
            issued_local_at: lot.issued_local_at().into(),
            expires_local_at: lot.expires_local_at().map(Time::from),
            is_expired: lot.expires_at.is_past(at),
            arrived_expired: lot.expires_at.is_past(times.created),
            is_active: lot.is_active(),
            extended_at: times.extended.map(Time::from),
            definition: defined.and_then(|(defined, version)| PointTemplate::of_lot(defined, version, &lot)),
            source_type,
            source,
            meta: details.meta,
            created_at: times.created.into(),
            updated_at: times.updated.into(),
            external_id: lot.external_id.map(|id| id.to_string()),
        }
    }
}

impl Reward {
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Point {
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Versioned for Either {
    fn version(&self) -> Option<u64> {
        Some(match self {
            Self::Reward(reward) => reward.version,
            Self::Point(point) => point.version,
        })
    }
}

/// Whether a lot still is there for those who ask: one that was revoked is not, nor one that another profile has.
pub fn is_there<Q>(lot: &Lot<Q>) -> bool {
    !matches!(lot.status, LotStatus::Revoked | LotStatus::Moved)
}

/// The rewards of a wallet, in the order of use, the rest after.
pub fn rewards<'a>(wallet: &'a Wallet, catalogue: &'a Catalogue) -> impl Iterator<Item = Reward> + 'a {
    wallet.rewards().into_iter().filter(is_there::<Amount>).map(|lot| {
        let times = Times::in_wallet(wallet, lot.id);
        Reward::new(lot, times, wallet.at(), catalogue)
    })
}

/// The lots of points of a wallet, in the order of use, the rest after.
pub fn points<'a>(wallet: &'a Wallet, catalogue: &'a Catalogue) -> impl Iterator<Item = Point> + 'a {
    wallet.points().into_iter().filter(is_there::<scrip::Points>).map(|lot| {
        let times = Times::in_wallet(wallet, lot.id);
        Point::new(lot, times, wallet.at(), catalogue)
    })
}

/// Every lot of a wallet, gone ones included.
pub fn all(wallet: &Wallet, catalogue: &Catalogue) -> BTreeMap<LotId, Either> {
    chosen(wallet, catalogue, |_| true)
}

/// The lots of a wallet that are among these, gone ones included.
pub fn named(wallet: &Wallet, ids: &[LotId], catalogue: &Catalogue) -> BTreeMap<LotId, Either> {
    chosen(wallet, catalogue, |id| ids.contains(&id))
}

fn chosen(
    wallet: &Wallet,
    catalogue: &Catalogue,
    is_wanted: impl Fn(LotId) -> bool,
) -> BTreeMap<LotId, Either> {
    let at = wallet.at();
    let rewards = wallet.rewards().into_iter().filter(|lot| is_wanted(lot.id)).map(|lot| {
        let (id, times) = (lot.id, Times::in_wallet(wallet, lot.id));
        (id, Either::Reward(Box::new(Reward::new(lot, times, at, catalogue))))
    });
    let points = wallet.points().into_iter().filter(|lot| is_wanted(lot.id)).map(|lot| {
        let (id, times) = (lot.id, Times::in_wallet(wallet, lot.id));
        (id, Either::Point(Box::new(Point::new(lot, times, at, catalogue))))
    });
    rewards.chain(points).collect()
}

/// A lot that nothing happened to but what happens at `at`, by an entry of this number.
pub fn known(known: LotSnapshot, sequence: u32, at: Timestamp, catalogue: &Catalogue) -> (LotId, Either) {
    let id = known.lot.id;
    let version = LotSnapshot::version(known.moves, sequence);
    let times = Times { version, created: known.written_at, updated: at, extended: None };
    let either = match known.kind {
        LotKind::Reward => Either::Reward(Box::new(Reward::new(known.lot.of(), times, at, catalogue))),
        LotKind::Point | LotKind::Status => {
            Either::Point(Box::new(Point::new(known.lot.of(), times, at, catalogue)))
        }
    };
    (id, either)
}
