//! Transactions and their links to redemptions (rules X1 and X2).

use crate::engine::draft::Draft;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told, check};
use crate::id::{EntryId, ProfileId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::{
    Cause, Entry, EntryKind, External, Fingerprint, RedemptionState, SettledElsewhere, Transaction,
    TransactionChange, TransactionReturn,
};
use crate::ops::earn::Settled;
use crate::ops::{DeleteTransaction, PostTransaction, ReturnTransaction, UpdateTransaction, earn};
use crate::program::Program;
use crate::store::{Need, Owner, Record, View};
use crate::value::{Amount, Points};

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

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        reached(view, [self.redemption_id, None])
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Transaction>, Refusal> {
        let id = TransactionId::made_by(draft.first.number(), draft.first.next_sequence());
        let transaction = self.transaction(draft, id, None)?;
        let transaction = Transaction { earned: earn::rule(draft.program), ..transaction };
        Ok(write(draft, view, None, transaction, None)?.0.into())
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

    fn stays_with(&self) -> Option<ProfileNumber> {
        Some(self.transaction_id.number())
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("update_transaction", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.transaction.check(program)
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        let before = recorded(view, self.transaction_id).and_then(|before| before.redemption_id);
        reached(view, [self.transaction.redemption_id, before])
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Transaction>, Refusal> {
        let before = current(view, self.transaction_id)?;
        let external = self.transaction.external_id.as_ref();
        if let Some(other) = external.filter(|id| before.external_id.as_ref() != Some(id)) {
            let external = External::Transaction(other.clone());
            return Err(Rejection::ExternalIdConflict { external, first: self.transaction_id.get() }.into());
        }
        let transaction = Transaction {
            external_id: before.external_id.clone(),
            created_at: before.created_at,
            returned: before.returned,
            earned: before.earned,
            ..self.transaction.transaction(draft, self.transaction_id, Some(before))?
        };
        Ok(write(draft, view, Some(before), transaction, None)?.0.into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Transaction> {
        recall(entries)
    }
}

impl Decide for DeleteTransaction {
    type Outcome = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.transaction_id))
    }

    fn stays_with(&self) -> Option<ProfileNumber> {
        Some(self.transaction_id.number())
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("delete_transaction", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        let before = recorded(view, self.transaction_id).and_then(|before| before.redemption_id);
        reached(view, [None, before])
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Transaction>, Refusal> {
        let before = current(view, self.transaction_id)?;
        // It keeps the name of its redemption, for whoever asks later what it was.
        let transaction = Transaction { is_deleted: true, updated_at: draft.at, ..before.clone() };
        Ok(write(draft, view, Some(before), transaction, None)?.0.into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Transaction> {
        recall(entries)
    }
}

impl Decide for ReturnTransaction {
    type Outcome = TransactionReturn;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.transaction_id))
    }

    fn stays_with(&self) -> Option<ProfileNumber> {
        Some(self.transaction_id.number())
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("return_transaction", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check::amount(program, "amount", self.amount)
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        // Its link stays what it is.
        reached(view, [None, None])
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<TransactionReturn>, Refusal> {
        let before = current(view, self.transaction_id)?;
        let left = before.kept();
        if self.amount > left {
            return Err(Rejection::ReturnAboveTransaction { requested: self.amount, left }.into());
        }
        let returned = before.returned.plus(self.amount);
        let transaction = Transaction { returned, updated_at: draft.at, ..before.clone() };
        let id = EntryId::made_by(draft.first.number(), draft.first.next_sequence());
        let (transaction, points_clawed_back) =
            write(draft, view, Some(before), transaction, Some(self.amount))?;
        let balances = draft.home().totals().balances();
        Ok(TransactionReturn { id, transaction, amount: self.amount, points_clawed_back, balances }.into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<TransactionReturn> {
        let (first, last) = (entries.first()?, entries.last()?);
        let EntryKind::Transaction(change) = &first.kind else { return None };
        let clawed = entries.iter().find_map(|entry| match &entry.kind {
            EntryKind::Clawback(clawed) => Some(clawed.points),
            _ => None,
        });
        let here = (clawed.unwrap_or_default(), last.balances);
        let (points_clawed_back, balances) =
            change.elsewhere.map_or(here, |there| (there.points_clawed_back, there.balances));
        Some(TransactionReturn {
            id: first.id(change.transaction.id.number()),
            transaction: change.transaction.clone(),
            amount: change.returned?,
            points_clawed_back,
            balances,
        })
    }
}

fn about(transaction: TransactionId) -> Need {
    Need { transaction: Some(transaction), ..Need::of(Owner::Number(transaction.number())) }
}

impl Transaction {
    /// What of its total the customer did not bring back; nothing, once it is deleted.
    pub(crate) fn kept(&self) -> Amount {
        if self.is_deleted { Amount::ZERO } else { self.total.minus(self.returned) }
    }
}

impl PostTransaction {
    /// The transaction that it describes. When and where a transaction happened does not change unless it says so.
    fn transaction(
        &self,
        draft: &Draft<'_>,
        id: TransactionId,
        before: Option<&Transaction>,
    ) -> Result<Transaction, Rejection> {
        let timezone = self.timezone.or(before.map(|before| before.timezone));
        let timezone = timezone.unwrap_or(draft.program.settings().timezone);
        let out_of_range = |_| Rejection::TimeOutOfRange { field: "transacted_at".into() };
        let otherwise = before.map_or(draft.at, |before| before.transacted_at);
        let transacted_at =
            self.transacted_at.map_or(Ok(otherwise), |when| when.resolve(timezone).map_err(out_of_range))?;
        Ok(Transaction {
            id,
            profile_id: draft.account().profile_id(),
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
            returned: Amount::ZERO,
            earned: None,
            is_deleted: false,
            created_at: draft.at,
            updated_at: draft.at,
        })
    }
}

/// Writes what became of a transaction: its own entry, what that links and unlinks, and what it earns more or less.
/// Answers with the transaction, and how many points were clawed back.
fn write(
    draft: &mut Draft<'_>,
    view: &View<'_>,
    before: Option<&Transaction>,
    mut transaction: Transaction,
    returned: Option<Amount>,
) -> Result<(Transaction, Points), Refusal> {
    let (here, elsewhere) = relink(draft, view, before, &transaction)?;
    let (came_back, total) = (transaction.returned, transaction.total);
    if came_back > total {
        return Err(Rejection::ReturnAboveTransaction { requested: came_back, left: total }.into());
    }
    let was = transaction.earned;
    earn::plan(draft, view, &mut transaction);
    let cause = Cause::Transaction(transaction.id);
    let mut change =
        TransactionChange { transaction: transaction.clone(), redemptions: here, returned, elsewhere: None };
    let clawed_back = if draft.is_merged() {
        // The record is here, and the points are there: what they came to stands with the record.
        let Settled { clawed_back, stayed } = earn::settle(draft, view, was, &transaction)?;
        let home = draft.home();
        let (to, balances) = (home.number(), home.totals().balances());
        change.elsewhere = Some(SettledElsewhere { to, points_clawed_back: clawed_back, balances });
        draft.write(EntryKind::Transaction(Box::new(change)));
        if let Some(stayed) = stayed {
            draft.write_for(cause, EntryKind::Clawback(Box::new(stayed)));
        }
        clawed_back
    } else {
        draft.write(EntryKind::Transaction(Box::new(change)));
        earn::settle(draft, view, was, &transaction)?.clawed_back
    };
    if let Some(second) = &mut draft.second {
        for state in elsewhere {
            second.write(draft.at, cause, EntryKind::Link(state), None);
        }
    }
    Ok((transaction, clawed_back))
}

fn recall(entries: &[&Entry]) -> Option<Transaction> {
    match &entries.first()?.kind {
        EntryKind::Transaction(change) => Some(change.transaction.clone()),
        _ => None,
    }
}

/// The transaction that a request names, as it stands, unless it was deleted.
fn current<'a>(view: &View<'a>, id: TransactionId) -> Result<&'a Transaction, Rejection> {
    recorded(view, id).ok_or(Rejection::UnknownTransaction { transaction: id })
}

fn recorded<'a>(view: &View<'a>, id: TransactionId) -> Option<&'a Transaction> {
    match &view.found.transaction?.newest().kind {
        EntryKind::Transaction(change) => {
            Some(&change.transaction).filter(|known| known.id == id && !known.is_deleted)
        }
        _ => None,
    }
}

/// The second account that a transaction is about: whoever has what it earned, or else with whom a redemption stayed that
/// is to be linked or unlinked, of the first that is with another.
fn reached(view: &View<'_>, links: [Option<RedemptionId>; 2]) -> Option<ProfileNumber> {
    let first = view.first;
    if first.merged_into().is_some() || view.second.is_some() {
        return view.further_home();
    }
    let mut numbers = links.into_iter().flatten().map(RedemptionId::number);
    numbers.find(|number| *number != first.number() && first.includes_number(*number))
}

/// What changes for redemptions when a transaction is linked to another one than before (rule X1): of this account, and
/// of the second one, which was merged into it or into which it was merged.
fn relink(
    draft: &Draft<'_>,
    view: &View<'_>,
    was: Option<&Transaction>,
    transaction: &Transaction,
) -> Result<(Vec<RedemptionState>, Vec<RedemptionState>), Refusal> {
    let now = transaction.redemption_id.filter(|_| !transaction.is_deleted);
    let before = was.and_then(|was| was.redemption_id);
    // What was checked when it was linked holds ever after, where the limit is no lower.
    let is_same_link =
        now == before && was.is_some_and(|was| was.total_original <= transaction.total_original);
    let mut changed = Vec::new();
    let is_apart = |id: &RedemptionId| {
        let mut sides = [Some(&draft.first), draft.second.as_ref()].into_iter().flatten();
        draft.home().account.includes_number(id.number()) && !sides.any(|side| side.number() == id.number())
    };
    if let Some(id) = now.filter(|id| !(is_same_link && is_apart(id))) {
        if is_apart(&id) {
            return Err(Rejection::RedemptionApart { redemption: id }.into());
        }
        let linked = link(view, id, transaction)?;
        if before != Some(id) {
            changed.push(linked);
        }
    }
    if let Some(before) = before.filter(|before| now != Some(*before)) {
        if is_apart(&before) {
            return Err(Rejection::RedemptionApart { redemption: before }.into());
        }
        let record = [view.found.linked, view.found.redemption].into_iter().flatten();
        let state = record.filter_map(|record| record.redemption(before)).map(|(_, state)| state).next();
        changed.extend(state.map(|state| RedemptionState { transaction_id: None, ..state }));
    }
    Ok(changed.into_iter().partition(|state| state.id.number() == draft.first.number()))
}

/// How a redemption stands once it is linked, if it may be.
fn link(view: &View<'_>, id: RedemptionId, to: &Transaction) -> Result<RedemptionState, Rejection> {
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
        return Err(Rejection::RedemptionAboveTotal { redeemed, total_original: to.total_original });
    }
    Ok(RedemptionState { transaction_id: Some(to.id), ..state })
}

impl Record<'_> {
    /// The redemption that the record is about: its total, and how it stands.
    pub(crate) fn redemption(&self, id: RedemptionId) -> Option<(Amount, RedemptionState)> {
        let made = self.made.redeemed()?;
        let first = RedemptionState { id, returned: Amount::ZERO, is_reversed: false, transaction_id: None };
        let state = self.latest.and_then(|entry| entry.redemption_state(id)).unwrap_or(first);
        (made.redemption == id).then_some((made.total, state))
    }
}
