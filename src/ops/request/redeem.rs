//! The request to redeem.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use crate::id::ProfileId;
use crate::journal::Strategy;
use crate::value::Amount;
use crate::value::json::Json;

/// Takes value from a profile's lots, soonest expiry first (rules C).
///
/// Outcome: the [`Redemption`](crate::Redemption), with what each lot gave.
///
/// ```
/// use scrip::{Amount, ProfileId, Redeem, Strategy};
///
/// let alice = ProfileId::new("alice")?;
/// // All of it or nothing, from rewards and then from points.
/// let redeem = Redeem::strict(alice, Amount::from(10)).with([Strategy::Rewards, Strategy::Points]);
/// // As much of it as there is, from rewards.
/// let redeem = Redeem::lenient(alice, Amount::from(10));
/// # Ok::<(), scrip::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Redeem {
    /// Whose value. Left out where the path of an HTTP request says it; see [`Redeem::of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// What to pay with, in order; rewards alone by default (rule C3).
    #[serde(default = "rewards", skip_serializing_if = "is_rewards")]
    pub strategies: SmallVec<[Strategy; 2]>,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as there is (rule C4).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// What the basket is worth, for the program's minimum spend and share (rule C6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket_total: Option<Amount>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Redeem {
    /// Exactly this much from rewards, or nothing (rule C4).
    pub fn strict(profile_id: ProfileId, amount: Amount) -> Self {
        Self {
            profile_id: Some(profile_id),
            strategies: rewards(),
            amount,
            strict: true,
            basket_total: None,
            meta: None,
        }
    }

    /// Up to this much from rewards, as far as they go (rule C4).
    pub fn lenient(profile_id: ProfileId, amount: Amount) -> Self {
        Self { strict: false, ..Self::strict(profile_id, amount) }
    }

    /// The same, paid with these strategies in this order (rule C3).
    #[must_use]
    pub fn with(self, strategies: impl IntoIterator<Item = Strategy>) -> Self {
        Self { strategies: strategies.into_iter().collect(), ..self }
    }

    /// The same, for a basket worth so much (rule C6).
    #[must_use]
    pub fn basket(self, total: Amount) -> Self {
        Self { basket_total: Some(total), ..self }
    }

    /// The same, of this profile: for a body that came without one.
    #[must_use]
    pub fn of(self, profile_id: ProfileId) -> Self {
        Self { profile_id: Some(profile_id), ..self }
    }
}

pub(crate) fn rewards() -> SmallVec<[Strategy; 2]> {
    smallvec![Strategy::Rewards]
}
pub(crate) fn is_rewards(strategies: &[Strategy]) -> bool {
    *strategies == [Strategy::Rewards]
}
pub(crate) const fn yes() -> bool {
    true
}
// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) const fn is_yes(flag: &bool) -> bool {
    *flag
}
