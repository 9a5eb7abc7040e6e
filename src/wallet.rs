//! Everything about one profile that a person may want to see: the fold of its whole journal.
//!
//! The account that decisions are made on forgets what is spent. The wallet remembers: every lot, redemption and
//! transaction there ever was, as of the moment that was asked for (rule J4).

use std::collections::BTreeMap;

use crate::decide::{lot_at_issue, redemption_at_first};
use crate::{
    Account, Balances, Corrupt, Entry, EntryKind, ExternalId, Issue, Lot, LotId, LotKind, LotStatus,
    PointLot, ProfileId, ProfileNumber, Quantity, Redemption, RedemptionId, RedemptionState, Reward,
    Timestamp, Transaction, TransactionId,
};

/// A profile's rewards, points, redemptions and transactions, its balances and its journal, at one moment.
#[derive(Clone, Debug)]
pub struct Wallet {
    profile: ProfileId,
    at: Timestamp,
    account: Account,
    lots: BTreeMap<LotId, LotState>,
    redemptions: BTreeMap<RedemptionId, Redemption>,
    transactions: BTreeMap<TransactionId, Transaction>,
    entries: Vec<Entry>,
}

/// What the journal says of a lot.
#[derive(Clone, Debug)]
struct LotState {
    issue: Issue,
    issued: Timestamp,
    external_id: Option<ExternalId>,
    remaining: Quantity,
    held: Quantity,
}

impl Wallet {
    /// Folds a journal, to be seen at an instant, or at its last entry if that is later.
    ///
    /// # Errors
    /// The entries are not a journal that this ledger wrote.
    pub fn fold<'a>(
        profile: ProfileId,
        number: ProfileNumber,
        entries: impl IntoIterator<Item = &'a Entry>,
        at: Timestamp,
    ) -> Result<Self, Corrupt> {
        let mut wallet = Self {
            profile,
            at,
            account: Account::new(profile, number),
            lots: BTreeMap::new(),
            redemptions: BTreeMap::new(),
            transactions: BTreeMap::new(),
            entries: Vec::new(),
        };
        for entry in entries {
            wallet.account.follow(entry)?;
            wallet.remember(entry);
        }
        wallet.at = wallet.account.last_at().map_or(at, |last| last.max(at));
        Ok(wallet)
    }

    /// Whose it is.
    pub fn profile_id(&self) -> ProfileId {
        self.profile
    }

    /// The moment that it shows.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The account that decisions are made on.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The balances at that moment.
    pub fn balances(&self) -> Balances {
        self.account.balances_at(self.at)
    }

    /// Every reward there ever was: those with usable value in the order in which they would be used, then the rest.
    pub fn rewards(&self) -> Vec<Reward> {
        self.lots(LotKind::Reward)
    }

    /// Every lot of points there ever was, in the order of [`Wallet::rewards`].
    pub fn points(&self) -> Vec<PointLot> {
        self.lots(LotKind::Point)
    }

    /// Every redemption, in the order in which they were made, as they stand.
    pub fn redemptions(&self) -> impl ExactSizeIterator<Item = &Redemption> {
        self.redemptions.values()
    }

    /// One redemption.
    pub fn redemption(&self, id: RedemptionId) -> Option<&Redemption> {
        self.redemptions.get(&id)
    }

    /// Every transaction that was not deleted, in the order in which they were posted, as they stand.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values().filter(|transaction| !transaction.is_deleted)
    }

    /// One transaction, unless it was deleted.
    pub fn transaction(&self, id: TransactionId) -> Option<&Transaction> {
        self.transactions.get(&id).filter(|transaction| !transaction.is_deleted)
    }

    /// The journal: every entry that was written up to that moment.
    pub fn journal(&self) -> &[Entry] {
        &self.entries
    }

    fn lots<Q: From<Quantity>>(&self, kind: LotKind) -> Vec<Lot<Q>> {
        let mut states: Vec<&LotState> = self.lots.values().filter(|lot| lot.issue.kind == kind).collect();
        states.sort_by_key(|lot| {
            let is_rest = lot.status(self.at) != LotStatus::Active;
            (is_rest, lot.issue.expires_at, lot.issue.issued_at, lot.issue.lot)
        });
        states.into_iter().map(|lot| lot.seen(self.profile, self.at)).collect()
    }

    fn remember(&mut self, entry: &Entry) {
        match &entry.kind {
            EntryKind::Issue(issue) => {
                let state = LotState {
                    issue: issue.clone(),
                    issued: entry.at,
                    external_id: entry.lot_external_id().cloned(),
                    remaining: issue.value_remaining,
                    held: Quantity::ZERO,
                };
                self.lots.insert(issue.lot, state);
            }
            EntryKind::Redeem(redeem) => {
                for item in &redeem.items {
                    let value = match item.kind() {
                        LotKind::Reward => item.amount.into(),
                        LotKind::Point => item.points.into(),
                    };
                    if let Some(lot) = self.lots.get_mut(&item.lot) {
                        lot.remaining = lot.remaining.minus(value);
                    }
                }
                if let Some(redemption) = redemption_at_first(self.profile, entry) {
                    self.redemptions.insert(redemption.id, redemption);
                }
            }
            EntryKind::Transaction(change) => {
                for state in &change.redemptions {
                    self.note(state);
                }
                self.transactions.insert(change.transaction.id, change.transaction.clone());
            }
            // An expired lot keeps what is left of it, and nobody can use it.
            EntryKind::Mature(_) | EntryKind::Expire(_) | EntryKind::Define(_) => {}
        }
        self.entries.push(entry.clone());
    }

    fn note(&mut self, state: &RedemptionState) {
        if let Some(redemption) = self.redemptions.get_mut(&state.id) {
            redemption.returned = state.returned;
            redemption.is_reversed = state.is_reversed;
            redemption.transaction_id = state.transaction_id;
        }
    }
}

impl LotState {
    fn status(&self, at: Timestamp) -> LotStatus {
        if self.remaining.is_zero() {
            LotStatus::Exhausted
        } else if self.issue.expires_at.is_past(at) {
            LotStatus::Expired
        } else if self.issue.available_at > at {
            LotStatus::Pending
        } else if self.held == self.remaining {
            LotStatus::Held
        } else {
            LotStatus::Active
        }
    }

    fn seen<Q: From<Quantity>>(&self, profile: ProfileId, at: Timestamp) -> Lot<Q> {
        Lot {
            value_remaining: self.remaining.into(),
            value_held: self.held.into(),
            status: self.status(at),
            ..lot_at_issue(profile, self.issued, &self.issue, self.external_id.clone())
        }
    }
}
