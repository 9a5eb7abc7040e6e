//! Everything about one profile that a person may want to see: the fold of its whole journal.
//!
//! The account that decisions are made on forgets what is spent. The wallet remembers: every lot, redemption and
//! transaction there ever was, as of the moment that was asked for (rule J4).

use std::collections::BTreeMap;

use crate::account::{Account, Corrupt, settle_due};
use crate::id::{ExternalId, HoldId, LotId, ProfileId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::effect::{Arrival, Effect, HoldEnd};
use crate::journal::order::Rank;
use crate::journal::{
    Balances, Bucket, Entry, EntryKind, Hold, HoldEntry, HoldStatus, Issue, Lot, LotKind, LotSnapshot,
    LotState, LotStatus, LotTimes, Owed, PointLot, RecordId, Redemption, RedemptionState, Return, Reward,
    Standing, Transaction,
};
use crate::ops::give_back::to_return;
use crate::ops::hold::to_hold;
use crate::ops::redeem::at_first as redemption_at_first;
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// A profile's rewards, points, redemptions and transactions, its balances and its journal, at one moment.
#[derive(Clone, Debug)]
pub struct Wallet {
    profile: ProfileId,
    at: Timestamp,
    account: Account,
    lots: BTreeMap<LotId, WalletLot>,
    redemptions: BTreeMap<RedemptionId, Redemption>,
    returns: Vec<Return>,
    holds: BTreeMap<HoldId, Hold>,
    transactions: BTreeMap<TransactionId, Transaction>,
    /// The entry that last changed each record.
    versions: BTreeMap<RecordId, u32>,
    /// What was written, then what fell due.
    entries: Vec<Entry>,
    written: usize,
}

/// A lot's history.
#[derive(Clone, Debug)]
struct WalletLot {
    issue: Issue,
    issued: Timestamp,
    external_id: Option<ExternalId>,
    after: LotState,
    held: Quantity,
    times: LotTimes,
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
            returns: Vec::new(),
            holds: BTreeMap::new(),
            transactions: BTreeMap::new(),
            versions: BTreeMap::new(),
            entries: Vec::new(),
            written: 0,
        };
        let mut shown = Vec::new();
        for entry in entries {
            wallet.account.follow(entry)?;
            shown.push(entry.clone());
        }
        wallet.written = shown.len();
        wallet.at = wallet.account.last_at().map_or(at, |last| last.max(at));
        // What fell due is seen, whether or not it is written (rule T7).
        settle_due(&mut wallet.account.clone(), wallet.at, &mut shown);
        shown.iter().for_each(|entry| wallet.remember(entry));
        wallet.entries = shown;
        Ok(wallet)
    }

    /// The profile.
    pub fn profile_id(&self) -> ProfileId {
        self.profile
    }

    /// The instant that it shows.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The account as its written entries leave it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The balances at that instant.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// assert_eq!(till.wallet(alice)?.balances().reward_balance, Amount::from(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn balances(&self) -> Balances {
        self.account.balances_at(self.at)
    }

    /// The debts of transactions at that instant, the oldest sale first (rule X5).
    pub fn owed(&self) -> Vec<Owed> {
        self.account.owed_at(self.at)
    }

    /// Every reward, used up or not: those with usable value in the order of use, then the rest.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// assert_eq!(till.wallet(alice)?.rewards(), [reward]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rewards(&self) -> Vec<Reward> {
        self.lots(LotKind::Reward)
    }

    /// Every lot of points, redeemable or not, used up or not, in the order of [`Wallet::rewards`].
    pub fn points(&self) -> Vec<PointLot> {
        self.lots(LotKind::Point)
    }

    /// When a lot was made and changed.
    pub fn lot_times(&self, id: LotId) -> Option<LotTimes> {
        self.lots.get(&id).map(|lot| lot.times)
    }

    /// The version of a lot, redemption, hold or transaction, which grows with each change. Expiring and lapsing by
    /// themselves are no change, and so a sweep is none (rule T7).
    pub fn version(&self, id: impl Into<RecordId>) -> Option<u64> {
        let id = id.into();
        let sequence = *self.versions.get(&id)?;
        let lot = LotId::new(id.get()).ok().and_then(|lot| self.lots.get(&lot));
        Some(LotSnapshot::version(lot.map_or(0, |lot| lot.issue.moves), sequence))
    }

    /// The number of the profile that a lot of this one belongs to now, if it moved (rule L2).
    pub fn moved_to(&self, id: LotId) -> Option<ProfileNumber> {
        match self.lots.get(&id)?.after.standing {
            Standing::MovedTo(number) => Some(number),
            _ => None,
        }
    }

    /// The current state of every redemption, oldest first.
    pub fn redemptions(&self) -> impl ExactSizeIterator<Item = &Redemption> {
        self.redemptions.values()
    }

    /// One redemption.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let redemption = till.commit(Redeem::strict(alice, Amount::from(4)))?;
    /// assert_eq!(till.wallet(alice)?.redemption(redemption.id), Some(&redemption));
    /// # Ok(())
    /// # }
    /// ```
    pub fn redemption(&self, id: RedemptionId) -> Option<&Redemption> {
        self.redemptions.get(&id)
    }

    /// Every return and reversal, oldest first.
    pub fn returns(&self) -> &[Return] {
        &self.returns
    }

    /// The current state of every hold, oldest first. Holds that were open when the profile was merged are with the profile
    /// that took over.
    pub fn holds(&self) -> impl Iterator<Item = Hold> {
        self.holds.values().cloned()
    }

    /// One hold.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let hold = till.commit(PlaceHold::strict(alice, Amount::from(4)))?;
    /// let seen = till.wallet(alice)?.hold(hold.id).map(|hold| hold.total);
    /// assert_eq!(seen, Some(Amount::from(4)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn hold(&self, id: HoldId) -> Option<Hold> {
        self.holds.get(&id).cloned()
    }

    /// The current state of every transaction that was not deleted, oldest first.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values().filter(|transaction| !transaction.is_gone())
    }

    /// One transaction, unless it was deleted.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// let sale = till.commit(PostTransaction::new(alice, Amount::from(25)))?;
    /// assert_eq!(till.wallet(alice)?.transaction(sale.id), Some(&sale));
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction(&self, id: TransactionId) -> Option<&Transaction> {
        self.transactions.get(&id).filter(|transaction| !transaction.is_gone())
    }

    /// The journal up to that instant: the written entries, then those that fell due and are not written yet (rule T7).
    ///
    /// So it is the same list before and after a sweep. Entries that are not written yet have the sequence numbers and
    /// balances that they will have, unless a request with an earlier instant is committed first.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// till.commit(Redeem::strict(alice, Amount::from(4)))?;
    /// let wallet = till.wallet(alice)?;
    /// let balances = wallet.journal().iter().map(|entry| entry.balances.reward_balance);
    /// assert!(balances.eq([Amount::from(10), Amount::from(6)]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn journal(&self) -> &[Entry] {
        &self.entries
    }

    /// The written part of the [journal](Wallet::journal), which never changes.
    pub fn written(&self) -> &[Entry] {
        self.entries.get(..self.written).unwrap_or_default()
    }

    fn lots<Q: From<Quantity>>(&self, kind: LotKind) -> Vec<Lot<Q>> {
        let lots = self.lots.values().filter(|lot| lot.issue.kind.is_points() == kind.is_points());
        let mut states: Vec<(&WalletLot, Expiry)> =
            lots.map(|lot| (lot, self.account.ends_at(&lot.after))).collect();
        states.sort_by_key(|(lot, end)| {
            let is_rest = lot.status(*end, self.at) != LotStatus::Active;
            (is_rest, Rank(*end, lot.after.tie()))
        });
        states.into_iter().map(|(lot, end)| lot.to_lot(self.profile, end, self.at)).collect()
    }

    /// Notes that an entry changed a record.
    fn touch(&mut self, entry: &Entry, id: impl Into<RecordId>) {
        if !matches!(entry.kind, EntryKind::Mature(_) | EntryKind::Expire(_) | EntryKind::Lapse(_)) {
            self.versions.insert(id.into(), entry.sequence);
        }
    }

    fn remember(&mut self, entry: &Entry) {
        entry.effects(|effect| match effect {
            Effect::Arrive(arrival) => self.arrive(entry, &arrival),
            Effect::Take { lot, value, from, .. } => self.change(entry, lot, |lot| {
                lot.after.remaining = lot.after.remaining.minus(value);
                if from == Bucket::Held {
                    lot.held = lot.held.minus(value);
                }
            }),
            Effect::Hold { lot, value, .. } => {
                self.change(entry, lot, |lot| lot.held = lot.held.plus(value));
            }
            Effect::Free { lot, value, .. } => {
                self.change(entry, lot, |lot| lot.held = lot.held.minus(value));
            }
            Effect::State(after) => self.change(entry, after.lot, |lot| {
                lot.after = *after;
                if matches!(after.standing, Standing::MovedTo(_)) {
                    lot.held = Quantity::ZERO;
                }
            }),
            Effect::Facts { issue, .. } => {
                self.change(entry, issue.lot, |lot| lot.issue = issue.clone());
            }
            Effect::Extended(lot) => {
                self.change(entry, lot, |lot| lot.times.extended_at = Some(entry.at));
            }
            Effect::Redeemed { redeemed, hold } => {
                self.touch(entry, redeemed.redemption);
                let made = redemption_at_first(self.profile, entry.at, redeemed, hold, entry.balances);
                self.redemptions.insert(made.id, made);
            }
            Effect::Returned { back, is_reversal } => {
                let balances = entry.balances;
                let made = to_return(self.profile, entry.at, back, is_reversal);
                self.returns.push(Return { balances, ..made });
            }
            Effect::Redemption(state) => {
                self.touch(entry, state.id);
                self.note(state);
            }
            Effect::HoldOpened(placed) => {
                self.touch(entry, placed.hold);
                self.keep_hold(entry, placed, HoldStatus::Held);
            }
            Effect::HoldClosed { hold, end } => {
                self.touch(entry, hold);
                self.close_hold(entry, hold, end);
            }
            Effect::Transaction(transaction) => {
                self.touch(entry, transaction.id);
                self.transactions.insert(transaction.id, transaction.clone());
            }
            _ => {}
        });
    }

    fn arrive(&mut self, entry: &Entry, arrival: &Arrival<'_>) {
        let state = WalletLot {
            issue: arrival.issue.clone(),
            issued: entry.at,
            external_id: entry.lot_external_id().cloned(),
            after: arrival.after,
            held: arrival.held,
            times: LotTimes { created_at: entry.at, updated_at: entry.at, extended_at: None },
        };
        self.lots.insert(arrival.issue.lot, state);
        self.touch(entry, arrival.issue.lot);
    }

    fn change(&mut self, entry: &Entry, lot: LotId, change: impl FnOnce(&mut WalletLot)) {
        self.touch(entry, lot);
        if let Some(lot) = self.lots.get_mut(&lot) {
            lot.times.updated_at = entry.at;
            change(lot);
        }
    }

    fn keep_hold(&mut self, entry: &Entry, placed: &HoldEntry, status: HoldStatus) {
        let hold = Hold { balances: entry.balances, ..to_hold(self.profile, placed, status) };
        self.holds.insert(hold.id, hold);
    }

    fn close_hold(&mut self, entry: &Entry, hold: HoldId, end: HoldEnd<'_>) {
        match end {
            HoldEnd::Captured(redemption) => {
                if let Some(hold) = self.holds.get_mut(&hold) {
                    hold.status = HoldStatus::Captured;
                    hold.redemption_id = Some(redemption);
                    hold.balances = entry.balances;
                }
            }
            HoldEnd::Released(release) => self.keep_hold(entry, &release.placed, HoldStatus::Released),
            HoldEnd::Lapsed(release) => self.keep_hold(entry, &release.placed, HoldStatus::Lapsed),
            HoldEnd::Moved => drop(self.holds.remove(&hold)),
        }
    }

    fn note(&mut self, state: &RedemptionState) {
        if let Some(redemption) = self.redemptions.get_mut(&state.id) {
            redemption.follow(state);
        }
    }
}

impl WalletLot {
    /// Its status, with its end as it stands (rule T9).
    fn status(&self, end: Expiry, at: Timestamp) -> LotStatus {
        let standing = match self.after.standing {
            gone @ (Standing::Revoked | Standing::MovedTo(_)) => gone,
            _ if end.is_past(at) => Standing::Expired,
            Standing::Pending(available_at) if available_at > at => Standing::Pending(available_at),
            _ => Standing::Usable,
        };
        standing.status(self.after.remaining, self.held)
    }

    fn to_lot<Q: From<Quantity>>(&self, profile: ProfileId, end: Expiry, at: Timestamp) -> Lot<Q> {
        Lot {
            value_remaining: self.after.standing.left(self.after.remaining).into(),
            value_held: self.held.into(),
            status: self.status(end, at),
            expires_at: end,
            is_kept_by_activity: end < self.after.expires_at && !end.is_past(at),
            ..Lot::at_issue(profile, self.issued, &self.issue, self.external_id.clone())
        }
    }
}
