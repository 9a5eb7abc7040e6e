//! Repetitions: a request that was answered before is answered alike (rules J5, D5 and X2).

use super::{Action, Asked, Disposition, Halt, KeyReused, Rejection, Written, more};
use crate::program::Program;
use crate::store::{Need, View};
use crate::time::Timestamp;

/// The first outcome, if the request repeats an earlier one.
#[inline]
pub(super) fn repeated<A: Action>(
    program: &Program,
    asked: Asked<'_, A>,
    need: &Need,
    view: &View<'_>,
    outcome: &mut Option<A::Outcome>,
) -> Result<Option<Disposition>, Halt> {
    if view.found.keyed.is_empty() && need.external.is_none() {
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
    let (Some(key), Some((first, fingerprint))) = (asked.key, view.found.keyed_fingerprint()) else {
        return Ok(None);
    };
    if !is_remembered(program, first.at, asked.at) {
        return Ok(None);
    }
    let written = Written { account: view.first, settled: 0, entries: &view.found.keyed };
    let same = fingerprint == asked.request.fingerprint();
    *outcome = asked.request.outcome(&written).filter(|_| same);
    match outcome {
        Some(_) => Ok(Some(Disposition::Replayed)),
        None => Err(KeyReused { key: key.clone(), first: first.sequence }.into()),
    }
}

/// Whether a key that was used at `first` is still looked for.
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
    let fingerprint = asked.request.fingerprint();
    let same = record.made.stamp.as_ref().is_some_and(|stamp| stamp.fingerprint == fingerprint);
    let written = Written { account: view.first, settled: 0, entries: &[record.made] };
    *outcome = asked.request.outcome(&written).filter(|_| same);
    match outcome {
        Some(_) => Ok(Some(Disposition::Existing)),
        None => {
            let first = record.made.named().map_or(0, |(id, _)| id.get());
            Err(Rejection::ExternalIdConflict { external: external.clone(), first }.into())
        }
    }
}
