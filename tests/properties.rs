//! Laws that hold for any sequence of requests: the engine against a naive model of the rules (`tests/model`), and
//! against itself where a rule says that two ways lead to the same place.
//!
//! `PROPTEST_CASES` sets the number of cases of every property. A failure prints the program and the commands that led
//! to it, ready to be sent again.
//!
//! Each fails on the bugs that `each_property_catches_its_bug` plants for it, one test in each file.

mod model;
mod planted;

#[path = "properties/afterwards.rs"]
mod afterwards;
#[path = "properties/baskets.rs"]
mod baskets;
#[path = "properties/batches.rs"]
mod batches;
#[path = "properties/books.rs"]
mod books;
#[path = "properties/earning.rs"]
mod earning;
#[path = "properties/forecast.rs"]
mod forecast;
#[path = "properties/history.rs"]
mod history;
#[path = "properties/inactivity.rs"]
mod inactivity;
#[path = "properties/kinds.rs"]
mod kinds;
#[path = "properties/late.rs"]
mod late;
#[path = "properties/liability.rs"]
mod liability;
#[path = "properties/lots.rs"]
mod lots;
#[path = "properties/mergers.rs"]
mod mergers;
#[path = "properties/one.rs"]
mod one;
#[path = "properties/one_way.rs"]
mod one_way;
#[path = "properties/owed.rs"]
mod owed;
#[path = "properties/previews.rs"]
mod previews;
#[path = "properties/reassigned.rs"]
mod reassigned;
#[path = "properties/redeeming.rs"]
mod redeeming;
#[path = "properties/repetition.rs"]
mod repetition;
#[path = "properties/transfers.rs"]
mod transfers;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::TZ_VARIANTS;
use model::calendar::{Calendar, DAY, HOUR, Micros, PERIOD_TYPES};
use model::plain_store::PlainStore;
use model::tally::Tally;
use model::world::World;
use model::{generate, programs, resolve};
use planted::{catches, config};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scrip::time::{Period, Until, When};
use scrip::{MemoryStore, Timestamp, Zone};

fn timestamp(at: Micros) -> Timestamp {
    resolve::timestamp(at)
}

proptest! {
    #![proptest_config(config(200))]

    /// Whatever is asked, the engine answers as the model does: outcome or rejection; and then shows the same balances,
    /// lots, redemptions, transactions, definitions and journal.
    ///
    /// Catches: a key's window that is over at its very end (J5); a lot that comes back and is usable before
    /// its time (T2).
    #[test]
    fn the_engine_agrees_with_the_model(case in generate::case(40)) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
            world.check_now()?;
        }
    }

    /// The same over the simplest store there could be, which shows that no store is needed to be clever.
    ///
    /// Catches: a look-up that depends on another one and is never made.
    #[test]
    fn the_engine_agrees_with_the_model_over_a_plain_store(case in generate::case(15)) {
        let mut world = World::compared(&case, PlainStore::default())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        world.check_now()?;
    }
}

/// Zones whose clocks were put back into the day before, at midnight or soon after it, or by half an hour, or that
/// skipped a day.
const ODD_ZONES: [&str; 12] = [
    "America/St_Johns",
    "America/Goose_Bay",
    "America/Moncton",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Asuncion",
    "Africa/Cairo",
    "Asia/Beirut",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
];

proptest! {
    #![proptest_config(config(1_500))]

    /// Rules T3 to T5, in every zone there is: local times, ends of days and periods, around the moments at which
    /// clocks jump and at any other.
    ///
    /// Catches: of a repeated hour, the earlier instant taken for an end (T3); a day that ends at the first
    /// of two midnights (T4).
    #[test]
    fn the_calendar_agrees(
        zone in prop_oneof![
            proptest::sample::select(&TZ_VARIANTS[..]).prop_map(|zone| zone.name()),
            proptest::sample::select(&ODD_ZONES[..]),
        ],
        near in prop_oneof![programs::start(), 15 * 365 * DAY..65 * 365 * DAY, -60 * 365 * DAY..120 * 365 * DAY],
        quarters in proptest::option::of(-12_i64..=12),
        days in -3_i64..3,
        time in any::<u8>(),
        count in 0_u32..40,
    ) {
        let zone: Zone = zone.parse().unwrap();
        let calendar = Calendar::of(zone);
        let jump = calendar.jump_after(near).filter(|_| quarters.is_some());
        let near = jump.unwrap_or(near);
        let local = match (jump, quarters) {
            // What the clock shows around the moment at which it jumps, before or after.
            (Some(jump), Some(quarters)) => wall(calendar.wall(jump - days.rem_euclid(2)) + quarters * HOUR / 4),
            _ => resolve::local(calendar.date(near), days, time),
        };
        let when = When::Local(local);
        let begin = when.resolve(zone).map(Timestamp::micros).ok();
        prop_assert_eq!(calendar.begin(when).ok(), begin, "{} {}", zone, local);
        for until in [Until::Local(local), Until::Day(local.date())] {
            let end = until.resolve(zone).ok().map(|end| end.instant().map(Timestamp::micros));
            prop_assert_eq!(calendar.end(until).ok(), end, "{} {:?}", zone, until);
        }
        let issued = timestamp(near);
        prop_assert_eq!(calendar.wall(near), zone.local(issued).and_utc().timestamp_micros());
        for unit in PERIOD_TYPES {
            let expiry = Period::new(count, unit).expiry(issued, zone).ok();
            let expiry = expiry.map(|end| end.instant().unwrap().micros());
            prop_assert_eq!(calendar.after(near, count, unit).ok(), expiry, "{} {:?} {}", zone, unit, issued);
        }
    }
}

fn wall(shown: Micros) -> NaiveDateTime {
    DateTime::from_timestamp_micros(shown).unwrap().naive_utc()
}

/// The cases are worth running: whatever can happen does, in some hundreds of them.
///
/// Catches: a key that is never looked for, so that nothing is ever replayed.
#[test]
fn the_cases_are_interesting() {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    for _ in 0..2_000 {
        let case = generate::case_of(programs::some_program(), 50).new_tree(&mut runner).unwrap().current();
        let mut world = World::alone(&case, MemoryStore::new()).unwrap();
        for step in &case.steps {
            let answer = world.step(step).unwrap();
            tally.answer::<MemoryStore>(&answer);
        }
        tally.end(&world);
    }
    let dull = tally.rare(2);
    assert!(dull.is_empty(), "hardly ever seen: {dull:?} in {tally:#?}");
}

#[test]
fn each_property_catches_its_bug() {
    catches(the_engine_agrees_with_the_model, &["a key's window that is over at its very end"]);
    catches(
        the_engine_agrees_with_the_model_over_a_plain_store,
        &["a look-up that depends on another one and is never made"],
    );
    catches(
        the_calendar_agrees,
        &[
            "of a repeated hour, the earlier instant taken for an end",
            "a day that ends at the first of two midnights",
        ],
    );
}
