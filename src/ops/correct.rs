//! Revoking and adjusting lots (rules L3 and L4).

use serde::{Deserialize, Serialize};

use crate::engine::check::LABEL;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::lot::{LotRecord, changed};
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{LotId, ProfileId};
use crate::journal::{
    Balances, Bucket, Corrected, Entry, EntryKind, Fingerprint, Issue, LotDetails, LotKind, LotState,
    Standing,
};
use crate::json::Json;
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Until;
use crate::value::{Quantity, present};

/// Revokes a lot: takes its remaining value out for good (rule L3).
///
/// Outcome: the [`CorrectedLot`](crate::outcome::CorrectedLot).
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?;
/// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// use scrip::request::Revoke;
///
/// let revoked = till.commit(Revoke::new(reward.id).with_reason("issued by mistake"))?;
/// assert_eq!(revoked.balances.reward_balance, Amount::ZERO);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Revoke {
    /// Which lot.
    pub id: LotId,
    /// The profile that must have it; any profile if left out. Required under a key, as keys are scoped to a profile (rule J5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Revoke {
    /// Revokes this lot.
    pub const fn new(id: LotId) -> Self {
        Self { id, profile_id: None, reason: None }
    }
}

/// A lot that was taken back, or corrected (rule L3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrectedLot {
    /// How it stands now.
    pub lot: LotState,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The account's balances right after it.
    pub balances: Balances,
}

setters! { Revoke {
    /// Only if the lot belongs to this profile. Required under a key (rule J5).
    with_profile(profile_id: ProfileId) = Some(profile_id);

    /// With the reason for it.
    with_reason(reason: impl Into<String>) = Some(reason.into());
} }

impl Operation for Revoke {
    type Answer = CorrectedLot;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.id, self.profile_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("revoke", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        check::optional_text("reason", self.reason.as_ref(), LABEL)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        not_revoked(&lot)?;
        not_held(&lot)?;
        let after = LotState { standing: Standing::Revoked, ..lot.now };
        let change = changed(after, [(lot.now.standing.bucket(), Bucket::Revoked, lot.now.remaining)]);
        let reason = self.reason.clone();
        draft.write(EntryKind::Revoke(Box::new(Corrected { reason, ..Corrected::of(change) })));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<CorrectedLot> {
        let entry = written.first()?;
        match &entry.kind {
            EntryKind::Revoke(corrected) => Some(corrected_lot(corrected, entry)),
            _ => None,
        }
    }
}

/// Corrects the value or the expiry of a lot, up or down, with a reason (rule L3).
///
/// Outcome: the [`CorrectedLot`](crate::outcome::CorrectedLot).
///
/// ```
/// use scrip::request::Adjust;
/// use scrip::{Amount, LotId};
///
/// let adjust = Adjust::new(LotId::new(4_194_305)?, "scanned twice").with_value_remaining(Amount::from(5));
/// assert_eq!(adjust.value_remaining, Some(Amount::from(5).into()));
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Adjust {
    /// Which lot.
    pub id: LotId,
    /// The profile that must have it; any profile if left out. Required under a key, as keys are scoped to a profile (rule J5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// The corrected initial value: money or points, as the lot holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_initial: Option<Quantity>,
    /// The corrected remaining value: money or points, as the lot holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_remaining: Option<Quantity>,
    /// When it is to expire; `null` for never.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Until>,
    /// The new metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
    /// Why.
    pub reason: String,
}

impl Adjust {
    /// Corrects nothing yet, for this reason.
    pub fn new(id: LotId, reason: &str) -> Self {
        Self {
            id,
            profile_id: None,
            value_initial: None,
            value_remaining: None,
            expires_at: None,
            meta: None,
            reason: reason.to_owned(),
        }
    }
}

setters! { Adjust {
    /// Only if the lot belongs to this profile. Required under a key (rule J5).
    with_profile(profile_id: ProfileId) = Some(profile_id);

    /// To this face value (rule L3).
    with_value_initial(value_initial: impl Into<Quantity>) = Some(value_initial.into());

    /// To this much left, up or down (rule L3).
    with_value_remaining(value_remaining: impl Into<Quantity>) = Some(value_remaining.into());

    /// To another expiry, sooner or later (rule L3).
    with_expiry(expires_at: impl Into<Until>) = Some(expires_at.into());

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for Adjust {
    type Answer = CorrectedLot;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.id, self.profile_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("adjust", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        check::text("reason", &self.reason, LABEL)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        self.check_values(draft.program, lot.kind())?;
        not_revoked(&lot)?;
        let mut corrected = self.corrected(draft, &lot)?;
        if self.value_initial.is_some() || self.meta.is_some() {
            let made = view.found.lot(self.id).map(|record| record.made);
            corrected.issue = Some(self.facts(&lot, &corrected.change.after));
            corrected.external_id = made.and_then(Entry::lot_external_id).cloned();
        }
        draft.write(EntryKind::Adjust(Box::new(corrected)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<CorrectedLot> {
        let entry = written.first()?;
        match &entry.kind {
            EntryKind::Adjust(corrected) => Some(corrected_lot(corrected, entry)),
            _ => None,
        }
    }
}

impl Adjust {
    /// Which decimals there may be depends on what the lot holds.
    fn check_values(&self, program: &Program, kind: LotKind) -> Result<(), Rejection> {
        let scale = match kind {
            LotKind::Reward => program.minor_unit(),
            LotKind::Point | LotKind::Status => program.point_scale(),
        };
        let values = [("value_initial", self.value_initial), ("value_remaining", self.value_remaining)];
        values
            .into_iter()
            .try_for_each(|(field, value)| value.map_or(Ok(()), |value| check::quantity(field, value, scale)))
    }

    /// The entry of it, without the lot's fixed facts.
    fn corrected(&self, draft: &EntryBuilder<'_>, lot: &LotRecord<'_>) -> Result<Corrected, Rejection> {
        let now = lot.now;
        let remaining = self.value_remaining.unwrap_or(now.remaining);
        if remaining < lot.held {
            return Err(Rejection::LotHeld { field: "value_remaining".into(), lot: now.lot, held: lot.held });
        }
        let expires_at = match self.expires_at {
            Some(until) => until.resolve(lot.issue.terms.timezone),
            None => Ok(now.expires_at),
        };
        let expires_at = expires_at.map_err(|_| Rejection::TimeOutOfRange { field: "expires_at".into() })?;
        let standing = lot.standing_until(expires_at, draft.at, "expires_at")?;
        let pot = draft.first.pot(lot.kind());
        let (from, to) = (now.standing.bucket(), standing.bucket());
        let mut after = LotState { expires_at, remaining, standing, ..now };
        let (mut lapsed_from, mut own_end) = (None, None);
        if lot.is_expired() && standing != Standing::Expired {
            // A correction brings back what lapsed, and the period begins again (rule T9).
            lapsed_from = now.inactivity.filter(|it| it.has_lapsed).map(|lapsed| lapsed.from);
            after.inactivity = lot.issue.inactivity_from(draft.at);
        } else {
            let end = now.lapse().unwrap_or_else(|| draft.account().ends_at(&after));
            after = after.ended(end, draft.at);
            own_end = expires_at.instant().filter(|_| after.has_lapsed() && self.expires_at.is_some());
        }
        let mut clawed_back = None;
        let too_much = || Rejection::AccountTotalExceeded { field: "value_remaining".into() };
        let moved = match remaining.checked_sub(now.remaining) {
            Some(more) if !pot.has_room_for(more) => return Err(too_much()),
            Some(more) => {
                let owner = lot.issue.owner();
                clawed_back = owner.and_then(|owner| draft.account().debts().clone().claw_back(owner, more));
                let gone = clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value());
                after.remaining = remaining.minus(gone);
                [(from, to, lot.unheld()), (Bucket::Adjusted, to, more.minus(gone))]
            }
            None => {
                let less = now.remaining.minus(remaining);
                if !pot.can_lose(less) {
                    return Err(too_much());
                }
                [(from, Bucket::Adjusted, less), (from, to, remaining.minus(lot.held))]
            }
        };
        let (change, reason) = (lot.changed(after, moved), Some(self.reason.clone()));
        Ok(Corrected { clawed_back, reason, lapsed_from, own_end, ..Corrected::of(change) })
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
        .with_activity(after.inactivity.map(|inactivity| inactivity.from))
    }
}

/// The need of a request that names a lot: the account of the given profile, or of the one that has the lot.
pub(crate) fn need_for(lot: LotId, profile: Option<ProfileId>) -> Need {
    let owner = profile.map_or(Owner::Number(lot.number()), Owner::Profile);
    Need { lots: [lot].into(), follows_lot: profile.is_none(), ..Need::of(owner) }
}

pub(crate) fn not_revoked(lot: &LotRecord<'_>) -> Result<(), Rejection> {
    let lots = vec![lot.now.lot];
    if lot.now.standing == Standing::Revoked {
        Err(Rejection::LotRevoked { field: "id".into(), lots })
    } else {
        Ok(())
    }
}

/// Held value cannot be taken out or moved (rule L4).
pub(crate) fn not_held(lot: &LotRecord<'_>) -> Result<(), Rejection> {
    let (id, held) = (lot.now.lot, lot.held);
    if held == Quantity::ZERO {
        Ok(())
    } else {
        Err(Rejection::LotHeld { field: "id".into(), lot: id, held })
    }
}

fn corrected_lot(corrected: &Corrected, entry: &Entry) -> CorrectedLot {
    CorrectedLot { lot: corrected.change.after, reason: corrected.reason.clone(), balances: entry.balances }
}
