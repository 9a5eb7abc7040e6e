//! Transactions that were posted, changed, returned in part or deleted (rules X1 to X4).

use super::earned::check_sold;
use super::give_back::RedemptionRecord;
use super::{Check, Past, Step, ensure, same};
use crate::id::{RedemptionId, TransactionId};
use crate::journal::{RedemptionState, Transaction, TransactionChange};
use crate::value::Amount;

impl Past {
    pub(super) fn transaction(&mut self, step: &Step<'_>, change: &TransactionChange) -> Check {
        let now = &change.transaction;
        same("X1", "transaction.updated_at", &now.updated_at, &step.at())?;
        let (returned, total) = (now.returned, now.total);
        ensure("X4", "transaction.returned", returned <= total, &returned, format_args!("at most {total}"))?;
        let before = self.transactions.get(&now.id).cloned();
        check_moved(step, before.as_ref(), change)?;
        if now.id == TransactionId::made_by(step.number(), step.entry.sequence) {
            self.posted(step, change)?;
        } else if let Some(before) = &before {
            check_changed(before, change)?;
            if before.external_id.is_none() {
                self.add_transaction_name(now)?;
            }
        } else {
            let number = now.id.number();
            let is_foreign = number != step.number() && step.account.includes_number(number);
            let expected = format_args!("a transaction that was posted before");
            ensure("J1", "transaction.id", is_foreign, &now.id, expected)?;
            check_given(step, change)?;
            if step.entry.external().is_some() {
                self.add_transaction_name(now)?;
            }
            self.given = Some((now.id, 0));
        }
        self.check_links(step, before.as_ref(), change)?;
        check_sold(before.as_ref(), change)?;
        self.check_earned(step, before.as_ref(), change)?;
        for state in &change.redemptions {
            let unknown = || RedemptionRecord { made: None, state: state.clone() };
            self.redemptions.entry(state.id).or_insert_with(unknown).state = state.clone();
        }
        self.transactions.insert(now.id, now.clone());
        Ok(())
    }

    fn posted(&mut self, step: &Step<'_>, change: &TransactionChange) -> Check {
        let now = &change.transaction;
        same("X1", "transaction.profile_id", &now.profile_id, &step.account.profile_id())?;
        same("X1", "transaction.created_at", &now.created_at, &step.at())?;
        same("X4", "transaction.returned", &now.returned, &Amount::ZERO)?;
        same("X4", "returned", &change.returned, &None)?;
        same("X1", "transaction.is_deleted", &now.is_deleted, &false)?;
        same("X6", "transaction.is_void", &now.is_void, &false)?;
        self.add_transaction_name(now)
    }

    /// Registers a transaction's name, which must be unique unless the other transaction is gone (rule X2).
    fn add_transaction_name(&mut self, now: &Transaction) -> Check {
        let Some(name) = &now.external_id else { return Ok(()) };
        let other = self.transaction_names.insert(name.clone(), now.id);
        let other = other.and_then(|id| self.transactions.get(&id));
        let is_free = other.is_none_or(Transaction::is_gone);
        ensure("X2", "transaction.external_id", is_free, name, format_args!("a name that is not taken"))
    }

    /// Checks the redemptions that the entry states as linked and unlinked.
    fn check_links(
        &self,
        step: &Step<'_>,
        before: Option<&Transaction>,
        change: &TransactionChange,
    ) -> Check {
        let transaction = &change.transaction;
        let now = transaction.redemption_id.filter(|_| !transaction.is_deleted);
        let stated = |id: RedemptionId| change.redemptions.iter().find(|state| state.id == id).cloned();
        let linked = now.map(|id| self.linkable(step, id, transaction, stated(id))).transpose()?.flatten();
        let linked = linked.map(|state| RedemptionState { transaction_id: Some(transaction.id), ..state });
        // An earlier link that is not known here is taken as stated.
        let was = match before {
            Some(before) => before.redemption_id,
            None if self.given.is_none() => None,
            None if now.is_none_or(|id| stated(id).is_some()) => {
                change.redemptions.iter().map(|state| state.id).find(|id| now != Some(*id))
            }
            None => now,
        };
        let mut expected = Vec::new();
        expected.extend(linked.filter(|_| was != now));
        if let Some(id) = was.filter(|id| now != Some(*id)) {
            let known = self.redemptions.get(&id).map(|known| known.state.clone());
            let state = known.or_else(|| stated(id).filter(|_| id.number() != step.number()));
            expected.extend(state.map(|state| RedemptionState { transaction_id: None, ..state }));
        }
        same("X1", "redemptions", &change.redemptions, &expected)
    }

    /// The state of a redemption that may be linked to a transaction (rule X1); for a merged profile's redemption that
    /// was not seen here yet, the stated one.
    fn linkable(
        &self,
        step: &Step<'_>,
        id: RedemptionId,
        to: &Transaction,
        stated: Option<RedemptionState>,
    ) -> Check<Option<RedemptionState>> {
        let field = "transaction.redemption_id";
        let Some(known) = self.redemptions.get(&id) else {
            let is_foreign = id.number() != step.number() && step.account.includes_number(id.number());
            ensure("J1", field, is_foreign, &id, format_args!("a redemption that was made before"))?;
            let is_free = stated.as_ref().is_none_or(|state| !state.is_reversed);
            ensure(
                "X1",
                "redemptions.is_reversed",
                is_free,
                &stated,
                format_args!("one that is not reversed"),
            )?;
            return Ok(stated);
        };
        let state = known.state.clone();
        let is_free = !state.is_reversed && state.transaction_id.is_none_or(|other| other == to.id);
        ensure("X1", field, is_free, &id, format_args!("one that is linked to nothing else"))?;
        if let Some(made) = &known.made {
            let (net, original) = (made.total.minus(state.returned), to.total_original);
            let expected = format_args!("at least {net}, what was redeemed");
            ensure("X1", "transaction.total_original", net <= original, &original, expected)?;
        }
        Ok(Some(state))
    }
}

/// Checks that a change of a transaction with its history in another journal agrees with itself.
fn check_given(step: &Step<'_>, change: &TransactionChange) -> Check {
    let now = &change.transaction;
    let is_past = now.created_at <= step.at();
    ensure("X1", "transaction.created_at", is_past, &now.created_at, format_args!("the past"))?;
    let came_back = change.returned.unwrap_or_default();
    let is_in = came_back <= now.returned;
    ensure("X4", "transaction.returned", is_in, &now.returned, format_args!("at least {came_back}"))?;
    check_return(change)
}

/// Checks that a changed time of the purchase is stated as it was (rule K3). Of a merged profile's purchase it is taken as
/// stated.
fn check_moved(step: &Step<'_>, before: Option<&Transaction>, change: &TransactionChange) -> Check {
    let now = &change.transaction;
    if before.is_none() && now.id.number() != step.number() {
        return Ok(());
    }
    let was = before.map(|before| before.transacted_at).filter(|was| *was != now.transacted_at);
    same("K3", "transacted_before", &change.transacted_before, &was)
}

/// Checks that fixed fields stay the same, and that a return or a deletion changes nothing else.
fn check_changed(before: &Transaction, change: &TransactionChange) -> Check {
    let now = &change.transaction;
    // A void transaction can still be deleted, but not changed.
    let is_open = !before.is_deleted || (before.is_void && now.is_gone());
    ensure("X1", "transaction.id", is_open, &now.id, format_args!("one that was not deleted"))?;
    same("X1", "transaction.profile_id", &now.profile_id, &before.profile_id)?;
    let keeps_name = before.external_id.is_none() || now.external_id == before.external_id;
    ensure("X6", "transaction.external_id", keeps_name, &now.external_id, format_args!("what it was"))?;
    same("X1", "transaction.created_at", &now.created_at, &before.created_at)?;
    let came_back = change.returned.unwrap_or_default();
    same("X4", "transaction.returned", &Some(now.returned), &before.returned.checked_add(came_back))?;
    check_return(change)?;
    if change.returned.is_none() && !now.is_gone() {
        return Ok(());
    }
    same("X6", "transaction.external_id", &now.external_id, &before.external_id)?;
    same("X1", "transaction.redemption_id", &now.redemption_id, &before.redemption_id)?;
    same("X4", "transaction.total", &now.total, &before.total)?;
    same("X4", "transaction.total_original", &now.total_original, &before.total_original)?;
    same("X1", "transaction.transacted_at", &now.transacted_at, &before.transacted_at)?;
    same("X1", "transaction.timezone", &now.timezone, &before.timezone)?;
    same("X1", "transaction.tags", &now.tags, &before.tags)?;
    same("X1", "transaction.items", &now.items, &before.items)?;
    same("X1", "transaction.payments", &now.payments, &before.payments)?;
    same("X1", "transaction.meta", &now.meta, &before.meta)
}

/// Checks that a return is above zero, and not of a deleted transaction.
fn check_return(change: &TransactionChange) -> Check {
    let (now, came_back) = (&change.transaction, change.returned.unwrap_or_default());
    let is_return = change.returned.is_some();
    ensure(
        "Q6",
        "returned",
        is_return != came_back.is_zero(),
        &change.returned,
        format_args!("more than nothing"),
    )?;
    ensure(
        "X4",
        "transaction.is_deleted",
        !(is_return && now.is_deleted) && (now.is_deleted || !now.is_void),
        &now.is_deleted,
        format_args!("false"),
    )?;
    Ok(())
}
