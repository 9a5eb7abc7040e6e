//! What happens to value afterwards (rules H, R, L and T7): the laws, told from what the engine itself shows.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::journal::LotKind;
use scrip::outcome::LotStatus;
use scrip::program::ExpiredReturn;
use scrip::request::{ReverseRedemption, Sweep};
use scrip::store::{AsOf, Owner};
use scrip::time::Period;
use scrip::value::Quantity;
use scrip::view::Wallet;
use scrip::{
    Amount, CaptureHold, Command, Error, LotId, MemoryStore, Outcome, PlaceHold, Redeem, Redemption,
    RedemptionId, ReleaseHold, Request, ReturnRedemption, Timestamp,
};

use crate::model::calendar::{Calendar, DAY, Micros, SECOND, in_range};
use crate::model::memo::{lists, same_lines};
use crate::model::resolve::profile_id;
use crate::model::steps::{Ask, Case, Step, Wait};
use crate::model::world::{World, journals};
use crate::model::{check::Checked, generate, programs};
use crate::planted::{bug, catches};
use crate::{config, timestamp};

pub(crate) type Till = World<MemoryStore>;

/// With redemptions that are no activity: returning all of one undoes none (rule T9).
pub(crate) fn uncounted(mut case: Case) -> Case {
    case.program.activity = case.program.activity.with_redeeming(false);
    case
}

/// What a case leads to; the same every time.
pub(crate) fn played(case: &Case) -> Result<Till, TestCaseError> {
    let mut world = World::alone(case, MemoryStore::new())?;
    for step in &case.steps {
        world.step(step)?.ok();
    }
    Ok(world)
}

/// What a redemption is to be at the end of a case: strict, so that it is known what it comes to.
pub(crate) fn redemption(world: &mut Till, wish: &crate::model::steps::Redeem) -> Redeem {
    let ask = Ask::Redeem(wish.clone());
    match world.resolve(&Step { wait: Wait::Micros(0), key: None, ask }).request {
        Request::Redeem(mut redeem) => {
            (redeem.strict, redeem.basket_total, redeem.occurred_at) = (false, None, None);
            redeem
        }
        other => panic!("{other:?} is no redemption"),
    }
}

/// A hold of the same, for a second.
pub(crate) fn held(redeem: &Redeem) -> PlaceHold {
    let mut hold =
        PlaceHold::lenient(profile_id(0), redeem.amount).with_strategies(redeem.strategies.iter().copied());
    let seconds = if bug("a hold that lapses a second late") { 2 } else { 1 };
    (hold.lines, hold.tags, hold.expires_in) = (redeem.lines.clone(), redeem.tags.clone(), Some(seconds));
    hold
}

/// The same, of just so much.
pub(crate) fn strictly(mut redeem: Redeem, amount: Amount) -> Redeem {
    (redeem.amount, redeem.strict) = (amount, true);
    redeem
}

pub(crate) fn run(
    world: &mut Till,
    request: impl Into<Request>,
) -> Result<Outcome, Error<<MemoryStore as scrip::store::Store>::Error>> {
    let command = Command::new(timestamp(world.now), request.into());
    world.run(&command).unwrap().map(|receipt| receipt.outcome)
}

/// The account as a customer sees it, whatever led to it: each lot, and the balances.
pub(crate) fn seen(world: &mut Till) -> String {
    let mut told = Vec::new();
    let now = timestamp(world.now);
    for id in (0..3).map(profile_id) {
        // One whose clock is ahead is seen at its own time.
        let now = if bug("balances as of the last entry, however late it is") { Timestamp::MIN } else { now };
        let last = world.account(id).last_at().map_or(now, |last| last.max(now));
        let wallet = world.ledger.at(last).wallet(id).unwrap();
        let lots = (lots(&wallet), wallet.balances(), world.ledger.at(last).next_expiry(id).ok());
        told.push(format!("{lots:?}"));
    }
    told.join("\n")
}

/// Every list of every profile, as of a time ago and now, one a line.
fn all_lists(world: &mut Till, ago: Micros) -> String {
    let mut told = seen(world);
    for id in (0..3).map(profile_id) {
        for at in [world.now - ago, world.now] {
            let mut then = world.ledger.as_of(AsOf::At(timestamp(at)));
            let wallet = then.wallet(id).unwrap();
            let ids = lots(&wallet).into_iter().map(|(lot, ..)| lot);
            let each: Vec<_> = ids.map(|lot| then.lot(lot).unwrap()).collect();
            told += &format!("\n{}\n{each:?}", lists(&wallet));
        }
    }
    told
}

pub(crate) fn lots(wallet: &Wallet) -> Vec<(LotId, Quantity, Quantity, LotStatus, scrip::time::Expiry)> {
    let rewards = wallet.rewards().into_iter();
    let rewards = rewards
        .map(|lot| (lot.id, lot.value_remaining.into(), lot.value_held.into(), lot.status, lot.expires_at));
    let points = wallet.points().into_iter();
    let points = points
        .map(|lot| (lot.id, lot.value_remaining.into(), lot.value_held.into(), lot.status, lot.expires_at));
    rewards.chain(points).collect()
}

/// A part of an amount, in whole minor units: so many 255ths of it.
pub(crate) fn part(world: &Till, all: Amount, share: u8) -> Amount {
    let unit = crate::model::money::smallest(world.model.program.currency.minor_unit());
    let raw = i128::from(all.ten_thousandths()) * i128::from(share) / 255 / unit * unit;
    Amount::from_ten_thousandths(i64::try_from(raw).unwrap()).unwrap()
}

pub(crate) fn minus(one: Amount, other: Amount) -> Amount {
    Amount::from_ten_thousandths(one.ten_thousandths() - other.ten_thousandths()).unwrap()
}

pub(crate) fn wish() -> impl Strategy<Value = crate::model::steps::Redeem> {
    generate::redeem().prop_map(|wish| crate::model::steps::Redeem { profile: Some(0), ..wish })
}

proptest! {
    #![proptest_config(config(150))]

    /// Rule H2: holding X and capturing Y at the same instant leaves the same account as redeeming Y, where the lines are
    /// the same.
    ///
    /// Catches: a capture that forgets the rate at which the hold was placed (H2); one that pays lines in the order of what
    /// was held for them.
    #[test]
    fn capturing_is_redeeming(
        case in generate::case_of(programs::open_program(), 20),
        wish in wish(),
        share in any::<u8>(),
        says_lines in any::<bool>(),
    ) {
        let mut one = played(&case)?;
        let redeem = redemption(&mut one, &wish);
        let Ok(Outcome::PlaceHold(hold)) = run(&mut one, held(&redeem)) else { return Ok(()) };
        let amount = part(&one, hold.total, share);
        if amount.is_zero() {
            return Ok(());
        }
        let taken = if bug("a capture of all that is held") { hold.total } else { amount };
        let mut capture = CaptureHold::part(hold.id, taken);
        if says_lines {
            (capture.lines, capture.tags) = (redeem.lines.clone(), redeem.tags.clone());
        }
        let captured = run(&mut one, capture);
        let Ok(Outcome::CaptureHold(captured)) = captured else { panic!("{captured:?}") };
        let mut other = played(&case)?;
        let redeemed = run(&mut other, strictly(redeem, amount));
        let Ok(Outcome::Redeem(redeemed)) = redeemed else { panic!("{redeemed:?}") };
        prop_assert_eq!((redeemed.total, &redeemed.items), (captured.total, &captured.items));
        let (expected, found) = (seen(&mut other), seen(&mut one));
        prop_assert_eq!(expected, found, "{}", one.with_story(TestCaseError::fail("rule H2")));
    }

    /// Rules H1 and H3: a hold lowers what is available, not what is owned; and once it is released, or its time is
    /// over, all is as before.
    ///
    /// Catches: a lapsed hold that still holds until its entry is written (H3, T7).
    #[test]
    fn a_hold_that_ends_leaves_nothing(
        case in generate::case_of(programs::open_program(), 20),
        wish in wish(),
        lapses in any::<bool>(),
    ) {
        let mut world = played(&case)?;
        let redeem = redemption(&mut world, &wish);
        let owned = |world: &mut Till| -> Vec<_> {
            let wallet = world.ledger.at(timestamp(world.now)).wallet(profile_id(0)).unwrap();
            let mut owned: Vec<_> = lots(&wallet).into_iter().map(|lot| (lot.0, lot.1)).collect();
            owned.sort();
            owned
        };
        // Its time, or that of the one that it was merged into, may be ahead.
        if world.ledger.at(timestamp(world.now)).balances(profile_id(0)).is_err() {
            return Ok(());
        }
        let (before, owns) = (seen(&mut world), owned(&mut world));
        let home = profile_id(0);
        let available = world.ledger.at(timestamp(world.now)).balances(home).unwrap().combined_worth;
        let Ok(Outcome::PlaceHold(hold)) = run(&mut world, held(&redeem)) else { return Ok(()) };
        let balances = world.ledger.at(timestamp(world.now)).balances(home).unwrap();
        prop_assert!(balances.combined_worth < available, "rule H1");
        prop_assert_eq!(owns, owned(&mut world), "rule H1");
        if lapses {
            // What else happens in that second, happens without the hold as well.
            let end = timestamp(world.now + SECOND);
            world.now = hold.expires_at.micros().min(end.micros());
            let mut other = played(&case)?;
            other.now = world.now;
            prop_assert_eq!(seen(&mut other), seen(&mut world), "rule H3");
        } else {
            run(&mut world, ReleaseHold::new(hold.id)).unwrap();
            prop_assert_eq!(before, seen(&mut world), "rule H3");
        }
    }

    /// Rule R1: redeeming X and returning Y, in any number of parts, leaves the same lots as redeeming X − Y.
    ///
    /// Catches: a return that forgets what was returned before it (R1).
    #[test]
    fn a_return_is_a_smaller_redemption(
        case in generate::case_of(programs::open_program(), 20),
        wish in wish(),
        shares in vec(any::<u8>(), 1..5),
        all in any::<bool>(),
    ) {
        let case = uncounted(case);
        let mut one = played(&case)?;
        let redeem = redemption(&mut one, &wish);
        let Ok(Outcome::Redeem(made)) = run(&mut one, redeem.clone()) else { return Ok(()) };
        let mut left = made.total;
        let parts = shares.len();
        for (place, share) in shares.into_iter().enumerate() {
            let is_last = all && place + 1 == parts;
            let amount = if is_last { left } else { part(&one, left, share) };
            let is_lost = place > 0 && bug("several returns, of which only the first counts");
            if !amount.is_zero() {
                if !is_lost {
                    run(&mut one, ReturnRedemption::strict(made.id, amount)).unwrap();
                }
                left = minus(left, amount);
            }
        }
        let too_much = Amount::from_ten_thousandths(left.ten_thousandths() + 10_000).unwrap();
        let refused = run(&mut one, ReturnRedemption::strict(made.id, too_much)).unwrap_err();
        prop_assert_eq!(refused.code(), "return_above_redemption", "rule R2");
        let mut other = played(&case)?;
        if !left.is_zero() {
            run(&mut other, strictly(redeem, left)).unwrap();
        }
        let (expected, found) = (seen(&mut other), seen(&mut one));
        prop_assert_eq!(expected, found, "{}", one.with_story(TestCaseError::fail("rule R1")));
    }

    /// Rule R4: the window's end is inside it, and nothing after it is; a reversal leaves what was before.
    ///
    /// Catches: a window that excludes its end (R4); a second chance past the year 9999 that is not refused
    /// (R3).
    #[test]
    fn a_reversal_undoes_within_its_window(
        case in generate::case_of(programs::open_program(), 15),
        wish in wish(),
        late in -1_i64..=1,
    ) {
        let case = uncounted(case);
        let mut world = played(&case)?;
        let redeem = redemption(&mut world, &wish);
        let Ok(Outcome::Redeem(made)) = run(&mut world, redeem) else { return Ok(()) };
        let window = Micros::from(world.model.program.reversal_window_seconds) * SECOND;
        let mut other = played(&case)?;
        world.now = made.redeemed_at.micros() + window + late;
        other.now = world.now;
        world.now += Micros::from(bug("a window that excludes its end"));
        if world.now < made.redeemed_at.micros() {
            return Ok(());
        }
        let expected = match late {
            1.. => Err("reversal_window_over"),
            _ if comes_back_after_all_time(&mut world, &made) => Err("time_out_of_range"),
            _ => Ok(()),
        };
        let found = run(&mut world, ReverseRedemption::new(made.id));
        prop_assert_eq!(expected, found.as_ref().map(|_| ()).map_err(Error::code), "rules R3 and R4");
        if expected.is_err() {
            return Ok(());
        }
        let again = run(&mut world, ReverseRedemption::new(made.id)).unwrap_err();
        prop_assert_eq!(again.code(), "redemption_reversed", "rule R4");
        // What expired in between came back as the program says, and is compared by the model.
        if window + late <= 0 {
            prop_assert_eq!(seen(&mut other), seen(&mut world), "rule R4");
        }
    }

    /// Rule T7: with a sweep before every step, everything is answered as without any, now and as of the past, list by list;
    /// the journals end up the same, byte by byte; and sweeping twice adds nothing.
    ///
    /// Catches: balances as of the last entry, however late it is (T7); a wallet's journal, or a lot's last
    /// change, that stops at what is written (T7).
    #[test]
    fn sweeping_changes_no_answer(case in generate::case(30), ago in 0..40 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        let mut swept = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            for profile in (0..3).map(profile_id) {
                let sweep = Command::new(timestamp(world.now), Request::from(Sweep::ProfileId(profile)));
                if swept.run(&sweep)?.is_ok() {
                    let Ok(Outcome::Sweep(again)) = swept.run(&sweep)?.map(|receipt| receipt.outcome) else {
                        panic!("it was swept before");
                    };
                    prop_assert_eq!(again.entries, 0, "rule T7");
                }
            }
            // A sweep counts like any other entry where a clock is behind (rule T6).
            let is_late = |world: &mut Till| {
                (0..3).any(|profile| world.account(profile_id(profile)).last_at() > Some(command.at))
            };
            if is_late(&mut swept) || is_late(&mut world) || matches!(command.request, Request::Sweep(_)) {
                continue;
            }
            match (world.run(&command)?, swept.run(&command)?) {
                (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
                (Err(one), Err(other)) => prop_assert_eq!(one.rejection(), other.rejection()),
                (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
            }
            swept.now = world.now;
            let (one, other) = (all_lists(&mut world, ago), all_lists(&mut swept, ago));
            prop_assert_eq!(one, other, "{}", swept.with_story(TestCaseError::fail("rule T7")));
        }
        for world in [&mut world, &mut swept] {
            for profile in (0..3).map(profile_id) {
                let last = (0..3).filter_map(|one| world.account(profile_id(one)).last_at()).max();
                let at = last.unwrap_or(timestamp(world.now)).max(timestamp(world.now));
                world.run(&Command::new(at, Request::from(Sweep::ProfileId(profile))))?.unwrap();
            }
        }
        let owners: Vec<Owner> = (0..3).map(|profile| Owner::Profile(profile_id(profile))).collect();
        let (one, other) = (journals(world.ledger.store(), &owners), journals(swept.ledger.store(), &owners));
        same_lines(&one, &other).map_err(|error| swept.with_story(error))?;
    }

    /// Rule L2: wherever a lot goes, it is with one profile and no other; and moving changes nothing of what there is.
    ///
    /// Catches: a lot that moved and stays usable where it was (L2).
    #[test]
    fn a_lot_is_never_in_both_and_never_in_neither(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let moves = matches!(command.request, Request::Reassign(_) | Request::MergeProfiles(_));
            // What expires by then does so with the move and without it.
            let now = timestamp(world.now);
            let times = (0..3).filter_map(|one| world.account(profile_id(one)).last_at());
            let then = times.chain([command.at, now]).max().unwrap();
            let before = there_is(&mut world, then);
            let done = world.run(&command)?.is_ok();
            if moves && done {
                prop_assert_eq!(before, there_is(&mut world, then), "rule L2");
                each_lot_is_somewhere(&mut world).map_err(|error| world.with_story(error))?;
            }
        }
    }
}

/// Whether something that it took would come back now as a new lot which is good until after the year 9999: that of a lot
/// which has expired, where the program gives a second chance (rules R3 and T1).
fn comes_back_after_all_time(world: &mut Till, made: &Redemption) -> bool {
    let wallet = world.ledger.at(timestamp(world.now)).wallet(made.profile_id).unwrap();
    let rewards = wallet.rewards().into_iter().map(|lot| (lot.id, lot.expires_at, lot.terms));
    let points = wallet.points().into_iter().map(|lot| (lot.id, lot.expires_at, lot.terms));
    let lots: BTreeMap<_, _> = rewards.chain(points).map(|(id, end, terms)| (id, (end, terms))).collect();
    made.items.iter().any(|item| {
        let (end, terms) = lots[&item.lot];
        // Money that no point was given for brings nothing back.
        let is_expired = end.is_past(timestamp(world.now));
        let comes_back = item.kind() == LotKind::Reward || !item.points.is_zero();
        is_expired
            && comes_back
            && match (world.model.program.expired_return, terms.period) {
                (ExpiredReturn::Original, _) | (ExpiredReturn::Fresh, None) => false,
                (ExpiredReturn::GraceDays(days), _) => {
                    in_range(world.now + Micros::from(days) * DAY).is_err()
                }
                (ExpiredReturn::Fresh, Some(Period { count, unit })) => {
                    Calendar::of(terms.timezone).after(world.now, count, unit).is_err()
                }
            }
    })
}

/// What can be used or counts, at an instant or later, of all profiles; and what is owed.
pub(crate) fn there_is(world: &mut Till, at: Timestamp) -> [i128; 4] {
    let mut sums = [0; 4];
    for id in (0..3).map(profile_id) {
        let balances = world.account(id).balances_at(at);
        let rewards = [balances.reward_balance, balances.reward_pending, balances.reward_held];
        let points = [balances.point_balance, balances.point_pending, balances.point_held];
        sums[0] += rewards.iter().map(|one| i128::from(one.ten_thousandths())).sum::<i128>();
        sums[1] += points.iter().map(|one| i128::from(one.ten_thousandths())).sum::<i128>();
        sums[2] += i128::from(balances.point_debt.ten_thousandths());
        let status = [balances.status_point_balance, balances.status_point_pending];
        sums[3] += status.iter().map(|one| i128::from(one.ten_thousandths())).sum::<i128>();
    }
    sums
}

fn each_lot_is_somewhere(world: &mut Till) -> Checked {
    let mut homes: BTreeMap<LotId, u32> = BTreeMap::new();
    for id in (0..3).map(profile_id) {
        let last = world.account(id).last_at().unwrap_or(timestamp(world.now));
        let wallet = world.ledger.at(last.max(timestamp(world.now))).wallet(id).unwrap();
        for (lot, _, held, status, _) in lots(&wallet) {
            let is_here = status != LotStatus::Moved || bug("a lot that moved and stays usable where it was");
            *homes.entry(lot).or_default() += u32::from(is_here);
            prop_assert!(is_here || held.is_zero(), "what is held of {:?} is elsewhere", lot);
        }
    }
    prop_assert!(homes.values().all(|count| *count == 1), "rule L2: {:?}", homes);
    Ok(())
}

/// Rule R2, of every redemption: what was returned is told by the returns, and is no more than the total.
pub(crate) fn returns_add_up(wallet: &Wallet) -> Checked {
    let mut sums: BTreeMap<RedemptionId, i64> = BTreeMap::new();
    for back in wallet.returns() {
        *sums.entry(back.redemption_id).or_default() += back.total.ten_thousandths();
    }
    for redemption in wallet.redemptions() {
        let returned = redemption.returned.ten_thousandths();
        prop_assert_eq!(sums.get(&redemption.id).copied().unwrap_or_default(), returned, "rule R2");
        prop_assert!(redemption.returned <= redemption.total, "rule R2");
        prop_assert!(!redemption.is_reversed || redemption.returned == redemption.total, "rule R4");
    }
    Ok(())
}

#[test]
fn each_property_catches_its_bug() {
    catches(capturing_is_redeeming, &["a capture of all that is held"]);
    catches(a_hold_that_ends_leaves_nothing, &["a hold that lapses a second late"]);
    catches(a_return_is_a_smaller_redemption, &["several returns, of which only the first counts"]);
    catches(a_reversal_undoes_within_its_window, &["a window that excludes its end"]);
    catches(sweeping_changes_no_answer, &["balances as of the last entry, however late it is"]);
    catches(a_lot_is_never_in_both_and_never_in_neither, &["a lot that moved and stays usable where it was"]);
}
