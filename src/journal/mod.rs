//! The journal: every change to an account, in order, with the balances after it (rules J).
//!
//! An entry *is* the event. Folding an account's entries from nothing gives the account, bit for bit (rule J2).

pub(crate) mod balance;
pub(crate) mod bytes;
mod capture;
mod clawback;
mod correct;
mod define;
pub(crate) mod draw;
mod earn;
pub(crate) mod effect;
mod expire;
mod extend;
mod fingerprint;
mod flow;
mod hold;
mod inactivity;
mod index;
mod issue;
mod items;
mod late;
pub(crate) mod lines;
mod list;
mod lot_details;
mod mature;
mod merge;
pub(crate) mod order;
pub(crate) mod outcome;
pub(crate) mod owed;
mod period;
mod reassign;
pub(crate) mod redeem;
mod release;
mod return_entry;
mod stamp;
mod state;
pub(crate) mod transaction;
mod transfer;
pub(crate) mod unreadable;
pub(crate) mod wire;

use serde::{Deserialize, Serialize};

pub use balance::{Balances, Bucket, KindTotals, LotKind, Movement, Totals, ValuedBalances};
pub use capture::Capture;
pub use clawback::ClawedBack;
pub use correct::Corrected;
pub use earn::EarnedMore;
pub use expire::Expired;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use flow::{Flow, FlowSum};
pub use hold::HoldEntry;
pub(crate) use inactivity::Active;
pub use inactivity::Inactivity;
pub use index::{RecordId, RecordIds};
pub use issue::Issue;
pub use items::{Item, Items};
pub use late::Late;
pub use lines::{LineShare, PaidLines};
pub use lot_details::{LotDetails, Origin};
pub use mature::LotValue;
pub use merge::{MergedIn, MergedOut, Sent};
pub(crate) use outcome::{
    Hold, HoldStatus, Lot, LotSnapshot, LotSnapshots, LotStatus, LotTimes, PointLot, Redemption, Return,
    Reward,
};
pub use owed::{Owed, Recovered};
pub use reassign::{MovedIn, MovedOut};
pub use redeem::{RedeemDetails, Redeemed};
pub(crate) use redeem::{Strategies, Strategy};
pub use release::{Release, ReleasedLot};
pub use return_entry::{RedemptionState, ReturnEntry, ReturnedItem, ReturnedTo};
pub use stamp::{BatchRow, External, Stamp};
pub use state::{LotChange, LotState, Movements, Standing};
pub(crate) use transaction::Transaction;
pub use transaction::{Earned, SoldLine, TransactionChange};
pub use transfer::{TransferOut, TransferredItem};
pub use unreadable::Unreadable;

use crate::definition::Defined;
use crate::id::{EntryId, Key, ProfileNumber, ReturnId, TransactionId};
use crate::json::Json;
use crate::program::Activity;
use crate::time::Timestamp;

/// One change to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its sequence number in the account's journal: 1, 2, 3, with no gap (rule J1).
    pub sequence: u32,
    /// The instant of the change, never before that of the previous entry (rule T6).
    pub at: Timestamp,
    /// The cause of the change.
    pub cause: Cause,
    /// Whether it counts as activity of the profile, by the program that it was decided under (rule T9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_activity: bool,
    /// The change itself.
    pub kind: EntryKind,
    /// The account's balances after it.
    pub balances: Balances,
    /// The stamp by which a retry finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Box<Stamp>>,
}

/// The cause of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// A request for this very change.
    Request,
    /// The clock: the change fell due.
    Clock,
    /// A transaction was posted, changed, returned in part or deleted.
    Transaction(TransactionId),
    /// A return of value that could not go back to its lot.
    Return(ReturnId),
    /// A merger of two profiles.
    Merge,
}

/// The kind of an entry, with its fields.
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
    /// A hold lapsed.
    Lapse(Box<Release>),
    /// Part of a redemption was given back.
    Return(Box<ReturnEntry>),
    /// A redemption was reversed.
    Reversal(Box<ReturnEntry>),
    /// Lots were extended.
    Extend(Vec<LotChange>),
    /// A lot went to another profile.
    ReassignOut(Box<MovedOut>),
    /// A lot came from another profile.
    ReassignIn(Box<MovedIn>),
    /// Value went to another profile, in new lots.
    TransferOut(Box<TransferOut>),
    /// A lot was revoked.
    Revoke(Box<Corrected>),
    /// A lot was corrected.
    Adjust(Box<Corrected>),
    /// A transaction was posted, changed or deleted.
    Transaction(Box<TransactionChange>),
    /// A transaction earned more than it did.
    Earn(Box<EarnedMore>),
    /// A transaction earned less than it did.
    Clawback(Box<ClawedBack>),
    /// The profile was merged into another, and is closed.
    MergeOut(Box<MergedOut>),
    /// Another profile was merged into this one.
    MergeIn(Box<MergedIn>),
}

impl EntryKind {
    /// The activity that such an entry is, in the journal of an account and with a sequence number (rule T9).
    #[inline]
    pub(crate) fn activity(&self, number: ProfileNumber, sequence: u32) -> Option<Activity> {
        match self {
            Self::Redeem(_) | Self::Capture(_) => Some(Activity::Redeeming),
            Self::Transaction(change) => {
                let is_posted = change.transaction.id == TransactionId::made_by(number, sequence);
                is_posted.then_some(Activity::Earning)
            }
            _ => None,
        }
    }
}

impl Entry {
    /// The entry's own id, in the journal of an account.
    pub fn id(&self, number: ProfileNumber) -> EntryId {
        EntryId::made_by(number, self.sequence)
    }

    /// The idempotency key of the request that wrote the entry.
    pub fn key(&self) -> Option<&Key> {
        self.stamp.as_ref().and_then(|stamp| stamp.key.as_ref())
    }

    /// Whether it is the first entry written by this batch row under this key.
    pub(crate) fn is_row(&self, (key, row): &(Key, u32)) -> bool {
        let number = self.stamp.as_ref().and_then(|stamp| stamp.row).map(|row| row.row);
        self.key() == Some(key) && number == Some(*row)
    }

    /// The activity that it tells of: a late redemption was one when it happened (rules T9 and T10).
    pub(crate) fn active(&self) -> Option<Active> {
        let (at, from) = match &self.kind {
            EntryKind::MergeIn(merged) => (self.at, merged.active_at?),
            _ if !self.is_activity => return None,
            EntryKind::Redeem(redeemed) => {
                let at = redeemed.late().map_or(self.at, |late| late.occurred_at);
                (at, at)
            }
            _ => (self.at, self.at),
        };
        Some(Active { at, from })
    }

    /// The start of the periods that its activity begins.
    pub(crate) fn active_at(&self) -> Option<Timestamp> {
        self.active().map(|active| active.from)
    }

    /// The activity that it is, whether or not the program counts it (rule T9).
    pub(crate) fn activity(&self, number: ProfileNumber) -> Option<Activity> {
        self.kind.activity(number, self.sequence)
    }

    /// The caller's own name for the new record: a store finds the newest entry with a name.
    pub fn external(&self) -> Option<&External> {
        self.stamp.as_ref().and_then(|stamp| stamp.external.as_ref())
    }

    /// The document that the caller attached to the entry's record.
    pub fn meta(&self) -> Option<&Json> {
        match &self.kind {
            EntryKind::Hold(hold) => hold.details.as_ref()?.meta.as_ref(),
            EntryKind::Return(back) | EntryKind::Reversal(back) => back.meta.as_ref(),
            EntryKind::Issue(issue) => issue.details.as_ref()?.meta.as_ref(),
            EntryKind::Transaction(change) => change.transaction.meta.as_ref(),
            EntryKind::TransferOut(sent) => sent.meta.as_ref(),
            _ => self.redeemed()?.details.as_ref()?.meta.as_ref(),
        }
    }
}
