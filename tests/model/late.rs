//! Redemptions that are sent late (rule T10): what was known and usable then, with what it has now.

use scrip::Redeem;
use scrip::journal::LotKind;
use scrip::outcome::{LotStatus, UnusedReason};

use super::calendar::{Micros, SECOND};
use super::money::Raw;
use super::profile::{Cut, Lot, Profile};
use super::{Model, Objections, Rank};

/// When a redemption happened, if that is before it is decided.
pub(super) fn moment(
    model: &Model,
    request: &Redeem,
    decided_at: Micros,
    objections: &mut Objections,
) -> Option<Micros> {
    let then = request.occurred_at?.micros();
    let window = Micros::from(model.program.late_window_seconds) * SECOND;
    objections.add_if(then > decided_at, Rank::Time, "occurred_at_in_future");
    objections.add_if(then < decided_at - window, Rank::Time, "too_late");
    (then < decided_at).then_some(then)
}

/// What there is to draw from: now, or as it was then.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) account: &'a Profile,
    pub(super) now: Cut,
    pub(super) then: Option<Cut>,
}

impl Sight<'_> {
    /// The lots that may give, in the order of use.
    pub(super) fn usable(&self, kind: LotKind) -> Vec<usize> {
        let Some(then) = self.then else { return self.account.usable(kind, self.now) };
        let mut usable: Vec<_> = self
            .account
            .lots_at(self.now)
            .filter(|(index, lot)| lot.kind == kind && self.account.lives(*index, self.now))
            .filter(|(index, _)| self.free(*index) > 0)
            .filter_map(|(index, lot)| {
                let end = self.account.expiry_then(self.usable_then(lot, then)?, then, self.now);
                Some((self.account.rank(index, end), index))
            })
            .collect();
        usable.sort();
        usable.into_iter().map(|(_, index)| index).collect()
    }

    pub(super) fn free(&self, lot: usize) -> Raw {
        self.account.free(lot, self.now)
    }

    /// The place that a lot had then, if it was here.
    fn known_then(&self, lot: &Lot, then: Cut) -> Option<usize> {
        let id = self.account.full_id(lot);
        self.account
            .lots_at(then)
            .find(|(_, other)| self.account.full_id(other) == id)
            .map(|(index, _)| index)
    }

    fn usable_then(&self, lot: &Lot, then: Cut) -> Option<usize> {
        let index = self.known_then(lot, then)?;
        let is_begun = lot.available_at <= then.at;
        let is_usable = is_begun && self.account.lives(index, then) && !self.was_over(index, then);
        is_usable.then_some(index)
    }

    fn was_over(&self, index: usize, then: Cut) -> bool {
        self.account.expiry_then(index, then, self.now).is_some_and(|end| end <= then.at)
    }

    /// Why a lot that has value left gives nothing, whatever the strategies are; `None` if it could.
    pub(super) fn why_not(&self, index: usize, lot: &Lot) -> Option<UnusedReason> {
        let status = self.account.status(index, self.now);
        let Some(then) = self.then else {
            return match status {
                LotStatus::Expired => Some(UnusedReason::Expired),
                LotStatus::Pending => Some(UnusedReason::Pending),
                LotStatus::Held => Some(UnusedReason::Held),
                _ => None,
            };
        };
        if self.usable_then(lot, then).is_some() {
            return (self.free(index) == 0).then_some(UnusedReason::Held);
        }
        let was_over = self.known_then(lot, then).is_some_and(|before| self.was_over(before, then));
        let is_over = status == LotStatus::Expired || was_over;
        Some(if is_over { UnusedReason::Expired } else { UnusedReason::Pending })
    }
}
