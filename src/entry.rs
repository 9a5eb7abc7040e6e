//! The journal: every change to an account, in order, with the balances after it (rules J).
//!
//! An entry *is* the event. Folding an account's entries from nothing gives the account, bit for bit (rule J2).

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::balance::{Class, Flow};
use crate::{
    Amount, Balances, Defined, DefinitionId, EntryId, ExternalId, Handle, Issue, Items, Key, LotId, LotKind,
    LotStatus, ProfileNumber, Quantity, RedemptionId, RedemptionState, Timestamp, TransactionChange,
};
use crate::{json::Json, request::Fingerprint};

/// One change to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the account's journal: 1, 2, 3, with no gap (rule J1).
    pub sequence: u32,
    /// When it happened. Never before the entry that it follows (rule T6).
    pub at: Timestamp,
    /// Why it happened.
    pub cause: Cause,
    /// What happened.
    pub kind: EntryKind,
    /// The account's balances after it.
    pub balances: Balances,
    /// How a repeated request finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Box<Stamp>>,
}

/// Why an entry was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Somebody asked for it.
    Request,
    /// Its time came.
    Clock,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryKind {
    /// A definition was made, changed or archived. Only in the catalogue's journal.
    Define(Box<Defined>),
    /// A lot was issued.
    Issue(Issue),
    /// A lot became available.
    Mature(LotValue),
    /// A lot expired with value left.
    Expire(LotValue),
    /// Value was taken from lots.
    Redeem(Redeem),
    /// A transaction was posted, changed or deleted.
    Transaction(Box<TransactionChange>),
}

/// A lot, and how much of it an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotValue {
    /// The lot.
    pub lot: LotId,
    /// What it holds.
    pub kind: LotKind,
    /// How much of it.
    pub value: Quantity,
}

/// What a journal entry says when value is redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redeem {
    /// The new redemption.
    pub redemption: RedemptionId,
    /// What was asked for.
    pub requested: Amount,
    /// What was taken.
    pub total: Amount,
    /// What each lot gave, in the order of use.
    pub items: Items,
    /// Whatever the caller attached, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// What makes a request recognisable when it comes again (rules J5, D5 and X2). It stands on the first entry that
/// the request wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stamp {
    /// The idempotency key it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The caller's own id of what it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// How many entries the request wrote, this one included.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub entries: u32,
}

const fn one() -> u32 {
    1
}
// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_one(entries: &u32) -> bool {
    *entries == 1
}

/// The caller's own name for a thing, unique in its journal among things of that sort.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum External {
    /// Of a reward or a point lot (rule D5).
    Lot(ExternalId),
    /// Of a transaction (rule X2).
    Transaction(ExternalId),
    /// The handle of a reward definition (rule D1).
    RewardDefinition(Handle),
    /// The handle of a point definition (rule D1).
    PointDefinition(Handle),
}

impl External {
    /// A small number for the sort of thing, for stores that keep it in a column of its own.
    pub const fn sort(&self) -> u8 {
        match self {
            Self::Lot(_) => 1,
            Self::Transaction(_) => 2,
            Self::RewardDefinition(_) => 3,
            Self::PointDefinition(_) => 4,
        }
    }

    /// Whether the same name with the same content means the same thing (rules D5 and X2). The handle of a
    /// definition is merely unique.
    pub(crate) const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Lot(_) | Self::Transaction(_))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Lot(id) | Self::Transaction(id) => id.as_str(),
            Self::RewardDefinition(handle) | Self::PointDefinition(handle) => handle.as_str(),
        }
    }
}

/// Something whose record an entry changes, by its plain id; see [`Entry::subjects`].
pub type Subject = u64;

impl Entry {
    /// The entry's own id, in the journal of an account.
    pub fn id(&self, number: ProfileNumber) -> EntryId {
        EntryId::made_by(number, self.sequence)
    }

    /// The things made by *earlier* entries whose record this one changes, by id.
    ///
    /// A store keeps an index from each of them to the entry; see [`crate::store`]. Taking value from live lots is
    /// not among them: the account's state tells of that, and an index row for each would halve the speed.
    pub fn subjects(&self) -> SmallVec<[Subject; 2]> {
        match &self.kind {
            EntryKind::Define(defined) if defined.id.sequence() != self.sequence => subject(defined.id),
            EntryKind::Expire(expired) => SmallVec::from_slice(&[expired.lot.get(), EXPIRED]),
            EntryKind::Issue(issue) if self.issue_status(issue) == LotStatus::Expired => {
                SmallVec::from_slice(&[EXPIRED])
            }
            EntryKind::Transaction(change) => {
                let id = change.transaction.id;
                let own = (id.sequence() != self.sequence).then_some(id.get());
                own.into_iter().chain(change.redemptions.iter().map(|state| state.id.get())).collect()
            }
            _ => SmallVec::new(),
        }
    }

    /// What the entry says of a redemption, if it changes it.
    pub fn redemption_state(&self, id: RedemptionId) -> Option<RedemptionState> {
        match &self.kind {
            EntryKind::Transaction(change) => change.redemptions.iter().find(|state| state.id == id).copied(),
            _ => None,
        }
    }

    /// The caller's own id of what it made.
    pub fn external(&self) -> Option<&External> {
        self.stamp.as_ref().and_then(|stamp| stamp.external.as_ref())
    }

    /// The caller's own id of the lot that it issued.
    pub(crate) fn lot_external_id(&self) -> Option<&ExternalId> {
        match self.external() {
            Some(External::Lot(id)) => Some(id),
            _ => None,
        }
    }

    /// The idempotency key of the request that wrote it.
    pub fn key(&self) -> Option<&Key> {
        self.stamp.as_ref().and_then(|stamp| stamp.key.as_ref())
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

    fn issue_status(&self, issue: &Issue) -> LotStatus {
        issue.status_at(self.at)
    }
}

/// The subject under which an account's expired lots can be listed. Below every id, as no journal counts from zero.
pub(crate) const EXPIRED: Subject = 0;

fn subject(id: DefinitionId) -> SmallVec<[Subject; 2]> {
    SmallVec::from_slice(&[id.get()])
}

impl EntryKind {
    /// The value that this moves, and between which classes, when it happens at `at`.
    pub(crate) fn for_each_flow(&self, at: Timestamp, mut flow: impl FnMut(Flow)) {
        match self {
            Self::Define(_) | Self::Transaction(_) => {}
            Self::Issue(issue) => {
                let to = match issue.status_at(at) {
                    LotStatus::Expired => Class::Expired,
                    LotStatus::Pending => Class::Pending,
                    _ => Class::Available,
                };
                flow(Flow { kind: issue.kind, from: Class::Issued, to, value: issue.value_remaining });
            }
            Self::Mature(LotValue { kind, value, .. }) => {
                flow(Flow { kind: *kind, from: Class::Pending, to: Class::Available, value: *value });
            }
            Self::Expire(LotValue { kind, value, .. }) => {
                flow(Flow { kind: *kind, from: Class::Available, to: Class::Expired, value: *value });
            }
            Self::Redeem(redeem) => {
                let (rewards, points) = sums(&redeem.items);
                for (kind, value) in [(LotKind::Reward, rewards), (LotKind::Point, points)] {
                    flow(Flow { kind, from: Class::Available, to: Class::Redeemed, value });
                }
            }
        }
    }
}

/// The money that rewards gave, and the points that point lots gave.
fn sums(items: &Items) -> (Quantity, Quantity) {
    items.iter().fold((Quantity::ZERO, Quantity::ZERO), |(rewards, points), item| match item.kind() {
        LotKind::Reward => (rewards.plus(item.amount.into()), points),
        LotKind::Point => (rewards, points.plus(item.points.into())),
    })
}
