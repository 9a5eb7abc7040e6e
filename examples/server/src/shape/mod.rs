//! What the answers look like: the crate's records under the names and in the forms of the dialect.

pub mod asked;
pub mod balances;
pub mod definition;
pub mod event;
pub mod ledger;
pub mod lot;
pub mod moved;
pub mod newest;
pub mod preview;
pub mod redemption;
pub mod report;
pub mod sent;
pub mod transaction;
pub mod transfer;
pub mod wire;
