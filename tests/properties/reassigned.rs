//! What sales earned, and who has it since: own lots that go to another profile, and come back (rules L2 and X5).

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scrip::program::Earn;
use scrip::request::Strategy as PayWith;
use scrip::{Amount, DefinitionId, MemoryStore, Points};

use crate::model::calendar::{DAY, HOUR};
use crate::model::generate::{adjust, back, case_of, redeem, sale, transfer};
use crate::model::plain_store::PlainStore;
use crate::model::programs::open_program;
use crate::model::steps::{Adjust, Ask, Case, Money, Redeem, Sale, Step, Wait, Wish};
use crate::model::tally::Tally;
use crate::model::world::World;
use crate::planted::{catches, config};

/// Sales of two profiles and what comes back of them, and points that are spent and go from hand to hand.
fn case() -> impl Strategy<Value = Case> {
    let sale = || {
        (0..2_u8, 1..40_u32, sale()).prop_map(|(profile, total, sale)| Sale {
            profile,
            total: Money::Whole(total),
            link: None,
            original: None,
            transacted_at: None,
            external: None,
            ..sale
        })
    };
    let spend = || {
        (0..3_u8, redeem()).prop_map(|(profile, redeem)| Redeem {
            profile: Some(profile),
            strategies: vec![PayWith::Points],
            bought: None,
            strict: false,
            ..redeem
        })
    };
    let ask = prop_oneof![
        10 => sale().prop_map(Ask::Post),
        4 => (any::<u16>(), sale()).prop_map(|(pick, sale)| Ask::Update(pick, sale, false)),
        8 => any::<u16>().prop_map(|pick| Ask::ReturnSale(pick, Wish::Half)),
        4 => any::<u16>().prop_map(|pick| Ask::ReturnSale(pick, Wish::All(0))),
        14 => spend().prop_map(Ask::Redeem),
        5 => (spend(), 1_u32..900_000).prop_map(|(redeem, seconds)| Ask::Hold(redeem, Some(seconds))),
        4 => any::<u16>().prop_map(|pick| Ask::Capture(pick, Some(Wish::Half), None)),
        4 => any::<u16>().prop_map(Ask::Release),
        16 => back().prop_map(Ask::Return),
        20 => (any::<u16>(), 0..3_u8).prop_map(|(pick, to)| Ask::Reassign(pick, to, false)),
        3 => transfer().prop_map(Ask::Transfer),
        4 => adjust().prop_map(|adjust| Ask::Adjust(Adjust { initial: None, ..adjust })),
        1 => any::<u16>().prop_map(|pick| Ask::Revoke(pick, false)),
        1 => (0..3_u8, 0..3_u8).prop_map(|(from, into)| Ask::Merge(from, into)),
    ];
    let wait = prop_oneof![12 => Just(0), 2 => 1..40 * HOUR, 1 => Just(5 * DAY)].prop_map(Wait::Micros);
    let step = (wait, ask).prop_map(|(wait, ask)| Step { wait, key: None, ask });
    (case_of(open_program(), 1), vec(step, 20..60)).prop_map(|(mut case, steps)| {
        if case.program.earn.is_empty() {
            case.program.earn.push(Earn::new(Points::from(1), Amount::from(1)));
        }
        case.program.earn[0].point_definition_id = Some(DefinitionId::new(2).unwrap());
        Case { steps, ..case }
    })
}

proptest! {
    #![proptest_config(config(150))]

    /// Rules L2 and X5: the engine agrees with the model on what is owed, clawed back and issued anew.
    ///
    /// Catches: what was adjusted away in a lot since it left, and counts as taken; what is earned more, and goes to a lot
    /// that came back.
    #[test]
    fn earned_lots_that_move_agree_with_the_model(case in case()) {
        let mut world = World::compared(&case, PlainStore::default())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        world.check_now()?;
    }
}

/// The cases are worth running.
///
/// Catches: points that cannot be reassigned.
#[test]
fn the_cases_of_moving_lots_are_interesting() {
    let (mut runner, mut tally) = (TestRunner::deterministic(), Tally::default());
    for _ in 0..300 {
        let case = case().new_tree(&mut runner).unwrap().current();
        let mut world = World::alone(&case, MemoryStore::new()).unwrap();
        for step in &case.steps {
            world.step(step).unwrap().ok();
        }
        tally.end(&world);
    }
    for what in [
        "reassigned what a sale earned",
        "what a sale earned came back",
        "returned past a lot that came back",
        "returned and clawed back",
        "clawed back that was adjusted away",
        "earned more across a merger",
    ] {
        let count = tally.0.get(what).copied().unwrap_or_default();
        assert!(count > 2, "{what}: {count}");
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        earned_lots_that_move_agree_with_the_model,
        &[
            "a lot that is its sale's own wherever it went",
            "a lot that came back, and takes what it gave as its sale's own",
        ],
    );
}
