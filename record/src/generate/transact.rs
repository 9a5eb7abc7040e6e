//! Purchases at the till.

use serde_json::{Map, Value, json};

use super::issue::add;
use super::{Maker, amount, body};

pub fn post(make: &mut Maker<'_>) -> Map<String, Value> {
    let profile = make.profile_with_lots();
    let mut fields = sale(make, &profile);
    let optional = [(25, "external_id", make.external_id())];
    add(make, &mut fields, optional);
    fields
}

pub fn update(make: &mut Maker<'_>) -> Map<String, Value> {
    let (sale_of, is_other, other) =
        (make.thing(|known| &known.transactions), make.chance(4), make.profile());
    let profile = if is_other { other } else { sale_of.profile };
    let mut fields = sale(make, &profile);
    let part = make.part_of(sale_of.sum);
    let optional = [(30, "total", part), (5, "external_id", make.external_id())];
    add(make, &mut fields, optional);
    body([("transaction_id", json!(sale_of.id)), ("transaction", fields.into())])
}

/// What a purchase says, mostly with a redemption of the same profile.
fn sale(make: &mut Maker<'_>, profile: &str) -> Map<String, Value> {
    let (is_zero, total) = (make.chance(3), make.money(90));
    let total = if is_zero { amount(0) } else { total };
    let mut fields = body([("profile_id", json!(profile)), ("total", total)]);
    let own: Vec<_> =
        make.known.redemptions.iter().filter(|known| known.profile == profile).cloned().collect();
    let (is_foreign, foreign) = (make.chance(15), make.thing(|known| &known.redemptions));
    let redemption = make.chance.recent(&own).filter(|_| !is_foreign).unwrap_or(&foreign).clone();
    let original = redemption.sum + make.chance.one_of([0, 0, 100_000, 400_000, -make.program.cent]);
    if make.chance(55) {
        fields.insert("redemption_id".to_owned(), json!(redemption.id));
        fields.insert("total_original".to_owned(), amount(original.max(0)));
    }
    let optional = [
        (6, "total_original", make.money(90)),
        (20, "transacted_at", make.when()),
        (20, "timezone", make.zone()),
        (15, "tags", json!(["store-1", "web"])),
        (1, "tags", json!([""])),
        (15, "items", json!([{"sku": "A1", "price": 9}])),
        (15, "payments", json!([{"type": "card"}])),
        (15, "meta", make.meta()),
    ];
    add(make, &mut fields, optional);
    fields
}

pub fn delete(make: &mut Maker<'_>) -> Map<String, Value> {
    let sale = make.thing(|known| &known.transactions);
    body([("transaction_id", json!(sale.id))])
}

pub fn give_back(make: &mut Maker<'_>) -> Map<String, Value> {
    let sale = make.thing(|known| &known.transactions);
    let part = make.part_of(sale.sum);
    body([("transaction_id", json!(sale.id)), ("amount", part)])
}
