//! Readers of the journal: a profile's wallet, the definitions, the events that other systems hear, and the
//! totals of all profiles.

mod catalogue;
pub(crate) mod event;
mod totals;
mod wallet;

pub use catalogue::Catalogue;
pub use event::{Cursor, Event, EventKind, Events, ExpiryCursor, Progress};
pub use totals::{KindSums, LedgerTotals, ProfileTotals};
pub use wallet::Wallet;
