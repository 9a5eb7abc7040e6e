//! Where a lot was and is: for requests that name a lot, and not whose it must be (rules L2 and J5).
//!
//! Such a request is carried out with whoever has the lot, and its key is in the journal of whoever had it then. When it
//! comes again, the lot may be anywhere: back home as well, by a way that leads past the key. So the key is looked for
//! with everybody who ever had the lot, before anything is done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::engine::Refusal;
use crate::id::{LotId, ProfileNumber};
use crate::journal::{Entry, EntryKind, Standing};
use crate::store::View;

/// How far the look for a key is: account by account, by the entries that say where the lot went from each.
///
/// It begins where the lot was issued and follows it to whoever has it. From then on it asks everybody else who had it,
/// also those who were asked on the way, and comes back. If the lot was there all the while, then nobody else can have
/// used the key meanwhile; if it was not, then the look begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    lot: LotId,
    next: ProfileNumber,
    /// Who has the lot, and the number of the entry with which it came there.
    holder: Option<(ProfileNumber, u32)>,
    asked: BTreeSet<ProfileNumber>,
    ahead: BTreeSet<ProfileNumber>,
}

impl Trail {
    pub(crate) fn of(lot: LotId) -> Self {
        let (asked, ahead) = (BTreeSet::new(), BTreeSet::new());
        Self { lot, next: lot.number(), holder: None, asked, ahead }
    }

    /// The lot.
    pub const fn lot(&self) -> LotId {
        self.lot
    }

    /// The account to look in next.
    pub const fn next(&self) -> ProfileNumber {
        self.next
    }

    /// Whether an account has no more to do with the lot. What it used the key for is its own affair, unless it is the
    /// same request.
    pub(crate) fn is_beside(&self, here: ProfileNumber) -> bool {
        self.holder.is_some_and(|(holder, _)| holder != here)
    }

    /// Where to look next, now that the key was not found here; `None` if it was not found anywhere, or if nobody here
    /// ever had the lot. `entries`: those about the lot in this journal.
    fn on(&self, here: ProfileNumber, entries: &[&Entry]) -> Option<Self> {
        if entries.is_empty() && here != self.lot.number() {
            return None;
        }
        let went_to = |entry: &&Entry| match &entry.kind {
            EntryKind::ReassignOut(moved) => Some(moved.to),
            _ => None,
        };
        let is_move =
            |entry: &&&Entry| matches!(entry.kind, EntryKind::ReassignIn(_)) || went_to(entry).is_some();
        let last = entries.iter().rev().find(is_move);
        let holder = Some((here, last.map_or(0, |entry| entry.sequence)));
        let mut trail = self.clone();
        match last.and_then(went_to) {
            Some(to) if self.holder.is_none_or(|(holder, _)| holder == here) => {
                return Some(Self { next: to, ..Self::of(self.lot) });
            }
            None if self.holder != holder => {
                trail = Self { holder, ahead: [self.lot.number()].into(), ..Self::of(self.lot) };
            }
            _ => {}
        }
        trail.asked.insert(here);
        trail.ahead.extend(entries.iter().filter_map(went_to));
        trail.ahead.retain(|account| !trail.asked.contains(account));
        let back = trail.holder.map(|(holder, _)| holder).filter(|holder| *holder != here);
        trail.next = trail.ahead.pop_first().or(back)?;
        Some(trail)
    }
}

/// Where to look for the key next, if it is to be looked for along a trail.
pub(crate) fn further(view: &View<'_>) -> Option<Refusal> {
    let trail = view.found.trail?.on(view.first.number(), &view.found.trail_here)?;
    Some(Refusal::Trail(Box::new(trail)))
}

/// The profile that a lot went to from here. One that went to a profile which was merged into this one, and is not here,
/// stayed behind there.
pub(crate) fn went_to(view: &View<'_>, lot: LotId) -> Option<ProfileNumber> {
    match view.found.lots.get(&lot)?.newest().lot_after(lot)?.standing {
        Standing::MovedTo(number) if !view.first.includes_number(number) => Some(number),
        _ => None,
    }
}
