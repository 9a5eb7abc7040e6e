//! What a reward is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{IdError, check_text};

/// What a reward is for: one of the known kinds, or any other short word, kept as given (rule D1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
#[allow(missing_docs)] // The names are what a shop calls them; there is nothing more to say.
pub enum RewardType {
    Activation,
    Anniversary,
    Birthday,
    Bonus,
    Campaign,
    CustomerService,
    Reactivation,
    Spend,
    Staff,
    SystemAdjustment,
    Tier,
    Achievement,
    Status,
    Points,
    Referral,
    #[default]
    Other,
    /// Any other word, of 1 to 50 bytes.
    Custom(Box<str>),
}

const KNOWN_TYPES: [(&str, RewardType); 16] = [
    ("activation", RewardType::Activation),
    ("anniversary", RewardType::Anniversary),
    ("birthday", RewardType::Birthday),
    ("bonus", RewardType::Bonus),
    ("campaign", RewardType::Campaign),
    ("customer-service", RewardType::CustomerService),
    ("reactivation", RewardType::Reactivation),
    ("spend", RewardType::Spend),
    ("staff", RewardType::Staff),
    ("system-adjustment", RewardType::SystemAdjustment),
    ("tier", RewardType::Tier),
    ("achievement", RewardType::Achievement),
    ("status", RewardType::Status),
    ("points", RewardType::Points),
    ("referral", RewardType::Referral),
    ("other", RewardType::Other),
];

impl RewardType {
    /// The word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Custom(word) => word,
            known => KNOWN_TYPES.iter().find(|(_, kind)| kind == known).map_or("other", |(word, _)| word),
        }
    }
}

impl FromStr for RewardType {
    type Err = IdError;

    fn from_str(word: &str) -> Result<Self, IdError> {
        if let Some((_, known)) = KNOWN_TYPES.iter().find(|(known, _)| *known == word) {
            return Ok(known.clone());
        }
        check_text(word, 50).map(|()| Self::Custom(word.into()))
    }
}

impl TryFrom<String> for RewardType {
    type Error = IdError;

    fn try_from(word: String) -> Result<Self, IdError> {
        word.parse()
    }
}

impl From<RewardType> for String {
    fn from(kind: RewardType) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for RewardType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
