//! Issuing a reward (rules D2 to D5).

use serde::{Deserialize, Serialize};

use crate::definition::Scope;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{DefinitionId, ExternalId, Handle, ProfileId};
use crate::journal::{External, Fingerprint, LotDetails, LotKind, Reward};
use crate::json::Json;
use crate::ops::issue::{IssueSpec, existing, issued};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Record, View};
use crate::time::{Timestamp, Until, When, Zone};
use crate::value::{Amount, Quantity, present};

/// Issues a reward to a profile (rules D2 to D5). Omitted fields come from the definition.
///
/// Outcome: the [`Reward`](crate::Reward). The same `external_id` with the same content answers with the first one, as
/// it stands now.
///
/// ```
/// use scrip::{Amount, IssueReward, ProfileId, json};
///
/// // Brought in from another system, partly used, under the id that it has there.
/// let alice = ProfileId::new("alice")?;
/// let issue = IssueReward::by_handle(alice, "birthday-reward".parse()?)
///     .with_value(Amount::from(20))
///     .with_value_remaining(Amount::from(5))
///     .with_expiry("2025-07-15".parse::<scrip::time::Until>()?)
///     .with_external_id("crm-4711".parse()?);
/// assert_eq!(issue.value_remaining, Some(Amount::from(5)));
///
/// // Or as it comes over the wire:
/// let issue: IssueReward = json::read(br#"{
///     "reward_definition_id": 6, "profile_id": "alice", "value_initial": 10, "value_remaining": 10,
///     "issued_at": "2025-06-15 00:00:00", "expires_at": "2025-07-15 23:59:59",
///     "timezone": "Australia/Melbourne"
/// }"#)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IssueReward {
    /// To whom.
    pub profile_id: ProfileId,
    /// The definition that it is issued from, by id …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_definition_id: Option<DefinitionId>,
    /// … or by handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_definition_handle: Option<Handle>,
    /// The value, instead of the definition's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_initial: Option<Amount>,
    /// The remaining value, if a migration brings in a partly used reward; the whole value otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_remaining: Option<Amount>,
    /// When it was issued: the instant of the request otherwise. A local time is read in the reward's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<When>,
    /// When it becomes usable: when it is issued, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<When>,
    /// The expiry, instead of the definition's; `null` for never (rules T4 and T5).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Until>,
    /// Its zone; the definition's or the program's otherwise (rule T3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// What it may be spent on: given, where the definition does not say, or narrowed (rule S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The caller's own id for it, unique per profile (rule D5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl IssueReward {
    /// From a definition, with all as it says.
    pub fn new(profile_id: ProfileId, definition: DefinitionId) -> Self {
        Self { reward_definition_id: Some(definition), ..Self::of(profile_id) }
    }

    /// From the definition with this handle, with all as it says.
    pub fn by_handle(profile_id: ProfileId, handle: Handle) -> Self {
        Self { reward_definition_handle: Some(handle), ..Self::of(profile_id) }
    }

    const fn of(profile_id: ProfileId) -> Self {
        Self {
            profile_id,
            reward_definition_id: None,
            reward_definition_handle: None,
            value_initial: None,
            value_remaining: None,
            issued_at: None,
            available_at: None,
            expires_at: None,
            timezone: None,
            scope: None,
            external_id: None,
            meta: None,
        }
    }
}

setters! { IssueReward {
    /// With another value than the definition says (rule D2).
    with_value(value_initial: Amount) = Some(value_initial);

    /// The remaining value, for a partly used reward migrated from another system (rule D2).
    with_value_remaining(value_remaining: Amount) = Some(value_remaining);

    /// Issued at another instant than now.
    with_issued_at(issued_at: impl Into<When>) = Some(issued_at.into());

    /// Usable from a later instant on (rule T2).
    with_available_at(available_at: impl Into<When>) = Some(available_at.into());

    /// With another expiry than the definition says (rules T4 and T5).
    with_expiry(expires_at: impl Into<Until>) = Some(expires_at.into());

    /// In another zone than the definition or the program says (rule T3).
    with_timezone(timezone: Zone) = Some(timezone);

    /// With a scope; a definition's own scope can only be narrowed (rule S2).
    with_scope(scope: Scope) = Some(scope);

    /// Under the caller's own id: the same id with the same content issues nothing twice (rule D5).
    with_external_id(external_id: ExternalId) = Some(external_id);

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for IssueReward {
    type Answer = Reward;

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
        self.value_remaining.map_or(Ok(()), |value| check::sum(program, "value_remaining", value))?;
        self.scope.as_ref().map_or(Ok(()), |scope| check::scope(program, scope))
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let details = self.meta.clone().map(|meta| LotDetails { meta: Some(meta), ..LotDetails::default() });
        self.spec().issue(draft, view, details)?;
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Reward> {
        issued(LotKind::Reward, written)
    }

    fn existing(&self, view: &View<'_>, record: &Record<'_>, at: Timestamp) -> Option<Reward> {
        existing(LotKind::Reward, view, record, at)
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
            scope: self.scope.as_ref(),
        }
    }
}
