//! What a caller gets back.

mod change;
mod hold;
mod lot;
mod redemption;

pub use change::{CorrectedLot, Extended, Merged, Moved, Swept, TransactionReturn};
pub use hold::{Hold, HoldStatus};
pub use lot::{Lot, LotSnapshot, LotSnapshots, LotStatus, LotTimes, PointLot, Reward};
pub use redemption::{Redemption, Return};
