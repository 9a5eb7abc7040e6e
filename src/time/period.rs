//! How long a reward lasts, in the calendar's own units.

use chrono::{Days, Months, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{Expiry, TimeError, Timestamp, Zone};

/// The calendar unit that a period counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeriodType {
    /// Local calendar days.
    #[default]
    #[serde(alias = "day")]
    Days,
    /// Seven local calendar days each.
    #[serde(alias = "week")]
    Weeks,
    /// Local calendar months; the day is clamped to the month's last.
    #[serde(alias = "month")]
    Months,
    /// Local calendar years; 29 February becomes the 28th where there is none.
    #[serde(alias = "year")]
    Years,
}

/// A number of local calendar days, weeks, months or years (rule T4).
///
/// It is counted from the local date of issue in the reward's zone, and the reward is usable to the end of the
/// last local day. Zero means: to the end of the day of issue.
///
/// ```
/// use scrip::time::Period;
/// use scrip::{PeriodType, Zone};
///
/// let zone: Zone = "Australia/Melbourne".parse()?;
/// let issued = "2025-01-31T12:00:00+11:00".parse()?;
/// let expiry = Period::new(1, PeriodType::Months).expiry(issued, zone)?;
/// // Months clamp: 31 January and a month is 28 February, to the end of it.
/// assert_eq!(expiry.instant(), Some("2025-03-01T00:00:00+11:00".parse()?));
/// # Ok::<(), scrip::time::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: PeriodType,
}

impl Period {
    /// So many of a unit.
    pub const fn new(count: u32, unit: PeriodType) -> Self {
        Self { count, unit }
    }

    /// When a reward issued at an instant, in a zone, expires.
    ///
    /// ```
    /// use scrip::PeriodType;
    /// use scrip::time::Period;
    ///
    /// // Through the 30th local day after the one on which it is issued.
    /// let expiry = Period::new(30, PeriodType::Days)
    ///     .expiry("2025-06-15T14:32:00+10:00".parse()?, "Australia/Melbourne".parse()?)?;
    /// assert_eq!(expiry.instant(), Some("2025-07-16T00:00:00+10:00".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Past the year 9999.
    pub fn expiry(self, issued: Timestamp, zone: Zone) -> Result<Expiry, TimeError> {
        let first = zone.local(issued).date();
        let last = match self.unit {
            PeriodType::Days => first.checked_add_days(Days::new(self.count.into())),
            PeriodType::Weeks => {
                TimeDelta::try_weeks(self.count.into()).and_then(|weeks| first.checked_add_signed(weeks))
            }
            PeriodType::Months => first.checked_add_months(Months::new(self.count)),
            PeriodType::Years => {
                self.count.checked_mul(12).and_then(|months| first.checked_add_months(Months::new(months)))
            }
        };
        zone.end_of_day(last.ok_or(TimeError::OutOfRange)?).map(Expiry::at)
    }
}
