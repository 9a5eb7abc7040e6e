//! Readers of the journal: a profile's wallet, the definitions, and the events that other systems hear.

mod catalogue;
pub(crate) mod event;
mod wallet;

pub use catalogue::Catalogue;
pub use event::{Cursor, Event, EventKind, Events, ExpiryCursor};
pub use wallet::Wallet;
