use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::TZ_VARIANTS;

use super::*;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn t3_in_a_gap_the_first_instant_after_it() {
    // Melbourne, 5 October 2025: 02:00 becomes 03:00.
    for time in ["2025-10-05T02:00:00", "2025-10-05T02:30:00", "2025-10-05T02:59:59"] {
        assert_eq!(zone("Australia/Melbourne").start_at(local(time)), Ok(at("2025-10-05T03:00:00+11:00")));
        assert_eq!(zone("Australia/Melbourne").end_at(local(time)), Ok(at("2025-10-05T03:00:00+11:00")));
    }
}

#[test]
fn t3_in_a_fold_the_customer_never_loses_an_hour() {
    // Melbourne, 6 April 2025: 03:00 becomes 02:00.
    let twice = local("2025-04-06T02:30:00");
    assert_eq!(zone("Australia/Melbourne").start_at(twice), Ok(at("2025-04-06T02:30:00+11:00")));
    assert_eq!(zone("Australia/Melbourne").end_at(twice), Ok(at("2025-04-06T02:30:00+10:00")));
}

#[test]
fn t4_a_day_ends_after_the_last_instant_that_bears_its_date() {
    for (name, date, end) in [
        // 23 and 25 hours.
        ("Australia/Melbourne", "2025-10-05", "2025-10-06T00:00:00+11:00"),
        ("Australia/Melbourne", "2025-04-06", "2025-04-07T00:00:00+10:00"),
        // Midnight does not exist: the clock goes from 23:59:59 to 01:00.
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T01:00:00-02:00"),
        ("Africa/Cairo", "2024-04-25", "2024-04-26T01:00:00+03:00"),
        ("Asia/Beirut", "2024-03-30", "2024-03-31T01:00:00+03:00"),
        // 24:00 becomes 23:00: the last hour of the day comes twice.
        ("Africa/Cairo", "2024-10-31", "2024-11-01T00:00:00+02:00"),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-18T00:00:00-03:00"),
        // 01:00 becomes 00:00: midnight comes twice, and the day before is over at the first.
        ("America/Havana", "2024-11-02", "2024-11-03T00:00:00-04:00"),
        ("Atlantic/Azores", "2024-10-26", "2024-10-27T00:00:00+00:00"),
        // 00:01 becomes 23:01: midnight comes twice, and between them it is the day before again.
        ("America/St_Johns", "2010-11-06", "2010-11-07T00:00:00-03:30"),
        // A day that was left out ends when the day before it does; so does the day before.
        ("Pacific/Apia", "2011-12-29", "2011-12-31T00:00:00+14:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00"),
        ("UTC", "2024-02-28", "2024-02-29T00:00:00Z"),
    ] {
        assert_eq!(zone(name).end_of_day(day(date)), Ok(at(end)), "{name} {date}");
    }
}

/// Against the definition itself, in every zone there is: one tick before the end some instant of the day bears its
/// date or an earlier one, and nothing after the end does.
#[test]
fn t4_the_end_of_a_day_holds_in_every_zone() {
    let quarter = TimeDelta::minutes(15);
    for variant in TZ_VARIANTS {
        let zone: Zone = variant.name().parse().unwrap();
        let mut date = day("2009-01-01");
        while date < day("2019-01-01") {
            // The days on which something can happen, and a few others.
            let noon = zone.start_at(date.and_hms_opt(12, 0, 0).unwrap()).unwrap();
            let offset = |hours| {
                let later = noon.checked_add(TimeDelta::hours(hours)).unwrap();
                zone.local(later) - later.to_datetime().naive_utc()
            };
            if offset(-30) != offset(42) {
                check_end(zone, date, quarter);
            }
            date = date.checked_add_days(chrono::Days::new(1)).unwrap();
        }
        check_end(zone, day("2024-02-29"), quarter);
    }
}

fn check_end(zone: Zone, date: NaiveDate, step: TimeDelta) {
    let end = zone.end_of_day(date).unwrap();
    let tick = TimeDelta::microseconds(1);
    assert!(zone.local(end.checked_add(-tick).unwrap()).date() <= date, "{zone} {date} ends too late");
    let mut later = end;
    for _ in 0..(30 * 4) {
        assert!(zone.local(later).date() > date, "{zone} {date} ends too early");
        later = later.checked_add(step).unwrap();
    }
}

#[test]
fn t4_periods_count_local_days_and_months_clamp() {
    let melbourne = zone("Australia/Melbourne");
    for (issued, count, unit, end) in [
        ("2025-06-15T00:00:00+10:00", 30, PeriodType::Days, "2025-07-16T00:00:00+10:00"),
        ("2025-06-15T23:59:59+10:00", 30, PeriodType::Days, "2025-07-16T00:00:00+10:00"),
        ("2025-06-15T12:00:00+10:00", 0, PeriodType::Days, "2025-06-16T00:00:00+10:00"),
        ("2025-06-15T12:00:00+10:00", 2, PeriodType::Weeks, "2025-06-30T00:00:00+10:00"),
        ("2025-01-31T12:00:00+11:00", 1, PeriodType::Months, "2025-03-01T00:00:00+11:00"),
        ("2024-01-31T12:00:00+11:00", 1, PeriodType::Months, "2024-03-01T00:00:00+11:00"),
        ("2025-08-31T12:00:00+10:00", 1, PeriodType::Months, "2025-10-01T00:00:00+10:00"),
        ("2024-02-29T12:00:00+11:00", 1, PeriodType::Years, "2025-03-01T00:00:00+11:00"),
        ("2024-02-29T12:00:00+11:00", 4, PeriodType::Years, "2028-03-01T00:00:00+11:00"),
        // Over the change to summer time, and back: whole local days, not multiples of 24 hours.
        ("2025-10-01T12:00:00+10:00", 7, PeriodType::Days, "2025-10-09T00:00:00+11:00"),
        ("2025-04-01T12:00:00+11:00", 7, PeriodType::Days, "2025-04-09T00:00:00+10:00"),
    ] {
        let expiry = Period::new(count, unit).expiry(at(issued), melbourne);
        assert_eq!(expiry, Ok(Expiry::at(at(end))), "{issued} and {count} {unit:?}");
    }
    // The local date decides, not the date in UTC.
    let expiry = Period::new(1, PeriodType::Days).expiry(at("2025-06-15T22:00:00Z"), melbourne);
    assert_eq!(expiry, Ok(Expiry::at(at("2025-06-18T00:00:00+10:00"))));
    for unit in [PeriodType::Days, PeriodType::Weeks, PeriodType::Months, PeriodType::Years] {
        let far = Period::new(u32::MAX, unit).expiry(at("2025-06-15T00:00:00Z"), melbourne);
        assert_eq!(far, Err(TimeError::OutOfRange), "{unit:?}");
    }
}

#[test]
fn t4_absolute_periods_end_with_a_calendar_week_month_or_year() {
    let utc = Zone::UTC;
    for (issued, count, unit, last) in [
        ("2020-07-06", 12, PeriodType::AbsoluteMonth, "2021-07-31"),
        ("2025-01-31", 0, PeriodType::AbsoluteMonth, "2025-01-31"),
        ("2025-01-31", 1, PeriodType::AbsoluteMonth, "2025-02-28"),
        ("2024-01-31", 1, PeriodType::AbsoluteMonth, "2024-02-29"),
        ("2024-02-29", 12, PeriodType::AbsoluteMonth, "2025-02-28"),
        ("2025-12-31", 1, PeriodType::AbsoluteMonth, "2026-01-31"),
        ("2024-02-29", 0, PeriodType::AbsoluteYear, "2024-12-31"),
        ("2025-12-31", 1, PeriodType::AbsoluteYear, "2026-12-31"),
        // A Monday, a Sunday, and the week around New Year.
        ("2025-06-16", 0, PeriodType::AbsoluteWeek, "2025-06-22"),
        ("2025-06-22", 0, PeriodType::AbsoluteWeek, "2025-06-22"),
        ("2025-06-22", 1, PeriodType::AbsoluteWeek, "2025-06-29"),
        ("2025-12-29", 0, PeriodType::AbsoluteWeek, "2026-01-04"),
        ("2027-01-01", 2, PeriodType::AbsoluteWeek, "2027-01-17"),
    ] {
        let last: NaiveDate = last.parse().unwrap();
        let expiry = Period::new(count, unit).expiry(at(&format!("{issued}T12:00:00Z")), utc);
        assert_eq!(expiry, Ok(Expiry::at(utc.end_of_day(last).unwrap())), "{issued} and {count} {unit:?}");
    }
    // To the end of the month where the reward is, whatever date it is elsewhere; and a day that a zone skipped is over
    // with the day before.
    for (name, issued, count, unit, end) in [
        (
            "Australia/Melbourne",
            "2020-07-06T00:00:00+10:00",
            12,
            PeriodType::AbsoluteMonth,
            "2021-07-31T14:00:00Z",
        ),
        (
            "America/New_York",
            "2020-07-06T23:00:00-04:00",
            12,
            PeriodType::AbsoluteMonth,
            "2021-08-01T04:00:00Z",
        ),
        (
            "Pacific/Auckland",
            "2020-07-06T00:30:00+12:00",
            12,
            PeriodType::AbsoluteMonth,
            "2021-07-31T12:00:00Z",
        ),
        ("Asia/Tokyo", "2020-07-06T00:00:00+09:00", 12, PeriodType::AbsoluteMonth, "2021-07-31T15:00:00Z"),
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", 0, PeriodType::AbsoluteMonth, "2011-12-31T10:00:00Z"),
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", 1, PeriodType::Days, "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", 0, PeriodType::AbsoluteWeek, "2012-01-01T10:00:00Z"),
    ] {
        let expiry = Period::new(count, unit).expiry(at(issued), zone(name));
        assert_eq!(expiry, Ok(Expiry::at(at(end))), "{name}, {issued} and {count} {unit:?}");
    }
    for unit in [PeriodType::AbsoluteWeek, PeriodType::AbsoluteMonth, PeriodType::AbsoluteYear] {
        let far = Period::new(u32::MAX, unit).expiry(at("2025-06-15T00:00:00Z"), utc);
        assert_eq!(far, Err(TimeError::OutOfRange), "{unit:?}");
    }
    // It counts nothing.
    let date = Period::new(1, PeriodType::AbsoluteDate).expiry(at("2025-06-15T00:00:00Z"), utc);
    assert_eq!(date, Err(TimeError::OutOfRange));
}

#[test]
fn t5_an_expiry_text_means_the_whole_second() {
    let melbourne = zone("Australia/Melbourne");
    let read = |text: &str| text.parse::<Until>().unwrap();
    let expected = Ok(Expiry::at(at("2025-07-15T14:00:00Z")));
    for text in ["2025-07-15 23:59:59", "2025-07-15T23:59:59", "2025-07-15", "2025-07-15T13:59:59Z"] {
        assert_eq!(read(text).resolve(melbourne), expected, "{text}");
    }
    // First the local time is resolved, then the second is added: 01:59:59 comes once on the day that repeats
    // 02:00:00, so it means the instant before the first of the two.
    let last = read("2025-04-06 01:59:59").resolve(melbourne);
    assert_eq!(last, Ok(Expiry::at(at("2025-04-06T02:00:00+11:00"))));
    let last = read("2025-04-06 02:59:59").resolve(melbourne);
    assert_eq!(last, Ok(Expiry::at(at("2025-04-06T03:00:00+10:00"))));
}

#[test]
fn t5_printing_takes_the_second_off_again() {
    let expiry = Expiry::at(at("2025-07-15T14:00:00Z"));
    assert_eq!(serde_json::to_string(&expiry).unwrap(), r#""2025-07-15T13:59:59Z""#);
    for expiry in
        [expiry, Expiry::NEVER, Expiry::at(at("2025-07-15T14:00:00.000001Z")), Expiry::at(Timestamp::MAX)]
    {
        let text = serde_json::to_string(&expiry).unwrap();
        assert_eq!(serde_json::from_str::<Expiry>(&text).unwrap(), expiry, "{text}");
        let until = Until::from(expiry);
        let text = serde_json::to_string(&until).unwrap();
        assert_eq!(serde_json::from_str::<Until>(&text).unwrap(), until, "{text}");
    }
}

#[test]
fn t2_an_expiry_is_exclusive_to_the_tick() {
    let end = at("2025-07-15T14:00:00Z");
    let tick = TimeDelta::microseconds(1);
    assert!(Expiry::at(end).is_past(end));
    assert!(!Expiry::at(end).is_past(end.checked_add(-tick).unwrap()));
    assert!(!Expiry::NEVER.is_past(Timestamp::MAX));
    assert!(Expiry::at(Timestamp::MAX) < Expiry::NEVER);
}

#[test]
fn t8_no_minute_has_a_second_60() {
    for minute in ["2016-12-31 23:59", "2025-06-15 10:00", "2025-06-30 23:59", "9999-12-31 23:59"] {
        for second in ["60", "60.5", "61"] {
            for text in [format!("{minute}:{second}"), format!("{minute}:{second}Z").replace(' ', "T")] {
                assert_eq!(text.parse::<When>(), Err(TimeError::NotATime), "{text}");
                assert_eq!(text.parse::<Until>(), Err(TimeError::NotATime), "{text}");
                assert_eq!(text.parse::<Timestamp>(), Err(TimeError::NotAnInstant), "{text}");
            }
        }
        assert!(format!("{minute}:59").parse::<When>().is_ok());
    }
    let leap = day("2016-12-31").and_hms_micro_opt(23, 59, 59, 1_000_000).unwrap();
    assert!(When::Local(leap).resolve(Zone::UTC).is_err() && Until::Local(leap).resolve(Zone::UTC).is_err());
    assert!(Timestamp::try_from(leap.and_utc()).is_err());
}

#[test]
fn t8_every_local_time_of_the_years_1_to_9999_is_accepted_in_every_zone() {
    let (first, last) = (local("0001-01-01T00:00:00"), local("9999-12-31T23:59:59"));
    for zone in TZ_VARIANTS.iter().map(|tz| zone(tz.name())) {
        for time in [first, last] {
            let start = When::Local(time).resolve(zone).unwrap();
            let expiry = Until::Local(time).resolve(zone).unwrap();
            assert_eq!(zone.local(start), time, "{zone}");
            assert_eq!(expiry.last_second().map(|second| zone.local(second)), Some(time), "{zone}");
            // And is written and read as what it is.
            assert_eq!(start.to_string().parse(), Ok(start), "{zone}");
            let text = serde_json::to_string(&expiry).unwrap();
            assert_eq!(serde_json::from_str::<Expiry>(&text).unwrap(), expiry, "{zone}");
        }
        assert_eq!(Until::Day(last.date()).resolve(zone), Until::Local(last).resolve(zone), "{zone}");
    }
    // What is written in UTC is read in UTC.
    let last = Until::Local(last).resolve(zone("Pacific/Honolulu")).unwrap();
    assert_eq!(serde_json::to_string(&last).unwrap(), r#""+10000-01-01T09:59:59Z""#);
    assert_eq!("+10000-01-01 09:59:59".parse::<Until>().unwrap().resolve(Zone::UTC), Ok(last));
}

#[test]
fn texts_that_are_no_times_are_refused() {
    for text in [
        "",
        "now",
        "2025-13-01",
        "2025-02-30",
        "2025-6-15",
        "2025-06-15 ",
        " 2025-06-15",
        "2025-06-15 24:00:00",
        "2025-06-15 1:00:00",
        "2025-06-15 10:00",
        "15/06/2025",
        "٢٠٢٥-٠٦-١٥",
        "2025-06-15T00:00:00+25:00",
        "20250615",
        "2025-06-15 00:00:00 Australia/Melbourne",
    ] {
        assert!(text.parse::<When>().is_err(), "{text:?}");
        assert!(text.parse::<Until>().is_err(), "{text:?}");
    }
    assert_eq!("0000-12-30T00:00:00Z".parse::<Timestamp>(), Err(TimeError::OutOfRange));
    for local in ["2025-06-15 00:00:00", "2025-06-15T00:00:00.5", "2025-06-15"] {
        assert_eq!(local.parse::<Timestamp>(), Err(TimeError::NoOffset), "{local}");
    }
    assert_eq!("soon".parse::<Timestamp>(), Err(TimeError::NotAnInstant));
    let told = TimeError::NoOffset.to_string();
    assert!(
        told.contains("`2025-06-15T14:32:00+10:00`") && told.contains("`2025-06-15T04:32:00Z`"),
        "{told}"
    );
    assert_eq!("Australia/Melborne".parse::<Zone>(), Err(TimeError::UnknownZone));
    let error = serde_json::from_str::<Zone>("\"Mars/Base\"").unwrap_err().to_string();
    assert!(error.contains("`Mars/Base` is not an IANA time zone"), "{error}");
}

#[test]
fn the_ends_of_time_are_refused_and_do_not_panic() {
    for name in ["Pacific/Kiritimati", "Pacific/Midway", "UTC"] {
        let zone = zone(name);
        for date in [NaiveDate::MIN, NaiveDate::MAX, day("9999-12-31"), day("0001-01-01")] {
            let _ = zone.end_of_day(date);
            let _ = zone.start_at(date.and_hms_opt(0, 0, 0).unwrap());
            let _ = zone.end_at(date.and_hms_opt(23, 59, 59).unwrap());
        }
        let _ = zone.local(Timestamp::MIN);
        let _ = zone.local(Timestamp::MAX);
    }
    assert_eq!(zone("UTC").end_of_day(NaiveDate::MAX), Err(TimeError::OutOfRange));
    assert_eq!(Timestamp::MAX.checked_add(TimeDelta::microseconds(1)), Err(TimeError::OutOfRange));
    assert_eq!(Timestamp::MIN.checked_add(TimeDelta::microseconds(-1)), Err(TimeError::OutOfRange));
    assert_eq!(Timestamp::MAX.to_string(), "+10000-01-01T23:59:59.999999Z");
    assert_eq!(Timestamp::MIN.to_string(), "0000-12-31T00:00:00Z");
    assert_eq!("+10000-01-02T00:00:00Z".parse::<Timestamp>(), Err(TimeError::OutOfRange));
}
