//! What a store keeps an index of: the things that an entry is about, and the names that it gives.

use smallvec::SmallVec;

use crate::id::LotId;
use crate::journal::{Bucket, Entry, EntryKind, External};

/// Something whose record an entry changes, by its plain id; see [`Entry::subjects`].
pub type Subject = u64;

/// The subject under which an account's expired lots can be listed. Below every id, as no journal counts from zero.
pub(crate) const EXPIRED: Subject = 0;

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
    /// The things made by *earlier* entries whose record this one changes, by id.
    ///
    /// A store keeps an index from each of them to the entry; see [`crate::store`]. Taking value from live lots is
    /// not among them: the account's state tells of that, and an index row for each would halve the speed.
    pub fn subjects(&self) -> SmallVec<[Subject; 2]> {
        let mut subjects = SmallVec::new();
        match &self.kind {
            EntryKind::Redeem(_) | EntryKind::Hold(_) | EntryKind::Mature(_) => return subjects,
            EntryKind::Define(defined) if defined.id.sequence() != self.sequence => {
                subjects.push(defined.id.get())
            }
            EntryKind::Capture(capture) => subjects.push(capture.hold.get()),
            EntryKind::Release(release) | EntryKind::Lapse(release) => {
                subjects.push(release.placed.hold.get())
            }
            EntryKind::Return(back) | EntryKind::Reversal(back) => subjects.push(back.redemption.id.get()),
            EntryKind::ReturnElsewhere(back) => subjects.push(back.back.redemption.id.get()),
            EntryKind::Link(state) => subjects.push(state.id.get()),
            EntryKind::Transaction(change) => {
                let id = change.transaction.id;
                subjects.extend((id.sequence() != self.sequence).then_some(id.get()));
                subjects.extend(change.redemptions.iter().map(|state| state.id.get()));
            }
            _ => {}
        }
        subjects.extend(self.kind.lots_after().into_iter().map(|after| after.lot.get()));
        let mut expires = false;
        self.kind.for_each_movement(self.at, |moved| {
            expires |= moved.to == Bucket::Expired && !moved.value.is_zero()
        });
        subjects.extend(expires.then_some(EXPIRED));
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// Whether it is an issue or a redemption as nearly all are: it has no names and is about nothing but what it makes.
    pub(crate) fn is_plain(&self) -> bool {
        match &self.kind {
            EntryKind::Redeem(_) | EntryKind::Mature(_) => true,
            // A lot that arrives expired is listed.
            EntryKind::Issue(issue) => !issue.expires_at.is_past(self.at),
            _ => false,
        }
    }

    /// The names under which this entry is to be found. The newest entry with a name is what it stands for.
    pub fn names(&self) -> SmallVec<[Name; 1]> {
        let mut names: SmallVec<[Name; 1]> = self.external().map(Name::from).into_iter().collect();
        match &self.kind {
            EntryKind::ReassignIn(moved) => names.push(Name::of_lot(moved.issue.lot)),
            EntryKind::Adjust(lot) => names.extend(lot.issue.as_ref().map(|issue| Name::of_lot(issue.lot))),
            _ => {}
        }
        names
    }

    /// The lots that this entry says have expired with value left.
    pub(crate) fn expired_lots(&self) -> Vec<LotId> {
        match &self.kind {
            EntryKind::Issue(issue) => vec![issue.lot],
            other => other.lots_after().into_iter().map(|after| after.lot).collect(),
        }
    }

    /// The thing that the entry gives a name of the caller's to: its id, and the entry that made it.
    pub(crate) fn named(&self) -> Option<(Subject, u32)> {
        match &self.kind {
            EntryKind::Define(defined) => Some((defined.id.get(), defined.id.sequence())),
            EntryKind::Issue(issue) => Some((issue.lot.get(), issue.lot.sequence())),
            EntryKind::Transaction(change) => {
                let id = change.transaction.id;
                Some((id.get(), id.sequence()))
            }
            _ => None,
        }
    }
}
