//! Examples of definitions, with and without each of their fields.

use super::examples::{document, points, scope};
use crate::definition::{Definition, PointDefinition, RewardDefinition};
use crate::time::{PeriodType, Timestamp, Until};
use crate::value::Amount;

pub(super) fn definitions() -> Vec<Definition> {
    let handle = || "ten".parse().unwrap();
    let reward = RewardDefinition::new(handle(), "Ten", Amount::from(10));
    let untils = [
        Until::Never,
        Until::Instant(Timestamp::MAX),
        "2025-07-15 23:59:59.5".parse().unwrap(),
        "2025-07-15".parse().unwrap(),
    ];
    let full = RewardDefinition {
        reward_type: "something else".parse().unwrap(),
        max_value: Some(Amount::from(11)),
        period: Some(3),
        period_type: PeriodType::Weeks,
        extend_days: Some(4),
        timezone: Some("Asia/Tokyo".parse().unwrap()),
        scope: scope(),
        is_assignable: false,
        is_reassignable: true,
        is_extendable: true,
        is_published: false,
        description: Some("d".to_owned()),
        short_description: Some("s".to_owned()),
        long_description: Some("l".to_owned()),
        terms_conditions: Some("t".to_owned()),
        earn_instructions: Some("e".to_owned()),
        internal_notes: Some("i".to_owned()),
        icon: Some("c".to_owned()),
        image_url: Some("u".to_owned()),
        tags: vec!["x".to_owned()],
        meta: document(),
        ..reward.clone()
    };
    let point = PointDefinition {
        value: Some(points(5)),
        period: Some(1),
        absolute_expiry: Some(Until::Never),
        extend_days: Some(2),
        timezone: Some("UTC".parse().unwrap()),
        description: Some("d".to_owned()),
        notes: Some("n".to_owned()),
        tags: vec!["x".to_owned()],
        meta: document(),
        is_redeemable: false,
        inactivity_period: Some(18),
        inactivity_period_type: PeriodType::Months,
        ..PointDefinition::new(handle(), "Ten")
    };
    let mut all: Vec<Definition> =
        vec![reward.into(), point.into(), PointDefinition::new(handle(), "").into()];
    all.extend(untils.map(|until| RewardDefinition { absolute_expiry: Some(until), ..full.clone() }.into()));
    all
}
