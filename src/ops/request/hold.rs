//! Requests about holds.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::id::{HoldId, ProfileId};
use crate::journal::Strategy;
use crate::ops::request::redeem::{is_rewards, is_yes, rewards, yes};
use crate::value::Amount;
use crate::value::json::Json;

/// Sets value aside in named lots, soonest expiry first, for a while (rules H).
///
/// Outcome: the [`Hold`](crate::Hold).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlaceHold {
    /// Whose value. Left out where the path of an HTTP request says it; see [`PlaceHold::of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// What to set aside, in order; rewards alone by default (rule C3).
    #[serde(default = "rewards", skip_serializing_if = "is_rewards")]
    pub strategies: SmallVec<[Strategy; 2]>,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as there is (rule C4).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// For how many seconds it is good; the program's `hold_seconds` otherwise (rule H3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// What the basket is worth, for the program's minimum spend and share (rule C6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket_total: Option<Amount>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl PlaceHold {
    /// Exactly this much from rewards, or nothing (rule C4).
    pub fn strict(profile_id: ProfileId, amount: Amount) -> Self {
        Self {
            profile_id: Some(profile_id),
            strategies: rewards(),
            amount,
            strict: true,
            expires_in: None,
            basket_total: None,
            meta: None,
        }
    }

    /// Up to this much from rewards, as far as they go (rule C4).
    pub fn lenient(profile_id: ProfileId, amount: Amount) -> Self {
        Self { strict: false, ..Self::strict(profile_id, amount) }
    }

    /// The same, with these strategies in this order (rule C3).
    #[must_use]
    pub fn with(self, strategies: impl IntoIterator<Item = Strategy>) -> Self {
        Self { strategies: strategies.into_iter().collect(), ..self }
    }

    /// The same, of this profile: for a body that came without one.
    #[must_use]
    pub fn of(self, profile_id: ProfileId) -> Self {
        Self { profile_id: Some(profile_id), ..self }
    }
}

/// Turns a hold into a redemption of as much, or less; the rest is released (rule H2).
///
/// Outcome: the [`Redemption`](crate::Redemption).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CaptureHold {
    /// Which hold.
    pub hold_id: HoldId,
    /// How much of it, in money; all of it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl CaptureHold {
    /// All of it.
    pub const fn all(hold_id: HoldId) -> Self {
        Self { hold_id, amount: None, meta: None }
    }

    /// So much of it.
    pub const fn part(hold_id: HoldId, amount: Amount) -> Self {
        Self { hold_id, amount: Some(amount), meta: None }
    }
}

/// Lets a hold go (rule H3).
///
/// Outcome: the [`Hold`](crate::Hold), released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseHold {
    /// Which hold.
    pub hold_id: HoldId,
}
