//! The account of one profile: the unit of consistency.
//!
//! What is here is all that deciding needs: the live lots, the totals, the place in the journal. What is spent or
//! expired is in the journal only, so that the ten-thousandth redemption costs what the first did.

mod apply;
mod due;
mod lots;
mod next;

use serde::{Deserialize, Serialize};

pub use apply::Corrupt;
pub(crate) use due::bring_up_to;
pub use lots::{LiveLot, PendingLot};
use lots::{LotQueue, PendingLots};
pub use next::NextExpiry;

use crate::{Balances, LotKind, ProfileId, ProfileNumber, Quantity, Timestamp, Totals};

/// Everything that the ledger holds for one profile, as it stands after some entry of its journal.
///
/// It is the fold of that journal (rule J2): [`Account::replay`] makes it from the entries, and only a store needs
/// to do so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    #[serde(rename = "profile_id", with = "owner")]
    profile: ProfileId,
    number: ProfileNumber,
    sequence: u32,
    /// When the last entry happened; the year 1 where there is none.
    last_at: Timestamp,
    totals: Totals,
    rewards: LotQueue,
    points: LotQueue,
    pending: PendingLots,
}

impl Account {
    /// A profile's account before anything has happened.
    pub fn new(profile: ProfileId, number: ProfileNumber) -> Self {
        Self {
            profile,
            number,
            sequence: 0,
            last_at: Timestamp::MIN,
            totals: Totals::default(),
            rewards: LotQueue::default(),
            points: LotQueue::default(),
            pending: PendingLots::default(),
        }
    }

    /// An account that belongs to no profile: the catalogue's, or that of a number which was never drawn.
    pub fn without_profile(number: ProfileNumber) -> Self {
        Self::new(ProfileId::BLANK, number)
    }

    /// Whose it is; `None` for the catalogue, and for a number that was never drawn.
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

    /// When the last entry happened.
    pub fn last_at(&self) -> Option<Timestamp> {
        (self.sequence > 0).then_some(self.last_at)
    }

    /// Where everything that came in is now, as of the last entry.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The lots with value in them that are or were usable, in the order of use (rule C1). One whose time has come
    /// and of which no entry tells yet is still among them.
    pub fn lots(&self, kind: LotKind) -> impl ExactSizeIterator<Item = &LiveLot> {
        self.queue(kind).iter()
    }

    /// The lots that are not usable yet, soonest first.
    pub fn pending(&self) -> impl ExactSizeIterator<Item = &PendingLot> {
        self.pending.iter()
    }

    /// The balances at an instant, whether or not entries tell yet of what became available or expired (rule T7).
    ///
    /// An instant before the last entry gives the balances at the last entry.
    pub fn balances_at(&self, at: Timestamp) -> Balances {
        if self.next_deadline().is_none_or(|deadline| deadline > at) {
            return self.totals.balances();
        }
        let mut later = self.clone();
        let _ = bring_up_to(&mut later, at, &mut Vec::new());
        later.totals.balances()
    }

    /// The next instant at which something happens by itself: a lot becomes available or expires.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let expiries = [LotKind::Reward, LotKind::Point].into_iter().filter_map(|kind| {
            self.queue(kind)
                .iter()
                .find(|lot| !lot.unheld().is_zero())
                .and_then(|lot| lot.expires_at.instant())
        });
        expiries.chain(self.pending.first().map(|pending| pending.available_at)).min()
    }

    /// Whether the totals add up, and agree with the lots (rule J3).
    pub fn is_conserved(&self) -> bool {
        let sum = |kind, of: fn(&LiveLot) -> Quantity| -> i128 {
            self.queue(kind).iter().map(|lot| i128::from(of(lot).ten_thousandths())).sum()
        };
        let pending = |kind| -> i128 {
            let of_kind = self.pending.iter().filter(|pending| pending.kind == kind);
            of_kind.map(|pending| i128::from(pending.lot.remaining.ten_thousandths())).sum()
        };
        self.totals.is_conserved()
            && [LotKind::Reward, LotKind::Point].into_iter().all(|kind| {
                let pot = self.totals.pot(kind);
                sum(kind, LiveLot::unheld) == i128::from(pot.available.ten_thousandths())
                    && sum(kind, |lot| lot.held) == i128::from(pot.held.ten_thousandths())
                    && pending(kind) == i128::from(pot.pending.ten_thousandths())
            })
    }

    pub(crate) fn profile_id(&self) -> ProfileId {
        self.profile
    }

    pub(crate) fn queue(&self, kind: LotKind) -> &LotQueue {
        match kind {
            LotKind::Reward => &self.rewards,
            LotKind::Point => &self.points,
        }
    }

    fn queue_mut(&mut self, kind: LotKind) -> &mut LotQueue {
        match kind {
            LotKind::Reward => &mut self.rewards,
            LotKind::Point => &mut self.points,
        }
    }
}

/// A profile id, or `null` where there is none.
mod owner {
    use super::ProfileId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(profile: &ProfileId, serializer: S) -> Result<S::Ok, S::Error> {
        (!profile.is_blank()).then_some(profile).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProfileId, D::Error> {
        Option::deserialize(deserializer).map(|profile| profile.unwrap_or(ProfileId::BLANK))
    }
}
