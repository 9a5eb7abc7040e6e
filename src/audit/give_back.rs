//! Returns and reversals (rules R1 to R4).

use super::announced::Announced;
use super::lines::check_returned;
use super::lots::{LotRecord, NONE, lot_change, same_change};
use super::spend::{check_asked, sum};
use super::{Check, Fault, Past, Step, ensure, same};
use crate::account::Debts;
use crate::id::{LotId, ProfileNumber, RedemptionId, ReturnId, next_sequence};
use crate::journal::draw::first_part;
use crate::journal::lines::difference;
use crate::journal::owed::Earner;
use crate::journal::{
    Bucket, Item, Items, LotKind, LotState, Origin, PaidLines, RedemptionState, ReturnEntry, ReturnedItem,
    ReturnedTo, Standing,
};
use crate::value::{Amount, Exchange, Quantity};

/// The state of a redemption after the entries so far.
#[derive(Clone, Debug)]
pub(super) struct RedemptionRecord {
    /// The value that it took; `None` for a redemption in the journal of a merged profile.
    pub(super) made: Option<Made>,
    pub(super) state: RedemptionState,
}

/// The value that a redemption took.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) total: Amount,
    pub(super) items: Items,
    pub(super) exchange: Option<Exchange>,
    pub(super) lines: Option<PaidLines>,
}

impl Past {
    /// Checks value that goes back to lots, or is issued as new lots.
    pub(super) fn give_back(&mut self, step: &Step<'_>, back: &ReturnEntry, is_reversal: bool) -> Check {
        let (redemption, number) = (back.redemption.id, step.number());
        same("J1", "id", &back.id, &ReturnId::made_by(number, step.entry.sequence))?;
        let is_known = step.account.includes_number(redemption.number());
        ensure("R2", "redemption.id", is_known, &redemption, format_args!("a redemption of this profile"))?;
        self.returned(number, back, is_reversal)?;
        let (mut debts, mut last) = (step.account.debts().clone(), step.entry.sequence);
        for item in &back.items {
            let owner = self.owner_then(step, redemption, item);
            let rest = check_clawed_back(&mut debts, owner, item)?;
            self.returned_item(step, back, (item, rest, owner), &mut last)?;
        }
        Ok(())
    }

    /// Adds a return to its redemption's total, and checks the shares as if that much less had been redeemed.
    fn returned(&mut self, number: ProfileNumber, back: &ReturnEntry, is_reversal: bool) -> Check {
        let (total, requested, state) = (back.total, back.requested, &back.redemption);
        check_asked(requested, total)?;
        same("R2", "items.amount", &sum(back.items.iter().map(|item| item.amount)), &Some(total))?;
        same("R4", "redemption.is_reversed", &state.is_reversed, &is_reversal)?;
        let known = self.redemptions.get(&state.id);
        let before = match known {
            Some(known) => known.state.returned,
            None if state.id.number() == number => {
                return Err(Fault::new(
                    "J1",
                    "redemption.id",
                    &state.id,
                    "a redemption that was made before",
                ));
            }
            // A redemption of another journal: its earlier returned total is taken as stated.
            None => state.returned.checked_sub(total).unwrap_or_default(),
        };
        same("R2", "redemption.returned", &Some(state.returned), &before.checked_add(total))?;
        let was_reversed = known.is_some_and(|known| known.state.is_reversed);
        ensure("R4", "redemption.id", !was_reversed, &state.id, format_args!("one that was not reversed"))?;
        if is_reversal {
            same("R4", "requested", &requested, &total)?;
            same("R4", "redemption.returned", &state.returned, &total)?;
            same("R4", "redemption.transaction_id", &state.transaction_id, &None)?;
        }
        let made = known.and_then(|known| known.made.as_ref());
        if let (Some(known), Some(made)) = (known, made) {
            let linked = &known.state.transaction_id;
            same("X1", "redemption.transaction_id", &state.transaction_id, linked)?;
            check_total(made, known.state.returned, back, is_reversal)?;
            check_shares(made, &known.state, back)?;
        }
        let made = made.cloned();
        self.redemptions.insert(state.id, super::RedemptionRecord { made, state: state.clone() });
        Ok(())
    }

    fn returned_item(
        &mut self,
        step: &Step<'_>,
        back: &ReturnEntry,
        (item, value, owner): (&ReturnedItem, Quantity, Option<Earner>),
        last: &mut u32,
    ) -> Check {
        if value.is_zero() {
            return check_nothing(item);
        }
        if let ReturnedTo::NewLot(lot) = item.to {
            // Each new lot is issued by the next entry.
            *last = next_sequence(*last);
            same("R3", "items.to", &lot, &LotId::made_by(step.number(), *last))?;
            self.check_stood_in(step, owner, item)?;
            if let Some(old) = self.lots.get(&item.lot) {
                let is_over = matches!(old.at(step).standing, Standing::Expired | Standing::MovedTo(_));
                let is_over = is_over || is_former(old, owner);
                ensure("R3", "items.to", is_over, &item.to, format_args!("back to its lot"))?;
                same("D3", "items.kind", &item.kind, &old.now.kind)?;
            }
            let is_revoked = self.stayed.get(&item.lot).is_some_and(|old| old.standing == Standing::Revoked);
            ensure("R3", "items.to", !is_revoked, &item.to, format_args!("back to its lot"))?;
            let (transaction, rate) =
                (owner.map(|owner| owner.transaction), owner.map_or(0, |owner| owner.rate));
            let redemption = back.redemption.id;
            let origin = Origin::Returned { redemption, lot: item.lot, transaction, rate };
            self.announced.push_back(Announced::Returned {
                back: back.id,
                lot,
                kind: item.kind,
                value,
                origin,
            });
            return Ok(());
        }
        if item.to == ReturnedTo::Revoked && !self.lots.contains_key(&item.lot) {
            return self.returned_to_stayed(step, item, value);
        }
        let record = self.lot("items.lot", item.lot)?;
        let now = record.at(step);
        same("D3", "items.kind", &item.kind, &now.kind)?;
        ensure("X5", "items.to", !is_former(record, owner), &item.to, format_args!("a new lot"))?;
        let to = match now.standing {
            Standing::Usable | Standing::Pending(_) => ReturnedTo::Lot,
            Standing::Expired => ReturnedTo::Expired,
            Standing::Revoked => ReturnedTo::Revoked,
            Standing::MovedTo(_) => return Err(Fault::new("R3", "items.to", &item.to, "a new lot")),
        };
        same("R3", "items.to", &item.to, &to)?;
        let none = || Fault::new("R3", "items.change", &item.change, "the change of the lot");
        let change = item.change.as_ref().ok_or_else(none)?;
        let after = LotState { remaining: now.remaining.plus(value), ..now };
        let moves = [(Bucket::Redeemed, after.standing.bucket(), value), NONE];
        same_change(change, &record.change(step, after, moves))?;
        record.now = after;
        Ok(())
    }
}

impl Past {
    /// The transaction whose own lot it was when it gave the value (rule X5). That of a lot that was never in this journal is
    /// taken as stated, and so is when one left, if it gave the value in a closed journal.
    fn owner_then(&self, step: &Step<'_>, redemption: RedemptionId, item: &ReturnedItem) -> Option<Earner> {
        let Some(known) = self.lots.get(&item.lot) else {
            return item.clawed_back.map(|recovered| recovered.earner());
        };
        let is_new = matches!(item.to, ReturnedTo::NewLot(_));
        let was_own = match self.own_until.get(&item.lot) {
            None if known.issue.owner().is_some() => true,
            _ if redemption.number() != step.number() => {
                item.clawed_back.is_some() || (is_new && item.change.is_some())
            }
            left => left.is_some_and(|left| redemption.sequence() < *left),
        };
        known.issue.earner().filter(|_| was_own)
    }

    /// Checks the old lot's stated change, if a new lot stands in for it.
    fn check_stood_in(&mut self, step: &Step<'_>, owner: Option<Earner>, item: &ReturnedItem) -> Check {
        let Some(old) = self.lots.get(&item.lot) else {
            let Some(change) = &item.change else { return Ok(()) };
            let now = self.stayed(step, item.lot, change)?;
            same_change(change, &lot_change(now, [NONE, NONE]))?;
            if !matches!(now.standing, Standing::MovedTo(_)) {
                self.stayed.insert(item.lot, now);
            }
            return Ok(());
        };
        let expected = owner.map(|_| lot_change(old.at(step), [NONE, NONE]));
        match (&item.change, &expected) {
            (Some(found), Some(expected)) => same_change(found, expected),
            (found, expected) => same("X5", "items.change", found, expected),
        }
    }
}

/// Whether the lot was a transaction's own when it gave value, and is not now.
fn is_former(lot: &LotRecord, owner: Option<Earner>) -> bool {
    owner.is_some() && lot.issue.owner().is_none()
}

/// Checks that the debt of the lot's transaction is clawed back first (rule X5), and returns the rest of the item.
fn check_clawed_back(debts: &mut Debts, owner: Option<Earner>, item: &ReturnedItem) -> Check<Quantity> {
    let expected = owner.and_then(|owner| debts.claw_back(owner, item.value()));
    same("X5", "items.clawed_back", &item.clawed_back, &expected)?;
    Ok(item.value().minus(expected.map_or(Quantity::ZERO, |recovered| recovered.value())))
}

/// Checks a return's total: at most the rest, and below the request only if that was more (rules R2 and R4). A return by
/// lines may come to less: the journal does not tell which lines were asked for (rule S5).
fn check_total(made: &Made, returned: Amount, back: &ReturnEntry, is_reversal: bool) -> Check {
    let left = made.total.minus(returned);
    ensure("R2", "total", back.total <= left, &back.total, format_args!("at most {left}"))?;
    let is_cut = back.total < back.requested && made.lines.is_none();
    if is_reversal || is_cut { same("R2", "total", &back.total, &left) } else { Ok(()) }
}

/// Checks each lot's share: the part that it gave and does not keep, the last used first (rule R1); of a redemption with
/// lines, for the lines that it still pays (rule S5).
fn check_shares(made: &Made, was: &RedemptionState, back: &ReturnEntry) -> Check {
    let left = made.total.minus(was.returned);
    let first = |amount| first_part(&made.items, made.exchange, amount);
    let (before, kept) = match (was.lines.as_deref().or(made.lines.as_ref()), &back.redemption.lines) {
        (Some(before), Some(now)) => {
            check_returned(made, before, now)?;
            (before.items(&made.items, made.exchange), now.items(&made.items, made.exchange))
        }
        (lines, now) => {
            let is_right = lines.is_some() == now.is_some();
            ensure("S5", "redemption.lines", is_right, now, format_args!("as the redemption"))?;
            (first(left), first(left.minus(back.total)))
        }
    };
    let expected: Vec<(Item, LotKind)> = difference(&before, &kept).into_iter().rev().collect();
    let share =
        |item: &ReturnedItem| (Item { lot: item.lot, amount: item.amount, points: item.points }, item.kind);
    same("R1", "items", &back.items.iter().map(share).collect(), &expected)
}

/// Checks that money no point was given for, and clawed back value, go to no lot.
fn check_nothing(item: &ReturnedItem) -> Check {
    let to = if item.value().is_zero() { ReturnedTo::Lot } else { ReturnedTo::ClawedBack };
    same("R1", "items.to", &item.to, &to)?;
    ensure("R1", "items.change", item.change.is_none(), &item.change, format_args!("none"))
}
