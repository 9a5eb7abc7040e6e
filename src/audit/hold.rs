//! Holds that were captured, released or lapsed (rules H2 to H4).

use super::lines::{check_captured, lines};
use super::lots::{LotRecord, same_after};
use super::spend::{check_asked, check_items, check_late, exchange};
use super::{Check, Fault, Past, Step, ensure, same};
use crate::account::Debts;
use crate::id::{HoldId, RedemptionId};
use crate::journal::draw::first_part;
use crate::journal::{
    Capture, HoldEntry, Item, Items, LotState, RedeemDetails, Release, ReleasedLot, Standing,
};
use crate::value::Quantity;

impl Past {
    pub(super) fn capture(&mut self, step: &Step<'_>, capture: &Capture) -> Check {
        let placed = open(step, "hold", capture.hold)?;
        let redeem = &capture.redeem;
        let id = RedemptionId::made_by(step.number(), step.entry.sequence);
        same("J1", "redeem.redemption", &redeem.redemption, &id)?;
        same("H2", "redeem.requested", &redeem.requested, &redeem.total)?;
        check_asked(redeem.requested, redeem.total)?;
        let held = placed.total;
        ensure("H2", "redeem.total", redeem.total <= held, &redeem.total, format_args!("at most {held}"))?;
        check_items(&redeem.items, redeem.total, redeem.details.as_deref())?;
        check_late(redeem.details.as_deref())?;
        let rate = exchange(placed.details.as_deref());
        match lines(redeem.details.as_deref()) {
            Some(_) => check_captured(placed, &redeem.items)?,
            None => {
                same("S5", "redeem.details.lines", &lines(placed.details.as_deref()), &None)?;
                same("H2", "redeem.items", &redeem.items, &first_part(&placed.items, rate, redeem.total))?;
            }
        }
        let captured = exchange(redeem.details.as_deref());
        same("H2", "redeem.details.exchange", &captured, &rate.filter(|_| captured.is_some()))?;
        let meta = |details: Option<&RedeemDetails>| details.and_then(|d| d.meta.clone());
        let (own, of_hold) = (meta(redeem.details.as_deref()), meta(placed.details.as_deref()));
        let is_kept = own.is_some() || of_hold.is_none();
        ensure("H2", "redeem.details.meta", is_kept, &own, format_args!("that of the hold, or another"))?;
        self.take_held(step, placed, capture)?;
        self.redeemed(redeem);
        Ok(())
    }

    /// Checks that the captured value leaves the lots, and that the rest of the hold is released.
    fn take_held(&mut self, step: &Step<'_>, placed: &HoldEntry, capture: &Capture) -> Check {
        let taken = |item: &Item| {
            let taken = capture.redeem.items.iter().find(|taken| taken.lot == item.lot);
            taken.map_or(Quantity::ZERO, Item::value)
        };
        let mut debts = step.account.debts().clone();
        let (mut released, mut expired) = (Vec::new(), Vec::new());
        for item in &placed.items {
            let record = self.lot("redeem.items.lot", item.lot)?;
            let (taken, value) = (taken(item), item.value());
            record.held = record.held.minus(value);
            record.now.remaining = record.now.remaining.minus(taken);
            if value != taken {
                released.push(record.release(&mut debts, value.minus(taken), step));
                continue;
            }
            let after = record.at(step);
            if after.standing == Standing::Expired {
                expired.push(after);
                record.now = after;
            }
        }
        same_released(&capture.released, &released)?;
        same("H4", "expired", &capture.expired.len(), &expired.len())?;
        capture.expired.iter().zip(&expired).try_for_each(|(found, expected)| same_after(found, expected))
    }

    /// Checks a hold that was released or lapsed.
    pub(super) fn release(&mut self, step: &Step<'_>, release: &Release) -> Check {
        let placed = open(step, "placed.hold", release.placed.hold)?;
        same_placed(&release.placed, placed)?;
        let mut debts = step.account.debts().clone();
        let released = placed.items.iter().map(|item| {
            let record = self.lot("placed.items.lot", item.lot)?;
            record.held = record.held.minus(item.value());
            Ok(record.release(&mut debts, item.value(), step))
        });
        let released = released.collect::<Check<Vec<ReleasedLot>>>()?;
        same_released(&release.released, &released)
    }
}

impl LotRecord {
    /// Releases held value: points that the lot's transaction owes are clawed back first (rule X5).
    fn release(&mut self, debts: &mut Debts, value: Quantity, step: &Step<'_>) -> ReleasedLot {
        let owner = debts.owner(self.now.lot);
        let clawed_back = owner.and_then(|owner| debts.claw_back(owner, value));
        let gone = clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value());
        self.now = self.at(step);
        self.now.remaining = self.now.remaining.minus(gone);
        ReleasedLot { value, clawed_back, after: self.now }
    }
}

fn open<'a>(step: &Step<'a>, field: &'static str, id: HoldId) -> Check<&'a HoldEntry> {
    step.account.hold(id).ok_or_else(|| Fault::new("H3", field, &id, "an open hold"))
}

fn same_placed(found: &HoldEntry, expected: &HoldEntry) -> Check {
    same("H3", "placed.requested", &found.requested, &expected.requested)?;
    same("H3", "placed.total", &found.total, &expected.total)?;
    same::<Items>("H3", "placed.items", &found.items, &expected.items)?;
    same("H3", "placed.held_at", &found.held_at, &expected.held_at)?;
    same("H3", "placed.expires_at", &found.expires_at, &expected.expires_at)?;
    same("H3", "placed.details", &found.details, &expected.details)
}

fn same_released(found: &[ReleasedLot], expected: &[ReleasedLot]) -> Check {
    same("H4", "released", &found.len(), &expected.len())?;
    for (found, expected) in found.iter().zip(expected) {
        same::<Quantity>("H4", "released.value", &found.value, &expected.value)?;
        same("X5", "released.clawed_back", &found.clawed_back, &expected.clawed_back)?;
        same_after(&found.after, &LotState { ..expected.after })?;
    }
    Ok(())
}
