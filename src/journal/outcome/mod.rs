//! The outcomes that callers receive.

mod hold;
mod lot;
mod redemption;

pub use hold::{Hold, HoldStatus};
pub use lot::{Lot, LotSnapshot, LotSnapshots, LotStatus, LotTimes, PointLot, Reward};
pub use redemption::{Redemption, Return};
