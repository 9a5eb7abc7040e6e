//! Issuing points (rules D2 to D5).

use serde::{Deserialize, Serialize};

use crate::engine::check::LABEL;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{DefinitionId, ExternalId, Handle, ProfileId};
use crate::journal::{External, Fingerprint, LotDetails, LotKind, PointLot};
use crate::json::Json;
use crate::ops::issue::{IssueSpec, existing, issued};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Record, View};
use crate::time::{Timestamp, Until, When, Zone};
use crate::value::{Points, Quantity, present};

/// Issues a lot of points to a profile (rules D2 to D5). Omitted fields come from the definition.
///
/// Outcome: the [`PointLot`](crate::PointLot). The same `external_id` with the same content answers with the first
/// one.
///
/// ```
/// use scrip::{IssuePoints, Points, ProfileId};
///
/// let alice = ProfileId::new("alice")?;
/// let issue = IssuePoints::by_handle(alice, "review".parse()?)
///     .with_value(Points::from(50))
///     .with_source_type("review")
///     .with_source("reviews/4711");
/// assert_eq!(issue.value_initial, Some(Points::from(50)));
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IssuePoints {
    /// To whom.
    pub profile_id: ProfileId,
    /// The definition that it is issued from, by id …
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
    /// The expiry, instead of the definition's; `null` for never (rules T4 and T5).
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
    /// From a definition, with all as it says.
    pub fn new(profile_id: ProfileId, definition: DefinitionId) -> Self {
        Self { point_definition_id: Some(definition), ..Self::of(profile_id) }
    }

    /// From the definition with this handle, with all as it says.
    pub fn by_handle(profile_id: ProfileId, handle: Handle) -> Self {
        Self { point_definition_handle: Some(handle), ..Self::of(profile_id) }
    }

    const fn of(profile_id: ProfileId) -> Self {
        Self {
            profile_id,
            point_definition_id: None,
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

setters! { IssuePoints {
    /// With another value than the definition says (rule D2).
    with_value(value_initial: Points) = Some(value_initial);

    /// The remaining value, for a partly used lot migrated from another system (rule D2).
    with_value_remaining(value_remaining: Points) = Some(value_remaining);

    /// Issued at another instant than now.
    with_issued_at(issued_at: impl Into<When>) = Some(issued_at.into());

    /// Usable from a later instant on (rule T2).
    with_available_at(available_at: impl Into<When>) = Some(available_at.into());

    /// With another expiry than the definition says (rules T4 and T5).
    with_expiry(expires_at: impl Into<Until>) = Some(expires_at.into());

    /// In another zone than the definition or the program says (rule T3).
    with_timezone(timezone: Zone) = Some(timezone);

    /// Under the caller's own id: the same id with the same content issues nothing twice (rule D5).
    with_external_id(external_id: ExternalId) = Some(external_id);

    /// With the sort of thing that the points are for, such as `review`.
    with_source_type(source_type: impl Into<String>) = Some(source_type.into());

    /// With the thing that the points are for.
    with_source(source: impl Into<String>) = Some(source.into());

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for IssuePoints {
    type Answer = PointLot;

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
            scope: None,
            source_type: self.source_type.clone(),
            source: self.source.clone(),
            meta: self.meta.clone(),
            origin: None,
            was_reassigned: false,
        };
        let details = (details != LotDetails::default()).then_some(details);
        self.spec().issue(draft, view, details)?;
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<PointLot> {
        issued(LotKind::Point, written)
    }

    fn existing(&self, view: &View<'_>, record: &Record<'_>, at: Timestamp) -> Option<PointLot> {
        existing(LotKind::Point, view, record, at)
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
            scope: None,
        }
    }
}
