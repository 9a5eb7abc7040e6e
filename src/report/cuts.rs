//! Where a report's periods begin and end.

use chrono::{Datelike as _, Months, NaiveDate};
use thiserror::Error;

use super::changes::last_tick;
use crate::time::{TimeError, Timestamp, Zone};

/// The most periods of one report.
const MOST: usize = 10_000;

/// The instants at which a report's periods begin and end: each period is from one to the next, the next excluded.
///
/// ```
/// use scrip::report::Cuts;
///
/// let zone = "Australia/Melbourne".parse()?;
/// let quarter = Cuts::months(zone, "2025-04-01".parse()?, "2025-06-30".parse()?)?;
/// assert_eq!(quarter.spans().count(), 3);
/// assert_eq!(quarter.end(), "2025-07-01T00:00:00+10:00".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    first: Timestamp,
    ends: Vec<Timestamp>,
}

/// A period of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[non_exhaustive]
pub struct Span {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Span {
    /// The instant whose balances its closing figures are: the last one in it.
    ///
    /// ```
    /// use scrip::report::Cuts;
    ///
    /// let zone = "Australia/Melbourne".parse()?;
    /// let day = "2025-06-30".parse()?;
    /// let day = Cuts::days(zone, day, day)?.spans().next().unwrap();
    /// assert_eq!(day.closes_at(), "2025-06-30T23:59:59.999999+10:00".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn closes_at(self) -> Timestamp {
        last_tick(self.end)
    }
}

/// Why a report cannot have these periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CutsError {
    /// A cut that is not after the one before it, or a last day before the first.
    #[error("the cuts of a report must ascend")]
    OutOfOrder,
    /// No period.
    #[error("a report needs two cuts at least: where its first period begins, and where it ends")]
    TooFew,
    /// More periods than a report may have.
    #[error("a report has at most 10000 periods")]
    TooMany,
    /// A day that the ledger has no instants for.
    #[error("a day of the report: {0}")]
    Time(#[from] TimeError),
}

impl CutsError {
    /// A stable code for programs to act on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OutOfOrder => "cuts_out_of_order",
            Self::TooFew => "too_few_cuts",
            Self::TooMany => "too_many_cuts",
            Self::Time(error) => error.code(),
        }
    }
}

impl Cuts {
    /// Any instants, in ascending order.
    ///
    /// ```
    /// use scrip::report::{Cuts, CutsError};
    ///
    /// let noon = "2025-06-15T12:00:00+10:00".parse()?;
    /// assert_eq!(Cuts::new([noon, noon]), Err(CutsError::OutOfOrder));
    /// assert_eq!(Cuts::new([noon]).unwrap_err().code(), "too_few_cuts");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two, more than 10 001, or not in order.
    pub fn new(cuts: impl IntoIterator<Item = Timestamp>) -> Result<Self, CutsError> {
        let mut cuts = cuts.into_iter();
        let first = cuts.next().ok_or(CutsError::TooFew)?;
        let ends: Vec<Timestamp> = cuts.take(MOST.saturating_add(1)).collect();
        if ends.len() > MOST {
            return Err(CutsError::TooMany);
        }
        let mut before = first;
        for end in &ends {
            if *end <= before {
                return Err(CutsError::OutOfOrder);
            }
            before = *end;
        }
        if ends.is_empty() { Err(CutsError::TooFew) } else { Ok(Self { first, ends }) }
    }

    /// Each local day from the first to the last, both included. A day that a zone skipped is no period.
    ///
    /// ```
    /// use scrip::report::Cuts;
    ///
    /// // The clocks go forward on 5 October: a day of 23 hours.
    /// let zone = "Australia/Melbourne".parse()?;
    /// let days = Cuts::days(zone, "2025-10-04".parse()?, "2025-10-06".parse()?)?;
    /// let hours: Vec<_> = days.spans().map(|day| (day.end.micros() - day.start.micros()) / 3_600_000_000).collect();
    /// assert_eq!(hours, [24, 23, 24]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The last day is before the first, or there are more than 10 000.
    pub fn days(zone: Zone, first: NaiveDate, last: NaiveDate) -> Result<Self, CutsError> {
        Self::dates(zone, first, last, |date| date.succ_opt())
    }

    /// Each calendar month from that of the first day to that of the last, both whole.
    ///
    /// # Errors
    /// The last day's month is before the first's.
    pub fn months(zone: Zone, first: NaiveDate, last: NaiveDate) -> Result<Self, CutsError> {
        let next = |date: NaiveDate| first_of_month(date).checked_add_months(Months::new(1));
        Self::dates(zone, first_of_month(first), last, next)
    }

    fn dates(
        zone: Zone,
        first: NaiveDate,
        last: NaiveDate,
        next: impl Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Self, CutsError> {
        if last < first {
            return Err(CutsError::OutOfOrder);
        }
        let (mut date, mut cuts) = (first, vec![start_of_day(zone, first)?]);
        while date <= last && cuts.len() <= MOST.saturating_add(1) {
            date = next(date).ok_or(TimeError::OutOfRange)?;
            cuts.push(start_of_day(zone, date)?);
        }
        cuts.dedup();
        Self::new(cuts)
    }

    /// The start of the first period.
    pub const fn start(&self) -> Timestamp {
        self.first
    }

    /// The end of the last period, which is not in it.
    pub fn end(&self) -> Timestamp {
        self.ends.last().copied().unwrap_or(self.first)
    }

    /// All cuts, in order: the start of the first period, and the end of each.
    pub fn instants(&self) -> Vec<Timestamp> {
        std::iter::once(self.first).chain(self.ends.iter().copied()).collect()
    }

    /// The periods, in order.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = Span> {
        let starts = std::iter::once(self.first).chain(self.ends.iter().copied());
        let spans: Vec<Span> = starts.zip(&self.ends).map(|(start, end)| Span { start, end: *end }).collect();
        spans.into_iter()
    }

    /// The number of periods that end before an instant or with it: zero for what is before the first period's end. `None` for
    /// what is before the first period.
    pub(crate) fn period(&self, at: Timestamp) -> Option<usize> {
        (at >= self.first).then(|| self.ends.partition_point(|end| *end <= at))
    }
}

/// The instant at which a local day begins: where the day before it ends (rule T4).
pub(crate) fn start_of_day(zone: Zone, date: NaiveDate) -> Result<Timestamp, TimeError> {
    zone.end_of_day(date.pred_opt().ok_or(TimeError::OutOfRange)?)
}

pub(crate) fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}
