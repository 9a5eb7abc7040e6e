//! Rarely used state, kept apart from the account so that a million ordinary accounts stay small, and each fits few
//! cache lines.

use super::debts::Debts;
use super::holds::OpenHolds;
use super::lapsing::Lapsing;
use super::lots::{LotQueue, OverdueLot, PendingLots};
use super::scopes::Scopes;
use super::sent::Sent;
use crate::id::ProfileNumber;
use crate::journal::KindTotals;
use crate::value::Points;

/// The state of an account other than its rewards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ColdState {
    pub(super) points: LotQueue,
    /// The totals of the points.
    pub(super) points_pot: KindTotals,
    /// Points that cannot be redeemed (rule K1).
    pub(super) status: LotQueue,
    /// The totals of these.
    pub(super) status_pot: KindTotals,
    pub(super) point_debt: Points,
    /// All owed points: the debt above, and the shortfalls that are not collected.
    pub(super) debts: Debts,
    /// The points that lapse for inactivity (rule T9).
    pub(super) lapsing: Option<Box<Lapsing>>,
    pub(super) pending: PendingLots,
    /// Lots with a part held past their expiry.
    pub(super) overdue: Vec<OverdueLot>,
    pub(super) holds: OpenHolds,
    pub(super) scopes: Scopes,
    pub(super) sent: Option<Box<Sent>>,
    /// Whether a lot came that was a transaction's own once: not everything goes back to such a lot (rule X5).
    pub(super) has_former_lots: bool,
    /// The profile that this one was merged into.
    pub(super) merged_into: Option<ProfileNumber>,
    /// The profiles that were merged into this one, directly or by way of another.
    pub(super) merged_from: Vec<ProfileNumber>,
}

impl ColdState {
    /// The cold state of an ordinary account: empty.
    pub(super) const NONE: &Self = &Self {
        points: LotQueue::EMPTY,
        points_pot: KindTotals::EMPTY,
        status: LotQueue::EMPTY,
        status_pot: KindTotals::EMPTY,
        point_debt: Points::ZERO,
        debts: Debts::EMPTY,
        lapsing: None,
        pending: PendingLots::EMPTY,
        overdue: Vec::new(),
        holds: OpenHolds::EMPTY,
        scopes: Scopes::EMPTY,
        sent: None,
        has_former_lots: false,
        merged_into: None,
        merged_from: Vec::new(),
    };
}

#[cfg(test)]
mod tests {
    use crate::account::Account;
    use crate::id::{ProfileId, ProfileNumber};

    /// A million accounts stay small.
    #[test]
    fn an_account_is_small() {
        assert!(size_of::<Account>() <= 216, "{}", size_of::<Account>());
    }

    #[test]
    fn what_is_empty_again_is_as_good_as_nothing() {
        let new = Account::new(ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
        let mut used = new.clone();
        used.rest_mut().merged_into = None;
        assert!(used.rest.is_some() && used == new);
        assert_eq!(serde_json::to_string(&used).unwrap(), serde_json::to_string(&new).unwrap());
        used.rest_mut().merged_into = Some(new.number());
        assert_ne!(used, new);
    }
}
