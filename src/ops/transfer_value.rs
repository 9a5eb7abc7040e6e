//! Transferring value to another profile: part of a lot, or an amount over several (rule L5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::{AccountDraft, EntryBuilder};
use crate::engine::lot::{LotRecord, changed};
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{LotId, ProfileId, ProfileNumber, TransferId};
use crate::journal::{
    Balances, Bucket, Cause, EntryKind, Fingerprint, Issue, LotDetails, LotKind, LotState, Origin, Standing,
    TransferOut, TransferredItem,
};
use crate::json::Json;
use crate::ops::transfer::receiver;
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Quantity;

/// Transfers value to another profile, from lots whose terms allow reassigning, soonest expiry first (rule L5).
///
/// What arrives is in new lots, which keep the expiry, terms, scope and date of issue of those that gave it.
///
/// Outcome: the [`Transferred`](crate::outcome::Transferred) value.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// use scrip::journal::LotKind;
/// use scrip::request::Transfer;
///
/// let miles = PointDefinition::new("miles".parse()?, "Miles").with_reassignable(true);
/// let miles = till.commit(Define::from(miles))?;
/// let lot = till.commit(IssuePoints::new(alice, miles.id).with_value(Points::from(500)))?;
/// let bob = ProfileId::new("bob")?;
/// let transfer = till.commit(Transfer::new(alice, bob, LotKind::Point, Points::from(120)))?;
/// assert_eq!(transfer.items[0].lot, lot.id);
/// assert_eq!(till.balances(alice)?.point_balance, Points::from(380));
/// assert_eq!(till.balances(bob)?.point_balance, Points::from(120));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Transfer {
    /// Who sends.
    pub from: ProfileId,
    /// Who receives.
    pub profile_id: ProfileId,
    /// The kind of value.
    pub kind: LotKind,
    /// How much.
    pub value: Quantity,
    /// From these lots only; from any whose terms allow it if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<LotId>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Transfer {
    /// This much value of one kind, from the first profile to the second.
    pub fn new(from: ProfileId, to: ProfileId, kind: LotKind, value: impl Into<Quantity>) -> Self {
        Self { from, profile_id: to, kind, value: value.into(), ids: Vec::new(), meta: None }
    }
}

setters! { Transfer {
    /// From these lots only.
    with_ids(ids: impl IntoIterator<Item = LotId>) = ids.into_iter().collect();

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

/// Value that went to another profile (rule L5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transferred {
    /// Its id.
    pub id: TransferId,
    /// The profile that sent it.
    pub profile_id: ProfileId,
    /// The number of the profile that received it.
    pub to: ProfileNumber,
    /// The kind of value.
    pub kind: LotKind,
    /// How much.
    pub value: Quantity,
    /// What each lot gave, in the order of use.
    pub items: Vec<TransferredPart>,
    /// The balances of the sender, right after it.
    pub balances: Balances,
    /// The document that the caller attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

/// The part of a transfer that one lot gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransferredPart {
    /// The sender's lot.
    pub lot: LotId,
    /// The receiver's new lot.
    pub new_lot: LotId,
    /// How much.
    pub value: Quantity,
}

impl Operation for Transfer {
    type Answer = Transferred;

    fn need(&self) -> Result<Need, Rejection> {
        let need = Need::of(Owner::Profile(self.from));
        let second = Some(Box::new(Owner::Profile(self.profile_id)));
        Ok(Need { second, lots: self.ids.as_slice().into(), live_lots: self.ids.is_empty(), ..need })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("transfer", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        match self.kind {
            LotKind::Reward => check::amount(program, "value", self.value.as_amount()),
            LotKind::Point | LotKind::Status => check::points(program, "value", self.value.as_points()),
        }
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let named = self.named(draft, view)?;
        let to = receiver(draft)?;
        let not_reassignable = |lot: &LotRecord<'_>| !lot.issue.terms.is_reassignable;
        if let Some(lot) = named.iter().find(|lot| not_reassignable(lot)) {
            return Err(Rejection::NotReassignable { field: "ids".into(), lot: lot.now.lot });
        }
        self.check_limit(draft)?;
        let parts = self.parts(draft, view)?;
        let too_much = |field: &'static str| Rejection::AccountTotalExceeded { field: field.into() };
        if !draft.first.pot(self.kind).can_lose(self.value) {
            return Err(too_much("value"));
        }
        let second = draft.second.as_ref();
        if !second.is_some_and(|side| side.pot(self.kind).has_room_for(self.value)) {
            return Err(too_much("profile_id"));
        }
        let transfer = TransferId::made_by(draft.first.number(), draft.first.next_sequence());
        let counts_until = end_of_day(draft.program, draft.at);
        let items = carry_over(draft, transfer, &parts);
        let sent = TransferOut { transfer, to, counts_until, items, meta: self.meta.clone() };
        draft.write(EntryKind::TransferOut(Box::new(sent)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Transferred> {
        let entry = written.first()?;
        let EntryKind::TransferOut(sent) = &entry.kind else { return None };
        let part = |item: &TransferredItem| TransferredPart {
            lot: item.change.after.lot,
            new_lot: item.new_lot,
            value: item.value(),
        };
        Some(Transferred {
            id: sent.transfer,
            profile_id: written.account.profile_id(),
            to: sent.to,
            kind: sent.kind(),
            value: sent.value(),
            items: sent.items.iter().map(part).collect(),
            balances: entry.balances,
            meta: sent.meta.clone(),
        })
    }
}

/// A part of a lot that goes.
struct Part<'a> {
    lot: LotRecord<'a>,
    value: Quantity,
}

impl Transfer {
    /// The named lots, each once; or those that are no lots of this profile and kind.
    fn named<'a>(&self, draft: &EntryBuilder<'_>, view: &View<'a>) -> Result<Vec<LotRecord<'a>>, Rejection> {
        let (mut seen, mut lots, mut unknown) = (BTreeSet::new(), Vec::new(), Vec::new());
        for id in self.ids.iter().filter(|id| seen.insert(**id)) {
            let found = LotRecord::find(&draft.first, view.found.lot(*id), *id, draft.at);
            let is_here = |lot: &LotRecord<'_>| !matches!(lot.now.standing, Standing::MovedTo(_));
            match found.filter(|lot| is_here(lot) && lot.kind() == self.kind) {
                Some(lot) => lots.push(lot),
                None => unknown.push(*id),
            }
        }
        if unknown.is_empty() {
            Ok(lots)
        } else {
            Err(Rejection::UnknownLot { field: "ids".into(), lots: unknown })
        }
    }

    /// The program's limit: gross, by kind and local day of the program.
    fn check_limit(&self, draft: &EntryBuilder<'_>) -> Result<(), Rejection> {
        let sent = draft.account().sent(self.kind, draft.at);
        let all = sent.checked_add(self.value);
        let all = all.ok_or(Rejection::AccountTotalExceeded { field: "value".into() })?;
        match limit(draft.program, self.kind).filter(|limit| all > *limit) {
            Some(limit) => {
                let left = limit.checked_sub(sent).unwrap_or_default();
                Err(Rejection::TransferLimit { requested: self.value, left })
            }
            None => Ok(()),
        }
    }

    /// What each lot gives, in the order of use, until the value is met (rules C1 and C2).
    fn parts<'a>(&self, draft: &EntryBuilder<'_>, view: &View<'a>) -> Result<Vec<Part<'a>>, Rejection> {
        let mut available = Quantity::ZERO;
        let mut parts = Vec::new();
        let named: BTreeSet<LotId> = self.ids.iter().copied().collect();
        let is_named = |id: &LotId| named.is_empty() || named.contains(id);
        for id in draft.account().lots(self.kind).map(|lot| lot.id).filter(is_named) {
            let found = LotRecord::find(&draft.first, view.found.lot(id), id, draft.at);
            let usable = found.filter(|lot| lot.now.standing == Standing::Usable);
            let Some(lot) = usable.filter(|lot| lot.issue.terms.is_reassignable) else { continue };
            let value = lot.unheld().min(self.value.minus(available));
            if !value.is_zero() {
                available = available.plus(value);
                parts.push(Part { lot, value });
            }
            if available == self.value {
                return Ok(parts);
            }
        }
        Err(Rejection::InsufficientValue { field: "value".into(), requested: self.value, available })
    }
}

/// The most of a kind of value that one profile may transfer on one day, if there is a limit.
fn limit(program: &Program, kind: LotKind) -> Option<Quantity> {
    let limit = program.settings().transfer_limit_per_day?;
    match kind {
        LotKind::Reward => limit.rewards.map(Quantity::from),
        LotKind::Point => limit.points.map(Quantity::from),
        LotKind::Status => limit.status_points.map(Quantity::from),
    }
}

/// The end of the program's local day: of the first that has not ended. Where a clock goes back over midnight, the
/// minutes of the next day that come early count to the day before.
fn end_of_day(program: &Program, at: Timestamp) -> Timestamp {
    let zone = program.settings().timezone;
    let date = zone.local(at).date();
    let ends = [date.pred_opt(), Some(date)].into_iter().flatten();
    let mut ends = ends.filter_map(|date| zone.end_of_day(date).ok());
    ends.find(|end| *end > at).unwrap_or(Timestamp::MAX)
}

/// Issues the new lots to the receiver, and answers with what is taken from the sender's.
fn carry_over(
    draft: &mut EntryBuilder<'_>,
    transfer: TransferId,
    parts: &[Part<'_>],
) -> Vec<TransferredItem> {
    let at = draft.at;
    let Some(second) = &mut draft.second else { return Vec::new() };
    let active = draft.first.active_at();
    parts.iter().map(|part| part.carry_over(second, transfer, at, active)).collect()
}

impl Part<'_> {
    /// `active`: the sender's last activity, which comes along (rule T9).
    fn carry_over(
        &self,
        to: &mut AccountDraft<'_>,
        transfer: TransferId,
        at: Timestamp,
        active: Option<Timestamp>,
    ) -> TransferredItem {
        let Self { lot, value } = self;
        let after = LotState { remaining: lot.now.remaining.minus(*value), ..lot.now };
        let change = changed(after, [(Bucket::Available, Bucket::Moved, *value)]);
        let new_lot = LotId::made_by(to.number(), to.next_sequence());
        let origin = Some(Origin::Transferred { transfer, lot: lot.now.lot });
        let scope = lot.issue.scope().cloned().map(Box::new);
        let issue = Issue {
            lot: new_lot,
            value_initial: *value,
            value_remaining: *value,
            expires_at: lot.now.expires_at,
            moves: 0,
            details: Some(Box::new(LotDetails { origin, scope, ..LotDetails::default() })),
            ..lot.issue.clone()
        };
        let from = lot.now.inactivity.map(|inactivity| inactivity.from);
        let issue = issue.with_activity(active.max(to.active_at()).max(from));
        to.write(at, Cause::Request, EntryKind::Issue(issue), None);
        TransferredItem { change, new_lot }
    }
}
