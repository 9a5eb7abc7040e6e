//! What can be asked of a ledger that changes nothing, once for both shells: a need, and what to make of the view.

use std::sync::Arc;

use super::error::Error;
use crate::account::{Corrupt, NextExpiry};
use crate::engine::check::time as read_time;
use crate::engine::lot::known_lot;
use crate::engine::{Refusal, Rejection};
use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::journal::{LotSnapshots, ValuedBalances};
use crate::ops::quote::quote_need;
use crate::ops::{Quote, Redeem, quote};
use crate::program::Program;
use crate::store::{AsOf, Change, CommitStatus, Need, Owner, View, Work};
use crate::time::Timestamp;
use crate::view::event::Event;
use crate::view::{Catalogue, Wallet, event};

/// As of when to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// Now, which is so late; not before the account's last entry, but for the tolerance (rule T6).
    Now(Timestamp),
    /// In the past (rule J4).
    Past(AsOf),
}

/// Why nothing could be read, though the store answered.
enum Unread {
    Refused(Refusal),
    Corrupt(Corrupt),
}

impl From<Rejection> for Unread {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.into())
    }
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Corrupt> for Unread {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

impl Reading {
    fn need(self, owner: Owner) -> Need {
        match self {
            Self::Now(_) => Need::of(owner),
            Self::Past(as_of) => Need { as_of, ..Need::of(owner) },
        }
    }

    /// The instant at which the view is looked at.
    fn instant(self, program: &Program, view: &View<'_>) -> Result<Timestamp, Rejection> {
        match self {
            Self::Now(at) => read_time(program, view.first, at),
            Self::Past(AsOf::At(instant)) => Ok(instant),
            Self::Past(_) => Ok(view.first.last_at().unwrap_or(Timestamp::MIN)),
        }
    }

    /// The same, of an account that holds what is asked for now: one that was merged sends on to the other.
    fn instant_of_open(self, program: &Program, view: &View<'_>) -> Result<Timestamp, Refusal> {
        match (self, view.first.merged_into()) {
            (Self::Now(_), Some(into)) => Err(Refusal::Elsewhere(into)),
            _ => Ok(self.instant(program, view)?),
        }
    }
}

/// A work that finds something out.
pub(crate) trait Question: Work {
    type Answer;

    /// Whether the answer is with another account: then it is to be run again, on that one.
    fn leads_elsewhere(&mut self) -> bool;

    fn finish<E>(self, run: Result<(), E>) -> Result<Self::Answer, Error<E>>;
}

pub(crate) fn balances(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> impl Question<Answer = ValuedBalances> {
    Look::new(reading.need(Owner::Profile(profile)), move |view| {
        let at = reading.instant_of_open(program, &view)?;
        Ok(view.first.balances_at(at).valued(program))
    })
}

pub(crate) fn next_expiry(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> impl Question<Answer = Option<NextExpiry>> {
    Look::new(reading.need(Owner::Profile(profile)), move |view| {
        Ok(view.first.next_expiry(reading.instant_of_open(program, &view)?))
    })
}

pub(crate) fn wallet(
    program: &Program,
    reading: Reading,
    profile: ProfileId,
) -> impl Question<Answer = Wallet> {
    let need = Need { journal: true, ..reading.need(Owner::Profile(profile)) };
    Look::new(need, move |view| {
        let at = reading.instant(program, &view)?;
        let entries = view.found.journal.iter().copied();
        Ok(Wallet::fold(profile, view.first.number(), entries, at)?)
    })
}

/// The wallet of whoever has this number; `None` if nobody does.
pub(crate) fn wallet_of(
    program: &Program,
    reading: Reading,
    number: ProfileNumber,
) -> impl Question<Answer = Option<Wallet>> {
    let need = Need { journal: true, ..reading.need(Owner::Number(number)) };
    Look::new(need, move |view| {
        let Some(profile) = view.first.profile().copied() else { return Ok(None) };
        let at = reading.instant(program, &view)?;
        Ok(Some(Wallet::fold(profile, number, view.found.journal.iter().copied(), at)?))
    })
}

/// A few lots of a profile, without its journal.
pub(crate) fn lots(
    program: &Program,
    at: Timestamp,
    profile: ProfileId,
    ids: &[LotId],
) -> impl Question<Answer = LotSnapshots> {
    let need = Need { lots: ids.to_vec(), ..Need::of(Owner::Profile(profile)) };
    Look::new(need, move |view| {
        let at = read_time(program, view.first, at)?;
        let lots = ids.iter().filter_map(|id| known_lot(&view, *id, at)).collect();
        Ok(LotSnapshots { version: view.first.sequence(), lots })
    })
}

/// What of an account expires within a stretch of time.
pub(crate) fn expiring(
    number: ProfileNumber,
    stretch: (Timestamp, Timestamp),
    at: Timestamp,
) -> impl Question<Answer = Vec<Event>> {
    Look::new(Need::of(Owner::Number(number)), move |view| Ok(event::expiring(view.first, stretch, at)))
}

pub(crate) fn catalogue(reading: Reading) -> impl Question<Answer = Catalogue> {
    let need = Need { journal: true, ..reading.need(Owner::CATALOGUE) };
    Look::new(need, |view| Ok(Catalogue::fold(view.found.journal.iter().copied())))
}

pub(crate) fn quote(
    program: &Program,
    at: Timestamp,
    redeem: &Redeem,
) -> Result<impl Question<Answer = Quote>, Rejection> {
    let need = quote_need(redeem)?;
    Ok(Look::new(need, move |view| Ok(quote::quote(program, redeem, at, &view)?)))
}

/// A look at one account, as a work of one unit.
struct Look<T, F> {
    need: [Need; 1],
    look: F,
    answer: Option<Result<T, Unread>>,
}

impl<T: Send, F: FnMut(View<'_>) -> Result<T, Unread> + Send> Look<T, F> {
    fn new(need: Need, look: F) -> Self {
        Self { need: [need], look, answer: None }
    }
}

impl<T: Send, F: FnMut(View<'_>) -> Result<T, Unread> + Send> Work for Look<T, F> {
    fn needs(&self) -> &[Need] {
        &self.need
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        self.answer = Some((self.look)(view));
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}

impl<T: Send, F: FnMut(View<'_>) -> Result<T, Unread> + Send> Question for Look<T, F> {
    type Answer = T;

    fn leads_elsewhere(&mut self) -> bool {
        let Some(Err(Unread::Refused(Refusal::Elsewhere(number)))) = &self.answer else { return false };
        let [need] = &mut self.need;
        need.owner = Owner::Number(*number);
        true
    }

    fn finish<E>(self, run: Result<(), E>) -> Result<T, Error<E>> {
        run.map_err(|error| Error::Store(Arc::new(error)))?;
        match self.answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Unread::Refused(refusal))) => Err(refusal.into()),
            Some(Err(Unread::Corrupt(corrupt))) => Err(Error::Corrupt(corrupt)),
            // A store that lent nothing broke its contract; nobody knows more.
            None => Err(Error::InDoubt),
        }
    }
}
