//! Lots that were issued (rules D2 to D7, R3 and X3).

use chrono::TimeDelta;

use super::active::check_active_from;
use super::announced::Announced;
use super::{Check, Fault, LotRecord, Past, Step, ensure, same};
use crate::definition::Scope;
use crate::id::{ExternalId, LotId, ProfileNumber};
use crate::journal::owed::Earner;
use crate::journal::{Cause, Issue, LotDetails, LotState, Origin};
use crate::time::Expiry;
use crate::value::Quantity;

impl Past {
    pub(super) fn issue(&mut self, step: &Step<'_>, issue: &Issue) -> Check {
        same("J1", "lot", &issue.lot, &LotId::made_by(step.number(), step.entry.sequence))?;
        let (initial, remaining) = (issue.value_initial, issue.value_remaining);
        let expected = format_args!("at most {initial}");
        ensure("D2", "value_remaining", remaining <= initial, &remaining, expected)?;
        same("L2", "moves", &issue.moves, &0)?;
        same("X5", "details.was_reassigned", &issue.was_reassigned(), &false)?;
        check_active_from(step, issue)?;
        match (issue.origin(), self.announced.pop_front()) {
            (None, None) => issued_by_request(step, issue)?,
            (Some(Origin::Returned { .. }), Some(announced @ Announced::Returned { .. })) => {
                self.issued_by_return(step, issue, announced)?;
            }
            (Some(Origin::Earned { transaction, rate, .. }), announced) => {
                self.issued_by_transaction(step, issue, Earner { transaction, rate }, announced)?;
            }
            (Some(Origin::Transferred { transfer, lot }), None) => {
                Self::issued_by_transfer(step, issue, (transfer, lot))?;
            }
            (origin, _) => {
                return Err(Fault::new(
                    "J1",
                    "details.origin",
                    &origin,
                    "what was announced, if anything was",
                ));
            }
        }
        let external_id = step.entry.lot_external_id();
        self.add_lot_name(external_id)?;
        self.add_lot(issue, external_id, issue.after(step.at()), Quantity::ZERO);
        Ok(())
    }

    /// Adds a lot to the journal's state.
    pub(super) fn add_lot(
        &mut self,
        issue: &Issue,
        external_id: Option<&ExternalId>,
        now: LotState,
        held: Quantity,
    ) {
        let external_id = external_id.cloned();
        let record = LotRecord { issue: issue.clone(), external_id, now, held };
        self.lots.insert(issue.lot, record);
    }

    /// Registers a lot's external id, which must be unique (rule D5).
    fn add_lot_name(&mut self, name: Option<&ExternalId>) -> Check {
        let is_new = name.is_none_or(|name| self.lot_names.insert(name.clone()));
        ensure("D5", "stamp.external", is_new, &name, format_args!("a name that no other lot has"))
    }

    fn issued_by_return(&self, step: &Step<'_>, issue: &Issue, announced: Announced) -> Check {
        let Announced::Returned { back, kind, value, origin, .. } = announced else { return Ok(()) };
        same("R3", "cause", &step.entry.cause, &Cause::Return(back))?;
        same("R3", "kind", &issue.kind, &kind)?;
        same("R3", "value_initial", &issue.value_initial, &value)?;
        same("R3", "value_remaining", &issue.value_remaining, &value)?;
        same("R3", "issued_at", &issue.issued_at, &step.at())?;
        same("R3", "available_at", &issue.available_at, &step.at())?;
        let Origin::Returned { redemption, lot, transaction, rate } = origin else { return Ok(()) };
        // A lot that was never here came with a redemption of a merged profile: the transaction that it belongs to is
        // taken as stated.
        let Some(old) = self.lots.get(&lot) else {
            let stated = issue.owner().filter(|_| transaction.is_none());
            let (transaction, rate) =
                stated.map_or((transaction, rate), |owner| (Some(owner.transaction), owner.rate));
            let origin = Origin::Returned { redemption, lot, transaction, rate };
            return same("R3", "details", &issue.details, &only_from(origin, issue.scope()));
        };
        same("R3", "details", &issue.details, &only_from(origin, old.issue.scope()))?;
        same("R3", "definition_id", &issue.definition_id, &old.issue.definition_id)?;
        same("R3", "terms", &issue.terms, &old.issue.terms)?;
        let fresh = issue.terms.period.and_then(|p| p.expiry(step.at(), issue.terms.timezone).ok());
        let (was, is_endless) = (old.at(step), old.issue.expires_at == Expiry::NEVER);
        let is_right = issue.expires_at == was.expires_at
            || (was.has_lapsed() && is_endless && issue.expires_at == Expiry::NEVER)
            || Some(issue.expires_at) == fresh
            || is_days_later(step, issue);
        ensure("R3", "expires_at", is_right, &issue.expires_at, format_args!("by a policy for returns"))
    }
}

/// Whether the lot expires a whole number of 24-hour days after the return, zero included (a grace period).
fn is_days_later(step: &Step<'_>, issue: &Issue) -> bool {
    issue.expires_at.instant().is_some_and(|end| {
        let later = end.to_datetime().signed_duration_since(step.at().to_datetime());
        later >= TimeDelta::zero() && TimeDelta::try_days(later.num_days()) == Some(later)
    })
}

/// The details of a lot that no request asked for: its origin and scope, and nothing from the caller.
pub(super) fn only_from(origin: Origin, scope: Option<&Scope>) -> Option<Box<LotDetails>> {
    let scope = scope.cloned().map(Box::new);
    Some(Box::new(LotDetails { origin: Some(origin), scope, ..LotDetails::default() }))
}

fn issued_by_request(step: &Step<'_>, issue: &Issue) -> Check {
    let (at, available_at) = (step.at(), issue.available_at);
    let is_usable = issue.expires_at.is_past(at) || !issue.expires_at.is_past(available_at);
    ensure("D7", "available_at", is_usable, &available_at, format_args!("before the expiry"))?;
    let none = || Fault::new("D2", "definition_id", &issue.definition_id, "a definition");
    let id = issue.definition_id.ok_or_else(none)?;
    ensure(
        "D2",
        "definition_id",
        id.number() == ProfileNumber::CATALOGUE,
        &id,
        format_args!("a definition"),
    )?;
    step.catalogue.map_or(Ok(()), |catalogue| catalogue.check_issue(issue))
}
