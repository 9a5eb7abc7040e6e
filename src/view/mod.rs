//! Readers of the journal: a profile's wallet, the definitions, the events that other systems hear, the
//! totals of all profiles, and a whole journal.

mod catalogue;
pub(crate) mod event;
mod journal;
pub(crate) mod points_earned;
mod totals;
mod wallet;

pub use catalogue::Catalogue;
pub use event::{Cursor, Event, EventKind, Events, ExpiryCursor, Progress};
pub use journal::ProfileJournal;
pub use totals::{KindSums, LedgerTotals, ProfileTotals};
pub use wallet::Wallet;
