//! Issuing points (rules D2 to D5).

use serde::{Deserialize, Serialize};

use crate::engine::check::LABEL;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{DefinitionId, ExternalId, Handle, ProfileId};
use crate::journal::{External, Fingerprint, LotDetails, LotKind, PointLot};
use crate::ops::issue::{IssueSpec, issued};
use crate::program::Program;
use crate::store::{Need, View};
use crate::time::{Until, When, Zone};
use crate::value::json::Json;
use crate::value::{Points, Quantity, present};

/// Issues a lot of points to a profile (rules D2 to D5). What is left out comes from the definition.
///
/// Outcome: the [`PointLot`](crate::PointLot). The same `external_id` with the same content answers with the first
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IssuePoints {
    /// To whom.
    pub profile_id: ProfileId,
    /// What it is issued from, by id …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_definition_id: Option<DefinitionId>,
    /// … or by handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_definition_handle: Option<Handle>,
    /// How many points, instead of the definition's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_initial: Option<Points>,
    /// How many are left, where a migration brings a partly used lot; all of them otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_remaining: Option<Points>,
    /// When it was issued: the instant of the request otherwise. A local time is read in the lot's zone.
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
    /// The kind of thing that they are issued for, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// Which one, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl IssuePoints {
    /// All as the definition says.
    pub const fn new(profile_id: ProfileId, definition: DefinitionId) -> Self {
        Self {
            profile_id,
            point_definition_id: Some(definition),
            point_definition_handle: None,
            value_initial: None,
            value_remaining: None,
            issued_at: None,
            available_at: None,
            expires_at: None,
            timezone: None,
            external_id: None,
            source_type: None,
            source: None,
            meta: None,
        }
    }
}

impl Operation for IssuePoints {
    type Outcome = PointLot;

    fn need(&self) -> Result<Need, Rejection> {
        self.spec().need(self.profile_id)
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("issue_points", self)
    }

    fn external(&self) -> Option<External> {
        self.external_id.clone().map(External::Lot)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        if let Some(value) = self.value_initial {
            check::points(program, "value_initial", value)?;
        }
        if let Some(value) = self.value_remaining {
            check::quantity("value_remaining", value.into(), program.point_scale())?;
        }
        check::optional_text("source_type", self.source_type.as_ref(), LABEL)?;
        check::optional_text("source", self.source.as_ref(), LABEL)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let details = LotDetails {
            source_type: self.source_type.clone(),
            source: self.source.clone(),
            meta: self.meta.clone(),
            origin: None,
        };
        let details = (details != LotDetails::default()).then_some(details);
        self.spec().issue(draft, view, details)?;
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<PointLot> {
        issued(LotKind::Point, written)
    }
}

impl IssuePoints {
    fn spec(&self) -> IssueSpec<'_> {
        IssueSpec {
            kind: LotKind::Point,
            definition: self.point_definition_id,
            handle: self.point_definition_handle.as_ref(),
            fields: ["point_definition_id", "point_definition_handle"],
            initial: self.value_initial.map(Quantity::from),
            remaining: self.value_remaining.map(Quantity::from),
            issued_at: self.issued_at,
            available_at: self.available_at,
            expires_at: self.expires_at,
            timezone: self.timezone,
        }
    }
}
