//! Where the value of a return goes, lot by lot (rules R1, R3, S5 and X5).

use chrono::TimeDelta;

use crate::account::Debts;
use crate::engine::Rejection;
use crate::engine::draft::{AccountDraft, EntryBuilder};
use crate::engine::lot::{LotRecord, changed};
use crate::id::{LotId, RedemptionId, ReturnId, next_sequence};
use crate::journal::draw::first_part;
use crate::journal::lines::{Cut, difference};
use crate::journal::owed::Earner;
use crate::journal::{
    Bucket, Cause, EntryKind, Issue, Item, Items, LotChange, LotDetails, LotKind, LotState, Origin,
    PaidLines, Redeemed, RedemptionState, ReturnEntry, ReturnedItem, ReturnedTo, Standing,
};
use crate::json::Json;
use crate::program::{ExpiredReturn, Program};
use crate::store::{Found, View};
use crate::time::{Expiry, Timestamp};
use crate::value::{Amount, Exchange, Quantity};

/// A redemption that was not undone, and may give back.
pub(super) struct Redeemable<'a> {
    pub(super) redeemed: &'a Redeemed,
    pub(super) state: RedemptionState,
    pub(super) at: Timestamp,
}

impl<'a> Redeemable<'a> {
    pub(super) fn find(view: &View<'a>, id: RedemptionId) -> Result<Self, Rejection> {
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

    /// The lines that its items still pay.
    pub(super) fn lines(&self) -> Option<&PaidLines> {
        let made = self.redeemed.details.as_ref().and_then(|details| details.lines.as_ref());
        self.state.lines.as_deref().or(made)
    }

    fn exchange(&self) -> Option<Exchange> {
        self.redeemed.details.as_ref().and_then(|details| details.exchange)
    }

    /// What each lot still gives to it: for the total less what was returned (rule R1), or for these lines (rule S5).
    fn items(&self, returned: Amount, lines: Option<&PaidLines>) -> Items {
        let Redeemed { items, total, .. } = self.redeemed;
        match lines {
            Some(lines) => lines.items(items, self.exchange()),
            None => first_part(items, self.exchange(), total.minus(returned)),
        }
    }
}

/// What is given back.
pub(super) struct Wanted<'a> {
    pub(super) requested: Amount,
    pub(super) total: Amount,
    pub(super) reverse: bool,
    /// The lines that give it, and how much each; by the order of use without a line.
    pub(super) cuts: Vec<(Option<&'a str>, Amount)>,
}

impl Wanted<'_> {
    pub(super) fn of(requested: Amount, total: Amount) -> Self {
        Self { requested, total, reverse: false, cuts: vec![(None, total)] }
    }
}

/// Gives so much of a redemption back.
pub(super) fn give_back(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    redemption: &Redeemable<'_>,
    wanted: Wanted<'_>,
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
    let returned = redemption.state.returned.plus(wanted.total);
    let cuts = wanted.cuts.iter().map(|(line, amount)| Cut { line: *line, amount: *amount });
    let lines =
        redemption.lines().map(|lines| lines.less(&redemption.redeemed.items, redemption.exchange(), cuts));
    let before = redemption.items(redemption.state.returned, redemption.lines());
    let kept = redemption.items(returned, lines.as_ref());
    let (items, new_lots) = (plan.items(redemption.state.id, &before, &kept)?, plan.new);
    let id = ReturnId::made_by(draft.first.number(), draft.first.next_sequence());
    let (is_reversed, lines) = (wanted.reverse, lines.map(Box::new));
    let RedemptionState { id: redemption, transaction_id, .. } = redemption.state;
    let state = RedemptionState { id: redemption, returned, is_reversed, transaction_id, lines };
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
    fn items(
        &mut self,
        redemption: RedemptionId,
        before: &[Item],
        kept: &[Item],
    ) -> Result<Vec<ReturnedItem>, Rejection> {
        let lost = difference(before, kept);
        lost.into_iter().rev().map(|(back, kind)| self.item(redemption, kind, back)).collect()
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
        let owner = issue.earner().filter(|_| self.was_own(lot, redemption));
        item.clawed_back = owner.and_then(|owner| self.debts.claw_back(owner, value));
        let value = value.minus(item.clawed_back.map_or(Quantity::ZERO, |recovered| recovered.value()));
        if value.is_zero() {
            item.to = ReturnedTo::ClawedBack;
            return Ok(item);
        }
        let new_expiry = match &known {
            // It belongs to another profile now, or stayed behind in a merger: the value comes as a new lot.
            None => Some(self.second_chance_if_past(issue, expires_at, false)?),
            // It was the transaction's own when it gave the value, and is not now.
            Some(known) if owner.is_some() && known.issue.owner().is_none() => {
                Some(self.second_chance_if_past(issue, expires_at, known.now.has_lapsed())?)
            }
            Some(known) if known.is_expired() => self.second_chance(issue, known.now.has_lapsed())?,
            Some(_) => None,
        };
        if let Some(new_expiry) = new_expiry {
            item.to = self.new_lot(redemption, (issue, owner), value, new_expiry);
            // So that what stands in for a transaction's own lot is found by that.
            item.change = owner.and_then(|_| self.unchanged(lot));
        } else if let Some(known) = known {
            item.to = match known.now.standing {
                Standing::Revoked => ReturnedTo::Revoked,
                Standing::Expired => ReturnedTo::Expired,
                _ => ReturnedTo::Lot,
            };
            let after = LotState { remaining: known.now.remaining.plus(value), ..known.now };
            item.change = Some(known.changed(after, [(Bucket::Redeemed, after.standing.bucket(), value)]));
        }
        Ok(item)
    }

    /// Whether the lot was a transaction's own, if it was earned at all, when it gave value to the redemption (rule X5).
    fn was_own(&self, lot: LotId, redemption: RedemptionId) -> bool {
        let former = self.found.former_lots.iter().find(|(former, _)| *former == lot);
        former.is_none_or(|(_, since)| redemption.sequence() < *since)
    }

    /// A lot that can be used, now or later, where each takes back what it gave, however it was issued.
    fn usable(&self, lot: LotId) -> Option<LotState> {
        let (now, _) = self.side.account.live(lot, self.at)?;
        (self.side.account.takes_all_back() && now.standing != Standing::Expired).then_some(now)
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

    /// Until when a new lot is good that stands in for one which has expired; `None` if the value expires (rule R3). One
    /// that lapsed and had no end but that has none again.
    fn second_chance(&self, issue: &Issue, has_lapsed: bool) -> Result<Option<Expiry>, Rejection> {
        let expires_at = match (self.program.settings().expired_return, issue.terms.period) {
            (ExpiredReturn::Fresh, None) if has_lapsed && issue.expires_at == Expiry::NEVER => {
                return Ok(Some(Expiry::NEVER));
            }
            (ExpiredReturn::Original, _) | (ExpiredReturn::Fresh, None) => return Ok(None),
            (ExpiredReturn::GraceDays(days), _) => {
                self.at.checked_add(TimeDelta::days(days.into())).map(Expiry::at)
            }
            (ExpiredReturn::Fresh, Some(period)) => period.expiry(self.at, issue.terms.timezone),
        };
        expires_at.map(Some).map_err(|_| Rejection::TimeOutOfRange { field: "redemption_id".into() })
    }

    /// The end of a new lot for one that is elsewhere: its expiry, or a second chance if that is past. Without one, the new
    /// lot arrives expired.
    fn second_chance_if_past(
        &self,
        issue: &Issue,
        expires_at: Expiry,
        has_lapsed: bool,
    ) -> Result<Expiry, Rejection> {
        if !expires_at.is_past(self.at) {
            return Ok(expires_at);
        }
        Ok(self.second_chance(issue, has_lapsed)?.unwrap_or(expires_at))
    }

    fn new_lot(
        &mut self,
        redemption: RedemptionId,
        (issue, owner): (&Issue, Option<Earner>),
        value: Quantity,
        expires_at: Expiry,
    ) -> ReturnedTo {
        self.last = next_sequence(self.last);
        let lot = LotId::made_by(self.side.number(), self.last);
        let (transaction, rate) = (owner.map(|owner| owner.transaction), owner.map_or(0, |owner| owner.rate));
        let origin = Some(Origin::Returned { redemption, lot: issue.lot, transaction, rate });
        let scope = issue.scope().cloned().map(Box::new);
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
            active_from: None,
            moves: 0,
            details: Some(Box::new(LotDetails { origin, scope, ..LotDetails::default() })),
        });
        ReturnedTo::NewLot(lot)
    }
}
