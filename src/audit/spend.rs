//! Redemptions and holds: which lots give, and how much (rules C1 to C5, Q5 and H1).

use super::give_back::{Made, RedemptionRecord};
use super::late::Candidate;
use super::lines::{check_allotted, check_lines, lines};
use super::{Check, Past, Step, ensure, same};
use crate::id::{HoldId, LotId, RedemptionId};
use crate::journal::draw::first_part;
use crate::journal::{HoldEntry, Item, Items, LotKind, RedeemDetails, Redeemed, RedemptionState};
use crate::value::{Amount, Exchange, Quantity};

impl Past {
    pub(super) fn redeem(&mut self, step: &Step<'_>, redeemed: &Redeemed) -> Check {
        let id = RedemptionId::made_by(step.number(), step.entry.sequence);
        same("J1", "redemption", &redeemed.redemption, &id)?;
        check_asked(redeemed.requested, redeemed.total)?;
        check_items(&redeemed.items, redeemed.total, redeemed.details.as_deref())?;
        if let Some(late) = redeemed.late() {
            let offer = self.offer_then(step, late)?;
            check_drawn(&offer, &redeemed.items, redeemed.details.as_deref())?;
            self.check_revived(step, redeemed, late)?;
        } else {
            check_drawn(&Offer::Now(step), &redeemed.items, redeemed.details.as_deref())?;
            for item in &redeemed.items {
                let record = self.lot("items.lot", item.lot)?;
                record.now.remaining = record.now.remaining.minus(item.value());
            }
        }
        self.redeemed(redeemed);
        Ok(())
    }

    pub(super) fn hold(&mut self, step: &Step<'_>, placed: &HoldEntry) -> Check {
        let id = HoldId::made_by(step.number(), step.entry.sequence);
        same("J1", "hold", &placed.hold, &id)?;
        same("H3", "held_at", &placed.held_at, &step.at())?;
        check_placed(step, placed)?;
        check_late(placed.details.as_deref())?;
        check_drawn(&Offer::Now(step), &placed.items, placed.details.as_deref())?;
        for item in &placed.items {
            let record = self.lot("items.lot", item.lot)?;
            record.held = record.held.plus(item.value());
        }
        Ok(())
    }

    /// Records a new redemption: its items, and no return yet.
    pub(super) fn redeemed(&mut self, redeemed: &Redeemed) {
        let id = redeemed.redemption;
        let made = Made {
            total: redeemed.total,
            items: redeemed.items.clone(),
            exchange: exchange(redeemed.details.as_deref()),
            lines: lines(redeemed.details.as_deref()).cloned(),
        };
        self.redemptions.insert(id, RedemptionRecord { made: Some(made), state: RedemptionState::new(id) });
    }
}

pub(super) fn exchange(details: Option<&RedeemDetails>) -> Option<Exchange> {
    details.and_then(|details| details.exchange)
}

/// Checks that a hold agrees with itself, and is valid at this instant.
pub(super) fn check_placed(step: &Step<'_>, placed: &HoldEntry) -> Check {
    check_asked(placed.requested, placed.total)?;
    check_items(&placed.items, placed.total, placed.details.as_deref())?;
    ensure("H3", "held_at", placed.held_at <= step.at(), &placed.held_at, format_args!("the past"))?;
    ensure("H3", "expires_at", placed.expires_at > step.at(), &placed.expires_at, format_args!("the future"))
}

/// Checks that something was taken, and no more than was requested (rules Q6 and C4).
pub(super) fn check_asked(requested: Amount, total: Amount) -> Check {
    ensure("Q6", "total", !total.is_zero(), &total, format_args!("more than nothing"))?;
    ensure("C4", "requested", total <= requested, &requested, format_args!("at least the total, {total}"))
}

/// Checks that the items add up to the total, and that points pay their share at the rate.
pub(super) fn check_items(items: &Items, total: Amount, details: Option<&RedeemDetails>) -> Check {
    same("C5", "total", &Some(total), &sum(items.iter().map(|item| item.amount)))?;
    let has_points = items.iter().any(|item| item.kind() == LotKind::Point);
    let exchange = exchange(details);
    let is_right = exchange.is_some() == has_points;
    ensure("Q5", "details.exchange", is_right, &exchange, format_args!("a rate if points pay"))?;
    same("Q5", "items", items, &first_part(items, exchange, total))?;
    lines(details).map_or(Ok(()), |lines| check_lines(items, lines))
}

pub(super) fn sum(mut amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    amounts.try_fold(Amount::ZERO, Amount::checked_add)
}

/// Checks that a hold, or what captures one, is not late (rule T10).
pub(super) fn check_late(details: Option<&RedeemDetails>) -> Check {
    let late = details.and_then(|details| details.late.as_ref());
    ensure("T10", "details.late", late.is_none(), &late, format_args!("none"))
}

/// What there is to draw from.
pub(super) enum Offer<'a> {
    /// The lots of the account.
    Now(&'a Step<'a>),
    /// The lots that could be used at an earlier instant.
    Then(Vec<Candidate>),
}

impl Offer<'_> {
    /// Each lot of a kind that has something, in the order of use, and whether it has a scope.
    pub(super) fn lots(&self, kind: LotKind) -> Box<dyn Iterator<Item = (LotId, Quantity, bool)> + '_> {
        match self {
            Self::Now(step) => Box::new(
                step.account
                    .lots(kind)
                    .map(|lot| (lot.id, lot.available(step.at()), step.account.scope(lot.id).is_some())),
            ),
            Self::Then(lots) => {
                let alike = lots.iter().filter(move |lot| lot.kind == kind);
                Box::new(alike.map(|lot| (lot.lot, lot.available, lot.is_scoped)))
            }
        }
    }

    /// What the lots of a kind have together that have no scope.
    fn total(&self, kind: LotKind) -> Quantity {
        let lots = self.lots(kind).filter(|(.., is_scoped)| !is_scoped);
        lots.fold(Quantity::ZERO, |sum, (_, available, _)| sum.plus(available))
    }
}

/// Checks the draw: the first lots give all they have; only a kind's last lot keeps a rest (rules C1 to C3). Lots with a
/// scope give to lines only (rule S3); to which of them, the journal does not tell.
fn check_drawn(offer: &Offer<'_>, items: &Items, details: Option<&RedeemDetails>) -> Check {
    let kinds = if lines(details).is_some() {
        check_allotted(offer, items)?;
        [LotKind::Point].as_slice()
    } else {
        &[LotKind::Reward, LotKind::Point]
    };
    for kind in kinds.iter().copied() {
        let mut taken = items.iter().filter(|item| item.kind() == kind).peekable();
        let lots = offer.lots(kind).filter(|(_, available, is_scoped)| !is_scoped && !available.is_zero());
        let mut lots = lots.map(|(lot, available, _)| (lot, available));
        while let Some(item) = taken.next() {
            let next = lots.next();
            same("C1", "items.lot", &Some(item.lot), &next.map(|(lot, _)| lot))?;
            let available = next.map_or(Quantity::ZERO, |(_, available)| available);
            let value = item.value();
            let is_right = value == available || (taken.peek().is_none() && value < available);
            ensure("C2", "items", is_right, &value, format_args!("what the lot has, {available}"))?;
        }
    }
    if lines(details).is_some() { Ok(()) } else { check_strategies(offer, items, exchange(details)) }
}

/// Checks that the first strategy is exhausted before the second is used (rule C3).
fn check_strategies(offer: &Offer<'_>, items: &Items, exchange: Option<Exchange>) -> Check {
    let Some(first) = items.first().map(Item::kind) else { return Ok(()) };
    if items.iter().all(|item| item.kind() == first) {
        return Ok(());
    }
    let paid = sum(items.iter().filter(|item| item.kind() == first).map(|item| item.amount));
    let available = offer.total(first);
    let all = match (first, exchange) {
        (LotKind::Point, Some(exchange)) => exchange.pays(available.as_points(), Amount::MAX_TOTAL),
        _ => available.as_amount(),
    };
    same("C3", "items", &paid, &Some(all))
}
