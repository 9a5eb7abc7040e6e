//! Transactions and their links to redemptions (rules X1 and X2).

use super::check;
use super::draft::Draft;
use super::sealed::Decide;
use crate::request::{DeleteTransaction, Fingerprint, PostTransaction, UpdateTransaction};
use crate::store::{Need, Owner, Record, View};
use crate::{
    Amount, Entry, EntryKind, External, ProfileId, Program, RedemptionId, RedemptionState, Rejection,
    Transaction, TransactionChange, TransactionId,
};

impl Decide for PostTransaction {
    type Outcome = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { redemption: self.redemption_id, ..Need::of(Owner::Profile(self.profile_id)) })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("post_transaction", self)
    }

    fn external(&self) -> Option<External> {
        self.external_id.clone().map(External::Transaction)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check::sum(program, "total", self.total)?;
        if let Some(original) = self.total_original {
            check::sum(program, "total_original", original)?;
        }
        check::tags(&self.tags)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Transaction, Rejection> {
        let id = TransactionId::made_by(draft.account.number(), draft.next_sequence());
        let transaction = self.transaction(draft, id)?;
        let redemptions = relink(view, None, &transaction)?;
        Ok(write(draft, TransactionChange { transaction, redemptions }))
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Transaction> {
        recall(entries)
    }
}

impl Decide for UpdateTransaction {
    type Outcome = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { transaction: Some(self.transaction_id), ..self.transaction.need()? })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("update_transaction", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.transaction.check(program)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Transaction, Rejection> {
        let before = current(view, self.transaction_id)?;
        let external = self.transaction.external_id.as_ref();
        if let Some(other) = external.filter(|id| before.external_id.as_ref() != Some(id)) {
            let external = External::Transaction(other.clone());
            return Err(Rejection::ExternalIdConflict { external, first: self.transaction_id.get() });
        }
        let transaction = Transaction {
            external_id: before.external_id.clone(),
            created_at: before.created_at,
            ..self.transaction.transaction(draft, self.transaction_id)?
        };
        let redemptions = relink(view, before.redemption_id, &transaction)?;
        Ok(write(draft, TransactionChange { transaction, redemptions }))
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Transaction> {
        recall(entries)
    }
}

impl Decide for DeleteTransaction {
    type Outcome = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        let owner = Owner::Number(self.transaction_id.number());
        Ok(Need { transaction: Some(self.transaction_id), ..Need::of(owner) })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("delete_transaction", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Transaction, Rejection> {
        let before = current(view, self.transaction_id)?;
        let deleted = Transaction { redemption_id: None, ..before.clone() };
        let redemptions = relink(view, before.redemption_id, &deleted)?;
        // It keeps the name of its redemption, for whoever asks later what it was.
        let transaction = Transaction { is_deleted: true, updated_at: draft.at, ..before.clone() };
        Ok(write(draft, TransactionChange { transaction, redemptions }))
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Transaction> {
        recall(entries)
    }
}

impl PostTransaction {
    /// The transaction that it describes.
    fn transaction(&self, draft: &Draft<'_>, id: TransactionId) -> Result<Transaction, Rejection> {
        let timezone = self.timezone.unwrap_or(draft.program.settings().timezone);
        let out_of_range = |_| Rejection::TimeOutOfRange { field: "transacted_at".into() };
        let transacted_at =
            self.transacted_at.map_or(Ok(draft.at), |when| when.resolve(timezone).map_err(out_of_range))?;
        Ok(Transaction {
            id,
            profile_id: draft.account.profile_id(),
            external_id: self.external_id.clone(),
            redemption_id: self.redemption_id,
            total: self.total,
            total_original: self.total_original.unwrap_or(self.total),
            transacted_at,
            timezone,
            tags: self.tags.clone(),
            items: self.items.clone(),
            payments: self.payments.clone(),
            meta: self.meta.clone(),
            is_deleted: false,
            created_at: draft.at,
            updated_at: draft.at,
        })
    }
}

fn write(draft: &mut Draft<'_>, change: TransactionChange) -> Transaction {
    let transaction = change.transaction.clone();
    draft.write(EntryKind::Transaction(Box::new(change)));
    transaction
}

fn recall(entries: &[&Entry]) -> Option<Transaction> {
    match &entries.first()?.kind {
        EntryKind::Transaction(change) => Some(change.transaction.clone()),
        _ => None,
    }
}

/// The transaction that a request names, as it stands, unless it was deleted.
fn current<'a>(view: &View<'a>, id: TransactionId) -> Result<&'a Transaction, Rejection> {
    match view.found.transaction.map(|record| &record.newest().kind) {
        Some(EntryKind::Transaction(change))
            if change.transaction.id == id && !change.transaction.is_deleted =>
        {
            Ok(&change.transaction)
        }
        _ => Err(Rejection::UnknownTransaction { transaction: id }),
    }
}

/// What changes for redemptions when a transaction is linked to another one than before (rule X1).
fn relink(
    view: &View<'_>,
    before: Option<RedemptionId>,
    transaction: &Transaction,
) -> Result<Vec<RedemptionState>, Rejection> {
    let mut changed = Vec::new();
    if let Some(now) = transaction.redemption_id {
        let linked = link(view, now, transaction)?;
        if before != Some(now) {
            changed.push(linked);
        }
    }
    if let Some(before) = before.filter(|before| transaction.redemption_id != Some(*before))
        && let Some((_, state)) = view.found.linked.and_then(|record| record.redemption(before))
    {
        changed.push(RedemptionState { transaction_id: None, ..state });
    }
    Ok(changed)
}

/// How a redemption stands once it is linked, if it may be.
fn link(view: &View<'_>, id: RedemptionId, to: &Transaction) -> Result<RedemptionState, Rejection> {
    let record = view.found.redemption.and_then(|record| record.redemption(id));
    let (total, state) = record.ok_or(Rejection::UnknownRedemption { redemption: id })?;
    if state.is_reversed {
        return Err(Rejection::RedemptionReversed { redemption: id });
    }
    if let Some(transaction) = state.transaction_id.filter(|other| *other != to.id) {
        return Err(Rejection::RedemptionLinked { redemption: id, transaction });
    }
    let redeemed = total.minus(state.returned);
    if redeemed > to.total_original {
        return Err(Rejection::RedemptionAboveTotal { redeemed, total_original: to.total_original });
    }
    Ok(RedemptionState { transaction_id: Some(to.id), ..state })
}

impl Record<'_> {
    /// The redemption that the record is about: its total, and how it stands.
    pub(crate) fn redemption(&self, id: RedemptionId) -> Option<(Amount, RedemptionState)> {
        let EntryKind::Redeem(made) = &self.made.kind else { return None };
        let first = RedemptionState { id, returned: Amount::ZERO, is_reversed: false, transaction_id: None };
        let state = self.latest.and_then(|entry| entry.redemption_state(id)).unwrap_or(first);
        (made.redemption == id).then_some((made.total, state))
    }
}
