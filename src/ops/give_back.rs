//! Returns and reversals (rules R).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::account::{Debts, after};
use crate::engine::content::fingerprint;
use crate::engine::draft::{AccountDraft, EntryBuilder};
use crate::engine::lot::{LotRecord, changed};
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{LotId, ProfileId, RedemptionId, ReturnId, next_sequence};
use crate::journal::draw::first_part;
use crate::journal::{
    Balances, Bucket, Cause, EntryKind, Fingerprint, Issue, Item, LotChange, LotDetails, LotKind, LotState,
    Origin, Redeemed, RedemptionState, Return, ReturnEntry, ReturnedItem, ReturnedTo, Standing,
};
use crate::json::Json;
use crate::ops::redeem::{is_yes, yes};
use crate::program::{ExpiredReturn, Program};
use crate::setters::setters;
use crate::store::{Found, Need, Owner, View};
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Points, Quantity};

/// Gives part of a redemption back to the lots that it was taken from, the last used first (rules R1 to R3).
///
/// Outcome: the [`Return`](crate::outcome::Return).
///
/// ```
/// # use scrip::*; fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?.id; till.commit(IssueReward::new(alice, ten))?;
/// let redemption = till.commit(Redeem::strict(alice, Amount::from(4)))?;
/// let back = till.commit(ReturnRedemption::strict(redemption.id, Amount::from(3)))?;
/// assert_eq!(back.total, Amount::from(3));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReturnRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as is left to give back (rule R2).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReturnRedemption {
    /// Exactly this much, or nothing.
    pub const fn strict(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount, strict: true, meta: None }
    }

    /// Up to this much, as far as there is something left to give back.
    pub const fn lenient(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount, strict: false, meta: None }
    }
}

setters! { ReturnRedemption {
    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for ReturnRedemption {
    type Answer = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("return_redemption", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check::amount(program, "amount", self.amount)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let left = redemption.redeemed.total.minus(redemption.state.returned);
        let total = if self.amount <= left {
            self.amount
        } else if self.strict || left.is_zero() {
            return Err(Rejection::ReturnAboveRedemption { requested: self.amount, left });
        } else {
            left
        };
        let wanted = Wanted { requested: self.amount, total, reverse: false };
        give_back(draft, view, &redemption, wanted, self.meta.clone())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Return> {
        given_back(written).filter(|back| !back.is_reversal)
    }
}

/// Undoes a whole redemption, within the program's window (rule R4).
///
/// Outcome: the [`Return`](crate::outcome::Return).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReverseRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReverseRedemption {
    /// Undoes this redemption.
    pub const fn new(redemption_id: RedemptionId) -> Self {
        Self { redemption_id, meta: None }
    }
}

setters! { ReverseRedemption {
    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for ReverseRedemption {
    type Answer = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("reverse_redemption", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let RedemptionState { id, returned, transaction_id, .. } = redemption.state;
        if let Some(transaction) = transaction_id {
            return Err(Rejection::RedemptionLinked { redemption: id, transaction });
        }
        if !returned.is_zero() {
            return Err(Rejection::RedemptionReturned { redemption: id, returned });
        }
        let window = TimeDelta::seconds(draft.program.settings().reversal_window_seconds.into());
        let until = redemption.at.checked_add(window).unwrap_or(Timestamp::MAX);
        if draft.at > until {
            return Err(Rejection::ReversalWindowOver { redemption: id, until });
        }
        let total = redemption.redeemed.total;
        let wanted = Wanted { requested: total, total, reverse: true };
        give_back(draft, view, &redemption, wanted, self.meta.clone())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Return> {
        given_back(written).filter(|back| back.is_reversal)
    }
}

fn about(redemption: RedemptionId) -> Need {
    let owner = Owner::Number(redemption.number());
    Need { redemption: Some(redemption), redeemed_lots: true, ..Need::of(owner) }
}

/// A redemption that was not undone, and may give back.
struct Redeemable<'a> {
    redeemed: &'a Redeemed,
    state: RedemptionState,
    at: Timestamp,
}

impl<'a> Redeemable<'a> {
    fn find(view: &View<'a>, id: RedemptionId) -> Result<Self, Rejection> {
        let unknown = Rejection::UnknownRedemption { redemption: id };
        let Some(record) = view.found.redemption else { return Err(unknown) };
        let (Some(redeemed), Some((_, state))) = (record.made.redeemed(), record.redemption(id)) else {
            return Err(unknown);
        };
        if state.is_reversed {
            return Err(Rejection::RedemptionReversed { redemption: id });
        }
        Ok(Self { redeemed, state, at: record.made.at })
    }
}

#[derive(Clone, Copy)]
struct Wanted {
    requested: Amount,
    total: Amount,
    reverse: bool,
}

/// Gives so much of a redemption back.
fn give_back(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    redemption: &Redeemable<'_>,
    wanted: Wanted,
    meta: Option<Json>,
) -> Result<(), Rejection> {
    let mut plan = Plan {
        program: draft.program,
        side: &draft.first,
        found: view.found,
        at: draft.at,
        last: draft.first.next_sequence(),
        debts: draft.account().debts().clone(),
        new: Vec::new(),
    };
    let (items, new_lots) = (plan.items(redemption, wanted.total)?, plan.new);
    let id = ReturnId::made_by(draft.first.number(), draft.first.next_sequence());
    let returned = redemption.state.returned.plus(wanted.total);
    let state = RedemptionState { returned, is_reversed: wanted.reverse, ..redemption.state };
    let back = Box::new(ReturnEntry {
        id,
        redemption: state,
        requested: wanted.requested,
        total: wanted.total,
        items,
        meta,
    });
    draft.write(if wanted.reverse { EntryKind::Reversal(back) } else { EntryKind::Return(back) });
    for issue in new_lots {
        draft.write_for(Cause::Return(id), EntryKind::Issue(issue));
    }
    Ok(())
}

/// Where the value of a return goes, lot by lot.
struct Plan<'a> {
    program: &'a Program,
    /// The account that receives.
    side: &'a AccountDraft<'a>,
    found: &'a Found<'a>,
    at: Timestamp,
    /// The number of the last entry that is planned: at first, of the return itself.
    last: u32,
    /// What transactions owe, less what this return lowers.
    debts: Debts,
    /// The lots issued for value that cannot go back to its own lot.
    new: Vec<Issue>,
}

impl<'a> Plan<'a> {
    /// What each lot gave and does not keep, the last used first: the difference between what it gave for the total
    /// less what was returned before, and what it would have given for still less (rule R1).
    fn items(&mut self, redemption: &Redeemable<'_>, total: Amount) -> Result<Vec<ReturnedItem>, Rejection> {
        let Redeemed { items, details, .. } = redemption.redeemed;
        let exchange = details.as_ref().and_then(|details| details.exchange);
        let before = redemption.redeemed.total.minus(redemption.state.returned);
        let before = first_part(items, exchange, before);
        let kept = redemption.redeemed.total.minus(redemption.state.returned).minus(total);
        let kept = first_part(items, exchange, kept);
        let mut returned = Vec::new();
        for item in before.iter().rev() {
            let kept = kept.iter().find(|kept| kept.lot == item.lot);
            let (amount, points) =
                kept.map_or((Amount::ZERO, Points::ZERO), |kept| (kept.amount, kept.points));
            let back =
                Item { lot: item.lot, amount: item.amount.minus(amount), points: item.points.minus(points) };
            if !back.amount.is_zero() || !back.points.is_zero() {
                returned.push(self.item(redemption.state.id, item.kind(), back)?);
            }
        }
        Ok(returned)
    }

    fn item(
        &mut self,
        redemption: RedemptionId,
        kind: LotKind,
        back: Item,
    ) -> Result<ReturnedItem, Rejection> {
        let value: Quantity = match kind {
            LotKind::Reward => back.amount.into(),
            LotKind::Point | LotKind::Status => back.points.into(),
        };
        let Item { lot, amount, points } = back;
        let (to, clawed_back) = (ReturnedTo::Lot, None);
        let mut item = ReturnedItem { lot, kind, amount, points, to, clawed_back, change: None };
        if value.is_zero() {
            return Ok(item); // Money that no point was given for.
        }
        if let Some(now) = self.usable(lot) {
            let after = LotState { remaining: now.remaining.plus(value), ..now };
            item.change = Some(changed(after, [(Bucket::Redeemed, after.standing.bucket(), value)]));
            return Ok(item);
        }
        let known = self.takes_back(lot);
        let (issue, expires_at) = match &known {
            Some(known) => (known.issue, known.now.expires_at),
            None => self.facts(lot)?,
        };
        let owner = issue.owner();
        item.clawed_back = owner.and_then(|transaction| self.debts.claw_back(transaction, value));
        let value = value.minus(item.clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value()));
        if value.is_zero() {
            item.to = ReturnedTo::ClawedBack;
            return Ok(item);
        }
        let new_expiry = match &known {
            // It belongs to another profile now, or stayed behind in a merger: the value comes as a new lot.
            None => Some(expires_at),
            Some(known) if known.is_expired() => self.second_chance(issue)?,
            Some(_) => None,
        };
        if let Some(new_expiry) = new_expiry {
            item.to = self.new_lot(redemption, (issue, expires_at), value, new_expiry)?;
            // So that what stands in for a transaction's own lot is found by that.
            item.change = owner.and_then(|_| self.unchanged(lot));
        } else if let Some(known) = known {
            item.to = match known.now.standing {
                Standing::Revoked => ReturnedTo::Revoked,
                Standing::Expired => ReturnedTo::Expired,
                _ => ReturnedTo::Lot,
            };
            let after = LotState { remaining: known.now.remaining.plus(value), ..known.now };
            item.change = Some(changed(after, [(Bucket::Redeemed, after.standing.bucket(), value)]));
        }
        Ok(item)
    }

    /// A lot that can be used, now or later, where no points are owed: it takes its value back, however it was issued.
    fn usable(&self, lot: LotId) -> Option<LotState> {
        let (lot, kind, standing) = self.side.account.live(lot, self.at)?;
        (self.debts.is_empty() && standing != Standing::Expired).then(|| after(&lot, kind, standing))
    }

    /// How a lot stands, with nothing that moves.
    fn unchanged(&self, lot: LotId) -> Option<LotChange> {
        let record = self.found.lot(lot).or_else(|| self.found.closed_lot(lot));
        let known = LotRecord::find(self.side, record, lot, self.at)?;
        Some(changed(known.now, []))
    }

    /// The lot, if it takes value back: it is here, or was revoked, wherever it stayed (rule R3).
    fn takes_back(&self, lot: LotId) -> Option<LotRecord<'a>> {
        let (here, closed) = (self.found.lot(lot), self.found.closed_lot(lot));
        let known = LotRecord::find(self.side, here.or(closed), lot, self.at)?;
        match known.now.standing {
            Standing::MovedTo(_) => None,
            Standing::Revoked => Some(known),
            _ => here.map(|_| known),
        }
    }

    /// What is fixed about a lot that this account does not have, and the expiry that it had when it left.
    fn facts(&self, lot: LotId) -> Result<(&'a Issue, Expiry), Rejection> {
        let record = self.found.lot(lot).or_else(|| self.found.closed_lot(lot));
        let facts = record.and_then(|record| {
            let after = record.newest().lot_state(lot).or_else(|| record.made.lot_state(lot))?;
            Some((record.made.issue_of(lot)?, after.expires_at))
        });
        facts.ok_or(Rejection::UnknownLot { field: "redemption_id".into(), lots: vec![lot] })
    }

    /// Until when a new lot is good that stands in for one which has expired; `None` if the value expires (rule R3).
    fn second_chance(&self, issue: &Issue) -> Result<Option<Expiry>, Rejection> {
        let expires_at = match (self.program.settings().expired_return, issue.terms.period) {
            (ExpiredReturn::Original, _) | (ExpiredReturn::Fresh, None) => return Ok(None),
            (ExpiredReturn::GraceDays(days), _) => {
                self.at.checked_add(TimeDelta::days(days.into())).map(Expiry::at)
            }
            (ExpiredReturn::Fresh, Some(period)) => period.expiry(self.at, issue.terms.timezone),
        };
        expires_at.map(Some).map_err(|_| Rejection::TimeOutOfRange { field: "redemption_id".into() })
    }

    fn new_lot(
        &mut self,
        redemption: RedemptionId,
        (issue, old_expiry): (&Issue, Expiry),
        value: Quantity,
        expires_at: Expiry,
    ) -> Result<ReturnedTo, Rejection> {
        // A lot that left and has expired since gets its second chance here, or arrives expired.
        let expires_at = if expires_at == old_expiry && old_expiry.is_past(self.at) {
            self.second_chance(issue)?.unwrap_or(old_expiry)
        } else {
            expires_at
        };
        self.last = next_sequence(self.last);
        let lot = LotId::made_by(self.side.number(), self.last);
        let origin = Some(Origin::Returned { redemption, lot: issue.lot, transaction: issue.owner() });
        self.new.push(Issue {
            lot,
            kind: issue.kind,
            definition_id: issue.definition_id,
            value_initial: value,
            value_remaining: value,
            issued_at: self.at,
            available_at: self.at,
            expires_at,
            terms: issue.terms,
            moves: 0,
            details: Some(Box::new(LotDetails { origin, ..LotDetails::default() })),
        });
        Ok(ReturnedTo::NewLot(lot))
    }
}

/// The return that an entry made, as it stood then.
fn given_back(written: &Written<'_>) -> Option<Return> {
    let (first, balances) = (written.first()?, written.last()?.balances);
    let profile = written.account.profile_id();
    match &first.kind {
        EntryKind::Return(back) => Some(Return { balances, ..seen(profile, first.at, back, false) }),
        EntryKind::Reversal(back) => Some(Return { balances, ..seen(profile, first.at, back, true) }),
        _ => None,
    }
}

/// A return as the outcome shows it, without the balances.
pub(crate) fn seen(
    profile_id: ProfileId,
    returned_at: Timestamp,
    back: &ReturnEntry,
    is_reversal: bool,
) -> Return {
    Return {
        id: back.id,
        profile_id,
        redemption_id: back.redemption.id,
        is_reversal,
        returned_at,
        requested: back.requested,
        total: back.total,
        items: back.items.clone(),
        points_clawed_back: back.points_clawed_back(),
        balances: Balances::default(),
        meta: back.meta.clone(),
    }
}
