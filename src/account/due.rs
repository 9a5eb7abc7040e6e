//! Entries of the clock: lots become available, holds lapse, lots expire (rules T2, H3 and T7).
//!
//! No answer depends on when these entries are written: each has its own instant, and is the same whether a sweep or
//! the next change to the account writes it.

use std::borrow::Cow;

use super::{Account, LiveLot};
use crate::id::next_sequence;
use crate::journal::{
    Cause, Entry, EntryKind, Expired, HoldEntry, Item, LotKind, LotState, LotValue, Release, ReleasedLot,
};
use crate::time::Timestamp;
use crate::value::Quantity;

/// Settles an account: applies everything that fell due by `at`, in order, and appends the entries.
///
/// Returns whether anything was due.
pub(crate) fn settle_due(account: &mut Account, at: Timestamp, entries: &mut Vec<Entry>) -> bool {
    let mut any = false;
    while let Some(entry) = next_due(account, at) {
        account.apply(&entry);
        entries.push(entry);
        any = true;
    }
    any
}

/// The next entry that the clock writes, if it falls due by `at`.
///
/// At one instant, lots become available first, then lots expire in the order of use, then holds lapse: value that a
/// hold releases from a lot expiring at that instant has expired, and so must the lot's unheld value.
fn next_due(account: &Account, at: Timestamp) -> Option<Entry> {
    let matures = account.rest().pending.first().map(|pending| {
        let value = LotValue { lot: pending.lot.id, kind: pending.kind, value: pending.lot.remaining };
        (pending.available_at, Due::Mature(value))
    });
    let lapses = account.rest().holds.first().map(|hold| (hold.expires_at, Due::Lapse(hold)));
    let expiries = LotKind::ALL.into_iter().filter_map(|kind| {
        let lot = account.lots(kind).find(|lot| !lot.unheld().is_zero())?;
        Some((lot.expires_at.instant()?, Due::Expire(lot)))
    });
    // `min_by_key` keeps the first of equals.
    let (instant, due) =
        matures.into_iter().chain(expiries).chain(lapses).min_by_key(|(instant, _)| *instant)?;
    if instant > at {
        return None;
    }
    // A lot may have been given an expiry that was already past.
    let at = instant.max(account.last_at);
    let kind = match due {
        Due::Mature(value) => EntryKind::Mature(value),
        Due::Lapse(hold) => {
            let released = release_items(account, &hold.items, at);
            EntryKind::Lapse(Box::new(Release { placed: hold.clone(), released }))
        }
        Due::Expire(lot) => {
            let (after, _) = account.live(lot.id, at)?;
            EntryKind::Expire(Expired { value: lot.unheld(), after })
        }
    };
    let mut balances = account.balances();
    balances.follow(&kind, at);
    let sequence = next_sequence(account.sequence);
    Some(Entry { sequence, at, cause: Cause::Clock, is_activity: false, kind, balances, stamp: None })
}

enum Due<'a> {
    Mature(LotValue),
    Lapse(&'a HoldEntry),
    Expire(LiveLot),
}

/// The result of releasing held items at an instant: points that a lot's transaction owes are clawed back first
/// (rule X5), and the rest becomes available, or expires with its lot (rule H4).
pub(crate) fn release_items(account: &Account, items: &[Item], at: Timestamp) -> Vec<ReleasedLot> {
    let mut debts = Cow::Borrowed(account.debts());
    let free = |item: &Item| {
        let (after, _) = account.live(item.lot, at)?;
        let value = item.value();
        let owner = debts.owner(item.lot);
        let clawed_back = owner.and_then(|owner| debts.to_mut().claw_back(owner, value));
        let gone = clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value());
        let after = LotState { remaining: after.remaining.minus(gone), ..after };
        Some(ReleasedLot { value, clawed_back, after })
    };
    items.iter().filter_map(free).collect()
}
