//! scrip is an embeddable rewards ledger.

#![deny(
    missing_docs,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod account;
mod amount;
mod balance;
mod catalogue;
mod decide;
mod definition;
mod entry;
mod id;
pub mod json;
mod ledger;
mod lot;
mod program;
mod redemption;
pub mod rejection;
pub mod request;
pub mod store;
mod time;
mod transaction;
mod wallet;

pub use account::{Account, Corrupt, LiveLot, NextExpiry, PendingLot};
pub use amount::{Amount, AmountError, Delta, ExchangeRate, Points, Quantity, RateError};
pub use balance::{Balances, LotKind, Pot, Totals, ValuedBalances};
pub use catalogue::Catalogue;
pub use decide::{Action, Decision, Novelty, Quote, Receipt, Unused, UnusedReason, decide, need};
pub use definition::{Defined, Definition, PointDefinition, RewardDefinition, RewardType, Terms};
pub use entry::{Cause, Entry, EntryKind, External, LotValue, Stamp, Subject};
pub use id::{
    DefinitionId, EntryId, ExternalId, Handle, IdError, Key, LotId, ProfileId, ProfileNumber, RedemptionId,
    TransactionId,
};
pub use ledger::{Answer, AsyncLedger, AsyncLedgerAsOf, AsyncMoment, Error, Ledger, LedgerAsOf, Moment};
pub use lot::{Issue, Lot, LotDetails, LotStatus, PointLot, Reward};
pub use program::{
    Clawback, Currency, CurrencyError, Earn, ExpiredReturn, Program, ProgramError, ProgramSettings, Share,
};
pub use redemption::{Item, Items, Redemption, RedemptionState, Strategy};
pub use rejection::{KeyReused, Refusal, Rejection};
pub use request::{
    ArchiveDefinition, Command, Define, DeleteTransaction, IssuePoints, IssueReward, Outcome,
    PostTransaction, Redeem, Redefine, Request, UpdateTransaction,
};
pub use store::{AsyncStore, MemoryStore, Store};
pub use time::{Expiry, Period, PeriodType, TimeError, Timestamp, Until, When, Zone};
pub use transaction::{Transaction, TransactionChange};
pub use wallet::Wallet;
