//! Instants.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::when::says_no_offset;

/// Why a text is not a time, or a time is not one the ledger can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not one of the accepted forms.
    #[error(
        "is not a time: expected `YYYY-MM-DD HH:MM:SS` with seconds up to 59, RFC 3339, or for an expiry a date (rules T5, T8)"
    )]
    NotATime,
    /// Not an instant.
    #[error(
        "is not an instant: expected `2025-06-15T14:32:00+10:00` or `2025-06-15T04:32:00Z`, with seconds up to 59 (rules T1, T8)"
    )]
    NotAnInstant,
    /// A local time or a day where an instant is needed: which instant it is depends on the place.
    #[error(
        "has no offset from UTC: write `2025-06-15T14:32:00+10:00`, with the place's offset, or `2025-06-15T04:32:00Z` (rule T1)"
    )]
    NoOffset,
    /// Outside the years 1 to 9999.
    #[error("is outside the years 1 to 9999 (rule T1)")]
    OutOfRange,
    /// No such zone in the IANA database.
    #[error("is not an IANA time zone, such as `Australia/Melbourne` (rule T3)")]
    UnknownZone,
}

impl TimeError {
    /// A stable code for programs to act on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotATime => "not_a_time",
            Self::NotAnInstant => "not_an_instant",
            Self::NoOffset => "no_offset",
            Self::OutOfRange => "time_out_of_range",
            Self::UnknownZone => "unknown_zone",
        }
    }
}

/// An instant in UTC, to the microsecond, in the years 1 to 9999 and a day around them, so that every zone has all local
/// times of these years (rule T8). The text of the last day begins with `+10000`.
///
/// One microsecond is the ledger's tick: a lot that expires at an instant is usable one tick earlier and not at
/// it (rule T2). Anything finer is cut off on the way in.
///
/// ```
/// use scrip::Timestamp;
///
/// let noon: Timestamp = "2025-06-15T12:00:00+10:00".parse()?;
/// assert_eq!(noon.to_string(), "2025-06-15T02:00:00Z");
/// # Ok::<(), scrip::time::TimeError>(())
/// ```
///
/// An `Option` of it is as small as itself.
// Microseconds since 1970, with the bit of the sign flipped: in the same order as they, and none is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub(super) NonZeroU64);

/// A day, in microseconds. No zone is further from UTC.
const DAY: i64 = 86_400_000_000;
const SIGN: u64 = 1 << 63;

impl Timestamp {
    /// A day before the year 1.
    pub const MIN: Self = Self::of(-62_135_596_800_000_000 - DAY);
    /// The last tick of the day after the year 9999.
    pub const MAX: Self = Self::of(253_402_300_799_999_999 + DAY);

    /// Of microseconds within the range, and so not zero with the sign's bit flipped.
    const fn of(micros: i64) -> Self {
        match NonZeroU64::new(micros.cast_unsigned() ^ SIGN) {
            Some(flipped) => Self(flipped),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// From microseconds since 1970, in UTC.
    ///
    /// ```
    /// use scrip::Timestamp;
    ///
    /// let at = Timestamp::from_micros(1_750_000_000_000_000)?;
    /// assert_eq!(at.to_string(), "2025-06-15T15:06:40Z");
    /// assert_eq!(at.micros(), 1_750_000_000_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    pub const fn from_micros(micros: i64) -> Result<Self, TimeError> {
        if Self::MIN.micros() <= micros && micros <= Self::MAX.micros() {
            Ok(Self::of(micros))
        } else {
            Err(TimeError::OutOfRange)
        }
    }

    /// Microseconds since 1970, in UTC.
    pub const fn micros(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// As chrono's type.
    ///
    /// ```
    /// use scrip::{Timestamp, chrono::Datelike};
    ///
    /// let at: Timestamp = "2025-06-15T23:30:00+10:00".parse()?;
    /// assert_eq!(at.to_datetime().day(), 15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros()).unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
    }

    /// So much later, or earlier.
    ///
    /// ```
    /// use scrip::{Timestamp, chrono::TimeDelta};
    ///
    /// let at: Timestamp = "2025-06-15T12:00:00Z".parse()?;
    /// assert_eq!(at.checked_add(TimeDelta::hours(-13))?, "2025-06-14T23:00:00Z".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    pub fn checked_add(self, delta: TimeDelta) -> Result<Self, TimeError> {
        delta
            .num_microseconds()
            .and_then(|micros| self.micros().checked_add(micros))
            .map_or(Err(TimeError::OutOfRange), Self::from_micros)
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = TimeError;

    fn try_from(value: DateTime<Utc>) -> Result<Self, TimeError> {
        if is_leap_second(value.timestamp_subsec_nanos()) {
            return Err(TimeError::NotATime);
        }
        Self::from_micros(value.timestamp_micros())
    }
}

/// The host's clock: `Timestamp::try_from(SystemTime::now())`. The core never asks for the time itself (rule T1).
///
/// ```
/// use std::time::SystemTime;
///
/// use scrip::Timestamp;
///
/// let now = Timestamp::try_from(SystemTime::now())?;
/// assert!(now > "2025-01-01T00:00:00Z".parse()?);
/// # Ok::<(), scrip::time::TimeError>(())
/// ```
impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    fn try_from(value: SystemTime) -> Result<Self, TimeError> {
        let micros = match value.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()),
            Err(error) => i64::try_from(error.duration().as_micros()).map(i64::wrapping_neg),
        };
        micros.map_err(|_| TimeError::OutOfRange).and_then(Self::from_micros)
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(value: Timestamp) -> Self {
        value.to_datetime()
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339, and years above 9999 with a sign, as they are written.
    ///
    /// ```
    /// use scrip::Timestamp;
    /// use scrip::time::TimeError;
    ///
    /// assert_eq!("2025-06-15T14:32:00+10:00".parse::<Timestamp>()?, "2025-06-15T04:32:00Z".parse()?);
    /// // Which instant this is depends on the place.
    /// assert_eq!("2025-06-15 14:32:00".parse::<Timestamp>(), Err(TimeError::NoOffset));
    /// # Ok::<(), TimeError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let parsed = match text.strip_prefix('+') {
            Some(_) => text.parse::<DateTime<FixedOffset>>(),
            None => DateTime::parse_from_rfc3339(text),
        };
        match parsed {
            Ok(instant) if !is_leap_second(instant.timestamp_subsec_nanos()) => {
                Self::try_from(instant.to_utc())
            }
            Err(_) if says_no_offset(text) => Err(TimeError::NoOffset),
            _ => Err(TimeError::NotAnInstant),
        }
    }
}

/// Whether a time is in a second 60, which chrono reads as a second 59 with this many nanoseconds (rule T8).
pub(super) const fn is_leap_second(nanoseconds: u32) -> bool {
    nanoseconds >= 1_000_000_000
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.micros()).finish()
    }
}

/// Writes RFC 3339 in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_datetime().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.micros())
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            super::text::read_text(deserializer, "an RFC 3339 time", |text| text.parse())
        } else {
            Self::from_micros(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
        }
    }
}
