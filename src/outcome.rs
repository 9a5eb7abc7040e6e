//! What a request answers with, alone as a [`Receipt`] and among others as an [`Outcome`](crate::Outcome).
//!
//! An outcome is a plain value that serializes: what was made or changed, as it is right after the request. A
//! repetition of the request has the same outcome (rule J5). [`Defined`](crate::definition::Defined) is that of a
//! definition; [`Quote`] answers what a redemption would be without making it, and [`Preview`] what any request would do.

pub use crate::engine::{Disposition, Receipt};
pub use crate::journal::outcome::{
    Hold, HoldStatus, Lot, LotSnapshot, LotSnapshots, LotStatus, LotTimes, PointLot, Redemption, Return,
    Reward,
};
pub use crate::journal::transaction::Transaction;
pub use crate::ledger::Preview;
pub use crate::ops::{
    CorrectedLot, Extended, Merged, Moved, Quote, Swept, TransactionReturn, Transferred, TransferredPart,
    Unused, UnusedReason,
};
