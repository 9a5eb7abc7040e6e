//! Why a request was refused, its idempotency key included.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Rejection;
use crate::id::Key;

/// The same idempotency key came with other content (rule [J5](crate::guide::rules#j5)). Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("key: `{key}` was used before with other content (rule J5)")]
pub struct KeyReused {
    /// The key.
    pub key: Key,
    /// The sequence number of the entry that its first use wrote.
    pub first: u32,
}

/// Why a request was refused: by a rule, or because its key was used for something else.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The rules do not allow it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Its key was used before with other content.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
}

impl Refusal {
    /// A stable code for programs to act on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::KeyReused(_) => "key_reused",
        }
    }
}
