//! A lot that a request names: its fixed terms and its current state, live or not.

use crate::account::Account;
use crate::engine::Rejection;
use crate::engine::draft::AccountDraft;
use crate::id::LotId;
use crate::journal::{Bucket, Issue, Lot, LotChange, LotKind, LotState, Movement, Standing};
use crate::store::{Record, View};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// A lot of an account at an instant.
#[derive(Clone, Debug)]
pub(crate) struct LotRecord<'a> {
    /// The entry that fixes its terms.
    pub(crate) issue: &'a Issue,
    /// Its current state.
    pub(crate) now: LotState,
    /// The part of its remaining value that holds set aside.
    pub(crate) held: Quantity,
    /// Whether it is live: usable, pending, or held past its expiry.
    is_live: bool,
}

impl<'a> LotRecord<'a> {
    /// Finds it in the account if it is live, and otherwise in its record.
    pub(crate) fn find(
        side: &AccountDraft<'_>,
        record: Option<&Record<'a>>,
        id: LotId,
        at: Timestamp,
    ) -> Option<Self> {
        // The draft has settled what fell due; the record does not show that yet.
        Self::of(side.account, side.said_of(id), record?, id, at)
    }

    fn of(
        account: &Account,
        said: Option<LotState>,
        record: &Record<'a>,
        id: LotId,
        at: Timestamp,
    ) -> Option<Self> {
        let issue = record.made.issue_of(id)?;
        if let Some((now, held)) = account.live(id, at) {
            return Some(Self { issue, now, held, is_live: true });
        }
        let said = said.or_else(|| record.newest().lot_state(id))?;
        let said = account.lasting(said, at);
        let remaining = match said.standing {
            // Usable when last written and not live now: it was used up.
            Standing::Usable | Standing::Pending(_) => Quantity::ZERO,
            _ => said.remaining,
        };
        let standing = match said.standing {
            gone @ (Standing::Revoked | Standing::MovedTo(_)) => gone,
            _ if said.expires_at.is_past(at) => Standing::Expired,
            Standing::Pending(available_at) if available_at > at => Standing::Pending(available_at),
            _ => Standing::Usable,
        };
        let now = LotState { remaining, standing, ..said };
        Some(Self { issue, now, held: Quantity::ZERO, is_live: false })
    }

    /// The lot that a request names.
    ///
    /// # Errors
    /// The first account does not have it.
    pub(crate) fn named(
        side: &AccountDraft<'_>,
        view: &View<'a>,
        id: LotId,
        at: Timestamp,
    ) -> Result<Self, Rejection> {
        let lot = Self::find(side, view.found.lot(id), id, at);
        let here = lot.filter(|lot| !matches!(lot.now.standing, Standing::MovedTo(_)));
        here.ok_or_else(|| Rejection::UnknownLot { field: "id".into(), lots: vec![id] })
    }

    /// The standing at an instant of a lot with this expiry. A pending lot may have expired as well, and become pending
    /// again (rule T2).
    pub(crate) fn standing_until(
        &self,
        expires_at: Expiry,
        at: Timestamp,
        field: &'static str,
    ) -> Result<Standing, Rejection> {
        let available_at = self.issue.available_at;
        if available_at <= at {
            Ok(if expires_at.is_past(at) { Standing::Expired } else { Standing::Usable })
        } else if expires_at.is_past(available_at) {
            Err(Rejection::NeverUsable { field: field.into(), available_at })
        } else {
            Ok(Standing::Pending(available_at))
        }
    }

    /// The change of it to a new state. If it becomes live again, its scope comes with it (rule S2).
    pub(crate) fn changed(
        &self,
        after: LotState,
        moved: impl IntoIterator<Item = (Bucket, Bucket, Quantity)>,
    ) -> LotChange {
        let is_live = matches!(after.standing, Standing::Usable | Standing::Pending(_));
        let is_back = !self.is_live && is_live && !after.remaining.is_zero();
        let scope = self.issue.scope().filter(|_| is_back).cloned().map(Box::new);
        LotChange { scope, ..changed(after, moved) }
    }

    /// Its remaining value, without what holds set aside.
    pub(crate) fn unheld(&self) -> Quantity {
        self.now.remaining.minus(self.held)
    }

    pub(crate) fn kind(&self) -> LotKind {
        self.now.kind
    }

    /// Whether it expired, with or without value left.
    pub(crate) fn is_expired(&self) -> bool {
        self.now.standing == Standing::Expired
    }
}

/// The change to a new state, with the movements behind it; empty movements are left out.
pub(crate) fn changed(
    after: LotState,
    moved: impl IntoIterator<Item = (Bucket, Bucket, Quantity)>,
) -> LotChange {
    let kind = after.kind;
    let moved = moved.into_iter().filter(|(from, to, value)| from != to && !value.is_zero());
    let moved = moved.map(|(from, to, value)| Movement { kind, from, to, value }).collect();
    LotChange { after, moved, scope: None }
}

/// A lot as it is at an instant, with everything settled that fell due by then.
pub(crate) fn known_lot(view: &View<'_>, id: LotId, at: Timestamp) -> Option<crate::journal::LotSnapshot> {
    let record = view.found.lot(id)?;
    let mut due = Vec::new();
    let account = super::settled(view.first, at, &mut due);
    let said = due.iter().rev().find_map(|entry| entry.lot_state(id));
    let known = LotRecord::of(&account, said, record, id, at)?;
    let LotState { remaining, standing, kind, .. } = known.now;
    let external_id = record.made.lot_external_id().cloned();
    let end = known.now.ends_at();
    let lot = Lot {
        value_remaining: standing.left(remaining),
        value_held: known.held,
        status: standing.status(remaining, known.held),
        expires_at: end,
        is_kept_by_activity: end < known.now.expires_at && !end.is_past(at),
        ..Lot::at_issue(view.first.profile_id(), record.made.at, known.issue, external_id)
    };
    let number = view.first.number();
    let fell_due = due.iter().rev().find(|entry| entry.records(number).contains(&id.into()));
    let changed_at = fell_due.or(record.latest).map(|entry| entry.at);
    let (written_at, moves) = (record.made.at, known.issue.moves);
    Some(crate::journal::LotSnapshot { kind, lot, written_at, changed_at, moves })
}
