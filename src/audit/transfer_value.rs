//! Value that went to another profile in new lots, or came in one (rule L5).

use chrono::TimeDelta;

use super::earn::check_earned_terms;
use super::issue::only_from;
use super::lots::{NONE, lot_change, same_change};
use super::{Check, Past, Step, ensure, same};
use crate::id::{LotId, ProfileNumber, TransferId};
use crate::journal::order::Rank;
use crate::journal::{Bucket, Issue, LotState, Origin, Standing, TransferOut, TransferredItem};
use crate::time::Timestamp;

/// Checks the end of the program's local day of an entry: a day is at most 25 hours long, and one that comes twice 49.
pub(super) fn check_day(step: &Step<'_>, field: &'static str, until: Timestamp) -> Check {
    let latest = step.at().checked_add(TimeDelta::hours(50)).unwrap_or(until);
    let is_of_day = until > step.at() && until <= latest;
    ensure("L5", field, is_of_day, &until, format_args!("the end of that day"))
}

impl Past {
    pub(super) fn transfer_out(&mut self, step: &Step<'_>, sent: &TransferOut) -> Check {
        let number = step.number();
        same("J1", "transfer", &sent.transfer, &TransferId::made_by(number, step.entry.sequence))?;
        ensure("L5", "to", sent.to != number, &sent.to, format_args!("another profile"))?;
        ensure("L5", "items", !sent.items.is_empty(), &sent.items, format_args!("at least one lot"))?;
        check_day(step, "counts_until", sent.counts_until)?;
        let mut last = None;
        for (place, item) in sent.items.iter().enumerate() {
            let (after, is_last) = (&item.change.after, place.saturating_add(1) == sent.items.len());
            same("L5", "items.kind", &after.kind, &sent.kind())?;
            let rank = Rank(after.ends_at(), after.tie());
            let is_in_order = last.is_none_or(|last| last < rank);
            ensure("C1", "items", is_in_order, &after.lot, format_args!("lots in the order of use"))?;
            last = Some(rank);
            self.sent(step, item, is_last)?;
        }
        check_new_lots(sent)
    }

    fn sent(&mut self, step: &Step<'_>, item: &TransferredItem, is_last: bool) -> Check {
        let record = self.lot("items.change.after.lot", item.change.after.lot)?;
        let (now, value) = (record.at(step), item.value());
        let can_move = record.issue.terms.is_reassignable && now.standing == Standing::Usable;
        ensure("L5", "items.change.after.lot", can_move, &now.lot, format_args!("a lot that can move"))?;
        let unheld = record.unheld();
        let is_right = !value.is_zero() && (value == unheld || (is_last && value < unheld));
        ensure("C2", "items.value", is_right, &value, format_args!("all of {unheld}, but of the last lot"))?;
        let after = LotState { remaining: now.remaining.minus(value), ..now };
        let moves = [(Bucket::Available, Bucket::Moved, value), NONE];
        same_change(&item.change, &lot_change(after, moves))?;
        record.now = after;
        Ok(())
    }

    /// Checks a new lot of value from another profile, whose facts are taken as stated.
    pub(super) fn issued_by_transfer(
        step: &Step<'_>,
        issue: &Issue,
        (transfer, lot): (TransferId, LotId),
    ) -> Check {
        let (from, origin) = (transfer.number(), Origin::Transferred { transfer, lot });
        same("L5", "details", &issue.details, &only_from(origin, issue.scope()))?;
        ensure("L5", "from", from != step.number(), &from, format_args!("another profile"))?;
        same("L5", "value_remaining", &issue.value_remaining, &issue.value_initial)?;
        let is_some = !issue.value_initial.is_zero();
        ensure("L5", "value_initial", is_some, &issue.value_initial, format_args!("something"))?;
        let is_usable = issue.standing(step.at()) == Standing::Usable && issue.terms.is_reassignable;
        ensure("L5", "lot", is_usable, &issue.lot, format_args!("a lot that can move"))?;
        // The sender's lot may have been earned, or stand in for one that was, and then it has the terms of that.
        match step.catalogue {
            Some(catalogue) if !issue.kind.is_points() || check_earned_terms(issue).is_err() => {
                catalogue.check_issue(issue)
            }
            _ => Ok(()),
        }
    }
}

/// Checks that the receiver issued the new lots one after the other.
fn check_new_lots(sent: &TransferOut) -> Check {
    let first = sent.items.first().map_or(1, |item| item.new_lot.sequence());
    for (item, sequence) in sent.items.iter().zip(first..) {
        same("L5", "items.new_lot", &item.new_lot, &LotId::made_by(sent.to, sequence))?;
    }
    ensure("L5", "to", sent.to != ProfileNumber::CATALOGUE, &sent.to, format_args!("a profile"))
}
