//! Instants, local dates, zones, periods and expiries (rules T).
//!
//! The core has no clock (rule T1). What it holds are [`Timestamp`]s: instants in UTC, to the microsecond. What
//! people write ("until 15 July, in Melbourne") is a [`When`] or an [`Until`], and becomes an instant once, in a
//! [`Zone`], when a request is decided.

mod expiry;
mod period;
mod text;
mod timestamp;
mod when;
mod zone;

pub use expiry::Expiry;
pub use period::{Period, PeriodType};
pub use timestamp::{TimeError, Timestamp};
pub use when::{Until, When};
pub use zone::Zone;

#[cfg(test)]
mod tests;
