//! What a store keeps an index of: the records that an entry changes, and the names that it gives.

use smallvec::SmallVec;

use crate::id::{DefinitionId, HoldId, LotId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::effect::{Arrival, Effect, HoldEnd};
use crate::journal::{Bucket, Entry, EntryKind, External};

/// The id of a record that entries change: of a definition, lot, redemption, hold or transaction. See
/// [`Entry::records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u64);

impl RecordId {
    /// The list of an account's lots that expired with value left: every entry that says so of one is about it. Below every
    /// other id, as no journal counts from zero.
    pub const EXPIRED: Self = Self(0);

    /// From the number that a store kept.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// As a plain number, below 2<sup>53</sup>.
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

/// A name under which an entry is to be found: a small number for the sort of thing, and a text.
///
/// Most are the caller's own ids ([`External`]); a few are the ledger's, for lots that came from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    sort: u8,
    text: Box<str>,
}

impl Name {
    /// The sort of thing: names of different sorts have nothing to do with one another.
    pub const fn sort(&self) -> u8 {
        self.sort
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the newest entry that says what is fixed about a lot, where that is not the entry that issued it.
    pub(crate) fn of_lot(lot: LotId) -> Self {
        Self { sort: 5, text: lot.to_string().into() }
    }
}

impl From<&External> for Name {
    fn from(external: &External) -> Self {
        let sort = match external {
            External::Lot(_) => 1,
            External::Transaction(_) => 2,
            External::RewardDefinition(_) => 3,
            External::PointDefinition(_) => 4,
        };
        Self { sort, text: external.as_str().into() }
    }
}

impl Entry {
    /// The records made by *earlier* entries that this one changes; `journal`: whose the entry is in.
    ///
    /// A store keeps an index from each of them to the entry; see [`crate::store`]. Taking value from live lots is
    /// not among them: the account's state tells of that, and an index row for each would halve the speed.
    pub fn records(&self, journal: ProfileNumber) -> SmallVec<[RecordId; 2]> {
        let mut records = SmallVec::new();
        // A hold that came along in a merger was made by an entry of another journal.
        let came_along = matches!(self.kind, EntryKind::MergeIn(_));
        self.effects(|effect| {
            records.extend(match effect {
                Effect::State(after) => Some(after.lot.into()),
                Effect::Arrive(Arrival { issue, from: Some(_), .. }) => Some(issue.lot.into()),
                Effect::HoldOpened(it) => came_along.then(|| it.hold.into()),
                Effect::HoldClosed { end: HoldEnd::Moved, .. } => None,
                Effect::HoldClosed { hold, .. } => Some(hold.into()),
                Effect::Redemption(state) => Some(state.id.into()),
                Effect::Transaction(it) => {
                    // One that a merged profile posted may have the number of this very entry.
                    (it.id != TransactionId::made_by(journal, self.sequence)).then(|| it.id.into())
                }
                Effect::Define(it) => (it.id.sequence() != self.sequence).then(|| it.id.into()),
                _ => None,
            });
            let expires = effect.movement().filter(|it| it.to == Bucket::Expired && !it.value.is_zero());
            records.extend(expires.map(|_| RecordId::EXPIRED));
        });
        records.sort_unstable();
        records.dedup();
        records
    }

    /// The names under which this entry is to be found. The newest entry with a name is what it stands for.
    pub fn names(&self) -> SmallVec<[Name; 1]> {
        let mut names: SmallVec<[Name; 1]> = self.external().map(Name::from).into_iter().collect();
        self.effects(|effect| match effect {
            Effect::Arrive(Arrival { issue, from: Some(_), .. }) | Effect::Facts { issue, .. } => {
                names.push(Name::of_lot(issue.lot));
            }
            _ => {}
        });
        names
    }

    /// The thing that the entry gives a name of the caller's to: its id, and the entry that made it.
    pub(crate) fn named(&self) -> Option<(RecordId, u32)> {
        let mut named = None;
        self.effects(|effect| match effect {
            Effect::Define(it) => named = Some((it.id.into(), it.id.sequence())),
            Effect::Arrive(Arrival { issue, from: None, .. }) => {
                named = Some((issue.lot.into(), issue.lot.sequence()));
            }
            Effect::Transaction(it) => named = Some((it.id.into(), it.id.sequence())),
            _ => {}
        });
        named
    }
}
