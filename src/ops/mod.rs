//! The operations of a rewards ledger: one file for each.

pub(crate) mod batch;
pub(crate) mod correct;
mod decide;
mod define;
pub(crate) mod earn;
mod extend;
pub(crate) mod give_back;
pub(crate) mod hold;
pub(crate) mod issue;
mod issue_points;
mod issue_reward;
mod link;
pub(crate) mod quote;
pub(crate) mod redeem;
pub mod request;
mod return_transaction;
mod sweep;
mod template;
mod transact;
mod transfer;

pub use batch::KeyedBatch;
pub use correct::{Adjust, CorrectedLot, Revoke};
pub use define::{ArchiveDefinition, Define, Redefine};
pub use extend::{Extend, Extended};
pub use give_back::{ReturnRedemption, ReverseRedemption};
pub use hold::{CaptureHold, PlaceHold, ReleaseHold};
pub use issue_points::IssuePoints;
pub use issue_reward::IssueReward;
pub use quote::{Quote, Unused, UnusedReason};
pub use redeem::Redeem;
pub(crate) use request::{Command, Request};
pub use return_transaction::{ReturnTransaction, TransactionReturn};
pub use sweep::{Sweep, Swept};
pub use transact::{DeleteTransaction, PostTransaction, UpdateTransaction};
pub use transfer::{MergeProfiles, Merged, Moved, Reassign};
