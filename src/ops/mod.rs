//! What a rewards ledger can do: one file for each operation.

mod any;
pub(crate) mod correct;
mod decide;
mod define;
pub(crate) mod earn;
mod extend;
pub(crate) mod give_back;
pub(crate) mod hold;
pub(crate) mod issue;
pub(crate) mod quote;
pub(crate) mod redeem;
pub mod request;
mod sweep;
mod template;
mod transact;
mod transfer;

pub use decide::{decide, need};
pub use quote::{Quote, Unused, UnusedReason};
pub use request::{
    Adjust, ArchiveDefinition, CaptureHold, Command, Define, DeleteTransaction, Extend, IssuePoints,
    IssueReward, MergeProfiles, Outcome, PlaceHold, PostTransaction, Reassign, Redeem, Redefine, ReleaseHold,
    Request, ReturnRedemption, ReturnTransaction, ReverseRedemption, Revoke, Sweep, UpdateTransaction,
};
pub(crate) use request::{any_request, each_request, for_each_request};
