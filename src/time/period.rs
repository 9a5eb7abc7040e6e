//! How long a reward lasts, in the calendar's own units.

use chrono::{Datelike as _, Days, Months, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{Expiry, TimeError, Timestamp, Zone};

/// The calendar unit that a period counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
    /// Whole calendar weeks, Monday to Sunday: to the end of the n-th after the one of issue.
    AbsoluteWeek,
    /// Whole calendar months: to the end of the n-th after the one of issue.
    AbsoluteMonth,
    /// Whole calendar years: to the end of the n-th after the one of issue.
    AbsoluteYear,
    /// No period: to the day that `absolute_expiry` names, which a definition of this type must have.
    AbsoluteDate,
}

impl PeriodType {
    /// Its name, as JSON has it.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
            Self::AbsoluteWeek => "absolute_week",
            Self::AbsoluteMonth => "absolute_month",
            Self::AbsoluteYear => "absolute_year",
            Self::AbsoluteDate => "absolute_date",
        }
    }

    /// A period of this type with a count; a date of its own has none.
    pub(crate) fn counted(self, count: Option<u32>) -> Option<Period> {
        count.filter(|_| self != Self::AbsoluteDate).map(|count| Period::new(count, self))
    }
}

/// A number of local calendar days, weeks, months or years (rule T4).
///
/// It is counted from the local date of issue in the reward's zone, and the reward is usable to the end of the
/// last local day. Zero means: to the end of the day of issue, or of its calendar week, month or year.
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
    /// A count of a unit.
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
    /// Past the year 9999, or of [`PeriodType::AbsoluteDate`], which counts nothing.
    pub fn expiry(self, issued: Timestamp, zone: Zone) -> Result<Expiry, TimeError> {
        let last = self.last_day(zone.local(issued).date()).ok_or(TimeError::OutOfRange)?;
        zone.end_of_day(last).map(Expiry::at)
    }

    /// The last local day of use, counted from the one of issue.
    fn last_day(self, first: NaiveDate) -> Option<NaiveDate> {
        let count = self.count;
        match self.unit {
            PeriodType::Days => first.checked_add_days(Days::new(count.into())),
            PeriodType::Weeks => first.checked_add_signed(TimeDelta::try_weeks(count.into())?),
            PeriodType::Months => first.checked_add_months(Months::new(count)),
            PeriodType::Years => first.checked_add_months(Months::new(count.checked_mul(12)?)),
            PeriodType::AbsoluteWeek => {
                let to_sunday = 6_u32.checked_sub(first.weekday().num_days_from_monday())?;
                let sunday = first.checked_add_days(Days::new(to_sunday.into()))?;
                sunday.checked_add_signed(TimeDelta::try_weeks(count.into())?)
            }
            PeriodType::AbsoluteMonth => {
                first.with_day(1)?.checked_add_months(Months::new(count.checked_add(1)?))?.pred_opt()
            }
            PeriodType::AbsoluteYear => {
                NaiveDate::from_ymd_opt(first.year().checked_add(i32::try_from(count).ok()?)?, 12, 31)
            }
            PeriodType::AbsoluteDate => None,
        }
    }
}
