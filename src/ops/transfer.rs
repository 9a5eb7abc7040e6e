//! What goes from one profile to another: a lot, or everything (rule L2).

use crate::account::Account;
use crate::engine::draft::{Draft, Side};
use crate::engine::lot::LotRecord;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told};
use crate::id::{LotId, ProfileId, ProfileNumber};
use crate::journal::{
    Balances, Bucket, Cause, Entry, EntryKind, Fingerprint, Issue, LotKind, LotState, Merged, MergedIn,
    MergedOut, Moved, MovedIn, MovedOut, Standing,
};
use crate::ops::correct::{about, not_held, not_revoked};
use crate::ops::{MergeProfiles, Reassign};
use crate::program::Program;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Points;

impl Decide for Reassign {
    type Outcome = Moved;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { second: Some(Owner::Profile(self.profile_id)), ..about(self.id, self.from) })
    }

    fn follows(&self) -> Option<LotId> {
        self.from.is_none().then_some(self.id)
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        view.second.and_then(Account::merged_into)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("reassign", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Moved>, Refusal> {
        let lot = LotRecord::named(&draft.first, view, self.id, draft.at)?;
        receiver(draft)?;
        not_revoked(&lot)?;
        if !lot.issue.terms.is_reassignable {
            return Err(Rejection::NotReassignable { lot: self.id }.into());
        }
        if lot.is_expired() {
            return Err(Rejection::LotExpired { lot: self.id }.into());
        }
        if lot.now.remaining.is_zero() {
            return Err(Rejection::NothingLeft { lots: vec![self.id] }.into());
        }
        not_held(&lot)?;
        let record = view.found.lots.get(&self.id);
        let external_id = record.and_then(|record| record.made.lot_external_id()).cloned();
        let moving = Moving { lot: &lot, external_id, cause: Cause::Request };
        let (lot, to, balances) = moving.carry_out(draft)?;
        Ok(Moved { lot, to, balances }.into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Moved> {
        let entry = entries.first()?;
        match &entry.kind {
            EntryKind::ReassignOut(moved) => {
                Some(Moved { lot: moved.change.after, to: moved.to, balances: entry.balances })
            }
            _ => None,
        }
    }
}

/// The number of the profile that receives, if it is another one.
fn receiver(draft: &Draft<'_>) -> Result<ProfileNumber, Rejection> {
    // Without a second account nothing was asked for that this could be.
    let receiver = draft.second.as_ref().map(Side::number);
    receiver.filter(|number| *number != draft.first.number()).ok_or(Rejection::SameProfile)
}

/// A lot on its way to the second account.
struct Moving<'a> {
    lot: &'a LotRecord<'a>,
    external_id: Option<crate::id::ExternalId>,
    cause: Cause,
}

impl Moving<'_> {
    fn carry_out(self, draft: &mut Draft<'_>) -> Result<(LotState, ProfileNumber, Balances), Refusal> {
        let Self { lot, external_id, cause } = self;
        let (kind, place) = (lot.kind(), lot.now.standing.place());
        // What has expired of a lot that is held past its expiry stays, as the loss that it is.
        let (unheld, stays) = if lot.is_expired() {
            (crate::value::Quantity::ZERO, lot.unheld())
        } else {
            (lot.unheld(), crate::value::Quantity::ZERO)
        };
        let moved = lot.now.remaining.minus(stays);
        let (from, to) = (draft.first.number(), receiver(draft)?);
        let first = draft.first.totals().pot(kind).can_lose(moved);
        let second = draft.second.as_ref().is_some_and(|side| side.totals().pot(kind).has_room_for(moved));
        if !first || !second {
            return Err(Rejection::AccountTotalExceeded.into());
        }
        let out = LotState { standing: Standing::MovedTo(to), ..lot.now };
        let out = lot.change(out, [(place, Bucket::Moved, unheld), (Bucket::Held, Bucket::Moved, lot.held)]);
        let after = out.after;
        let balances = draft.write_for(cause, EntryKind::ReassignOut(Box::new(MovedOut { change: out, to })));
        let here = LotState { remaining: moved, ..lot.now };
        let change =
            lot.change(here, [(Bucket::Moved, place, unheld), (Bucket::Moved, Bucket::Held, lot.held)]);
        let issue = Issue { value_remaining: moved, expires_at: lot.now.expires_at, ..lot.issue.clone() };
        let arrival = MovedIn { issue, external_id, held: lot.held, change, from };
        if let Some(second) = &mut draft.second {
            second.write(draft.at, cause, EntryKind::ReassignIn(Box::new(arrival)), None);
        }
        Ok((after, to, balances))
    }
}

impl Decide for MergeProfiles {
    type Outcome = Merged;

    fn need(&self) -> Result<Need, Rejection> {
        let need = Need::of(Owner::Profile(self.profile_id));
        Ok(Need { second: Some(Owner::Profile(self.into)), live_lots: true, ..need })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("merge_profiles", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn decides_on_merged(&self) -> bool {
        true
    }

    fn reaches(&self, view: &View<'_>) -> Option<ProfileNumber> {
        view.second.and_then(Account::merged_into)
    }

    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Merged>, Refusal> {
        if draft.account().merged_into().is_some() {
            return Err(Rejection::AlreadyMerged.into());
        }
        let into = receiver(draft)?;
        let account = draft.account();
        let holds: Vec<_> = account.holds().cloned().collect();
        let point_debt = draft.first.totals().point_debt;
        let owed = draft.second.as_ref().map_or(Points::ZERO, |second| second.totals().point_debt);
        owed.checked_add(point_debt).ok_or(Rejection::AccountTotalExceeded)?;
        let (from, before) = (draft.first.number(), account.merged_from().to_vec());
        let ids = holds.iter().map(|hold| hold.hold).collect::<Vec<_>>();
        let out = MergedOut { into, holds: ids.clone(), point_debt };
        let lots = live(&draft.first, view, draft.at)?;
        let moved = lots.iter().map(|lot| lot.now.lot).collect();
        // The first entry of the request carries its key, so the merger itself is written first.
        draft.write(EntryKind::MergeOut(Box::new(out)));
        for lot in &lots {
            let record = view.found.lots.get(&lot.now.lot);
            let external_id = record.and_then(|record| record.made.lot_external_id()).cloned();
            Moving { lot, external_id, cause: Cause::Merge }.carry_out(draft)?;
        }
        if let Some(second) = &mut draft.second {
            let arrival = MergedIn { from, before, holds, point_debt };
            second.write(draft.at, Cause::Merge, EntryKind::MergeIn(Box::new(arrival)), None);
        }
        Ok(Merged { into, lots: moved, holds: ids, point_debt }.into())
    }

    fn recall(&self, _: ProfileId, entries: &[&Entry]) -> Option<Merged> {
        let EntryKind::MergeOut(merged) = &entries.first()?.kind else { return None };
        let moved = |entry: &&Entry| match &entry.kind {
            EntryKind::ReassignOut(moved) => Some(moved.change.after.lot),
            _ => None,
        };
        Some(Merged {
            into: merged.into,
            lots: entries.iter().filter_map(moved).collect(),
            holds: merged.holds.clone(),
            point_debt: merged.point_debt,
        })
    }
}

/// Every lot of an account that is live in some way, in the order of use.
fn live<'a>(side: &Side<'_>, view: &View<'a>, at: Timestamp) -> Result<Vec<LotRecord<'a>>, Rejection> {
    let account = side.account;
    let queued =
        [LotKind::Reward, LotKind::Point].into_iter().flat_map(|kind| account.lots(kind)).map(|lot| lot.id);
    let pending = account.pending().map(|pending| pending.lot.id);
    let ids: Vec<LotId> =
        queued.chain(pending).chain(account.overdue().map(|overdue| overdue.lot.id)).collect();
    ids.into_iter()
        .map(|id| {
            let unknown = || Rejection::UnknownLot { lots: vec![id] };
            LotRecord::find(side, view.found.lots.get(&id), id, at).ok_or_else(unknown)
        })
        .collect()
}
