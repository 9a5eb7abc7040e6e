//! Local time in an IANA zone, and the instants it stands for.

use std::fmt;
use std::str::FromStr;

use chrono::{LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike as _};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

use super::timestamp::is_leap_second;
use super::{TimeError, Timestamp};

/// An IANA time zone, such as `Australia/Melbourne`.
///
/// ```
/// use scrip::Zone;
///
/// let zone: Zone = "Australia/Melbourne".parse()?;
/// // The customer may use the reward to the end of that day, in summer time or not.
/// let end = zone.end_of_day("2025-07-15".parse().unwrap())?;
/// assert_eq!(end.to_string(), "2025-07-15T14:00:00Z");
/// # Ok::<(), scrip::time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// Which end of a stretch of time a local time stands for: it decides what a repeated hour means (rule T3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    Start,
    End,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone's IANA name.
    ///
    /// ```
    /// let zone: scrip::Zone = "Australia/Melbourne".parse()?;
    /// assert_eq!(zone.name(), "Australia/Melbourne");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the clock on the wall shows at an instant.
    ///
    /// ```
    /// let zone: scrip::Zone = "Australia/Melbourne".parse()?;
    /// assert_eq!(zone.local("2025-06-15T20:00:00Z".parse()?).to_string(), "2025-06-16 06:00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local(self, at: Timestamp) -> NaiveDateTime {
        self.0.from_utc_datetime(&at.to_datetime().naive_utc()).naive_local()
    }

    /// The instant at which a local time begins something: the first instant after a spring gap, the earlier of
    /// the two in an autumn fold (rule T3).
    ///
    /// ```
    /// let zone: scrip::Zone = "Australia/Melbourne".parse()?;
    /// // The clock shows half past two twice that night. What begins then begins the first time.
    /// let local = "2025-04-06T02:30:00".parse()?;
    /// assert_eq!(zone.start_at(local)?, "2025-04-06T02:30:00+11:00".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    pub fn start_at(self, local: NaiveDateTime) -> Result<Timestamp, TimeError> {
        self.instant(local, Edge::Start)
    }

    /// The instant at which a local time ends something: the first instant after a spring gap, the later of the
    /// two in an autumn fold (rule T3).
    ///
    /// ```
    /// let zone: scrip::Zone = "Australia/Melbourne".parse()?;
    /// // The clock shows half past two twice that night. What ends then ends the second time.
    /// let local = "2025-04-06T02:30:00".parse()?;
    /// assert_eq!(zone.end_at(local)?, "2025-04-06T02:30:00+10:00".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    pub fn end_at(self, local: NaiveDateTime) -> Result<Timestamp, TimeError> {
        self.instant(local, Edge::End)
    }

    /// The exclusive end of a local day: the instant after the last one that bears its date, also where midnight
    /// does not exist or comes twice (rule T4).
    ///
    /// # Errors
    /// Outside the years 1 to 9999.
    pub fn end_of_day(self, date: NaiveDate) -> Result<Timestamp, TimeError> {
        let midnight = date.succ_opt().ok_or(TimeError::OutOfRange)?.and_time(NaiveTime::MIN);
        match self.0.from_local_datetime(&midnight) {
            LocalResult::Ambiguous(first, second) => {
                // Midnight comes twice. Was the clock set back into the day, or did it stay past it?
                let second = Timestamp::try_from(second.to_utc())?;
                let before = second.checked_add(TimeDelta::microseconds(-1))?;
                if self.local(before).date() <= date {
                    Ok(second)
                } else {
                    Timestamp::try_from(first.to_utc())
                }
            }
            _ => self.instant(midnight, Edge::End),
        }
    }

    pub(crate) fn instant(self, local: NaiveDateTime, edge: Edge) -> Result<Timestamp, TimeError> {
        if is_leap_second(local.nanosecond()) {
            return Err(TimeError::NotATime);
        }
        let found = match self.0.from_local_datetime(&local) {
            LocalResult::Single(only) => only,
            LocalResult::Ambiguous(earlier, later) => match edge {
                Edge::Start => earlier,
                Edge::End => later,
            },
            LocalResult::None => {
                GapInfo::new(&local, &self.0).and_then(|gap| gap.end).ok_or(TimeError::OutOfRange)?
            }
        };
        Timestamp::try_from(found.to_utc())
    }
}

impl FromStr for Zone {
    type Err = TimeError;

    fn from_str(name: &str) -> Result<Self, TimeError> {
        name.parse().map(Self).map_err(|_| TimeError::UnknownZone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::read_text(deserializer, "an IANA time zone", |text| text.parse())
    }
}
