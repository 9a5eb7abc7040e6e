//! The link between a transaction and the redemption that paid part of it (rule X1).

use crate::engine::Rejection;
use crate::id::RedemptionId;
use crate::journal::{RedemptionState, Transaction};
use crate::store::{Record, View};
use crate::value::Amount;

/// The changes to redemptions when a transaction is linked to a different one (rule X1).
pub(super) fn relink(
    view: &View<'_>,
    was: Option<&Transaction>,
    transaction: &Transaction,
) -> Result<Vec<RedemptionState>, Rejection> {
    let now = transaction.redemption_id.filter(|_| !transaction.is_deleted);
    let before = was.and_then(|was| was.redemption_id);
    let mut changed = Vec::new();
    if let Some(id) = now {
        let linked = link(view, id, transaction, before == Some(id))?;
        if before != Some(id) {
            changed.push(linked);
        }
    }
    if let Some(before) = before.filter(|before| now != Some(*before)) {
        let mut records = [view.found.linked, view.found.redemption].into_iter().flatten();
        let state = records.find_map(|record| record.redemption(before)).map(|(_, state)| state);
        changed.extend(state.map(|state| RedemptionState { transaction_id: None, ..state }));
    }
    Ok(changed)
}

/// How a redemption stands once it is linked, if it may be.
fn link(
    view: &View<'_>,
    id: RedemptionId,
    to: &Transaction,
    is_linked: bool,
) -> Result<RedemptionState, Rejection> {
    // A request that does not name it may still be about a transaction that it is linked to.
    let mut records = [view.found.redemption, view.found.linked].into_iter().flatten();
    let record = records.find_map(|record| record.redemption(id));
    let (total, state) = record.ok_or(Rejection::UnknownRedemption { redemption: id })?;
    if state.is_reversed {
        return Err(Rejection::RedemptionReversed { redemption: id });
    }
    if let Some(transaction) = state.transaction_id.filter(|other| *other != to.id) {
        return Err(Rejection::RedemptionLinked { redemption: id, transaction });
    }
    let redeemed = total.minus(state.returned);
    if redeemed > to.total_original {
        // Of a sale that is linked already, it is the total that was lowered.
        let field = match is_linked {
            false => "redemption_id",
            true if to.total_original == to.total => "total",
            true => "total_original",
        };
        let total_original = to.total_original;
        return Err(Rejection::RedemptionAboveTotal { field: field.into(), redeemed, total_original });
    }
    Ok(RedemptionState { transaction_id: Some(to.id), ..state })
}

impl Record<'_> {
    /// The redemption that the record is about: its total, and how it stands.
    pub(crate) fn redemption(&self, id: RedemptionId) -> Option<(Amount, RedemptionState)> {
        let made = self.made.redeemed()?;
        let state = self.latest.and_then(|entry| entry.redemption_state(id));
        let state = state.unwrap_or(RedemptionState::new(id));
        (made.redemption == id).then_some((made.total, state))
    }
}
