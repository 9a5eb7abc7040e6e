//! Late requests: what an account could have given at an earlier instant, of what it still has (rule T10).

use std::collections::BTreeMap;

use crate::account::{Account, LiveLot};
use crate::definition::Scope;
use crate::engine::Rejection;
use crate::engine::lot::changed;
use crate::id::LotId;
use crate::journal::draw::Draw;
use crate::journal::{
    self, Active, Bucket, Entry, EntryKind, Inactivity, Issue, LotChange, LotKind, LotState, Standing,
};
use crate::program::{Activity, Program};
use crate::store::{Found, View};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// What a till that was offline could have taken when it happened, and can still take.
pub(crate) struct Late {
    pub(crate) occurred_at: Timestamp,
    /// An account that has just the candidates: the lots that were usable then, with the expiries that they had, and what
    /// they have now.
    pub(crate) account: Account,
    /// The other lots with value left, and whether their time is or was over. Otherwise it had not come yet.
    pub(crate) others: Vec<(LotId, LotKind, bool)>,
    /// The lots that have expired since, if they are candidates or the activity keeps them.
    ended: BTreeMap<LotId, Ended>,
}

/// A lot that has expired since.
struct Ended {
    /// How it stands if it gives nothing.
    after: LotState,
    unheld: Quantity,
    /// Whether the activity changes its end (rule T9).
    is_kept: bool,
}

/// The two moments of a late request.
pub(crate) struct Moments<'a> {
    pub(crate) view: &'a View<'a>,
    /// The account at the decision, with everything settled that fell due.
    pub(crate) now: &'a Account,
    /// The entries that took.
    pub(crate) due: &'a [Entry],
    pub(crate) at: Timestamp,
}

impl Late {
    /// What there is for a request that happened at an instant; `None` if that is the instant of the decision.
    ///
    /// # Errors
    /// It is further back than the program allows, or still to come.
    pub(crate) fn find(
        program: &Program,
        moments: &Moments<'_>,
        occurred_at: Timestamp,
    ) -> Result<Option<Box<Self>>, Rejection> {
        let at = moments.at;
        let earliest = program.late_from(at);
        if occurred_at > at {
            return Err(Rejection::OccurredAtInFuture { occurred_at, at });
        } else if occurred_at < earliest {
            return Err(Rejection::TooLate { occurred_at, earliest });
        }
        let is_activity = program.settings().activity.include(Activity::Redeeming);
        Ok((occurred_at < at).then(|| Box::new(moments.late(occurred_at, is_activity))))
    }

    /// Notes on a draw when it happened, and what becomes of the lots that had expired since.
    pub(crate) fn note(&self, draw: &mut Draw) {
        let revived = self.ended.iter().filter_map(|(lot, ended)| {
            let taken = draw.items.iter().find(|item| item.lot == *lot);
            let is_changed = ended.is_kept || taken.is_some();
            is_changed.then(|| ended.less(taken.map_or(Quantity::ZERO, |item| item.value())))
        });
        let late = journal::Late { occurred_at: self.occurred_at, revived: revived.collect() };
        draw.details.get_or_insert_default().late = Some(Box::new(late));
    }
}

impl Ended {
    /// The change of it if so much is taken. What is left comes back if it ends later than now.
    fn less(&self, taken: Quantity) -> LotChange {
        let after = LotState { remaining: self.after.remaining.minus(taken), ..self.after };
        let back = (Bucket::Expired, after.standing.bucket(), self.unheld.minus(taken));
        changed(after, [back])
    }
}

impl Moments<'_> {
    fn late(&self, occurred_at: Timestamp, is_activity: bool) -> Late {
        let past = Past::new(self, occurred_at);
        let (mut candidates, mut others, mut ended) = (Vec::new(), Vec::new(), BTreeMap::new());
        for now in self.live_lots().chain(self.gone_lots()) {
            let kept = is_activity.then(|| past.kept(&now.state)).flatten();
            let mut may_give = false;
            let state = past.state(now.state.lot);
            let end = state.map(|then| past.end(&then));
            let has_value = !now.state.remaining.is_zero();
            match state.zip(end) {
                Some((then, end)) if has_value && is_usable(&then, end, occurred_at) => {
                    let lot = LiveLot { expires_at: end, ..LiveLot::after(&now.state, now.held) };
                    candidates.push((now.state.kind, lot, past.scope(then.lot)));
                    may_give = true;
                }
                _ if has_value => {
                    let was_over = end.is_some_and(|end| end.is_past(occurred_at));
                    let is_over = now.state.standing == Standing::Expired || was_over;
                    others.push((now.state.lot, now.state.kind, is_over));
                }
                _ => {}
            }
            if now.state.standing == Standing::Expired && (may_give || kept.is_some()) {
                let (after, unheld) = (kept.unwrap_or(now.state), now.state.remaining.minus(now.held));
                ended.insert(now.state.lot, Ended { after, unheld, is_kept: kept.is_some() });
            }
        }
        let account = Account::of_lots(self.now, candidates);
        Late { occurred_at, account, others, ended }
    }

    /// The lots that the account has now.
    fn live_lots(&self) -> impl Iterator<Item = LotNow> {
        let queued = LotKind::ALL.into_iter().flat_map(|kind| self.now.lots(kind)).map(|lot| lot.id);
        let overdue = self.now.overdue().map(|overdue| overdue.lot.id);
        let pending = self.now.pending().map(|pending| pending.lot.id);
        queued.chain(overdue).chain(pending).filter_map(|lot| {
            let (state, held) = self.now.live(lot, self.at)?;
            Some(LotNow { state, held })
        })
    }

    /// The lots that expired since then with value left, or lapsed, and are only in the journal now.
    fn gone_lots(&self) -> impl Iterator<Item = LotNow> {
        let since = || self.view.found.since().chain(self.due);
        let newest: BTreeMap<LotId, LotState> =
            since().flat_map(Entry::lot_states).map(|after| (after.lot, after)).collect();
        newest.into_values().filter_map(|newest| {
            let matters = newest.has_lapsed() || !newest.remaining.is_zero();
            let has_expired = newest.standing == Standing::Expired && matters;
            let is_gone = has_expired && self.now.live(newest.lot, self.at).is_none();
            let state = self.now.lasting(newest, self.at);
            is_gone.then_some(LotNow { state, held: Quantity::ZERO })
        })
    }
}

/// A lot as it stands at the decision.
struct LotNow {
    state: LotState,
    held: Quantity,
}

/// What was written by an instant, and what fell due by then; with the activities until then that were sent late since, as
/// an activity counts when it happened (rules T9 and T10).
struct Past<'a> {
    moments: &'a Moments<'a>,
    found: &'a Found<'a>,
    then: Timestamp,
    /// The lots that became available since, and when.
    matured: BTreeMap<LotId, Timestamp>,
    /// The last activity by the instant.
    active_then: Option<Timestamp>,
    /// The activities by the instant, in order: at least those after the first that was sent late since.
    by_then: Vec<Active>,
    /// The activities after the instant, in order.
    active: Vec<Active>,
}

impl<'a> Past<'a> {
    fn new(moments: &'a Moments<'a>, then: Timestamp) -> Self {
        let found = moments.view.found;
        let matured = found.since().filter_map(|entry| match &entry.kind {
            EntryKind::Mature(matured) => Some((matured.lot, entry.at)),
            _ => None,
        });
        let told = found.since.as_ref().and_then(|since| since.active_then);
        let earlier = found.since.iter().flat_map(|since| &since.earlier).copied();
        let mut all: Vec<_> = earlier.chain(found.since()).filter_map(Entry::active).collect();
        all.sort_by_key(|active| active.at);
        let (by_then, active): (Vec<_>, Vec<_>) = all.into_iter().partition(|active| active.at <= then);
        let active_then = by_then.iter().map(|active| active.from).max().max(told);
        Self { moments, found, then, matured: matured.collect(), active_then, by_then, active }
    }

    /// How a lot stood then; `None` if it was not known yet, or is in another journal.
    fn state(&self, id: LotId) -> Option<LotState> {
        let told = self.told(id)?;
        let lapsed = Some(told).filter(LotState::has_lapsed).or_else(|| self.told_later(id));
        Some(lapsed.map_or(told, |lapsed| self.kept_then(&lapsed).unwrap_or(lapsed)))
    }

    /// The same by what was written, and what fell due, by then.
    fn told(&self, id: LotId) -> Option<LotState> {
        let until_then = |entry: &&Entry| entry.at <= self.then;
        if let Some(fell_due) = said_of(self.moments.due.iter().filter(until_then), id) {
            return Some(fell_due);
        }
        if let Some(entries) = self.found.changed(id) {
            return said_of(entries.iter().copied().filter(until_then), id);
        }
        // Nothing was written of it since but that it became available, or gave to a redemption or a hold.
        let (state, _) = self.moments.view.first.live_counting(id, self.then, None)?;
        let standing = self.matured.get(&id).map_or(state.standing, |at| Standing::Pending(*at));
        Some(LotState { standing, ..state })
    }

    /// How a lot stood then that had lapsed by then, and of which no entry said so before it had value again: it was used up,
    /// or held whole.
    fn told_later(&self, id: LotId) -> Option<LotState> {
        let later = self.found.changed(id)?.iter().filter(|entry| entry.at > self.then);
        let mut states = later.filter_map(|entry| before_correction(entry, id));
        states.find(|state| state.lapse().is_some_and(|lapse| lapse.is_past(self.then)))
    }

    /// How a lot stood then that had lapsed by what was written, where activity that was sent late since kept it until later.
    fn kept_then(&self, lapsed: &LotState) -> Option<LotState> {
        let end = self.counted(lapsed.inactivity?, self.by_then.iter()).end();
        let entries = self.found.changed(lapsed.lot)?.iter().copied().filter(|entry| entry.at <= self.then);
        if end.is_past(self.then) { None } else { unlapsed(entries, lapsed.lot) }
    }

    /// A period that is counted on from each activity that comes before it is over.
    fn counted<'b>(&self, period: Inactivity, later: impl Iterator<Item = &'b Active>) -> Inactivity {
        let mut counted = Inactivity { has_lapsed: false, ..period };
        for active in later.filter(|active| active.at > period.from) {
            if counted.end().is_past(active.at) {
                break;
            }
            counted.from = counted.from.max(active.from);
        }
        counted
    }

    /// When a lot that stood like this was to end, as of then: the activity before counts, and none after (rule T9).
    fn end(&self, then: &LotState) -> Expiry {
        match then.inactivity {
            Some(it) if !it.has_lapsed => then.expires_at.min(it.since(self.active_then).end()),
            _ => then.expires_at,
        }
    }

    /// How a lot that lapsed since stands with an activity then (rule T9); `None` if that changes nothing.
    fn kept(&self, now: &LotState) -> Option<LotState> {
        let lapsed = now.inactivity.filter(|it| it.has_lapsed && now.standing == Standing::Expired)?;
        if lapsed.from >= self.then || lapsed.end().is_past(self.then) {
            return None;
        }
        let own_end = self.own_end(now.lot)?;
        let inactivity = self.counted(Inactivity { from: self.then, ..lapsed }, self.active.iter());
        let kept = LotState { expires_at: own_end, inactivity: Some(inactivity), ..*now };
        let (end, at) = (kept.ends_at(), self.moments.at);
        let standing = if end.is_past(at) { Standing::Expired } else { Standing::Usable };
        Some(LotState { standing, ..kept }.ended(end, at))
    }

    /// A lot's own end, as it was before the lot lapsed.
    fn own_end(&self, id: LotId) -> Option<Expiry> {
        let known = || self.moments.view.first.live_counting(id, self.then, None).map(|(state, _)| state);
        let state = match self.found.changed(id) {
            Some(entries) => unlapsed(entries.iter().copied(), id),
            None => known(),
        };
        state.map(|state| state.expires_at)
    }

    fn scope(&self, id: LotId) -> Option<&'a Scope> {
        let issue = || self.found.changed(id)?.iter().find_map(|entry| entry.issue_of(id));
        let moments = self.moments;
        moments
            .now
            .scope(id)
            .or_else(|| moments.view.first.scope(id))
            .or_else(|| issue().and_then(Issue::scope))
    }
}

/// The state of a lot that an entry tells of: one that is brought back by a correction, as it was before.
fn before_correction(entry: &Entry, lot: LotId) -> Option<LotState> {
    let state = entry.lot_state(lot)?;
    let Some(from) = entry.corrected().and_then(|corrected| corrected.lapsed_from) else {
        return Some(state);
    };
    let lapsed = state.inactivity.map(|period| Inactivity { from, has_lapsed: true, ..period });
    let end = lapsed.map_or(state.expires_at, |lapsed| lapsed.end());
    Some(LotState { expires_at: end, inactivity: lapsed, ..state })
}

/// The state of a lot by some entries as it was before it lapsed; with the end that it was given since, if it was.
fn unlapsed<'e>(entries: impl DoubleEndedIterator<Item = &'e Entry>, lot: LotId) -> Option<LotState> {
    let mut own_end = None;
    for entry in entries.rev() {
        let Some(state) = entry.lot_state(lot) else { continue };
        if !state.has_lapsed() {
            return Some(LotState { expires_at: own_end.map_or(state.expires_at, Expiry::at), ..state });
        }
        own_end = own_end.or_else(|| entry.corrected()?.own_end);
    }
    None
}

/// The last state of a lot that some entries tell of.
fn said_of<'e>(entries: impl DoubleEndedIterator<Item = &'e Entry>, lot: LotId) -> Option<LotState> {
    entries.rev().find_map(|entry| entry.lot_state(lot))
}

fn is_usable(state: &LotState, end: Expiry, at: Timestamp) -> bool {
    let has_begun = match state.standing {
        Standing::Usable => true,
        Standing::Pending(available_at) => available_at <= at,
        Standing::Expired | Standing::Revoked | Standing::MovedTo(_) => false,
    };
    has_begun && !end.is_past(at)
}
