//! Redemptions, holds, and what is given back.

use serde_json::{Map, Value, json};

use super::issue::add;
use super::{Maker, amount, body};
use crate::clock::instant;
use crate::known::Thing;

pub fn redeem(make: &mut Maker<'_>) -> Map<String, Value> {
    let mut fields = take(make);
    if make.chance(1) {
        fields.remove("profile_id");
    }
    // What a till did while it was offline; a few are too late, or still to come.
    let ago = make.chance.one_of([-1, 0, 1, 600, 20_000, 28_800, 80_000, 200_000]);
    let occurred_at = json!(instant(make.now - ago * 1_000_000));
    add(make, &mut fields, [(15, "occurred_at", occurred_at)]);
    fields
}

pub fn hold(make: &mut Maker<'_>) -> Map<String, Value> {
    let mut fields = take(make);
    let seconds = make.chance.one_of([0, 60, 3_600, 86_400, 400_000, 900_000, 900_000]);
    add(make, &mut fields, [(40, "expires_in", json!(seconds))]);
    fields
}

/// What a redemption and a hold have in common.
fn take(make: &mut Maker<'_>) -> Map<String, Value> {
    let (is_large, cents) = (make.chance(12), make.chance.between(1, 900));
    let sum = if is_large { make.money(200) } else { make.money(8) };
    let sum = if make.chance(30) { amount(cents * make.program.cent) } else { sum };
    let mut fields = body([("profile_id", json!(make.profile_with_lots())), ("amount", sum)]);
    let both = if make.program.has_points { 55 } else { 4 };
    let lists = [json!(["rewards", "points"]), json!(["points", "rewards"]), json!(["points"])];
    let strategies = make.chance.pick(&lists).unwrap().clone();
    let needs_basket = if make.program.needs_basket { 92 } else { 20 };
    let optional = [
        (both, "strategies", strategies),
        (1, "strategies", json!([])),
        (1, "strategies", json!(["points", "points"])),
        (40, "strict", json!(false)),
        (needs_basket, "basket_total", make.money(120)),
        (15, "meta", make.meta()),
    ];
    add(make, &mut fields, optional);
    fields
}

pub fn capture(make: &mut Maker<'_>) -> Map<String, Value> {
    let hold = a_hold(make);
    let part = make.part_of(hold.sum);
    let mut fields = body([("hold_id", json!(hold.id))]);
    let optional = [(55, "amount", part), (15, "meta", make.meta())];
    add(make, &mut fields, optional);
    fields
}

pub fn release(make: &mut Maker<'_>) -> Map<String, Value> {
    let hold = a_hold(make);
    body([("hold_id", json!(hold.id))])
}

/// The last one as often as another: none of them lasts for long.
fn a_hold(make: &mut Maker<'_>) -> Thing {
    let (is_last, other) = (make.chance(50), make.thing(|known| &known.holds));
    make.known.holds.last().filter(|_| is_last).cloned().unwrap_or(other)
}

pub fn give_back(make: &mut Maker<'_>) -> Map<String, Value> {
    let redemption = make.thing(|known| &known.redemptions);
    let part = make.part_of(redemption.sum);
    let mut fields = body([("redemption_id", json!(redemption.id)), ("amount", part)]);
    let optional = [(40, "strict", json!(false)), (15, "meta", make.meta())];
    add(make, &mut fields, optional);
    fields
}

pub fn reverse(make: &mut Maker<'_>) -> Map<String, Value> {
    let (is_last, other) = (make.chance(60), make.thing(|known| &known.redemptions));
    // There is not much time for it.
    let last = make.known.redemptions.last().filter(|_| is_last);
    let mut fields = body([("redemption_id", json!(last.unwrap_or(&other).id))]);
    let optional = [(15, "meta", make.meta())];
    add(make, &mut fields, optional);
    fields
}
