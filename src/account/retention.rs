//! Which entries of a journal a store may archive.

use std::collections::HashSet;

use crate::account::Account;
use crate::id::LotId;
use crate::journal::effect::Effect;
use crate::journal::{Cause, Entry, EntryKind, LotKind, RecordId};
use crate::time::Timestamp;

/// The entries before an instant that no request reads any more, once redemptions before it can be neither returned
/// nor linked: redemptions that no later entry changed, and the issues of lots that only these drew from.
pub(crate) fn unneeded<'a>(
    account: &Account,
    journal: &'a [Entry],
    before: Timestamp,
) -> impl Iterator<Item = &'a Entry> {
    let changed: HashSet<RecordId> =
        journal.iter().flat_map(|entry| entry.records(account.number()).to_vec()).collect();
    let is_closed = |entry: &Entry| match &entry.kind {
        // Of a lot that had expired, a late redemption is the newest that is known.
        EntryKind::Redeem(redeemed) => {
            let is_changed = changed.contains(&redeemed.redemption.into());
            entry.at < before && !is_changed && redeemed.late().is_none()
        }
        _ => false,
    };
    let (closed, open): (Vec<_>, Vec<_>) = journal.iter().partition(|entry| is_closed(entry));
    let drawn_from = open.iter().flat_map(|entry| lots_drawn_from(entry));
    let needed: HashSet<LotId> = live_lots(account).chain(drawn_from).collect();
    let is_needed = move |lot: LotId| changed.contains(&lot.into()) || needed.contains(&lot);
    let lots = open.into_iter().filter(move |entry| match &entry.kind {
        // The lot that a transaction earned is read again when the transaction is returned.
        EntryKind::Issue(issue) => {
            entry.at < before && entry.cause == Cause::Request && !is_needed(issue.lot)
        }
        EntryKind::Mature(matured) => entry.at < before && !is_needed(matured.lot),
        _ => false,
    });
    closed.into_iter().chain(lots)
}

/// The lots that an entry redeems from or sets aside.
fn lots_drawn_from(entry: &Entry) -> Vec<LotId> {
    let mut lots = Vec::new();
    entry.effects(|effect| {
        if let Effect::Take { lot, .. } | Effect::Hold { lot, .. } = effect {
            lots.push(lot);
        }
    });
    lots
}

fn live_lots(account: &Account) -> impl Iterator<Item = LotId> {
    let queued = LotKind::ALL.into_iter().flat_map(|kind| account.lots(kind)).map(|lot| lot.id);
    let pending = account.pending().map(|pending| pending.lot.id);
    queued.chain(pending).chain(account.overdue().map(|overdue| overdue.lot.id))
}

#[cfg(test)]
mod tests;
