//! One thing as a question: from the entry that made it and the newest about it. What went to another account is looked up
//! there.

use crate::account::Account;
use crate::definition::Defined;
use crate::engine::lot::known_lot;
use crate::engine::{Halt, More, more, settled};
use crate::id::{DefinitionId, ExternalId, Handle, HoldId, LotId, ProfileId, RedemptionId, TransactionId};
use crate::journal::{
    Entry, EntryKind, External, Hold, HoldEntry, HoldStatus, LotKind, LotSnapshot, Redemption, Standing,
    Transaction,
};
use crate::ledger::read::{Asking, Reading};
use crate::ledger::unit::{Ask, Unread};
use crate::ops::hold::to_hold;
use crate::ops::redeem::redemption_at_first;
use crate::program::Program;
use crate::store::{DefinitionRef, Need, Owner, Record, View};

/// Later changes to a merged profile's redemption are with the profile that took over.
pub(super) fn redemption(
    program: &Program,
    reading: Reading,
    id: RedemptionId,
) -> Asking<Option<Redemption>, impl Ask<Option<Redemption>>> {
    let need = Need { redemption: Some(id), ..reading.need(Owner::Number(id.number())) };
    let mut whose = None;
    Asking::new(need, move |need, view| {
        // The first account is that of the profile that made it.
        let profile = *whose.get_or_insert_with(|| view.first.profile_id());
        more::records(need, view)?;
        reading.instant(program, view)?;
        Ok(view.found.redemption.and_then(|record| redemption_of(profile, &record)))
    })
}

fn redemption_of(profile: ProfileId, record: &Record<'_>) -> Option<Redemption> {
    let mut redemption = redemption_at_first(profile, record.made)?;
    if let Some(state) = record.latest.and_then(|entry| entry.redemption_state(redemption.id)) {
        redemption.follow(&state);
    }
    Some(redemption)
}

/// So does a transaction.
pub(super) fn transaction(
    program: &Program,
    reading: Reading,
    id: TransactionId,
) -> Asking<Option<Transaction>, impl Ask<Option<Transaction>>> {
    let need = Need { transaction: Some(id), ..reading.need(Owner::Number(id.number())) };
    Asking::new(need, move |need, view| {
        more::records(need, view)?;
        reading.instant(program, view)?;
        let transaction = view.found.transaction.and_then(|record| transaction_of(&record));
        Ok(transaction.filter(|transaction| transaction.id == id))
    })
}

/// The transaction that a profile has under an external id. What was posted for a profile after it was merged is with the
/// one that has its value.
pub(super) fn transaction_by_external_id(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
    external_id: &ExternalId,
) -> Asking<Option<Transaction>, impl Ask<Option<Transaction>>> {
    let external = External::Transaction(external_id.clone());
    let need = Need { external: Some(Box::new(external)), ..reading.need(Owner::Profile(profile)) };
    Asking::new(need, move |need, view| {
        let record = more::named(need, view)?;
        reading.instant(program, view)?;
        or_elsewhere(record.and_then(|record| transaction_of(&record)), need, view.first)
    })
}

/// The current state of the transaction, unless it is gone.
fn transaction_of(record: &Record<'_>) -> Option<Transaction> {
    match &record.newest().kind {
        EntryKind::Transaction(change) if !change.transaction.is_gone() => Some(change.transaction.clone()),
        _ => None,
    }
}

/// A hold that was open when its profile was merged is with the other.
pub(super) fn hold(
    program: &Program,
    reading: Reading,
    id: HoldId,
) -> Asking<Option<Hold>, impl Ask<Option<Hold>>> {
    let need = Need { hold: Some(id), ..reading.need(Owner::Number(id.number())) };
    // The entry that placed it is in the first journal only.
    let mut placed = None;
    Asking::new(need, move |need, view| {
        let at = reading.instant(program, view)?;
        if let Some(EntryKind::Hold(made)) = view.found.hold_made.map(|entry| &entry.kind) {
            placed = Some(HoldEntry::clone(made));
        }
        let mut due = Vec::new();
        settled(view.first, at, &mut due);
        let lapsed = due.iter().rev().find(|entry| entry.records(view.first.number()).contains(&id.into()));
        let newest = lapsed.or(view.found.hold);
        let hold = newest.and_then(|entry| hold_of(view.first.profile_id(), entry, placed.as_ref(), id));
        // Holds that were open when the profile was merged are not in this account any more.
        let is_merged = view.first.merged_into().is_some();
        or_elsewhere(hold.filter(|hold| !(is_merged && hold.status == HoldStatus::Held)), need, view.first)
    })
}

/// A hold as the newest entry about it tells.
fn hold_of(profile: ProfileId, newest: &Entry, placed: Option<&HoldEntry>, id: HoldId) -> Option<Hold> {
    let mut redemption_id = None;
    let (placed, status) = match &newest.kind {
        EntryKind::Hold(placed) => (&**placed, HoldStatus::Held),
        EntryKind::MergeIn(merged) => {
            (merged.holds.iter().find(|placed| placed.hold == id)?, HoldStatus::Held)
        }
        EntryKind::Release(release) => (&release.placed, HoldStatus::Released),
        EntryKind::Lapse(release) => (&release.placed, HoldStatus::Lapsed),
        EntryKind::Capture(capture) => {
            redemption_id = Some(capture.redeem.redemption);
            (placed?, HoldStatus::Captured)
        }
        _ => return None,
    };
    let hold = Hold { redemption_id, balances: newest.balances, ..to_hold(profile, placed, status) };
    (hold.id == id).then_some(hold)
}

/// What was found here; or else it may be with the profile that this one was merged into.
fn or_elsewhere<T>(found: Option<T>, need: &Need, here: &Account) -> Result<Option<T>, Unread> {
    if found.is_none() {
        more::open(need, here)?;
    }
    Ok(found)
}

/// A lot, with the profile that has it.
pub(super) fn lot(
    program: &Program,
    reading: Reading,
    id: LotId,
) -> Asking<Option<LotSnapshot>, impl Ask<Option<LotSnapshot>>> {
    let need = Need { lots: [id].into(), ..reading.need(Owner::Number(id.number())) };
    Asking::new(need, move |need, view| {
        let moved = view.found.lot(id).and_then(|record| record.newest().lot_state(id));
        if let Some(Standing::MovedTo(number)) = moved.map(|after| after.standing)
            && !need.even_merged
        {
            return Err(Halt::Needs(More::Account(number)).into());
        }
        let at = reading.instant(program, view)?;
        Ok(known_lot(view, id, at))
    })
}

/// A definition, archived or not.
pub(super) fn definition(
    reading: Reading,
    id: DefinitionId,
) -> Asking<Option<Defined>, impl Ask<Option<Defined>>> {
    Asking::new(definition_need(reading, DefinitionRef::Id(id)), move |_, view| {
        Ok(defined(view).filter(|defined| defined.id == id).cloned())
    })
}

/// The definition of a kind that has a handle and is in use.
pub(super) fn definition_by_handle(
    reading: Reading,
    kind: LotKind,
    handle: &Handle,
) -> Asking<Option<Defined>, impl Ask<Option<Defined>>> {
    let name = match kind {
        LotKind::Reward => External::RewardDefinition(handle.clone()),
        LotKind::Point | LotKind::Status => External::PointDefinition(handle.clone()),
    };
    Asking::new(definition_need(reading, DefinitionRef::Handle(name)), move |_, view| {
        Ok(defined(view).filter(|defined| defined.holds(handle)).cloned())
    })
}

fn definition_need(reading: Reading, definition: DefinitionRef) -> Need {
    Need { definition: Some(definition), ..reading.need(Owner::CATALOGUE) }
}

fn defined<'a>(view: &View<'a>) -> Option<&'a Defined> {
    view.found.definition.and_then(|record| record.defined())
}
