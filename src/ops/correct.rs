//! Revoking and adjusting lots (rules L3 and L4).

use crate::engine::check::LABEL;
use crate::engine::draft::Draft;
use crate::engine::lot::LotRecord;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told, check};
use crate::id::{LotId, ProfileId};
use crate::journal::{
    Bucket, Corrected, CorrectedLot, Entry, EntryKind, Fingerprint, Issue, LotChange, LotDetails, LotKind,
    LotState, Standing,
};
use crate::ops::{Adjust, Revoke};
use crate::program::Program;
use crate::store::{Need, Owner, View};
use crate::value::Quantity;

impl Decide for Revoke {
    type Outcome = CorrectedLot;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.id, self.profile_id))
    }

    fn follows(&self) -> Option<LotId> {
        self.profile_id.is_none().then_some(self.id)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("revoke", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        check::optional_text("reason", self.reason.as_ref(), LABEL)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<CorrectedLot>, Refusal> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        not_revoked(&lot)?;
        not_held(&lot)?;
        let after = LotState { standing: Standing::Revoked, ..lot.now };
        let change = lot.change(after, [(lot.now.standing.place(), Bucket::Revoked, lot.now.remaining)]);
        let reason = self.reason.clone();
        Ok(write(draft, Corrected { change, issue: None, external_id: None, reason }, EntryKind::Revoke)
            .into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<CorrectedLot> {
        match &entries.first()?.kind {
            EntryKind::Revoke(corrected) => Some(seen(corrected, entries)),
            _ => None,
        }
    }
}

impl Decide for Adjust {
    type Outcome = CorrectedLot;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.id, self.profile_id))
    }

    fn follows(&self) -> Option<LotId> {
        self.profile_id.is_none().then_some(self.id)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("adjust", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        check::text("reason", &self.reason, LABEL)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<CorrectedLot>, Refusal> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        self.check_values(draft.program, lot.kind())?;
        not_revoked(&lot)?;
        let change = self.change(draft, &lot)?;
        let facts = self.value_initial.is_some() || self.meta.is_some();
        let issue = facts.then(|| self.facts(&lot, &change.after));
        let made = view.found.lots.get(&self.id).map(|record| record.made);
        let external_id = made.filter(|_| facts).and_then(Entry::lot_external_id).cloned();
        let reason = Some(self.reason.clone());
        Ok(write(draft, Corrected { change, issue, external_id, reason }, EntryKind::Adjust).into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<CorrectedLot> {
        match &entries.first()?.kind {
            EntryKind::Adjust(corrected) => Some(seen(corrected, entries)),
            _ => None,
        }
    }
}

impl Adjust {
    /// Which decimals there may be depends on what the lot holds.
    fn check_values(&self, program: &Program, kind: LotKind) -> Result<(), Rejection> {
        let scale = match kind {
            LotKind::Reward => program.minor_unit(),
            LotKind::Point => program.point_scale(),
        };
        let values = [("value_initial", self.value_initial), ("value_remaining", self.value_remaining)];
        values
            .into_iter()
            .try_for_each(|(field, value)| value.map_or(Ok(()), |value| check::quantity(field, value, scale)))
    }

    fn change(&self, draft: &Draft<'_>, lot: &LotRecord<'_>) -> Result<LotChange, Rejection> {
        let now = lot.now;
        let remaining = self.value_remaining.unwrap_or(now.remaining);
        if remaining < lot.held {
            return Err(Rejection::LotHeld { lot: now.lot, held: lot.held });
        }
        let expires_at = match self.expires_at {
            Some(until) => until.resolve(lot.issue.terms.timezone),
            None => Ok(now.expires_at),
        };
        let expires_at = expires_at.map_err(|_| Rejection::TimeOutOfRange { field: "expires_at".into() })?;
        let standing = lot.standing_until(expires_at, draft.at)?;
        let pot = draft.first.totals().pot(lot.kind());
        let (from, to) = (now.standing.place(), standing.place());
        let after = LotState { expires_at, remaining, standing, ..now };
        let moved = match remaining.checked_sub(now.remaining) {
            Some(more) if !pot.has_room_for(more) => return Err(Rejection::AccountTotalExceeded),
            Some(more) => [(from, to, lot.unheld()), (Bucket::Adjusted, to, more)],
            None => {
                let less = now.remaining.minus(remaining);
                if !pot.can_lose(less) {
                    return Err(Rejection::AccountTotalExceeded);
                }
                [(from, Bucket::Adjusted, less), (from, to, remaining.minus(lot.held))]
            }
        };
        Ok(lot.change(after, moved))
    }

    /// What is fixed about the lot, from now on.
    fn facts(&self, lot: &LotRecord<'_>, after: &LotState) -> Issue {
        let details = match (&self.meta, &lot.issue.details) {
            (None, details) => details.clone(),
            (Some(meta), details) => {
                let details = details.as_deref().cloned().unwrap_or_default();
                Some(Box::new(LotDetails { meta: Some(meta.clone()), ..details }))
            }
        };
        Issue {
            value_initial: self.value_initial.unwrap_or(lot.issue.value_initial),
            value_remaining: after.remaining,
            expires_at: after.expires_at,
            details,
            ..lot.issue.clone()
        }
    }
}

/// What a request is about that names a lot: whoever has it, unless it says whose it must be.
pub(crate) fn about(lot: LotId, profile: Option<ProfileId>) -> Need {
    let owner = profile.map_or(Owner::Number(lot.number()), Owner::Profile);
    Need { lots: vec![lot], ..Need::of(owner) }
}

pub(crate) fn not_revoked(lot: &LotRecord<'_>) -> Result<(), Rejection> {
    let lots = vec![lot.now.lot];
    if lot.now.standing == Standing::Revoked { Err(Rejection::LotRevoked { lots }) } else { Ok(()) }
}

/// Held value cannot be taken out or moved (rule L4).
pub(crate) fn not_held(lot: &LotRecord<'_>) -> Result<(), Rejection> {
    let (id, held) = (lot.now.lot, lot.held);
    if held == Quantity::ZERO { Ok(()) } else { Err(Rejection::LotHeld { lot: id, held }) }
}

fn write(draft: &mut Draft<'_>, corrected: Corrected, kind: fn(Box<Corrected>) -> EntryKind) -> CorrectedLot {
    let (lot, reason) = (corrected.change.after, corrected.reason.clone());
    let balances = draft.write(kind(Box::new(corrected)));
    CorrectedLot { lot, reason, balances }
}

fn seen(corrected: &Corrected, entries: &[&Entry]) -> CorrectedLot {
    let balances = entries.first().map(|entry| entry.balances).unwrap_or_default();
    CorrectedLot { lot: corrected.change.after, reason: corrected.reason.clone(), balances }
}
