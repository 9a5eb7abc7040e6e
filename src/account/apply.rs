//! The fold: the effects of an entry on an account (rule J2).

use super::lots::{LiveLot, OverdueLot, PendingLot};
use super::sent::Sent;
use super::{Account, Corrupt, Debts};
use crate::definition::Scope;
use crate::id::{LotId, ProfileNumber, next_sequence};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::{Active, Bucket, Entry, Inactivity, LotKind, LotState, Movement, Standing};
use crate::time::Timestamp;
use crate::value::Quantity;

impl Account {
    /// Applies the next entry of the account's journal.
    ///
    /// Infallible: an entry that was decided on this account fits it. Entries that were stored elsewhere are
    /// checked by [`Account::replay`].
    pub fn apply(&mut self, entry: &Entry) {
        self.sequence = entry.sequence;
        self.last_at = entry.at;
        entry.effects(|effect| match effect {
            // Redemptions, the most frequent entries, are handled here, where the effect is still known.
            Effect::Take { lot, kind, value, from: Bucket::Available } => self.take(lot, kind, value),
            Effect::Redeemed { .. } => {}
            other => self.apply_effect(other),
        });
        if entry.is_activity {
            entry.active().into_iter().for_each(|active| self.be_active(active));
        }
    }

    /// Notes an activity (rule T9).
    fn be_active(&mut self, active: Active) {
        let before = self.active_at();
        if active.at < self.last_at {
            self.divide(active.at);
        }
        if active.from <= self.active_at {
            return;
        }
        self.active_at = active.from;
        let Some(rest) = &mut self.rest else { return };
        if let Some(lapsing) = &mut rest.lapsing {
            rest.overdue.extend(lapsing.begin(active, before));
        }
    }

    /// Notes an activity that is told late, between those that are known.
    #[cold]
    fn divide(&mut self, active_at: Timestamp) {
        let lapsing = self.rest.as_mut().and_then(|rest| rest.lapsing.as_mut());
        lapsing.into_iter().for_each(|lapsing| lapsing.divide(active_at));
    }

    fn take(&mut self, lot: LotId, kind: LotKind, value: Quantity) {
        self.shift(Effect::Take { lot, kind, value, from: Bucket::Available }.movement());
        self.change_queued(lot, kind, |lot| lot.remaining = lot.remaining.minus(value));
        self.forget_scope(lot);
    }

    /// Drops the scope of a lot that is not live any more.
    #[inline(always)]
    fn forget_scope(&mut self, lot: LotId) {
        if self.has_scopes() && self.live(lot, self.last_at).is_none() {
            self.rest_mut().scopes.remove(lot);
        }
    }

    #[inline(always)]
    fn shift(&mut self, movement: Option<Movement>) {
        match movement {
            Some(movement) if movement.kind == LotKind::Reward => self.rewards_pot.shift(movement),
            // An account that never had points keeps no totals of them.
            Some(movement) if !movement.value.is_zero() => {
                let rest = self.rest_mut();
                let is_status = movement.kind == LotKind::Status;
                if is_status { &mut rest.status_pot } else { &mut rest.points_pot }.shift(movement);
            }
            _ => {}
        }
    }

    fn apply_effect(&mut self, effect: Effect<'_>) {
        self.shift(effect.movement());
        match effect {
            Effect::Arrive(arrival) => self.arrive(&arrival),
            Effect::Take { lot, kind, value, from: Bucket::Held } => {
                self.change_held(lot, kind, |lot| {
                    lot.held = lot.held.minus(value);
                    lot.remaining = lot.remaining.minus(value);
                });
                self.forget_scope(lot);
            }
            Effect::Hold { lot, kind, value } => {
                self.change_queued(lot, kind, |lot| lot.held = lot.held.plus(value));
            }
            Effect::Free { lot, kind, value, .. } => {
                self.change_held(lot, kind, |lot| lot.held = lot.held.minus(value));
                self.forget_scope(lot);
            }
            Effect::Mature(matured) => {
                if let Some(pending) = self.rest_mut().pending.remove(matured.lot) {
                    self.put_usable(pending.kind, pending.lot, pending.inactivity);
                }
            }
            Effect::Scope { lot, scope } => self.keep_scope(lot, scope),
            Effect::State(after) => self.set_lot(after),
            Effect::HoldOpened(hold) => self.rest_mut().holds.insert(hold.clone()),
            Effect::HoldClosed { hold, .. } => self.rest_mut().holds.remove(hold),
            Effect::Owe(owed) => {
                let rest = self.rest_mut();
                rest.point_debt = rest.point_debt.plus(owed.point_debt());
                rest.debts.insert(owed);
            }
            Effect::PayDebt { points, status } if !points.is_zero() => {
                let rest = self.rest_mut();
                if status.is_none() {
                    rest.point_debt = rest.point_debt.minus(points);
                }
                rest.debts.pay(points, status);
            }
            Effect::Recover { recovered, kind } => {
                let rest = self.rest_mut();
                if kind == LotKind::Point {
                    rest.point_debt = rest.point_debt.minus(recovered.debt);
                }
                rest.debts.recover(&recovered);
            }
            Effect::Sent { kind, value, until } => self.note_sent(kind, value, until),
            Effect::Active(from) => self.be_active(Active { at: self.last_at, from }),
            Effect::MergedInto(number) => self.close(number),
            Effect::MergedFrom(number) => self.rest_mut().merged_from.push(number),
            _ => {}
        }
    }

    fn arrive(&mut self, Arrival { issue, after, held, .. }: &Arrival<'_>) {
        self.expect_lapse(after);
        issue.scope().into_iter().for_each(|scope| self.keep_scope(after.lot, scope));
        self.put_lot(after, *held);
        self.forget_scope(after.lot);
        if issue.is_former() {
            self.rest_mut().has_former_lots = true;
        }
    }

    /// Moves a lot to the list that its new state belongs in.
    fn set_lot(&mut self, after: &LotState) {
        let held = self.remove_lot(after.lot, after.kind);
        self.put_lot(after, held);
        self.forget_scope(after.lot);
    }

    fn note_sent(&mut self, kind: LotKind, value: Quantity, until: Timestamp) {
        let at = self.last_at;
        let sent = self.rest_mut().sent.get_or_insert_with(|| Box::new(Sent::none_until(until)));
        sent.add(kind, value, at, until);
    }

    /// All debts move along to the profile that takes over, collected or not.
    fn close(&mut self, into: ProfileNumber) {
        let rest = self.rest_mut();
        rest.debts = Debts::EMPTY;
        rest.merged_into = Some(into);
    }

    fn keep_scope(&mut self, lot: LotId, scope: &Scope) {
        self.rest_mut().scopes.insert(lot, scope.clone());
    }

    fn put_lot(&mut self, after: &LotState, held: Quantity) {
        let (lot, kind, inactivity) = (LiveLot::after(after, held), after.kind, after.inactivity);
        if after.remaining.is_zero() {
            return;
        }
        match after.standing {
            Standing::Usable => self.put_usable(kind, lot, inactivity),
            Standing::Pending(available_at) => {
                self.rest_mut().pending.insert(PendingLot { available_at, kind, lot, inactivity });
            }
            Standing::Expired if !held.is_zero() => {
                self.rest_mut().overdue.push(OverdueLot { kind, lot, inactivity });
            }
            Standing::Expired | Standing::Revoked | Standing::MovedTo(_) => {}
        }
    }

    /// Adds a lot that can be used, and its value.
    pub(super) fn put_available(&mut self, kind: LotKind, lot: LiveLot, scope: Option<&Scope>) {
        self.queue_mut(kind).insert(lot);
        scope.into_iter().for_each(|scope| self.keep_scope(lot.id, scope));
        let (from, to, value) = (Bucket::Issued, Bucket::Available, lot.unheld());
        self.shift(Some(Movement { kind, from, to, value }));
    }

    /// Removes a lot from its list, and returns its held quantity.
    fn remove_lot(&mut self, id: LotId, kind: LotKind) -> Quantity {
        if let Some(lot) = self.queue_mut(kind).remove(id) {
            return lot.held;
        }
        let Some(rest) = &mut self.rest else { return Quantity::ZERO };
        if let Some(lot) = rest.lapsing.as_mut().and_then(|lapsing| lapsing.remove(kind, id)) {
            return lot.held;
        }
        if rest.pending.remove(id).is_some() {
            return Quantity::ZERO;
        }
        let place = rest.overdue.iter().position(|overdue| overdue.lot.id == id);
        place.map_or(Quantity::ZERO, |place| rest.overdue.remove(place).lot.held)
    }

    /// Knows of a lot that lapses for inactivity, whether or not there is anything in it (rule T9).
    fn expect_lapse(&mut self, after: &LotState) {
        let active_at = self.active_at();
        if let Some(inactivity) = &after.inactivity {
            self.rest_mut().lapsing.get_or_insert_default().clock(inactivity, active_at);
        }
    }

    fn put_usable(&mut self, kind: LotKind, lot: LiveLot, inactivity: Option<Inactivity>) {
        let active_at = self.active_at();
        match inactivity {
            None => self.queue_mut(kind).insert(lot),
            Some(it) => {
                let lapsing = self.rest_mut().lapsing.get_or_insert_default();
                lapsing.insert(kind, lot, &it, active_at);
            }
        }
    }

    /// Changes a lot that is or was usable, if there is such a lot. One with nothing left is removed.
    #[inline(always)]
    fn change_queued(&mut self, lot: LotId, kind: LotKind, change: impl Fn(&mut LiveLot)) -> bool {
        if kind == LotKind::Reward {
            return self.rewards.change(lot, change);
        }
        let rest = self.rest_mut();
        rest.lapsing.as_mut().is_some_and(|lapsing| lapsing.change(kind, lot, &change))
            || self.queue_mut(kind).change(lot, change)
    }

    /// Changes a lot with a held part: it is usable, or held past its expiry.
    fn change_held(&mut self, id: LotId, kind: LotKind, change: impl Fn(&mut LiveLot)) {
        if self.change_queued(id, kind, &change) {
            return;
        }
        let overdue = &mut self.rest_mut().overdue;
        let Some(place) = overdue.iter().position(|overdue| overdue.lot.id == id) else { return };
        if let Some(found) = overdue.get_mut(place) {
            change(&mut found.lot);
            if found.lot.held.is_zero() {
                overdue.remove(place);
            }
        }
    }

    /// Applies a stored entry, and checks its number, instant and balances. An [`Auditor`](crate::audit::Auditor)
    /// checks the rest.
    ///
    /// # Errors
    /// The entry is not the next one of this account's journal. The account cannot be used afterwards.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        self.check_place(entry)?;
        let sequence = entry.sequence;
        self.apply(entry);
        if self.balances() != entry.balances {
            return Err(Corrupt::Balances { sequence });
        }
        if !self.totals().is_conserved() {
            return Err(Corrupt::Conservation { sequence });
        }
        Ok(())
    }

    /// Checks that an entry has the next number, and an instant no earlier than the last one.
    pub(crate) fn check_place(&self, entry: &Entry) -> Result<(), Corrupt> {
        let (sequence, expected) = (entry.sequence, next_sequence(self.sequence));
        if sequence != expected {
            return Err(Corrupt::Gap { expected, found: sequence });
        }
        if entry.at < self.last_at { Err(Corrupt::TimeReversed { sequence }) } else { Ok(()) }
    }
}
