//! The SQLite store: the contract, the caller's transaction, several handles, and files that are not as they should be.

#![cfg(feature = "sqlite")]

#[path = "sqlite/conformance.rs"]
#[cfg(feature = "conformance")]
mod conformance;
#[path = "sqlite/shop.rs"]
mod shop;
