//! What an entry does: what it moves, and how the lots stand that it changed.

use crate::id::{LotId, RedemptionId};
use crate::journal::{
    Bucket, Entry, EntryKind, Issue, Items, LotKind, LotState, Movement, Origin, RedemptionState, ReleasedLot,
};
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// How an entry changes what is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DebtChange {
    pub(crate) owed: Points,
    pub(crate) paid: Points,
}

impl EntryKind {
    /// What this moves when it happens at `at`.
    pub(crate) fn for_each_movement(&self, at: Timestamp, mut moves: impl FnMut(Movement)) {
        match self {
            Self::Define(_) | Self::Transaction(_) | Self::Link(_) | Self::MergeOut(_) | Self::MergeIn(_) => {
            }
            Self::Issue(issue) => issued(issue, at, moves),
            Self::Mature(lot) => moves(movement(lot.kind, Bucket::Pending, Bucket::Available, lot.value)),
            Self::Expire(lot) => {
                moves(movement(lot.after.kind, Bucket::Available, Bucket::Expired, lot.value))
            }
            Self::Redeem(redeem) => taken(&redeem.items, Bucket::Available, Bucket::Redeemed, moves),
            Self::Hold(hold) => taken(&hold.items, Bucket::Available, Bucket::Held, moves),
            Self::Capture(capture) => {
                taken(&capture.redeem.items, Bucket::Held, Bucket::Redeemed, &mut moves);
                freed(&capture.released, moves);
            }
            Self::Release(release) | Self::Lapse(release) => freed(&release.released, moves),
            Self::Return(back) | Self::Reversal(back) => {
                back.items
                    .iter()
                    .filter_map(|item| item.change.as_ref())
                    .flat_map(|c| &c.moved)
                    .copied()
                    .for_each(moves);
            }
            Self::ReturnElsewhere(back) => back.moved.iter().copied().for_each(moves),
            Self::Extend(changes) => changes.iter().flat_map(|change| &change.moved).copied().for_each(moves),
            Self::ReassignOut(moved) => moved.change.moved.iter().copied().for_each(moves),
            Self::ReassignIn(moved) => moved.change.moved.iter().copied().for_each(moves),
            Self::Revoke(lot) | Self::Adjust(lot) => lot.change.moved.iter().copied().for_each(moves),
            Self::Earn(earned) => earned.change.moved.iter().copied().for_each(moves),
            Self::Clawback(clawed) => clawed.change.iter().flat_map(|c| &c.moved).copied().for_each(moves),
        }
    }

    /// How this changes what is owed.
    pub(crate) fn debt_change(&self) -> DebtChange {
        let none = DebtChange::default();
        match self {
            Self::Issue(issue) => match issue.origin() {
                Some(Origin::Earned { paid_to_debt, .. }) => DebtChange { paid: paid_to_debt, ..none },
                _ => none,
            },
            Self::Earn(earned) => DebtChange { paid: earned.paid_to_debt, ..none },
            Self::Clawback(clawed) => DebtChange { owed: clawed.owed, ..none },
            Self::MergeOut(merged) => DebtChange { paid: merged.point_debt, ..none },
            Self::MergeIn(merged) => DebtChange { owed: merged.point_debt, ..none },
            _ => none,
        }
    }

    /// How the lots stand now that this changed, other than by issuing them or taking from them while they are live.
    pub(crate) fn lots_after(&self) -> Vec<&LotState> {
        match self {
            Self::Expire(expired) => vec![&expired.after],
            Self::Capture(capture) => {
                capture.released.iter().map(|freed| &freed.after).chain(&capture.expired).collect()
            }
            Self::Release(release) | Self::Lapse(release) => {
                release.released.iter().map(|freed| &freed.after).collect()
            }
            Self::Return(back) | Self::Reversal(back) => back
                .items
                .iter()
                .filter_map(|item| item.change.as_ref())
                .map(|change| &change.after)
                .collect(),
            Self::Extend(changes) => changes.iter().map(|change| &change.after).collect(),
            Self::ReassignOut(moved) => vec![&moved.change.after],
            Self::ReassignIn(moved) => vec![&moved.change.after],
            Self::Revoke(lot) | Self::Adjust(lot) => vec![&lot.change.after],
            Self::Earn(earned) => vec![&earned.change.after],
            Self::Clawback(clawed) => clawed.change.iter().map(|change| &change.after).collect(),
            _ => Vec::new(),
        }
    }
}

impl Entry {
    /// How a lot stands after this entry, if the entry says.
    pub fn lot_after(&self, lot: LotId) -> Option<LotState> {
        match &self.kind {
            EntryKind::Issue(issue) => (issue.lot == lot).then(|| issue.after(self.at)),
            // Where one entry changes a lot twice, the last word counts.
            other => other.lots_after().into_iter().rfind(|after| after.lot == lot).copied(),
        }
    }

    /// What is fixed about a lot, if the entry says.
    pub fn lot_facts(&self, lot: LotId) -> Option<&Issue> {
        let issue = match &self.kind {
            EntryKind::Issue(issue) => Some(issue),
            EntryKind::ReassignIn(moved) => Some(&moved.issue),
            EntryKind::Adjust(lot) => lot.issue.as_ref(),
            _ => None,
        };
        issue.filter(|issue| issue.lot == lot)
    }

    /// What the entry says of a redemption, if it changes it.
    pub fn redemption_state(&self, id: RedemptionId) -> Option<RedemptionState> {
        let state = match &self.kind {
            EntryKind::Transaction(change) => change.redemptions.iter().find(|state| state.id == id),
            EntryKind::Return(back) | EntryKind::Reversal(back) => Some(&back.redemption),
            EntryKind::ReturnElsewhere(back) => Some(&back.back.redemption),
            EntryKind::Link(state) => Some(state),
            _ => None,
        };
        state.filter(|state| state.id == id).copied()
    }
}

const fn movement(kind: LotKind, from: Bucket, to: Bucket, value: Quantity) -> Movement {
    Movement { kind, from, to, value }
}

fn issued(issue: &Issue, at: Timestamp, mut moves: impl FnMut(Movement)) {
    let to = issue.standing(at).place();
    let from = match issue.origin() {
        Some(Origin::Returned { from, .. }) => from,
        Some(Origin::Earned { paid_to_debt, .. }) => {
            moves(movement(issue.kind, Bucket::Issued, Bucket::PaidToDebt, paid_to_debt.into()));
            Bucket::Issued
        }
        None => Bucket::Issued,
    };
    moves(movement(issue.kind, from, to, issue.value_remaining));
}

/// The money that rewards gave, and the points that point lots gave.
fn taken(items: &Items, from: Bucket, to: Bucket, mut moves: impl FnMut(Movement)) {
    let mut sums = [Quantity::ZERO; 2];
    let [rewards, points] = &mut sums;
    for item in items {
        let sum = if item.kind() == LotKind::Reward { &mut *rewards } else { &mut *points };
        *sum = sum.plus(item.value());
    }
    for (kind, value) in [LotKind::Reward, LotKind::Point].into_iter().zip(sums) {
        moves(movement(kind, from, to, value));
    }
}

fn freed(released: &[ReleasedLot], moves: impl FnMut(Movement)) {
    let freed =
        released.iter().map(|freed| movement(freed.after.kind, Bucket::Held, freed.to(), freed.value));
    freed.for_each(moves);
}
