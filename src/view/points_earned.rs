//! The points that purchases earned between two instants (rule K3): what tiers are made from.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::id::{DefinitionId, ProfileNumber, TransactionId};
use crate::journal::transaction::earned_month;
use crate::journal::{Entry, EntryKind, RecordId};
use crate::store::{Find, Found};
use crate::time::Timestamp;
use crate::value::Points;

/// A longer window, of about four years and a half, is answered by reading the journal.
const MOST_MONTHS: i64 = 64;

/// The look-ups that find every purchase of a window. They may find more, at its edges.
pub(crate) fn lookups(definition: DefinitionId, window: &Range<Timestamp>) -> Vec<Find> {
    if window.is_empty() {
        return Vec::new();
    }
    let (first, last) = (earned_month(window.start), earned_month(window.end));
    if last.saturating_sub(first) >= MOST_MONTHS {
        return vec![Find::Range(1, u32::MAX)];
    }
    (first..=last).map(|month| Find::About(RecordId::of_earned(definition, month))).collect()
}

/// The points that a profile's own purchases of a window earned, by the newest entry about each among those to be seen.
pub(crate) fn points_earned(
    found: &Found<'_>,
    profile: ProfileNumber,
    definition: DefinitionId,
    window: &Range<Timestamp>,
    is_seen: impl Fn(&Entry) -> bool,
) -> Points {
    // Of several journals, the one that took over last has the newest entry.
    let mut newest: BTreeMap<TransactionId, (usize, &Entry)> = BTreeMap::new();
    for (rank, entry) in found.earned.iter().copied().filter(|(_, entry)| is_seen(entry)) {
        let EntryKind::Transaction(change) = &entry.kind else { continue };
        let known = newest.entry(change.transaction.id).or_insert((rank, entry));
        if rank < known.0 || (rank == known.0 && entry.sequence > known.1.sequence) {
            *known = (rank, entry);
        }
    }
    newest
        .into_values()
        .fold(Points::ZERO, |sum, (_, entry)| sum.plus(earned(entry, profile, definition, window)))
}

/// What the purchase that an entry is about earned in a window.
fn earned(
    entry: &Entry,
    profile: ProfileNumber,
    definition: DefinitionId,
    window: &Range<Timestamp>,
) -> Points {
    let EntryKind::Transaction(change) = &entry.kind else { return Points::ZERO };
    let sale = &change.transaction;
    let is_in = sale.id.number() == profile && window.contains(&sale.transacted_at);
    let earned = sale.earned.iter().filter(|earned| is_in && earned.definition_id == Some(definition));
    earned.fold(Points::ZERO, |sum, earned| sum.plus(earned.points))
}
