//! The queries of a ledger, once for both shells: each is a need, and a function of the view.

use std::ops::Range;

use super::unit::{Ask, Question};
use crate::account::NextExpiry;
use crate::engine::check::time as read_time;
use crate::engine::lot::known_lot;
use crate::engine::{Halt, More, Rejection, more};
use crate::id::{DefinitionId, LotId, ProfileId, ProfileNumber};
use crate::journal::{Entry, LotSnapshots, ValuedBalances};
use crate::ops::quote::quote_need;
use crate::ops::{Quote, Redeem, quote};
use crate::program::Program;
use crate::store::{AsOf, Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Points;
use crate::view::event::{Event, Stretch};
use crate::view::{Catalogue, ProfileJournal, ProfileTotals, Wallet, event, points_earned};

/// As of when to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// The instant taken as now; not before the account's last entry, except within the tolerance (rule T6).
    Now(Timestamp),
    /// In the past (rule J4).
    Past(AsOf),
}

impl Reading {
    pub(super) fn need(self, owner: Owner) -> Need {
        match self {
            Self::Now(_) => Need::of(owner),
            // A sequence number counts in one journal: what went to another account is not looked for there.
            Self::Past(as_of) => {
                let even_merged = matches!(as_of, AsOf::Sequence(_));
                Need { as_of, even_merged, ..Need::of(owner) }
            }
        }
    }

    /// The instant at which the view is looked at.
    pub(super) fn instant(self, program: &Program, view: &View<'_>) -> Result<Timestamp, Rejection> {
        match self {
            Self::Now(at) => read_time(program, view.first, at),
            Self::Past(AsOf::At(instant)) => Ok(instant),
            Self::Past(_) => Ok(view.first.last_at().unwrap_or(Timestamp::MIN)),
        }
    }

    /// The same, of an account that holds what is asked for now: one that was merged sends on to the other.
    fn instant_of_open(self, program: &Program, need: &Need, view: &View<'_>) -> Result<Timestamp, Halt> {
        if matches!(self, Self::Now(_)) {
            more::open(need, view.first)?;
        }
        Ok(self.instant(program, view)?)
    }
}

/// A question in progress: its need, and its unit.
pub(crate) struct Asking<T, F> {
    pub(crate) need: Need,
    pub(crate) question: Question<T, F>,
}

impl<T, F: Ask<T>> Asking<T, F> {
    pub(super) fn new(need: Need, ask: F) -> Self {
        Self { need, question: Question::new(ask) }
    }
}

pub(crate) fn balances(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> Asking<ValuedBalances, impl Ask<ValuedBalances>> {
    Asking::new(reading.need(Owner::Profile(profile)), move |need, view| {
        let at = reading.instant_of_open(program, need, view)?;
        Ok(view.first.balances_at(at).valued(program))
    })
}

pub(crate) fn next_expiry(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> Asking<Option<NextExpiry>, impl Ask<Option<NextExpiry>>> {
    Asking::new(reading.need(Owner::Profile(profile)), move |need, view| {
        Ok(view.first.next_expiry(reading.instant_of_open(program, need, view)?))
    })
}

pub(crate) fn wallet(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> Asking<Wallet, impl Ask<Wallet>> {
    let need = Need { journal: true, ..reading.need(Owner::Profile(profile)) };
    Asking::new(need, move |_need, view| {
        let at = reading.instant(program, view)?;
        let entries = view.found.journal.iter().copied();
        Ok(Wallet::fold(profile, view.first.number(), entries, at)?)
    })
}

/// The wallet of the profile with this number; `None` if there is none.
pub(crate) fn wallet_of(
    program: &Program,
    reading: Reading,
    number: ProfileNumber,
) -> Asking<Option<Wallet>, impl Ask<Option<Wallet>>> {
    let need = Need { journal: true, ..reading.need(Owner::Number(number)) };
    Asking::new(need, move |_need, view| {
        let Some(profile) = view.first.profile().copied() else { return Ok(None) };
        let at = reading.instant(program, view)?;
        Ok(Some(Wallet::fold(profile, number, view.found.journal.iter().copied(), at)?))
    })
}

/// The written journal of the profile with this number; `None` if there is none.
pub(crate) fn journal(
    number: ProfileNumber,
) -> Asking<Option<ProfileJournal>, impl Ask<Option<ProfileJournal>>> {
    let need = Need { journal: true, ..Need::of(Owner::Number(number)) };
    Asking::new(need, move |_, view| {
        let entries = || view.found.journal.iter().copied().cloned().collect();
        Ok(view.first.profile().map(|profile_id| ProfileJournal::new(*profile_id, number, entries())))
    })
}

/// A few lots of a profile, without its journal.
pub(crate) fn lots(
    program: &Program,
    at: Timestamp,
    profile: ProfileId,
    ids: &[LotId],
) -> Asking<LotSnapshots, impl Ask<LotSnapshots>> {
    let need = Need { lots: ids.into(), ..Need::of(Owner::Profile(profile)) };
    Asking::new(need, move |_need, view| {
        let at = read_time(program, view.first, at)?;
        let lots = ids.iter().filter_map(|id| known_lot(view, *id, at)).collect();
        Ok(LotSnapshots { version: view.first.sequence(), lots })
    })
}

/// The events of an account that fell due within an interval and are not written yet.
pub(crate) fn due(
    number: ProfileNumber,
    stretch: Stretch,
    soon: Option<Timestamp>,
) -> Asking<Vec<Event>, impl Ask<Vec<Event>>> {
    Asking::new(Need::of(Owner::Number(number)), move |_, view| Ok(event::of_due(view.first, stretch, soon)))
}

/// What of an account expires within a stretch of time.
pub(crate) fn expiring(
    number: ProfileNumber,
    stretch: Stretch,
    at: Timestamp,
) -> Asking<Vec<Event>, impl Ask<Vec<Event>>> {
    Asking::new(Need::of(Owner::Number(number)), move |_, view| Ok(event::expiring(view.first, stretch, at)))
}

/// What of an account activity keeps until an instant within a stretch of time.
pub(crate) fn kept(
    number: ProfileNumber,
    active: Vec<Timestamp>,
    stretch: Stretch,
    at: Timestamp,
) -> Asking<Vec<Event>, impl Ask<Vec<Event>>> {
    Asking::new(Need::of(Owner::Number(number)), move |_, view| {
        Ok(event::kept(view.first, &active, stretch, at))
    })
}

/// The value that the profile with a number has; `None` if there is no such profile.
pub(crate) fn totals(
    number: ProfileNumber,
    at: Timestamp,
) -> Asking<Option<ProfileTotals>, impl Ask<Option<ProfileTotals>>> {
    Asking::new(Need::of(Owner::Number(number)), move |_, view| {
        let totals = view.first.totals_at(at);
        Ok(view.first.profile().map(|profile_id| ProfileTotals { profile_id: *profile_id, number, totals }))
    })
}

/// The points of a definition that a profile's purchases earned. The past is read from the same entries as now, so it costs
/// no more. Later changes of a merged profile's purchases are with the profile that took over.
pub(crate) fn points_earned(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
    definition: DefinitionId,
    window: Range<Timestamp>,
) -> Asking<Points, impl Ask<Points>> {
    let even_merged = matches!(reading, Reading::Past(AsOf::Sequence(_)));
    let earned = points_earned::lookups(definition, &window).into();
    let need = Need { earned, even_merged, ..Need::of(Owner::Profile(profile)) };
    let mut own = None;
    Asking::new(need, move |need, view| {
        let own = *own.get_or_insert(view.first.number());
        more::open(need, view.first)?;
        if !view.first.merged_from().is_empty() && need.closed.is_empty() {
            return Err(Halt::Needs(More::Closed(view.first.merged_from().to_vec())).into());
        }
        reading.instant(program, view)?;
        let is_seen = |entry: &Entry| match reading {
            Reading::Past(AsOf::At(instant)) => entry.at <= instant,
            Reading::Past(AsOf::Sequence(last)) => entry.sequence <= last,
            _ => true,
        };
        Ok(points_earned::points_earned(view.found, own, definition, &window, is_seen))
    })
}

pub(crate) fn catalogue(reading: Reading) -> Asking<Catalogue, impl Ask<Catalogue>> {
    let need = Need { journal: true, ..reading.need(Owner::CATALOGUE) };
    Asking::new(need, |_, view| Ok(Catalogue::fold(view.found.journal.iter().copied())))
}

pub(crate) fn quote(
    program: &Program,
    at: Timestamp,
    redeem: &Redeem,
) -> Result<Asking<Quote, impl Ask<Quote>>, Rejection> {
    let need = quote_need(program, redeem, at)?;
    Ok(Asking::new(need, move |need, view| Ok(quote::quote(program, redeem, at, need, view)?)))
}
