//! What happens to lots and profiles afterwards.

use serde_json::{Map, Value, json};

use super::issue::add;
use super::{Maker, amount, body};

pub fn extend(make: &mut Maker<'_>) -> Map<String, Value> {
    let (lot, count, is_other) = (make.lot(), make.chance.one_of([1, 1, 1, 2, 3]), make.chance(4));
    let other = make.profile();
    let profile = if is_other { other } else { lot.profile };
    let mut ids = vec![lot.id];
    while ids.len() < count {
        let own: Vec<u64> =
            make.known.lots.iter().filter(|known| known.profile == profile).map(|known| known.id).collect();
        let more = make.chance.recent(&own).copied();
        ids.push(more.unwrap_or(lot.id));
    }
    if make.chance(2) {
        ids.clear();
    }
    let mut fields = body([("profile_id", json!(profile)), ("ids", json!(ids))]);
    let days = make.chance.one_of([0, 1, 3, 7, 30, 60, 4_000_000]);
    let percent = if make.chance(50) { (90, 3) } else { (3, 60) };
    let optional = [(percent.0, "extend_days", json!(days)), (percent.1, "extend_date", make.until())];
    add(make, &mut fields, optional);
    fields
}

pub fn reassign(make: &mut Maker<'_>) -> Map<String, Value> {
    let (lot, to, is_other) = (make.lot(), make.profile(), make.chance(8));
    let from = if is_other { make.profile() } else { lot.profile };
    let mut fields = body([("id", json!(lot.id)), ("profile_id", json!(to))]);
    add(make, &mut fields, [(40, "from", json!(from))]);
    fields
}

pub fn revoke(make: &mut Maker<'_>) -> Map<String, Value> {
    let lot = make.lot();
    let mut fields = body([("id", json!(lot.id))]);
    let optional = [
        (20, "profile_id", json!(lot.profile)),
        (5, "profile_id", json!(make.profile())),
        (40, "reason", json!("a mistake")),
        (3, "reason", json!("x".repeat(256))),
    ];
    add(make, &mut fields, optional);
    fields
}

pub fn adjust(make: &mut Maker<'_>) -> Map<String, Value> {
    let lot = make.lot();
    let (initial, remaining) = (make.sum_like(lot.sum), make.sum_like(lot.sum));
    let mut fields = body([("id", json!(lot.id)), ("reason", json!("a correction"))]);
    let optional = [
        (20, "profile_id", json!(lot.profile)),
        (30, "value_initial", initial),
        (55, "value_remaining", remaining),
        (5, "value_remaining", amount(0)),
        (35, "expires_at", make.until()),
        (15, "meta", make.meta()),
        (3, "reason", json!("")),
    ];
    add(make, &mut fields, optional);
    fields
}

impl Maker<'_> {
    /// Money or points, whichever the lot holds: whole ones fit both.
    fn sum_like(&mut self, sum: i64) -> Value {
        let percent = self.chance.between(40, 180);
        let part = sum / 100 * percent / 10_000 * 10_000;
        if self.chance(10) { self.money(20) } else { amount(part) }
    }
}

pub fn merge(make: &mut Maker<'_>) -> Map<String, Value> {
    let (from, into) = (make.profile(), make.profile());
    body([("profile_id", json!(from)), ("into", json!(into))])
}

/// Its body is whose it is: a profile by its id, or by its number.
pub fn sweep(make: &mut Maker<'_>) -> Map<String, Value> {
    let (by_number, number, profile) = (make.chance(30), make.chance.between(1, 9), make.profile());
    if by_number { body([("number", json!(number))]) } else { body([("profile_id", json!(profile))]) }
}
