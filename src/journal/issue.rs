//! Issuing: a new lot, with its fixed facts (rules D).

use serde::{Deserialize, Serialize};

use crate::definition::{Scope, Terms};
use crate::id::{DefinitionId, LotId};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::owed::Earner;
use crate::journal::{Bucket, Cause, Inactivity, LotDetails, LotKind, LotState, Movement, Origin, Standing};
use crate::time::{Expiry, Timestamp};
use crate::value::{Points, Quantity};

/// The journal entry of an issue: the fixed facts of a new lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Issue {
    /// The new lot.
    pub lot: LotId,
    /// The kind of value in it.
    pub kind: LotKind,
    /// The definition that it was issued from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_id: Option<DefinitionId>,
    /// Its initial value.
    pub value_initial: Quantity,
    /// The value issued with it: below the initial value if a migration brings a partly used reward (rule D2).
    pub value_remaining: Quantity,
    /// The time of issue, as requested.
    pub issued_at: Timestamp,
    /// The time at which it becomes usable.
    pub available_at: Timestamp,
    /// The end of its use.
    pub expires_at: Expiry,
    /// The terms frozen in it (rule D3).
    pub terms: Terms,
    /// The last activity before it came, of the profile or of the one that it came from, if it lapses for inactivity and
    /// was available before (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_from: Option<Timestamp>,
    /// The number of moves to another profile since (rule L2).
    #[serde(default, skip_serializing_if = "is_none")]
    pub moves: u32,
    /// Its origin, and the caller's attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<LotDetails>>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde asks.
const fn is_none(moves: &u32) -> bool {
    *moves == 0
}

impl Issue {
    pub(crate) fn origin(&self) -> Option<Origin> {
        self.details.as_ref().and_then(|details| details.origin)
    }

    /// The scope frozen in the lot (rule S2).
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.details.as_ref()?.scope.as_deref()
    }

    /// The transaction, and its rate, whose own lot it is: it earned the lot, or a lot that this one stands in for. One that
    /// was reassigned is nobody's own any more (rule X5).
    pub(crate) fn owner(&self) -> Option<Earner> {
        self.earner().filter(|_| !self.was_reassigned())
    }

    /// The same, also after the lot was reassigned.
    pub(crate) fn earner(&self) -> Option<Earner> {
        match self.origin()? {
            Origin::Earned { transaction, rate, .. }
            | Origin::Returned { transaction: Some(transaction), rate, .. } => {
                Some(Earner { transaction, rate })
            }
            Origin::Returned { .. } | Origin::Transferred { .. } => None,
        }
    }

    /// Whether it was reassigned since a transaction earned it.
    pub(crate) fn was_reassigned(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.was_reassigned)
    }

    /// Whether it was the own lot of a transaction, and is no more (rule X5).
    pub(crate) fn is_former(&self) -> bool {
        self.earner().is_some() && self.was_reassigned()
    }

    /// The same, reassigned to another profile.
    pub(crate) fn reassigned(self) -> Self {
        let details = self.details.clone().filter(|_| self.earner().is_some());
        match details {
            Some(details) => {
                Self { details: Some(Box::new(LotDetails { was_reassigned: true, ..*details })), ..self }
            }
            None => self,
        }
    }

    /// The lot earned earlier by its transaction, if this one stands in for it.
    pub(crate) fn replaces(&self) -> Option<LotId> {
        match self.origin()? {
            Origin::Earned { replaces, .. } => replaces,
            Origin::Returned { .. } | Origin::Transferred { .. } => None,
        }
    }

    /// Its definition, if the points of that cannot be redeemed (rule K1).
    pub(crate) fn status(&self) -> Option<DefinitionId> {
        self.definition_id.filter(|_| self.kind == LotKind::Status)
    }

    /// The same, for a profile whose last activity was then. A lot that comes from another takes that one's along (rule
    /// T9).
    pub(crate) fn with_activity(self, last: Option<Timestamp>) -> Self {
        let active_from = self.active_from.max(last).filter(|active| *active > self.available_at);
        Self { active_from: active_from.filter(|_| self.terms.inactivity.is_some()), ..self }
    }

    /// The period without activity after which it lapses, on arrival (rule T9).
    #[inline]
    pub(crate) fn inactivity(&self) -> Option<Inactivity> {
        self.inactivity_from(self.active_from.unwrap_or(self.available_at))
    }

    /// That period, counted from an instant, or from when the lot becomes available if that is later.
    #[inline]
    pub(crate) fn inactivity_from(&self, at: Timestamp) -> Option<Inactivity> {
        let period = self.terms.inactivity?;
        Some(Inactivity::new(period, self.terms.timezone, at.max(self.available_at)))
    }

    /// The state of the lot right after its issue at `at`.
    #[inline]
    pub(crate) fn after(&self, at: Timestamp) -> LotState {
        let state = LotState {
            lot: self.lot,
            kind: self.kind,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            remaining: self.value_remaining,
            standing: self.standing(at),
            inactivity: None,
        };
        match self.inactivity() {
            None => state,
            inactivity => LotState { inactivity, ..state }.ended(self.ends_at(), at),
        }
    }

    /// The end of its use, on arrival.
    #[inline]
    pub(crate) fn ends_at(&self) -> Expiry {
        self.inactivity().map_or(self.expires_at, |inactivity| self.expires_at.min(inactivity.end()))
    }

    /// The standing on arrival: usable, pending, or expired (rule D4).
    pub(crate) fn standing(&self, at: Timestamp) -> Standing {
        if self.ends_at().is_past(at) {
            Standing::Expired
        } else if self.available_at > at {
            Standing::Pending(self.available_at)
        } else {
            Standing::Usable
        }
    }
}

impl Issue {
    #[inline]
    pub(super) fn effects<'a>(&'a self, at: Timestamp, tell: &mut impl FnMut(Effect<'a>)) {
        let after = self.after(at);
        let from = match self.origin() {
            Some(Origin::Returned { .. }) => Bucket::Redeemed,
            Some(Origin::Transferred { .. }) => Bucket::Moved,
            Some(Origin::Earned { paid_to_debt, clawed_back, .. }) => {
                clawed_back
                    .iter()
                    .for_each(|recovered| recovered.effects((self.lot, self.kind), Bucket::Issued, tell));
                self.pay_debt(paid_to_debt, tell);
                Bucket::Issued
            }
            None => Bucket::Issued,
        };
        let (kind, to, value) = (self.kind, after.standing.bucket(), self.value_remaining);
        tell(Effect::Move(Movement { kind, from, to, value }));
        let arrival = Arrival { issue: self, after, held: Quantity::ZERO, external_id: None, from: None };
        tell(Effect::Arrive(arrival));
    }

    fn pay_debt<'a>(&self, points: Points, tell: &mut impl FnMut(Effect<'a>)) {
        let (kind, value) = (self.kind, points.into());
        tell(Effect::Move(Movement { kind, from: Bucket::Issued, to: Bucket::PaidToDebt, value }));
        tell(Effect::PayDebt { points, status: self.status() });
    }

    /// The usual cause of such an issue.
    pub(super) fn usual_cause(&self) -> Cause {
        match self.origin() {
            Some(Origin::Earned { transaction, .. }) => Cause::Transaction(transaction),
            _ => Cause::Request,
        }
    }
}

impl Binary for Issue {
    #[inline]
    fn write(&self, to: &mut Writer<'_>) {
        let is_other = to.is_other(self.lot);
        let is_used = self.value_remaining != self.value_initial;
        let (is_back_dated, is_later) = (self.issued_at != to.at, self.available_at != self.issued_at);
        let Terms { timezone, period, inactivity, extend_days, is_reassignable, is_extendable } = &self.terms;
        to.flags([
            self.kind.is_points(),
            *is_reassignable,
            *is_extendable,
            period.is_some(),
            extend_days.is_some(),
            self.definition_id.is_some(),
            self.expires_at == Expiry::NEVER,
            is_back_dated,
            is_later,
            is_used,
            is_other,
            self.details.is_some(),
            self.moves > 0,
            self.kind == LotKind::Status,
            inactivity.is_some(),
            self.active_from.is_some(),
        ]);
        if is_other {
            to.id(self.lot);
        }
        to.quantity(self.value_initial);
        if is_used {
            to.quantity(self.value_remaining);
        }
        self.definition_id.inspect(|id| to.id(*id));
        if is_back_dated {
            to.instant(self.issued_at);
        }
        if is_later {
            to.instant(self.available_at);
        }
        to.end(self.expires_at);
        to.text(timezone.name());
        period.inspect(|period| period.write(to));
        extend_days.inspect(|days| to.number((*days).into()));
        self.details.iter().for_each(|details| details.write(to));
        if self.moves > 0 {
            to.number(self.moves.into());
        }
        inactivity.inspect(|period| period.write(to));
        self.active_from.inspect(|active| to.instant(*active));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "an issue";
        let [
            is_point,
            is_reassignable,
            is_extendable,
            has_period,
            has_extend_days,
            has_definition,
            is_never,
            is_back_dated,
            is_later,
            is_used,
            is_other,
            has_details,
            has_moved,
            is_status,
            can_lapse,
            was_active,
        ] = from.flags()?;
        let (lot, value_initial) = (from.made(is_other)?, from.quantity()?);
        let value_remaining = if is_used { from.quantity()? } else { value_initial };
        let definition_id = from.if_set(has_definition, Reader::id)?;
        let issued_at = if is_back_dated { from.instant()? } else { from.at };
        let available_at = if is_later { from.instant()? } else { issued_at };
        let expires_at = from.end(is_never)?;
        from.part = "the terms of a lot";
        let timezone = from.parsed("an IANA time zone")?;
        let period = from.if_set(has_period, Binary::read)?;
        let extend_days = from.if_set(has_extend_days, Reader::small)?;
        let details = from.if_set(has_details, Binary::read)?;
        let moves = from.if_set(has_moved, Reader::small)?.unwrap_or_default();
        let inactivity = from.if_set(can_lapse, Binary::read)?;
        let terms = Terms { timezone, period, inactivity, extend_days, is_reassignable, is_extendable };
        Ok(Self {
            lot,
            kind: kind_of(is_point, is_status),
            definition_id,
            value_initial,
            value_remaining,
            issued_at,
            available_at,
            expires_at,
            terms,
            active_from: from.if_set(was_active, Reader::instant)?,
            details,
            moves,
        })
    }
}
