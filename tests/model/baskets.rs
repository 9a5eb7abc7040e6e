//! Random scopes and baskets, over so few tags that they often meet, and cases that are mostly of them.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use super::calendar::{DAY, HOUR};
use super::generate::{back, case_of, issue, redeem, wish};
use super::programs::open_program;
use super::steps::{Ask, Bought, Case, End, Issue, Money, Named, Redeem, Scoped, Step, Wait};

/// Mostly one tag or none.
fn tags() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0_u8), 2 => Just(1), 2 => Just(2), 1 => Just(4), 1 => 0_u8..8]
}

pub(super) fn scoped() -> BoxedStrategy<Scoped> {
    (tags(), tags(), weighted(0.4, 1_u32..25))
        .prop_map(|(only, except, minimum)| Scoped { only, except, minimum })
        .boxed()
}

pub(crate) fn bought() -> BoxedStrategy<Bought> {
    let amount = prop_oneof![
        6 => (1_u32..15).prop_map(Money::Whole),
        4 => (1_u32..1_500).prop_map(Money::Smallest),
        1 => Just(Money::Zero),
    ];
    let line = (amount, prop_oneof![tags(), 0_u8..8]);
    (vec(line, 1..5), tags(), weighted(0.3, proptest::bool::weighted(0.8)))
        .prop_map(|(lines, tags, says_total)| Bought { lines, tags, says_total })
        .boxed()
}

/// Small lots of one customer, more than half of them with a scope, which expire at different times.
fn lot() -> impl Strategy<Value = Issue> {
    (issue(), 1_u32..12, weighted(0.6, scoped()), 1_i64..60).prop_map(|(issue, value, scope, days)| Issue {
        profile: 0,
        definition: (0, Named::Id),
        initial: Some(Money::Whole(value)),
        remaining: None,
        issued_at: None,
        available_at: None,
        expires_at: Some(End::Day(days)),
        scope,
        ..issue
    })
}

/// A redemption that says what is bought.
pub(crate) fn for_lines() -> impl Strategy<Value = Redeem> {
    (redeem(), bought()).prop_map(|(wish, bought)| Redeem {
        profile: Some(0),
        bought: Some(bought),
        occurred: None,
        ..wish
    })
}

/// A case that is mostly of baskets: lots with and without scopes, redemptions, holds and returns.
pub(crate) fn baskets() -> impl Strategy<Value = Case> {
    let ask = prop_oneof![
        6 => lot().prop_map(Ask::Issue),
        4 => for_lines().prop_map(Ask::Redeem),
        3 => for_lines().prop_map(|wish| Ask::Hold(wish, Some(400_000))),
        4 => (any::<u16>(), weighted(0.5, wish()), weighted(0.7, bought()))
            .prop_map(|(pick, part, bought)| Ask::Capture(pick, part, bought)),
        1 => any::<u16>().prop_map(Ask::Release),
        4 => back().prop_map(Ask::Return),
        1 => (0..3_u8, 0..3_u8).prop_map(|(from, into)| Ask::Merge(from, into)),
    ];
    let wait = prop_oneof![8 => Just(0), 2 => 1..5 * HOUR, 2 => DAY..20 * DAY].prop_map(Wait::Micros);
    let step = (wait, ask).prop_map(|(wait, ask)| Step { wait, key: None, ask });
    let stock = lot().prop_map(|lot| Step { wait: Wait::Micros(0), key: None, ask: Ask::Issue(lot) });
    (case_of(open_program(), 1), vec(stock, 3..8), vec(step, 4..24)).prop_map(
        |(mut case, mut stock, mut steps)| {
            stock.append(&mut steps);
            case.steps = stock;
            case
        },
    )
}
