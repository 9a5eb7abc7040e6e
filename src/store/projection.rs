//! From journal entries to the rows that people query: what a lot is worth now, what a redemption took.
//!
//! Pure: no SQL, and no rules either; an entry says what it did. A store carries each [`Step`] out in its own tables, in
//! the order of the journal, once. Everything is by the account's number first: a lot that moved has a row with each
//! profile that ever had it, and only the newest has value in it.

use crate::definition::Defined;
use crate::id::{HoldId, LotId, ProfileNumber, RedemptionId};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::{
    Balances, Bucket, Entry, Issue, Item, LotState, Redeemed, RedemptionState, Standing, Transaction,
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
    let external_id = entry.lot_external_id().map(|id| id.as_str());
    let mut is_definition = false;
    entry.effects(|effect| match effect {
        Effect::Define(defined) => {
            is_definition = true;
            steps.push(Step::Definition(defined));
        }
        Effect::Arrive(Arrival { issue, after, held, .. }) => {
            let standing = after.standing;
            steps.push(Step::Lot(LotRow { issue, standing, held, external_id }));
        }
        Effect::Facts { issue, .. } => steps.push(Step::Facts(issue)),
        Effect::Mature(matured) => steps.push(Step::Mature { lot: matured.lot }),
        Effect::Redeemed { redeemed, hold } => redeem(entry, redeemed, hold, &mut steps),
        Effect::Take { lot, value, from, .. } => {
            steps.push(Step::Take { lot, value, of_held: from == Bucket::Held });
        }
        Effect::Hold { lot, value, .. } => steps.push(Step::Hold { lot, value }),
        Effect::Free { lot, value, .. } => steps.push(Step::Free { lot, value }),
        Effect::State(after) => steps.push(Step::Stands { after: *after }),
        Effect::Redemption(state) => steps.push(Step::Redemption(state)),
        Effect::Transaction(transaction) => steps.push(Step::Transaction(transaction)),
        _ => {}
    });
    if !is_definition {
        steps.push(Step::Account { sequence: entry.sequence, at: entry.at, balances: entry.balances });
    }
    steps
}

fn redeem<'a>(entry: &Entry, redeemed: &'a Redeemed, hold: Option<HoldId>, steps: &mut Vec<Step<'a>>) {
    steps.push(Step::Redeem { redeemed, at: entry.at, hold });
    for (item, place) in redeemed.items.iter().zip(1..) {
        steps.push(Step::Item { redemption: redeemed.redemption, place, item: *item });
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
