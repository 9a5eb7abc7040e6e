//! Redemptions that are sent late (rule T10): the law, told from what the engine itself shows.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::outcome::HoldStatus;
use scrip::program::ProgramSettings;
use scrip::request::Sweep;
use scrip::{Amount, Define, Error, IssueReward, Ledger, Outcome, Redeem, RewardDefinition, Timestamp};

use crate::afterwards::{Till, lots, played, redemption, run, wish};
use crate::model::calendar::{DAY, HOUR};
use crate::model::plain_store::PlainStore;
use crate::model::resolve::profile_id;
use crate::model::{generate, programs};
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

#[test]
fn each_property_catches_its_bug() {
    catches(late_is_as_on_time, &["a late redemption that is decided when it is sent"]);
}
