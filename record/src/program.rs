//! The programs: what differs between two brands, in turn or at random.

use serde_json::{Value, json};

use crate::chance::Chance;

/// A program, and what a request that fits it has to know.
pub struct Program {
    pub text: String,
    /// The smallest amounts of money and points, in ten-thousandths.
    pub cent: i64,
    pub point: i64,
    pub has_points: bool,
    pub tolerance_seconds: i64,
    pub key_window_seconds: Option<i64>,
    pub needs_basket: bool,
}

/// Zones with jumps by day, at midnight and a minute after it, and with none at all.
pub const ZONES: [&str; 8] = [
    "Australia/Melbourne",
    "America/New_York",
    "Europe/London",
    "Pacific/Apia",
    "Asia/Tokyo",
    "Africa/Cairo",
    "America/St_Johns",
    "UTC",
];

pub fn program(ledger: usize) -> Program {
    let chance = &mut Chance::of(ledger as u64, u64::MAX);
    // In turn, so that a few ledgers have them all.
    let (currency, cent) = [("AUD", 100), ("JPY", 10_000), ("KWD", 10)][ledger % 3];
    let expired_return =
        [json!("fresh"), json!("original"), json!({"grace_days": 7}), json!({"grace_days": 0})];
    let clawback = ["debt", "shortfall"][ledger / 2 % 2];
    let late_window = [0, 28_800, 90_000][ledger % 3];
    let (point_scale, point) = chance.one_of([(2, 100), (2, 100), (0, 10_000), (4, 1)]);
    let has_points = ledger % 8 != 5;
    let rate = chance.one_of([("150", "1"), ("100", "10"), ("7", "3"), ("1", "2")]);
    let key_window = chance.one_of([None, None, Some(7_200)]);
    let tolerance = chance.one_of([300, 300, 0, 7_200]);
    let limits = limits(ledger, chance);
    let needs_basket = !limits[0].is_null() || !limits[2].is_null();
    let settings = json!({
        "currency": currency,
        "timezone": ZONES[ledger % ZONES.len()],
        "point_scale": point_scale,
        "exchange_rate": has_points.then(|| json!({"points": rate.0, "amount": rate.1})),
        "reversal_window_seconds": chance.one_of([600, 600, 90_000]),
        "hold_seconds": chance.one_of([900, 86_400, 86_400, 400_000]),
        "time_tolerance_seconds": tolerance,
        "key_window_seconds": key_window,
        "late_window_seconds": late_window,
        "expired_return": expired_return[ledger % 4],
        "earn": (ledger % 5 != 4).then(|| earn(chance)),
        "clawback": clawback,
        "minimum_spend": limits[0],
        "redemption_cap": limits[1],
        "redemption_share": limits[2],
    });
    Program {
        text: settings.to_string(),
        cent,
        point,
        has_points,
        tolerance_seconds: tolerance,
        key_window_seconds: key_window,
        needs_basket,
    }
}

/// The minimum spend, the cap and the share: every fourth ledger has some.
fn limits(ledger: usize, chance: &mut Chance) -> [Value; 3] {
    let mut maybe = |limit: Value| if ledger % 4 == 1 && chance.percent(70) { limit } else { Value::Null };
    [maybe(json!(8)), maybe(json!(25)), maybe(json!("0.3333"))]
}

fn earn(chance: &mut Chance) -> Value {
    let (points, amount) = chance.one_of([(1, 1), (3, 2), (1, 7), (10, 3)]);
    let period = chance.one_of([None, Some(5), Some(30), Some(365)]);
    json!({
        "points": points, "amount": amount, "delay_days": chance.one_of([0, 0, 1, 14]), "period_days": period,
    })
}
