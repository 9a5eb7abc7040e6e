//! The lines of a basket that items paid (rules S3 to S5). The basket itself is not in the journal: what scopes allow and
//! what each line cost are taken as stated.

use std::collections::BTreeSet;

use super::give_back::Made;
use super::spend::{Offer, exchange, sum};
use super::{Check, ensure, same};
use crate::journal::draw::first_part;
use crate::journal::lines::sources;
use crate::journal::{HoldEntry, Item, Items, LineShare, LotKind, PaidLines, RedeemDetails};
use crate::value::Amount;

pub(super) fn lines(details: Option<&RedeemDetails>) -> Option<&PaidLines> {
    details.and_then(|details| details.lines.as_ref())
}

/// Checks that each item's lines add up to it.
pub(super) fn check_lines(items: &Items, lines: &PaidLines) -> Check {
    same("S5", "details.lines", &lines.len(), &items.len())?;
    for (item, shares) in items.iter().zip(lines.iter()) {
        let paid = sum(shares.iter().map(|share| share.amount));
        same("S5", "details.lines.amount", &paid, &Some(item.amount))?;
        let mut seen = BTreeSet::new();
        let is_right = shares.iter().all(|share| !share.amount.is_zero() && seen.insert(&share.id));
        ensure("S5", "details.lines", is_right, shares, format_args!("a share of each line once"))?;
    }
    Ok(())
}

/// Checks which rewards pay lines: some of those that have value, in the order of use (rule S4).
pub(super) fn check_allotted(offer: &Offer<'_>, items: &Items) -> Check {
    let mut lots = offer.lots(LotKind::Reward);
    for item in items.iter().filter(|item| item.kind() == LotKind::Reward) {
        let found = lots.find(|(lot, ..)| *lot == item.lot).map(|(_, available, _)| available.as_amount());
        let is_right = found.is_some_and(|available| item.amount <= available);
        ensure("S4", "items", is_right, item, format_args!("at most what a lot has, in the order of use"))?;
    }
    Ok(())
}

/// Checks the part of a hold that was captured for lines: some of what was held, and points as for so much less.
pub(super) fn check_captured(placed: &HoldEntry, items: &Items) -> Check {
    let of = |items: &Items, kind: LotKind| -> Vec<Item> {
        items.iter().filter(|item| item.kind() == kind).copied().collect()
    };
    let mut held = of(&placed.items, LotKind::Reward).into_iter();
    for item in of(items, LotKind::Reward) {
        let is_right = held.find(|held| held.lot == item.lot).is_some_and(|held| item.amount <= held.amount);
        ensure(
            "S5",
            "redeem.items",
            is_right,
            &item,
            format_args!("at most what is held, in the order of use"),
        )?;
    }
    let points = of(items, LotKind::Point);
    let paid = sum(points.iter().map(|item| item.amount)).unwrap_or_default();
    let expected = first_part(&of(&placed.items, LotKind::Point), exchange(placed.details.as_deref()), paid);
    same("S5", "redeem.items", &points.into_iter().collect::<Items>(), &expected)
}

/// Checks the lines that a redemption still pays after a return: of each, the lot used last gave back first (rule S5).
pub(super) fn check_returned(made: &Made, before: &PaidLines, now: &PaidLines) -> Check {
    same("S5", "redemption.lines", &now.len(), &made.items.len())?;
    same("Q5", "redemption.lines", now, &now.less(&made.items, made.exchange, []))?;
    let pays = |shares: &[LineShare], id: &str| {
        let share = shares.iter().find(|share| share.id == id);
        share.map_or(Amount::ZERO, |share| share.amount)
    };
    let (was, is) = (sources(&made.items, before), sources(&made.items, now));
    let mut kept_later: BTreeSet<&str> = BTreeSet::new();
    for ((_, was), (_, is)) in was.iter().zip(&is).rev() {
        let is_less = is.iter().all(|share| share.amount <= pays(was, &share.id));
        ensure("S5", "redemption.lines", is_less, is, format_args!("at most what was paid before"))?;
        let mut gave = was.iter().filter(|share| pays(is, &share.id) < share.amount);
        let is_last = gave.all(|share| !kept_later.contains(share.id.as_str()));
        ensure(
            "S5",
            "redemption.lines",
            is_last,
            is,
            format_args!("nothing of a line that a later lot pays"),
        )?;
        kept_later.extend(is.iter().map(|share| share.id.as_str()));
    }
    Ok(())
}
