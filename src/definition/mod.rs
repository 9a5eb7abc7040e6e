//! Definitions: the templates that lots are issued from (rules D1 to D3).

mod kind;
mod scope;
mod terms;

use serde::{Deserialize, Serialize};

pub use kind::RewardType;
pub use scope::{Line, Scope};
pub(crate) use scope::{MOST_TAGS, TAG_BYTES};
pub use terms::Terms;

use crate::id::{DefinitionId, Handle};
use crate::json::Json;
use crate::setters::setters;
use crate::time::{Period, PeriodType, Timestamp, Until, Zone};
use crate::value::{Amount, Points};

/// The template of a reward: what is issued from it is worth so much, for so long, on these terms.
///
/// ```
/// use scrip::definition::RewardType;
/// use scrip::{Amount, PeriodType, RewardDefinition};
///
/// let birthday = RewardDefinition::new("birthday-reward".parse()?, "Birthday Reward", Amount::from(10))
///     .valid_for(30, PeriodType::Days)
///     .with_reward_type(RewardType::Birthday)
///     .with_extendable(true)
///     .with_extend_days(14)
///     .with_tags(["birthday", "summer"])
///     .with_description("Ten dollars off, for your birthday");
/// assert!(birthday.is_assignable && birthday.is_extendable);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RewardDefinition {
    /// Its unique name in URLs.
    pub handle: Handle,
    /// Its name for people.
    pub name: String,
    /// What a reward is worth, unless the issue says otherwise; in the program's currency.
    pub value: Amount,
    /// What the reward is for.
    #[serde(rename = "type", default)]
    pub reward_type: RewardType,
    /// The most that an issue may say instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_value: Option<Amount>,
    /// How long, when, where and whether: the terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// What `period` counts.
    #[serde(default)]
    pub period_type: PeriodType,
    /// The end of every reward issued from it, whatever the period (rule T4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_expiry: Option<Until>,
    /// By how many local days a reward is extended where the request does not say (rule L1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// The zone of rewards issued from it; without it, the program's (rule T3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// What its rewards may be spent on; anything without it (rule S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
    /// Whether rewards can be issued from it (rule D2).
    #[serde(default = "yes")]
    pub is_assignable: bool,
    /// Whether its rewards can move to another profile (rule L2).
    #[serde(default)]
    pub is_reassignable: bool,
    /// Whether its rewards can be extended (rule L1).
    #[serde(default)]
    pub is_extendable: bool,
    /// Whether customers may see it.
    #[serde(default = "yes")]
    pub is_published: bool,
    /// Texts for people; the ledger does not read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// One line for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// A page for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// The small print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_conditions: Option<String>,
    /// How to earn it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earn_instructions: Option<String>,
    /// Notes for the shop's own staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_notes: Option<String>,
    /// The name of an icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The template of a lot of points.
///
/// ```
/// use scrip::{PeriodType, PointDefinition, Points};
///
/// let review = PointDefinition::new("review".parse()?, "Review")
///     .with_value(Points::from(50))
///     .valid_for(12, PeriodType::Months);
/// assert_eq!(review.period, Some(12));
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PointDefinition {
    /// Its unique name in URLs.
    pub handle: Handle,
    /// Its name for people.
    pub name: String,
    /// How many points a lot has, unless the issue says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Points>,
    /// How long a lot lasts; without it, lots never expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// What `period` counts.
    #[serde(default)]
    pub period_type: PeriodType,
    /// How long a lot lasts without activity of its profile; without it, lots do not lapse for that (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity_period: Option<u32>,
    /// What `inactivity_period` counts: days, weeks, months or years.
    #[serde(default, skip_serializing_if = "is_days")]
    pub inactivity_period_type: PeriodType,
    /// The end of every lot issued from it, whatever the period (rule T4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute_expiry: Option<Until>,
    /// By how many local days a lot is extended where the request does not say (rule L1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// The zone of lots issued from it; without it, the program's (rule T3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// Whether lots can be issued from it (rule D2).
    #[serde(default = "yes")]
    pub is_assignable: bool,
    /// Whether its lots can move to another profile (rule L2).
    #[serde(default)]
    pub is_reassignable: bool,
    /// Whether its lots can be extended (rule L1).
    #[serde(default)]
    pub is_extendable: bool,
    /// Whether its points can be redeemed. Status or tier points cannot: they count, and are worth nothing (rule K1).
    #[serde(default = "yes")]
    pub is_redeemable: bool,
    /// A text for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Notes for the shop's own staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde asks.
fn is_days(period_type: &PeriodType) -> bool {
    *period_type == PeriodType::Days
}

impl RewardDefinition {
    /// A definition with the usual terms: assignable and published, not reassignable, not extendable, no expiry.
    pub fn new(handle: Handle, name: &str, value: Amount) -> Self {
        Self {
            handle,
            name: name.to_owned(),
            value,
            reward_type: RewardType::default(),
            max_value: None,
            period: None,
            period_type: PeriodType::Days,
            absolute_expiry: None,
            extend_days: None,
            timezone: None,
            scope: None,
            is_assignable: true,
            is_reassignable: false,
            is_extendable: false,
            is_published: true,
            description: None,
            short_description: None,
            long_description: None,
            terms_conditions: None,
            earn_instructions: None,
            internal_notes: None,
            icon: None,
            image_url: None,
            tags: Vec::new(),
            meta: None,
        }
    }

    /// The same, with rewards that are valid for a number of local days, weeks, months or years, or to the end of such a
    /// calendar week, month or year (rule T4).
    #[must_use]
    pub fn valid_for(self, period: u32, period_type: PeriodType) -> Self {
        Self { period: Some(period), period_type, ..self }
    }
}

setters! { RewardDefinition {
    /// Of this kind, such as `birthday` (rule D1).
    with_reward_type(reward_type: RewardType) = reward_type;

    /// With the largest value that a request may issue it with (rule D2).
    with_max_value(max_value: Amount) = Some(max_value);

    /// Usable until this date or instant, whenever it is issued (rule T4).
    with_absolute_expiry(absolute_expiry: impl Into<Until>) = Some(absolute_expiry.into());

    /// With this default extension, in local days (rule L1).
    with_extend_days(extend_days: u32) = Some(extend_days);

    /// In another zone than the program's (rule T3).
    with_timezone(timezone: Zone) = Some(timezone);

    /// With this scope: what its rewards may be spent on (rule S2).
    with_scope(scope: Scope) = Some(Box::new(scope));

    /// Whether lots can be issued from it (rule D2).
    with_assignable(is_assignable: bool) = is_assignable;

    /// Whether its lots can go to another profile (rule L2).
    with_reassignable(is_reassignable: bool) = is_reassignable;

    /// Whether its lots can be extended (rule L1).
    with_extendable(is_extendable: bool) = is_extendable;

    /// With tags.
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// Whether it is shown to customers.
    with_published(is_published: bool) = is_published;

    /// With its description.
    with_description(description: impl Into<String>) = Some(description.into());

    /// With its short description.
    with_short_description(short_description: impl Into<String>) = Some(short_description.into());

    /// With its long description.
    with_long_description(long_description: impl Into<String>) = Some(long_description.into());

    /// With its terms and conditions.
    with_terms_conditions(terms_conditions: impl Into<String>) = Some(terms_conditions.into());

    /// With its instructions on how it is earned.
    with_earn_instructions(earn_instructions: impl Into<String>) = Some(earn_instructions.into());

    /// With its notes for the staff.
    with_internal_notes(internal_notes: impl Into<String>) = Some(internal_notes.into());

    /// With its icon.
    with_icon(icon: impl Into<String>) = Some(icon.into());

    /// With its picture.
    with_image_url(image_url: impl Into<String>) = Some(image_url.into());

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl PointDefinition {
    /// A definition with the usual terms: assignable, redeemable, not reassignable, not extendable, no expiry.
    pub fn new(handle: Handle, name: &str) -> Self {
        Self {
            handle,
            name: name.to_owned(),
            value: None,
            period: None,
            period_type: PeriodType::Days,
            inactivity_period: None,
            inactivity_period_type: PeriodType::Days,
            absolute_expiry: None,
            extend_days: None,
            timezone: None,
            is_assignable: true,
            is_reassignable: false,
            is_extendable: false,
            is_redeemable: true,
            description: None,
            notes: None,
            tags: Vec::new(),
            meta: None,
        }
    }

    /// The same, with lots that are valid for a number of local days, weeks, months or years, or to the end of such a
    /// calendar week, month or year (rule T4).
    #[must_use]
    pub fn valid_for(self, period: u32, period_type: PeriodType) -> Self {
        Self { period: Some(period), period_type, ..self }
    }

    /// The same, with lots that lapse after a number of local days, weeks, months or years without activity (rule T9).
    #[must_use]
    pub fn lapsing_after(self, period: u32, period_type: PeriodType) -> Self {
        Self { inactivity_period: Some(period), inactivity_period_type: period_type, ..self }
    }

    /// The period without activity after which its lots lapse.
    pub(crate) fn inactivity(&self) -> Option<Period> {
        self.inactivity_period_type.counted(self.inactivity_period)
    }
}

setters! { PointDefinition {
    /// With the number of points that are issued where a request does not say.
    with_value(value: Points) = Some(value);

    /// Usable until this date or instant, whenever it is issued (rule T4).
    with_absolute_expiry(absolute_expiry: impl Into<Until>) = Some(absolute_expiry.into());

    /// With this default extension, in local days (rule L1).
    with_extend_days(extend_days: u32) = Some(extend_days);

    /// In another zone than the program's (rule T3).
    with_timezone(timezone: Zone) = Some(timezone);

    /// Whether lots can be issued from it (rule D2).
    with_assignable(is_assignable: bool) = is_assignable;

    /// Whether its lots can go to another profile (rule L2).
    with_reassignable(is_reassignable: bool) = is_reassignable;

    /// Whether its lots can be extended (rule L1).
    with_extendable(is_extendable: bool) = is_extendable;

    /// Whether its points can be redeemed (rule K1).
    with_redeemable(is_redeemable: bool) = is_redeemable;

    /// With tags.
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// With its description.
    with_description(description: impl Into<String>) = Some(description.into());

    /// With its notes for the staff.
    with_notes(notes: impl Into<String>) = Some(notes.into());

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

/// A definition of either kind, as the catalogue holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// Of rewards.
    Reward(RewardDefinition),
    /// Of points.
    Point(PointDefinition),
}

impl Definition {
    /// Its unique name in URLs.
    pub const fn handle(&self) -> &Handle {
        match self {
            Self::Reward(definition) => &definition.handle,
            Self::Point(definition) => &definition.handle,
        }
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::Reward(definition) => &definition.name,
            Self::Point(definition) => &definition.name,
        }
    }
}

impl From<RewardDefinition> for Definition {
    fn from(definition: RewardDefinition) -> Self {
        Self::Reward(definition)
    }
}

impl From<PointDefinition> for Definition {
    fn from(definition: PointDefinition) -> Self {
        Self::Point(definition)
    }
}

/// A definition in the catalogue: what was defined, under which id, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defined {
    /// Its id.
    pub id: DefinitionId,
    /// What was defined.
    pub definition: Definition,
    /// Whether it was taken out of use: nothing is issued from it any more (rule D3).
    pub is_archived: bool,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Defined {
    /// Whether a handle is this definition's own now.
    pub(crate) fn holds(&self, handle: &Handle) -> bool {
        !self.is_archived && self.definition.handle() == handle
    }
}
