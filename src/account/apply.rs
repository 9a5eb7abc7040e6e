//! The fold: what an entry does to an account (rule J2).

use thiserror::Error;

use super::Account;
use super::lots::{LiveLot, PendingLot};
use crate::balance::LotKind;
use crate::{Entry, EntryKind, LotStatus, ProfileId, ProfileNumber};

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
        let totals = &mut self.totals;
        entry.kind.for_each_flow(entry.at, |flow| totals.shift(flow));
        match &entry.kind {
            EntryKind::Define(_) | EntryKind::Transaction(_) => {}
            EntryKind::Issue(issue) => {
                let lot = LiveLot::issued(issue);
                match issue.status_at(entry.at) {
                    LotStatus::Active => self.queue_mut(issue.kind).insert(lot),
                    LotStatus::Pending => {
                        let PendingLot { available_at, kind, lot } =
                            PendingLot { available_at: issue.available_at, kind: issue.kind, lot };
                        self.pending.insert(PendingLot { available_at, kind, lot });
                    }
                    _ => {}
                }
            }
            EntryKind::Mature(matured) => {
                if let Some(pending) = self.pending.remove(matured.lot) {
                    self.queue_mut(pending.kind).insert(pending.lot);
                }
            }
            EntryKind::Expire(expired) => self.queue_mut(expired.kind).take(expired.lot, expired.value),
            EntryKind::Redeem(redeem) => {
                for item in &redeem.items {
                    match item.kind() {
                        LotKind::Reward => self.rewards.take(item.lot, item.amount.into()),
                        LotKind::Point => self.points.take(item.lot, item.points.into()),
                    }
                }
            }
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
        if self.totals.balances() != entry.balances {
            return Err(Corrupt::Balances { sequence });
        }
        if !self.totals.is_conserved() {
            return Err(Corrupt::Conservation { sequence });
        }
        Ok(())
    }
}
