//! Idempotency: a repeated request gets the outcome of the first one (rules J5, D5 and X2).

use super::{Action, Asked, Disposition, Entries, Halt, KeyReused, Rejection, Written, more};
use crate::id::Key;
use crate::journal::{Entry, Fingerprint, RecordId};
use crate::program::Program;
use crate::store::{Need, View};
use crate::time::Timestamp;

/// Whether the request repeats an earlier one; then the outcome is that one's.
#[inline]
pub(super) fn repeated<A: Action>(
    program: &Program,
    asked: Asked<'_, A>,
    need: &Need,
    view: &View<'_>,
    outcome: &mut Option<A::Outcome>,
) -> Result<Option<Disposition>, Halt> {
    if view.found.key_used.is_none() && need.external.is_none() {
        return Ok(None);
    }
    match by_key(program, asked, view, outcome)? {
        Some(disposition) => Ok(Some(disposition)),
        None => by_name(asked, need, view, outcome),
    }
}

fn by_key<A: Action>(
    program: &Program,
    asked: Asked<'_, A>,
    view: &View<'_>,
    outcome: &mut Option<A::Outcome>,
) -> Result<Option<Disposition>, Halt> {
    let Some(key) = asked.key else { return Ok(None) };
    if newest_use(program, asked.at, key, asked.row.map(|row| row.batch), view)?.is_none() {
        return Ok(None);
    }
    // A row without an entry was not carried out yet.
    let first = view.found.keyed.first().filter(|first| is_remembered(program, first.at, asked.at));
    let Some((first, stamp)) = first.and_then(|first| Some((first, first.stamp.as_ref()?))) else {
        return Ok(None);
    };
    let written = Written { account: view.first, settled: 0, entries: Entries::Found(&view.found.keyed) };
    let same = stamp.row == asked.row && stamp.fingerprint == asked.request.fingerprint();
    *outcome = asked.request.outcome(&written).filter(|_| same);
    match outcome {
        Some(_) => Ok(Some(Disposition::Replayed)),
        None => Err(KeyReused { key: key.clone(), first: first.sequence }.into()),
    }
}

/// Checks that the account has not used the batch's key for anything else.
pub(crate) fn batch_key(
    program: &Program,
    at: Timestamp,
    (key, batch): (&Key, Fingerprint),
    need: &Need,
    view: &View<'_>,
) -> Result<(), Halt> {
    match newest_use(program, at, key, Some(batch), view)? {
        Some(_) => Ok(()),
        None => more::open(need, view.first),
    }
}

/// The newest entry under a key within the key window.
///
/// # Errors
/// It was written for another request or batch.
fn newest_use<'a>(
    program: &Program,
    at: Timestamp,
    key: &Key,
    batch: Option<Fingerprint>,
    view: &View<'a>,
) -> Result<Option<&'a Entry>, KeyReused> {
    match view.found.key_used.filter(|used| is_remembered(program, used.at, at)) {
        Some(used) if batch_of(used) != batch => Err(KeyReused { key: key.clone(), first: used.sequence }),
        newest => Ok(newest),
    }
}

/// The fingerprint of the batch that an entry belongs to, if any.
fn batch_of(entry: &Entry) -> Option<Fingerprint> {
    Some(entry.stamp.as_ref()?.row?.batch)
}

/// Whether a key that was used at `first` is still within the program's key window.
fn is_remembered(program: &Program, first: Timestamp, at: Timestamp) -> bool {
    program.key_window().is_none_or(|window| first.checked_add(window).is_ok_and(|end| at <= end))
}

fn by_name<A: Action>(
    asked: Asked<'_, A>,
    need: &Need,
    view: &View<'_>,
    outcome: &mut Option<A::Outcome>,
) -> Result<Option<Disposition>, Halt> {
    let external = need.external.as_deref().filter(|external| external.is_idempotent());
    let Some(external) = external else { return Ok(None) };
    let Some(record) = more::named(need, view)? else { return Ok(None) };
    let named = record.made.named().map(|(id, _)| id);
    let first = named.map_or(0, RecordId::get);
    let conflict = || Err(Rejection::ExternalIdConflict { external: external.clone(), first }.into());
    if let Some((_, own)) = asked.request.names() {
        return if named == Some(own) { Ok(None) } else { conflict() };
    }
    let fingerprint = asked.request.fingerprint();
    let same = record.made.stamp.as_ref().is_some_and(|stamp| stamp.fingerprint == fingerprint)
        || asked.request.is_said_by(&record);
    let at = view.first.last_at().map_or(asked.at, |last| last.max(asked.at));
    *outcome = if same { asked.request.existing(view, &record, at) } else { None };
    match outcome {
        Some(_) => Ok(Some(Disposition::Existing)),
        None => conflict(),
    }
}
