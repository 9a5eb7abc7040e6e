//! What a caller gets back when lots were changed, profiles merged, or part of a purchase came back.

use serde::{Deserialize, Serialize};

use crate::id::{EntryId, HoldId, LotId, ProfileNumber};
use crate::journal::{Balances, LotState, Transaction};
use crate::time::Timestamp;
use crate::value::{Amount, Points};

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

/// Part of a purchase that came back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransactionReturn {
    /// The id of the journal entry that says so.
    pub id: EntryId,
    /// The transaction, as it stands.
    pub transaction: Transaction,
    /// What came back.
    pub amount: Amount,
    /// The points that were clawed back for it: from the transaction's own lot, as a debt, or short.
    pub points_clawed_back: Points,
    /// The account's balances right after it: of the one that has the points, where the profile was merged into another.
    pub balances: Balances,
}
