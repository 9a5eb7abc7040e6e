//! Redemptions that are sent late (rule T10): the law, told from what the engine itself shows.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::journal::LotKind;
use scrip::outcome::HoldStatus;
use scrip::program::ProgramSettings;
use scrip::request::{Strategy as PayWith, Sweep};
use scrip::value::ExchangeRate;
use scrip::{
    Amount, Define, Error, IssuePoints, IssueReward, Ledger, MemoryStore, Outcome, PeriodType,
    PointDefinition, Points, PostTransaction, Redeem, RewardDefinition, Timestamp,
};

use crate::afterwards::{Till, lots, played, redemption, run, wish};
use crate::model::calendar::{DAY, HOUR};
use crate::model::plain_store::PlainStore;
use crate::model::resolve::profile_id;
use crate::model::steps::{Adjust, Ago, Ask, Case, End, Issue, Money, Named, Step, Template, Wait, Wish};
use crate::model::world::World;
use crate::model::{generate, programs, steps};
use crate::planted::{bug, catches};
use crate::{config, timestamp};

/// What a customer has, and where all that ever came in is.
fn seen(world: &mut Till) -> String {
    let wallet = world.ledger.at(timestamp(world.now)).wallet(profile_id(0)).unwrap();
    format!("{:?} {:?}", lots(&wallet), wallet.account().totals_at(wallet.at()))
}

proptest! {
    #![proptest_config(config(300))]

    /// If nothing else happened in between, a late redemption leaves the same lots as one on time: over any expiry, swept
    /// or not.
    ///
    /// Catches: all of an expired lot that comes back, and not just what is taken; a lot that expired in between and is
    /// not among the candidates; a lot that was not available yet and is.
    #[test]
    fn late_is_as_on_time(
        case in generate::case_of(programs::open_program(), 20),
        wish in wish(),
        late in prop_oneof![Just(1_i64), 0..HOUR, 0..40 * DAY],
        swept in proptest::option::of(0..40 * DAY),
    ) {
        let mut case = case;
        case.program.late_window_seconds = u32::MAX;
        let (mut one, mut other) = (played(&case)?, played(&case)?);
        let (then, now) = (one.now, one.now + late);
        let redeem = redemption(&mut one, &wish);
        let wallet = one.ledger.at(timestamp(then)).wallet(profile_id(0));
        // One whose clock is ahead is decided at its own time; and a hold that lapses is something that happens, be it
        // with the profile that took over.
        if wallet.ok().filter(|wallet| wallet.at() == timestamp(then)).is_none() {
            return Ok(());
        }
        let wallets = (0..3).filter_map(|whose| one.ledger.at(timestamp(then)).wallet(profile_id(whose)).ok());
        let holds: Vec<_> = wallets.flat_map(|wallet| wallet.holds().collect::<Vec<_>>()).collect();
        let mut open = holds.iter().filter(|hold| hold.status == HoldStatus::Held);
        if open.any(|hold| hold.expires_at <= timestamp(now)) {
            return Ok(());
        }
        let on_time = run(&mut one, redeem.clone());
        if let Some(after) = swept.filter(|after| *after < late) {
            other.now = then + after;
            run(&mut other, Sweep::ProfileId(profile_id(0))).unwrap();
        }
        (one.now, other.now) = (now, now);
        let is_now = bug("a late redemption that is decided when it is sent");
        let redeem = redeem.with_occurred_at(timestamp(if is_now { now } else { then }));
        let quote = other.ledger.at(timestamp(now)).quote(&redeem);
        match (on_time, run(&mut other, redeem)) {
            (Ok(Outcome::Redeem(on_time)), Ok(Outcome::Redeem(late))) => {
                prop_assert_eq!(on_time.redeemed_at, late.occurred_at.unwrap_or(late.redeemed_at));
                prop_assert_eq!((on_time.total, &on_time.items), (late.total, &late.items));
                prop_assert_eq!(&quote.unwrap().items, &late.items);
            }
            (Err(Error::Rejected(on_time)), Err(Error::Rejected(late))) => prop_assert_eq!(on_time, late),
            (on_time, late) => prop_assert!(false, "{:?} on time, {:?} late", on_time, late),
        }
        let (expected, found) = (seen(&mut one), seen(&mut other));
        prop_assert_eq!(expected, found, "{}", other.with_story(TestCaseError::fail("rule T10")));
    }
}

/// Points that lapse after some days without activity, or end by themselves, and what is redeemed of them on time and late.
fn over_lapses() -> impl Strategy<Value = Case> {
    let idle = |days, handle, period| Template {
        inactivity: Some((days, PeriodType::Days)),
        ..generate::plain(LotKind::Point, handle, period)
    };
    let own = |days| Some((days, PeriodType::Days));
    let definitions =
        vec![idle(3, 90, None), idle(7, 91, own(9)), generate::plain(LotKind::Point, 92, own(6))];
    let issue = (generate::issue(), 1_u32..20).prop_map(|(issue, points)| Issue {
        profile: 0,
        kind: LotKind::Point,
        definition: (issue.definition.0, Named::Id),
        initial: Some(Money::Whole(points)),
        remaining: None,
        issued_at: None,
        available_at: None,
        expires_at: None,
        external: None,
        ..issue
    });
    let redeem = |occurred| {
        (generate::redeem(), 1_u32..6, occurred).prop_map(|(redeem, amount, occurred)| steps::Redeem {
            profile: Some(0),
            strategies: vec![PayWith::Points],
            amount: Wish::Fixed(Money::Whole(amount)),
            strict: false,
            bought: None,
            occurred,
            ..redeem
        })
    };
    let end = prop_oneof![
        3 => Just(None),
        3 => (-12_i64..4).prop_map(|days| Some(End::Day(days))),
        1 => Just(Some(End::Never)),
    ];
    let adjust = (generate::adjust(), end).prop_map(|(adjust, expires_at)| Adjust { expires_at, ..adjust });
    let ago = (0_i64..15 * 24).prop_map(|hours| Some(Ago::Micros(hours * HOUR)));
    let ask = prop_oneof![
        4 => issue.prop_map(Ask::Issue),
        2 => redeem(Just(None).boxed()).prop_map(Ask::Redeem),
        6 => redeem(ago.boxed()).prop_map(Ask::Redeem),
        2 => adjust.prop_map(Ask::Adjust),
        1 => Just(Ask::Sweep(0, false)),
    ];
    let wait = prop_oneof![4 => Just(0), 4 => 0..40 * HOUR, 2 => 0..6 * DAY].prop_map(Wait::Micros);
    let step = (wait, ask).prop_map(|(wait, ask)| Step { wait, key: None, ask });
    (generate::case_of(programs::open_program(), 1), vec(step, 5..40)).prop_map(move |(case, steps)| {
        let mut case = Case { definitions: definitions.clone(), steps, ..case };
        case.program.late_window_seconds = u32::MAX;
        case.program.earn.clear();
        case
    })
}

proptest! {
    #![proptest_config(config(150))]

    /// Rule T10: the engine agrees with the model, and the auditor with both, on which lots a late redemption finds, after
    /// others that were sent late, and of lots that were corrected over a lapse.
    ///
    /// Catches: a lot that had lapsed used up, was brought back since, and gives to a sale in between; a corrected end that
    /// a late activity forgets; an activity that does not count where the end was corrected to before it.
    #[test]
    fn late_sales_find_what_earlier_ones_keep(case in over_lapses()) {
        let mut world = World::compared(&case, PlainStore::default())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        world.check_now()?;
    }
}

/// The look-ups that a late quote takes, with so many entries before it happened and so many since.
fn looked_up(before: u32, since: u32) -> usize {
    let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap()).with_late_window(60);
    let mut ledger = Ledger::new(settings.try_into().unwrap(), PlainStore::default());
    let then: Timestamp = "2025-06-15T14:32:00Z".parse().unwrap();
    let now: Timestamp = "2025-06-15T14:32:30Z".parse().unwrap();
    let mut till = ledger.at(then);
    let hundred = RewardDefinition::new("hundred".parse().unwrap(), "A hundred", Amount::from(100));
    let hundred = till.commit(Define::from(hundred)).unwrap().id;
    let lot = till.commit(IssueReward::new(profile_id(0), hundred)).unwrap().id;
    for (at, count) in [(then, before), (now, since)] {
        for _ in 0..count {
            ledger.at(at).commit(Redeem::strict(profile_id(0), "0.01".parse().unwrap())).unwrap();
        }
    }
    let counted = ledger.store().looked_up();
    let redeem = Redeem::strict(profile_id(0), Amount::from(1)).with_occurred_at(then);
    let quote = ledger.at(now).quote(&redeem).unwrap();
    assert_eq!(quote.items[0].lot, lot);
    ledger.store().looked_up() - counted
}

/// What a late request costs follows from what happened since, and not from how long the journal is.
///
/// Catches: a late request that loads the whole journal; one that stops looking after the first page.
#[test]
fn a_late_request_reads_what_happened_since() {
    assert_eq!(looked_up(100, 3), looked_up(300, 3));
    assert!(looked_up(300, 3) < 40);
    let many = looked_up(300, 110);
    assert!((110..300).contains(&many), "{many}");
}

/// Of two late redemptions, the second counts every activity since the first happened, however much was written since.
///
/// Catches: look-ups that reach to the last activity before the second only.
#[test]
fn a_second_late_sale_knows_what_happened_since_the_first() {
    let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
    let settings = settings.with_exchange_rate(ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap());
    let program = settings.with_late_window(u32::MAX).try_into().unwrap();
    let mut ledger = Ledger::new(program, MemoryStore::new());
    let day = |day: u32| format!("2021-01-{day:02}T10:00:00Z").parse::<Timestamp>().unwrap();
    let mut till = ledger.at(day(1));
    let mut club = PointDefinition::new("club".parse().unwrap(), "Club");
    (club.inactivity_period, club.inactivity_period_type) = (Some(7), PeriodType::Days);
    let club = till.commit(Define::from(club)).unwrap().id;
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = till.commit(Define::from(ten)).unwrap().id;
    let lot = till.commit(IssuePoints::new(profile_id(0), club).with_value(Points::from(9))).unwrap().id;
    // With no more activity than these, it lapses on the 8th; with one on the 7th as well, on the 26th.
    for active in [13, 19] {
        ledger.at(day(active)).commit(PostTransaction::new(profile_id(0), Amount::from(5))).unwrap();
        for _ in 0..70 {
            ledger.at(day(active)).commit(IssueReward::new(profile_id(0), ten)).unwrap();
        }
    }
    let mut late = ledger.at(day(27));
    for then in [7, 25] {
        let redeem = Redeem::strict(profile_id(0), Amount::from(2)).with_strategies([PayWith::Points]);
        let made = late.commit(redeem.with_occurred_at(day(then))).unwrap();
        assert_eq!(made.items[0].lot, lot, "on the {then}th");
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(late_is_as_on_time, &["a late redemption that is decided when it is sent"]);
    catches(
        late_sales_find_what_earlier_ones_keep,
        &[
            "a late redemption that knows nothing of those sent before it",
            "a correction of a lot that stays expired that is forgotten",
        ],
    );
}
