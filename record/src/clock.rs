//! Instants, in microseconds, and how they are written.

use chrono::{DateTime, SecondsFormat};

pub const SECOND: i64 = 1_000_000;
pub const HOUR: i64 = 3_600 * SECOND;
pub const DAY: i64 = 24 * HOUR;

pub fn instant(micros: i64) -> String {
    let at = DateTime::from_timestamp_micros(micros).unwrap();
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// As a local time, which the ledger reads in some zone.
pub fn local(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).unwrap().format("%Y-%m-%d %H:%M:%S").to_string()
}

pub fn date(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).unwrap().format("%Y-%m-%d").to_string()
}

pub fn micros(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
}
