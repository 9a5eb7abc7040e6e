//! The SQLite store: the contract, the caller's transaction, several handles, files that are not as they should be,
//! and disks with no room.

#![cfg(feature = "sqlite")]

#[path = "sqlite/conformance.rs"]
#[cfg(feature = "conformance")]
mod conformance;
#[path = "sqlite/files.rs"]
mod files;
#[path = "sqlite/forged.rs"]
mod forged;
mod forging;
#[path = "sqlite/full.rs"]
#[cfg(unix)]
mod full;
#[cfg(feature = "conformance")]
mod held;
#[path = "sqlite/joining.rs"]
mod joining;
#[path = "sqlite/opening.rs"]
#[cfg(unix)]
mod opening;
#[path = "sqlite/scans.rs"]
mod scans;
#[path = "sqlite/sharing.rs"]
mod sharing;
#[path = "sqlite/shop.rs"]
mod shop;
#[path = "sqlite/values.rs"]
mod values;
