//! Reports for finance: what is owed to customers, why it changed, and how it is proved.
//!
//! Each report is a fold over journals, one profile at a time, and does no I/O:
//! [`LedgerAt::journals`](crate::LedgerAt::journals) gives the journals of a ledger, and so does an exported file. What fell
//! due is counted at its own instant, whether or not anything swept it (rule T7), so a report of a past period is the same
//! whenever it is made.
//!
//! - [`Liability`]: the roll-forward of what is owed, period by period.
//! - [`Ageing`]: what is outstanding, by month of issue and of expiry. [`Forecast`]: what expires on each coming day if nobody
//!   acts; [`expiries`]: the same of one profile, lot by lot.
//! - [`Cohorts`]: how much of what was issued in a month was redeemed since. [`ChainLadder`]: how much never will be.
//!   [`Deferral`]: the revenue that may be recognised meanwhile.
//! - [`Books`]: every entry as a balanced posting, for beancount, hledger or a spreadsheet.
//!
//! Periods are half-open: 30 June ends where 1 July begins, and its closing balance is that of the last microsecond before. A
//! reward usable through 30 June is owed at its end, and expires in July.

mod ageing;
mod books;
mod changes;
mod cohorts;
mod cuts;
mod deferral;
mod liability;

pub use ageing::{Ageing, AgeingRow, Forecast, ForecastRow, expiries};
pub use books::{BookAccounts, BookFormat, Books, BooksCursor, BooksError};
pub use changes::OwnedChange;
pub use cohorts::{ChainLadder, Cohort, CohortEstimate, Cohorts, Factor};
pub use cuts::{Cuts, CutsError, Span};
pub use deferral::{Deferral, Recognised};
pub use liability::{Liability, LiabilityRow, Measure};

/// A day in a document: as `2025-06-30`.
fn day<S: serde::Serializer>(day: &chrono::NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

/// A day that there may not be.
fn some_day<S: serde::Serializer>(day: &Option<chrono::NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&day.map(|day| day.to_string()), serializer)
}

fn read_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<chrono::NaiveDate, D::Error> {
    let text: String = serde::Deserialize::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom("must be a day, as 2025-06-30"))
}
