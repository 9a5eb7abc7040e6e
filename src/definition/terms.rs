//! The terms of a lot (rule D3).

use serde::{Deserialize, Serialize};

use crate::time::{Period, Zone};

/// What a lot carries for life, frozen when it was issued (rule D3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// The zone in which its days are counted (rule T3).
    pub timezone: Zone,
    /// How long it lasts from its issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// How long it lasts without activity (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Period>,
    /// By how many local days it is extended where the request does not say (rule L1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// Whether it can move to another profile (rule L2).
    pub is_reassignable: bool,
    /// Whether it can be extended (rule L1).
    pub is_extendable: bool,
}
