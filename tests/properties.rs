//! Laws that hold for any sequence of requests: the engine against a naive model of the rules (`tests/model`), and
//! against itself where a rule says that two ways lead to the same place.
//!
//! `PROPTEST_CASES` sets the number of cases of every property. A failure prints the program and the commands that led
//! to it, ready to be sent again.
//!
//! Each property was seen to fail on a bug that was planted for it:
//!
//! | property | catches |
//! |---|---|
//! | `the_engine_agrees_with_the_model` | the window of a key is taken to be over at its very end (J5) |
//! | `…_over_a_plain_store` | a look-up that depends on another one is never made |
//! | `the_past_agrees_with_the_model` | as of an instant leaves out what was written at that instant (J4) |
//! | `quotes_agree_with_the_model` | a pending lot is said to be not needed (C7) |
//! | `every_redemption_keeps_the_laws` | points are rounded down, or up where they are exact (Q5) |
//! | `the_order_of_input_is_irrelevant` | lots that expire together are used in the order of their ids (C1) |
//! | `a_quote_is_what_committing_does` | a quote is not held to the account's time (T6) |
//! | `no_value_appears_or_vanishes` | what expires is added to nothing (J3) |
//! | `replay_gives_the_account` | instants lose their microseconds in JSON (J2) |
//! | `a_journal_that_was_tampered_with_is_refused` | replay does not look at numbers, times or balances (J1) |
//! | `the_past_does_not_change` | of several lots that fell due only the first is written (T7) |
//! | `nothing_depends_on_when_the_due_is_written` | the same |
//! | `the_same_commands_lead_to_the_same_bytes` | an instant as expiry keeps its second in JSON (T5); a batch runs backwards |
//! | `a_repetition_changes_nothing` | a request is recognised by its name alone (J5) |
//! | `a_rejected_request_changes_nothing` | what fell due is written by a request that is then refused |
//! | `the_calendar_agrees` | the later of two hours is not taken for an end (T3); a day ends at its first midnight (T4) |
//! | `the_cases_are_interesting` | a key is never looked for: nothing is ever replayed |

mod model;

#[path = "properties/afterwards.rs"]
mod afterwards;
#[path = "properties/history.rs"]
mod history;
#[path = "properties/redeeming.rs"]
mod redeeming;
#[path = "properties/repetition.rs"]
mod repetition;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::TZ_VARIANTS;
use model::calendar::{Calendar, DAY, HOUR, Micros};
use model::plain_store::PlainStore;
use model::tally::Tally;
use model::world::World;
use model::{generate, programs, resolve};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scrip::{MemoryStore, Period, PeriodType, Timestamp, Until, When, Zone};

fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        // A failure prints the commands that led to it, which is more than a seed would tell later.
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

fn timestamp(at: Micros) -> Timestamp {
    resolve::timestamp(at)
}

proptest! {
    #![proptest_config(config(200))]

    /// Whatever is asked, the engine answers as the model does: outcome or rejection; and then shows the same balances,
    /// lots, redemptions, transactions, definitions and journal.
    #[test]
    fn the_engine_agrees_with_the_model(case in generate::case(40)) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
            world.check_now()?;
        }
    }

    /// The same over the simplest store there could be, which shows that no store is needed to be clever.
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
        for unit in [PeriodType::Days, PeriodType::Weeks, PeriodType::Months, PeriodType::Years] {
            let expiry = Period::new(count, unit).expiry(issued, zone).ok();
            let expiry = expiry.map(|end| end.instant().unwrap().micros());
            prop_assert_eq!(calendar.after(near, count, unit).ok(), expiry, "{} {:?} {}", zone, unit, issued);
        }
    }
}

fn wall(shown: Micros) -> NaiveDateTime {
    DateTime::from_timestamp_micros(shown).unwrap().naive_utc()
}

/// The cases are worth running: whatever can happen does, in a few hundred of them.
#[test]
fn the_cases_are_interesting() {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    for _ in 0..300 {
        let case = generate::case(40).new_tree(&mut runner).unwrap().current();
        let mut world = World::alone(&case, MemoryStore::new()).unwrap();
        for step in &case.steps {
            let answer = world.step(step).unwrap();
            tally.answer::<MemoryStore>(&answer);
        }
        tally.end(&world);
    }
    let dull = tally.rare(3);
    assert!(dull.is_empty(), "hardly ever seen: {dull:?} in {tally:#?}");
}
