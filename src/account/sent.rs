//! The value that a profile transferred on one day, for the program's limit (rule L5).

use serde::{Deserialize, Serialize};

use crate::journal::LotKind;
use crate::time::Timestamp;
use crate::value::Quantity;

/// The value transferred to others on the day of the last transfer, by kind. What came back is not deducted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// The end of that day, as the transfer states it.
    pub(super) until: Timestamp,
    #[serde(default, skip_serializing_if = "Quantity::is_nothing")]
    pub(super) rewards: Quantity,
    #[serde(default, skip_serializing_if = "Quantity::is_nothing")]
    pub(super) points: Quantity,
    #[serde(default, skip_serializing_if = "Quantity::is_nothing")]
    pub(super) status: Quantity,
}

impl Sent {
    pub(super) const fn none_until(until: Timestamp) -> Self {
        Self { until, rewards: Quantity::ZERO, points: Quantity::ZERO, status: Quantity::ZERO }
    }

    /// The value of one kind that counts at an instant.
    pub(super) fn at(&self, kind: LotKind, at: Timestamp) -> Quantity {
        let value = match kind {
            LotKind::Reward => self.rewards,
            LotKind::Point => self.points,
            LotKind::Status => self.status,
        };
        if at < self.until { value } else { Quantity::ZERO }
    }

    /// Adds a transfer at an instant, on a day that ends at another. Earlier days are forgotten.
    pub(super) fn add(&mut self, kind: LotKind, value: Quantity, at: Timestamp, until: Timestamp) {
        if at >= self.until {
            *self = Self::none_until(until);
        }
        let sum = match kind {
            LotKind::Reward => &mut self.rewards,
            LotKind::Point => &mut self.points,
            LotKind::Status => &mut self.status,
        };
        *sum = sum.plus(value);
    }
}
