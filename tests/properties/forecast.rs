//! Ageing, the forecast of what expires, and the cohorts: against wallets, and against what then happens.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use scrip::journal::{EntryKind, Flow, LotKind};
use scrip::program::{Earn, ProgramSettings};
use scrip::report::{Ageing, Cohorts, Cuts, Forecast, Liability, Measure, expiries};
use scrip::request::{DeleteTransaction, ReturnRedemption, Strategy};
use scrip::value::{ExchangeRate, Sum};
use scrip::{
    Amount, Define, IssueReward, Ledger, MemoryStore, PeriodType, PlaceHold, Points, PostTransaction,
    ProfileId, Program, Redeem, RewardDefinition, Timestamp, Zone,
};

use crate::liability::{journals, owned, roll, sweep};
use crate::model::calendar::DAY;
use crate::model::generate;
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

proptest! {
    #![proptest_config(config(60))]

    /// What the forecast says of each coming day is what then expires, as the entries of a sweep say, if nobody acts; and the
    /// next expiries of each profile are the same, lot by lot.
    ///
    /// Catches: the day of the instant of expiry taken for the last day of use (T5).
    #[test]
    fn what_is_forecast_then_expires(case in generate::case(30), ahead in 1..90 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let zone = world.ledger.program().settings().timezone;
        let last = journals(&mut world).iter().filter_map(|journal| journal.entries.last()).map(|entry| entry.at).max();
        let now = last.unwrap_or(timestamp(world.now)).max(timestamp(world.now));
        let until = timestamp(now.micros() + ahead);
        // What is due by now is written first: it is no forecast.
        sweep(&mut world, now)?;
        let before = journals(&mut world);
        let mut forecast = Forecast::new(zone, now, until);
        for journal in &before {
            forecast.add(journal).unwrap();
        }
        sweep(&mut world, until)?;
        let mut expired: BTreeMap<(LotKind, NaiveDate), Sum> = BTreeMap::new();
        for (before, after) in before.iter().zip(journals(&mut world)) {
            let mut lots = Vec::new();
            for entry in &after.entries[before.entries.len()..] {
                let before = i64::from(!bug("the day of the instant of expiry taken for the last day of use"));
                let day = zone.local(timestamp(entry.at.micros() - before)).date();
                for (lot, kind, value) in expired_by(entry) {
                    let sum = expired.entry((kind, day)).or_default();
                    *sum = sum.plus(value);
                    lots.push((entry.at, lot, value));
                }
            }
            let coming = expiries(before, now, until).unwrap();
            let coming: Vec<_> = coming.iter().map(|change| (change.at, change.lot.unwrap(), Sum::ZERO.minus(change.value.into()))).collect();
            prop_assert_eq!(coming, lots);
        }
        let forecast: BTreeMap<_, _> = forecast.rows().iter().map(|row| ((row.kind, row.last_day), row.value)).collect();
        prop_assert_eq!(forecast, expired);
    }

    /// What is outstanding adds up to what the wallets of that instant show, by definition.
    ///
    /// Catches: lots that are pending left out.
    #[test]
    fn what_is_outstanding_is_what_wallets_show(case in generate::case(30), ahead in -20 * DAY..40 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let at = timestamp(world.now + ahead);
        let mut ageing = Ageing::new(Zone::UTC, at);
        for journal in journals(&mut world) {
            ageing.add(&journal).unwrap();
        }
        let mut sums = BTreeMap::new();
        for row in ageing.rows() {
            prop_assert!(row.value > Sum::ZERO, "{:?}", row);
            let sum: &mut Sum = sums.entry((row.kind, row.definition_id)).or_default();
            *sum = sum.plus(row.value);
        }
        prop_assert_eq!(sums, owned(&mut world, at));
    }

    /// All cohorts together had redeemed, by the end of the last month, what the roll-forward says was redeemed less returned.
    ///
    /// Catches: redemptions gross of what was returned; a cohort by the month in which value moved, and not that of issue.
    #[test]
    fn cohorts_add_up_to_the_roll_forward(case in generate::case(30)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let zone = world.ledger.program().settings().timezone;
        let now = timestamp(world.now + 31 * DAY);
        for kind in [LotKind::Reward, LotKind::Point] {
            let mut cohorts = Cohorts::new(kind, zone, now);
            let mut months = std::collections::BTreeSet::new();
            for journal in journals(&mut world) {
                cohorts.add(&journal).unwrap();
                let issues = journal.entries.iter().filter_map(|entry| match &entry.kind {
                    EntryKind::Issue(issue) if issue.kind == kind => Some(issue.issued_at),
                    _ => None,
                });
                months.extend(issues.map(|at| zone.local(at).format("%Y-%m").to_string()));
                // What becomes of a lot that stayed with a merged profile counts when it does: its issue is in the other
                // journal.
                let merged = journal.entries.iter().skip_while(|entry| !matches!(entry.kind, EntryKind::MergeIn(_)));
                months.extend(merged.map(|entry| zone.local(entry.at).format("%Y-%m").to_string()));
            }
            let rows = cohorts.rows();
            prop_assert!(rows.iter().all(|row| months.contains(&row.month.format("%Y-%m").to_string())));
            // Each curve ends with the last month that is over.
            let redeemed: Sum = rows.iter().filter_map(|row| row.redeemed.last().copied()).sum();
            let month = zone.local(now).date();
            let end = Cuts::days(zone, month, month).unwrap().start();
            let first = chrono::Datelike::with_day(&month, 1).unwrap();
            let end = Cuts::days(zone, first, first).map_or(end, |cuts| cuts.start());
            let cuts = Cuts::new([timestamp(case.start - 400 * 365 * DAY).max(Timestamp::MIN), end]).unwrap();
            let liability: Liability = roll(&mut world, &cuts);
            let measure = if kind == LotKind::Reward { Measure::Rewards } else { Measure::Points };
            let flows = |flow| -> Sum {
                liability.rows().iter().filter(|row| row.measure == measure).map(|row| row.flow(flow)).sum()
            };
            // A lot that says that it will be issued later is of no month yet.
            let is_later = journals(&mut world).iter().flat_map(|journal| &journal.entries).any(|entry| {
                matches!(&entry.kind, EntryKind::Issue(issue) if issue.issued_at >= end)
            });
            let is_gross = bug("redemptions gross of what was returned");
            let returned = if is_gross { Sum::ZERO } else { flows(Flow::Returned) };
            let net = Sum::ZERO.minus(flows(Flow::Redeemed)).minus(returned);
            prop_assert!(is_later || redeemed == net, "{} and {}", redeemed, net);
        }
    }
}

/// What is held past its lot's expiry is still owed, and expires when the hold lapses (rule H4).
///
/// Catches: what a hold releases left out; the whole of such a lot taken for owed.
#[test]
fn what_is_held_past_its_expiry_is_owed_until_the_hold_lapses() {
    let mut ledger = Ledger::new(Program::new("AUD", "UTC").unwrap(), MemoryStore::new());
    let (now, alice) = ("2025-06-15T12:00:00Z".parse().unwrap(), ProfileId::new("alice").unwrap());
    let ten =
        RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10)).valid_for(5, PeriodType::Days);
    let ten = ledger.at(now).commit(Define::from(ten)).unwrap();
    ledger.at(now).commit(IssueReward::new(alice, ten.id)).unwrap();
    let hold = PlaceHold::strict(alice, Amount::from(4)).with_expires_in(10 * 86_400);
    ledger.at(now).commit(hold).unwrap();
    let journal = ledger.at(now).journals().next().unwrap().unwrap();
    let mut forecast = Forecast::new(Zone::UTC, now, Timestamp::MAX);
    forecast.add(&journal).unwrap();
    let days: Vec<_> = forecast.rows().iter().map(|row| format!("{} {}", row.last_day, row.value)).collect();
    assert_eq!(days, ["2025-06-20 6", "2025-06-25 4"]);
    let mut ageing = Ageing::new(Zone::UTC, "2025-06-22T00:00:00Z".parse().unwrap());
    ageing.add(&journal).unwrap();
    assert_eq!(ageing.rows()[0].value, Amount::from(4).into());
}

/// Points that pay a debt on their way back to their lot count with that lot's cohort.
///
/// Catches: value that is clawed back instead of going to its lot, and is of no lot, or of the next that the entry names.
#[test]
fn what_is_clawed_back_on_its_way_counts_with_its_lot() {
    let rate = ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap();
    let settings = ProgramSettings::new("AUD".parse().unwrap(), Zone::UTC)
        .with_exchange_rate(rate)
        .with_earn([Earn::new(Points::from(1), Amount::from(1))]);
    let mut ledger = Ledger::new(Program::try_from(settings).unwrap(), MemoryStore::new());
    let alice = ProfileId::new("alice").unwrap();
    let (june, july) = ("2025-06-15T12:00:00Z".parse().unwrap(), "2025-07-15T12:00:00Z".parse().unwrap());
    let sale = ledger.at(june).commit(PostTransaction::new(alice, Amount::from(10))).unwrap();
    let points = Redeem::strict(alice, Amount::from(8)).with_strategies([Strategy::Points]);
    let redemption = ledger.at(june).commit(points).unwrap();
    ledger.at(july).commit(DeleteTransaction::new(sale.id)).unwrap();
    ledger.at(july).commit(ReturnRedemption::strict(redemption.id, Amount::from(3))).unwrap();
    let september = "2025-09-01T00:00:00Z".parse().unwrap();
    let mut cohorts = Cohorts::new(LotKind::Point, Zone::UTC, september);
    cohorts.add(&ledger.at(july).journals().next().unwrap().unwrap()).unwrap();
    let rows: Vec<_> =
        cohorts.rows().iter().map(|row| (row.month.to_string(), row.redeemed.clone())).collect();
    let redeemed = [8, 5, 5].map(|points| Points::from(points).into()).to_vec();
    assert_eq!(rows, [("2025-06-01".to_owned(), redeemed)]);
}

/// What an entry says expired, lot by lot, without regard to the report's own flows.
fn expired_by(entry: &scrip::journal::Entry) -> Vec<(scrip::LotId, LotKind, Sum)> {
    match &entry.kind {
        EntryKind::Expire(expired) => vec![(expired.after.lot, expired.after.kind, expired.value.into())],
        EntryKind::Lapse(lapsed) => {
            let is_gone = |freed: &&scrip::journal::ReleasedLot| {
                freed.after.standing == scrip::journal::Standing::Expired
            };
            let rest = |freed: &scrip::journal::ReleasedLot| {
                let clawed: Sum = freed.clawed_back.map_or(Sum::ZERO, |back| back.points().into());
                (freed.after.lot, freed.after.kind, Sum::from(freed.value).minus(clawed))
            };
            let lots = lapsed.released.iter().filter(is_gone).map(rest);
            lots.filter(|(_, _, value)| *value != Sum::ZERO).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        what_is_forecast_then_expires,
        &["the day of the instant of expiry taken for the last day of use"],
    );
    catches(what_is_outstanding_is_what_wallets_show, &["lots that are pending left out"]);
    catches(cohorts_add_up_to_the_roll_forward, &["redemptions gross of what was returned"]);
}
