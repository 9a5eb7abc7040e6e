//! Late requests: what an account could have given at an earlier instant, of what it still has (rule T10).

use std::collections::BTreeMap;

use crate::account::{Account, LiveLot};
use crate::definition::Scope;
use crate::engine::Rejection;
use crate::id::LotId;
use crate::journal::draw::Draw;
use crate::journal::{self, Entry, EntryKind, Issue, LotKind, LotState, Standing};
use crate::program::Program;
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
    /// The candidates that have expired since, as they stand now.
    expired: BTreeMap<LotId, LotState>,
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
        Ok((occurred_at < at).then(|| Box::new(moments.late(occurred_at))))
    }

    /// Notes on a draw when it happened, and the states of the lots that had expired since.
    pub(crate) fn note(&self, draw: &mut Draw) {
        let revived = draw.items.iter().filter_map(|item| {
            let now = self.expired.get(&item.lot)?;
            Some(LotState { remaining: now.remaining.minus(item.value()), ..*now })
        });
        let late = journal::Late { occurred_at: self.occurred_at, revived: revived.collect() };
        draw.details.get_or_insert_default().late = Some(Box::new(late));
    }
}

impl Moments<'_> {
    fn late(&self, occurred_at: Timestamp) -> Late {
        let past = Past::new(self, occurred_at);
        let (mut candidates, mut others, mut expired) = (Vec::new(), Vec::new(), BTreeMap::new());
        for now in self.live_lots().chain(self.gone_lots()) {
            let state = past.state(now.state.lot);
            let end = state.map(|then| past.end(&then));
            match state.zip(end) {
                Some((then, end)) if is_usable(&then, end, occurred_at) => {
                    let lot = LiveLot { expires_at: end, ..LiveLot::after(&now.state, now.held) };
                    candidates.push((now.state.kind, lot, past.scope(then.lot)));
                    if now.state.standing == Standing::Expired {
                        expired.insert(then.lot, now.state);
                    }
                }
                _ if now.is_live => {
                    let was_over = end.is_some_and(|end| end.is_past(occurred_at));
                    let is_over = now.state.standing == Standing::Expired || was_over;
                    others.push((now.state.lot, now.state.kind, is_over));
                }
                _ => {}
            }
        }
        let account = Account::of_lots(self.now, candidates);
        Late { occurred_at, account, others, expired }
    }

    /// The lots that the account has now.
    fn live_lots(&self) -> impl Iterator<Item = LotNow> {
        let queued = LotKind::ALL.into_iter().flat_map(|kind| self.now.lots(kind)).map(|lot| lot.id);
        let overdue = self.now.overdue().map(|overdue| overdue.lot.id);
        let pending = self.now.pending().map(|pending| pending.lot.id);
        queued.chain(overdue).chain(pending).filter_map(|lot| {
            let (state, held) = self.now.live(lot, self.at)?;
            Some(LotNow { state, held, is_live: true })
        })
    }

    /// The lots that expired since then with value left, and are only in the journal now.
    fn gone_lots(&self) -> impl Iterator<Item = LotNow> {
        let since = || self.view.found.since().chain(self.due);
        let newest: BTreeMap<LotId, LotState> =
            since().flat_map(Entry::lot_states).map(|after| (after.lot, after)).collect();
        newest.into_values().filter_map(|newest| {
            let has_expired = newest.standing == Standing::Expired && !newest.remaining.is_zero();
            let is_gone = has_expired && self.now.live(newest.lot, self.at).is_none();
            let state = self.now.lasting(newest, self.at);
            is_gone.then_some(LotNow { state, held: Quantity::ZERO, is_live: false })
        })
    }
}

/// A lot with value left, as it stands at the decision.
struct LotNow {
    state: LotState,
    held: Quantity,
    is_live: bool,
}

/// What was written by an instant, and what fell due by then.
struct Past<'a> {
    moments: &'a Moments<'a>,
    found: &'a Found<'a>,
    then: Timestamp,
    /// The lots that became available since, and when.
    matured: BTreeMap<LotId, Timestamp>,
}

impl<'a> Past<'a> {
    fn new(moments: &'a Moments<'a>, then: Timestamp) -> Self {
        let found = moments.view.found;
        let matured = found.since().filter_map(|entry| match &entry.kind {
            EntryKind::Mature(matured) => Some((matured.lot, entry.at)),
            _ => None,
        });
        Self { moments, found, then, matured: matured.collect() }
    }

    /// How a lot stood then; `None` if it was not known yet, or is in another journal.
    fn state(&self, id: LotId) -> Option<LotState> {
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

    /// When a lot that stood like this was to end, as of then: the activity before counts, and none after (rule T9).
    fn end(&self, then: &LotState) -> Expiry {
        let now = self.moments.view.first.active_at();
        let known_then = || self.found.since.as_ref()?.active_then;
        let active_at = if now <= Some(self.then) { now } else { known_then() };
        match then.inactivity {
            Some(it) if !it.has_lapsed => then.expires_at.min(it.since(active_at).end()),
            _ => then.expires_at,
        }
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
