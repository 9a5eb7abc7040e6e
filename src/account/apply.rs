//! The fold: what an entry does to an account (rule J2).

use thiserror::Error;

use super::Account;
use super::lots::{LiveLot, OverdueLot, PendingLot};
use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::journal::{
    Capture, Entry, EntryKind, Issue, Item, Items, LotKind, LotState, ReleasedLot, Standing,
};
use crate::time::Timestamp;
use crate::value::{Amount, Points, Quantity};

/// Why a journal is not what this ledger wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corrupt {
    /// An entry is missing, or stands twice.
    #[error("expected entry {expected} and found {found} (rule J1)")]
    Gap {
        /// The number that was next.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// An entry happened before the one it follows.
    #[error("entry {sequence} happened before the one it follows (rule T6)")]
    TimeReversed {
        /// The entry.
        sequence: u32,
    },
    /// The balances that an entry states are not those that it leads to.
    #[error("the balances stated by entry {sequence} are not those that it leads to (rule J1)")]
    Balances {
        /// The entry.
        sequence: u32,
    },
    /// Value appeared or vanished.
    #[error("entry {sequence} makes value appear or vanish (rule J3)")]
    Conservation {
        /// The entry.
        sequence: u32,
    },
}

impl Account {
    /// Applies the next entry of the account's journal.
    ///
    /// Infallible: an entry that was decided on this account fits it. Entries that were stored elsewhere are
    /// checked by [`Account::replay`].
    pub fn apply(&mut self, entry: &Entry) {
        self.sequence = entry.sequence;
        self.last_at = entry.at;
        let mut totals = self.totals();
        totals.follow(&entry.kind, entry.at);
        self.set_totals(totals);
        match &entry.kind {
            EntryKind::Redeem(redeem) => {
                for item in &redeem.items {
                    let value = item.value();
                    self.queue_mut(item.kind())
                        .change(item.lot, |lot| lot.remaining = lot.remaining.minus(value));
                }
            }
            EntryKind::Issue(issue) => self.set_lot(&issue.after(entry.at)),
            EntryKind::Mature(matured) => {
                if let Some(pending) = self.rest_mut().pending.remove(matured.lot) {
                    self.queue_mut(pending.kind).insert(pending.lot);
                }
            }
            EntryKind::Hold(hold) => {
                for item in &hold.items {
                    let value = item.value();
                    self.queue_mut(item.kind()).change(item.lot, |lot| lot.held = lot.held.plus(value));
                }
                self.rest_mut().holds.insert((**hold).clone());
            }
            EntryKind::Capture(capture) => self.capture(capture),
            EntryKind::Release(release) | EntryKind::Lapse(release) => {
                self.free(&release.released);
                self.rest_mut().holds.remove(release.placed.hold);
            }
            EntryKind::ReassignIn(moved) => {
                self.put_lot(&moved.change.after, moved.held);
            }
            EntryKind::MergeOut(merged) => {
                let rest = self.rest_mut();
                merged.holds.iter().for_each(|hold| rest.holds.remove(*hold));
                rest.merged_into = Some(merged.into);
            }
            EntryKind::MergeIn(merged) => {
                let rest = self.rest_mut();
                merged.holds.iter().for_each(|hold| rest.holds.insert(hold.clone()));
                rest.merged_from.push(merged.from);
                rest.merged_from.extend(&merged.before);
            }
            other => other.lots_after().into_iter().for_each(|after| self.set_lot(after)),
        }
    }

    /// Takes from the rewards what they are known to have, as applying the redemption's entry would.
    #[inline]
    pub(crate) fn redeem(&mut self, at: Timestamp, total: Amount, items: &mut Items) {
        self.sequence = self.sequence.saturating_add(1);
        self.last_at = at;
        self.rewards_pot.redeem(total.into());
        self.rewards.draw(total.into(), |lot, value| {
            items.push(Item { lot, amount: value.as_amount(), points: Points::ZERO });
        });
    }

    /// What applying the next entry does, where it issues a lot that is usable at once.
    #[inline]
    pub(crate) fn issue(&mut self, at: Timestamp, issue: &Issue) {
        self.sequence = self.sequence.saturating_add(1);
        self.last_at = at;
        self.pot_mut(issue.kind).issue(issue.value_remaining);
        // An empty one is written down, and nothing that can be used (rule D2).
        if issue.value_remaining.is_zero() {
            return;
        }
        self.queue_mut(issue.kind).insert(LiveLot {
            expires_at: issue.expires_at,
            issued_at: issue.issued_at,
            id: issue.lot,
            remaining: issue.value_remaining,
            held: Quantity::ZERO,
        });
    }

    /// Puts a lot where it belongs, as an entry says that it stands.
    fn set_lot(&mut self, after: &LotState) {
        let held = self.remove_lot(after.lot, after.kind);
        self.put_lot(after, held);
    }

    fn put_lot(&mut self, after: &LotState, held: Quantity) {
        let (lot, kind) = (LiveLot::after(after, held), after.kind);
        if after.remaining.is_zero() {
            return;
        }
        match after.standing {
            Standing::Usable => self.queue_mut(kind).insert(lot),
            Standing::Pending(available_at) => {
                self.rest_mut().pending.insert(PendingLot { available_at, kind, lot });
            }
            Standing::Expired if !held.is_zero() => {
                self.rest_mut().overdue.push(OverdueLot { kind, lot });
            }
            Standing::Expired | Standing::Revoked | Standing::MovedTo(_) => {}
        }
    }

    /// Takes a lot out, wherever it is, and answers what of it was held.
    fn remove_lot(&mut self, id: LotId, kind: LotKind) -> Quantity {
        if let Some(lot) = self.queue_mut(kind).remove(id) {
            return lot.held;
        }
        let Some(rest) = &mut self.rest else { return Quantity::ZERO };
        if rest.pending.remove(id).is_some() {
            return Quantity::ZERO;
        }
        let place = rest.overdue.iter().position(|overdue| overdue.lot.id == id);
        place.map_or(Quantity::ZERO, |place| rest.overdue.remove(place).lot.held)
    }

    /// Changes a lot that something of is held of: it is usable, or held past its expiry.
    fn change_held(&mut self, id: LotId, kind: LotKind, change: impl Fn(&mut LiveLot)) {
        if self.queue_mut(kind).change(id, &change) {
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

    fn capture(&mut self, capture: &Capture) {
        for item in &capture.redeem.items {
            let value = item.value();
            self.change_held(item.lot, item.kind(), |lot| {
                lot.held = lot.held.minus(value);
                lot.remaining = lot.remaining.minus(value);
            });
        }
        self.free(&capture.released);
        self.rest_mut().holds.remove(capture.hold);
    }

    fn free(&mut self, released: &[ReleasedLot]) {
        for freed in released {
            let after = &freed.after;
            self.change_held(after.lot, after.kind, |lot| lot.held = lot.held.minus(freed.value));
            self.set_lot(after);
        }
    }

    /// Folds a journal from nothing, and checks every step of it (rules J1 to J3).
    ///
    /// # Errors
    /// The entries are not a journal that this ledger wrote.
    pub fn replay<'a>(
        profile: Option<ProfileId>,
        number: ProfileNumber,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<Self, Corrupt> {
        let mut account = profile.map_or(Self::without_profile(number), |profile| Self::new(profile, number));
        for entry in entries {
            account.follow(entry)?;
        }
        Ok(account)
    }

    /// Applies an entry that was stored, and checks that it fits.
    ///
    /// # Errors
    /// It is not the next entry of this account's journal. The account is then of no more use.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        let (sequence, expected) = (entry.sequence, self.sequence.saturating_add(1));
        if sequence != expected {
            return Err(Corrupt::Gap { expected, found: sequence });
        }
        if entry.at < self.last_at {
            return Err(Corrupt::TimeReversed { sequence });
        }
        self.apply(entry);
        if self.balances() != entry.balances {
            return Err(Corrupt::Balances { sequence });
        }
        if !self.totals().is_conserved() {
            return Err(Corrupt::Conservation { sequence });
        }
        Ok(())
    }
}
