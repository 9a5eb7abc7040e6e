//! Dates and times as old systems write them, by patterns that are named.

use scrip::Timestamp;
use scrip::chrono::format::{Parsed, StrftimeItems, parse};
use scrip::chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use scrip::time::{Until, When};

use super::map::Last;
use super::slip::Slip;
use crate::failure::Failure;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Instant(Timestamp),
    Local(NaiveDateTime),
    Day(NaiveDate),
}

/// How a column's dates are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `iso`: 2025-07-15, with or without a time and an offset.
    Iso,
    /// `unix`: seconds since 1970, in UTC.
    Unix,
    /// As in strftime, such as `%d/%m/%Y %H:%M`.
    Strftime(String),
}

/// Patterns that are common, to be suggested. Which of them a file follows only its owner knows.
pub const COMMON: [&str; 8] =
    ["iso", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y", "%d-%m-%Y", "unix"];

impl Pattern {
    pub fn new(text: &str) -> Result<Self, Failure> {
        match text {
            "iso" => Ok(Self::Iso),
            "unix" => Ok(Self::Unix),
            _ => {
                let is_readable =
                    StrftimeItems::new(text).all(|item| item != scrip::chrono::format::Item::Error);
                if is_readable && text.contains('%') {
                    Ok(Self::Strftime(text.to_owned()))
                } else {
                    Err(Failure::new(format!(
                        "the map: `{text}` is not a pattern; use iso, unix, or one such as %d/%m/%Y %H:%M"
                    )))
                }
            }
        }
    }

    /// What a cell says by this pattern.
    pub fn read(&self, text: &str) -> Result<Moment, Slip> {
        let found = match self {
            Self::Iso => iso(text),
            Self::Unix => text
                .parse()
                .ok()
                .and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0))
                .and_then(|at| Timestamp::try_from(at).ok())
                .map(Moment::Instant),
            Self::Strftime(pattern) => strftime(text, pattern),
        };
        found.ok_or_else(|| Slip::new("not_a_date", format!("`{text}` does not fit the pattern {self}")))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Iso => "iso",
            Self::Unix => "unix",
            Self::Strftime(pattern) => pattern,
        })
    }
}

fn iso(text: &str) -> Option<Moment> {
    if let Ok(day) = text.parse::<NaiveDate>()
        && text.len() == 10
    {
        return Some(Moment::Day(day));
    }
    match text.parse().ok()? {
        When::Instant(at) => Some(Moment::Instant(at)),
        When::Local(local) => Some(Moment::Local(local)),
    }
}

fn strftime(text: &str, pattern: &str) -> Option<Moment> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, StrftimeItems::new(pattern)).ok()?;
    // Second 60 is invalid (rule T8).
    if parsed.second() == Some(60) {
        return None;
    }
    if let Ok(at) = parsed.to_datetime() {
        return Timestamp::try_from(at.to_utc()).ok().map(Moment::Instant);
    }
    if let Ok(local) = parsed.to_naive_datetime_with_offset(0) {
        return Some(Moment::Local(local));
    }
    parsed.to_naive_date().ok().map(Moment::Day)
}

impl Moment {
    /// As the beginning of something.
    pub fn when(self) -> When {
        match self {
            Self::Instant(at) => When::Instant(at),
            Self::Local(local) => When::Local(local),
            Self::Day(day) => When::Local(day.and_time(scrip::chrono::NaiveTime::MIN)),
        }
    }

    /// As the end of something (rule T5).
    pub fn until(self, last: Last) -> Result<Until, Slip> {
        let out_of_range = || Slip::new("not_a_date", "is outside the years 1 to 9999");
        let second = TimeDelta::seconds(1);
        Ok(match (self, last) {
            (Self::Instant(at), Last::Usable) => {
                Until::Instant(at.checked_add(second).map_err(|_| out_of_range())?)
            }
            (Self::Instant(at), Last::Over) => Until::Instant(at),
            (Self::Local(local), Last::Usable) => Until::Local(local),
            (Self::Local(local), Last::Over) => {
                Until::Local(local.checked_sub_signed(second).ok_or_else(out_of_range)?)
            }
            (Self::Day(day), Last::Usable) => Until::Day(day),
            (Self::Day(day), Last::Over) => Until::Day(day.pred_opt().ok_or_else(out_of_range)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<Moment> {
        Pattern::new(pattern).unwrap().read(text).ok()
    }

    fn day(text: &str) -> Option<Moment> {
        Some(Moment::Day(text.parse().unwrap()))
    }

    fn local(text: &str) -> Option<Moment> {
        Some(Moment::Local(text.parse().unwrap()))
    }

    fn instant(text: &str) -> Option<Moment> {
        Some(Moment::Instant(text.parse().unwrap()))
    }

    #[test]
    fn each_pattern_reads_its_own_and_nothing_else() {
        assert_eq!(read("iso", "2025-07-15"), day("2025-07-15"));
        assert_eq!(read("iso", "2025-07-15 09:30:00"), local("2025-07-15T09:30:00"));
        assert_eq!(read("iso", "2025-07-15T09:30:00+10:00"), instant("2025-07-14T23:30:00Z"));
        assert_eq!(read("iso", "15/07/2025"), None);
        assert_eq!(read("unix", "1752537600"), instant("2025-07-15T00:00:00Z"));
        assert_eq!(read("unix", "2025-07-15"), None);
        assert_eq!(read("%d/%m/%Y", "10/11/2015"), day("2015-11-10"));
        assert_eq!(read("%m/%d/%Y", "10/11/2015"), day("2015-10-11"));
        assert_eq!(read("%d/%m/%Y", "10/31/2015"), None);
        assert_eq!(read("%m/%d/%Y %H:%M:%S", "12/31/2024 13:17:09"), local("2024-12-31T13:17:09"));
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%z", "2025-07-15T09:30:00+1000"), instant("2025-07-14T23:30:00Z"));
        assert_eq!(read("%Y-%m-%d", "2025-02-30"), None);
        // What comes after it is not cut off.
        assert_eq!(read("%Y-%m-%d", "2025-07-15 09:30"), None);
        assert_eq!(read("%Y-%m-%d %H:%M:%S", "2025-07-15 09:30:60"), None);
    }

    #[test]
    fn whether_the_last_day_counts_is_the_maps_word() {
        let until = |moment: Option<Moment>, last| moment.unwrap().until(last).unwrap();
        let july = |day| Until::Day(NaiveDate::from_ymd_opt(2025, 7, day).unwrap());
        assert_eq!(until(day("2025-07-15"), Last::Usable), july(15));
        assert_eq!(until(day("2025-07-15"), Last::Over), july(14));
        let at = "2025-07-15T00:00:00Z";
        assert_eq!(until(instant(at), Last::Over), Until::Instant(at.parse().unwrap()));
        assert_eq!(until(instant(at), Last::Usable), Until::Instant("2025-07-15T00:00:01Z".parse().unwrap()));
        let written: NaiveDateTime = "2025-07-15T12:00:00".parse().unwrap();
        assert_eq!(until(Some(Moment::Local(written)), Last::Usable), Until::Local(written));
        assert_eq!(
            until(Some(Moment::Local(written)), Last::Over),
            Until::Local("2025-07-15T11:59:59".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["", "DD/MM/YYYY", "%Q", "auto"] {
            assert!(Pattern::new(wrong).unwrap_err().to_string().contains("%d/%m/%Y"), "{wrong}");
        }
    }
}
