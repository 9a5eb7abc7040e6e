//! From journal entries to the rows that people query: what a lot is worth now, what a redemption took.
//!
//! Pure: no SQL, and no rules either; an entry says what it did. A store carries each [`Step`] out in its own tables, in
//! the order of the journal, once. Everything is by the account's number first: a lot that moved has a row with each
//! profile that ever had it, and only the newest has value in it.

use crate::definition::Defined;
use crate::id::{HoldId, LotId, ProfileNumber, RedemptionId};
use crate::journal::{
    Balances, Entry, EntryKind, Issue, Item, LotState, Redeemed, RedemptionState, Standing, Transaction,
};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// One change to a table of the projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// The account, as it stands after the entry: a row to insert or replace.
    Account { sequence: u32, at: Timestamp, balances: Balances },
    /// A definition, as it stands: a row to insert or replace.
    Definition(&'a Defined),
    /// A lot came: a row to insert or replace.
    Lot(LotRow<'a>),
    /// What is fixed about a lot was corrected.
    Facts(&'a Issue),
    /// Value was taken from a lot that stays as it is otherwise; `of_held`: it had been held.
    Take { lot: LotId, value: Quantity, of_held: bool },
    /// So much of a lot is held now, and was not.
    Hold { lot: LotId, value: Quantity },
    /// So much of a lot is not held any more.
    Free { lot: LotId, value: Quantity },
    /// How a lot stands now.
    Stands { after: LotState },
    /// A lot became usable.
    Mature { lot: LotId },
    /// A redemption was made: a row to insert, and one for each of its items.
    Redeem { redeemed: &'a Redeemed, at: Timestamp, hold: Option<HoldId> },
    /// What one lot gave to it; `place` counts from 1 in the order of use.
    Item { redemption: RedemptionId, place: u32, item: Item },
    /// How a redemption stands now, if there is a row of it.
    Redemption(RedemptionState),
    /// A transaction, as it stands: a row to insert or replace.
    Transaction(&'a Transaction),
}

/// A lot as it came to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LotRow<'a> {
    pub(crate) issue: &'a Issue,
    pub(crate) standing: Standing,
    pub(crate) held: Quantity,
    pub(crate) external_id: Option<&'a str>,
}

/// What an entry changes, in order.
pub(crate) fn steps(entry: &Entry) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(6);
    match &entry.kind {
        EntryKind::Define(defined) => steps.push(Step::Definition(defined)),
        EntryKind::Issue(issue) => arrive(entry, issue, Quantity::ZERO, &mut steps),
        EntryKind::ReassignIn(moved) => arrive(entry, &moved.issue, moved.held, &mut steps),
        EntryKind::Mature(matured) => steps.push(Step::Mature { lot: matured.lot }),
        EntryKind::Redeem(redeemed) => redeem(entry, redeemed, None, &mut steps),
        EntryKind::Hold(hold) => {
            steps.extend(hold.items.iter().map(|item| Step::Hold { lot: item.lot, value: item.value() }));
        }
        EntryKind::Capture(capture) => {
            redeem(entry, &capture.redeem, Some(capture.hold), &mut steps);
            steps.extend(capture.released.iter().map(|f| Step::Free { lot: f.after.lot, value: f.value }));
        }
        EntryKind::Release(release) | EntryKind::Lapse(release) => {
            steps.extend(release.released.iter().map(|f| Step::Free { lot: f.after.lot, value: f.value }));
        }
        EntryKind::Return(back) | EntryKind::Reversal(back) => steps.push(Step::Redemption(back.redemption)),
        EntryKind::ReturnElsewhere(there) => steps.push(Step::Redemption(there.back.redemption)),
        EntryKind::Link(state) => steps.push(Step::Redemption(*state)),
        EntryKind::Transaction(change) => {
            steps.push(Step::Transaction(&change.transaction));
            steps.extend(change.redemptions.iter().copied().map(Step::Redemption));
        }
        EntryKind::Adjust(corrected) => steps.extend(corrected.issue.as_ref().map(Step::Facts)),
        _ => {}
    }
    steps.extend(entry.kind.lots_after().into_iter().map(|after| Step::Stands { after: *after }));
    if !matches!(entry.kind, EntryKind::Define(_)) {
        steps.push(Step::Account { sequence: entry.sequence, at: entry.at, balances: entry.balances });
    }
    steps
}

fn arrive<'a>(entry: &'a Entry, issue: &'a Issue, held: Quantity, steps: &mut Vec<Step<'a>>) {
    let external_id = entry.lot_external_id().map(|id| id.as_str());
    steps.push(Step::Lot(LotRow { issue, standing: issue.standing(entry.at), held, external_id }));
}

fn redeem<'a>(entry: &Entry, redeemed: &'a Redeemed, hold: Option<HoldId>, steps: &mut Vec<Step<'a>>) {
    steps.push(Step::Redeem { redeemed, at: entry.at, hold });
    for (item, place) in redeemed.items.iter().zip(1..) {
        steps.push(Step::Item { redemption: redeemed.redemption, place, item: *item });
        steps.push(Step::Take { lot: item.lot, value: item.value(), of_held: hold.is_some() });
    }
}

/// The word for a kind of lot.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) const fn kind_word(kind: crate::journal::LotKind) -> &'static str {
    match kind {
        crate::journal::LotKind::Reward => "reward",
        crate::journal::LotKind::Point => "point",
    }
}

/// The word for how a lot stands, and where it went if it moved.
pub(crate) const fn standing_words(standing: Standing) -> (&'static str, Option<ProfileNumber>) {
    match standing {
        Standing::Usable => ("usable", None),
        Standing::Pending(_) => ("pending", None),
        Standing::Expired => ("expired", None),
        Standing::Revoked => ("revoked", None),
        Standing::MovedTo(to) => ("moved", Some(to)),
    }
}

/// The exclusive end in microseconds since 1970; nothing for never.
pub(crate) fn end_micros(expiry: Expiry) -> Option<i64> {
    expiry.instant().map(Timestamp::micros)
}

#[cfg(test)]
mod tests;
