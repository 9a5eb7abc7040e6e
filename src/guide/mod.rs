//! The guide: what scrip does, why it is built as it is, and how to build on it.
//!
//! - [`rules`]: what is right. Numbered, so that errors, tests and cases can name the rule that they are about.
//! - [`design`]: the shape of the crate, and the reasons.
//! - [`afterwards`]: holds, refunds, and purchases that come back, as programs that run.
//! - [`scope`]: what a reward may be spent on, with three baskets, and why the allotment is right.
//! - [`late`]: tills that were offline, and what they send afterwards, as a program that runs.
//! - [`recipes`]: reading rewards from CSV, and what is owed at the end of a month, as programs that run.
//! - [`finance`]: what is owed, what will lapse, the books and deferred revenue, and how an auditor proves each figure.
//! - [`tiers`]: silver and gold, made from the points that were earned in a year, as a program that runs.
//! - `operating`: choosing a store, and keeping it well.
//! - `postgres`: running on PostgreSQL, on one machine or many.
//! - [`server`]: embedding the ledger in a service, and the example server that does.
//! - [`speed`]: how fast it is, beside what, and where the time goes.
//! - [`storage`]: how to write a store of your own.
//! - [`testing`]: how it is tested, and how to run more of it.

#[doc = include_str!("rules.md")]
pub mod rules {}

#[doc = include_str!("design.md")]
pub mod design {}

#[doc = include_str!("afterwards.md")]
pub mod afterwards {}

#[doc = include_str!("scope.md")]
pub mod scope {}

#[doc = include_str!("late.md")]
pub mod late {}

#[doc = include_str!("recipes.md")]
pub mod recipes {}

#[doc = include_str!("finance.md")]
pub mod finance {}

#[doc = include_str!("tiers.md")]
pub mod tiers {}

#[cfg(feature = "sqlite")]
#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("server.md")]
pub mod server {}

#[cfg(feature = "postgres")]
#[doc = include_str!("postgres.md")]
pub mod postgres {}

#[doc = include_str!("speed.md")]
pub mod speed {}

#[doc = include_str!("storage.md")]
pub mod storage {}

#[doc = include_str!("testing.md")]
pub mod testing {}
