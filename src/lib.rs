//! An embeddable rewards ledger: exact amounts, soonest-expiry-first redemption, a journal that replays bit for bit, and
//! storage behind a trait.
//!
//! A shop issues rewards and points to its customers; a till takes value from them, soonest expiry first, to the cent, and
//! links it to a sale. scrip decides what that comes to and never does I/O: the caller brings the instant and the store.
//!
//! ```
//! use scrip::{Amount, Define, IssueReward, Ledger, MemoryStore, PeriodType, ProfileId, Program, Redeem};
//! use scrip::RewardDefinition;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
//! let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
//! let alice = ProfileId::new("alice")?;
//!
//! let birthday = RewardDefinition::new("birthday-reward".parse()?, "Birthday Reward", Amount::from(10))
//!     .valid_for(30, PeriodType::Days);
//! let birthday = till.commit(Define::from(birthday))?;
//! till.commit(IssueReward::new(alice, birthday.id))?;
//!
//! let redemption = till.commit(Redeem::strict(alice, "7.50".parse()?))?;
//! assert_eq!(redemption.items[0].amount, "7.50".parse()?);
//! assert_eq!(till.balances(alice)?.reward_balance, "2.50".parse()?);
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! - **Asking**: a [`Ledger`] (or [`AsyncLedger`]) is a [`Program`] and a [`Store`]. [`Ledger::at`] takes the instant and
//!   answers with what can be done ([`LedgerAt::commit`], [`LedgerAt::quote`]) and seen ([`LedgerAt::balances`],
//!   [`LedgerAt::wallet`], one thing such as [`LedgerAt::redemption`]) then; [`Ledger::as_of`] shows the past.
//! - **Requests** are plain values, in [`request`]: [`IssueReward`], [`Redeem`], [`PostTransaction`] and others. A
//!   [`Command`] adds the instant and an idempotency key; a stream of them as JSON can be replayed.
//! - **Answers**: [`Reward`], [`PointLot`], [`Redemption`], [`Transaction`], [`Defined`]; or an [`Error`], whose
//!   [`Rejection`] has a code, numbers and a rule; see [`rejection`].
//! - **Inside**: [`decide()`] turns a command into journal [`Entry`]s, and [`Account::apply`] folds them.
//! - **Many at once**: a [`GroupCommit`] lets the requests of many threads and tasks share one flush of the disk.
//! - **Stores**: [`store`] has the contract, the [`MemoryStore`], and the suite that a store must pass.
//! - **The guide**: [`guide`] has the [rules](guide::rules) by number and the [design](guide::design), shows what happens to
//!   value [afterwards](guide::afterwards) and how to embed the ledger in a [server](guide::server), and tells about operating a
//!   store, running on PostgreSQL, [speed](guide::speed), [writing a store](guide::storage) and [testing](guide::testing).

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
mod audit;
mod definition;
mod engine;
pub mod guide;
mod id;
mod journal;
mod ledger;
mod ops;
mod program;
mod setters;
pub mod store;
mod time;
mod value;
mod view;

pub use account::{Account, Contradiction, Corrupt, LiveLot, NextExpiry, OverdueLot, PendingLot};
pub use audit::{Auditor, Definitions};
/// The crate that dates and times of day come from, in the version that this one uses.
pub use chrono;
pub use definition::{Defined, Definition, PointDefinition, RewardDefinition, RewardType, Terms};
pub use engine::{Action, Decision, Disposition, KeyReused, Receipt, Refusal, Rejection, rejection};
pub use id::{
    DefinitionId, EntryId, ExternalId, Handle, HoldId, IdError, Key, LotId, ProfileId, ProfileNumber,
    RedemptionId, ReturnId, TransactionId,
};
pub use journal::{
    Balances, BatchRow, Bucket, Capture, Cause, ClawedBack, Corrected, Earned, EarnedMore, Entry, EntryKind,
    Expired, External, Fingerprint, FingerprintError, Hold, HoldEntry, HoldStatus, Issue, Item, Items,
    KindTotals, Lot, LotChange, LotDetails, LotKind, LotSnapshot, LotSnapshots, LotState, LotStatus,
    LotTimes, LotValue, MergedIn, MergedOut, MovedIn, MovedOut, Movement, Movements, Origin, Owed, PointLot,
    RecordId, RecordIds, Recovered, RedeemDetails, Redeemed, Redemption, RedemptionState, Release,
    ReleasedLot, Return, ReturnEntry, ReturnedItem, ReturnedTo, Reward, Stamp, Standing, Strategies,
    Strategy, Totals, Transaction, TransactionChange, Unreadable, ValuedBalances,
};
pub use ledger::{
    Answer, AsyncLedger, AsyncLedgerAsOf, AsyncLedgerAt, AsyncProfiles, AsyncSweepAll, Error, GroupCommit,
    GroupDriver, GroupOptions, Grouped, Ledger, LedgerAsOf, LedgerAt, Pending, Profiles, QueueFull, SweepAll,
};
pub use ops::{
    Adjust, ArchiveDefinition, CaptureHold, Command, CorrectedLot, Define, DeleteTransaction, Extend,
    Extended, IssuePoints, IssueReward, KeyedBatch, MergeProfiles, Merged, Moved, Outcome, PlaceHold,
    PostTransaction, Quote, Reassign, Redeem, Redefine, ReleaseHold, Request, ReturnRedemption,
    ReturnTransaction, ReverseRedemption, Revoke, Sweep, Swept, TransactionReturn, Unused, UnusedReason,
    UpdateTransaction, decide, need, request,
};
pub use program::{
    Clawback, Currency, CurrencyError, Earn, ExpiredReturn, Program, ProgramError, ProgramSettings, Share,
    ShareError,
};
/// The crate that decimals come from, in the version that this one uses.
pub use rust_decimal;
pub use store::{AsyncStore, MemoryStore, Store};
pub use time::{Expiry, Period, PeriodType, TimeError, Timestamp, Until, When, Zone};
pub use value::{Amount, AmountError, Delta, Exchange, ExchangeRate, Points, Quantity, RateError, Sum};
pub use value::{decimal_text, json};
pub use view::{
    Catalogue, Cursor, Event, EventKind, Events, ExpiryCursor, KindSums, LedgerTotals, ProfileTotals,
    Progress, Wallet,
};

/// The README's example is compiled and run like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
