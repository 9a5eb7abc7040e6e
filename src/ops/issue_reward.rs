//! Issuing a reward (rules D2 to D5).

use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{DefinitionId, ExternalId, Handle, ProfileId};
use crate::journal::{External, Fingerprint, LotDetails, LotKind, Reward};
use crate::ops::issue::{IssueSpec, issued};
use crate::program::Program;
use crate::store::{Need, View};
use crate::time::{Until, When, Zone};
use crate::value::json::Json;
use crate::value::{Amount, Quantity, present};

/// Issues a reward to a profile (rules D2 to D5). What is left out comes from the definition.
///
/// Outcome: the [`Reward`](crate::Reward). The same `external_id` with the same content answers with the first one.
///
/// ```
/// use scrip::{IssueReward, json};
///
/// let issue: IssueReward = json::read(br#"{
///     "reward_definition_id": 6, "profile_id": "alice", "value_initial": 10, "value_remaining": 10,
///     "issued_at": "2025-06-15 00:00:00", "expires_at": "2025-07-15 23:59:59",
///     "timezone": "Australia/Melbourne"
/// }"#)?;
/// # Ok::<(), scrip::json::JsonError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IssueReward {
    /// To whom.
    pub profile_id: ProfileId,
    /// What it is issued from, by id …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_definition_id: Option<DefinitionId>,
    /// … or by handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_definition_handle: Option<Handle>,
    /// What it is worth, instead of the definition's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_initial: Option<Amount>,
    /// What is left of it, where a migration brings a partly used one; all of it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_remaining: Option<Amount>,
    /// When it was issued: the instant of the request otherwise. A local time is read in the reward's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<When>,
    /// When it becomes usable: when it is issued, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<When>,
    /// When it expires, instead of what the definition says; `null` for never (rules T4 and T5).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Until>,
    /// Its zone; the definition's or the program's otherwise (rule T3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// The caller's own id for it, unique per profile (rule D5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl IssueReward {
    /// All as the definition says.
    pub const fn new(profile_id: ProfileId, definition: DefinitionId) -> Self {
        Self {
            profile_id,
            reward_definition_id: Some(definition),
            reward_definition_handle: None,
            value_initial: None,
            value_remaining: None,
            issued_at: None,
            available_at: None,
            expires_at: None,
            timezone: None,
            external_id: None,
            meta: None,
        }
    }
}

impl Operation for IssueReward {
    type Outcome = Reward;

    fn need(&self) -> Result<Need, Rejection> {
        self.spec().need(self.profile_id)
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("issue_reward", self)
    }

    fn external(&self) -> Option<External> {
        self.external_id.clone().map(External::Lot)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        if let Some(value) = self.value_initial {
            check::amount(program, "value_initial", value)?;
        }
        self.value_remaining.map_or(Ok(()), |value| check::sum(program, "value_remaining", value))
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let details = self.meta.clone().map(|meta| LotDetails { meta: Some(meta), ..LotDetails::default() });
        self.spec().issue(draft, view, details)?;
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Reward> {
        issued(LotKind::Reward, written)
    }
}

impl IssueReward {
    fn spec(&self) -> IssueSpec<'_> {
        IssueSpec {
            kind: LotKind::Reward,
            definition: self.reward_definition_id,
            handle: self.reward_definition_handle.as_ref(),
            fields: ["reward_definition_id", "reward_definition_handle"],
            initial: self.value_initial.map(Quantity::from),
            remaining: self.value_remaining.map(Quantity::from),
            issued_at: self.issued_at,
            available_at: self.available_at,
            expires_at: self.expires_at,
            timezone: self.timezone,
        }
    }
}
