//! Reports for finance: what is owed to customers, why it changed, and how it is proved.
//!
//! Each report is a fold over journals, one profile at a time, and does no I/O:
//! [`LedgerAt::journals`](crate::LedgerAt::journals) gives the journals of a ledger, and so does an exported file. What fell
//! due is counted at its own instant, whether or not anything swept it (rule T7), so a report of a past period is the same
//! whenever it is made.
//!
//! - [`Liability`]: the roll-forward of what is owed, period by period.
//!
//! Periods are half-open: 30 June ends where 1 July begins, and its closing balance is that of the last microsecond before. A
//! reward usable through 30 June is owed at its end, and expires in July.

mod changes;
mod cuts;
mod liability;

pub use changes::OwnedChange;
pub use cuts::{Cuts, CutsError, Span};
pub use liability::{Liability, LiabilityRow, Measure};
