//! Local time in a zone, worked out the slow way (rules T3 to T5): by looking at every stretch of time around a
//! moment in which the clock on the wall runs evenly.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use scrip::time::{Until, When};
use scrip::{PeriodType, Timestamp, Zone};

use crate::planted::bug;

/// Microseconds since 1970: of an instant in UTC, or of what a clock on the wall shows.
pub(crate) type Micros = i64;

pub(crate) const SECOND: Micros = 1_000_000;
pub(crate) const HOUR: Micros = 3_600 * SECOND;
pub(crate) const DAY: Micros = 24 * HOUR;

/// The types of period that count something.
pub(crate) const PERIOD_TYPES: [PeriodType; 7] = [
    PeriodType::Days,
    PeriodType::Weeks,
    PeriodType::Months,
    PeriodType::Years,
    PeriodType::AbsoluteWeek,
    PeriodType::AbsoluteMonth,
    PeriodType::AbsoluteYear,
];

/// Outside the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfRange;

/// A zone's wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar(Tz);

/// A stretch of time, its end excluded, in which the wall clock is so far ahead of UTC.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Micros,
    to: Micros,
    ahead: Micros,
}

impl Calendar {
    pub(crate) fn of(zone: Zone) -> Self {
        Self(zone.name().parse().unwrap())
    }

    /// The next instant at which the wall clock jumps, within a year or so.
    pub(crate) fn jump_after(self, at: Micros) -> Option<Micros> {
        let first = at - at.rem_euclid(SECOND);
        let days = (0..400).map(|day| first + day * DAY);
        let before = days.into_iter().find(|day| self.ahead(*day) != self.ahead(day + DAY))?;
        Some(self.jump_between(before, before + DAY))
    }

    /// What the clock on the wall shows.
    pub(crate) fn wall(self, at: Micros) -> Micros {
        at + self.ahead(at)
    }

    /// The date on the wall.
    pub(crate) fn date(self, at: Micros) -> NaiveDate {
        DateTime::from_timestamp_micros(self.wall(at)).unwrap().date_naive()
    }

    /// When something that begins at a local time begins: the earlier instant that bears it (rule T3).
    pub(crate) fn begin(self, when: When) -> Result<Micros, OutOfRange> {
        match when {
            When::Instant(at) => Ok(at.micros()),
            When::Local(local) => self.bearing(micros(local), |earlier, _| earlier),
        }
    }

    /// When something stops being usable, the first instant at which it is not; `None` for never (rule T5).
    pub(crate) fn end(self, until: Until) -> Result<Option<Micros>, OutOfRange> {
        match until {
            Until::Never => Ok(None),
            Until::Instant(end) => Ok(Some(end.micros())),
            Until::Local(local) => {
                let is_earlier = bug("of a repeated hour, the earlier instant taken for an end");
                let which = if is_earlier { |earlier, _| earlier } else { |_, later| later };
                let last_second = self.bearing(micros(local), which)?;
                in_range(last_second + SECOND).map(Some)
            }
            Until::Day(date) => self.end_of_day(date).map(Some),
        }
    }

    /// When a lot expires that lasts so many days, weeks, months or years from an instant (rule T4).
    pub(crate) fn after(self, issued: Micros, count: u32, unit: PeriodType) -> Result<Micros, OutOfRange> {
        let (first, count) = (self.date(issued), u64::from(count));
        let last = match unit {
            PeriodType::Days => first.checked_add_days(Days::new(count)),
            PeriodType::Weeks => first.checked_add_days(Days::new(7 * count)),
            PeriodType::Months => months_later(first, count),
            PeriodType::Years => months_later(first, 12 * count),
            // The day before the first one of the week, month or year after.
            PeriodType::AbsoluteWeek => {
                let monday = first - Days::new(first.weekday().num_days_from_monday().into());
                monday.checked_add_days(Days::new(7 * (count + 1) - 1))
            }
            PeriodType::AbsoluteMonth => {
                months_later(first.with_day(1).unwrap(), count + 1).and_then(|day| day.pred_opt())
            }
            PeriodType::AbsoluteYear => {
                let new_year = first.with_ordinal(1).unwrap();
                months_later(new_year, 12 * (count + 1)).and_then(|day| day.pred_opt())
            }
            other => panic!("{other:?} is no period"),
        };
        // Far from any date that chrono could choke on a few days later.
        let last = last.filter(|date| date.year() <= 10_000).ok_or(OutOfRange)?;
        self.end_of_day(last)
    }

    /// After the last instant that bears the date (rule T4). Of a date that a zone skipped, after the day before.
    pub(crate) fn end_of_day(self, date: NaiveDate) -> Result<Micros, OutOfRange> {
        let next = micros(date.succ_opt().ok_or(OutOfRange)?.and_time(NaiveTime::MIN));
        let ends = self.stretches(next).into_iter().filter_map(|stretch| {
            let is_midnight = next - stretch.ahead;
            (stretch.from < is_midnight).then_some(is_midnight.min(stretch.to))
        });
        if bug("a day that ends at the first of two midnights") {
            return in_range(ends.min().unwrap());
        }
        in_range(ends.max().unwrap())
    }

    /// The instant that bears a local time, of the earliest and the latest that do; in a gap, where none does, the
    /// first instant after it (rule T3).
    fn bearing(self, wall: Micros, which: fn(Micros, Micros) -> Micros) -> Result<Micros, OutOfRange> {
        let stretches = self.stretches(wall);
        let bearing: Vec<Micros> = stretches
            .iter()
            .filter(|stretch| (stretch.from..stretch.to).contains(&(wall - stretch.ahead)))
            .map(|stretch| wall - stretch.ahead)
            .collect();
        let after_gap = || stretches.iter().find(|stretch| stretch.from + stretch.ahead > wall).unwrap().from;
        in_range(match (bearing.iter().min(), bearing.iter().max()) {
            (Some(earliest), Some(latest)) => which(*earliest, *latest),
            _ => after_gap(),
        })
    }

    /// The days around a moment, hour by hour, cut where the wall clock jumps. No zone jumps twice in an hour, and
    /// none jumps within a second.
    fn stretches(self, around: Micros) -> Vec<Stretch> {
        let (first, last) = (around - 4 * DAY, around + 4 * DAY);
        let first = first - first.rem_euclid(SECOND);
        let mut stretches = vec![Stretch { from: first, to: first, ahead: self.ahead(first) }];
        let mut at = first;
        while at < last {
            let next = at + HOUR;
            let open = stretches.last_mut().unwrap();
            open.to = next;
            if self.ahead(next) != open.ahead {
                let jump = self.jump_between(at, next);
                open.to = jump;
                stretches.push(Stretch { from: jump, to: next, ahead: self.ahead(jump) });
            }
            at = next;
        }
        stretches
    }

    fn jump_between(self, before: Micros, after: Micros) -> Micros {
        let (mut before, mut after) = (before, after);
        while after - before > SECOND {
            let middle = before + (after - before) / 2 / SECOND * SECOND;
            if self.ahead(middle) == self.ahead(before) {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    fn ahead(self, at: Micros) -> Micros {
        let utc = DateTime::from_timestamp_micros(at).unwrap().naive_utc();
        Micros::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * SECOND
    }
}

/// So many months later; in a shorter month, on its last day (rule T4).
fn months_later(date: NaiveDate, count: u64) -> Option<NaiveDate> {
    let months = u64::from(date.month0()) + count;
    let year = date.year().checked_add(i32::try_from(months / 12).ok()?)?;
    let month = u32::try_from(months % 12 + 1).unwrap();
    (1..=date.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day))
}

fn micros(local: NaiveDateTime) -> Micros {
    local.and_utc().timestamp_micros()
}

pub(crate) fn in_range(at: Micros) -> Result<Micros, OutOfRange> {
    let years = Timestamp::MIN.micros()..=Timestamp::MAX.micros();
    if years.contains(&at) { Ok(at) } else { Err(OutOfRange) }
}
