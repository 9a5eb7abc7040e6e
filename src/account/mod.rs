//! The account of one profile: the unit of consistency.
//!
//! It holds only what decisions need: live lots, totals, and the position in the journal. Spent and expired lots are
//! only in the journal, so that the ten-thousandth redemption costs the same as the first.

mod apply;
mod corrupt;
mod debts;
mod due;
mod form;
mod holds;
mod lapsing;
mod lots;
mod next;
mod rest;
#[cfg(any(test, feature = "postgres"))]
mod retention;
mod scopes;
mod sent;
#[cfg(any(test, feature = "postgres", feature = "sqlite"))]
pub(crate) mod wire;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use corrupt::{Contradiction, Corrupt};
pub(crate) use debts::Debts;
pub(crate) use due::{release_items, settle_due};
use form::AccountWire;
use lapsing::{InOrder, Lapsing};
use lots::LotQueue;
pub use lots::{LiveLot, OverdueLot, PendingLot};
pub use next::NextExpiry;
use rest::ColdState;
#[cfg(feature = "postgres")]
pub(crate) use retention::unneeded;

use crate::definition::Scope;
use crate::id::{HoldId, LotId, ProfileId, ProfileNumber};
use crate::journal::{self, Balances, HoldEntry, KindTotals, LotKind, LotState, Owed, Standing, Totals};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// The state of one profile after some entry of its journal.
///
/// The fold of that journal (rule J2): [`Account::replay`] makes an account from the entries, and only a store needs
/// to do so.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "AccountWire", into = "AccountWire")]
pub struct Account {
    profile: ProfileId,
    number: ProfileNumber,
    sequence: u32,
    /// The instant of the last entry; the year 1 if there is none.
    last_at: Timestamp,
    /// The last activity; the year 1 if there was none (rule T9).
    active_at: Timestamp,
    /// The totals of the rewards.
    rewards_pot: KindTotals,
    rewards: LotQueue,
    rest: Option<Box<ColdState>>,
}

impl Account {
    /// The account of a profile before its first entry.
    pub fn new(profile: ProfileId, number: ProfileNumber) -> Self {
        Self {
            profile,
            number,
            sequence: 0,
            last_at: Timestamp::MIN,
            active_at: Timestamp::MIN,
            rewards_pot: KindTotals::EMPTY,
            rewards: LotQueue::EMPTY,
            rest: None,
        }
    }

    /// An account without a profile: the catalogue's, or that of a number that was never drawn.
    pub fn without_profile(number: ProfileNumber) -> Self {
        Self::new(ProfileId::BLANK, number)
    }

    /// An account of the same profile that has just these lots, with their scopes: to draw from (rule T10).
    pub(crate) fn of_lots<'s>(
        like: &Self,
        lots: impl IntoIterator<Item = (LotKind, LiveLot, Option<&'s Scope>)>,
    ) -> Self {
        let mut account = Self::new(like.profile, like.number);
        for (kind, lot, scope) in lots {
            account.put_available(kind, lot, scope);
        }
        account
    }

    /// The account's profile; `None` for the catalogue, and for a number that was never drawn.
    pub fn profile(&self) -> Option<&ProfileId> {
        (!self.profile.is_blank()).then_some(&self.profile)
    }

    /// The profile's number in its store.
    pub fn number(&self) -> ProfileNumber {
        self.number
    }

    /// The sequence number of the last entry: the account's version. Zero before the first.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// The instant of the last entry.
    pub fn last_at(&self) -> Option<Timestamp> {
        (self.sequence > 0).then_some(self.last_at)
    }

    /// The last activity that keeps points from lapsing (rule T9).
    pub fn active_at(&self) -> Option<Timestamp> {
        (self.active_at > Timestamp::MIN).then_some(self.active_at)
    }

    /// The totals as of the last entry: where all value that came in is now.
    #[inline]
    pub fn totals(&self) -> Totals {
        let rest = self.rest();
        Totals {
            rewards: self.rewards_pot,
            points: rest.points_pot,
            status_points: rest.status_pot,
            point_debt: rest.point_debt,
        }
    }

    /// The lots with value that are or were usable, in the order of use (rule C1). A lot past its expiry is still
    /// among them until an entry says that it expired.
    pub fn lots(&self, kind: LotKind) -> impl ExactSizeIterator<Item = LiveLot> {
        InOrder::new(self.queue(kind).iter(), kind, self.lapsing())
    }

    /// The rewards among them.
    #[inline]
    pub(crate) fn rewards(&self) -> std::slice::Iter<'_, LiveLot> {
        self.rewards.iter()
    }

    /// The lots that are not usable yet, soonest first.
    pub fn pending(&self) -> impl ExactSizeIterator<Item = &PendingLot> {
        self.rest().pending.iter()
    }

    /// The lots with a part held past their expiry.
    pub fn overdue(&self) -> impl ExactSizeIterator<Item = &OverdueLot> {
        self.rest().overdue.iter()
    }

    /// The scope of a live lot, if it has one (rule S2).
    pub(crate) fn scope(&self, lot: LotId) -> Option<&Scope> {
        self.rest().scopes.get(lot)
    }

    /// The scopes of the live lots that have one.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.rest().scopes.iter()
    }

    /// Whether a live lot has a scope.
    #[inline]
    pub(crate) fn has_scopes(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| !rest.scopes.is_empty())
    }

    /// The open holds, the soonest to lapse first.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = &HoldEntry> {
        self.rest().holds.iter()
    }

    /// The points that transactions owe as of the last entry, the oldest sale first; see [`Account::owed_at`].
    pub fn owed(&self) -> impl ExactSizeIterator<Item = &Owed> {
        self.debts().iter()
    }

    pub(crate) fn debts(&self) -> &Debts {
        &self.rest().debts
    }

    /// Whether every lot that can be used takes back all that it gave: nothing is owed first, and none was a transaction's
    /// own once (rule X5).
    pub(crate) fn takes_all_back(&self) -> bool {
        self.debts().is_empty() && !self.rest().has_former_lots
    }

    /// The value of one kind that was transferred to other profiles on the day of an instant (rule L5).
    pub(crate) fn sent(&self, kind: LotKind, at: Timestamp) -> Quantity {
        self.rest().sent.as_ref().map_or(Quantity::ZERO, |sent| sent.at(kind, at))
    }

    /// The same of each kind that anything was transferred of.
    pub(crate) fn all_sent(&self, at: Timestamp) -> Vec<journal::Sent> {
        let sent = self.rest().sent.as_ref();
        let of = |kind| sent.map(|sent| journal::Sent { kind, value: sent.at(kind, at), until: sent.until });
        LotKind::ALL.into_iter().filter_map(of).filter(|sent| !sent.value.is_zero()).collect()
    }

    /// The profile that this one was merged into, which has its value now.
    pub fn merged_into(&self) -> Option<ProfileNumber> {
        self.rest().merged_into
    }

    /// The profiles that were merged into this one, directly or by way of another.
    pub(crate) fn merged_from(&self) -> &[ProfileNumber] {
        &self.rest().merged_from
    }

    /// Whether a number belongs to this profile, or to one that was merged into it.
    pub(crate) fn includes_number(&self, number: ProfileNumber) -> bool {
        number == self.number || self.merged_from().contains(&number)
    }

    /// The balances at an instant, including changes that are due but have no entry yet (rule T7).
    ///
    /// An instant before the last entry gives the balances at the last entry.
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
    /// use scrip::account::Account;
    ///
    /// // Folding the journal gives the account (rule J2).
    /// let wallet = till.wallet(alice)?;
    /// let mut account = Account::new(alice, reward.id.number());
    /// for entry in wallet.journal() {
    ///     account.follow(entry)?;
    /// }
    /// assert_eq!(account.balances_at(wallet.at()), wallet.balances());
    /// # Ok(())
    /// # }
    /// ```
    pub fn balances_at(&self, at: Timestamp) -> Balances {
        self.totals_at(at).balances()
    }

    /// The totals at an instant, under the same conditions as [`Account::balances_at`].
    pub fn totals_at(&self, at: Timestamp) -> Totals {
        self.settled_at(at).totals()
    }

    /// The points that transactions owe at an instant, the oldest sale first: points that were spent or held when the
    /// purchase came back (rule X5). The instant counts as for [`Account::balances_at`].
    pub fn owed_at(&self, at: Timestamp) -> Vec<Owed> {
        self.settled_at(at).owed().cloned().collect()
    }

    fn settled_at(&self, at: Timestamp) -> Cow<'_, Self> {
        if !self.is_due(at) {
            return Cow::Borrowed(self);
        }
        let mut later = self.clone();
        let _ = settle_due(&mut later, at, &mut Vec::new());
        Cow::Owned(later)
    }

    /// The next deadline: the instant at which a lot becomes available or expires, or a hold lapses.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let fixed =
            LotKind::ALL.into_iter().filter_map(|kind| Some(self.queue(kind).first_unheld()?.expires_at));
        let expiries = fixed.chain(self.lapsing().deadlines()).filter_map(Expiry::instant);
        let matures = self.rest().pending.first().map(|pending| pending.available_at);
        let lapses = self.rest().holds.first().map(|hold| hold.expires_at);
        expiries.chain(matures).chain(lapses).min()
    }

    /// Whether something fell due by an instant and has no entry yet.
    #[inline]
    pub(crate) fn is_due(&self, at: Timestamp) -> bool {
        let is_past = |lot: &LiveLot| lot.expires_at.is_past(at);
        self.rewards.first_unheld().is_some_and(is_past)
            || self.rest.as_ref().is_some_and(|rest| {
                rest.points.first_unheld().is_some_and(is_past)
                    || rest.status.first_unheld().is_some_and(is_past)
                    || rest.pending.first().is_some_and(|pending| pending.available_at <= at)
                    || rest.holds.first().is_some_and(|hold| hold.expires_at <= at)
                    || rest.lapsing.as_ref().is_some_and(|lapsing| lapsing.is_due(at))
            })
    }

    /// Whether the totals add up, and agree with the lots and the holds (rule J3).
    pub fn is_conserved(&self) -> bool {
        self.totals().is_conserved()
            && self.debts().collected(None) == value(self.rest().point_debt.into())
            && LotKind::ALL.into_iter().all(|kind| {
                let pot = self.pot(kind);
                let live = || self.lots(kind);
                let overdue = || {
                    self.rest().overdue.iter().filter(move |lot| lot.kind == kind).map(|overdue| overdue.lot)
                };
                let pending = self
                    .rest()
                    .pending
                    .iter()
                    .filter(|pending| pending.kind == kind)
                    .map(|pending| &pending.lot);
                let items =
                    self.rest().holds.iter().flat_map(|hold| &hold.items).filter(|item| item.kind() == kind);
                let held = sum(items.map(|item| item.value()));
                sum(live().map(|lot| lot.unheld())) == value(pot.available)
                    && sum(live().chain(overdue()).map(|lot| lot.held)) == value(pot.held)
                    && held == value(pot.held)
                    && sum(pending.map(|lot| lot.remaining)) == value(pot.pending)
            })
    }

    /// Touches the account's header, so that it is in the cache.
    #[inline]
    pub(crate) fn prefetch(&self) -> u64 {
        let available = self.rewards_pot.available.ten_thousandths().unsigned_abs();
        let marks = u64::from(self.sequence)
            ^ u64::from(self.profile.is_blank())
            ^ u64::from(self.merged_into().is_some());
        [self.rewards.len(), self.rest().points.len()]
            .into_iter()
            .fold(available ^ marks, |sum, part| sum ^ u64::try_from(part).unwrap_or(0))
    }

    /// Touches the account's first rewards, so that they are in the cache.
    #[inline]
    pub(crate) fn prefetch_lots(&self) -> u64 {
        self.rewards.iter().take(3).fold(0, |sum, lot| sum ^ lot.id.get())
    }

    pub(crate) fn profile_id(&self) -> ProfileId {
        self.profile
    }

    pub(crate) fn queue(&self, kind: LotKind) -> &LotQueue {
        match kind {
            LotKind::Reward => &self.rewards,
            LotKind::Point => &self.rest().points,
            LotKind::Status => &self.rest().status,
        }
    }

    /// The totals of one kind of value.
    #[inline]
    pub(crate) fn pot(&self, kind: LotKind) -> &KindTotals {
        match kind {
            LotKind::Reward => &self.rewards_pot,
            LotKind::Point => &self.rest().points_pot,
            LotKind::Status => &self.rest().status_pot,
        }
    }

    /// The balances as of the last entry.
    #[inline]
    pub(crate) fn balances(&self) -> Balances {
        let rest = self.rest();
        Balances::of(&self.rewards_pot, &rest.points_pot, &rest.status_pot, rest.point_debt)
    }

    #[inline]
    fn rest(&self) -> &ColdState {
        self.rest.as_deref().unwrap_or(ColdState::NONE)
    }

    fn lapsing(&self) -> &Lapsing {
        self.rest().lapsing.as_deref().unwrap_or(Lapsing::NONE)
    }

    fn rest_mut(&mut self) -> &mut ColdState {
        self.rest.get_or_insert_default()
    }

    /// The state of a lot that is live at an instant (usable, pending, or held past its expiry), and the held part of it.
    pub(crate) fn live(&self, id: LotId, at: Timestamp) -> Option<(LotState, Quantity)> {
        self.live_counting(id, at, self.active_at())
    }

    /// The same, with the start of its period as its last state says, or at this activity if that is later (rule T9).
    pub(crate) fn live_counting(
        &self,
        id: LotId,
        at: Timestamp,
        active_at: Option<Timestamp>,
    ) -> Option<(LotState, Quantity)> {
        let queued = LotKind::ALL.into_iter().find_map(|kind| {
            let lot = self.queue(kind).iter().find(|lot| lot.id == id)?;
            let standing = if lot.expires_at.is_past(at) { Standing::Expired } else { Standing::Usable };
            Some((lot.state(kind, standing), lot.held))
        });
        let pending = || {
            let found = self.rest().pending.iter().find(|pending| pending.lot.id == id)?;
            let state = found.lot.state(found.kind, Standing::Pending(found.available_at));
            Some((LotState { inactivity: found.inactivity, ..state }, found.lot.held))
        };
        let overdue = || {
            let found = self.rest().overdue.iter().find(|overdue| overdue.lot.id == id)?;
            let state = found.lot.state(found.kind, Standing::Expired);
            let state = LotState { inactivity: found.inactivity, ..state };
            Some((self.lasting(state, at), found.lot.held))
        };
        let lapsing = || self.lapsing().state(id, at, active_at);
        queued.or_else(lapsing).or_else(pending).or_else(overdue)
    }

    pub(crate) fn hold(&self, id: HoldId) -> Option<&HoldEntry> {
        self.rest().holds.iter().find(|hold| hold.hold == id)
    }

    fn queue_mut(&mut self, kind: LotKind) -> &mut LotQueue {
        match kind {
            LotKind::Reward => &mut self.rewards,
            LotKind::Point => &mut self.rest_mut().points,
            LotKind::Status => &mut self.rest_mut().status,
        }
    }
}

/// Empty cold state equals none.
impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        let own = |account: &Self| {
            (account.profile, account.number, account.sequence, account.last_at, account.active_at)
        };
        own(self) == own(other)
            && self.rewards_pot == other.rewards_pot
            && self.rewards == other.rewards
            && self.rest() == other.rest()
    }
}

impl Eq for Account {}

fn value(quantity: Quantity) -> i128 {
    quantity.ten_thousandths().into()
}

fn sum(quantities: impl Iterator<Item = Quantity>) -> i128 {
    quantities.map(value).sum()
}
