//! Lots that stayed with a merged profile, because they had expired, were revoked or were used up. Value may still be
//! clawed back from them, or returned to them (rules R3 and X4).

use super::lots::{NONE, lot_change, same_change};
use super::{Check, Fault, Past, Step, ensure, same};
use crate::id::LotId;
use crate::journal::{Bucket, LotChange, LotState, Movement, ReturnedItem, Standing};
use crate::value::Quantity;

impl Past {
    /// The state of a lot that stayed, before this change: from the last entry about it, or else from this one.
    pub(super) fn stayed(&self, step: &Step<'_>, lot: LotId, change: &LotChange) -> Check<LotState> {
        if let Some(known) = self.stayed.get(&lot) {
            return Ok(*known);
        }
        let LotState { standing, expires_at, remaining, .. } = change.after;
        let is_foreign = lot.number() != step.number() && !step.account.merged_from().is_empty();
        ensure("J1", "change.after.lot", is_foreign, &lot, format_args!("a lot that came here before"))?;
        same("J1", "change.after.lot", &change.after.lot, &lot)?;
        // Lots that could still be used moved in the merger.
        let is_over = match standing {
            Standing::Expired => expires_at.is_past(step.at()),
            // One that had left before may have given to a redemption that comes back (rule X5).
            Standing::MovedTo(_) => change.moved.is_empty(),
            other => other == Standing::Revoked || (remaining.is_zero() && change.moved.is_empty()),
        };
        ensure("L2", "change.after.standing", is_over, &standing, format_args!("expired or revoked"))?;
        let before = match change.moved.first() {
            Some(Movement { from: Bucket::Redeemed, value, .. }) => remaining.checked_sub(*value),
            Some(movement) => remaining.checked_add(movement.value),
            None => Some(remaining),
        };
        let none = || Fault::new("J3", "change.after.remaining", &remaining, "what moved, at least");
        Ok(LotState { remaining: before.ok_or_else(none)?, ..change.after })
    }

    /// Checks a return to a lot that stayed, which must be revoked (rule R3).
    pub(super) fn returned_to_stayed(
        &mut self,
        step: &Step<'_>,
        item: &ReturnedItem,
        value: Quantity,
    ) -> Check {
        let none = || Fault::new("R3", "items.change", &item.change, "the change of the lot");
        let change = item.change.as_ref().ok_or_else(none)?;
        let now = self.stayed(step, item.lot, change)?;
        same("D3", "items.kind", &item.kind, &now.kind)?;
        same("R3", "items.change.after.standing", &now.standing, &Standing::Revoked)?;
        let remaining = now.remaining.checked_add(value).ok_or_else(none)?;
        let after = LotState { remaining, ..now };
        same_change(change, &lot_change(after, [(Bucket::Redeemed, Bucket::Revoked, value), NONE]))?;
        self.stayed.insert(item.lot, after);
        Ok(())
    }
}
