//! What the bodies of requests may say, for the description. The crate's own requests read them; a test holds that each
//! field here is read by one.
#![allow(dead_code)]

use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A decimal, as a number or as a text.
pub struct Decimal;

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(SchemaType::new(Type::Number)))
            .item(
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .pattern(Some(r"^\d+(\.\d+)?$")),
            )
            .into()
    }
}

impl ToSchema for Decimal {}

/// A time: `YYYY-MM-DD HH:MM:SS` in the body's `timezone` or in UTC, RFC 3339, or a date.
pub struct When;

impl PartialSchema for When {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).into()
    }
}

impl ToSchema for When {}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        pub struct $name {
            $($(#[$field_doc])* $field: $type,)*
        }
    )*};
}

bodies! {
    /// A definition of rewards. In a PUT, what is left out stays as it is. Fields that are not named here are kept, and
    /// come back as sent, unless they look like a slip.
    RewardDefinitionBody {
        /// That of the answer which is sent back, edited: refused if there is a newer one.
        version: Option<u64>,
        name: String,
        handle: String,
        value: Decimal,
        max_value: Option<Decimal>,
        r#type: Option<String>,
        period: Option<u32>,
        period_type: Option<String>,
        absolute_expiry: Option<When>,
        extend_days: Option<u32>,
        timezone: Option<String>,
        /// What its rewards may be spent on.
        scope: Option<ScopeBody>,
        description: Option<String>,
        short_description: Option<String>,
        long_description: Option<String>,
        terms_conditions: Option<String>,
        earn_instructions: Option<String>,
        internal_notes: Option<String>,
        icon: Option<String>,
        image_url: Option<String>,
        is_assignable: Option<bool>,
        is_reassignable: Option<bool>,
        is_extendable: Option<bool>,
        is_published: Option<bool>,
        tags: Option<Vec<String>>,
        meta: Option<Value>,
        /// Kept for whoever sends notices, as the next three are.
        issue_target_id: Option<Value>,
        expiry_target_id: Option<Value>,
        notify_issue_offset: Option<Value>,
        notify_expiry_offset: Option<Value>,
        /// Kept for whoever shows it, as the next one is.
        redeem_instructions_store: Option<Value>,
        redeem_instructions_online: Option<Value>,
    }
    /// A definition of points. In a PUT, what is left out stays as it is. Other fields are kept, as with rewards.
    PointDefinitionBody {
        /// That of the answer which is sent back, edited: refused if there is a newer one.
        version: Option<u64>,
        name: String,
        handle: String,
        value: Option<Decimal>,
        period: Option<u32>,
        period_type: Option<String>,
        /// Lots lapse after so long without activity.
        inactivity_period: Option<u32>,
        /// `days`, `weeks`, `months` or `years`.
        inactivity_period_type: Option<String>,
        absolute_expiry: Option<When>,
        extend_days: Option<u32>,
        timezone: Option<String>,
        description: Option<String>,
        notes: Option<String>,
        is_assignable: Option<bool>,
        is_reassignable: Option<bool>,
        is_extendable: Option<bool>,
        tags: Option<Vec<String>>,
        meta: Option<Value>,
    }
    /// A reward to issue. What is left out comes from the definition.
    RewardBody {
        profile_id: String,
        reward_definition_id: Option<u64>,
        reward_definition_handle: Option<String>,
        value_initial: Option<Decimal>,
        value_remaining: Option<Decimal>,
        issued_at: Option<When>,
        available_at: Option<When>,
        /// `"never"` for never; `null` is as good as leaving it out.
        expires_at: Option<When>,
        timezone: Option<String>,
        /// What it may be spent on; the definition's own scope can only be narrowed.
        scope: Option<ScopeBody>,
        external_id: Option<String>,
        meta: Option<Value>,
    }
    /// A correction of a reward.
    RewardChangeBody {
        /// That of the answer which is sent back, edited: refused if there is a newer one.
        version: Option<u64>,
        value_initial: Option<Decimal>,
        value_remaining: Option<Decimal>,
        /// `"never"` for never; `null` is as good as leaving it out.
        expires_at: Option<When>,
        timezone: Option<String>,
        meta: Option<Value>,
        reason: Option<String>,
    }
    /// Why a reward is taken back.
    RevokeBody {
        reason: Option<String>,
    }
    /// Rewards to issue; the array alone is taken as well.
    BatchBody {
        rewards: Vec<RewardBody>,
    }
    /// Rewards to extend, by days or to a date.
    ExtendBody {
        profile_id: String,
        ids: Vec<u64>,
        extend_days: Option<u32>,
        extend_date: Option<When>,
        timezone: Option<String>,
    }
    /// Who receives a reward.
    ReassignBody {
        profile_id: String,
    }
    /// A lot of points to issue.
    PointBody {
        profile_id: String,
        /// 1, unless a handle is given.
        point_definition_id: Option<u64>,
        point_definition_handle: Option<String>,
        value_initial: Option<Decimal>,
        value_remaining: Option<Decimal>,
        issued_at: Option<When>,
        available_at: Option<When>,
        /// `"never"` for never; `null` is as good as leaving it out.
        expires_at: Option<When>,
        timezone: Option<String>,
        external_id: Option<String>,
        source_type: Option<String>,
        source: Option<String>,
        meta: Option<Value>,
    }
    /// What a reward may be spent on.
    ScopeBody {
        /// A line needs one of these tags, if there are any.
        only: Option<Vec<String>>,
        /// A line has none of these tags.
        except: Option<Vec<String>>,
        /// The least that the lines it may pay must cost together.
        minimum_spend: Option<Decimal>,
    }
    /// One line of what is bought.
    LineBody {
        id: String,
        amount: Decimal,
        tags: Option<Vec<String>>,
    }
    /// A line that comes back: all that was paid of it, unless an amount is said.
    ReturnLineBody {
        id: String,
        amount: Option<Decimal>,
    }
    /// What to redeem.
    RedeemBody {
        /// `["rewards"]` unless said.
        strategies: Option<Vec<String>>,
        amount: Decimal,
        /// All or nothing; false unless said.
        strict: Option<bool>,
        basket_total: Option<Decimal>,
        /// What is bought: the whole basket, before rewards.
        lines: Option<Vec<LineBody>>,
        /// What every line has as well.
        tags: Option<Vec<String>>,
        /// When it happened, if it is sent late.
        occurred_at: Option<When>,
        /// The zone of local times in this body; UTC unless said.
        timezone: Option<String>,
        /// The path's, if at all.
        profile_id: Option<String>,
        meta: Option<Value>,
    }
    /// What to redeem, in short.
    ShortRedeemBody {
        amount: Decimal,
        /// `rewards`, `points`, `rewards_points` (unless said) or `points_rewards`.
        strategy: Option<String>,
        strict: Option<bool>,
        basket_total: Option<Decimal>,
        /// What is bought: the whole basket, before rewards.
        lines: Option<Vec<LineBody>>,
        /// What every line has as well.
        tags: Option<Vec<String>>,
        /// When it happened, if it is sent late.
        occurred_at: Option<When>,
        /// The zone of local times in this body; UTC unless said.
        timezone: Option<String>,
        /// The path's, if at all.
        profile_id: Option<String>,
        meta: Option<Value>,
    }
    /// What to set aside.
    HoldBody {
        amount: Decimal,
        strategies: Option<Vec<String>>,
        /// All or nothing; true unless said.
        strict: Option<bool>,
        /// In seconds.
        expires_in: Option<u32>,
        basket_total: Option<Decimal>,
        /// What is bought: the whole basket, before rewards.
        lines: Option<Vec<LineBody>>,
        /// What every line has as well.
        tags: Option<Vec<String>>,
        /// The path's, if at all.
        profile_id: Option<String>,
        meta: Option<Value>,
    }
    /// What to transfer, and to whom.
    TransferBody {
        /// Who receives it.
        profile_id: String,
        /// `reward`, `point`, or `status_point` for points that cannot be redeemed.
        r#type: String,
        value: Decimal,
        /// From these lots only; from any that can be reassigned unless said, soonest expiry first.
        ids: Option<Vec<u64>>,
        meta: Option<Value>,
    }
    /// Into which profile.
    MergeBody {
        into: String,
        /// The path's, if at all.
        profile_id: Option<String>,
    }
    /// How much of a hold; all of it unless said.
    CaptureBody {
        amount: Option<Decimal>,
        /// What was bought in the end.
        lines: Option<Vec<LineBody>>,
        /// What every line has as well.
        tags: Option<Vec<String>>,
        meta: Option<Value>,
    }
    /// Nothing has to be said.
    ReversalBody {
        meta: Option<Value>,
    }
    /// How much to give back, by amount or by lines.
    ReturnBody {
        amount: Option<Decimal>,
        /// The lines that come back.
        lines: Option<Vec<ReturnLineBody>>,
        /// All or nothing; false unless said.
        strict: Option<bool>,
        meta: Option<Value>,
    }
    /// A purchase. Fields that are not named here are kept, and come back as sent.
    TransactionBody {
        /// That of the answer which is sent back, edited: refused if there is a newer one.
        version: Option<u64>,
        profile_id: String,
        total: Decimal,
        total_original: Option<Decimal>,
        redemption_id: Option<u64>,
        transacted_at: Option<When>,
        timezone: Option<String>,
        external_id: Option<String>,
        tags: Option<Value>,
        /// Kept as sent. They are the lines of the purchase where every one has `id`, `tags`, and `amount` or `price` and `quantity`.
        items: Option<Value>,
        payments: Option<Value>,
        /// In a change: whether it is void from now on. That is final.
        is_void: Option<bool>,
        meta: Option<Value>,
    }
    /// How much of a purchase came back, by amount or by lines.
    TransactionReturnBody {
        amount: Option<Decimal>,
        /// The lines that come back.
        lines: Option<Vec<ReturnLineBody>>,
    }
    /// A system that every event is sent to.
    WebhookBody {
        /// With `http` or `https`.
        url: String,
        /// 1 to 32 small letters, digits and dashes; made from the host unless said.
        name: Option<String>,
        /// `whsec_` and 24 to 64 bytes in base64; made at random unless said.
        secret: Option<String>,
    }
    /// What time it is to be.
    ClockBody {
        now: When,
    }
}
