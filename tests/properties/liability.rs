//! The liability roll-forward: it adds up, closes at the balances of its instants, and a past period never changes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::journal::LotKind;
use scrip::outcome::{Lot, LotStatus};
use scrip::report::{Cuts, Liability, LiabilityRow, Measure};
use scrip::request::Sweep;
use scrip::store::AsOf;
use scrip::value::Sum;
use scrip::{Command, DefinitionId, Error, MemoryStore, ProfileId, Timestamp};

use crate::model::calendar::{DAY, Micros};
use crate::model::generate;
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

/// The roll-forward of everything that is in a world's store.
pub(crate) fn roll(world: &mut World<MemoryStore>, cuts: &Cuts) -> Liability {
    let mut liability = Liability::new(cuts.clone());
    for journal in journals(world) {
        liability.add(&journal).unwrap();
    }
    liability
}

/// Periods of uneven length around what happens in a case: before it begins, at its entries, and after its end.
fn cuts(world: &mut World<MemoryStore>, start: Micros, ahead: Micros) -> Cuts {
    let mut instants: Vec<Timestamp> =
        [start - DAY, start + DAY / 3, start + ahead, world.now + ahead].into_iter().map(timestamp).collect();
    for journal in world.ledger.at(timestamp(world.now)).journals() {
        instants.extend(journal.unwrap().entries.iter().step_by(3).map(|entry| entry.at));
    }
    instants.sort_unstable();
    instants.dedup();
    Cuts::new(instants).unwrap()
}

type Owned = BTreeMap<(LotKind, Option<DefinitionId>), Sum>;

/// What each lot of each profile is worth to its owner at an instant, as the wallets of then show it.
pub(crate) fn owned(world: &mut World<MemoryStore>, at: Timestamp) -> Owned {
    let (mut owned, profiles) = (Owned::new(), profiles(world));
    for profile in profiles {
        let wallet = world.ledger.as_of(AsOf::At(at)).wallet(profile).unwrap();
        wallet.rewards().iter().for_each(|lot| add(&mut owned, LotKind::Reward, lot));
        wallet.points().iter().for_each(|lot| {
            add(&mut owned, if lot.is_redeemable { LotKind::Point } else { LotKind::Status }, lot)
        });
    }
    owned.retain(|_, sum| *sum != Sum::ZERO);
    owned
}

fn add<Q: Copy + Into<Sum>>(owned: &mut Owned, kind: LotKind, lot: &Lot<Q>) {
    let value: Sum = match lot.status {
        LotStatus::Pending if bug("lots that are pending left out") => Sum::ZERO,
        LotStatus::Active | LotStatus::Pending | LotStatus::Held => lot.value_remaining.into(),
        // What is held past its expiry can still be captured (rule H4).
        LotStatus::Expired => lot.value_held.into(),
        _ => Sum::ZERO,
    };
    let sum = owned.entry((kind, lot.definition_id)).or_default();
    *sum = sum.plus(value);
}

fn closing(rows: &[LiabilityRow], end: Timestamp) -> Owned {
    let kind = |row: &LiabilityRow| match row.measure {
        Measure::Rewards => LotKind::Reward,
        Measure::StatusPoints => LotKind::Status,
        _ => LotKind::Point,
    };
    let of_then = rows.iter().filter(|row| row.span.end == end && row.closing != Sum::ZERO);
    of_then.map(|row| ((kind(row), row.definition_id), row.closing)).collect()
}

proptest! {
    #![proptest_config(config(60))]

    /// Every row adds up; every closing balance is that of its instant, by definition and in all, swept or not; and each
    /// period opens where the one before closed.
    ///
    /// Catches: what fell due after the last entry counted at the end of the report (T7); a moved lot without its
    /// definition (L2).
    #[test]
    fn a_roll_forward_closes_at_the_balances_of_its_instants(case in generate::case(30), ahead in 1..40 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let cuts = cuts(&mut world, case.start, ahead);
        let liability = roll(&mut world, &cuts);
        let (rows, totals) = (liability.rows(), liability.totals(world.ledger.program()));
        for row in rows.iter().chain(&totals) {
            prop_assert!(row.adds_up(), "{:?}", row);
            let next = |other: &&LiabilityRow| {
                other.span.start == row.span.end
                    && (other.measure, other.definition_id) == (row.measure, row.definition_id)
            };
            let next = if row.definition_id.is_some() { rows.iter().find(next) } else { None };
            prop_assert!(next.is_none_or(|next| next.opening == row.closing));
        }
        for span in cuts.spans() {
            let at = span.closes_at();
            prop_assert_eq!(closing(&rows, span.end), owned(&mut world, at), "{}", at);
            let balances = profiles(&mut world).into_iter().map(|id| world.ledger.as_of(AsOf::At(at)).balances(id).unwrap());
            let (mut money, mut points) = (Sum::ZERO, Sum::ZERO);
            for of in balances {
                money = [money, of.reward_balance.into(), of.reward_pending.into(), of.reward_held.into()].into_iter().sum();
                points = [points, of.point_balance.into(), of.point_pending.into(), of.point_held.into()].into_iter().sum();
            }
            let of = |measure| totals.iter().find(|row| row.span == span && row.measure == measure).unwrap().closing;
            prop_assert_eq!((of(Measure::Rewards), of(Measure::Points)), (money, points), "{}", at);
        }
        // A sweep far in the future writes what these figures had in them already.
        sweep(&mut world, cuts.end())?;
        prop_assert_eq!(roll(&mut world, &cuts).rows(), rows);
    }

    /// The figures of a period never change when later entries come.
    ///
    /// Catches: what fell due without an entry, left out until one says it (T7).
    #[test]
    fn a_past_period_never_changes(case in generate::case(30), ahead in 1..40 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        let half = case.steps.len() / 2;
        for step in &case.steps[..half] {
            world.step(step)?.ok();
        }
        let cuts = cuts(&mut world, case.start, ahead);
        let before = roll(&mut world, &cuts).rows();
        let lengths = lengths(&mut world);
        for step in &case.steps[half..] {
            world.step(step)?.ok();
        }
        // The first instant that anything was written at afterwards, late requests included.
        let mut first = Timestamp::MAX;
        for (journal, length) in journals(&mut world).into_iter().zip(lengths.into_iter().chain(std::iter::repeat(0))) {
            let is_news = |entry: &&scrip::journal::Entry| entry.cause != scrip::journal::Cause::Clock;
            let news = journal.entries[length..].iter().find(is_news);
            let is_early = bug("later entries that count in the periods before theirs");
            first = news.filter(|_| !is_early).map_or(first, |entry| first.min(entry.at));
        }
        let past = |rows: Vec<LiabilityRow>| -> Vec<LiabilityRow> {
            rows.into_iter().filter(|row| row.span.end <= first && !row.is_empty()).collect()
        };
        let told = world.with_story(TestCaseError::fail("a past period changed"));
        prop_assert_eq!(past(roll(&mut world, &cuts).rows()), past(before), "{}", told);
    }
}

pub(crate) fn journals(world: &mut World<MemoryStore>) -> Vec<scrip::view::ProfileJournal> {
    world.ledger.at(timestamp(world.now)).journals().map(Result::unwrap).collect()
}

pub(crate) fn profiles(world: &mut World<MemoryStore>) -> Vec<ProfileId> {
    journals(world).iter().map(|journal| journal.profile_id).collect()
}

fn lengths(world: &mut World<MemoryStore>) -> Vec<usize> {
    journals(world).iter().map(|journal| journal.entries.len()).collect()
}

/// Sweeps every profile, as far as something is due by then.
pub(crate) fn sweep(world: &mut World<MemoryStore>, at: Timestamp) -> Result<(), TestCaseError> {
    let numbers: Vec<_> = journals(world).iter().map(|journal| journal.number).collect();
    for number in numbers {
        let swept = world.ledger.run(&Command::new(at, Sweep::Number(number)));
        // An account that is ahead of that instant has nothing due by then.
        let code = swept.as_ref().err().map(Error::code);
        prop_assert!(matches!(code, None | Some("time_reversed")), "{:?}", code);
    }
    Ok(())
}

#[cfg(feature = "sqlite")]
mod projected {
    use chrono::TimeDelta;
    use scrip::store::sqlite::SqliteStore;

    use super::*;

    proptest! {
        #![proptest_config(config(30))]

        /// The roll-forward from SQLite's tables is the one by replay, also where something fell due and nothing swept it.
        ///
        /// Catches: what fell due counted twice where its entry was written after the last period.
        #[test]
        fn a_roll_forward_from_tables_is_that_of_the_journals(case in generate::case(30), ahead in 1..40 * DAY, early in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(folder.path().join("ledger.sqlite")).unwrap();
            let mut world = World::alone(&case, store)?;
            for step in &case.steps {
                world.step(step)?.ok();
            }
            let now = timestamp(world.now);
            let mut ends: Vec<Timestamp> = [case.start - DAY, case.start + DAY / 3, case.start + ahead].map(timestamp).into();
            if !early {
                ends.push(timestamp(world.now.max(case.start + ahead) + ahead));
            }
            // What lies ahead may be sooner than a third of a day.
            ends.sort_unstable();
            ends.dedup();
            let cuts = Cuts::new(ends).unwrap();
            let mut replayed = Liability::new(cuts.clone());
            for journal in world.ledger.at(now).journals() {
                replayed.add(&journal.unwrap()).unwrap();
            }
            world.ledger.store().project().unwrap();
            let flows = world.ledger.store().flows(&cuts.instants()).unwrap();
            let mut projected = Liability::from_flows(cuts.clone(), flows);
            let by = cuts.end().checked_add(TimeDelta::microseconds(-1)).unwrap();
            let is_silent = bug("what fell due without an entry, left out until one says it");
            for journal in world.ledger.at(now).due_journals(by).filter(|_| !is_silent) {
                projected.add_due(&journal.unwrap()).unwrap();
            }
            let some = |rows: Vec<LiabilityRow>| rows.into_iter().filter(|row| !row.is_empty()).collect::<Vec<_>>();
            prop_assert_eq!(some(projected.rows()), some(replayed.rows()));
        }
    }

    #[test]
    fn each_property_catches_its_bug() {
        let due = "what fell due without an entry, left out until one says it";
        catches(a_roll_forward_from_tables_is_that_of_the_journals, &[due]);
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(a_roll_forward_closes_at_the_balances_of_its_instants, &["lots that are pending left out"]);
    catches(a_past_period_never_changes, &["later entries that count in the periods before theirs"]);
}
