//! The effects of an entry, defined once for each kind, in the file of that kind. The account, its totals, the
//! indexes, the wallet, the events and the projections all read them.

use crate::definition::{Defined, Scope};
use crate::id::{DefinitionId, ExternalId, HoldId, LotId, ProfileNumber, RedemptionId};
use crate::journal::{
    Bucket, Entry, EntryKind, HoldEntry, Issue, Item, LotKind, LotState, LotValue, Movement, Owed, Recovered,
    Redeemed, RedemptionState, Release, ReturnEntry, ReturnedTo, Transaction, define, extend,
};
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// One effect of an entry. An entry's effects are in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect<'a> {
    /// Value moves between buckets; the lots' states are separate effects.
    Move(Movement),
    /// A lot comes to the account.
    Arrive(Arrival<'a>),
    /// A lot becomes available.
    Mature(LotValue),
    /// Value of a lot is redeemed, from its available or its held part, or although the lot has expired (rule T10); then
    /// the lot's new state comes later.
    Take { lot: LotId, kind: LotKind, value: Quantity, from: Bucket },
    /// Value of a live lot is set aside.
    Hold { lot: LotId, kind: LotKind, value: Quantity },
    /// Held value of a lot is released. The lot's new state comes next.
    Free { lot: LotId, kind: LotKind, value: Quantity, to: Bucket },
    /// Value of a lot is clawed back instead of going to it.
    ClawBack { lot: LotId, kind: LotKind, value: Quantity, from: Bucket },
    /// The scope of a lot that becomes usable again (rule S2). The lot's new state comes next.
    Scope { lot: LotId, scope: &'a Scope },
    /// The new state of a lot.
    State(&'a LotState),
    /// The fixed facts of a lot were corrected. The lot's new state comes next.
    Facts { issue: &'a Issue, external_id: Option<&'a ExternalId> },
    /// A lot was extended. Its new state came before.
    Extended(LotId),
    /// A redemption was made, of a hold or not. The share of each lot comes next.
    Redeemed { redeemed: &'a Redeemed, hold: Option<HoldId> },
    /// Value was given back.
    Returned { back: &'a ReturnEntry, is_reversal: bool },
    /// The new state of an earlier redemption.
    Redemption(&'a RedemptionState),
    /// A hold is open from now on.
    HoldOpened(&'a HoldEntry),
    /// A hold is closed.
    HoldClosed { hold: HoldId, end: HoldEnd<'a> },
    /// A transaction owes points.
    Owe(&'a Owed),
    /// Earnings paid points of the debts, the oldest sale's first: of redeemable points, or of those of a definition
    /// whose points are not (rule K1).
    PayDebt { points: Points, status: Option<DefinitionId> },
    /// A transaction owes less, because value of this kind that flowed back was clawed back.
    Recover { recovered: Recovered, kind: LotKind },
    /// Value was transferred to another profile, and counts towards the limit of a day until it ends (rule L5).
    Sent { kind: LotKind, value: Quantity, until: Timestamp },
    /// The last activity, now that another profile was merged into this one (rule T9).
    Active(Timestamp),
    /// The profile was merged into another.
    MergedInto(ProfileNumber),
    /// Another profile was merged into this one, directly or by way of a third.
    MergedFrom(ProfileNumber),
    /// The new state of a transaction.
    Transaction(&'a Transaction),
    /// The new state of a definition.
    Define(&'a Defined),
}

/// A lot that comes to an account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    /// Its fixed facts.
    pub(crate) issue: &'a Issue,
    /// Its state.
    pub(crate) after: LotState,
    /// The held part of it.
    pub(crate) held: Quantity,
    /// The caller's own id of a lot that came from another profile; a new lot has it in the stamp.
    pub(crate) external_id: Option<&'a ExternalId>,
    /// The profile that it came from; `None` for a new one.
    pub(crate) from: Option<ProfileNumber>,
}

/// The reason why a hold is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HoldEnd<'a> {
    Captured(RedemptionId),
    Released(&'a Release),
    Lapsed(&'a Release),
    /// It moved to another profile.
    Moved,
}

impl EntryKind {
    /// Calls `tell` with each effect of this kind of entry, when it happens at `at`.
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
            Self::TransferOut(sent) => sent.effects(tell),
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

    /// The movement of value in this effect.
    #[inline(always)]
    pub(crate) fn movement(&self) -> Option<Movement> {
        let (kind, from, to, value) = match *self {
            Self::Move(movement) => return Some(movement),
            Self::Take { kind, value, from, .. } => (kind, from, Bucket::Redeemed, value),
            Self::Mature(lot) => (lot.kind, Bucket::Pending, Bucket::Available, lot.value),
            Self::Hold { kind, value, .. } => (kind, Bucket::Available, Bucket::Held, value),
            Self::Free { kind, value, to, .. } => (kind, Bucket::Held, to, value),
            Self::ClawBack { kind, value, from, .. } => (kind, from, Bucket::ClawedBack, value),
            _ => return None,
        };
        Some(Movement { kind, from, to, value })
    }

    /// The new state of a lot, if the effect gives it in full.
    pub(crate) fn lot_state(&self) -> Option<LotState> {
        match *self {
            Self::State(after) => Some(*after),
            Self::Arrive(arrival) => Some(arrival.after),
            _ => None,
        }
    }
}

impl Entry {
    /// Calls `tell` with each effect of this entry.
    #[inline]
    pub(crate) fn effects<'a>(&'a self, tell: impl FnMut(Effect<'a>)) {
        self.kind.effects(self.at, tell);
    }

    /// The lots whose new state this entry gives in full: all but live lots that it takes value from or sets value
    /// aside in.
    pub(crate) fn lot_states(&self) -> Vec<LotState> {
        let mut states = Vec::new();
        self.effects(|effect| states.extend(effect.lot_state()));
        states
    }

    /// The state of a lot after this entry, if given. If one entry changes a lot twice, the last state counts.
    pub fn lot_state(&self, lot: LotId) -> Option<LotState> {
        let mut found = None;
        self.effects(|effect| found = effect.lot_state().filter(|after| after.lot == lot).or(found));
        found
    }

    /// The new lots of this entry that stand in for a transaction's own lot.
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

    /// The fixed facts of a lot, if this entry gives them.
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

    /// The caller's own id of this entry's lot.
    pub(crate) fn lot_external_id(&self) -> Option<&ExternalId> {
        let mut found = self.external().and_then(|external| external.lot());
        self.effects(|effect| match effect {
            Effect::Arrive(Arrival { external_id: Some(id), .. })
            | Effect::Facts { external_id: Some(id), .. } => found = Some(id),
            _ => {}
        });
        found
    }

    /// The redemption that this entry made.
    pub(crate) fn redeemed(&self) -> Option<&Redeemed> {
        let mut found = None;
        self.effects(|effect| {
            if let Effect::Redeemed { redeemed, .. } = effect {
                found = Some(redeemed);
            }
        });
        found
    }

    /// The state of a redemption, if this entry changes it.
    pub fn redemption_state(&self, id: RedemptionId) -> Option<RedemptionState> {
        let mut found = None;
        self.effects(|effect| match effect {
            Effect::Redemption(state) if state.id == id => found = Some(state.clone()),
            _ => {}
        });
        found
    }
}
