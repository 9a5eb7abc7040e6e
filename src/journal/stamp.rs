//! The stamp of an entry, by which a retry finds it.

use serde::{Deserialize, Serialize};

use crate::id::{ExternalId, Handle, Key};
use crate::journal::Fingerprint;

/// The identity of a request, by which a retry is recognised (rules J5, D5 and X2). It is on the first entry that the
/// request wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stamp {
    /// The request's idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The row of a batch, if the key is a batch's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<BatchRow>,
    /// The caller's own id for the new record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    /// The fingerprint of the request's content.
    pub fingerprint: Fingerprint,
    /// The number of entries that the request wrote, this one included.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub entries: u32,
}

/// A row of a batch under an idempotency key: the whole batch is one content (rule J5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchRow {
    /// The content of the batch: all its rows, in order.
    pub batch: Fingerprint,
    /// The index of the row, from zero.
    pub row: u32,
}

impl BatchRow {
    pub(crate) const fn new(batch: Fingerprint, row: u32) -> Self {
        Self { batch, row }
    }
}

const fn one() -> u32 {
    1
}

// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_one(entries: &u32) -> bool {
    *entries == 1
}

/// The caller's own name for a record, unique in its journal among records of that sort.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum External {
    /// The name of a reward or a point lot (rule D5).
    Lot(ExternalId),
    /// The name of a transaction (rule X2).
    Transaction(ExternalId),
    /// The handle of a reward definition (rule D1).
    RewardDefinition(Handle),
    /// The handle of a point definition (rule D1).
    PointDefinition(Handle),
}

impl External {
    /// The rule that makes it unique.
    pub(crate) const fn rule(&self) -> &'static str {
        match self {
            Self::Lot(_) => "D5",
            Self::Transaction(_) => "X2",
            Self::RewardDefinition(_) | Self::PointDefinition(_) => "D1",
        }
    }

    /// Whether requests with this name are idempotent: the same name with the same content means the same record
    /// (rules D5 and X2). A definition's handle is merely unique.
    pub(crate) const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Lot(_) | Self::Transaction(_))
    }

    /// The caller's own id of a lot, if it is one.
    pub(super) const fn lot(&self) -> Option<&ExternalId> {
        match self {
            Self::Lot(id) => Some(id),
            _ => None,
        }
    }

    /// A small number for the sort of record: names of different sorts are independent.
    pub const fn sort(&self) -> u8 {
        match self {
            Self::Lot(_) => 1,
            Self::Transaction(_) => 2,
            Self::RewardDefinition(_) => 3,
            Self::PointDefinition(_) => 4,
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Lot(id) | Self::Transaction(id) => id.as_str(),
            Self::RewardDefinition(handle) | Self::PointDefinition(handle) => handle.as_str(),
        }
    }
}
