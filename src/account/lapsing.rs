//! The live lots of an account that lapse for inactivity, in the order of use (rules C1 and T9).
//!
//! Their expiry is computed: the sooner of the lot's own end and the end of the period from the lot's start or the last
//! activity, whichever is later. The end of a period grows with its start, so that is the later of two ends, one of the
//! lot and one of the account; and activity changes the account's only.
//!
//! Lots are kept in chains. In a chain, each lot was issued no earlier than the one before it, and neither its own end nor
//! that of its period comes sooner. So a chain is in the order of use whatever the last activity, and a draw merges the
//! chains by looking at the first lot of each. Lots that are issued one after the other, as most are, make one chain.

use std::collections::{BTreeSet, VecDeque};
use std::slice;

use serde::{Deserialize, Serialize};

use super::Account;
use super::lots::{LiveLot, OverdueLot};
use crate::id::LotId;
use crate::journal::{Active, Inactivity, LotKind, LotState, Standing};
use crate::time::{Expiry, Period, Timestamp, Zone};
use crate::value::Quantity;

/// The lots, and what the account's activity means for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lapsing {
    /// One for each period and zone that there ever was.
    pub(super) clocks: Vec<Clock>,
    pub(super) chains: Vec<Chain>,
}

/// A period and a zone, and the ends of the periods that activity began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clock {
    pub(super) period: Period,
    pub(super) timezone: Zone,
    /// The end of the period that the last activity began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<Expiry>,
    /// The first activity that began one with this end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) began: Option<Timestamp>,
    /// The periods that were over when the next activity came: by then lots had lapsed, used up or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) missed: Vec<Missed>,
}

/// A period that was over when the next activity came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missed {
    /// The activity that it began with, and its end; `None` before the first activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) began: Option<(Timestamp, Expiry)>,
    /// The instant of the next activity.
    pub(super) next: Timestamp,
}

impl Missed {
    /// Whether the next activity came too late for it, or for a lot's own period.
    fn is_over(&self) -> bool {
        self.began.is_none_or(|(_, end)| end.is_past(self.next))
    }
}

/// Lots of one kind with one clock, in the order of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    pub(super) kind: LotKind,
    /// The place of its clock.
    pub(super) clock: usize,
    pub(super) lots: VecDeque<LapsingLot>,
}

/// A lot, with its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LapsingLot {
    pub(super) lot: LiveLot,
    /// The start of its period, without later activity.
    pub(super) from: Timestamp,
    /// The end of that.
    pub(super) end: Expiry,
}

impl LapsingLot {
    /// The end of its use, if the last activity began a period with this end.
    fn ends_at(&self, active: Option<Expiry>) -> Expiry {
        self.lot.expires_at.min(active.map_or(self.end, |end| end.max(self.end)))
    }

    fn with_current_end(&self, active: Option<Expiry>) -> LiveLot {
        LiveLot { expires_at: self.ends_at(active), ..self.lot }
    }

    /// Whether the other may come after it in a chain.
    fn precedes(&self, other: &Self) -> bool {
        self.lot.tie() < other.lot.tie()
            && self.lot.expires_at <= other.lot.expires_at
            && self.end <= other.end
    }
}

impl Chain {
    /// The place at which a lot would go; `None` if it does not fit.
    fn place(&self, lot: &LapsingLot) -> Option<usize> {
        if self.lots.back().is_none_or(|last| last.precedes(lot)) {
            return Some(self.lots.len());
        }
        let place = self.lots.partition_point(|other| other.lot.tie() < lot.lot.tie());
        let before = place.checked_sub(1).and_then(|before| self.lots.get(before));
        let fits = before.is_none_or(|before| before.precedes(lot))
            && self.lots.get(place).is_none_or(|after| lot.precedes(after));
        fits.then_some(place)
    }

    fn first_unheld(&self) -> Option<&LapsingLot> {
        self.lots.iter().find(|lapsing| !lapsing.lot.unheld().is_zero())
    }
}

impl Lapsing {
    pub(super) const NONE: &Self = &Self { clocks: Vec::new(), chains: Vec::new() };

    /// Adds a lot to an account whose last activity was then.
    pub(super) fn insert(
        &mut self,
        kind: LotKind,
        lot: LiveLot,
        inactivity: &Inactivity,
        active_at: Option<Timestamp>,
    ) {
        let clock = self.clock(inactivity, active_at);
        let lapsing = LapsingLot { lot, from: inactivity.from, end: inactivity.end() };
        let mut fitting = self.chains.iter_mut().filter(|chain| chain.kind == kind && chain.clock == clock);
        match fitting.find_map(|chain| Some((chain.place(&lapsing)?, chain))) {
            Some((place, chain)) => chain.lots.insert(place, lapsing),
            None => self.chains.push(Chain { kind, clock, lots: VecDeque::from([lapsing]) }),
        }
    }

    /// The place of the clock for a lot.
    pub(super) fn clock(&mut self, inactivity: &Inactivity, active_at: Option<Timestamp>) -> usize {
        let Inactivity { period, timezone, .. } = *inactivity;
        let is_it = |clock: &Clock| clock.period == period && clock.timezone == timezone;
        if let Some(place) = self.clocks.iter().position(is_it) {
            return place;
        }
        let end = active_at.map(|at| Inactivity::new(period, timezone, at).end());
        self.clocks.push(Clock { period, timezone, end, began: active_at, missed: Vec::new() });
        self.clocks.len().saturating_sub(1)
    }

    /// Begins the periods anew with an activity that is later than the one before. Answers with the lots that had lapsed by
    /// then, and that nothing says so of, as all of them is held.
    pub(super) fn begin(&mut self, active: Active, before: Option<Timestamp>) -> Vec<OverdueLot> {
        let mut lapsed = Vec::new();
        for (place, clock) in self.clocks.iter_mut().enumerate() {
            let of_clock = self.chains.iter_mut().filter(|chain| chain.clock == place);
            of_clock.for_each(|chain| lapsed.extend(chain.lapse(clock, active.at, before)));
            if clock.end.is_none_or(|end| end.is_past(active.at)) {
                clock.missed.push(Missed { began: before.zip(clock.end), next: active.at });
            }
            let end = Some(Inactivity::new(clock.period, clock.timezone, active.from).end());
            if end != clock.end {
                (clock.end, clock.began) = (end, Some(active.from));
            }
        }
        self.chains.retain(|chain| !chain.lots.is_empty());
        lapsed
    }

    /// Notes an activity between those that are known (rule T10): a period that was over without it may not have been.
    pub(super) fn divide(&mut self, active_at: Timestamp) {
        for clock in &mut self.clocks {
            let end = Inactivity::new(clock.period, clock.timezone, active_at).end();
            let divided = std::mem::take(&mut clock.missed).into_iter().flat_map(|missed| {
                let has_begun = missed.began.is_none_or(|(from, _)| from <= active_at);
                if !has_begun || missed.next <= active_at {
                    return [Some(missed), None];
                }
                let before = Missed { next: active_at, ..missed };
                let after = Missed { began: Some((active_at, end)), ..missed };
                [before, after].map(|part| Some(part).filter(Missed::is_over))
            });
            clock.missed = divided.flatten().collect();
        }
    }

    /// Changes a lot, if it is here. A lot with nothing left is removed.
    pub(super) fn change(&mut self, kind: LotKind, id: LotId, change: impl FnOnce(&mut LiveLot)) -> bool {
        let Some((place, in_chain)) = self.find(kind, id) else { return false };
        let chain = self.chains.get_mut(place);
        let Some(found) = chain.and_then(|chain| chain.lots.get_mut(in_chain)) else { return false };
        change(&mut found.lot);
        if found.lot.remaining.is_zero() {
            self.take_out(place, in_chain);
        }
        true
    }

    pub(super) fn remove(&mut self, kind: LotKind, id: LotId) -> Option<LiveLot> {
        let (place, in_chain) = self.find(kind, id)?;
        self.take_out(place, in_chain).map(|lapsing| lapsing.lot)
    }

    /// The places of a lot's chain, and of the lot in it.
    fn find(&self, kind: LotKind, id: LotId) -> Option<(usize, usize)> {
        let mut chains = self.chains.iter().enumerate().filter(|(_, chain)| chain.kind == kind);
        chains.find_map(|(place, chain)| Some((place, chain.lots.iter().position(|it| it.lot.id == id)?)))
    }

    fn take_out(&mut self, place: usize, in_chain: usize) -> Option<LapsingLot> {
        let chain = self.chains.get_mut(place)?;
        let found = chain.lots.remove(in_chain);
        if chain.lots.is_empty() {
            self.chains.remove(place);
        }
        found
    }

    fn end(&self, chain: &Chain) -> Option<Expiry> {
        self.clocks.get(chain.clock)?.end
    }

    /// The state of a lot at an instant, and its held part; the last activity of the account was at another.
    pub(super) fn state(
        &self,
        id: LotId,
        at: Timestamp,
        active_at: Option<Timestamp>,
    ) -> Option<(LotState, Quantity)> {
        let mut found = self.chains.iter().filter_map(|chain| {
            let lapsing = chain.lots.iter().find(|lapsing| lapsing.lot.id == id)?;
            Some((chain, lapsing))
        });
        let (chain, lapsing) = found.next()?;
        let clock = self.clocks.get(chain.clock)?;
        let end = lapsing.ends_at(clock.end);
        let standing = if end.is_past(at) { Standing::Expired } else { Standing::Usable };
        let inactivity = Inactivity::new(clock.period, clock.timezone, lapsing.from).since(active_at);
        let state = lapsing.lot.state(chain.kind, standing);
        let state = LotState { inactivity: Some(inactivity), ..state };
        Some((state.ended(end, at), lapsing.lot.held))
    }

    /// From when the period of a lot counts that is used up, or ended by its own end: from the last activity, unless its
    /// period was over when one came. What lapsed then stays so.
    pub(super) fn counted(&self, inactivity: Inactivity, active_at: Option<Timestamp>) -> Inactivity {
        let Inactivity { period, timezone, from, .. } = inactivity;
        let clock = self.clocks.iter().find(|it| it.period == period && it.timezone == timezone);
        // Of a lot that never came here, no more is known than its last state says.
        let Some(clock) = clock else { return inactivity };
        let own = inactivity.end();
        let is_over = |missed: &&Missed| {
            let end = missed.began.map_or(own, |(_, end)| end.max(own));
            missed.next > from && end.is_past(missed.next)
        };
        match clock.missed.iter().find(is_over) {
            Some(missed) => inactivity.since(missed.began.map(|(from, _)| from)),
            None => inactivity.since(active_at),
        }
    }

    /// The lots whose end one of these activities put off.
    fn kept_by(&self, active: &[Timestamp]) -> impl Iterator<Item = LotId> {
        self.chains.iter().flat_map(|chain| {
            let clock = self.clocks.get(chain.clock);
            let began = clock.and_then(|clock| clock.began).filter(|began| active.contains(began));
            let end = self.end(chain);
            let is_kept = move |it: &&LapsingLot| {
                began.is_some_and(|began| it.from < began)
                    && Some(it.ends_at(end)) == end
                    && it.end < it.ends_at(end)
            };
            chain.lots.iter().filter(is_kept).map(|it| it.lot.id)
        })
    }

    /// Whether the unheld part of a lot ended by an instant.
    #[cold]
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        self.deadlines().any(|end| end.is_past(at))
    }

    /// The next ends of lots with an unheld part, one for each chain.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = Expiry> {
        self.chains.iter().filter_map(|chain| Some(chain.first_unheld()?.ends_at(self.end(chain))))
    }
}

impl Chain {
    /// Takes out the lots that ended by an instant.
    fn lapse(&mut self, clock: &Clock, now: Timestamp, before: Option<Timestamp>) -> Vec<OverdueLot> {
        let mut lapsed = Vec::new();
        while let Some(first) = self.lots.front().filter(|first| first.ends_at(clock.end).is_past(now)) {
            let inactivity = Inactivity::new(clock.period, clock.timezone, first.from).since(before);
            let state = first.lot.state(self.kind, Standing::Expired);
            let state =
                LotState { inactivity: Some(inactivity), ..state }.ended(first.ends_at(clock.end), now);
            let lot = LiveLot { expires_at: state.expires_at, ..first.lot };
            lapsed.push(OverdueLot { kind: self.kind, lot, inactivity: state.inactivity });
            self.lots.pop_front();
        }
        lapsed
    }
}

impl Account {
    /// The end of use of a lot that had this state last, as it stands (rule T9).
    pub(crate) fn ends_at(&self, state: &LotState) -> Expiry {
        self.counted(*state).ends_at()
    }

    /// The state at an instant of a lot that had this state last: it may have lapsed since (rule T9). One that was revoked
    /// or moved away does not lapse.
    pub(crate) fn lasting(&self, state: LotState, at: Timestamp) -> LotState {
        if state.standing.is_gone() {
            return state;
        }
        let state = self.counted(state);
        state.ended(state.ends_at(), at)
    }

    fn counted(&self, state: LotState) -> LotState {
        match state.inactivity {
            Some(inactivity) if !state.standing.is_gone() && !inactivity.has_lapsed => {
                let counted = self.lapsing().counted(inactivity, self.active_at());
                LotState { inactivity: Some(counted), ..state }
            }
            _ => state,
        }
    }

    /// The lots whose end one of these activities put off (rule T9).
    pub(crate) fn kept_by(&self, active: &[Timestamp]) -> BTreeSet<LotId> {
        self.lapsing().kept_by(active).collect()
    }

    /// Whether lots of it lapse without activity, or did (rule T9).
    pub(crate) fn can_lapse(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.lapsing.is_some())
    }
}

/// The live lots of one kind in the order of use, each with its expiry as it stands.
#[derive(Clone, Debug)]
pub(crate) struct InOrder<'a> {
    fixed: slice::Iter<'a, LiveLot>,
    chains: Vec<Cursor<'a>>,
}

/// The rest of a chain.
#[derive(Clone, Debug)]
struct Cursor<'a> {
    first: LiveLot,
    rest: std::collections::vec_deque::Iter<'a, LapsingLot>,
    active: Option<Expiry>,
}

impl<'a> InOrder<'a> {
    pub(super) fn new(fixed: slice::Iter<'a, LiveLot>, kind: LotKind, lapsing: &'a Lapsing) -> Self {
        let chains = lapsing.chains.iter().filter(|chain| chain.kind == kind);
        let chains = chains.filter_map(|chain| {
            let (mut rest, active) = (chain.lots.iter(), lapsing.end(chain));
            Some(Cursor { first: rest.next()?.with_current_end(active), rest, active })
        });
        Self { fixed, chains: chains.collect() }
    }

    fn merged(&mut self) -> Option<LiveLot> {
        let fixed = self.fixed.as_slice().first();
        let chains = self.chains.iter().enumerate();
        let (place, soonest) = chains.min_by_key(|(_, cursor)| cursor.first.rank())?;
        if fixed.is_some_and(|fixed| fixed.rank() < soonest.first.rank()) {
            return self.fixed.next().copied();
        }
        let cursor = self.chains.get_mut(place)?;
        let first = cursor.first;
        match cursor.rest.next() {
            Some(next) => cursor.first = next.with_current_end(cursor.active),
            None => drop(self.chains.swap_remove(place)),
        }
        Some(first)
    }
}

impl Iterator for InOrder<'_> {
    type Item = LiveLot;

    #[inline]
    fn next(&mut self) -> Option<LiveLot> {
        if self.chains.is_empty() { self.fixed.next().copied() } else { self.merged() }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let more = |sum: usize, cursor: &Cursor<'_>| sum.saturating_add(cursor.rest.len()).saturating_add(1);
        let length = self.chains.iter().fold(self.fixed.len(), more);
        (length, Some(length))
    }
}

impl ExactSizeIterator for InOrder<'_> {}
