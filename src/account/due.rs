//! What happens by itself: lots become available, lots expire (rules T2 and T7).
//!
//! No answer depends on when these entries are written, as each has its own instant and is the same whoever
//! writes it: a sweep, or the next change to the account.

use super::Account;
use crate::{Cause, Entry, EntryKind, LotKind, LotValue, Timestamp};

/// Applies to the account everything that fell due by `at`, in order, and adds the entries that say so.
///
/// Returns whether there was anything.
pub(crate) fn bring_up_to(account: &mut Account, at: Timestamp, entries: &mut Vec<Entry>) -> bool {
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
/// At one instant, lots become available before any expires; then in the order of use.
fn next_due(account: &Account, at: Timestamp) -> Option<Entry> {
    let matures = account.pending.first().map(|pending| {
        let value = LotValue { lot: pending.lot.id, kind: pending.kind, value: pending.lot.remaining };
        (pending.available_at, EntryKind::Mature(value))
    });
    let expiries = [LotKind::Reward, LotKind::Point].into_iter().filter_map(|kind| {
        let lot = account.queue(kind).iter().find(|lot| !lot.unheld().is_zero())?;
        let value = LotValue { lot: lot.id, kind, value: lot.unheld() };
        Some((lot.expires_at.instant()?, EntryKind::Expire(value)))
    });
    // `min_by_key` keeps the first of equals.
    let (instant, kind) = matures.into_iter().chain(expiries).min_by_key(|(instant, _)| *instant)?;
    if instant > at {
        return None;
    }
    // A lot may have been given an expiry that was already past.
    let at = instant.max(account.last_at);
    let mut totals = account.totals;
    kind.for_each_flow(at, |flow| totals.shift(flow));
    let sequence = account.sequence.saturating_add(1);
    Some(Entry { sequence, at, cause: Cause::Clock, kind, balances: totals.balances(), stamp: None })
}
