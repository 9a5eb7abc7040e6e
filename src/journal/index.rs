//! A store's index of records: those that an entry changes. The other index is that of the caller's own names; see
//! [`Entry::external`].

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::id::{DefinitionId, HoldId, Key, LotId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::effect::{Arrival, Effect, HoldEnd};
use crate::journal::list::short_list;
use crate::journal::{Bucket, Entry, EntryKind, Movement};

/// The id of a record that entries change: a definition, lot, redemption, hold or transaction. See [`Entry::records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u64);

impl RecordId {
    /// The list of an account's lots that expired with value left: every entry by which value expires changes it.
    /// Below every other id, as no journal counts from zero.
    pub const EXPIRED: Self = Self(0);

    /// The fixed facts of a lot, as a record: its newest entry has them, unless they are still those of the entry that
    /// issued the lot. Above every other id.
    pub(crate) const fn facts_of(lot: LotId) -> Self {
        Self(lot.get() | 1 << 53)
    }

    /// A row of a batch under a key, as a record: it leads to the first entry that the row wrote (rule J5). Above
    /// every other id. This is a hash, so the entry found must be compared.
    pub(crate) fn of_row(key: &Key, row: u32) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(key.as_str().as_bytes());
        hasher.write_u32(row.to_le());
        Self(hasher.finish() >> 10 | 1 << 54)
    }

    /// The purchases of about a month that earned points of a definition, as a record: every entry about one of them
    /// changes it (rule K3). Above every other id. This is a hash, so the entry found must be compared.
    pub(crate) fn of_earned(definition: DefinitionId, month: i64) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write_u64(definition.get().to_le());
        hasher.write_i64(month.to_le());
        Self(hasher.finish() >> 10 | 1 << 54)
    }

    /// The id from a number that a store kept.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as a plain number, below 2<sup>55</sup>.
    pub const fn get(self) -> u64 {
        self.0
    }
}

macro_rules! record_ids {
    ($($id:ident)*) => {$(
        impl From<$id> for RecordId {
            fn from(id: $id) -> Self {
                Self(id.get())
            }
        }
    )*};
}

record_ids! { DefinitionId HoldId LotId RedemptionId TransactionId }

short_list! {
    /// The records that an entry changes, each once; see [`Entry::records`].
    RecordIds of RecordId, 2
}

impl Entry {
    /// The records made by *earlier* entries that this entry changes. `journal`: the profile of the entry's journal.
    ///
    /// The batch row under a key that wrote the entry counts as one of them.
    ///
    /// A store keeps an index from each record to the entry; see [`crate::store`]. Lots are not in it when value is
    /// taken from them while they are live: the account has their state, and an index row for each would halve the
    /// speed.
    pub fn records(&self, journal: ProfileNumber) -> RecordIds {
        let mut records = RecordIds::default();
        let row = self.stamp.as_ref().and_then(|stamp| Some((stamp.key.as_ref()?, stamp.row?.row)));
        records.0.extend(row.map(|(key, row)| RecordId::of_row(key, row)));
        if let EntryKind::Redeem(redeemed) = &self.kind
            && redeemed.late().is_none()
        {
            // The most frequent entry is known to change none: it makes a new redemption, and takes from live lots.
            return records;
        }
        if let EntryKind::Transaction(change) = &self.kind {
            records.0.extend(change.earned_in());
        }
        // A hold that moved in a merger was made by an entry of another journal.
        let came_along = matches!(self.kind, EntryKind::MergeIn(_));
        let ids = &mut records.0;
        self.effects(|effect| match effect {
            Effect::State(after) => ids.push(after.lot.into()),
            Effect::Arrive(Arrival { issue, from: Some(_), .. }) => {
                ids.extend([issue.lot.into(), RecordId::facts_of(issue.lot)]);
            }
            Effect::Facts { issue, .. } => ids.push(RecordId::facts_of(issue.lot)),
            Effect::HoldOpened(it) if came_along => ids.push(it.hold.into()),
            Effect::HoldClosed { end: HoldEnd::Moved, .. } => {}
            Effect::HoldClosed { hold, .. } => ids.push(hold.into()),
            Effect::Redemption(state) => ids.push(state.id.into()),
            // A merged profile's transaction may have the number of this very entry.
            Effect::Transaction(it) if it.id != TransactionId::made_by(journal, self.sequence) => {
                ids.push(it.id.into());
            }
            Effect::Define(it) if it.id.sequence() != self.sequence => ids.push(it.id.into()),
            Effect::Move(Movement { to: Bucket::Expired, value, .. })
            | Effect::Free { to: Bucket::Expired, value, .. }
                if !value.is_zero() =>
            {
                ids.push(RecordId::EXPIRED);
            }
            _ => {}
        });
        if ids.len() > 1 {
            ids.sort_unstable();
            ids.dedup();
        }
        records
    }

    /// The record that the entry gives a caller's name to: its id, and the entry that first states the record.
    pub(crate) fn named(&self) -> Option<(RecordId, u32)> {
        let mut named = None;
        self.effects(|effect| match effect {
            Effect::Define(it) => named = Some((it.id.into(), it.id.sequence())),
            Effect::Arrive(Arrival { issue, from: None, .. }) => {
                named = Some((issue.lot.into(), issue.lot.sequence()));
            }
            // A transaction posted without a name gets one later (rule X6).
            Effect::Transaction(it) => named = Some((it.id.into(), self.sequence)),
            _ => {}
        });
        named
    }
}
