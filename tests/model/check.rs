//! What the engine shows against what the model says.

mod record;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::account::NextExpiry;
use scrip::journal::{Balances, KindTotals, LotKind, Owed, Totals, ValuedBalances};
use scrip::outcome::{Lot, Quote, UnusedReason};
use scrip::value::{Quantity, Worth};
use scrip::view::Wallet;
use scrip::{LotId, Outcome, RedemptionId};
use std::fmt::Debug;

use super::calendar::Micros;
use super::money::{Exchange, Raw};
use super::profile::{Closing, Cut, Profile};
use super::sight::Sums;
use super::{Made, Model, Plan, sight};
pub(crate) use record::definition;
use record::{back, hold, items, lines, lot, lot_after, redemption, transaction, transfer};

pub(crate) type Checked = Result<(), TestCaseError>;

/// Whether a request was refused for one of the reasons for which it may be.
pub(crate) fn is_one_of(codes: &[&str], code: &str) -> Checked {
    prop_assert!(codes.contains(&code), "one of {:?} expected, and not {}", codes, code);
    Ok(())
}

pub(crate) fn differ(expected: &impl Debug, shown: &impl Debug) -> Checked {
    Err(TestCaseError::fail(format!("{expected:?} expected, and not {shown:?}")))
}

pub(crate) fn lot_id(account: &Profile, lot: usize) -> LotId {
    LotId::new(account.full_id(&account.lots[lot])).unwrap()
}

pub(crate) fn raw(quantity: impl Into<Quantity>) -> Raw {
    quantity.into().ten_thousandths().into()
}

/// An outcome, right after it was carried out.
pub(crate) fn outcome(model: &Model, made: Made, outcome: &Outcome) -> Checked {
    match (made, outcome) {
        (Made::Definition { version }, Outcome::Define(defined))
        | (Made::Definition { version }, Outcome::Redefine(defined))
        | (Made::Definition { version }, Outcome::ArchiveDefinition(defined)) => {
            definition(&model.catalogue.versions[version], defined)
        }
        (Made::Lot { profile, lot: made }, Outcome::IssueReward(shown)) => {
            let account = &model.profiles[profile];
            lot(account, made, LotKind::Reward, account.now(Micros::MIN), shown)
        }
        (Made::Lot { profile, lot: made }, Outcome::IssuePoints(shown)) => {
            let account = &model.profiles[profile];
            lot(account, made, LotKind::Point, account.now(Micros::MIN), shown)
        }
        (Made::Redemption { profile, redemption: made }, Outcome::Redeem(shown)) => {
            let account = &model.profiles[profile];
            redemption(account, made, account.now(Micros::MIN), shown)
        }
        (Made::Transaction { profile, version }, Outcome::PostTransaction(shown))
        | (Made::Transaction { profile, version }, Outcome::UpdateTransaction(shown))
        | (Made::Transaction { profile, version }, Outcome::DeleteTransaction(shown)) => {
            let account = &model.profiles[profile];
            transaction(model, &account.versions[version], shown)
        }
        (Made::Redemption { profile, redemption: made }, Outcome::CaptureHold(shown)) => {
            let account = &model.profiles[profile];
            redemption(account, made, account.now(Micros::MIN), shown)
        }
        (Made::Hold { profile, hold: made }, Outcome::PlaceHold(shown))
        | (Made::Hold { profile, hold: made }, Outcome::ReleaseHold(shown)) => {
            let account = &model.profiles[profile];
            prop_assert_eq!(None, shown.redemption_id);
            hold(account, made, account.now(Micros::MIN), shown)?;
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (Made::Returned { profile, back: made }, Outcome::ReturnRedemption(shown))
        | (Made::Returned { profile, back: made }, Outcome::ReverseRedemption(shown)) => {
            let account = &model.profiles[profile];
            back(account, made, shown)?;
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (Made::Extended { profile, extension }, Outcome::Extend(shown)) => {
            let account = &model.profiles[profile];
            prop_assert_eq!(account.extensions[extension].len(), shown.lots.len());
            for (lot, after) in account.extensions[extension].iter().zip(&shown.lots) {
                lot_after(account, *lot, account.now(Micros::MIN), after)?;
            }
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (Made::Corrected { profile, lot }, Outcome::Revoke(shown))
        | (Made::Corrected { profile, lot }, Outcome::Adjust(shown)) => {
            let account = &model.profiles[profile];
            lot_after(account, lot, account.now(Micros::MIN), &shown.lot)?;
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (Made::Moved { profile, lot, to }, Outcome::Reassign(shown)) => {
            let account = &model.profiles[profile];
            lot_after(account, lot, account.now(Micros::MIN), &shown.lot)?;
            prop_assert_eq!(model.profiles[to].number, Some(shown.to.get()));
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (Made::Transferred { profile, transfer: made }, Outcome::Transfer(shown)) => {
            let account = &model.profiles[profile];
            transfer(model, account, &account.transfers[made], shown)
        }
        (Made::Merged { profile, merge }, Outcome::MergeProfiles(shown)) => {
            let (account, merge) = (&model.profiles[profile], &model.merges[merge]);
            prop_assert_eq!(model.profiles[merge.into].number, Some(shown.into.get()));
            let mut lots: Vec<u64> = merge.lots.iter().map(|lot| lot_id(account, *lot).get()).collect();
            let mut shown_lots: Vec<u64> = shown.lots.iter().map(|lot| lot.get()).collect();
            let (mut holds, mut shown_holds) =
                (merge.holds.clone(), shown.holds.iter().map(|hold| hold.get()).collect::<Vec<_>>());
            for list in [&mut lots, &mut shown_lots, &mut holds, &mut shown_holds] {
                list.sort_unstable();
            }
            prop_assert_eq!((lots, holds), (shown_lots, shown_holds), "rule L2");
            prop_assert_eq!(merge.debt, raw(shown.point_debt), "rule L2");
            Ok(())
        }
        (Made::Swept { entries, .. }, Outcome::Sweep(shown)) => {
            prop_assert_eq!(entries, usize::try_from(shown.entries).unwrap(), "rule T7");
            Ok(())
        }
        (Made::Transaction { profile, version }, Outcome::ReturnTransaction(shown)) => {
            let account = &model.profiles[profile];
            let expected = &account.versions[version];
            transaction(model, expected, &shown.transaction)?;
            prop_assert_eq!(account.made_by(expected.sequence), shown.id.get());
            let came_back = expected.came_back.unwrap();
            prop_assert_eq!(came_back, (raw(shown.amount), raw(shown.points_clawed_back)), "rule X4");
            balances(account, account.now(Micros::MIN), &shown.balances)
        }
        (made, outcome) => Err(TestCaseError::fail(format!("{made:?} is not {outcome:?}"))),
    }
}

/// What a name stands for, whenever it was made (rules D5 and X2).
pub(crate) fn existing(model: &Model, at: Micros, made: Made, shown: &Outcome) -> Checked {
    // A lot that went away may have come back since.
    let as_it_stands = |profile: usize, made: usize| {
        let account = &model.profiles[profile];
        let id = lot_id(account, made);
        let newest = (0..account.lots.len()).rfind(|lot| lot_id(account, *lot) == id).unwrap_or(made);
        (account, newest)
    };
    match (made, shown) {
        (Made::Lot { profile, lot: made }, Outcome::IssueReward(shown)) => {
            let (account, newest) = as_it_stands(profile, made);
            lot(account, newest, LotKind::Reward, account.now(at), shown)
        }
        (Made::Lot { profile, lot: made }, Outcome::IssuePoints(shown)) => {
            let (account, newest) = as_it_stands(profile, made);
            lot(account, newest, LotKind::Point, account.now(at), shown)
        }
        (Made::Transaction { profile, version }, Outcome::PostTransaction(shown)) => {
            let made = &model.profiles[profile].versions[version];
            let id = scrip::TransactionId::new(model.profiles[made.owner].made_by(made.made)).unwrap();
            transaction(model, &model.sale(id, model.home(profile)).unwrap(), shown)
        }
        (made, shown) => Err(TestCaseError::fail(format!("{made:?} is not {shown:?}"))),
    }
}

pub(crate) fn quote(account: &Profile, plan: &Plan, shown: &Quote) -> Checked {
    prop_assert_eq!(plan.requested, raw(shown.requested));
    prop_assert_eq!(plan.items.iter().map(|item| item.amount).sum::<Raw>(), raw(shown.total));
    items(account, &plan.items, &shown.items)?;
    lines(plan.lines.as_ref(), shown.lines.as_ref())?;
    prop_assert_eq!(account.journal.len(), usize::try_from(shown.version).unwrap());
    let by_id = |(lot, _, _): &(LotId, LotKind, UnusedReason)| *lot;
    let mut expected: Vec<_> = plan
        .unused
        .iter()
        .map(|(lot, reason)| (lot_id(account, *lot), account.lots[*lot].kind, *reason))
        .collect();
    let mut unused: Vec<_> = shown.unused.iter().map(|one| (one.lot, one.kind, one.reason)).collect();
    expected.sort_by_key(by_id);
    unused.sort_by_key(by_id);
    prop_assert_eq!(expected, unused, "rule C7");
    Ok(())
}

pub(crate) fn balances(account: &Profile, cut: Cut, shown: &Balances) -> Checked {
    let (rewards, points) = (account.sums(LotKind::Reward, cut), account.sums(LotKind::Point, cut));
    prop_assert_eq!(rewards.available, raw(shown.reward_balance), "rewards at {:?}", cut);
    prop_assert_eq!(rewards.pending, raw(shown.reward_pending), "pending rewards at {:?}", cut);
    prop_assert_eq!(points.available, raw(shown.point_balance), "points at {:?}", cut);
    prop_assert_eq!(points.pending, raw(shown.point_pending), "pending points at {:?}", cut);
    prop_assert_eq!(rewards.held, raw(shown.reward_held), "held rewards at {:?}", cut);
    prop_assert_eq!(points.held, raw(shown.point_held), "held points at {:?}", cut);
    prop_assert_eq!(account.debt_at(cut), raw(shown.point_debt), "rule X4");
    let status = account.sums(LotKind::Status, cut);
    prop_assert_eq!(status.available, raw(shown.status_point_balance), "rule K1 at {:?}", cut);
    prop_assert_eq!(status.pending, raw(shown.status_point_pending), "rule K1 at {:?}", cut);
    Ok(())
}

/// With what the points are worth (rule Q4).
pub(crate) fn valued(model: &Model, account: &Profile, cut: Cut, shown: &ValuedBalances) -> Checked {
    let (rewards, points) = (account.sums(LotKind::Reward, cut), account.sums(LotKind::Point, cut));
    let worth = |points: Raw| Exchange::of(&model.program).map_or(0, |exchange| exchange.worth(points));
    prop_assert_eq!(rewards.available, raw(shown.reward_balance), "rewards at {:?}", cut);
    prop_assert_eq!(rewards.pending, raw(shown.reward_pending), "pending rewards at {:?}", cut);
    prop_assert_eq!(rewards.held, raw(shown.reward_held), "held rewards at {:?}", cut);
    prop_assert_eq!(points.available, raw(shown.point_balance), "points at {:?}", cut);
    prop_assert_eq!(points.pending, raw(shown.point_pending), "pending points at {:?}", cut);
    prop_assert_eq!(points.held, raw(shown.point_held), "held points at {:?}", cut);
    let shown_worth = |worth: Worth| worth.ten_thousandths();
    prop_assert_eq!(worth(points.available), shown_worth(shown.point_worth), "rule Q4");
    prop_assert_eq!(
        rewards.available + worth(points.available),
        shown_worth(shown.combined_worth),
        "rule Q4"
    );
    prop_assert_eq!(rewards.pending + worth(points.pending), shown_worth(shown.pending_worth), "rule Q4");
    prop_assert_eq!(rewards.held + worth(points.held), shown_worth(shown.held_worth), "rule Q4");
    prop_assert_eq!(account.debt_at(cut), raw(shown.point_debt), "rule X4");
    let status = account.sums(LotKind::Status, cut);
    prop_assert_eq!(status.available, raw(shown.status_point_balance), "rule K1 at {:?}", cut);
    Ok(())
}

/// Rule X5: which transaction owes how much, and whether it is paid.
fn owed(account: &Profile, cut: Cut, shown: &[Owed]) -> Checked {
    let expected: Vec<_> =
        account.open_at(cut).iter().map(|owed| (owed.sale, owed.policy, owed.status, owed.value)).collect();
    let shown: Vec<_> = shown
        .iter()
        .map(|owed| (owed.transaction.get(), owed.policy, owed.status, raw(owed.points)))
        .collect();
    prop_assert_eq!(expected, shown, "rule X5");
    Ok(())
}

/// Rule J3: where everything is that ever came in.
pub(crate) fn totals(account: &Profile, cut: Cut, shown: &Totals) -> Checked {
    for kind in LotKind::ALL {
        prop_assert_eq!(account.sums(kind, cut), sums(shown.pot(kind)), "rule J3, {:?} at {:?}", kind, cut);
    }
    prop_assert!(shown.is_conserved());
    Ok(())
}

fn sums(pot: &KindTotals) -> Sums {
    Sums {
        issued: raw(pot.issued),
        available: raw(pot.available),
        pending: raw(pot.pending),
        held: raw(pot.held),
        redeemed: raw(pot.redeemed),
        expired: raw(pot.expired),
        revoked: raw(pot.revoked),
        clawed_back: raw(pot.clawed_back),
        paid_to_debt: raw(pot.paid_to_debt),
        adjusted: pot.adjusted.ten_thousandths().into(),
        moved: pot.moved.ten_thousandths().into(),
    }
}

/// Everything that a wallet shows, but for its journal.
pub(crate) fn wallet(model: &Model, account: &Profile, cut: Cut, shown: &Wallet) -> Checked {
    prop_assert_eq!(account.id, shown.profile_id());
    balances(account, cut, &shown.balances())?;
    owed(account, cut, &shown.owed())?;
    lots(account, LotKind::Reward, cut, &shown.rewards())?;
    lots(account, LotKind::Point, cut, &shown.points())?;
    prop_assert_eq!(account.redemptions_at(cut).count(), shown.redemptions().len());
    for ((index, _), shown) in account.redemptions_at(cut).zip(shown.redemptions()) {
        redemption(account, index, cut, shown)?;
    }
    let known = account.holds.iter().enumerate();
    let mut holds: Vec<_> = known.filter(|(_, hold)| account.hold_status(hold, cut).is_some()).collect();
    holds.sort_by_key(|(_, hold)| account.hold_id(hold));
    let shown_holds: Vec<_> = shown.holds().collect();
    prop_assert_eq!(holds.len(), shown_holds.len());
    for ((index, expected), shown) in holds.into_iter().zip(&shown_holds) {
        hold(account, index, cut, shown)?;
        let captured = match expected.closed.filter(|(sequence, _)| sight::is_written(*sequence, cut)) {
            Some((_, Closing::Captured(by))) => Some(account.made_by(account.redemptions[by].sequence)),
            _ => None,
        };
        prop_assert_eq!(captured, shown.redemption_id.map(RedemptionId::get), "rule H2");
    }
    let known = account.returns.iter().enumerate();
    let returns: Vec<_> = known.filter(|(_, back)| sight::is_written(back.sequence, cut)).collect();
    prop_assert_eq!(returns.len(), shown.returns().len());
    for ((index, _), shown) in returns.into_iter().zip(shown.returns()) {
        back(account, index, shown)?;
    }
    let mut sales: Vec<_> = account.transactions_at(cut).filter(|version| !version.is_gone()).collect();
    sales.sort_by_key(|version| model.id_of(version));
    prop_assert_eq!(sales.len(), shown.transactions().count());
    for (expected, shown) in sales.into_iter().zip(shown.transactions()) {
        transaction(model, expected, shown)?;
    }
    Ok(())
}

/// The lots of one kind: those with usable value in the order of use, then the rest in any order.
fn lots<Q: Copy + Into<Quantity>>(account: &Profile, kind: LotKind, cut: Cut, shown: &[Lot<Q>]) -> Checked {
    let is_one = |lot: LotKind| lot.is_points() == kind.is_points();
    let usable = account.usable_of(is_one, cut).into_iter();
    let usable: Vec<LotId> = usable.map(|lot| lot_id(account, lot)).collect();
    let active: Vec<LotId> = shown.iter().take(usable.len()).map(|lot| lot.id).collect();
    prop_assert_eq!(usable, active, "rule C1");
    let known: Vec<usize> =
        account.lots_at(cut).filter(|(_, lot)| is_one(lot.kind)).map(|(index, _)| index).collect();
    prop_assert_eq!(known.len(), shown.len());
    for index in known {
        let wanted = lot_id(account, index);
        let Some(shown) = shown.iter().find(|lot| lot.id == wanted) else {
            return Err(TestCaseError::fail(format!("{wanted:?} is not listed")));
        };
        lot(account, index, kind, cut, shown)?;
    }
    Ok(())
}

/// What expires next of what is available.
pub(crate) fn next_expiry(account: &Profile, cut: Cut, shown: Option<&NextExpiry>) -> Checked {
    let active = |kind| account.usable(kind, cut).into_iter();
    let usable: Vec<usize> = LotKind::ALL.into_iter().flat_map(active).collect();
    let soonest = usable.iter().filter_map(|lot| account.expiry(*lot, cut)).min();
    prop_assert_eq!(soonest, shown.map(|next| next.expires_at.micros()));
    let Some(shown) = shown else { return Ok(()) };
    let of_kind = |kind| -> Raw {
        let lots = active(kind).filter(|lot| account.expiry(*lot, cut) == soonest);
        lots.map(|lot| account.free(lot, cut)).sum()
    };
    prop_assert_eq!(of_kind(LotKind::Reward), raw(shown.amount));
    prop_assert_eq!(of_kind(LotKind::Point), raw(shown.points));
    prop_assert_eq!(of_kind(LotKind::Status), raw(shown.status_points));
    let mut expected: Vec<LotId> = usable
        .iter()
        .filter(|lot| account.expiry(**lot, cut) == soonest)
        .map(|lot| lot_id(account, *lot))
        .collect();
    let mut lots = shown.lots.clone();
    expected.sort();
    lots.sort();
    prop_assert_eq!(expected, lots);
    Ok(())
}
