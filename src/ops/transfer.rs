//! Moves from one profile to another: of a lot as it is, or of everything (rule L2).

use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::{AccountDraft, EntryBuilder};
use crate::engine::lot::{LotRecord, changed};
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::id::{HoldId, LotId, ProfileId, ProfileNumber};
use crate::journal::{
    Balances, Bucket, Cause, Entry, EntryKind, Fingerprint, Issue, LotKind, LotState, MergedIn, MergedOut,
    MovedIn, MovedOut, Movement, Sent, Standing,
};
use crate::ops::correct::{need_for, not_held, not_revoked};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// Moves a lot, with its whole remaining value, to another profile. It keeps its id, expiry and history (rule L2).
///
/// Outcome: the [`Moved`](crate::outcome::Moved) lot.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?;
/// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// use scrip::request::Reassign;
///
/// let gift = RewardDefinition::new("gift".parse()?, "Gift", Amount::from(5)).with_reassignable(true);
/// let gift = till.commit(Define::from(gift))?;
/// let reward = till.commit(IssueReward::new(alice, gift.id))?;
/// let bob = ProfileId::new("bob")?;
/// till.commit(Reassign::new(reward.id, bob))?;
/// assert_eq!(till.balances(bob)?.reward_balance, Amount::from(5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reassign {
    /// Which lot.
    pub id: LotId,
    /// The profile that must have it; any profile if left out. Required under a key, as keys are scoped to a profile (rule
    /// J5), and the lot has moved when the request is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ProfileId>,
    /// Who receives it.
    pub profile_id: ProfileId,
}

impl Reassign {
    /// From the profile that has it to another.
    pub const fn new(id: LotId, to: ProfileId) -> Self {
        Self { id, from: None, profile_id: to }
    }
}

/// A lot that went to another profile (rule L2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moved {
    /// How it stands now with the profile that had it.
    pub lot: LotState,
    /// The number of the profile that has it now.
    pub to: ProfileNumber,
    /// The balances of the profile that had it, right after it.
    pub balances: Balances,
}

setters! { Reassign {
    /// Only if the lot belongs to this profile. Required under a key (rule J5).
    with_from(from: ProfileId) = Some(from);
} }

impl Operation for Reassign {
    type Answer = Moved;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { second: Some(Box::new(Owner::Profile(self.profile_id))), ..need_for(self.id, self.from) })
    }

    fn profile_field(&self) -> &'static str {
        "from"
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("reassign", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        receiver(draft)?;
        not_revoked(&lot)?;
        if !lot.issue.terms.is_reassignable {
            return Err(Rejection::NotReassignable { field: "id".into(), lot: self.id });
        }
        if lot.is_expired() {
            return Err(Rejection::LotExpired { field: "id".into(), lot: self.id });
        }
        if lot.now.remaining.is_zero() {
            return Err(Rejection::NothingLeft { field: "id".into(), lots: vec![self.id] });
        }
        not_held(&lot)?;
        let record = view.found.lot(self.id);
        let external_id = record.and_then(|record| record.made.lot_external_id()).cloned();
        Moving { lot: &lot, external_id, cause: Cause::Request }.carry_out(draft)
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Moved> {
        let entry = written.first()?;
        match &entry.kind {
            EntryKind::ReassignOut(moved) => {
                Some(Moved { lot: moved.change.after, to: moved.to, balances: entry.balances })
            }
            _ => None,
        }
    }
}

/// The number of the profile that receives, if it is another one.
pub(super) fn receiver(draft: &EntryBuilder<'_>) -> Result<ProfileNumber, Rejection> {
    // Without a second account nothing was asked for that this could be.
    let receiver = draft.second.as_ref().map(AccountDraft::number);
    receiver.filter(|number| *number != draft.first.number()).ok_or(Rejection::SameProfile)
}

/// A lot on its way to the second account.
struct Moving<'a> {
    lot: &'a LotRecord<'a>,
    external_id: Option<crate::id::ExternalId>,
    cause: Cause,
}

impl Moving<'_> {
    fn carry_out(self, draft: &mut EntryBuilder<'_>) -> Result<(), Rejection> {
        let Self { lot, external_id, cause } = self;
        let (kind, place) = (lot.kind(), lot.now.standing.bucket());
        // What has expired of a lot that is held past its expiry stays, as the loss that it is.
        let (unheld, stays) =
            if lot.is_expired() { (Quantity::ZERO, lot.unheld()) } else { (lot.unheld(), Quantity::ZERO) };
        let moved = lot.now.remaining.minus(stays);
        let (from, to) = (draft.first.number(), receiver(draft)?);
        let first = draft.first.pot(kind).can_lose(moved);
        let second = draft.second.as_ref().is_some_and(|side| side.pot(kind).has_room_for(moved));
        if !first || !second {
            return Err(Rejection::AccountTotalExceeded { field: "profile_id".into() });
        }
        let out = LotState { standing: Standing::MovedTo(to), ..lot.now };
        let out = changed(out, [(place, Bucket::Moved, unheld), (Bucket::Held, Bucket::Moved, lot.held)]);
        draft.write_for(cause, EntryKind::ReassignOut(Box::new(MovedOut { change: out, to })));
        // The sender's last activity comes along (rule T9).
        let second = draft.second.as_ref();
        let active = draft.first.active_at().max(second.and_then(AccountDraft::active_at));
        let inactivity = lot.now.inactivity.map(|inactivity| inactivity.since(active));
        let here = LotState { remaining: moved, inactivity, ..lot.now };
        let change = changed(here, [(Bucket::Moved, place, unheld), (Bucket::Moved, Bucket::Held, lot.held)]);
        let moves = lot.issue.moves.saturating_add(1);
        let issue =
            Issue { value_remaining: moved, expires_at: lot.now.expires_at, moves, ..lot.issue.clone() };
        let issue = issue.with_activity(inactivity.map(|inactivity| inactivity.from));
        // A transaction's own lot stays its own in a merger only (rule X5).
        let issue = if cause == Cause::Merge { issue } else { issue.reassigned() };
        let arrival = MovedIn { issue, external_id, held: lot.held, change, from };
        if let Some(second) = &mut draft.second {
            second.write(draft.at, cause, EntryKind::ReassignIn(Box::new(arrival)), None);
        }
        Ok(())
    }
}

/// Merges a profile into another: a customer had two cards (rule L2).
///
/// The one that is merged closes: nothing is written to its journal again. Its live lots, holds and debt move with their ids
/// and expiries, and so do the totals of its history. Its redemptions can still be returned, and its transactions returned,
/// changed and deleted: that is written with the profile that took over, which answers for it from then on.
///
/// Outcome: [`Merged`](crate::outcome::Merged).
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?;
/// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// use scrip::request::MergeProfiles;
///
/// let alice_smith = ProfileId::new("alice.smith")?;
/// till.commit(MergeProfiles::new(alice, alice_smith))?;
/// assert_eq!(till.balances(alice_smith)?.reward_balance, Amount::from(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MergeProfiles {
    /// The profile that closes.
    pub profile_id: ProfileId,
    /// The profile that takes over.
    pub into: ProfileId,
}

impl MergeProfiles {
    /// Merges the first into the second.
    pub const fn new(profile_id: ProfileId, into: ProfileId) -> Self {
        Self { profile_id, into }
    }
}

/// A profile that was merged into another (rule L2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Merged {
    /// The number of the profile that took over.
    pub into: ProfileNumber,
    /// The lots that moved.
    pub lots: Vec<LotId>,
    /// The open holds that moved.
    pub holds: Vec<HoldId>,
    /// The points owed that moved.
    pub point_debt: Points,
}

impl Operation for MergeProfiles {
    type Answer = Merged;

    fn need(&self) -> Result<Need, Rejection> {
        let need = Need::of(Owner::Profile(self.profile_id));
        // That it was merged before is its own refusal.
        let second = Some(Box::new(Owner::Profile(self.into)));
        Ok(Need { second, live_lots: true, even_merged: true, ..need })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("merge_profiles", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        if draft.account().merged_into().is_some() {
            return Err(Rejection::AlreadyMerged);
        }
        let into = receiver(draft)?;
        let account = draft.account();
        let holds: Vec<_> = account.holds().cloned().collect();
        let point_debt = draft.first.point_debt();
        let theirs = draft.second.as_ref().map_or(Points::ZERO, |second| second.point_debt());
        theirs.checked_add(point_debt).ok_or(Rejection::AccountTotalExceeded { field: "into".into() })?;
        let (from, before) = (draft.first.number(), account.merged_from().to_vec());
        let owed = account.owed().cloned().collect();
        let ids = holds.iter().map(|hold| hold.hold).collect::<Vec<_>>();
        let active_at = draft.first.active_at().max(draft.second.as_ref().and_then(AccountDraft::active_at));
        let (moved, sent) = (history(draft)?, sent(draft)?);
        let out = MergedOut { into, holds: ids, point_debt, moved: moved.clone() };
        let lots = live(&draft.first, view, draft.at)?;
        // The first entry of the request carries its key, so the merger itself is written first.
        draft.write(EntryKind::MergeOut(Box::new(out)));
        for lot in &lots {
            let record = view.found.lot(lot.now.lot);
            let external_id = record.and_then(|record| record.made.lot_external_id()).cloned();
            Moving { lot, external_id, cause: Cause::Merge }.carry_out(draft)?;
        }
        if let Some(second) = &mut draft.second {
            let moved = moved.into_iter().map(Movement::back).collect();
            let arrival = MergedIn { from, before, holds, owed, moved, active_at, sent };
            second.write(draft.at, Cause::Merge, EntryKind::MergeIn(Box::new(arrival)), None);
        }
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Merged> {
        let EntryKind::MergeOut(merged) = &written.first()?.kind else { return None };
        let moved = |entry: &Entry| match &entry.kind {
            EntryKind::ReassignOut(moved) => Some(moved.change.after.lot),
            _ => None,
        };
        Some(Merged {
            into: merged.into,
            lots: written.iter().filter_map(moved).collect(),
            holds: merged.holds.clone(),
            point_debt: merged.point_debt,
        })
    }
}

/// The redeemed, expired and revoked totals move as well: the profile that takes over answers for all of it, so that a
/// return after the merger moves value within one account (rule J3).
fn history(draft: &EntryBuilder<'_>) -> Result<Vec<Movement>, Rejection> {
    let mut moved: Vec<Movement> = Vec::new();
    for kind in LotKind::ALL {
        let totals = draft.first.pot(kind);
        moved.extend(totals.history(kind));
        let fits = draft.second.as_ref().is_some_and(|side| side.pot(kind).can_take_over(&totals));
        if !fits {
            return Err(Rejection::AccountTotalExceeded { field: "into".into() });
        }
    }
    Ok(moved)
}

/// What was sent on the day counts with what the profile that takes over sent (rule L5).
fn sent(draft: &EntryBuilder<'_>) -> Result<Vec<Sent>, Rejection> {
    let there = draft.second.as_ref().map(|second| second.account);
    let fits = |sent: &Sent| {
        let already = there.map_or(Quantity::ZERO, |there| there.sent(sent.kind, draft.at));
        already.checked_add(sent.value).is_some()
    };
    let sent = draft.account().all_sent(draft.at);
    match sent.iter().all(fits) {
        true => Ok(sent),
        false => Err(Rejection::AccountTotalExceeded { field: "into".into() }),
    }
}

/// Every lot of an account that is live in some way, in the order of use.
fn live<'a>(
    side: &AccountDraft<'_>,
    view: &View<'a>,
    at: Timestamp,
) -> Result<Vec<LotRecord<'a>>, Rejection> {
    let account = side.account;
    let queued = LotKind::ALL.into_iter().flat_map(|kind| account.lots(kind)).map(|lot| lot.id);
    let pending = account.pending().map(|pending| pending.lot.id);
    let ids: Vec<LotId> =
        queued.chain(pending).chain(account.overdue().map(|overdue| overdue.lot.id)).collect();
    ids.into_iter()
        .map(|id| {
            let unknown = || Rejection::UnknownLot { field: "id".into(), lots: vec![id] };
            LotRecord::find(side, view.found.lot(id), id, at).ok_or_else(unknown)
        })
        .collect()
}
