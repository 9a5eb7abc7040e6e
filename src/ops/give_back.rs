//! Returns and reversals (rules R).

use crate::engine::draft::{Draft, Side};
use crate::engine::draw::first_part;
use crate::engine::lot::LotRecord;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told, check};
use crate::id::{LotId, ProfileId, ProfileNumber, RedemptionId, ReturnId};
use crate::journal::{
    Balances, Bucket, Cause, Entry, EntryKind, Fingerprint, Issue, Item, LotDetails, LotKind, LotState,
    Movement, Origin, Redeemed, RedemptionState, Return, ReturnElsewhere, ReturnEntry, ReturnedItem,
    ReturnedTo, Standing,
};
use crate::ops::{ReturnRedemption, ReverseRedemption};
use crate::program::{ExpiredReturn, Program};
use crate::store::{Need, Owner, Record, View};
use crate::time::{Expiry, Timestamp};
use crate::value::json::Json;
use crate::value::{Amount, Points, Quantity};
use chrono::TimeDelta;
use std::collections::BTreeMap;

impl Decide for ReturnRedemption {
    type Outcome = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("return_redemption", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check::amount(program, "amount", self.amount)
    }

    fn stays_with(&self) -> Option<ProfileNumber> {
        Some(self.redemption_id.number())
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        view.further_home()
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Return>, Refusal> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let left = redemption.redeemed.total.minus(redemption.state.returned);
        let total = if self.amount <= left {
            self.amount
        } else if self.strict || left.is_zero() {
            return Err(Rejection::ReturnAboveRedemption { requested: self.amount, left }.into());
        } else {
            left
        };
        give_back(
            draft,
            view,
            &redemption,
            Wanted { requested: self.amount, total, reverse: false },
            self.meta.clone(),
        )
        .map(Told::from)
    }

    fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Return> {
        recall(profile, entries).filter(|back| !back.is_reversal)
    }
}

impl Decide for ReverseRedemption {
    type Outcome = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("reverse_redemption", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn stays_with(&self) -> Option<ProfileNumber> {
        Some(self.redemption_id.number())
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        view.further_home()
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Return>, Refusal> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let RedemptionState { id, returned, transaction_id, .. } = redemption.state;
        if let Some(transaction) = transaction_id {
            return Err(Rejection::RedemptionLinked { redemption: id, transaction }.into());
        }
        if !returned.is_zero() {
            return Err(Rejection::RedemptionReturned { redemption: id, returned }.into());
        }
        let window = TimeDelta::seconds(draft.program.settings().reversal_window_seconds.into());
        let until = redemption.at.checked_add(window).unwrap_or(Timestamp::MAX);
        if draft.at > until {
            return Err(Rejection::ReversalWindowOver { redemption: id, until }.into());
        }
        let total = redemption.redeemed.total;
        give_back(
            draft,
            view,
            &redemption,
            Wanted { requested: total, total, reverse: true },
            self.meta.clone(),
        )
        .map(Told::from)
    }

    fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Return> {
        recall(profile, entries).filter(|back| back.is_reversal)
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
    fn find(view: &View<'a>, id: RedemptionId) -> Result<Self, Refusal> {
        let unknown = Rejection::UnknownRedemption { redemption: id };
        let Some(record) = view.found.redemption else { return Err(unknown.into()) };
        let (Some(redeemed), Some((_, state))) = (record.made.redeemed(), record.redemption(id)) else {
            return Err(unknown.into());
        };
        if state.is_reversed {
            return Err(Rejection::RedemptionReversed { redemption: id }.into());
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

/// Gives so much of a redemption back: to this account, or to the one that it was merged into.
fn give_back(
    draft: &mut Draft<'_>,
    view: &View<'_>,
    redemption: &Redeemable<'_>,
    wanted: Wanted,
    meta: Option<Json>,
) -> Result<Return, Refusal> {
    let (home, from, lots) = match &draft.second {
        None => (&draft.first, Bucket::Redeemed, &view.found.lots),
        Some(second) => (second, Bucket::Moved, &view.found.second_lots),
    };
    let mut plan = Plan {
        program: draft.program,
        home,
        lots,
        here: &view.found.lots,
        at: draft.at,
        from,
        new: Vec::new(),
    };
    let items = plan.items(redemption, wanted.total)?;
    let new_lots = plan.new;
    let id = ReturnId::made_by(draft.first.number(), draft.first.next_sequence());
    let returned = redemption.state.returned.plus(wanted.total);
    let state = RedemptionState { returned, is_reversed: wanted.reverse, ..redemption.state };
    let back =
        ReturnEntry { id, redemption: state, requested: wanted.requested, total: wanted.total, items, meta };
    write(draft, back, wanted.reverse, new_lots)
}

fn write(
    draft: &mut Draft<'_>,
    back: ReturnEntry,
    is_reversal: bool,
    new_lots: Vec<Issue>,
) -> Result<Return, Refusal> {
    let (at, cause) = (draft.at, Cause::Return(back.id));
    let profile = draft.account().profile_id();
    let kind = |back: ReturnEntry| {
        let back = Box::new(back);
        if is_reversal { EntryKind::Reversal(back) } else { EntryKind::Return(back) }
    };
    let mut outcome = seen(profile, at, &back, is_reversal);
    let Some(second) = &mut draft.second else {
        outcome.balances = draft.write(kind(back));
        for issue in new_lots {
            outcome.balances = draft.write_for(cause, EntryKind::Issue(issue));
        }
        return Ok(outcome);
    };
    room(&draft.first, second, &back.items)?;
    // The record is here, and the value goes there.
    let mut balances = second.write(at, Cause::Request, kind(back.clone()), None);
    for issue in new_lots {
        balances = second.write(at, cause, EntryKind::Issue(issue), None);
    }
    outcome.balances = balances;
    let leaves = |item: &ReturnedItem| {
        let movement =
            Movement { kind: item.kind, from: Bucket::Redeemed, to: Bucket::Moved, value: item.value() };
        (!movement.value.is_zero()).then_some(movement)
    };
    let moved = back.items.iter().filter_map(leaves).collect();
    let elsewhere = ReturnElsewhere { back, is_reversal, moved, to: second.number(), balances };
    draft.write(EntryKind::ReturnElsewhere(Box::new(elsewhere)));
    Ok(outcome)
}

/// Whether the totals of both accounts have room for what goes from the first to the second (rule Q3).
fn room(first: &Side<'_>, second: &Side<'_>, items: &[ReturnedItem]) -> Result<(), Rejection> {
    for kind in [LotKind::Reward, LotKind::Point] {
        let of_kind = items.iter().filter(|item| item.kind == kind);
        let value = of_kind.fold(Quantity::ZERO, |sum, item| sum.plus(item.value()));
        if !first.totals().pot(kind).can_lose(value) || !second.totals().pot(kind).has_room_for(value) {
            return Err(Rejection::AccountTotalExceeded);
        }
    }
    Ok(())
}

/// Where the value of a return goes, lot by lot.
struct Plan<'a> {
    program: &'a Program,
    /// The account that receives.
    home: &'a Side<'a>,
    /// The redemption's lots, as that account's journal knows them.
    lots: &'a BTreeMap<LotId, Record<'a>>,
    /// The same, as the journal of the redemption knows them.
    here: &'a BTreeMap<LotId, Record<'a>>,
    at: Timestamp,
    /// Where the value is until then.
    from: Bucket,
    /// The lots that are issued for what cannot go back to its own.
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
            LotKind::Point => back.points.into(),
        };
        let Item { lot, amount, points } = back;
        let mut item = ReturnedItem { lot, kind, amount, points, to: ReturnedTo::Lot, change: None };
        if value.is_zero() {
            // Money that no point was given for.
            return Ok(item);
        }
        let known = LotRecord::find(self.home, self.lots.get(&lot), lot, self.at);
        let Some(known) = known.filter(|known| !matches!(known.now.standing, Standing::MovedTo(_))) else {
            // It belongs to another profile now, or stayed behind in a merger: the value comes as a new lot.
            let facts = self.facts(lot)?;
            item.to = self.new_lot(redemption, facts, value, facts.1)?;
            return Ok(item);
        };
        if known.now.standing == Standing::Revoked {
            item.to = ReturnedTo::Revoked;
        } else if known.is_expired() {
            let facts = (known.issue, known.now.expires_at);
            match self.second_chance(known.issue)? {
                Some(expires_at) => {
                    item.to = self.new_lot(redemption, facts, value, expires_at)?;
                    return Ok(item);
                }
                None => item.to = ReturnedTo::Expired,
            }
        }
        let after = LotState { remaining: known.now.remaining.plus(value), ..known.now };
        item.change = Some(known.change(after, [(self.from, after.standing.place(), value)]));
        Ok(item)
    }

    /// What is fixed about a lot that this account does not have, and the expiry that it had when it left.
    fn facts(&self, lot: LotId) -> Result<(&'a Issue, Expiry), Rejection> {
        let record = self.lots.get(&lot).or_else(|| self.here.get(&lot));
        let facts = record.and_then(|record| {
            let after = record.newest().lot_after(lot).or_else(|| record.made.lot_after(lot))?;
            Some((record.made.lot_facts(lot)?, after.expires_at))
        });
        facts.ok_or(Rejection::UnknownLot { lots: vec![lot] })
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
        expires_at.map(Some).map_err(|_| Rejection::TimeOutOfRange { field: "expires_at".into() })
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
        // The return itself is written first.
        let place = u32::try_from(self.new.len()).unwrap_or(u32::MAX).saturating_add(1);
        let sequence = self.home.next_sequence().saturating_add(place);
        let lot = LotId::made_by(self.home.number(), sequence);
        let origin = Some(Origin::Returned { redemption, lot: issue.lot, from: self.from });
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
            details: Some(Box::new(LotDetails { origin, ..LotDetails::default() })),
        });
        Ok(ReturnedTo::NewLot(lot))
    }
}

/// The return that an entry made, as it stood then.
fn recall(profile: ProfileId, entries: &[&Entry]) -> Option<Return> {
    let first = entries.first()?;
    let balances = entries.last()?.balances;
    match &first.kind {
        EntryKind::Return(back) => Some(Return { balances, ..seen(profile, first.at, back, false) }),
        EntryKind::Reversal(back) => Some(Return { balances, ..seen(profile, first.at, back, true) }),
        EntryKind::ReturnElsewhere(there) => {
            let balances = there.balances;
            Some(Return { balances, ..seen(profile, first.at, &there.back, there.is_reversal) })
        }
        _ => None,
    }
}

/// A return as people see it, but for the balances.
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
        balances: Balances::default(),
        meta: back.meta.clone(),
    }
}
