//! Requests about definitions.

use serde::{Deserialize, Serialize};

use crate::definition::{Definition, PointDefinition, RewardDefinition};
use crate::id::DefinitionId;

/// Makes a definition (rule D1). Its JSON is `{"reward": {…}}` or `{"point": {…}}`.
///
/// Outcome: the [`Defined`](crate::Defined) definition, with its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Define(pub Definition);

impl From<RewardDefinition> for Define {
    fn from(definition: RewardDefinition) -> Self {
        Self(definition.into())
    }
}

impl From<PointDefinition> for Define {
    fn from(definition: PointDefinition) -> Self {
        Self(definition.into())
    }
}

/// Replaces what a definition says. What was issued from it before stays as it is (rule D3).
///
/// Outcome: the [`Defined`](crate::Defined) definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redefine {
    /// Which definition.
    pub id: DefinitionId,
    /// What it says from now on; of the same kind as before.
    pub definition: Definition,
}

/// Takes a definition out of use: nothing is issued from it any more, and what was issued stays (rule D3).
///
/// Its handle becomes free. Outcome: the [`Defined`](crate::Defined) definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveDefinition {
    /// Which definition.
    pub id: DefinitionId,
}
