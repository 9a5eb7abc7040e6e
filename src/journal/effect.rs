//! What an entry does, said once for each kind of entry, in the file of that kind. The account, its totals, the indexes,
//! the wallet, the events and the projections are readers of it.

use crate::definition::Defined;
use crate::id::{ExternalId, HoldId, LotId, ProfileNumber, RedemptionId};
use crate::journal::{
    Bucket, Entry, EntryKind, HoldEntry, Issue, Item, LotKind, LotState, LotValue, Movement, Owed, Recovered,
    Redeemed, RedemptionState, Release, ReturnEntry, ReturnedTo, Transaction, define, extend,
};
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// One of the things that an entry does, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect<'a> {
    /// Value moves, and the lots are told of by themselves.
    Move(Movement),
    /// A lot comes to the account.
    Arrive(Arrival<'a>),
    /// A lot becomes available.
    Mature(LotValue),
    /// Value of a live lot is redeemed: of what was available, or held.
    Take { lot: LotId, kind: LotKind, value: Quantity, from: Bucket },
    /// Value of a live lot is set aside.
    Hold { lot: LotId, kind: LotKind, value: Quantity },
    /// Held value of a lot is let go. How the lot stands then comes next.
    Free { lot: LotId, kind: LotKind, value: Quantity, to: Bucket },
    /// A lot stands so from now on.
    State(&'a LotState),
    /// What is fixed about a lot was corrected. How it stands then comes next.
    Facts { issue: &'a Issue, external_id: Option<&'a ExternalId> },
    /// A lot was extended. How it stands came before.
    Extended(LotId),
    /// A redemption was made, of a hold or not. What each lot gave comes next.
    Redeemed { redeemed: &'a Redeemed, hold: Option<HoldId> },
    /// Value was given back.
    Returned { back: &'a ReturnEntry, is_reversal: bool },
    /// An earlier redemption stands so from now on.
    Redemption(RedemptionState),
    /// A hold is open.
    HoldOpened(&'a HoldEntry),
    /// A hold is not open any more.
    HoldClosed { hold: HoldId, end: HoldEnd<'a> },
    /// A transaction owes points.
    Owe(&'a Owed),
    /// Earnings paid so many points of what is owed, the oldest sale's first.
    PayDebt(Points),
    /// A transaction owes so much less, as that was clawed back when it flowed back.
    Recover(Recovered),
    /// The profile was merged into another.
    MergedInto(ProfileNumber),
    /// Another profile was merged into this one, maybe by way of a third.
    MergedFrom(ProfileNumber),
    /// A transaction stands so from now on.
    Transaction(&'a Transaction),
    /// A definition stands so from now on.
    Define(&'a Defined),
}

/// A lot that comes to an account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    /// What is fixed about it.
    pub(crate) issue: &'a Issue,
    /// How it stands.
    pub(crate) after: LotState,
    /// What of it is held.
    pub(crate) held: Quantity,
    /// The caller's own id for it, where it came from elsewhere; the stamp of a new one says it.
    pub(crate) external_id: Option<&'a ExternalId>,
    /// The profile that it came from; `None` for a new one.
    pub(crate) from: Option<ProfileNumber>,
}

/// Why a hold is not open any more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HoldEnd<'a> {
    Captured(RedemptionId),
    Released(&'a Release),
    Lapsed(&'a Release),
    /// It went along to another profile.
    Moved,
}

impl EntryKind {
    /// Tells what this does when it happens at `at`.
    #[inline]
    pub(crate) fn effects<'a>(&'a self, at: Timestamp, mut tell: impl FnMut(Effect<'a>)) {
        let tell = &mut tell;
        match self {
            Self::Define(defined) => define::effects(defined, tell),
            Self::Issue(issue) => issue.effects(at, tell),
            Self::Mature(lot) => lot.effects(tell),
            Self::Expire(expired) => expired.effects(tell),
            Self::Redeem(redeemed) => redeemed.effects(tell),
            Self::Hold(hold) => hold.effects(tell),
            Self::Capture(capture) => capture.effects(tell),
            Self::Release(release) => release.effects(HoldEnd::Released(release), tell),
            Self::Lapse(release) => release.effects(HoldEnd::Lapsed(release), tell),
            Self::Return(back) => back.effects(false, tell),
            Self::Reversal(back) => back.effects(true, tell),
            Self::Extend(changes) => extend::effects(changes, tell),
            Self::ReassignOut(moved) => moved.effects(tell),
            Self::ReassignIn(moved) => moved.effects(tell),
            Self::Revoke(corrected) | Self::Adjust(corrected) => corrected.effects(tell),
            Self::Transaction(change) => change.effects(tell),
            Self::Earn(earned) => earned.effects(tell),
            Self::Clawback(clawed) => clawed.effects(tell),
            Self::MergeOut(merged) => merged.effects(tell),
            Self::MergeIn(merged) => merged.effects(tell),
        }
    }
}

impl Effect<'_> {
    #[inline]
    pub(super) fn take(item: &Item, from: Bucket) -> Self {
        Self::Take { lot: item.lot, kind: item.kind(), value: item.value(), from }
    }

    pub(super) fn hold(item: &Item) -> Self {
        Self::Hold { lot: item.lot, kind: item.kind(), value: item.value() }
    }

    /// What moves with it.
    #[inline(always)]
    pub(crate) fn movement(&self) -> Option<Movement> {
        let (kind, from, to, value) = match *self {
            Self::Move(movement) => return Some(movement),
            Self::Take { kind, value, from, .. } => (kind, from, Bucket::Redeemed, value),
            Self::Mature(lot) => (lot.kind, Bucket::Pending, Bucket::Available, lot.value),
            Self::Hold { kind, value, .. } => (kind, Bucket::Available, Bucket::Held, value),
            Self::Free { kind, value, to, .. } => (kind, Bucket::Held, to, value),
            _ => return None,
        };
        Some(Movement { kind, from, to, value })
    }

    /// How a lot stands after it, if it says so in full.
    pub(crate) fn lot_state(&self) -> Option<LotState> {
        match *self {
            Self::State(after) => Some(*after),
            Self::Arrive(arrival) => Some(arrival.after),
            _ => None,
        }
    }
}

impl Entry {
    /// Tells what this does.
    #[inline]
    pub(crate) fn effects<'a>(&'a self, tell: impl FnMut(Effect<'a>)) {
        self.kind.effects(self.at, tell);
    }

    /// The lots of which this entry says in full how they stand after it: all but those that it takes from, or sets aside
    /// of, while they are live.
    pub(crate) fn lot_states(&self) -> Vec<LotState> {
        let mut states = Vec::new();
        self.effects(|effect| states.extend(effect.lot_state()));
        states
    }

    /// How a lot stands after this entry, if the entry says. Where one entry changes a lot twice, the last word counts.
    pub fn lot_state(&self, lot: LotId) -> Option<LotState> {
        let mut found = None;
        self.effects(|effect| found = effect.lot_state().filter(|after| after.lot == lot).or(found));
        found
    }

    /// The lots that this entry makes to stand in for a transaction's own one.
    pub(crate) fn stand_ins(&self, lot: LotId) -> Vec<LotId> {
        let mut found = Vec::new();
        self.effects(|effect| {
            if let Effect::Returned { back, .. } = effect {
                found.extend(back.items.iter().filter(|item| item.lot == lot).filter_map(
                    |item| match item.to {
                        ReturnedTo::NewLot(new) => Some(new),
                        _ => None,
                    },
                ));
            }
        });
        found
    }

    /// What is fixed about a lot, if the entry says.
    pub fn issue_of(&self, lot: LotId) -> Option<&Issue> {
        let mut found = None;
        self.effects(|effect| match effect {
            Effect::Arrive(Arrival { issue, .. }) | Effect::Facts { issue, .. } if issue.lot == lot => {
                found = Some(issue);
            }
            _ => {}
        });
        found
    }

    /// The caller's own id of the lot that this entry is about.
    pub(crate) fn lot_external_id(&self) -> Option<&ExternalId> {
        let mut found = self.external().and_then(|external| external.lot());
        self.effects(|effect| match effect {
            Effect::Arrive(Arrival { external_id: Some(id), .. })
            | Effect::Facts { external_id: Some(id), .. } => found = Some(id),
            _ => {}
        });
        found
    }

    /// The redemption that it made.
    pub(crate) fn redeemed(&self) -> Option<&Redeemed> {
        let mut found = None;
        self.effects(|effect| {
            if let Effect::Redeemed { redeemed, .. } = effect {
                found = Some(redeemed);
            }
        });
        found
    }

    /// What this entry says of a redemption, if it changes it.
    pub fn redemption_state(&self, id: RedemptionId) -> Option<RedemptionState> {
        let mut found = None;
        self.effects(|effect| match effect {
            Effect::Redemption(state) if state.id == id => found = Some(state),
            _ => {}
        });
        found
    }
}
