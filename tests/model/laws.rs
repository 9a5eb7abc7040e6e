//! Laws of one redemption, told from what the engine itself showed before and after it. The model is not asked, so
//! that a mistake in its plan cannot hide one in the engine's.

mod basket;

use proptest::prelude::*;
use scrip::definition::Scope;
use scrip::journal::LotKind;
use scrip::outcome::{Lot, LotStatus, Quote, UnusedReason};
use scrip::program::ProgramSettings;
use scrip::request::Strategy;
use scrip::time::Expiry;
use scrip::value::Quantity;
use scrip::view::Wallet;
use scrip::{LotId, Points, Redeem, Redemption, Timestamp};

use crate::planted::bug;

use super::check::Checked;
use super::money::{Exchange, Raw};

/// A lot with usable value before the redemption, and what the redemption took of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    id: LotId,
    expires_at: Expiry,
    issued_at: Timestamp,
    value: Raw,
    /// In what the lot holds.
    taken: Raw,
    /// In money.
    paid: Raw,
    /// Its place among the items.
    place: Option<usize>,
}

impl Used {
    /// Rule C1, one field after the other.
    fn comes_before(&self, other: &Self) -> bool {
        let end = |lot: &Self| lot.expires_at.instant();
        match (end(self), end(other)) {
            (Some(one), Some(two)) if one != two => return one < two,
            (Some(_), None) => return true,
            (None, Some(_)) => return false,
            _ => {}
        }
        if self.issued_at != other.issued_at { self.issued_at < other.issued_at } else { self.id < other.id }
    }

    fn is_used(&self) -> bool {
        self.place.is_some()
    }

    fn is_used_up(&self) -> bool {
        self.taken == self.value
    }
}

/// Every law that a redemption must keep.
pub(crate) fn of_redemption(
    program: &ProgramSettings,
    request: &Redeem,
    before: &Wallet,
    made: &Redemption,
    after: &Wallet,
) -> Checked {
    let mut rewards = before.rewards();
    if request.lines.is_none() {
        // Nobody says what is bought (rule S3).
        rewards.retain(|lot| scope_of(lot).is_none());
    }
    let rewards = used(&rewards, made);
    let points = used(&redeemable(before), made);
    let count = rewards.iter().chain(&points).filter(|lot| lot.is_used()).count();
    prop_assert_eq!(count, made.items.len(), "only usable lots are used, each once");
    strategies(request, made, &rewards, &points)?;
    match &request.lines {
        Some(lines) => basket::of_redemption(request, lines, made, before)?,
        None => {
            for lots in [&rewards, &points] {
                order_of_use(lots)?;
            }
            exhaustion(program, request, made, &rewards, &points)?;
        }
    }
    amounts(program, request, made)?;
    point_shares(program, made, &points)?;
    what_is_left(&rewards, &after.rewards())?;
    what_is_left(&points, &redeemable(after))
}

fn used<Q: Copy + Into<Quantity>>(lots: &[Lot<Q>], made: &Redemption) -> Vec<Used> {
    let usable = lots.iter().filter(|lot| lot.status == LotStatus::Active);
    usable
        .map(|lot| {
            let place = made.items.iter().position(|item| item.lot == lot.id);
            let item = place.map(|place| made.items[place]);
            let taken = item.map_or(0, |item| match item.kind() {
                LotKind::Reward => item.amount.ten_thousandths(),
                LotKind::Point | LotKind::Status => item.points.ten_thousandths(),
            });
            Used {
                id: lot.id,
                expires_at: lot.expires_at,
                issued_at: lot.issued_at,
                value: free(lot),
                taken: taken.into(),
                paid: item.map_or(0, |item| item.amount.ten_thousandths().into()),
                place,
            }
        })
        .collect()
}

/// What it may be spent on (rule S2).
fn scope_of<Q>(lot: &Lot<Q>) -> Option<&Scope> {
    lot.details.as_ref()?.scope.as_deref()
}

/// What is left of a lot and not held.
fn free<Q: Copy + Into<Quantity>>(lot: &Lot<Q>) -> Raw {
    let raw = |value: Q| Raw::from(value.into().ten_thousandths());
    raw(lot.value_remaining) - raw(lot.value_held)
}

/// Rules C1 and C2: a lot is used only when all before it are used up, so at most one is left partly used.
fn order_of_use(lots: &[Used]) -> Checked {
    for later in lots.iter().filter(|lot| lot.is_used()) {
        for earlier in lots.iter().filter(|lot| lot.comes_before(later)) {
            prop_assert!(earlier.is_used_up(), "rule C1: {:?} is used before {:?}", later, earlier);
            prop_assert!(earlier.place < later.place, "rule C1: {:?} is listed before {:?}", later, earlier);
        }
    }
    let partly = lots.iter().filter(|lot| lot.is_used() && !lot.is_used_up()).count();
    prop_assert!(partly <= 1, "rule C2: {} lots are partly used", partly);
    Ok(())
}

/// Rule C3: one that is not listed is not touched, and the items come strategy after strategy.
fn strategies(request: &Redeem, made: &Redemption, rewards: &[Used], points: &[Used]) -> Checked {
    let lots = |strategy: &Strategy| match strategy {
        Strategy::Rewards => rewards,
        Strategy::Points => points,
    };
    for strategy in [Strategy::Rewards, Strategy::Points] {
        let is_touched = lots(&strategy).iter().any(Used::is_used);
        prop_assert!(!is_touched || request.strategies.contains(&strategy), "rule C3");
    }
    let kinds: Vec<LotKind> = made.items.iter().map(|item| item.kind()).collect();
    let jumps = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    prop_assert!(jumps <= 1, "rule C3: strategy after strategy");
    Ok(())
}

/// Rule C3: the first is exhausted before the next is touched.
fn exhaustion(
    program: &ProgramSettings,
    request: &Redeem,
    made: &Redemption,
    rewards: &[Used],
    points: &[Used],
) -> Checked {
    let lots = |strategy: &Strategy| match strategy {
        Strategy::Rewards => rewards,
        Strategy::Points => points,
    };
    let is_short = made.total < made.requested;
    let is_capped = program.redemption_cap.is_some() || program.redemption_share.is_some();
    for (place, strategy) in request.strategies.iter().enumerate() {
        let later = request.strategies[place + 1..].iter();
        let is_next_touched = later.clone().any(|later| lots(later).iter().any(Used::is_used));
        if is_next_touched || (is_short && !is_capped) {
            prop_assert!(is_exhausted(program, *strategy, lots(strategy)), "rules C3 and C4: {:?}", strategy);
        }
    }
    Ok(())
}

/// Whether nothing is left that could pay as much as one minor unit.
fn is_exhausted(program: &ProgramSettings, strategy: Strategy, lots: &[Used]) -> bool {
    match strategy {
        Strategy::Rewards => lots.iter().all(Used::is_used_up),
        Strategy::Points => {
            let all: Raw = lots.iter().map(|lot| lot.value).sum();
            let paid: Raw = lots.iter().map(|lot| lot.paid).sum();
            Exchange::of(program).is_none_or(|exchange| exchange.worth(all) == paid)
        }
    }
}

/// Rules C4 to C6: what was asked for and what it came to.
fn amounts(program: &ProgramSettings, request: &Redeem, made: &Redemption) -> Checked {
    let total = made.total.ten_thousandths();
    let sum: i64 = made.items.iter().map(|item| item.amount.ten_thousandths()).sum();
    prop_assert_eq!(sum, total, "rule C5");
    prop_assert_eq!(request.amount, made.requested);
    prop_assert!(total > 0, "rule C4: nothing is no redemption");
    prop_assert!(made.total <= made.requested);
    prop_assert!(!request.strict || made.total == made.requested, "rule C4: strict is all or nothing");
    let is_over = program.redemption_cap.is_some_and(|cap| made.total > cap);
    prop_assert!(!is_over, "rule C6: above the cap");
    let basket = request.lines.as_ref().map(|lines| basket::total(lines)).or(request.basket_total);
    if let (Some(basket), Some(share)) = (basket, program.redemption_share) {
        let fraction = scrip::Amount::from(share).to_decimal();
        prop_assert!(made.total.to_decimal() <= basket.to_decimal() * fraction, "rule C6: above the share");
    }
    let is_below = program.minimum_spend.is_some_and(|least| basket < Some(least));
    prop_assert!(!is_below, "rule C6: below the minimum spend");
    Ok(())
}

/// Rule Q5: the fewest points that pay, and each lot's share.
fn point_shares(program: &ProgramSettings, made: &Redemption, points: &[Used]) -> Checked {
    let mut used: Vec<&Used> = points.iter().filter(|lot| lot.is_used()).collect();
    used.sort_by_key(|lot| lot.place);
    let (Some(last), Some(exchange)) = (used.last().copied(), Exchange::of(program)) else {
        prop_assert!(used.is_empty() && made.items.iter().all(|item| item.kind() == LotKind::Reward));
        return Ok(());
    };
    let paid: Raw = used.iter().map(|lot| lot.paid).sum();
    let taken: Raw = used.iter().map(|lot| lot.taken).sum();
    prop_assert_eq!(taken % exchange.point_unit(), 0, "rule Q4");
    let is_rounded_up = bug("points that are rounded up where they are exact");
    let taken = taken + if is_rounded_up { exchange.point_unit() } else { 0 };
    prop_assert!(exchange.worth(taken) >= paid, "rule Q5: enough points");
    prop_assert!(exchange.worth(taken - exchange.point_unit()) < paid, "rule Q5: the fewest points");
    let (mut so_far, mut shared) = (0, 0);
    for lot in &used {
        so_far += lot.taken;
        let share = if lot.id == last.id { paid - shared } else { exchange.worth(so_far) - shared };
        prop_assert_eq!(lot.paid, share, "rule Q5: the share of {:?}", lot);
        shared += share;
    }
    Ok(())
}

/// What was taken is gone, from these lots and from no other.
fn what_is_left<Q: Copy + Into<Quantity>>(used: &[Used], after: &[Lot<Q>]) -> Checked {
    for lot in used {
        let left = after.iter().find(|other| other.id == lot.id).map(free);
        prop_assert_eq!(Some(lot.value - lot.taken), left);
    }
    Ok(())
}

/// The lots of points that a redemption may take from (rule K1).
fn redeemable(wallet: &Wallet) -> Vec<Lot<Points>> {
    wallet.points().into_iter().filter(|lot| lot.is_redeemable).collect()
}

/// Rule C7: every other lot with value in it is named once, with the first reason that applies.
pub(crate) fn of_quote(request: &Redeem, wallet: &Wallet, quote: &Quote) -> Checked {
    prop_assert_eq!(wallet.account().sequence(), quote.version);
    let mut expected = unused(&wallet.rewards(), Strategy::Rewards, request, quote);
    expected.extend(unused(&wallet.points(), Strategy::Points, request, quote));
    let reason = |reason: UnusedReason| match reason {
        // Which of the two it is, the model says.
        UnusedReason::Covered if request.lines.is_some() => UnusedReason::NotNeeded,
        other => other,
    };
    let mut shown: Vec<_> = quote.unused.iter().map(|one| (one.lot, reason(one.reason))).collect();
    expected.sort_by_key(|(lot, _)| *lot);
    shown.sort_by_key(|(lot, _)| *lot);
    prop_assert_eq!(expected, shown, "rule C7");
    Ok(())
}

fn unused<Q>(
    lots: &[Lot<Q>],
    strategy: Strategy,
    request: &Redeem,
    quote: &Quote,
) -> Vec<(LotId, UnusedReason)> {
    let is_listed = request.strategies.contains(&strategy);
    let others = lots.iter().filter(|lot| !quote.items.iter().any(|item| item.lot == lot.id));
    let reasons = others.map(|lot| {
        let reason = match lot.status {
            LotStatus::Exhausted | LotStatus::Revoked | LotStatus::Moved => None,
            LotStatus::Expired => Some(UnusedReason::Expired),
            LotStatus::Pending => Some(UnusedReason::Pending),
            LotStatus::Held => Some(UnusedReason::Held),
            _ if !lot.is_redeemable => Some(UnusedReason::NotRedeemable),
            _ if !is_listed => Some(UnusedReason::NotInStrategy),
            _ => Some(basket::why_not(request, scope_of(lot)).unwrap_or(UnusedReason::NotNeeded)),
        };
        reason.map(|reason| (lot.id, reason))
    });
    reasons.flatten().collect()
}
