//! The journal: every change to an account, in order, with the balances after it (rules J).
//!
//! An entry *is* the event. Folding an account's entries from nothing gives the account, bit for bit (rule J2).

pub(crate) mod balance;
pub(crate) mod bytes;
mod effect;
mod fingerprint;
pub(crate) mod flat;
mod hold;
mod index;
mod lot;
pub(crate) mod packed;
mod redemption;
mod transaction;

use serde::{Deserialize, Serialize};

pub use balance::{Balances, Bucket, KindTotals, LotKind, Movement, Totals, ValuedBalances};
pub use bytes::Unreadable;
pub(crate) use effect::DebtChange;
pub use fingerprint::Fingerprint;
pub use hold::{Capture, Hold, HoldEntry, HoldStatus, Release, ReleasedLot};
pub(crate) use index::EXPIRED;
pub use index::{Name, Subject};
pub use lot::{
    CorrectedLot, Extended, Issue, Lot, LotChange, LotDetails, LotSnapshot, LotSnapshots, LotState,
    LotStatus, LotTimes, Merged, Moved, Origin, PointLot, Reward, Standing, Swept,
};
pub use redemption::{
    Item, Items, RedeemDetails, Redeemed, Redemption, RedemptionState, Return, ReturnEntry, ReturnedItem,
    ReturnedTo, Strategy,
};
pub use transaction::{
    ClawedBack, Earned, EarnedMore, SettledElsewhere, Transaction, TransactionChange, TransactionReturn,
};

use crate::definition::Defined;
use crate::id::{EntryId, ExternalId, Handle, HoldId, Key, LotId, ProfileNumber, ReturnId, TransactionId};
use crate::time::Timestamp;
use crate::value::json::Json;
use crate::value::{Points, Quantity};

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
    /// A transaction was posted, changed, returned in part or deleted.
    Transaction(TransactionId),
    /// Value was given back that could not go to its lot.
    Return(ReturnId),
    /// Two profiles were merged.
    Merge,
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
    Expire(Expired),
    /// Value was taken from lots.
    Redeem(Redeemed),
    /// Value was set aside.
    Hold(Box<HoldEntry>),
    /// A hold was captured.
    Capture(Box<Capture>),
    /// A hold was released.
    Release(Box<Release>),
    /// A hold's time was over.
    Lapse(Box<Release>),
    /// Part of a redemption was given back.
    Return(Box<ReturnEntry>),
    /// A redemption was undone.
    Reversal(Box<ReturnEntry>),
    /// Value of a redemption was given back to the profile that this one was merged into.
    ReturnElsewhere(Box<ReturnElsewhere>),
    /// Lots were extended.
    Extend(Vec<LotChange>),
    /// A lot went to another profile.
    ReassignOut(Box<MovedOut>),
    /// A lot came from another profile.
    ReassignIn(Box<MovedIn>),
    /// A lot was taken back.
    Revoke(Box<Corrected>),
    /// A lot was corrected.
    Adjust(Box<Corrected>),
    /// A transaction was posted, changed or deleted.
    Transaction(Box<TransactionChange>),
    /// A redemption was linked to a transaction of the profile that this one was merged into, or unlinked.
    Link(RedemptionState),
    /// A transaction earned more than it did.
    Earn(Box<EarnedMore>),
    /// A transaction earned less than it did.
    Clawback(Box<ClawedBack>),
    /// The profile was merged into another, and is closed.
    MergeOut(Box<MergedOut>),
    /// Another profile was merged into this one.
    MergeIn(Box<MergedIn>),
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

/// What a journal entry says when a lot expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expired {
    /// What expired; less than what is left where holds set some aside.
    pub value: Quantity,
    /// How the lot stands now.
    pub after: LotState,
}

/// What a journal entry says when value goes back to a profile that this one was merged into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnElsewhere {
    /// What was given back, and to which lots there.
    pub back: ReturnEntry,
    /// Whether the whole redemption was undone.
    pub is_reversal: bool,
    /// What left.
    pub moved: Vec<Movement>,
    /// The profile that it went to.
    pub to: ProfileNumber,
    /// The balances of that profile, right after it.
    pub balances: Balances,
}

/// What a journal entry says when a lot goes to another profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MovedOut {
    /// What became of it here.
    pub change: LotChange,
    /// The profile that it went to.
    pub to: ProfileNumber,
}

/// What a journal entry says when a lot comes from another profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MovedIn {
    /// What is fixed about it, with its expiry and what is left as they are now.
    pub issue: Issue,
    /// The caller's own id for it; it finds nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// What of it is held, by holds that come with it.
    #[serde(default, skip_serializing_if = "Quantity::is_nothing")]
    pub held: Quantity,
    /// What that makes of it here.
    pub change: LotChange,
    /// The profile that it came from.
    pub from: ProfileNumber,
}

/// What a journal entry says when a lot is taken back, or corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Corrected {
    /// What became of it.
    pub change: LotChange,
    /// What is fixed about it, where that was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// The caller's own id for it, where what is fixed was corrected: so that a later move finds both here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a journal entry says when a profile is merged into another and closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MergedOut {
    /// The profile that takes over.
    pub into: ProfileNumber,
    /// The open holds that went along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldId>,
    /// The points owed that went along.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_debt: Points,
}

/// What a journal entry says when a profile takes over another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MergedIn {
    /// The profile that it takes over.
    pub from: ProfileNumber,
    /// Those that were merged into that one before, and are answered for here now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<ProfileNumber>,
    /// The open holds that came along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldEntry>,
    /// The points owed that came along.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_debt: Points,
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

impl Entry {
    /// The entry's own id, in the journal of an account.
    pub fn id(&self, number: ProfileNumber) -> EntryId {
        EntryId::made_by(number, self.sequence)
    }

    /// The idempotency key of the request that wrote it.
    pub fn key(&self) -> Option<&Key> {
        self.stamp.as_ref().and_then(|stamp| stamp.key.as_ref())
    }

    /// The caller's own id of what it made.
    pub fn external(&self) -> Option<&External> {
        self.stamp.as_ref().and_then(|stamp| stamp.external.as_ref())
    }

    /// The caller's own id of the lot that it is about.
    pub(crate) fn lot_external_id(&self) -> Option<&ExternalId> {
        match (&self.kind, self.external()) {
            (EntryKind::ReassignIn(moved), _) => moved.external_id.as_ref(),
            (EntryKind::Adjust(corrected), _) => corrected.external_id.as_ref(),
            (_, Some(External::Lot(id))) => Some(id),
            _ => None,
        }
    }

    /// The redemption that it made.
    pub(crate) fn redeemed(&self) -> Option<&Redeemed> {
        match &self.kind {
            EntryKind::Redeem(redeemed) => Some(redeemed),
            EntryKind::Capture(capture) => Some(&capture.redeem),
            _ => None,
        }
    }

    /// Whatever the caller attached to what it is about.
    pub fn meta(&self) -> Option<&Json> {
        match &self.kind {
            EntryKind::Hold(hold) => hold.details.as_ref()?.meta.as_ref(),
            EntryKind::Return(back) | EntryKind::Reversal(back) => back.meta.as_ref(),
            EntryKind::Issue(issue) => issue.details.as_ref()?.meta.as_ref(),
            EntryKind::Transaction(change) => change.transaction.meta.as_ref(),
            _ => self.redeemed()?.details.as_ref()?.meta.as_ref(),
        }
    }
}
