//! Random requests as JSON: amounts near what there is, times near the ends of lots, names that come twice.
//!
//! An amount is a text that begins with `=` until it is sent; [`spell`] writes it as a string or as a number.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::clock::{DAY, HOUR, SECOND, date, instant, local};
use crate::known::{Definition, Known, Thing};
use crate::program::{Program, ZONES};

mod afterwards;
mod issue;
mod redeem;
mod transact;

/// What a request is made from.
pub struct Maker<'a> {
    pub chance: &'a mut Chance,
    pub known: &'a Known,
    pub program: &'a Program,
    pub now: i64,
}

type Make = fn(&mut Maker<'_>) -> Map<String, Value>;

/// Every kind of request, how often it comes, and how one is made.
pub const KINDS: [(&str, usize, Make); 21] = [
    ("define", 25, issue::define),
    ("redefine", 25, issue::redefine),
    ("archive_definition", 14, issue::archive),
    ("issue_reward", 150, issue::reward),
    ("issue_points", 120, issue::points),
    ("redeem", 150, redeem::redeem),
    ("place_hold", 80, redeem::hold),
    ("capture_hold", 45, redeem::capture),
    ("release_hold", 26, redeem::release),
    ("return_redemption", 65, redeem::give_back),
    ("reverse_redemption", 30, redeem::reverse),
    ("extend", 55, afterwards::extend),
    ("reassign", 40, afterwards::reassign),
    ("revoke", 22, afterwards::revoke),
    ("adjust", 45, afterwards::adjust),
    ("merge_profiles", 9, afterwards::merge),
    ("sweep", 26, afterwards::sweep),
    ("post_transaction", 85, transact::post),
    ("update_transaction", 45, transact::update),
    ("delete_transaction", 20, transact::delete),
    ("return_transaction", 45, transact::give_back),
];

impl Maker<'_> {
    /// A request of any kind, or one that follows from the last.
    pub fn any(&mut self) -> (&'static str, Value) {
        let next = match self.known.sent.last().map_or("", |last| last.kind) {
            "place_hold" => self.chance.one_of(["capture_hold", "capture_hold", "release_hold"]),
            "redeem" => self.chance.one_of(["return_redemption", "reverse_redemption", "post_transaction"]),
            "post_transaction" => self.chance.one_of(["return_transaction", "update_transaction"]),
            _ => "",
        };
        if self.chance.percent(25) && !next.is_empty() {
            return self.of_kind(next);
        }
        let mut left = self.chance.below(KINDS.iter().map(|(_, weight, _)| weight).sum());
        let drawn = KINDS.iter().find(|(_, weight, _)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        match drawn.unwrap_or(&KINDS[0]) {
            ("merge_profiles", ..) if !self.known.merges => self.of_kind("sweep"),
            (kind, _, make) => (kind, json!({*kind: make(self)})),
        }
    }

    pub fn of_kind(&mut self, wanted: &str) -> (&'static str, Value) {
        let (kind, _, make) = KINDS.iter().find(|(kind, ..)| *kind == wanted).unwrap();
        (kind, json!({*kind: make(self)}))
    }

    pub fn profile(&mut self) -> String {
        // Mostly one of the newest, so that there is something to redeem; some have been merged away.
        let is_old = self.chance.percent(8);
        let last = if is_old { 0 } else { self.known.profiles.len().saturating_sub(4) };
        self.chance.pick(&self.known.profiles[last..]).unwrap().clone()
    }

    /// Mostly one that was issued something.
    fn profile_with_lots(&mut self) -> String {
        let (is_any, any, lot) = (self.chance.percent(25), self.profile(), self.lot());
        if is_any { any } else { lot.profile }
    }

    /// One of a list that was learned, or now and then one that is not there.
    fn thing(&mut self, from: fn(&Known) -> &[Thing]) -> Thing {
        let (profile, is_unknown, wrong) =
            (self.profile(), self.chance.percent(2), self.chance.one_of([77_u64, 9_999 << 22 | 5]));
        let unknown = Thing { id: wrong, profile, sum: 50_000 };
        let things = from(self.known);
        let found = self.chance.recent(things).cloned().unwrap_or(unknown.clone());
        if is_unknown { unknown } else { found }
    }

    fn lot(&mut self) -> Thing {
        self.thing(|known| &known.lots)
    }

    /// The first two stay in use; later ones come and go.
    fn definition(&mut self, is_reward: bool) -> Option<&Definition> {
        let list = if is_reward { &self.known.rewards } else { &self.known.points };
        let is_first = self.chance.percent(60);
        if is_first { self.chance.pick(&list[..list.len().min(2)]) } else { self.chance.recent(list) }
    }

    /// So much in whole or smallest units, and now and then what cannot be.
    fn money(&mut self, most: i64) -> Value {
        let unit = self.program.cent;
        self.sum(unit, most)
    }

    fn points(&mut self, most: i64) -> Value {
        let unit = self.program.point;
        self.sum(unit, most)
    }

    fn sum(&mut self, unit: i64, most: i64) -> Value {
        let whole = self.chance.between(1, most);
        let fine = self.chance.between(1, (most * 10_000 / unit).min(9_000));
        match self.chance.below(100) {
            0 => amount(0),
            1 => amount(whole * 10_000 + 1),
            2 if whole % 3 == 0 => amount(1_000_000_000_000 * 10_000 + unit),
            3 if whole % 3 == 0 => amount(1_000_000_000_000 * 10_000),
            2..55 => amount(whole * 10_000),
            _ => amount(fine * unit),
        }
    }

    /// About as much as there is of something: part of it, all, or a little more.
    fn part_of(&mut self, sum: i64) -> Value {
        let unit = self.program.cent;
        let (any, some) = (self.chance.percent(15), self.money(20));
        let share = self.chance.between(1, 100);
        let part = match self.chance.below(10) {
            0..5 => sum * share / 100 / unit * unit,
            5..7 => sum / 2 / unit * unit,
            7 => sum + unit,
            8 => sum - unit,
            _ => sum,
        };
        if any { some } else { amount(part.max(0)) }
    }

    /// When something begins.
    fn when(&mut self) -> Value {
        let near = self.now + self.chance.between(-48, 48) * HOUR;
        let far = self.now + self.chance.between(-40 * DAY, 40 * DAY);
        match self.chance.below(40) {
            0 => json!("9999-12-31 23:59:59"),
            1..10 => json!(instant(near)),
            10..20 => json!(instant(far)),
            20..32 => json!(local(near)),
            _ => json!(date(far)),
        }
    }

    /// When something ends; past, now and then.
    fn until(&mut self) -> Value {
        let near = self.now + self.chance.between(-2, 70) * HOUR;
        let far =
            self.now + self.chance.between(-8, 60) * DAY + self.chance.between(0, DAY) / SECOND * SECOND;
        match self.chance.below(40) {
            0 => json!("9999-12-31 23:59:59"),
            1..4 => Value::Null,
            4..12 => json!(instant(near)),
            12..22 => json!(instant(far)),
            22..30 => json!(local(far)),
            _ => json!(date(far)),
        }
    }

    fn zone(&mut self) -> Value {
        json!(self.chance.one_of(ZONES))
    }

    fn meta(&mut self) -> Value {
        let note = self.chance.between(1, 500);
        self.chance
            .pick(&[
                json!({"note": note}),
                json!({"b": [1, 2.50, null], "a": note, "ä": "\u{1F600}"}),
                json!([]),
                json!("text"),
            ])
            .unwrap()
            .clone()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.chance.percent(percent)
    }

    fn external_id(&mut self) -> Value {
        json!(format!("order {}", self.chance.below(40)))
    }
}

/// A body with some fields.
fn body<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An amount of so many ten-thousandths, to be spelled later.
pub fn amount(raw: i64) -> Value {
    let text = format!("={}.{:04}", raw / 10_000, raw % 10_000);
    json!(text.trim_end_matches('0').trim_end_matches('.'))
}

/// The first amount in a request, a little higher.
pub fn raise(request: &mut Value, by: i64) -> bool {
    match request {
        Value::String(text) if text.starts_with('=') => {
            let (whole, part) = text[1..].split_once('.').unwrap_or((&text[1..], ""));
            let raw: i64 = format!("{whole}{part:0<4}").parse().unwrap();
            *request = amount(raw + by);
            true
        }
        Value::Object(fields) => fields.values_mut().any(|value| raise(value, by)),
        _ => false,
    }
}

/// A request as text: each amount as a string, as a number, or with more zeros than it needs.
pub fn spell(request: &Value, chance: &mut Chance) -> String {
    let text = request.to_string();
    let mut parts = text.split("\"=");
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_once('"').unwrap();
        let with_zeros = if digits.contains('.') { format!("{digits}0") } else { format!("{digits}.00") };
        spelled.push_str(&match chance.below(4) {
            0 => digits.to_owned(),
            1 => with_zeros,
            2 => format!("\"{with_zeros}\""),
            _ => format!("\"{digits}\""),
        });
        spelled.push_str(rest);
    }
    spelled
}
