//! Times as people write them, before a zone makes them instants.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use super::text::read_text;
use super::timestamp::is_leap_second;
use super::zone::Edge;
use super::{Expiry, TimeError, Timestamp, Zone};

/// When something begins or happens: an instant, or a local time that a zone will place.
///
/// In JSON: RFC 3339 for an instant, `YYYY-MM-DD HH:MM:SS` for a local time; a bare date is the start of that day.
///
/// ```
/// use scrip::time::When;
///
/// let local: When = "2025-06-15 14:32:00".parse()?;
/// let instant: When = "2025-06-15T14:32:00+10:00".parse()?;
/// let melbourne = "Australia/Melbourne".parse()?;
/// assert_eq!(local.resolve(melbourne)?, instant.resolve(melbourne)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// An instant.
    Instant(Timestamp),
    /// A local time.
    Local(NaiveDateTime),
}

impl When {
    /// The instant, with a local time read in `zone` as the start of something (rule T3).
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    #[inline]
    pub fn resolve(self, zone: Zone) -> Result<Timestamp, TimeError> {
        match self {
            Self::Instant(at) => Ok(at),
            Self::Local(local) => zone.instant(local, Edge::Start),
        }
    }
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        Self::Instant(at)
    }
}

impl FromStr for When {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        match Written::parse(text)? {
            Written::Instant(at) => Ok(Self::Instant(at)),
            Written::Local(local) => Ok(Self::Local(local)),
            Written::Day(date) => Ok(Self::Local(date.and_time(NaiveTime::MIN))),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(at) => at.fmt(f),
            Self::Local(local) => local.fmt(f),
        }
    }
}

/// When something ends: never, an instant, a local time, or a local day.
///
/// As an `expires_at` text means the whole second that it names, so does [`Until::Local`]; in Rust,
/// [`Until::Instant`] is exclusive, and in JSON it is written one second earlier (rule T5). [`Until::Day`] means
/// to the end of that local day.
///
/// ```
/// use scrip::Zone;
/// use scrip::time::{Expiry, Until};
///
/// // To the end of that day, wherever the shop is.
/// let until: Until = "2025-07-15".parse()?;
/// let expiry = until.resolve("Australia/Melbourne".parse()?)?;
/// assert_eq!(expiry.instant(), Some("2025-07-16T00:00:00+10:00".parse()?));
/// assert_eq!("never".parse::<Until>()?.resolve(Zone::UTC)?, Expiry::NEVER);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// It does not end. In JSON: `null`, or `"never"`.
    Never,
    /// Usable before this instant, and no longer at it.
    Instant(Timestamp),
    /// Usable through the whole of this local second.
    Local(NaiveDateTime),
    /// Usable to the end of this local day.
    Day(NaiveDate),
}

impl Until {
    /// The expiry, with a local time or day read in `zone` (rules T3 and T5).
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    #[inline]
    pub fn resolve(self, zone: Zone) -> Result<Expiry, TimeError> {
        match self {
            Self::Never => Ok(Expiry::NEVER),
            Self::Instant(end) => Ok(Expiry::at(end)),
            // First the local time becomes an instant, then the second is added: the other way round, the last
            // second of a repeated hour would fall out of the fold.
            Self::Local(local) => zone.instant(local, Edge::End).and_then(Expiry::after_second),
            Self::Day(date) => zone.end_of_day(date).map(Expiry::at),
        }
    }
}

impl From<Timestamp> for Until {
    fn from(end: Timestamp) -> Self {
        Self::Instant(end)
    }
}

impl From<Expiry> for Until {
    fn from(expiry: Expiry) -> Self {
        expiry.instant().map_or(Self::Never, Self::Instant)
    }
}

impl FromStr for Until {
    type Err = TimeError;

    /// Reads the JSON form: every time is the last second of use.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        match Written::parse(text)? {
            Written::Instant(last) => Expiry::after_second(last).map(Self::from),
            Written::Local(last) => Ok(Self::Local(last)),
            Written::Day(date) => Ok(Self::Day(date)),
        }
    }
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, "a time", |text| text.parse())
    }
}

impl Serialize for Until {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match self {
            Self::Never => return serializer.serialize_none(),
            Self::Instant(end) => Expiry::at(*end).last_second().unwrap_or(*end).to_string(),
            Self::Local(local) => local.to_string(),
            Self::Day(date) => date.to_string(),
        };
        serializer.serialize_some(&text)
    }
}

impl<'de> Deserialize<'de> for Until {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<UntilText>::deserialize(deserializer)? {
            Some(UntilText(until)) => Ok(until),
            None => Ok(Self::Never),
        }
    }
}

struct UntilText(Until);

impl<'de> Deserialize<'de> for UntilText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, "a time, a date, `never` or null", |text| text.parse().map(Self))
    }
}

/// The three forms that a time is written in.
enum Written {
    Instant(Timestamp),
    Local(NaiveDateTime),
    Day(NaiveDate),
}

impl Written {
    fn parse(text: &str) -> Result<Self, TimeError> {
        // chrono forgives blanks and missing digits that a ledger had better not.
        if !text.is_ascii() || text.trim() != text || text.len() > 40 {
            return Err(TimeError::NotATime);
        }
        Self::parse_local(text).unwrap_or_else(|| match text.parse() {
            Ok(at) => Ok(Self::Instant(at)),
            Err(TimeError::NotAnInstant) => Err(TimeError::NotATime),
            Err(error) => Err(error),
        })
    }

    /// Reads a local time or a day; `None` if it is neither.
    fn parse_local(text: &str) -> Option<Result<Self, TimeError>> {
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(if text.len() == 10 { Ok(Self::Day(date)) } else { Err(TimeError::NotATime) });
        }
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
        let local = local.ok()?;
        let is_written_out = text.len() >= 19 && !is_leap_second(local.nanosecond());
        Some(if is_written_out { Ok(Self::Local(local)) } else { Err(TimeError::NotATime) })
    }
}

/// Whether a text is a local time or a day: all that it lacks to be an instant is an offset.
pub(super) fn says_no_offset(text: &str) -> bool {
    matches!(Written::parse_local(text), Some(Ok(_)))
}
