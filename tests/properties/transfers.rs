//! What a transfer moves and what it leaves as it was (rule L5), told from what the engine itself shows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::journal::{Bucket, EntryKind, Flow, LotDetails, LotKind, Movement, Origin};
use scrip::outcome::{Disposition, LotStatus, Transferred};
use scrip::program::ProgramSettings;
use scrip::report::Cuts;
use scrip::request::Transfer;
use scrip::time::Expiry;
use scrip::value::{Quantity, Sum};
use scrip::{
    Amount, Command, Define, IssueReward, Ledger, MemoryStore, Outcome, ProfileId, Redeem, Request,
    ReturnRedemption, RewardDefinition, Timestamp,
};

use crate::afterwards::{Till, lots};
use crate::liability::roll;
use crate::model::calendar::DAY;
use crate::model::check::Checked;
use crate::model::generate;
use crate::model::resolve::profile_id;
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

/// The unheld value of a profile's usable lots, by kind and expiry.
type Usable = BTreeMap<(LotKind, Expiry), i64>;

fn usable(world: &mut Till, profile: ProfileId, at: Timestamp) -> Usable {
    let wallet = world.ledger.at(at).wallet(profile).unwrap();
    let mut usable = Usable::new();
    let rewards = wallet.rewards().into_iter().map(|lot| {
        let free = lot.value_remaining.ten_thousandths() - lot.value_held.ten_thousandths();
        (LotKind::Reward, lot.status, shown_end(lot.details.as_deref(), lot.expires_at), free)
    });
    let points = wallet.points().into_iter().map(|lot| {
        let free = lot.value_remaining.ten_thousandths() - lot.value_held.ten_thousandths();
        let end = shown_end(lot.details.as_deref(), lot.expires_at);
        (if lot.is_redeemable { LotKind::Point } else { LotKind::Status }, lot.status, end, free)
    });
    for (kind, status, expires_at, free) in rewards.chain(points) {
        if status == LotStatus::Active {
            *usable.entry((kind, expires_at)).or_default() += free;
        }
    }
    usable
}

fn shown_end(details: Option<&LotDetails>, end: Expiry) -> Expiry {
    let is_new = matches!(details.and_then(|details| details.origin), Some(Origin::Transferred { .. }));
    if is_new && bug("a new lot without the expiry of the old one") { Expiry::NEVER } else { end }
}

/// A transfer, if the command is one and it is carried out.
fn carried_out(world: &mut Till, command: &Command<Request>) -> Result<Option<Transferred>, TestCaseError> {
    let done = world.run(command)?.ok().filter(|receipt| receipt.disposition == Disposition::New);
    Ok(done.and_then(|receipt| match receipt.outcome {
        Outcome::Transfer(sent) => Some(sent),
        _ => None,
    }))
}

/// What all profiles own, by kind: available, pending and held; and what moved among them, which is nothing in all.
fn owned(world: &mut Till, at: Timestamp) -> Result<[i64; 3], TestCaseError> {
    let accounts: Vec<_> = (0..3).map(|place| world.account(profile_id(place))).collect();
    let mut owned = [0; 3];
    for (kind, owned) in LotKind::ALL.into_iter().zip(&mut owned) {
        let pots = || accounts.iter().map(|account| *account.totals_at(at).pot(kind));
        *owned = pots()
            .flat_map(|pot| [pot.available, pot.pending, pot.held])
            .map(Quantity::ten_thousandths)
            .sum();
        if bug("a lot that keeps what it gave") {
            *owned += pots().map(|pot| pot.moved.ten_thousandths().min(0).abs()).sum::<i64>();
        }
        let moved: i64 = pots().map(|pot| pot.moved.ten_thousandths()).sum();
        prop_assert_eq!(moved, 0, "what left one profile came to another: {:?}", kind);
    }
    Ok(owned)
}

proptest! {
    #![proptest_config(config(100))]

    /// Rule L5 in all: who may send what, from which lots, on which day, and what arrives.
    ///
    /// And in the roll-forward what moved in is what moved out.
    ///
    /// Catches: a limit that forgets what was sent before, counts from midnight in UTC, or gives back what came back;
    /// an order of lots other than that of their use (C1 and L5); what leaves told as an adjustment (J3).
    #[test]
    fn transfers_are_as_the_model_says(case in generate::transfers()) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        world.check_now()?;
        let cuts = Cuts::new([case.start - DAY, world.now + DAY].map(timestamp)).unwrap();
        for row in roll(&mut world, &cuts).rows() {
            prop_assert!(row.adds_up(), "{:?}", row);
            let net = row.flow(Flow::MovedIn).plus(row.flow(Flow::MovedOut));
            prop_assert_eq!(net, Sum::ZERO, "rule L5: {:?}", row);
        }
    }

    /// Rule L5: what a transfer takes from one profile is with the other, in as many new lots as gave it: never in both,
    /// and never in neither.
    ///
    /// Catches: new lots that are issued for all that a lot has, or without their value having moved; a lot that keeps
    /// what it gave (L5).
    #[test]
    fn value_is_never_in_both_and_never_in_neither(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            // What falls due for one of them is decided as well (rule T6).
            let last = (0..3).filter_map(|place| world.account(profile_id(place)).last_at()).max();
            let at = last.map_or(command.at, |last| last.max(command.at));
            let before = owned(&mut world, at)?;
            let command = Command { at, ..command };
            let sent = carried_out(&mut world, &command)?;
            let checked = sent.map_or(Ok(()), |sent| moved_once(&mut world, &sent, (at, before)));
            checked.map_err(|error| world.with_story(error))?;
        }
    }

    /// Rule L5: there and back leaves the same usable value at every expiry, with both.
    ///
    /// Catches: a new lot with the period of the old one counted anew, or without its expiry; a new lot that cannot go
    /// on (L5).
    #[test]
    fn there_and_back_leaves_the_same_usable_value(mut case in generate::case(40)) {
        case.program.transfer_limit_per_day = None;
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let Request::Transfer(request) = &command.request else {
                world.run(&command)?.ok();
                continue;
            };
            // An account may be ahead of a request that comes a little late (rule T6), and a merged one is another.
            let both = [request.from, request.profile_id];
            let last = both.iter().filter_map(|id| world.account(*id).last_at()).max();
            let at = last.map_or(command.at, |last| last.max(command.at));
            let is_merged = both.iter().any(|id| world.account(*id).merged_into().is_some());
            if is_merged {
                continue;
            }
            let before = both.map(|id| usable(&mut world, id, at));
            let command = Command { at, ..command.clone() };
            let Some(sent) = carried_out(&mut world, &command)? else { continue };
            let back = Transfer::new(request.profile_id, request.from, sent.kind, sent.value)
                .with_ids(sent.items.iter().map(|item| item.new_lot));
            let back = world.run(&Command::new(at, back.into()))?;
            prop_assert!(back.is_ok(), "what came can go back: {:?}", back);
            let after = both.map(|id| usable(&mut world, id, at));
            prop_assert!(before == after, "rule L5: {:?} became {:?}", before, after);
        }
    }

    /// Rules L5 and R1: what was redeemed from either part goes back to that part, in any order.
    ///
    /// Catches: a return of what the sender redeemed that follows the value to the receiver; one of what the receiver
    /// redeemed that goes to the sender's lot (L5).
    #[test]
    fn returns_go_to_the_part_that_was_used(
        value in 2..60_u32, sent in 1..59_u32, taken in (1..59_u32, 1..59_u32), back in (1..59_u32, 1..59_u32),
        is_first in any::<bool>(), is_redeemed_before in any::<bool>(),
    ) {
        let (alice, bob) = (profile_id(0), profile_id(1));
        let at: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
        let mut ledger = Ledger::new(settings.try_into().unwrap(), MemoryStore::new());
        let mut till = ledger.at(at);
        let gift = RewardDefinition::new("gift".parse().unwrap(), "Gift", Amount::from(value));
        let gift = till.commit(Define::from(gift.with_reassignable(true))).unwrap();
        let lot = till.commit(IssueReward::new(alice, gift.id)).unwrap().id;
        let pay = |amount: u32| Redeem::strict(alice, Amount::from(amount));
        let mut left = value;
        // What is redeemed before the transfer goes back to the lot just as well.
        let (taken_here, taken_there) = (taken.0.min(value - 1), taken.1);
        let before = is_redeemed_before.then(|| till.commit(pay(taken_here)).unwrap());
        left -= if is_redeemed_before { taken_here } else { 0 };
        let sent = sent.min(left);
        let transfer = Transfer::new(alice, bob, LotKind::Reward, Amount::from(sent));
        let new_lot = till.commit(transfer).unwrap().items[0].new_lot;
        left -= sent;
        let here = before.or_else(|| {
            let taken = taken_here.min(left);
            left -= taken;
            (taken > 0).then(|| till.commit(pay(taken)).unwrap())
        });
        let taken_there = taken_there.min(sent);
        let there = till.commit(Redeem::strict(bob, Amount::from(taken_there))).unwrap();
        let mut returns = Vec::new();
        let is_following = bug("a return of what the sender redeemed that follows the value to the receiver");
        let own = if is_following { new_lot } else { lot };
        returns.extend(here.map(|one| (one.id, one.total.min(Amount::from(back.0)), own)));
        returns.push((there.id, there.total.min(Amount::from(back.1)), new_lot));
        if is_first {
            returns.reverse();
        }
        let mut expected = BTreeMap::from([(lot, Amount::from(left)), (new_lot, Amount::from(sent - taken_there))]);
        for (redemption, amount, part) in returns {
            let returned = till.commit(ReturnRedemption::strict(redemption, amount)).unwrap();
            prop_assert_eq!(returned.items[0].lot, part, "rule L5");
            let kept = expected.get_mut(&part).unwrap();
            *kept = Amount::try_from(kept.to_decimal() + amount.to_decimal()).unwrap();
        }
        for profile in [alice, bob] {
            for seen in till.wallet(profile).unwrap().rewards() {
                prop_assert_eq!(seen.value_remaining, expected[&seen.id], "rule L5: {:?}", seen.id);
            }
        }
    }
}

/// The new lots have what left the old ones, and nothing else changed for anybody.
fn moved_once(world: &mut Till, sent: &Transferred, (at, before): (Timestamp, [i64; 3])) -> Checked {
    prop_assert_eq!(before, owned(world, at)?, "rule L5: what all own together");
    let to = (0..3).map(profile_id).find(|id| world.account(*id).number() == sent.to).unwrap();
    let sum: i64 = sent.items.iter().map(|item| item.value.ten_thousandths()).sum();
    prop_assert_eq!(sum, sent.value.ten_thousandths(), "rule L5");
    let wallet = world.ledger.at(at).wallet(to).unwrap();
    for item in &sent.items {
        let known = lots(&wallet).into_iter().find(|(id, ..)| *id == item.new_lot);
        prop_assert_eq!(known.map(|(_, remaining, ..)| remaining), Some(item.value), "rule L5");
    }
    let sender = world.ledger.at(at).wallet(sent.profile_id).unwrap();
    let entry = sender.journal().iter().find(|entry| entry.sequence == sent.id.sequence()).unwrap();
    for item in &sent.items {
        prop_assert!(entry.lot_state(item.lot).is_some(), "rule L5: the old lot stays");
    }
    let left = |moved: &Movement| moved.from == Bucket::Available && moved.to == Bucket::Moved;
    let EntryKind::TransferOut(out) = &entry.kind else {
        return Err(TestCaseError::fail(format!("{entry:?}")));
    };
    prop_assert!(out.items.iter().flat_map(|item| item.change.moved.iter()).all(left), "rule L5");
    Ok(())
}

#[test]
fn each_property_catches_its_bug() {
    catches(transfers_are_as_the_model_says, &["a limit that counts from midnight in UTC"]);
    catches(value_is_never_in_both_and_never_in_neither, &["a lot that keeps what it gave"]);
    catches(there_and_back_leaves_the_same_usable_value, &["a new lot without the expiry of the old one"]);
    catches(
        returns_go_to_the_part_that_was_used,
        &["a return of what the sender redeemed that follows the value to the receiver"],
    );
}
