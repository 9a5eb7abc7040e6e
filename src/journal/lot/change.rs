//! How lots change after their issue, and what came of requests to change them.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::id::{HoldId, LotId, ProfileNumber};
use crate::journal::{Balances, Bucket, LotKind, LotStatus, Movement};
use crate::time::{Expiry, Timestamp};
use crate::value::{Points, Quantity};

/// Where the value of a lot is that no hold sets aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can be used.
    Usable,
    /// It can be used from this instant.
    Pending(Timestamp),
    /// It has expired.
    Expired,
    /// The shop took it back (rule L3).
    Revoked,
    /// It belongs to the profile with this number now (rule L2).
    MovedTo(ProfileNumber),
}

/// How a lot stands after an entry that changed it. With the entry that says what is fixed about it, this is all that
/// has to be known of a lot that is not live any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotState {
    /// The lot.
    pub lot: LotId,
    /// What it holds.
    pub kind: LotKind,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops being usable, or did.
    pub expires_at: Expiry,
    /// What is left of it: usable, held, expired or, where it was revoked, taken back.
    pub remaining: Quantity,
    /// Where that is, apart from what is held.
    pub standing: Standing,
}

/// A change of one lot: how it stands now, and what moved for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotChange {
    /// How the lot stands now.
    pub after: LotState,
    /// What moved.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub moved: SmallVec<[Movement; 1]>,
}

impl Standing {
    /// Where value in a lot that stands like this is.
    pub(crate) const fn place(self) -> Bucket {
        match self {
            Self::Usable => Bucket::Available,
            Self::Pending(_) => Bucket::Pending,
            Self::Expired => Bucket::Expired,
            Self::Revoked => Bucket::Revoked,
            Self::MovedTo(_) => Bucket::Moved,
        }
    }

    /// What people see of it.
    pub(crate) fn status(self, remaining: Quantity, held: Quantity) -> LotStatus {
        match self {
            Self::Revoked => LotStatus::Revoked,
            Self::MovedTo(_) => LotStatus::Moved,
            _ if remaining.is_zero() => LotStatus::Exhausted,
            Self::Expired => LotStatus::Expired,
            Self::Pending(_) => LotStatus::Pending,
            Self::Usable if held == remaining => LotStatus::Held,
            Self::Usable => LotStatus::Active,
        }
    }
}

/// Lots that were extended (rule L1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Extended {
    /// How they stand now, in the order of the request.
    pub lots: Vec<LotState>,
    /// The account's balances right after it.
    pub balances: Balances,
}

/// A lot that went to another profile (rule L2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moved {
    /// How it stands now with the profile that had it.
    pub lot: LotState,
    /// The number of the profile that has it now.
    pub to: ProfileNumber,
    /// The balances of the profile that had it, right after it.
    pub balances: Balances,
}

/// A lot that was taken back, or corrected (rule L3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrectedLot {
    /// How it stands now.
    pub lot: LotState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The account's balances right after it.
    pub balances: Balances,
}

/// A profile that was merged into another (rule L2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Merged {
    /// The number of the profile that took over.
    pub into: ProfileNumber,
    /// The lots that moved.
    pub lots: Vec<LotId>,
    /// The open holds that moved.
    pub holds: Vec<HoldId>,
    /// The points owed that moved.
    pub point_debt: Points,
}

/// What a sweep did (rule T7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Swept {
    /// How many entries it wrote.
    pub entries: u32,
    /// The next instant at which there will be something to sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
}
