//! Random cases that are interesting more often than not: times near the ends of lots and the jumps of clocks, amounts
//! near what there is, names that come twice.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use scrip::journal::LotKind;
use scrip::program::{ProgramSettings, TransferLimit};
use scrip::request::Strategy as Pay;
use scrip::{Amount, DefinitionId, PeriodType, Points};

use super::baskets::{bought, scoped};
use super::calendar::{DAY, HOUR, PERIOD_TYPES, SECOND};
use super::programs::{open_program, program, start};
use super::steps::{
    Adjust, Again, Ago, Ask, Back, Case, End, Extend, Issue, Link, Money, Named, Original, Redeem, Sale,
    Step, Template, Time, Transfer, Wait, Wish,
};

/// A case of up to so many steps and a few to begin with, on any program.
pub(crate) fn case(steps: usize) -> impl Strategy<Value = Case> {
    case_of(program(), steps)
}

pub(crate) fn case_of(
    program: impl Strategy<Value = ProgramSettings>,
    steps: usize,
) -> impl Strategy<Value = Case> {
    let definitions = (vec(template(), 0..3), any::<bool>()).prop_map(|(more, is_short)| {
        // One of each kind that anything can be issued from.
        let mut all = vec![
            plain(LotKind::Reward, 90, if is_short { Some((3, PeriodType::Days)) } else { None }),
            plain(LotKind::Point, 91, if is_short { None } else { Some((1, PeriodType::Months)) }),
            plain(LotKind::Status, 92, None),
        ];
        all.extend(more);
        all
    });
    // What a sale earns may be of one of these, by their ids.
    let earned = prop_oneof![3 => Just(None), 1 => Just(Some(2)), 3 => Just(Some(3))];
    // Something to redeem first, and then anything.
    let stock = issue().prop_map(|issue| Step { wait: Wait::Micros(0), key: None, ask: Ask::Issue(issue) });
    (program, start(), (definitions, earned), vec(stock, 0..9), vec(step(), 1..=steps)).prop_map(
        |(mut program, start, (definitions, earned), mut stock, mut steps)| {
            for earn in &mut program.earn {
                earn.point_definition_id = earned.map(|id| DefinitionId::new(id).unwrap());
            }
            stock.append(&mut steps);
            Case { program, start, definitions, steps: stock }
        },
    )
}

pub(crate) fn plain(kind: LotKind, handle: u8, period: Option<(u32, PeriodType)>) -> Template {
    Template {
        kind,
        handle,
        value: Some(Money::Whole(10)),
        max_value: None,
        period,
        inactivity: None,
        absolute_expiry: None,
        zone: None,
        scope: None,
        extend_days: None,
        is_assignable: true,
        is_extendable: true,
        is_reassignable: true,
    }
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    (wait(), weighted(0.2, 0_u8..6), ask()).prop_map(|(wait, key, ask)| Step { wait, key, ask })
}

fn wait() -> BoxedStrategy<Wait> {
    prop_oneof![
        10 => Just(Wait::Micros(0)),
        2 => (1_i64..5).prop_map(Wait::Micros),
        4 => (1_i64..400).prop_map(|seconds| Wait::Micros(seconds * SECOND)),
        3 => (1_i64..60).prop_map(|hours| Wait::Micros(hours * HOUR)),
        1 => (1_i64..40).prop_map(|days| Wait::Micros(days * DAY)),
        4 => (0_u16..4, -1_i64..=1).prop_map(|(pick, ticks)| Wait::Edge(pick, ticks)),
        1 => proptest::sample::select(vec![1, 60 * SECOND, 60 * SECOND + 1, 7_200 * SECOND]).prop_map(Wait::Micros),
        1 => (0_i64..400 * SECOND).prop_map(Wait::Late),
        1 => (-1_i64..=1).prop_map(Wait::AtTolerance),
    ]
    .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    prop_oneof![
        2 => template().prop_map(Ask::Define),
        2 => (any::<u16>(), template()).prop_map(|(pick, template)| Ask::Redefine(pick, template)),
        1 => any::<u16>().prop_map(Ask::Archive),
        50 => issue().prop_map(Ask::Issue),
        50 => redeem().prop_map(Ask::Redeem),
        120 => afterwards(),
        30 => sale().prop_map(Ask::Post),
        14 => (any::<u16>(), sale(), any::<u8>())
            .prop_map(|(pick, sale, void)| Ask::Update(pick, sale, void % 8 == 0)),
        3 => any::<u16>().prop_map(Ask::Delete),
        24 => (any::<u16>(), wish()).prop_map(|(pick, wish)| Ask::ReturnSale(pick, wish)),
        14 => (any::<u16>(), again(), any::<bool>())
            .prop_map(|(which, again, changed)| Ask::Repeat { which, again, changed }),
    ]
    .boxed()
}

/// What happens to value afterwards.
fn afterwards() -> BoxedStrategy<Ask> {
    let seconds = weighted(0.6, prop_oneof![1 => Just(0_u32), 6 => 1_u32..4_000, 12 => 40_000_u32..900_000]);
    prop_oneof![
        24 => (redeem(), seconds).prop_map(|(redeem, seconds)| Ask::Hold(redeem, seconds)),
        20 => (any::<u16>(), weighted(0.7, wish()), weighted(0.2, bought()))
            .prop_map(|(pick, part, bought)| Ask::Capture(pick, part, bought)),
        10 => any::<u16>().prop_map(Ask::Release),
        30 => back().prop_map(Ask::Return),
        8 => any::<u16>().prop_map(Ask::Reverse),
        16 => extend().prop_map(Ask::Extend),
        6 => (any::<u16>(), any::<bool>()).prop_map(|(pick, whose)| Ask::Revoke(pick, whose)),
        14 => adjust().prop_map(Ask::Adjust),
        8 => (any::<u16>(), 0..3_u8, proptest::bool::weighted(0.2))
            .prop_map(|(pick, to, whose)| Ask::Reassign(pick, to, whose)),
        20 => transfer().prop_map(Ask::Transfer),
        7 => (0..3_u8, 0..3_u8).prop_map(|(from, into)| Ask::Merge(from, into)),
        5 => (profile(), any::<bool>()).prop_map(|(profile, number)| Ask::Sweep(profile, number)),
    ]
    .boxed()
}

/// An amount; or of a redemption that says what was bought, now and then some of its lines.
pub(crate) fn back() -> impl Strategy<Value = Back> {
    let lines = vec((any::<u16>(), weighted(0.6, wish())), 0..4);
    (any::<u16>(), wish(), lines, any::<bool>(), weighted(0.2, any::<u8>()))
        .prop_map(|(which, amount, lines, strict, note)| Back { which, amount, lines, strict, note })
}

pub(crate) fn wish() -> BoxedStrategy<Wish> {
    prop_oneof![
        2 => money().prop_map(Wish::Fixed),
        3 => (1_u32..900).prop_map(|units| Wish::Fixed(Money::Smallest(units))),
        3 => (-1_i64..=1).prop_map(Wish::All),
        5 => Just(Wish::Half),
    ]
    .boxed()
}

fn extend() -> BoxedStrategy<Extend> {
    let days = weighted(0.6, prop_oneof![1 => Just(0_u32), 12 => 1_u32..60, 1 => Just(4_000_000)]);
    (profile(), vec(any::<u16>(), 0..4), days, weighted(0.4, end()))
        .prop_map(|(profile, lots, days, until)| Extend { profile, lots, days, until })
        .boxed()
}

pub(crate) fn transfer() -> BoxedStrategy<Transfer> {
    let lots = prop_oneof![3 => Just(Vec::new()), 1 => vec(any::<u16>(), 1..4)];
    // Seldom to oneself.
    let steps = prop_oneof![10 => Just(1_u8), 10 => Just(2), 1 => Just(0)];
    (profile(), steps, kind(), wish(), (lots, weighted(0.2, any::<u8>())))
        .prop_map(|(from, step, kind, value, (lots, note))| Transfer {
            from,
            to: (from + step) % 3,
            kind,
            value,
            lots,
            note,
        })
        .boxed()
}

pub(crate) fn adjust() -> BoxedStrategy<Adjust> {
    let values = (weighted(0.2, money()), weighted(0.5, wish()));
    (any::<u16>(), values, weighted(0.4, end()), weighted(0.2, any::<u8>()), proptest::bool::weighted(0.2))
        .prop_map(|(which, (initial, remaining), expires_at, note, says_whose)| Adjust {
            which,
            initial,
            remaining,
            expires_at,
            note,
            says_whose,
        })
        .boxed()
}

fn again() -> impl Strategy<Value = Again> {
    prop_oneof![
        1 => Just(Again::AsBefore),
        2 => Just(Again::Unkeyed),
        1 => Just(Again::Keyed),
        2 => (-1_i64..=1).prop_map(Again::AtKeyWindow),
    ]
}

/// Mostly the same one, so that there is something to redeem.
fn profile() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(0_u8), 2 => Just(1), 1 => Just(2)]
}

fn kind() -> impl Strategy<Value = LotKind> {
    prop_oneof![6 => Just(LotKind::Reward), 4 => Just(LotKind::Point), 1 => Just(LotKind::Status)]
}

fn money() -> BoxedStrategy<Money> {
    prop_oneof![
        24 => (1_u32..25).prop_map(Money::Whole),
        24 => (1_u32..3_000).prop_map(Money::Smallest),
        1 => (0_u32..3_000).prop_map(Money::TooFine),
        1 => Just(Money::Zero),
        1 => proptest::sample::select(vec![Money::Largest, Money::TooLarge]),
    ]
    .boxed()
}

fn time() -> BoxedStrategy<Time> {
    prop_oneof![
        8 => (-40 * DAY..40 * DAY).prop_map(Time::Instant),
        8 => (-48..48_i64).prop_map(|hours| Time::Instant(hours * HOUR)),
        12 => (-10_i64..10, any::<u8>()).prop_map(|(days, time)| Time::Local(days, time)),
        1 => Just(Time::Last),
    ]
    .boxed()
}

fn end() -> BoxedStrategy<End> {
    let later = prop_oneof![
        1 => time(),
        3 => (-2 * HOUR..40 * DAY).prop_map(Time::Instant),
        3 => (0_i64..20, any::<u8>()).prop_map(|(days, time)| Time::Local(days, time)),
    ];
    prop_oneof![
        1 => Just(End::Never),
        4 => later.prop_map(End::At),
        2 => (-3_i64..40).prop_map(End::Day),
        3 => any::<u16>().prop_map(End::With),
    ]
    .boxed()
}

fn template() -> BoxedStrategy<Template> {
    let unit = proptest::sample::select(&PERIOD_TYPES[..]);
    let count = prop_oneof![20 => 0_u32..14, 1 => Just(u32::MAX), 1 => 300_000_u32..4_000_000];
    let short = proptest::sample::select(
        &[PeriodType::Days, PeriodType::Days, PeriodType::Weeks, PeriodType::Months][..],
    );
    let idle = (prop_oneof![20 => 1_u32..5, 1 => Just(u32::MAX)], short);
    let lasting =
        (weighted(0.7, (count, unit)), weighted(0.2, end()), weighted(0.4, 0..9_u8), weighted(0.5, idle));
    let terms = (weighted(0.3, 0..90_u32), proptest::bool::weighted(0.93), any::<bool>(), any::<bool>());
    let value = (weighted(0.8, money()), weighted(0.2, money()));
    (kind(), 0_u8..6, value, lasting, (terms, weighted(0.3, scoped())))
        .prop_map(|(kind, handle, value, lasting, (terms, scoped))| Template {
            kind,
            handle,
            value: value.0,
            max_value: value.1,
            period: lasting.0,
            inactivity: lasting.3,
            absolute_expiry: lasting.1,
            zone: lasting.2,
            scope: scoped,
            extend_days: terms.0,
            is_assignable: terms.1,
            is_extendable: terms.2,
            is_reassignable: terms.3,
        })
        .boxed()
}

pub(crate) fn issue() -> BoxedStrategy<Issue> {
    let named = prop_oneof![
        40 => Just(Named::Id),
        8 => Just(Named::Handle),
        1 => Just(Named::Both),
        1 => Just(Named::Neither),
        1 => Just(Named::Other),
    ];
    let left = prop_oneof![4 => money(), 1 => Just(Money::Zero)];
    let values = (weighted(0.8, money()), weighted(0.15, left));
    let times = (weighted(0.3, time()), weighted(0.2, time()), weighted(0.5, end()), weighted(0.2, 0..9_u8));
    let names = (weighted(0.15, 0_u8..5), weighted(0.2, any::<u8>()), weighted(0.3, scoped()));
    (profile(), kind(), (any::<u16>(), named), values, times, names)
        .prop_map(|(profile, kind, definition, values, times, names)| Issue {
            profile,
            kind,
            definition,
            initial: values.0,
            remaining: values.1,
            issued_at: times.0,
            available_at: times.1,
            expires_at: times.2,
            zone: times.3,
            scope: names.2,
            external: names.0,
            note: names.1,
        })
        .boxed()
}

fn strategies() -> impl Strategy<Value = Vec<Pay>> {
    use Pay::{Points, Rewards};
    prop_oneof![
        8 => Just(vec![Rewards]),
        8 => Just(vec![Points]),
        10 => Just(vec![Rewards, Points]),
        10 => Just(vec![Points, Rewards]),
        1 => proptest::sample::select(vec![vec![], vec![Points, Points], vec![Rewards, Points, Rewards]]),
    ]
}

pub(crate) fn redeem() -> BoxedStrategy<Redeem> {
    let amount = prop_oneof![
        1 => money().prop_map(Wish::Fixed),
        3 => (1_u32..8).prop_map(|units| Wish::Fixed(Money::Whole(units))),
        3 => (1_u32..900).prop_map(|units| Wish::Fixed(Money::Smallest(units))),
        2 => (-1_i64..=1).prop_map(Wish::All),
        4 => Just(Wish::Half),
    ];
    let basket = weighted(0.7, prop_oneof![9 => (1_u32..200).prop_map(Money::Whole), 1 => money()]);
    let basket = (basket, weighted(0.4, bought()));
    let rest = (any::<bool>(), basket, weighted(0.3, ago()), weighted(0.2, any::<u8>()));
    (weighted(0.98, profile()), strategies(), amount, rest)
        .prop_map(|(profile, strategies, amount, (strict, (basket, bought), occurred, note))| Redeem {
            profile,
            strategies,
            amount,
            strict,
            basket,
            bought,
            occurred,
            note,
        })
        .boxed()
}

fn ago() -> BoxedStrategy<Ago> {
    prop_oneof![
        1 => (-1_i64..=1).prop_map(Ago::Micros),
        2 => (0_i64..30).prop_map(|hours| Ago::Micros(hours * HOUR)),
        1 => (-1_i64..=1).prop_map(Ago::AtWindow),
        8 => (0_u16..12, -1_i64..=1).prop_map(|(which, ticks)| Ago::Edge(which, ticks)),
    ]
    .boxed()
}

pub(crate) fn sale() -> BoxedStrategy<Sale> {
    let link = prop_oneof![
        10 => any::<u16>().prop_map(Link::Own),
        1 => any::<u16>().prop_map(Link::Foreign),
        1 => Just(Link::Nothing),
    ];
    let original = prop_oneof![
        4 => (-1_i64..=1).prop_map(Original::Redeemed),
        2 => money().prop_map(Original::Fixed),
    ];
    let said =
        (weighted(0.25, time()), weighted(0.3, 0..9_u8), weighted(0.3, 0_u8..4), weighted(0.3, any::<u8>()));
    (profile(), money(), weighted(0.7, original), weighted(0.8, link), said)
        .prop_map(|(profile, total, original, link, said)| Sale {
            profile,
            total,
            original,
            link,
            transacted_at: said.0,
            zone: said.1,
            external: said.2,
            note: said.3,
        })
        .boxed()
}

/// A case that is mostly of transfers, and of what happens to what was sent, from midnight to midnight.
pub(crate) fn transfers() -> impl Strategy<Value = Case> {
    let ask = prop_oneof![
        4 => issue().prop_map(|issue| Ask::Issue(Issue {
            definition: (0, Named::Id),
            initial: None,
            issued_at: None,
            available_at: None,
            expires_at: None,
            ..issue
        })),
        4 => transfer().prop_map(Ask::Transfer),
        // A few of them come to the limit of a day.
        10 => (transfer(), 1_u32..6).prop_map(|(transfer, whole)| {
            Ask::Transfer(Transfer { value: Wish::Fixed(Money::Whole(whole)), lots: Vec::new(), ..transfer })
        }),
        3 => redeem().prop_map(Ask::Redeem),
        3 => back().prop_map(Ask::Return),
        1 => (0..3_u8, 0..3_u8).prop_map(|(from, into)| Ask::Merge(from, into)),
    ];
    let wait = prop_oneof![6 => Just(0), 3 => 1..5 * HOUR, 1 => Just(DAY)].prop_map(Wait::Micros);
    let step = (wait, ask).prop_map(|(wait, ask)| Step { wait, key: None, ask });
    (case_of(open_program(), 1), vec(step, 10..50)).prop_map(|(mut case, mut steps)| {
        let limit = TransferLimit::NONE.with_rewards(Amount::from(7)).with_points(Points::from(9));
        case.program.transfer_limit_per_day = Some(limit);
        case.steps.append(&mut steps);
        case
    })
}

/// Lots, two orders in which to issue them, and the redemptions that follow.
#[derive(Clone, Debug)]
pub(crate) struct Shuffled {
    pub(crate) lots: Vec<Issue>,
    pub(crate) other_order: Vec<usize>,
    /// Its steps are redemptions, all of the same profile.
    pub(crate) case: Case,
}

/// Lots that agree in all but their ids are used in the order of these, and with scopes of their own they pay for other
/// lines; so each lot that has a scope is issued at an instant of its own.
fn apart(place: usize, lot: Issue) -> Issue {
    let issued_at = lot.scope.as_ref().map(|_| Time::Instant(-7_777_777 - i64::try_from(place).unwrap()));
    Issue { issued_at: issued_at.or(lot.issued_at), ..lot }
}

pub(crate) fn shuffled() -> impl Strategy<Value = Shuffled> {
    let lot = issue().prop_map(|lot| Issue {
        profile: 0,
        definition: (lot.definition.0, Named::Id),
        external: None,
        // The end of another lot would depend on the order.
        expires_at: lot
            .expires_at
            .map(|end| if let End::With(days) = end { End::Day(days.into()) } else { end }),
        ..lot
    });
    let take = (wait(), redeem()).prop_map(|(wait, redeem)| {
        let redeem = Redeem { profile: Some(0), ..redeem };
        Step { wait, key: None, ask: Ask::Redeem(redeem) }
    });
    let lots = vec((lot, any::<u32>()), 2..9);
    (case_of(open_program(), 1), lots, vec(take, 1..5)).prop_map(|(case, lots, steps)| {
        let mut other_order: Vec<usize> = (0..lots.len()).collect();
        other_order.sort_by_key(|place| lots[*place].1);
        let lots =
            lots.into_iter().map(|(lot, _)| lot).enumerate().map(|(place, lot)| apart(place, lot)).collect();
        Shuffled { lots, other_order, case: Case { steps, ..case } }
    })
}
