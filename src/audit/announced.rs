//! Announcements: new lots, and points earned or clawed back, that an entry requires of the entries after it.

use super::{Check, Fault, Past, Step};
use crate::id::{LotId, ReturnId};
use crate::journal::owed::Earner;
use crate::journal::{EntryKind, LotKind, Origin};
use crate::value::{Points, Quantity};

/// An announcement, by the entry that makes it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Announced {
    /// A return: a new lot for value that cannot go back to its own (rule R3).
    Returned { back: ReturnId, lot: LotId, kind: LotKind, value: Quantity, origin: Origin },
    /// A transaction: points in a new lot (rule X3).
    EarnedLot { earner: Earner, lot: LotId, points: Points, replaces: Option<LotId> },
    /// A transaction: more points in its lot (rule X4).
    EarnedMore { earner: Earner, points: Points },
    /// A transaction: points that come back (rule X4).
    ClawedBack { earner: Earner, points: Points, written_off: Points },
}

impl Past {
    /// Checks that the entry is the one announced next.
    pub(super) fn check_announced(&self, step: &Step<'_>) -> Check {
        let (is_right, expected) = match (self.announced.front(), &step.entry.kind) {
            (None, _) => return Ok(()),
            (Some(Announced::Returned { lot, .. } | Announced::EarnedLot { lot, .. }), kind) => {
                let is_right = matches!(kind, EntryKind::Issue(issue) if issue.lot == *lot);
                (is_right, format!("the issue of lot {lot}"))
            }
            (Some(Announced::EarnedMore { earner, .. }), kind) => {
                let is_right = matches!(kind, EntryKind::Earn(more) if more.earner() == *earner);
                (is_right, format!("what transaction {} earned", earner.transaction))
            }
            (Some(Announced::ClawedBack { earner, .. }), kind) => {
                let is_right = matches!(kind, EntryKind::Clawback(less) if less.earner() == *earner);
                (is_right, format!("what came back of transaction {}", earner.transaction))
            }
        };
        if is_right { Ok(()) } else { Err(Fault::new("J1", "kind", &step.kind(), expected)) }
    }
}
