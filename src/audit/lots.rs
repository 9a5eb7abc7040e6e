//! The state of each lot according to the journal, and the changes that follow from it.

use super::{Check, Fault, Past, Step, same};
use crate::id::{ExternalId, LotId};
use crate::journal::{Bucket, Issue, LotChange, LotDetails, LotState, Movement, Standing};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// The state of a lot after the entries so far.
#[derive(Clone, Debug)]
pub(super) struct LotRecord {
    /// The lot's fixed facts.
    pub(super) issue: Issue,
    pub(super) external_id: Option<ExternalId>,
    /// The lot's state, as of the last entry about it.
    pub(super) now: LotState,
    /// The held part of the remaining value.
    pub(super) held: Quantity,
}

impl LotRecord {
    /// The lot's state at an entry (rules T2 and T9).
    pub(super) fn at(&self, step: &Step<'_>) -> LotState {
        if self.now.standing.is_gone() {
            return self.now;
        }
        let lasted = self.lasted(step);
        LotState { standing: self.standing_until(lasted.expires_at, step.at()), ..lasted }
    }

    /// The lot's standing at an instant, with another expiry.
    pub(super) fn standing_until(&self, expires_at: Expiry, at: Timestamp) -> Standing {
        let available_at = self.issue.available_at;
        if expires_at.is_past(at) {
            Standing::Expired
        } else if available_at > at {
            Standing::Pending(available_at)
        } else {
            Standing::Usable
        }
    }

    /// The change that leaves the lot in this state. Its scope comes along if the account has forgotten it (rule S2).
    pub(super) fn change(
        &self,
        step: &Step<'_>,
        after: LotState,
        moves: [(Bucket, Bucket, Quantity); 2],
    ) -> LotChange {
        let is_gone = step.account.live(after.lot, step.at()).is_none();
        let is_usable = matches!(after.standing, Standing::Usable | Standing::Pending(_));
        let is_back = is_gone && is_usable && !after.remaining.is_zero();
        let scope = self.issue.scope().filter(|_| is_back).cloned().map(Box::new);
        LotChange { scope, ..lot_change(after, moves) }
    }

    pub(super) fn unheld(&self) -> Quantity {
        self.now.remaining.minus(self.held)
    }
}

/// The change that leaves a lot in this state, with its movements. Zero movements are left out.
pub(super) fn lot_change(after: LotState, moves: [(Bucket, Bucket, Quantity); 2]) -> LotChange {
    let kind = after.kind;
    let moves = moves.into_iter().filter(|(from, to, value)| from != to && !value.is_zero());
    let moved = moves.map(|(from, to, value)| Movement { kind, from, to, value }).collect();
    LotChange { after, moved, scope: None }
}

/// A movement of nothing.
pub(super) const NONE: (Bucket, Bucket, Quantity) = (Bucket::Issued, Bucket::Issued, Quantity::ZERO);

impl Past {
    /// A lot of this journal.
    pub(super) fn lot(&mut self, field: &'static str, id: LotId) -> Check<&mut LotRecord> {
        let unknown = || Fault::new("J1", field, &id, "a lot that came here before");
        self.lots.get_mut(&id).ok_or_else(unknown)
    }
}

/// Checks the state of a lot that an entry gives.
pub(super) fn same_after(found: &LotState, expected: &LotState) -> Check {
    same("J1", "after.lot", &found.lot, &expected.lot)?;
    same("D3", "after.kind", &found.kind, &expected.kind)?;
    same("D3", "after.issued_at", &found.issued_at, &expected.issued_at)?;
    same("L1", "after.expires_at", &found.expires_at, &expected.expires_at)?;
    same("T9", "after.inactivity", &found.inactivity, &expected.inactivity)?;
    same("J3", "after.remaining", &found.remaining, &expected.remaining)?;
    same("T2", "after.standing", &found.standing, &expected.standing)
}

/// Checks the change of a lot that an entry gives: its state, and its movements.
pub(super) fn same_change(found: &LotChange, expected: &LotChange) -> Check {
    same_after(&found.after, &expected.after)?;
    same("J3", "moved", &found.moved, &expected.moved)?;
    same("S2", "scope", &found.scope, &expected.scope)
}

/// Checks that a lot's frozen facts did not change (rule D3). Its value and attachments can be corrected.
pub(super) fn same_facts(found: &Issue, expected: &Issue) -> Check {
    same("J1", "issue.lot", &found.lot, &expected.lot)?;
    same("D3", "issue.kind", &found.kind, &expected.kind)?;
    same("D3", "issue.definition_id", &found.definition_id, &expected.definition_id)?;
    same("D3", "issue.issued_at", &found.issued_at, &expected.issued_at)?;
    same("D3", "issue.available_at", &found.available_at, &expected.available_at)?;
    same("D3", "issue.terms", &found.terms, &expected.terms)?;
    let but_meta = |issue: &Issue| {
        let details = issue.details.as_deref().cloned().unwrap_or_default();
        LotDetails { meta: None, ..details }
    };
    same("D3", "issue.details", &but_meta(found), &but_meta(expected))
}
