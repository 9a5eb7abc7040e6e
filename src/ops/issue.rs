//! The parts common to issuing rewards and issuing points (rules D2 to D5, T3 to T5).

use crate::definition::{Scope, Terms};
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::known_lot;
use crate::engine::{Rejection, Written};
use crate::id::{DefinitionId, Handle, LotId, ProfileId};
use crate::journal::{EntryKind, External, Issue, KindTotals, Lot, LotDetails, LotKind};
use crate::ops::template::Template;
use crate::program::Program;
use crate::store::{DefinitionRef, Need, Owner, Record, View};
use crate::time::{Expiry, TimeError, Timestamp, Until, When, Zone};
use crate::value::Quantity;

/// The fields common to requests for rewards and for points.
pub(crate) struct IssueSpec<'a> {
    pub(crate) kind: LotKind,
    pub(crate) definition: Option<DefinitionId>,
    pub(crate) handle: Option<&'a Handle>,
    /// What the two are called in the request.
    pub(crate) fields: [&'static str; 2],
    pub(crate) initial: Option<Quantity>,
    pub(crate) remaining: Option<Quantity>,
    pub(crate) issued_at: Option<When>,
    pub(crate) available_at: Option<When>,
    pub(crate) expires_at: Option<Until>,
    pub(crate) timezone: Option<Zone>,
    pub(crate) scope: Option<&'a Scope>,
}

impl IssueSpec<'_> {
    pub(crate) fn need(&self, profile: ProfileId) -> Result<Need, Rejection> {
        let [id, handle] = self.fields;
        let definition = match (self.definition, self.handle) {
            (Some(definition), None) => DefinitionRef::Id(definition),
            (None, Some(name)) => DefinitionRef::Handle(match self.kind {
                LotKind::Reward => External::RewardDefinition(name.clone()),
                LotKind::Point | LotKind::Status => External::PointDefinition(name.clone()),
            }),
            (None, None) => return Err(Rejection::Missing { field: id.into() }),
            (Some(_), Some(_)) => {
                return Err(Rejection::Contradiction { field: id.into(), other: handle.into() });
            }
        };
        Ok(Need { definition: Some(definition), ..Need::of(Owner::Profile(profile)) })
    }

    pub(crate) fn issue(
        &self,
        draft: &mut EntryBuilder<'_>,
        view: &View<'_>,
        details: Option<LotDetails>,
    ) -> Result<(), Rejection> {
        let template = self.template(view)?;
        let lot = LotId::made_by(draft.first.number(), draft.first.next_sequence());
        let pot = draft.first.pot(template.kind);
        let issue = self.lot(draft.program, &template, &pot, lot, draft.at)?;
        let issue = issue.with_activity(draft.first.active_at());
        let details = match issue.scope().cloned().map(Box::new) {
            None => details,
            scope => Some(LotDetails { scope, ..details.unwrap_or_default() }),
        };
        draft.write(EntryKind::Issue(Issue { details: details.map(Box::new), ..issue }));
        Ok(())
    }

    /// The field that names the definition.
    const fn named_by(&self) -> &'static str {
        let [id, handle] = self.fields;
        if self.definition.is_some() { id } else { handle }
    }

    /// The field that leaves no time for use: what the definition says is usual.
    const fn limit(&self) -> &'static str {
        match (&self.expires_at, &self.available_at) {
            (Some(_), _) => "expires_at",
            (None, Some(_)) => "available_at",
            (None, None) => "issued_at",
        }
    }

    /// The definition, if it is one of this kind (rule D2).
    fn template<'a>(&self, view: &View<'a>) -> Result<Template<'a>, Rejection> {
        let unknown = || Rejection::UnknownDefinition { field: self.named_by().into() };
        let defined = view.found.definition.and_then(|record| record.defined()).ok_or_else(unknown)?;
        // A name leads to the definition that had it last, which may have been renamed since.
        if self.handle.is_some_and(|handle| !defined.holds(handle) && !defined.is_archived) {
            return Err(unknown());
        }
        let template = Template::of(defined);
        if template.kind.is_points() == self.kind.is_points() { Ok(template) } else { Err(unknown()) }
    }

    /// What is issued from a template of this kind at an instant, into a pot; of the details only its scope.
    fn lot(
        &self,
        program: &Program,
        template: &Template<'_>,
        pot: &KindTotals,
        lot: LotId,
        at: Timestamp,
    ) -> Result<Issue, Rejection> {
        let (definition, named) = (template.definition, self.named_by());
        if template.is_archived {
            return Err(Rejection::DefinitionArchived { field: named.into(), definition });
        }
        if !template.is_assignable {
            return Err(Rejection::NotAssignable { field: named.into(), definition });
        }
        let value_initial = self.initial.or(template.value);
        let value_initial = value_initial.ok_or(Rejection::Missing { field: "value_initial".into() })?;
        if let Some(max) = template.max.filter(|max| value_initial > *max) {
            return Err(Rejection::AboveMaxValue {
                field: "value_initial".into(),
                value: value_initial,
                max,
            });
        }
        let scope = template.scope(self.scope)?;
        let value_remaining = self.remaining.unwrap_or(value_initial);
        if value_remaining > value_initial {
            return Err(Rejection::RemainingAboveInitial {
                remaining: value_remaining,
                initial: value_initial,
            });
        }
        let terms = template.terms(self.timezone, program);
        let Dates { issued_at, available_at, expires_at } = self.dates(template, terms, at)?;
        if !pot.has_room_for(value_remaining) {
            let said = [("value_remaining", self.remaining), ("value_initial", self.initial)];
            let field = said.into_iter().find(|(_, value)| value.is_some()).map_or(named, |(field, _)| field);
            return Err(Rejection::AccountTotalExceeded { field: field.into() });
        }
        let (kind, definition_id) = (template.kind, Some(definition));
        Ok(Issue {
            lot,
            kind,
            definition_id,
            value_initial,
            value_remaining,
            issued_at,
            available_at,
            expires_at,
            terms,
            active_from: None,
            moves: 0,
            details: scope.map(|scope| Box::new(LotDetails { scope: Some(scope), ..LotDetails::default() })),
        })
    }

    /// When it was issued, becomes usable and expires (rules T2 to T5).
    fn dates(&self, template: &Template<'_>, terms: Terms, at: Timestamp) -> Result<Dates, Rejection> {
        let zone = terms.timezone;
        let issued_at = match self.issued_at {
            None => at,
            Some(when) => when.resolve(zone).map_err(|error| out_of_range("issued_at", error))?,
        };
        let available_at = match self.available_at {
            None => issued_at,
            Some(when) => when.resolve(zone).map_err(|error| out_of_range("available_at", error))?,
        };
        let expires_at = match (self.expires_at.or(template.absolute_expiry), terms.period) {
            (Some(until), _) => until.resolve(zone),
            (None, Some(period)) => period.expiry(issued_at, zone),
            (None, None) => Ok(Expiry::NEVER),
        };
        let ends_by = if self.expires_at.is_some() { "expires_at" } else { self.named_by() };
        let expires_at = expires_at.map_err(|error| out_of_range(ends_by, error))?;
        // What is merely expired already can be brought in by a migration (rule D4): then nothing says when it became
        // available, or that was before (rule D7).
        let says_when = self.issued_at.is_some() || self.available_at.is_some();
        if expires_at.is_past(available_at) && (says_when || !expires_at.is_past(at)) {
            return Err(Rejection::NeverUsable { field: self.limit().into(), available_at });
        }
        Ok(Dates { issued_at, available_at, expires_at })
    }
}

struct Dates {
    issued_at: Timestamp,
    available_at: Timestamp,
    expires_at: Expiry,
}

fn out_of_range(field: &'static str, _: TimeError) -> Rejection {
    Rejection::TimeOutOfRange { field: field.into() }
}

/// The lot that a record issued, as it stands at an instant: spent, expired, revoked or moved, as may be.
pub(crate) fn existing<Q: From<Quantity>>(
    kind: LotKind,
    view: &View<'_>,
    record: &Record<'_>,
    at: Timestamp,
) -> Option<Lot<Q>> {
    match &record.made.kind {
        EntryKind::Issue(issue) if issue.kind.is_points() == kind.is_points() => {
            let lot = known_lot(view, issue.lot, at)?.lot.of();
            Some(Lot { arrived_expired: issue.ends_at().is_past(record.made.at), ..lot })
        }
        _ => None,
    }
}

/// The lot that an entry issued, as it stood then.
pub(crate) fn issued<Q: From<Quantity>>(kind: LotKind, written: &Written<'_>) -> Option<Lot<Q>> {
    let entry = written.first()?;
    match &entry.kind {
        EntryKind::Issue(issue) if issue.kind.is_points() == kind.is_points() => {
            let external_id = entry.lot_external_id().cloned();
            let arrived_expired = issue.ends_at().is_past(entry.at);
            let lot = Lot::at_issue(written.account.profile_id(), entry.at, issue, external_id);
            Some(Lot { arrived_expired, ..lot })
        }
        _ => None,
    }
}
