//! Definitions (rules D1 to D3).

use std::collections::BTreeMap;

use super::{Check, Fault, Past, Step, ensure, same};
use crate::definition::{Defined, Definition, Scope, Terms};
use crate::id::{DefinitionId, ProfileNumber};
use crate::journal::{Issue, LotKind};
use crate::time::Period;

/// The definitions of a catalogue, with all terms that each ever had: issues are checked against them.
#[derive(Debug, Default)]
pub struct Definitions(BTreeMap<DefinitionId, Known>);

#[derive(Debug)]
struct Known {
    latest: Defined,
    terms: Vec<(DefinedTerms, Option<Box<Scope>>)>,
}

/// The terms that a definition gives its lots; the zone may come from the request or the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DefinedTerms {
    /// Of points: whether they can be redeemed (rule K1).
    kind: LotKind,
    period: Option<Period>,
    inactivity: Option<Period>,
    extend_days: Option<u32>,
    is_reassignable: bool,
    is_extendable: bool,
}

impl Definitions {
    /// Checks that a lot was issued from a definition of its kind, on terms that it once had (rules D2 and D3).
    pub(super) fn check_issue(&self, issue: &Issue) -> Check {
        let known = issue.definition_id.and_then(|id| self.0.get(&id));
        let none =
            || Fault::new("D2", "definition_id", &issue.definition_id, "a definition of the catalogue");
        let known = known.ok_or_else(none)?;
        let is_points = matches!(known.latest.definition, Definition::Point(_));
        ensure(
            "D2",
            "kind",
            issue.kind.is_points() == is_points,
            &issue.kind,
            format_args!("the definition's"),
        )?;
        let Terms { period, inactivity, extend_days, is_reassignable, is_extendable, .. } = issue.terms;
        let kind = issue.kind;
        let terms = DefinedTerms { kind, period, inactivity, extend_days, is_reassignable, is_extendable };
        let mut on_terms = known.terms.iter().filter(|(known, _)| *known == terms).peekable();
        let is_defined = on_terms.peek().is_some();
        ensure("D3", "terms", is_defined, &issue.terms, format_args!("those of the definition"))?;
        let is_within = on_terms.any(|(_, scope)| is_narrowed(scope.as_deref(), issue));
        let expected = format_args!("the definition's, or narrower");
        ensure("S2", "details.scope", is_within, &issue.scope(), expected)
    }
}

impl Past {
    pub(super) fn define(&mut self, step: &Step<'_>, defined: &Defined) -> Check {
        let is_catalogue = step.number() == ProfileNumber::CATALOGUE;
        ensure("D1", "kind", is_catalogue, &step.kind(), format_args!("an entry of a profile"))?;
        same("D1", "updated_at", &defined.updated_at, &step.at())?;
        let definitions = &mut self.definitions.0;
        if defined.id == DefinitionId::made_by(step.number(), step.entry.sequence) {
            same("D1", "created_at", &defined.created_at, &step.at())?;
            same("D1", "is_archived", &defined.is_archived, &false)?;
        } else {
            let unknown = || Fault::new("J1", "id", &defined.id, "a definition that was made before");
            let before = &definitions.get(&defined.id).ok_or_else(unknown)?.latest;
            check_changed(before, defined)?;
        }
        let handle = defined.definition.handle();
        let of_kind = kind(&defined.definition);
        let mut others = definitions.values().map(|known| &known.latest).filter(|other| {
            other.id != defined.id && kind(&other.definition) == of_kind && other.holds(handle)
        });
        let is_free = defined.is_archived || others.next().is_none();
        ensure("D1", "definition.handle", is_free, handle, format_args!("a handle that is not taken"))?;
        check_value(&defined.definition)?;
        let terms = (terms(&defined.definition), scope(&defined.definition));
        let new = || Known { latest: defined.clone(), terms: Vec::new() };
        let known = definitions.entry(defined.id).or_insert_with(new);
        known.latest = defined.clone();
        if !known.terms.contains(&terms) {
            known.terms.push(terms);
        }
        Ok(())
    }
}

fn check_changed(before: &Defined, now: &Defined) -> Check {
    ensure("D3", "id", !before.is_archived, &now.id, format_args!("one that was not archived"))?;
    same("D1", "created_at", &now.created_at, &before.created_at)?;
    same("D1", "definition", &kind(&now.definition), &kind(&before.definition))?;
    if now.is_archived { same("D3", "definition", &now.definition, &before.definition) } else { Ok(()) }
}

fn check_value(definition: &Definition) -> Check {
    let Definition::Reward(reward) = definition else { return Ok(()) };
    let is_right = reward.max_value.is_none_or(|max| reward.value <= max);
    ensure("D1", "definition.max_value", is_right, &reward.max_value, format_args!("at least the value"))
}

const fn kind(definition: &Definition) -> LotKind {
    match definition {
        Definition::Reward(_) => LotKind::Reward,
        Definition::Point(_) => LotKind::Point,
    }
}

/// Whether a lot's scope is a definition's, or narrower. Points have none.
fn is_narrowed(own: Option<&Scope>, issue: &Issue) -> bool {
    match (own.filter(|own| !own.is_everything()), issue.scope()) {
        (None, given) => given.is_none() || issue.kind == LotKind::Reward,
        (Some(own), Some(given)) => own.narrowed(given).as_ref() == Some(given),
        (Some(_), None) => false,
    }
}

fn scope(definition: &Definition) -> Option<Box<Scope>> {
    match definition {
        Definition::Reward(reward) => reward.scope.clone(),
        Definition::Point(_) => None,
    }
}

fn terms(definition: &Definition) -> DefinedTerms {
    match definition {
        Definition::Reward(reward) => DefinedTerms {
            kind: LotKind::Reward,
            period: reward.period_type.counted(reward.period),
            inactivity: None,
            extend_days: reward.extend_days,
            is_reassignable: reward.is_reassignable,
            is_extendable: reward.is_extendable,
        },
        Definition::Point(point) => DefinedTerms {
            kind: if point.is_redeemable { LotKind::Point } else { LotKind::Status },
            period: point.period_type.counted(point.period),
            inactivity: point.inactivity_period_type.counted(point.inactivity_period),
            extend_days: point.extend_days,
            is_reassignable: point.is_reassignable,
            is_extendable: point.is_extendable,
        },
    }
}
