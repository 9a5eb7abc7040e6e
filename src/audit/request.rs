//! The cause, the instant and the stamp of an entry (rules J5 and T7).

use std::ops::Range;

use super::{Check, Fault, Past, Step, ensure, same};
use crate::id::ReturnId;
use crate::journal::{Cause, Entry, EntryKind, External, Origin, TransactionChange};

/// The request whose entries are being read.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// The request's entries still to come, according to its stamp, counted from the first.
    left: Range<u32>,
    /// The cause of the request's further entries.
    further: Option<Cause>,
}

impl Span {
    /// Whether entries of the request are still to come.
    pub(super) fn is_open(&self) -> bool {
        !self.left.is_empty()
    }
}

impl Past {
    pub(super) fn check_request(&mut self, step: &Step<'_>) -> Check {
        if let Some(expected) = self.cause(step)? {
            same("J1", "cause", &step.entry.cause, &expected)?;
        }
        check_clock(step)?;
        self.check_external(step)?;
        self.check_span(step)
    }

    /// The cause that an entry must have; `None` if two are possible.
    fn cause(&self, step: &Step<'_>) -> Check<Option<Cause>> {
        Ok(Some(match &step.entry.kind {
            EntryKind::Mature(_) | EntryKind::Expire(_) | EntryKind::Lapse(_) => Cause::Clock,
            EntryKind::MergeIn(_) => Cause::Merge,
            EntryKind::ReassignOut(_) if step.account.merged_into().is_some() => Cause::Merge,
            // A move by request, or part of a merger.
            EntryKind::ReassignIn(_) => {
                let is_move = matches!(step.entry.cause, Cause::Request | Cause::Merge);
                ensure("L2", "cause", is_move, &step.entry.cause, format_args!("a request or a merger"))?;
                return Ok(None);
            }
            EntryKind::Issue(issue) => match issue.origin() {
                None | Some(Origin::Transferred { .. }) => Cause::Request,
                Some(Origin::Earned { transaction, .. }) => Cause::Transaction(transaction),
                // The issue's own check compares the cause with the return that announced the lot.
                Some(Origin::Returned { .. }) => return Ok(None),
            },
            EntryKind::Earn(earned) => Cause::Transaction(earned.transaction),
            EntryKind::Clawback(clawed) => Cause::Transaction(clawed.transaction),
            _ => Cause::Request,
        }))
    }

    /// Checks that a stamp's name is that of the new record, or of a transaction without one before (rule X6).
    fn check_external(&self, step: &Step<'_>) -> Check {
        let entry: &Entry = step.entry;
        let found = entry.external();
        let expected = match &entry.kind {
            EntryKind::Issue(issue) if issue.origin().is_none() => {
                let is_of_lot = found.is_none_or(|found| matches!(found, External::Lot(_)));
                return ensure("D5", "stamp.external", is_of_lot, &found, format_args!("the name of a lot"));
            }
            EntryKind::Define(defined) => (!defined.is_archived).then(|| defined.definition.external()),
            EntryKind::Transaction(change) => {
                let TransactionChange { transaction, .. } = &**change;
                let is_new = match self.transactions.get(&transaction.id) {
                    Some(before) => before.external_id.is_none(),
                    // The earlier name of a transaction posted in another journal is not known.
                    None => found.is_some() || transaction.id.number() == step.number(),
                };
                transaction.external_id.clone().filter(|_| is_new).map(External::Transaction)
            }
            _ => None,
        };
        same("J5", "stamp.external", &found, &expected.as_ref())
    }

    /// Checks the number of entries that a stamp gives for its request.
    fn check_span(&mut self, step: &Step<'_>) -> Check {
        let entry = step.entry;
        let is_first = matches!(entry.cause, Cause::Request | Cause::Clock);
        let stamp = entry.stamp.as_deref();
        if let Some(stamp) = stamp {
            ensure("J5", "stamp", entry.cause == Cause::Request, &stamp.key, format_args!("none"))?;
            let is_keyed = stamp.row.is_none() || stamp.key.is_some();
            ensure("J5", "stamp.row", is_keyed, &stamp.row, format_args!("none without a key"))?;
            ensure("J5", "stamp.entries", stamp.entries > 0, &stamp.entries, format_args!("at least 1"))?;
        }
        let is_counted = if self.span.is_open() {
            !is_first && step.account.last_at() == Some(entry.at)
        } else {
            Some(entry.cause) != self.span.further
        };
        let left = self.span.left.len();
        let expected = format_args!("{left} more entries by the stamp of the request before it");
        ensure("J5", "cause", is_counted, &entry.cause, expected)?;
        if is_first {
            let left = 1..stamp.map_or(1, |stamp| stamp.entries);
            self.span = Span { left, further: stamp.and_then(|_| further(step)) };
        } else {
            self.span.left.next();
        }
        Ok(())
    }
}

/// The cause of a request's entries after the first.
fn further(step: &Step<'_>) -> Option<Cause> {
    let (number, sequence) = (step.number(), step.entry.sequence);
    match &step.entry.kind {
        EntryKind::Return(_) | EntryKind::Reversal(_) => {
            Some(Cause::Return(ReturnId::made_by(number, sequence)))
        }
        EntryKind::Transaction(change) => Some(Cause::Transaction(change.transaction.id)),
        EntryKind::MergeOut(_) => Some(Cause::Merge),
        _ => None,
    }
}

/// Checks that a due entry is written at its own instant, before anything later.
fn check_clock(step: &Step<'_>) -> Check {
    let (at, due) = (step.at(), step.account.next_deadline());
    if step.entry.cause == Cause::Clock {
        let due = due.max(step.account.last_at().filter(|_| due.is_some()));
        same("T7", "at", &Some(at), &due)
    } else if let Some(due) = due.filter(|due| *due <= at) {
        Err(Fault::new("T7", "at", &at, format_args!("what fell due at {due} before it")))
    } else {
        Ok(())
    }
}
