//! Random cases that are interesting more often than not: times near the ends of lots and the jumps of clocks, amounts
//! near what there is, names that come twice.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use scrip::{Amount, ExchangeRate, LotKind, PeriodType, Points, ProgramSettings, Share, Strategy as Pay};

use super::calendar::{DAY, HOUR, Micros, SECOND};
use super::steps::{
    Ask, Case, End, Issue, Link, Money, Named, Original, Redeem, Sale, Step, Template, Time, Wait, Wish,
};

/// Zones with jumps by day and at midnight, a skipped day, and none at all.
pub(crate) const ZONES: [&str; 8] = [
    "Australia/Melbourne",
    "America/New_York",
    "Europe/London",
    "Pacific/Apia",
    "Asia/Tokyo",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "UTC",
];

/// Shortly before a clock is put forward or back in one of those zones, or a day is skipped.
const STARTS: [&str; 9] = [
    "2025-04-04T12:00:00Z",
    "2024-10-04T12:00:00Z",
    "2025-03-08T03:00:00Z",
    "2025-10-25T10:00:00Z",
    "2018-11-02T18:00:00Z",
    "2018-02-16T18:00:00Z",
    "2023-04-26T12:00:00Z",
    "2023-10-25T18:00:00Z",
    "2011-12-28T01:00:00Z",
];

/// A case of up to so many steps, on any program.
pub(crate) fn case(steps: usize) -> impl Strategy<Value = Case> {
    case_of(program(), steps)
}

pub(crate) fn case_of(
    program: impl Strategy<Value = ProgramSettings>,
    steps: usize,
) -> impl Strategy<Value = Case> {
    let definitions = (vec(template(), 0..3), any::<bool>()).prop_map(|(mut more, is_short)| {
        // One of each kind that anything can be issued from.
        more.push(plain(LotKind::Reward, 90, if is_short { Some((3, PeriodType::Days)) } else { None }));
        more.push(plain(LotKind::Point, 91, if is_short { None } else { Some((1, PeriodType::Months)) }));
        more
    });
    (program, start(), definitions, vec(step(), 1..=steps))
        .prop_map(|(program, start, definitions, steps)| Case { program, start, definitions, steps })
}

pub(crate) fn plain(kind: LotKind, handle: u8, period: Option<(u32, PeriodType)>) -> Template {
    Template {
        kind,
        handle,
        value: Some(Money::Whole(10)),
        max_value: None,
        period,
        absolute_expiry: None,
        zone: None,
        extend_days: None,
        is_assignable: true,
        is_extendable: false,
    }
}

pub(crate) fn start() -> impl Strategy<Value = Micros> {
    let instants = STARTS.map(|start| start.parse::<scrip::Timestamp>().unwrap().micros());
    (proptest::sample::select(instants.to_vec()), 0..3 * DAY).prop_map(|(start, later)| start + later)
}

pub(crate) fn program() -> impl Strategy<Value = ProgramSettings> {
    let rate = |points: &str, amount: &str| {
        ExchangeRate::new(points.parse().unwrap(), amount.parse().unwrap()).unwrap()
    };
    let rates =
        vec![rate("150", "1"), rate("100", "10"), rate("1", "0.03"), rate("7", "3"), rate("0.3", "7")];
    let share = |fraction: &str| Share::try_from(fraction.parse::<Amount>().unwrap()).unwrap();
    let shares = vec![share("0.5"), share("0.3333"), share("0.001"), share("1")];
    let money = (
        proptest::sample::select(vec!["AUD", "AUD", "JPY", "KWD"]),
        weighted(0.9, proptest::sample::select(rates)),
        0_u8..=4,
    );
    let limits =
        (weighted(0.2, 1_u32..40), weighted(0.2, proptest::sample::select(shares)), weighted(0.2, 5_u32..60));
    let time = (
        0..ZONES.len(),
        proptest::sample::select(vec![300, 300, 0, 7_200]),
        weighted(0.2, proptest::sample::select(vec![60_u32, 7_200])),
    );
    (money, limits, time).prop_map(|(money, (cap, share, minimum), (zone, tolerance, key_window))| {
        let (currency, exchange_rate, point_scale) = money;
        let mut program = ProgramSettings::new(currency.parse().unwrap(), ZONES[zone].parse().unwrap());
        program.exchange_rate = exchange_rate;
        program.point_scale = point_scale;
        program.redemption_cap = cap.map(Amount::from);
        program.redemption_share = share;
        program.minimum_spend = minimum.map(Amount::from);
        program.time_tolerance_seconds = tolerance;
        program.key_window_seconds = key_window;
        program
    })
}

/// A program in which nothing stands between a request and the lots.
pub(crate) fn open_program() -> impl Strategy<Value = ProgramSettings> {
    program().prop_map(|mut program| {
        program.exchange_rate =
            program.exchange_rate.or_else(|| ExchangeRate::new(Points::from(7), Amount::from(3)).ok());
        program.redemption_cap = None;
        program.redemption_share = None;
        program.minimum_spend = None;
        program
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    (wait(), weighted(0.15, 0_u8..6), ask()).prop_map(|(wait, key, ask)| Step { wait, key, ask })
}

fn wait() -> BoxedStrategy<Wait> {
    prop_oneof![
        6 => Just(Wait::Micros(0)),
        2 => (1_i64..5).prop_map(Wait::Micros),
        4 => (1_i64..400).prop_map(|seconds| Wait::Micros(seconds * SECOND)),
        3 => (1_i64..60).prop_map(|hours| Wait::Micros(hours * HOUR)),
        1 => (1_i64..70).prop_map(|days| Wait::Micros(days * DAY)),
        4 => (0_u16..4, -1_i64..=1).prop_map(|(pick, ticks)| Wait::Edge(pick, ticks)),
        1 => proptest::sample::select(vec![1, 60 * SECOND, 60 * SECOND + 1, 7_200 * SECOND]).prop_map(Wait::Micros),
        1 => (0_i64..400 * SECOND).prop_map(Wait::Late),
        1 => (-1_i64..=1).prop_map(Wait::AtTolerance),
    ]
    .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    prop_oneof![
        1 => template().prop_map(Ask::Define),
        1 => (any::<u16>(), template()).prop_map(|(pick, template)| Ask::Redefine(pick, template)),
        1 => any::<u16>().prop_map(Ask::Archive),
        20 => issue().prop_map(Ask::Issue),
        16 => redeem().prop_map(Ask::Redeem),
        5 => sale().prop_map(Ask::Post),
        2 => (any::<u16>(), sale()).prop_map(|(pick, sale)| Ask::Update(pick, sale)),
        1 => any::<u16>().prop_map(Ask::Delete),
        4 => (any::<u16>(), any::<bool>(), any::<bool>())
            .prop_map(|(which, now, changed)| Ask::Repeat { which, now, changed }),
    ]
    .boxed()
}

fn kind() -> impl Strategy<Value = LotKind> {
    prop_oneof![3 => Just(LotKind::Reward), 2 => Just(LotKind::Point)]
}

fn money() -> BoxedStrategy<Money> {
    prop_oneof![
        12 => (1_u32..25).prop_map(Money::Whole),
        12 => (1_u32..3_000).prop_map(Money::Smallest),
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
    prop_oneof![
        1 => Just(End::Never),
        4 => time().prop_map(End::At),
        2 => (-3_i64..40).prop_map(End::Day),
        3 => any::<u16>().prop_map(End::With),
    ]
    .boxed()
}

fn template() -> BoxedStrategy<Template> {
    let unit = proptest::sample::select(vec![
        PeriodType::Days,
        PeriodType::Weeks,
        PeriodType::Months,
        PeriodType::Years,
    ]);
    let count = prop_oneof![20 => 0_u32..14, 1 => Just(u32::MAX), 1 => 300_000_u32..4_000_000];
    let lasting = (weighted(0.7, (count, unit)), weighted(0.2, end()), weighted(0.4, 0..8_u8));
    let terms = (weighted(0.3, 0..90_u32), proptest::bool::weighted(0.93), any::<bool>());
    let value = (weighted(0.8, money()), weighted(0.2, money()));
    (kind(), 0_u8..6, value, lasting, terms)
        .prop_map(|(kind, handle, value, lasting, terms)| Template {
            kind,
            handle,
            value: value.0,
            max_value: value.1,
            period: lasting.0,
            absolute_expiry: lasting.1,
            zone: lasting.2,
            extend_days: terms.0,
            is_assignable: terms.1,
            is_extendable: terms.2,
        })
        .boxed()
}

fn issue() -> BoxedStrategy<Issue> {
    let named = prop_oneof![
        40 => Just(Named::Id),
        8 => Just(Named::Handle),
        1 => Just(Named::Both),
        1 => Just(Named::Neither),
        1 => Just(Named::Other),
    ];
    let values = (weighted(0.8, money()), weighted(0.15, money()));
    let times = (weighted(0.3, time()), weighted(0.2, time()), weighted(0.5, end()), weighted(0.2, 0..8_u8));
    let names = (weighted(0.15, 0_u8..5), weighted(0.2, any::<u8>()));
    (0_u8..3, kind(), (any::<u16>(), named), values, times, names)
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

fn redeem() -> BoxedStrategy<Redeem> {
    let amount = prop_oneof![
        5 => money().prop_map(Wish::Fixed),
        4 => (-1_i64..=1).prop_map(Wish::All),
        2 => Just(Wish::Half),
    ];
    let basket = weighted(0.7, prop_oneof![9 => (1_u32..200).prop_map(Money::Whole), 1 => money()]);
    let rest = (any::<bool>(), basket, weighted(0.2, any::<u8>()));
    (weighted(0.98, 0_u8..3), strategies(), amount, rest)
        .prop_map(|(profile, strategies, amount, (strict, basket, note))| Redeem {
            profile,
            strategies,
            amount,
            strict,
            basket,
            note,
        })
        .boxed()
}

fn sale() -> BoxedStrategy<Sale> {
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
        (weighted(0.25, time()), weighted(0.3, 0..8_u8), weighted(0.3, 0_u8..4), weighted(0.3, any::<u8>()));
    (0_u8..3, money(), weighted(0.7, original), weighted(0.8, link), said)
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
