//! Lots that went to another profile, or came from one (rule L2).

use super::active::check_active_from;
use super::earn::check_earned_terms;
use super::lots::{LotRecord, lot_change, same_change, same_facts};
use super::{Check, Past, Step, ensure, same};
use crate::journal::{Bucket, Cause, Inactivity, LotState, MovedIn, MovedOut, Origin, Standing};
use crate::value::Quantity;

impl Past {
    pub(super) fn reassign_out(&mut self, step: &Step<'_>, moved: &MovedOut) -> Check {
        let (to, number) = (moved.to, step.number());
        ensure("L2", "to", to != number, &to, format_args!("another profile"))?;
        let record = self.lot("change.after.lot", moved.change.after.lot)?;
        let now = record.at(step);
        let can_move = match step.account.merged_into() {
            Some(into) => {
                same("L2", "to", &to, &into)?;
                !matches!(now.standing, Standing::MovedTo(_))
            }
            None => {
                record.issue.terms.is_reassignable
                    && matches!(now.standing, Standing::Usable | Standing::Pending(_))
                    && record.held.is_zero()
                    && !now.remaining.is_zero()
            }
        };
        ensure("L2", "change.after.lot", can_move, &now.lot, format_args!("a lot that can move"))?;
        // The expired part of a lot that is held past its expiry stays.
        let is_expired = now.standing == Standing::Expired;
        let unheld = if is_expired { Quantity::ZERO } else { record.unheld() };
        let after = LotState { standing: Standing::MovedTo(to), ..now };
        let place = now.standing.bucket();
        let moves = [(place, Bucket::Moved, unheld), (Bucket::Held, Bucket::Moved, record.held)];
        same_change(&moved.change, &lot_change(after, moves))?;
        (record.now, record.held) = (after, Quantity::ZERO);
        if record.issue.owner().is_some() {
            self.own_until.insert(now.lot, step.entry.sequence);
        }
        Ok(())
    }

    /// Checks a lot that comes in. The facts of a lot that was never here are taken as stated.
    pub(super) fn reassign_in(&mut self, step: &Step<'_>, moved: &MovedIn) -> Check {
        let MovedIn { issue, held, external_id, from, .. } = moved;
        ensure("L2", "from", *from != step.number(), from, format_args!("another profile"))?;
        let is_merge = step.entry.cause == Cause::Merge;
        let remaining = issue.value_remaining;
        let can_hold = if is_merge { *held <= remaining } else { held.is_zero() };
        ensure("L4", "held", can_hold, held, format_args!("no more than a merger brings"))?;
        ensure("L2", "issue.value_remaining", !remaining.is_zero(), &remaining, format_args!("something"))?;
        // A lot that was here before has left and returned since.
        let least = self.lots.get(&issue.lot).map_or(1, |known| known.issue.moves.saturating_add(2));
        ensure("L2", "issue.moves", issue.moves >= least, &issue.moves, format_args!("at least {least}"))?;
        // It is nobody's own lot any more, unless a merger brings it (rule X5).
        let is_former = issue.earner().is_some() && (!is_merge || issue.was_reassigned());
        same("X5", "issue.details.was_reassigned", &issue.was_reassigned(), &is_former)?;
        match self.lots.get(&issue.lot) {
            Some(known) => came_back(known, moved)?,
            None => {
                let is_foreign = issue.lot.number() != step.number();
                ensure("J1", "issue.lot", is_foreign, &issue.lot, format_args!("a lot of another journal"))?;
                match (issue.origin(), step.catalogue) {
                    (Some(Origin::Earned { .. }), _) => check_earned_terms(issue)?,
                    (None, Some(catalogue)) => catalogue.check_issue(issue)?,
                    // A lot that stands in for another has the other's terms, which may be earned ones.
                    _ => {}
                }
            }
        }
        let standing = issue.standing(step.at());
        let unheld = remaining.minus(*held);
        let is_right = standing != Standing::Expired || unheld.is_zero();
        ensure("L2", "issue.expires_at", is_right, &issue.expires_at, format_args!("a lot that can move"))?;
        check_active_from(step, issue)?;
        // What lapsed while it was held is taken as stated.
        let has_lapsed = moved.change.after.has_lapsed() && standing == Standing::Expired;
        let inactivity = issue.inactivity().map(|inactivity| Inactivity { has_lapsed, ..inactivity });
        let now = LotState { inactivity, ..issue.after(step.at()) };
        self.add_lot(issue, external_id.as_ref(), now, *held);
        let record = self.lot("issue.lot", issue.lot)?;
        let moves = [(Bucket::Moved, standing.bucket(), unheld), (Bucket::Moved, Bucket::Held, *held)];
        same_change(&moved.change, &lot_change(record.now, moves))?;
        if is_merge {
            self.arrives(step, *from, issue.lot, *held)?;
        }
        Ok(())
    }
}

/// Checks that a lot which returns has the same facts as before.
fn came_back(known: &LotRecord, moved: &MovedIn) -> Check {
    let has_left = matches!(known.now.standing, Standing::MovedTo(_));
    ensure("L2", "issue.lot", has_left, &moved.issue.lot, format_args!("a lot that is not here"))?;
    same_facts(&moved.issue, &known.issue.clone().reassigned())?;
    same("D5", "external_id", &moved.external_id, &known.external_id)
}
