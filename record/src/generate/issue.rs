//! Definitions, and what is issued from them.

use serde_json::{Map, Value, json};

use super::{Maker, amount, body};

pub fn define(make: &mut Maker<'_>) -> Map<String, Value> {
    let is_reward = make.chance(60);
    definition(make, is_reward)
}

pub fn redefine(make: &mut Maker<'_>) -> Map<String, Value> {
    let (is_reward, is_other) = (make.chance(60), make.chance(4));
    let id = definition_id(make, is_reward);
    let definition = definition(make, is_reward != is_other);
    body([("id", id), ("definition", definition.into())])
}

pub fn archive(make: &mut Maker<'_>) -> Map<String, Value> {
    let is_reward = make.chance(60);
    let list = if is_reward { &make.known.rewards } else { &make.known.points };
    // There must be some to issue from.
    let id = make.chance.pick(list.get(3..).unwrap_or_default()).map_or(4_194_299, |known| known.id);
    body([("id", json!(id))])
}

fn definition_id(make: &mut Maker<'_>, is_reward: bool) -> Value {
    let (is_unknown, wrong) = (make.chance(3), make.chance.one_of([4_194_299, 4_194_304 * 99 + 4_000_000]));
    let known = make.definition(is_reward).map(|known| known.id);
    json!(known.filter(|_| !is_unknown).unwrap_or(wrong))
}

/// A definition with the terms that it has, under `reward` or `point`.
fn definition(make: &mut Maker<'_>, is_reward: bool) -> Map<String, Value> {
    let handle = format!("definition-{}", make.chance.below(90));
    let mut fields = body([("handle", json!(handle)), ("name", json!(format!("The {handle}")))]);
    let name = |length: usize| json!("n".repeat(length));
    let value = if is_reward { make.money(30) } else { make.points(300) };
    let max_value = make.money(60);
    let period_type = make.chance.one_of(["days", "weeks", "months", "years"]);
    let optional = [
        (90 + 10 * u64::from(is_reward), "value", value),
        (70, "period", json!(make.chance.one_of([0, 1, 2, 7, 14, 30]))),
        (70, "period_type", json!(period_type)),
        (1, "period", json!(u32::MAX)),
        (12, "absolute_expiry", make.until()),
        (40, "extend_days", json!(make.chance.below(90))),
        (30, "timezone", make.zone()),
        (4, "is_assignable", json!(false)),
        (70, "is_reassignable", json!(true)),
        (70, "is_extendable", json!(true)),
        (15, "description", json!("a description")),
        (15, "tags", json!(["a", "b"])),
        (15, "meta", make.meta()),
        (2, "name", name(256)),
        (1, "name", json!("")),
        (1, "tags", json!([""])),
    ];
    add(make, &mut fields, optional);
    if is_reward {
        let word = make.chance.one_of(["birthday", "tier", "dog-day", "other"]);
        let optional =
            [(25, "max_value", max_value), (40, "type", json!(word)), (15, "is_published", json!(false))];
        add(make, &mut fields, optional);
    }
    body([(if is_reward { "reward" } else { "point" }, fields.into())])
}

pub fn reward(make: &mut Maker<'_>) -> Map<String, Value> {
    issue(make, true)
}

pub fn points(make: &mut Maker<'_>) -> Map<String, Value> {
    let mut fields = issue(make, false);
    let optional = [(20, "source_type", json!("survey")), (20, "source", json!("S-1"))];
    add(make, &mut fields, optional);
    fields
}

fn issue(make: &mut Maker<'_>, is_reward: bool) -> Map<String, Value> {
    let mut fields = body([("profile_id", json!(make.profile()))]);
    name_definition(make, is_reward, &mut fields);
    let initial = if is_reward { make.money(25) } else { make.points(250) };
    let remaining = if is_reward { make.money(12) } else { make.points(120) };
    let optional = [
        (75, "value_initial", initial),
        (12, "value_remaining", remaining),
        (2, "value_remaining", amount(0)),
        (15, "issued_at", make.when()),
        (12, "available_at", make.when()),
        (45, "expires_at", make.until()),
        (15, "timezone", make.zone()),
        (15, "external_id", make.external_id()),
        (15, "meta", make.meta()),
    ];
    add(make, &mut fields, optional);
    fields
}

fn name_definition(make: &mut Maker<'_>, is_reward: bool, fields: &mut Map<String, Value>) {
    let (is_other, way) = (make.chance(2), make.chance.below(40));
    let id = definition_id(make, is_reward != is_other);
    let handle = make.definition(is_reward).map_or("none".to_owned(), |known| known.handle.clone());
    let word = if is_reward { "reward" } else { "point" };
    if way < 32 || way == 39 {
        fields.insert(format!("{word}_definition_id"), id);
    }
    if (32..=37).contains(&way) || way == 39 {
        fields.insert(format!("{word}_definition_handle"), json!(handle));
    }
}

/// Adds each field with a chance of so many percent.
pub fn add<const N: usize>(
    make: &mut Maker<'_>,
    fields: &mut Map<String, Value>,
    optional: [(u64, &str, Value); N],
) {
    for (percent, name, value) in optional {
        if make.chance(percent) {
            fields.insert(name.to_owned(), value);
        }
    }
}
