//! Random programs, and the moments at which their cases begin.

use proptest::option::weighted;
use proptest::prelude::*;
use scrip::program::{Activities, Clawback, Earn, ExpiredReturn, ProgramSettings, Share, TransferLimit};
use scrip::time::Period;
use scrip::value::ExchangeRate;
use scrip::{Amount, PeriodType, Points};

use super::calendar::{DAY, Micros};

/// Zones with jumps by day, at midnight and a minute after it, with a skipped day, and with none at all.
pub(crate) const ZONES: [&str; 9] = [
    "Australia/Melbourne",
    "America/New_York",
    "Europe/London",
    "Pacific/Apia",
    "Asia/Tokyo",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "America/St_Johns",
    "UTC",
];

/// Shortly before a clock is put forward or back in one of those zones, or a day is skipped.
const STARTS: [&str; 10] = [
    "2025-04-04T12:00:00Z",
    "2024-10-04T12:00:00Z",
    "2025-03-08T03:00:00Z",
    "2025-10-25T10:00:00Z",
    "2018-11-02T18:00:00Z",
    "2018-02-16T18:00:00Z",
    "2023-04-26T12:00:00Z",
    "2023-10-25T18:00:00Z",
    "2011-12-28T01:00:00Z",
    "2006-10-27T08:00:00Z",
];

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
    let limits = (limits, weighted(0.4, (0_u32..40, 5_u32..60)));
    let time = (
        0..ZONES.len(),
        proptest::sample::select(vec![300, 300, 0, 7_200]),
        weighted(0.2, proptest::sample::select(vec![60_u32, 7_200])),
        proptest::sample::select(vec![0_u32, 28_800, 28_800, 90_000, 4_000_000]),
    );
    let afterwards = (
        proptest::sample::select(vec![
            ExpiredReturn::Original,
            ExpiredReturn::GraceDays(0),
            ExpiredReturn::GraceDays(7),
            ExpiredReturn::Fresh,
            ExpiredReturn::Fresh,
        ]),
        weighted(0.6, earn()),
        proptest::sample::select(vec![Clawback::Debt, Clawback::Debt, Clawback::Shortfall]),
        proptest::sample::select(vec![600_u32, 600, 0, 90_000]),
        proptest::sample::select(vec![900_u32, 60, 200_000]),
        proptest::sample::select(vec![(true, true), (true, true), (true, false), (false, true)]),
    );
    (money, limits, time, afterwards).prop_map(|(money, limits, time, afterwards)| {
        let (((cap, share, minimum), sent), (zone, tolerance, key_window, late)) = (limits, time);
        let (currency, exchange_rate, point_scale) = money;
        let mut program = ProgramSettings::new(currency.parse().unwrap(), ZONES[zone].parse().unwrap());
        program.exchange_rate = exchange_rate;
        program.point_scale = point_scale;
        program.redemption_cap = cap.map(Amount::from);
        program.redemption_share = share;
        program.minimum_spend = minimum.map(Amount::from);
        program.transfer_limit_per_day = sent.map(|(rewards, points)| {
            TransferLimit::NONE.with_rewards(Amount::from(rewards)).with_points(Points::from(points))
        });
        program.time_tolerance_seconds = tolerance;
        program.key_window_seconds = key_window;
        program.late_window_seconds = late;
        program.expired_return = afterwards.0;
        // A rule must fit the decimals that there are.
        let earn = afterwards.1.map(|(points, amount, delay_days, period)| {
            let mut earn = Earn::new(Points::from(points), Amount::from(amount));
            (earn.delay_days, earn.period) = (delay_days, period);
            earn
        });
        program.earn = earn.into_iter().collect();
        program.clawback = afterwards.2;
        program.reversal_window_seconds = afterwards.3;
        program.hold_seconds = afterwards.4;
        let (earning, redeeming) = afterwards.5;
        program.activity = Activities::ALL.with_earning(earning).with_redeeming(redeeming);
        program
    })
}

/// So many points for so much money, after so many days, for so many.
fn earn() -> impl Strategy<Value = (u32, u32, u32, Option<Period>)> {
    let rate = proptest::sample::select(vec![(1, 1), (3, 2), (1, 7), (10, 3)]);
    let delay = proptest::sample::select(vec![0, 0, 1, 14]);
    let unit = |count| if count % 5 == 3 { PeriodType::AbsoluteWeek } else { PeriodType::Days };
    let period = (0_u32..20).prop_map(move |count| Period::new(count, unit(count)));
    (rate, delay, weighted(0.5, period))
        .prop_map(|((points, amount), delay, period)| (points, amount, delay, period))
}

/// Twice as often one of the latter as any.
pub(crate) fn some_program() -> impl Strategy<Value = ProgramSettings> {
    prop_oneof![1 => program(), 2 => open_program()]
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
