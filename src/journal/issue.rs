//! Issuing: a new lot, with its fixed facts (rules D).

use serde::{Deserialize, Serialize};

use crate::definition::{Scope, Terms};
use crate::id::{DefinitionId, LotId, RedemptionId, TransactionId, TransferId};
use crate::journal::bytes::{Binary, Reader, Reading, Writer, kind_of};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::owed::{Earner, is_first};
use crate::journal::{Bucket, Cause, Inactivity, LotKind, LotState, Movement, Recovered, Standing};
use crate::json::Json;
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

    /// The transaction, and its rate, that the lot belongs to: it earned the lot, or a lot that this one stands in for
    /// (rule X5). Such a lot cannot be reassigned, and only moves in a merger.
    pub(crate) fn owner(&self) -> Option<Earner> {
        match self.origin()? {
            Origin::Earned { transaction, rate, .. }
            | Origin::Returned { transaction: Some(transaction), rate, .. } => {
                Some(Earner { transaction, rate })
            }
            Origin::Returned { .. } | Origin::Transferred { .. } => None,
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

/// The origin of a lot, and the caller's attachments to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotDetails {
    /// The kind of thing that it was issued for, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// The thing itself, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The origin of a lot that was not requested by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The scope frozen in it: what it may be spent on; anything without it (rules D3 and S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
    /// A document attached by the caller, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The origin of a lot that was not requested by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// A return of value that could not go back to its lot (rule R3).
    Returned {
        /// The redemption that had taken the value.
        redemption: RedemptionId,
        /// The lot that the value had been taken from.
        lot: LotId,
        /// The transaction whose own lot this one stands in for (rule X5).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transaction: Option<TransactionId>,
        /// The rate that it is about, of those that the transaction earns at (rule K2).
        #[serde(default, skip_serializing_if = "is_first")]
        rate: u8,
    },
    /// The earnings of a transaction (rule X3).
    Earned {
        /// The transaction.
        transaction: TransactionId,
        /// The rate that it is about, of those that the transaction earns at (rule K2).
        #[serde(default, skip_serializing_if = "is_first")]
        rate: u8,
        /// The points that paid a debt at once, and are not in the lot (rule X4).
        #[serde(default, skip_serializing_if = "Points::is_nothing")]
        paid_to_debt: Points,
        /// The points clawed back at once because the transaction owed them; not in the lot either (rule X5).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clawed_back: Option<Recovered>,
        /// The lot earned before, which stayed with a profile that was merged into this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<LotId>,
    },
    /// A transfer from another profile (rule L5).
    Transferred {
        /// The transfer.
        transfer: TransferId,
        /// The sender's lot that the value was taken from.
        lot: LotId,
    },
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

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
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

impl Binary for LotDetails {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { source_type, source, origin, scope, meta } = self;
        let has_scope = scope.is_some();
        to.flags([source_type.is_some(), source.is_some(), origin.is_some(), meta.is_some(), has_scope]);
        source_type.iter().for_each(|text| to.text(text));
        source.iter().for_each(|text| to.text(text));
        origin.iter().for_each(|origin| origin.write(to));
        meta.iter().for_each(|meta| to.json(meta));
        scope.iter().for_each(|scope| scope.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        from.part = "a lot's details";
        let [has_source_type, has_source, has_origin, has_meta, has_scope] = from.flags()?;
        Ok(Self {
            source_type: from.if_set(has_source_type, Reader::string)?,
            source: from.if_set(has_source, Reader::string)?,
            origin: from.if_set(has_origin, Binary::read)?,
            meta: from.if_set(has_meta, Reader::json)?,
            scope: from.if_set(has_scope, Binary::read)?,
        })
    }
}

impl Binary for Scope {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.minimum_spend.is_some()]);
        to.texts(&self.only);
        to.texts(&self.except);
        self.minimum_spend.inspect(|minimum| to.quantity(*minimum));
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        from.part = "a scope";
        let [has_minimum] = from.flags()?;
        let mut scope = Self::only(from.texts()?).with_except(from.texts()?);
        scope.minimum_spend = from.if_set(has_minimum, Reader::amount)?;
        Ok(scope)
    }
}

impl Binary for Origin {
    fn write(&self, to: &mut Writer<'_>) {
        match *self {
            Self::Returned { redemption, lot, transaction, rate } => {
                to.number(0);
                to.flags([transaction.is_some(), rate > 0]);
                to.id(redemption);
                to.id(lot);
                transaction.inspect(|id| to.id(*id));
                if rate > 0 {
                    to.byte(rate);
                }
            }
            Self::Earned { transaction, rate, paid_to_debt, clawed_back, replaces } => {
                to.number(1);
                to.flags([clawed_back.is_some(), replaces.is_some(), rate > 0]);
                to.id(transaction);
                to.quantity(paid_to_debt);
                clawed_back.iter().for_each(|recovered| recovered.write(to));
                replaces.inspect(|lot| to.id(*lot));
                if rate > 0 {
                    to.byte(rate);
                }
            }
            Self::Transferred { transfer, lot } => {
                to.number(2);
                to.id(transfer);
                to.id(lot);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        match from.number()? {
            0 => {
                let [is_own, has_rate] = from.flags()?;
                let (redemption, lot) = (from.id()?, from.id()?);
                let transaction = from.if_set(is_own, Reader::id)?;
                let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
                Ok(Self::Returned { redemption, lot, transaction, rate })
            }
            1 => {
                let [has_clawed_back, has_replaces, has_rate] = from.flags()?;
                let (transaction, paid_to_debt) = (from.id()?, from.points()?);
                let clawed_back = from.if_set(has_clawed_back, Binary::read)?;
                let replaces = from.if_set(has_replaces, Reader::id)?;
                let rate = from.if_set(has_rate, Reader::byte)?.unwrap_or_default();
                Ok(Self::Earned { transaction, rate, paid_to_debt, clawed_back, replaces })
            }
            2 => Ok(Self::Transferred { transfer: from.id()?, lot: from.id()? }),
            newer => Err(from.newer(newer)),
        }
    }
}
