//! "I need this as well": the one internal answer of a decision that was lent too little, and when it is given.

use super::{KeyReused, Refusal, Rejection};
use crate::account::Account;
use crate::id::{LotId, ProfileNumber, TransactionId};
use crate::journal::{EntryKind, Standing};
use crate::store::{Need, Owner, Record, View};

/// Why a decision stopped.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The request is refused.
    Refused(Refusal),
    /// More must be loaded first.
    Needs(More),
}

impl From<Rejection> for Halt {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(Refusal::Rejected(rejection))
    }
}

impl From<KeyReused> for Halt {
    fn from(reused: KeyReused) -> Self {
        Self::Refused(Refusal::KeyReused(reused))
    }
}

/// What a need lacks.
#[derive(Debug)]
pub(crate) enum More {
    /// The profile was merged into this one. A lot that did not move with it stayed behind, and is followed no further.
    Account(ProfileNumber),
    /// The lot moved to this profile.
    Holder(ProfileNumber),
    /// The second account was merged into this one.
    Second(ProfileNumber),
    /// It names records of profiles that were merged into the account.
    Closed(Vec<ProfileNumber>),
    /// The caller's own id stands for this transaction of the profile, which was merged into this one.
    Named(ProfileNumber, TransactionId),
}

impl More {
    /// Adds it to the need.
    pub(crate) fn add_to(self, need: &mut Need) {
        match self {
            Self::Account(number) => {
                need.owner = Owner::Number(number);
                need.closed.clear();
                need.follows_lot = None;
            }
            Self::Holder(number) => need.owner = Owner::Number(number),
            Self::Second(number) => need.second = Some(Owner::Number(number)),
            Self::Closed(journals) => need.closed = journals,
            Self::Named(number, transaction) => {
                need.owner = Owner::Number(number);
                need.closed.clear();
                need.named = Some(transaction);
            }
        }
    }
}

/// Whether the account that was lent is the one that the request is about, and all records that it names can be read.
#[inline]
pub(crate) fn records(need: &Need, view: &View<'_>) -> Result<(), Halt> {
    let first = view.first;
    let moved = need.follows_lot.and(need.lots.first()).and_then(|lot| went_to(view, *lot));
    if let Some(holder) = moved {
        return Err(Halt::Needs(More::Holder(holder)));
    }
    open(need, first)?;
    closed(need, view)
}

/// The closed journals that records which the request names are in.
fn closed(need: &Need, view: &View<'_>) -> Result<(), Halt> {
    let first = view.first;
    // A profile that nobody was merged into has no other's records.
    if !first.merged_from().is_empty() && need.closed.is_empty() {
        let is_closed = |number: &ProfileNumber| *number != first.number() && first.includes_number(*number);
        if owners(need, view).into_iter().flatten().any(|number| is_closed(&number)) {
            return Err(Halt::Needs(More::Closed(first.merged_from().to_vec())));
        }
    }
    Ok(())
}

/// What the caller's own id stands for, unless that was deleted: of a merged profile's transaction, whoever took over knows.
#[inline]
pub(crate) fn named<'a>(need: &Need, view: &View<'a>) -> Result<Option<Record<'a>>, Halt> {
    if need.named.is_some() {
        closed(need, view)?;
    }
    // What another journal sent on was posted before what this one has.
    let known = [view.found.named, view.found.external].into_iter().flatten();
    let known = known.into_iter().find(|record| !record.is_gone());
    match (known.and_then(|record| record.transaction()), view.first.merged_into()) {
        (Some(id), Some(into)) if !need.even_merged => Err(Halt::Needs(More::Named(into, id))),
        _ => Ok(known),
    }
}

/// The account, unless it was merged into another: then that has its value.
#[inline]
pub(crate) fn open(need: &Need, account: &Account) -> Result<(), Halt> {
    match account.merged_into() {
        Some(into) if !need.even_merged => Err(Halt::Needs(More::Account(into))),
        _ => Ok(()),
    }
}

/// The second account, unless it was merged into another: then that receives.
#[inline]
pub(super) fn receiver(view: &View<'_>) -> Result<(), Halt> {
    match view.second.and_then(Account::merged_into) {
        Some(into) => Err(Halt::Needs(More::Second(into))),
        None => Ok(()),
    }
}

/// In whose journals the records are that the need names.
fn owners(need: &Need, view: &View<'_>) -> [Option<ProfileNumber>; 4] {
    let linked = view.found.transaction.and_then(|record| match &record.newest().kind {
        EntryKind::Transaction(change) => change.transaction.redemption_id,
        _ => None,
    });
    [
        need.redemption.map(|id| id.number()),
        need.transaction.map(|id| id.number()),
        need.named.map(|id| id.number()),
        linked.map(|id| id.number()),
    ]
}

/// The profile that a lot went to from here.
fn went_to(view: &View<'_>, lot: LotId) -> Option<ProfileNumber> {
    match view.found.lot(lot)?.newest().lot_state(lot)?.standing {
        Standing::MovedTo(number) => Some(number),
        _ => None,
    }
}
