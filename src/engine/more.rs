//! Redirects: a decision that finds that another account or journal must be loaded first.

use super::{KeyReused, Refusal, Rejection};
use crate::account::Account;
use crate::id::{LotId, ProfileNumber, TransactionId};
use crate::journal::{EntryKind, Standing};
use crate::store::{Need, Owner, Record, View};

/// Why a decision stopped early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The request is refused.
    Refused(Refusal),
    /// The need is extended, and the unit runs again.
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

/// What to load in addition, or instead.
#[derive(Debug)]
pub(crate) enum More {
    /// The profile was merged into this one. A named lot that stayed behind is no longer followed.
    Account(ProfileNumber),
    /// The named lot moved to this profile.
    Holder(ProfileNumber),
    /// The second account was merged into this one.
    Second(ProfileNumber),
    /// The request names records in the journals of profiles that were merged into the account.
    Closed(Vec<ProfileNumber>),
    /// Something fell due that may have ended lots of the redemption which were live when it was looked up.
    LiveLots,
    /// The external id belongs to this transaction of the profile, and the profile was merged into this one.
    Named(ProfileNumber, TransactionId),
}

impl More {
    /// Extends the need.
    pub(crate) fn add_to(self, need: &mut Need) {
        match self {
            Self::Account(number) => {
                need.owner = Owner::Number(number);
                need.closed = Box::default();
                need.follows_lot = false;
            }
            Self::LiveLots => need.live_lots = true,
            Self::Holder(number) => need.owner = Owner::Number(number),
            Self::Second(number) => need.second = Some(Box::new(Owner::Number(number))),
            Self::Closed(journals) => need.closed = journals.into(),
            Self::Named(number, transaction) => {
                need.owner = Owner::Number(number);
                need.closed = Box::default();
                need.named = Some(transaction);
            }
        }
    }
}

/// Checks that the loaded account is the right one, and that every record the request names is loaded.
#[inline]
pub(crate) fn records(need: &Need, view: &View<'_>) -> Result<(), Halt> {
    let first = view.first;
    let moved = need.lots.first().filter(|_| need.follows_lot).and_then(|lot| went_to(view, *lot));
    if let Some(holder) = moved {
        return Err(Halt::Needs(More::Holder(holder)));
    }
    open(need, first)?;
    closed(need, view)
}

/// Asks for the journals of merged profiles, if the request names a record in one of them.
fn closed(need: &Need, view: &View<'_>) -> Result<(), Halt> {
    let first = view.first;
    // Only a profile that others were merged into has records in their journals.
    if !first.merged_from().is_empty() && need.closed.is_empty() {
        let is_closed = |number: &ProfileNumber| *number != first.number() && first.includes_number(*number);
        if owners(need, view).into_iter().flatten().any(|number| is_closed(&number)) {
            return Err(Halt::Needs(More::Closed(first.merged_from().to_vec())));
        }
    }
    Ok(())
}

/// The record under the external id, unless it was deleted. A merged profile's transaction is kept up to date in the
/// journal of the profile that took over.
#[inline]
pub(crate) fn named<'a>(need: &Need, view: &View<'a>) -> Result<Option<Record<'a>>, Halt> {
    if need.named.is_some() {
        closed(need, view)?;
    }
    // A merged profile's transaction is older than any of this journal.
    let known = [view.found.named, view.found.external].into_iter().flatten();
    let known = known.into_iter().find(|record| !record.is_gone());
    match (known.and_then(|record| record.transaction()), view.first.merged_into()) {
        (Some(id), Some(into)) if !need.even_merged => Err(Halt::Needs(More::Named(into, id))),
        _ => Ok(known),
    }
}

/// The lots of a redemption that were not looked up, as they were live: what fell due may have ended them.
#[inline]
pub(super) fn live_lots(need: &Need, due: usize) -> Result<(), Halt> {
    if due > 0 && need.redeemed_lots && !need.live_lots { Err(Halt::Needs(More::LiveLots)) } else { Ok(()) }
}

/// Redirects to the profile that the account was merged into, if any: it has the value.
#[inline]
pub(crate) fn open(need: &Need, account: &Account) -> Result<(), Halt> {
    match account.merged_into() {
        Some(into) if !need.even_merged => Err(Halt::Needs(More::Account(into))),
        _ => Ok(()),
    }
}

/// Redirects to the profile that the second account was merged into, if any: it receives the value.
#[inline]
pub(super) fn receiver(view: &View<'_>) -> Result<(), Halt> {
    match view.second.and_then(Account::merged_into) {
        Some(into) => Err(Halt::Needs(More::Second(into))),
        None => Ok(()),
    }
}

/// The profiles whose journals have the records that the need names.
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

/// The profile that a lot moved to from this account.
fn went_to(view: &View<'_>, lot: LotId) -> Option<ProfileNumber> {
    match view.found.lot(lot)?.newest().lot_state(lot)?.standing {
        Standing::MovedTo(number) => Some(number),
        _ => None,
    }
}
