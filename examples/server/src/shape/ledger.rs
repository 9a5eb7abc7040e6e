//! The journal of a profile, entry by entry, with running balances.

use scrip::id::ProfileNumber;
use scrip::journal::{Balances, Cause, Entry, EntryKind, LotKind, Origin};
use scrip::value::{Delta, Quantity};
use scrip::view::{Catalogue, Wallet};
use serde::Serialize;
use utoipa::ToSchema;

use super::moved::{Changes, LotNames, MovedLot, reason};
use super::wire::{Num, Time};
use crate::http::answer::Versioned;

/// One entry of a profile's journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LedgerEntry {
    id: u64,
    /// An entry never changes.
    version: u64,
    /// 1, 2, 3, with no gap.
    sequence: u32,
    r#type: &'static str,
    at: Time,
    /// How the dollars changed that can be redeemed; negative for down.
    dollar_value: Num,
    /// The dollars that can be redeemed after it.
    dollar_balance: Num,
    point_value: Num,
    point_balance: Num,
    cause: CauseOut,
    /// Every balance that it changed, and by how much.
    changes: Changes,
    /// The rewards and lots of points that it is about.
    lots: Vec<MovedLot>,
    /// Why, where somebody said so: of a correction or a revocation, or as `reason` in the `meta` of what was made.
    reason: Option<String>,
}

/// What an entry is about: what made it happen.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Cause)]
pub struct CauseOut {
    r#type: &'static str,
    id: u64,
}

/// The whole journal, oldest first, with what fell due whether or not it is written (rule T7).
pub fn entries(wallet: &Wallet, catalogue: &Catalogue) -> Vec<LedgerEntry> {
    let number = wallet.account().number();
    let names = LotNames::of(wallet, catalogue);
    let mut last = Balances::default();
    let entry = |entry: &Entry| {
        let (before, after) = (std::mem::replace(&mut last, entry.balances), entry.balances);
        LedgerEntry {
            id: entry.id(number).get(),
            version: 1,
            sequence: entry.sequence,
            r#type: name(&entry.kind),
            at: entry.at.into(),
            dollar_value: change(before.reward_balance.into(), after.reward_balance.into()),
            dollar_balance: after.reward_balance.into(),
            point_value: change(before.point_balance.into(), after.point_balance.into()),
            point_balance: after.point_balance.into(),
            cause: cause(entry, number),
            changes: Changes::between(&before, &after),
            lots: names.lots(entry),
            reason: reason(entry),
        }
    };
    wallet.journal().iter().map(entry).collect()
}

impl Versioned for LedgerEntry {
    fn version(&self) -> Option<u64> {
        Some(self.version)
    }
}

impl LedgerEntry {
    pub fn id(&self) -> u64 {
        self.id
    }
}

/// How far a quantity went, up or down.
pub(super) fn change(before: Quantity, after: Quantity) -> Num {
    match after.checked_sub(before) {
        Some(up) => up.into(),
        None => {
            let down = before.checked_sub(after).unwrap_or(Quantity::ZERO);
            format!("-{down}").parse::<Delta>().map_or(Num::of(0), Num::from)
        }
    }
}

pub fn name(kind: &EntryKind) -> &'static str {
    match kind {
        EntryKind::Issue(issue) => {
            let origin = issue.details.as_ref().and_then(|details| details.origin);
            match origin {
                Some(Origin::Earned { .. }) => "earn",
                Some(Origin::Transferred { .. }) => "transfer_in",
                _ => "issue",
            }
        }
        EntryKind::Mature(_) => "mature",
        EntryKind::Expire(_) => "expire",
        EntryKind::Redeem(_) => "redeem",
        EntryKind::Hold(_) => "hold",
        EntryKind::Capture(_) => "capture",
        EntryKind::Release(_) => "release",
        EntryKind::Lapse(_) => "lapse",
        EntryKind::Return(_) => "return",
        EntryKind::Reversal(_) => "reversal",
        EntryKind::Extend(_) => "extend",
        EntryKind::ReassignOut(_) | EntryKind::MergeOut(_) => "reassign_out",
        EntryKind::ReassignIn(_) | EntryKind::MergeIn(_) => "reassign_in",
        EntryKind::TransferOut(_) => "transfer_out",
        EntryKind::Revoke(_) => "revoke",
        EntryKind::Earn(_) => "earn",
        EntryKind::Clawback(_) => "clawback",
        EntryKind::Transaction(_) => "transaction",
        // Definitions are in no profile's journal.
        _ => "adjust",
    }
}

/// What brought the entry about: a transaction, a return, or the thing that it is about itself.
fn cause(entry: &Entry, number: ProfileNumber) -> CauseOut {
    let lot = |kind: LotKind, id: scrip::LotId| CauseOut {
        r#type: if kind.is_points() { "point" } else { "reward" },
        id: id.get(),
    };
    let of = |r#type: &'static str, id: u64| CauseOut { r#type, id };
    match (&entry.cause, &entry.kind) {
        (Cause::Transaction(id), _) => of("transaction", id.get()),
        (Cause::Return(id), _) => of("return", id.get()),
        (_, EntryKind::TransferOut(sent)) => of("transfer", sent.transfer.get()),
        (_, EntryKind::Issue(issue)) => lot(issue.kind, issue.lot),
        (_, EntryKind::Mature(matured)) => lot(matured.kind, matured.lot),
        (_, EntryKind::Expire(expired)) => lot(expired.after.kind, expired.after.lot),
        (_, EntryKind::Redeem(redeemed)) => of("redemption", redeemed.redemption.get()),
        (_, EntryKind::Hold(hold)) => of("hold", hold.hold.get()),
        (_, EntryKind::Capture(capture)) => of("redemption", capture.redeem.redemption.get()),
        (_, EntryKind::Release(release) | EntryKind::Lapse(release)) => of("hold", release.placed.hold.get()),
        (_, EntryKind::Return(back) | EntryKind::Reversal(back)) => {
            of("redemption", back.redemption.id.get())
        }
        (_, EntryKind::Extend(changes)) => changes.first().map_or_else(
            || of("entry", entry.id(number).get()),
            |change| lot(change.after.kind, change.after.lot),
        ),
        (_, EntryKind::ReassignOut(moved)) => lot(moved.change.after.kind, moved.change.after.lot),
        (_, EntryKind::ReassignIn(moved)) => lot(moved.issue.kind, moved.issue.lot),
        (_, EntryKind::Revoke(corrected) | EntryKind::Adjust(corrected)) => {
            lot(corrected.change.after.kind, corrected.change.after.lot)
        }
        (_, EntryKind::Transaction(change)) => of("transaction", change.transaction.id.get()),
        (_, EntryKind::Earn(earned)) => of("transaction", earned.transaction.get()),
        (_, EntryKind::Clawback(clawed)) => of("transaction", clawed.transaction.get()),
        _ => of("entry", entry.id(number).get()),
    }
}
