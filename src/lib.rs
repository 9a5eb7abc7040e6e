//! An embeddable rewards ledger: exact amounts, soonest-expiry-first redemption, a journal that replays bit for bit, and
//! storage behind a trait.
//!
//! A shop issues rewards and points to its customers; a till redeems them, soonest expiry first, to the cent, and links the
//! redemption to a sale. scrip makes the decisions and does no I/O: the caller supplies the instant and the store.
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
//! - **Asking**: a [`Ledger`] (or [`AsyncLedger`]) is a [`Program`] and a [store](store::Store). [`Ledger::at`] takes the
//!   instant and answers with what can be done ([`LedgerAt::commit`]), tried ([`LedgerAt::quote`], [`LedgerAt::preview`]) and seen
//!   ([`LedgerAt::balances`], [`LedgerAt::wallet`], one record such as [`LedgerAt::redemption`]) then; [`Ledger::as_of`]
//!   shows the past.
//! - **Requests** are plain values, in [`request`]: [`IssueReward`], [`Redeem`], [`PostTransaction`] and others. A
//!   [`Command`] adds the instant and an idempotency key; a stream of them as [JSON](json) can be replayed.
//! - **Answers**, in [`outcome`]: [`Reward`], [`PointLot`], [`Redemption`], [`Transaction`]; or an [`Error`], whose
//!   [`Rejection`] has a code, numbers and a rule; see [`rejection`].
//! - **Looking**: [`view`] has the wallet, totals over all profiles, and the feed of events.
//! - **Reports**: [`report`] has what is owed and why it changed, for finance.
//! - **Values**: [`value`] (amounts, points, rates), [`time`] (instants, zones, expiry), [`id`], [`program`] and
//!   [`definition`].
//! - **Inside**: [`decide()`](request::decide()) turns a command into [`journal`] [entries](journal::Entry),
//!   [`Account::apply`](account::Account::apply) folds them, and an [`Auditor`](audit::Auditor) checks them.
//! - **Many at once**: a [`GroupCommit`](ledger::GroupCommit) lets the requests of many threads and tasks share one flush of
//!   the disk.
//! - **Stores**: [`store`] has the contract, the [`MemoryStore`], and the suite that a store must pass.
//! - **The guide**: [`guide`] has the [rules](guide::rules) by number and the [design](guide::design), shows what happens to
//!   value [afterwards](guide::afterwards) and how to embed the ledger in a [server](guide::server), and tells about operating a
//!   store, running on PostgreSQL, [speed](guide::speed), [writing a store](guide::storage) and [testing](guide::testing).

#![cfg_attr(docsrs, feature(doc_cfg))]
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

pub mod account;
pub mod audit;
pub mod definition;
mod engine;
pub mod guide;
pub mod id;
pub mod journal;
pub mod json;
pub mod ledger;
mod ops;
pub mod outcome;
pub mod program;
pub mod report;
mod setters;
pub mod store;
pub mod time;
pub mod value;
pub mod view;

pub use engine::rejection;
pub use ops::request;

// What a first program names; everything else has one path, through its module. A test holds the number.
/// The crate that dates and times of day come from, in the version that this one uses.
pub use chrono;
#[doc(inline)]
pub use definition::{PointDefinition, RewardDefinition};
#[doc(inline)]
pub use id::{DefinitionId, HoldId, Key, LotId, ProfileId, RedemptionId, TransactionId};
#[doc(inline)]
pub use ledger::{AsyncLedger, Error, Ledger, LedgerAt};
#[doc(inline)]
pub use outcome::{Hold, PointLot, Receipt, Redemption, Reward, Transaction};
#[doc(inline)]
pub use program::Program;
#[doc(inline)]
pub use rejection::Rejection;
#[doc(inline)]
pub use request::{
    CaptureHold, Command, Define, IssuePoints, IssueReward, Outcome, PlaceHold, PostTransaction, Redeem,
    ReleaseHold, Request, ReturnRedemption, ReturnTransaction,
};
/// The crate that decimals come from, in the version that this one uses.
pub use rust_decimal;
#[doc(inline)]
pub use store::MemoryStore;
#[doc(inline)]
pub use time::{PeriodType, Timestamp, Zone};
#[doc(inline)]
pub use value::{Amount, Points};

/// The README's example is compiled and run like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
