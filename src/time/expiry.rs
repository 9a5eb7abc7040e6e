//! The instant at which a lot stops being usable.

use std::num::NonZeroU64;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{TimeError, Timestamp, Until};

/// When a lot stops being usable: the exclusive end of a half-open interval, or never (rule T2).
///
/// Orders soonest first, never last. In JSON it is the last second in which the lot is usable, one second before
/// the exclusive instant, or `null` for never (rule T5); a reader adds the second again.
///
/// ```
/// use scrip::Timestamp;
/// use scrip::time::Expiry;
///
/// let end: Timestamp = "2025-07-15T14:00:00Z".parse()?;
/// let expiry = Expiry::at(end);
/// assert!(expiry.is_past(end));
/// assert!(expiry < Expiry::NEVER);
/// assert_eq!(serde_json::to_string(&expiry).unwrap(), r#""2025-07-15T13:59:59Z""#);
/// # Ok::<(), scrip::time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// The end, as a `Timestamp` holds it; the largest number is never.
pub struct Expiry(NonZeroU64);

impl Expiry {
    /// No end.
    pub const NEVER: Self = Self(NonZeroU64::MAX);

    /// Usable before this instant, and no longer at it.
    pub const fn at(end: Timestamp) -> Self {
        Self(end.0)
    }

    /// The exclusive end; `None` for never.
    pub const fn instant(self) -> Option<Timestamp> {
        if self.0.get() == u64::MAX { None } else { Some(Timestamp(self.0)) }
    }

    /// Whether it has come by an instant: true at exactly the end.
    ///
    /// ```
    /// use scrip::{Timestamp, time::Expiry};
    ///
    /// let end: Timestamp = "2025-07-15T14:00:00Z".parse()?;
    /// assert!(Expiry::at(end).is_past(end));
    /// assert!(!Expiry::at(end).is_past("2025-07-15T13:59:59.999999Z".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn is_past(self, at: Timestamp) -> bool {
        self.0.get() <= at.0.get()
    }

    /// The last second of use as people write it, one second before the exclusive end (rule T5); `None` for never.
    ///
    /// ```
    /// use scrip::{Timestamp, time::Expiry};
    ///
    /// let end: Timestamp = "2025-07-15T14:00:00Z".parse()?;
    /// assert_eq!(Expiry::at(end).last_second(), Some("2025-07-15T13:59:59Z".parse()?));
    /// assert_eq!(Expiry::NEVER.last_second(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn last_second(self) -> Option<Timestamp> {
        // A lot whose end is in the first second of the year 1 has no earlier second to show.
        self.instant().map(|end| end.checked_add(TimeDelta::seconds(-1)).unwrap_or(Timestamp::MIN))
    }

    /// The expiry of which `last` is the last second.
    pub(super) fn after_second(last: Timestamp) -> Result<Self, TimeError> {
        last.checked_add(TimeDelta::seconds(1)).map(Self::at)
    }
}

impl std::fmt::Debug for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.instant() {
            Some(end) => write!(f, "Expiry({end})"),
            None => f.write_str("Expiry(never)"),
        }
    }
}

impl Serialize for Expiry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.last_second().serialize(serializer)
        } else {
            serializer.serialize_i64(self.instant().map_or(i64::MAX, Timestamp::micros))
        }
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if deserializer.is_human_readable() {
            match Until::deserialize(deserializer)? {
                Until::Never => Ok(Self::NEVER),
                Until::Instant(end) => Ok(Self::at(end)),
                Until::Local(_) | Until::Day(_) => Err(D::Error::custom(TimeError::NoOffset)),
            }
        } else {
            match i64::deserialize(deserializer)? {
                i64::MAX => Ok(Self::NEVER),
                micros => Timestamp::from_micros(micros).map(Self::at).map_err(D::Error::custom),
            }
        }
    }
}
