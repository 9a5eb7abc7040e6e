//! Definitions.

use scrip::definition::{Defined, Definition, Scope};
use scrip::time::{Period, Until};
use scrip::{PeriodType, PointLot, Reward};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::sent;
use super::wire::{Num, Time};
use crate::http::answer::Versioned;
use crate::http::body::Fields;

/// A template that rewards are issued from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RewardDefinition)]
pub struct RewardTemplate {
    id: u64,
    /// It grows with each change.
    version: u64,
    name: String,
    handle: String,
    /// What a reward is worth.
    value: Num,
    /// The most that an issue may say instead.
    max_value: Option<Num>,
    r#type: String,
    /// How many days, weeks, months or years a reward lasts.
    period: Option<u32>,
    #[schema(value_type = String)]
    period_type: PeriodType,
    /// A time in UTC, or a date: the end of that day where the reward is.
    absolute_expiry: Option<String>,
    extend_days: Option<u32>,
    timezone: Option<String>,
    /// What its rewards may be spent on; anything where it is null.
    scope: Option<ScopeOut>,
    description: Option<String>,
    short_description: Option<String>,
    long_description: Option<String>,
    terms_conditions: Option<String>,
    earn_instructions: Option<String>,
    internal_notes: Option<String>,
    icon: Option<String>,
    image_url: Option<String>,
    is_assignable: bool,
    is_reassignable: bool,
    is_extendable: bool,
    is_published: bool,
    tags: Vec<String>,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Box<RawValue>>,
    created_at: Time,
    updated_at: Time,
    /// Whatever else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    sent: Fields,
}

impl RewardTemplate {
    /// `None` for a definition of points.
    pub fn of(defined: &Defined, version: u32) -> Option<Self> {
        let Definition::Reward(reward) = defined.definition.clone() else { return None };
        let mut sent = sent::unpack(reward.meta.as_ref());
        Some(Self {
            id: defined.id.get(),
            version: version.into(),
            name: reward.name,
            handle: reward.handle.to_string(),
            value: reward.value.into(),
            max_value: reward.max_value.map(Num::from),
            r#type: reward.reward_type.to_string(),
            period: reward.period,
            period_type: reward.period_type,
            absolute_expiry: reward.absolute_expiry.and_then(end),
            extend_days: reward.extend_days,
            timezone: reward.timezone.map(|zone| zone.to_string()),
            scope: reward.scope.as_deref().map(ScopeOut::from),
            description: reward.description,
            short_description: reward.short_description,
            long_description: reward.long_description,
            terms_conditions: reward.terms_conditions,
            earn_instructions: reward.earn_instructions,
            internal_notes: reward.internal_notes,
            icon: reward.icon,
            image_url: reward.image_url,
            is_assignable: reward.is_assignable,
            is_reassignable: reward.is_reassignable,
            is_extendable: reward.is_extendable,
            is_published: reward.is_published,
            tags: reward.tags,
            meta: sent.remove("meta"),
            created_at: defined.created_at.into(),
            updated_at: defined.updated_at.into(),
            sent,
        })
    }

    /// As a reward shows it: with the reward's own terms, whatever the definition says now (rules D3 and D6).
    pub fn of_lot(defined: &Defined, version: u32, lot: &Reward) -> Option<Self> {
        let (period, period_type) = length(lot.terms.period);
        Some(Self {
            value: lot.value_initial.into(),
            period,
            period_type,
            absolute_expiry: None,
            extend_days: lot.terms.extend_days,
            timezone: Some(lot.terms.timezone.to_string()),
            scope: scope_of(lot),
            is_reassignable: lot.terms.is_reassignable,
            is_extendable: lot.terms.is_extendable,
            ..Self::of(defined, version)?
        })
    }
}

/// What a reward may be spent on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Scope)]
pub struct ScopeOut {
    /// A line needs one of these tags, if there are any.
    only: Vec<String>,
    /// A line has none of these tags.
    except: Vec<String>,
    /// The least that the lines it may pay must cost together.
    minimum_spend: Option<Num>,
}

impl From<&Scope> for ScopeOut {
    fn from(scope: &Scope) -> Self {
        let (only, except) = (scope.only.clone(), scope.except.clone());
        Self { only, except, minimum_spend: scope.minimum_spend.map(Num::from) }
    }
}

/// The scope frozen in a reward.
pub fn scope_of(lot: &Reward) -> Option<ScopeOut> {
    lot.details.as_ref()?.scope.as_deref().map(ScopeOut::from)
}

/// A template that points are issued from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PointDefinition)]
pub struct PointTemplate {
    id: u64,
    version: u64,
    name: String,
    handle: String,
    /// How many points a lot has.
    value: Option<Num>,
    period: Option<u32>,
    #[schema(value_type = String)]
    period_type: PeriodType,
    /// How long a lot lasts without activity (rule T9).
    inactivity_period: Option<u32>,
    #[schema(value_type = String)]
    inactivity_period_type: PeriodType,
    absolute_expiry: Option<String>,
    extend_days: Option<u32>,
    timezone: Option<String>,
    description: Option<String>,
    notes: Option<String>,
    is_assignable: bool,
    is_reassignable: bool,
    is_extendable: bool,
    /// Whether its points can be redeemed (rule K1).
    is_redeemable: bool,
    tags: Vec<String>,
    #[schema(value_type = Option<serde_json::Value>)]
    meta: Option<Box<RawValue>>,
    created_at: Time,
    updated_at: Time,
    /// Whatever else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    sent: Fields,
}

impl PointTemplate {
    /// `None` for a definition of rewards.
    pub fn of(defined: &Defined, version: u32) -> Option<Self> {
        let Definition::Point(point) = defined.definition.clone() else { return None };
        let mut sent = sent::unpack(point.meta.as_ref());
        Some(Self {
            id: defined.id.get(),
            version: version.into(),
            name: point.name,
            handle: point.handle.to_string(),
            value: point.value.map(Num::from),
            period: point.period,
            period_type: point.period_type,
            inactivity_period: point.inactivity_period,
            inactivity_period_type: point.inactivity_period_type,
            absolute_expiry: point.absolute_expiry.and_then(end),
            extend_days: point.extend_days,
            timezone: point.timezone.map(|zone| zone.to_string()),
            description: point.description,
            notes: point.notes,
            is_assignable: point.is_assignable,
            is_reassignable: point.is_reassignable,
            is_extendable: point.is_extendable,
            is_redeemable: point.is_redeemable,
            tags: point.tags,
            meta: sent.remove("meta"),
            created_at: defined.created_at.into(),
            updated_at: defined.updated_at.into(),
            sent,
        })
    }

    /// As a lot of points shows it; see [`RewardTemplate::of_lot`].
    pub fn of_lot(defined: &Defined, version: u32, lot: &PointLot) -> Option<Self> {
        let (period, period_type) = length(lot.terms.period);
        let (inactivity_period, inactivity_period_type) = length(lot.terms.inactivity);
        Some(Self {
            value: Some(lot.value_initial.into()),
            period,
            period_type,
            inactivity_period,
            inactivity_period_type,
            absolute_expiry: None,
            extend_days: lot.terms.extend_days,
            timezone: Some(lot.terms.timezone.to_string()),
            is_reassignable: lot.terms.is_reassignable,
            is_extendable: lot.terms.is_extendable,
            is_redeemable: lot.is_redeemable,
            ..Self::of(defined, version)?
        })
    }
}

/// The period of a lot. Its expiry, where a date gave it, is in the lot's `expires_at`.
fn length(period: Option<Period>) -> (Option<u32>, PeriodType) {
    period.map_or((None, PeriodType::Days), |period| (Some(period.count), period.unit))
}

impl Versioned for RewardTemplate {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

impl Versioned for PointTemplate {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

/// An end as a text: in UTC, unless it is a day or a local time, which each reward's own zone places.
pub fn end(until: Until) -> Option<String> {
    match until {
        Until::Never => None,
        Until::Day(date) => Some(date.to_string()),
        Until::Local(local) => Some(local.format("%Y-%m-%d %H:%M:%S").to_string()),
        Until::Instant(end) => {
            let last = scrip::time::Expiry::at(end).last_second()?;
            Some(last.to_datetime().format("%Y-%m-%d %H:%M:%S").to_string())
        }
    }
}
