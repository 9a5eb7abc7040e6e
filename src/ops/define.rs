//! Making, changing and archiving definitions (rules D1 to D3).

use crate::definition::{Defined, Definition, PointDefinition, RewardDefinition};
use crate::engine::check::{LABEL, PROSE};
use crate::engine::draft::Draft;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told, check};
use crate::id::{DefinitionId, ProfileId};
use crate::journal::{Entry, EntryKind, External, Fingerprint};
use crate::ops::{ArchiveDefinition, Define, Redefine};
use crate::program::Program;
use crate::store::{DefinitionRef, Need, Owner, View};

impl Decide for Define {
    type Outcome = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need::of(Owner::CATALOGUE))
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("define", self)
    }

    fn external(&self) -> Option<External> {
        Some(self.0.external())
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_definition(program, &self.0)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Defined>, Refusal> {
        check_handle(view, &self.0, None)?;
        let defined = Defined {
            id: DefinitionId::made_by(draft.first.number(), draft.first.next_sequence()),
            definition: self.0.clone(),
            is_archived: false,
            created_at: draft.at,
            updated_at: draft.at,
        };
        Ok(write(draft, defined).into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Defined> {
        recall(entries)
    }
}

impl Decide for Redefine {
    type Outcome = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { definition: Some(DefinitionRef::Id(self.id)), ..Need::of(Owner::CATALOGUE) })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("redefine", self)
    }

    fn external(&self) -> Option<External> {
        Some(self.definition.external())
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_definition(program, &self.definition)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Defined>, Refusal> {
        let before = current(view)?;
        if std::mem::discriminant(&before.definition) != std::mem::discriminant(&self.definition) {
            return Err(Rejection::UnknownDefinition { field: "id".into() }.into());
        }
        check_handle(view, &self.definition, Some(self.id))?;
        let definition = self.definition.clone();
        Ok(write(draft, Defined { definition, updated_at: draft.at, ..before.clone() }).into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Defined> {
        recall(entries)
    }
}

impl Decide for ArchiveDefinition {
    type Outcome = Defined;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { definition: Some(DefinitionRef::Id(self.id)), ..Need::of(Owner::CATALOGUE) })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("archive_definition", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Defined>, Refusal> {
        let before = current(view)?;
        Ok(write(draft, Defined { is_archived: true, updated_at: draft.at, ..before.clone() }).into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Defined> {
        recall(entries)
    }
}

fn write(draft: &mut Draft<'_>, defined: Defined) -> Defined {
    draft.write(EntryKind::Define(Box::new(defined.clone())));
    defined
}

fn recall(entries: &[&Entry]) -> Option<Defined> {
    match &entries.first()?.kind {
        EntryKind::Define(defined) => Some((**defined).clone()),
        _ => None,
    }
}

/// The definition that a request about one names, unless it is archived.
fn current<'a>(view: &View<'a>) -> Result<&'a Defined, Rejection> {
    let unknown = || Rejection::UnknownDefinition { field: "id".into() };
    let defined = view.found.definition.and_then(|record| record.defined()).ok_or_else(unknown)?;
    if defined.is_archived {
        Err(Rejection::DefinitionArchived { definition: defined.id })
    } else {
        Ok(defined)
    }
}

/// A handle belongs to one definition that is in use (rule D1).
fn check_handle(
    view: &View<'_>,
    definition: &Definition,
    own: Option<DefinitionId>,
) -> Result<(), Rejection> {
    let holder = view.found.external.and_then(|record| record.defined());
    match holder {
        Some(other) if Some(other.id) != own && other.holds(definition.handle()) => {
            Err(Rejection::HandleTaken { external: definition.external(), first: other.id })
        }
        _ => Ok(()),
    }
}

fn check_definition(program: &Program, definition: &Definition) -> Result<(), Rejection> {
    match definition {
        Definition::Reward(reward) => check_reward(program, reward),
        Definition::Point(point) => check_point(program, point),
    }
}

fn check_reward(program: &Program, reward: &RewardDefinition) -> Result<(), Rejection> {
    check::text("name", &reward.name, LABEL)?;
    check::amount(program, "value", reward.value)?;
    if let Some(max) = reward.max_value {
        check::amount(program, "max_value", max)?;
        if reward.value > max {
            return Err(Rejection::AboveMaxValue { value: reward.value.into(), max: max.into() });
        }
    }
    check::an_end("absolute_expiry", reward.absolute_expiry)?;
    let prose = [
        ("description", &reward.description),
        ("short_description", &reward.short_description),
        ("long_description", &reward.long_description),
        ("terms_conditions", &reward.terms_conditions),
        ("earn_instructions", &reward.earn_instructions),
        ("internal_notes", &reward.internal_notes),
        ("icon", &reward.icon),
        ("image_url", &reward.image_url),
    ];
    prose.into_iter().try_for_each(|(field, text)| check::optional_text(field, text.as_ref(), PROSE))?;
    check::tags(&reward.tags)
}

fn check_point(program: &Program, point: &PointDefinition) -> Result<(), Rejection> {
    check::text("name", &point.name, LABEL)?;
    if let Some(value) = point.value {
        check::points(program, "value", value)?;
    }
    check::an_end("absolute_expiry", point.absolute_expiry)?;
    let prose = [("description", &point.description), ("notes", &point.notes)];
    prose.into_iter().try_for_each(|(field, text)| check::optional_text(field, text.as_ref(), PROSE))?;
    check::tags(&point.tags)
}

impl Definition {
    /// Its handle, as a name that a store can find.
    pub(crate) fn external(&self) -> External {
        match self {
            Self::Reward(reward) => External::RewardDefinition(reward.handle.clone()),
            Self::Point(point) => External::PointDefinition(point.handle.clone()),
        }
    }
}
