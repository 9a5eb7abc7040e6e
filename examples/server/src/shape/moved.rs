//! What an entry of the journal moved: every balance that it changed, and the lots that it is about.

use std::collections::BTreeMap;

use scrip::journal::{Balances, Entry, EntryKind, LotChange, LotKind};
use scrip::value::Quantity;
use scrip::view::{Catalogue, Wallet};
use scrip::{DefinitionId, LotId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ledger::change;
use super::wire::Num;

/// By how much an entry changed each balance; the balances that it left are not named.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BalanceChanges)]
pub struct Changes {
    /// Dollars that can be redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    reward_balance: Option<Num>,
    /// Dollars that can be redeemed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    reward_pending: Option<Num>,
    /// Dollars set aside by holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    reward_held: Option<Num>,
    /// Points that can be redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    point_balance: Option<Num>,
    /// Points that can be redeemed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    point_pending: Option<Num>,
    /// Points set aside by holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    point_held: Option<Num>,
    /// Points owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    point_debt: Option<Num>,
    /// Points that count, and cannot be redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    status_point_balance: Option<Num>,
    /// The same, of those that count later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    status_point_pending: Option<Num>,
}

impl Changes {
    pub fn between(before: &Balances, after: &Balances) -> Self {
        fn changed<Q: Into<Quantity>>(before: Q, after: Q) -> Option<Num> {
            let (before, after) = (before.into(), after.into());
            (before != after).then(|| change(before, after))
        }
        Self {
            reward_balance: changed(before.reward_balance, after.reward_balance),
            reward_pending: changed(before.reward_pending, after.reward_pending),
            reward_held: changed(before.reward_held, after.reward_held),
            point_balance: changed(before.point_balance, after.point_balance),
            point_pending: changed(before.point_pending, after.point_pending),
            point_held: changed(before.point_held, after.point_held),
            point_debt: changed(before.point_debt, after.point_debt),
            status_point_balance: changed(before.status_point_balance, after.status_point_balance),
            status_point_pending: changed(before.status_point_pending, after.status_point_pending),
        }
    }
}

/// A lot that an entry is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MovedLot {
    /// `reward` or `point`.
    r#type: &'static str,
    id: u64,
    /// The name of its definition, as it is now.
    name: Option<String>,
    /// What the entry moved of it; of a lot that was only extended, what is in it.
    value: Num,
}

/// What the lots of a wallet are called.
pub struct LotNames(BTreeMap<LotId, String>);

impl LotNames {
    pub fn of(wallet: &Wallet, catalogue: &Catalogue) -> Self {
        let name = |id: Option<DefinitionId>| Some(catalogue.get(id?)?.definition.name().to_owned());
        let rewards = wallet.rewards().into_iter().map(|lot| (lot.id, name(lot.definition_id)));
        let points = wallet.points().into_iter().map(|lot| (lot.id, name(lot.definition_id)));
        Self(rewards.chain(points).filter_map(|(id, name)| Some((id, name?))).collect())
    }

    /// The lots that an entry is about.
    pub fn lots(&self, entry: &Entry) -> Vec<MovedLot> {
        let lot = |(kind, id, value): (LotKind, LotId, Quantity)| MovedLot {
            r#type: if kind.is_points() { "point" } else { "reward" },
            id: id.get(),
            name: self.0.get(&id).cloned(),
            value: value.into(),
        };
        moved(&entry.kind).into_iter().map(lot).collect()
    }
}

/// The lots that an entry is about, and what it moved of each.
pub(super) fn moved(kind: &EntryKind) -> Vec<(LotKind, LotId, Quantity)> {
    match kind {
        EntryKind::Issue(issue) => vec![(issue.kind, issue.lot, issue.value_remaining)],
        EntryKind::Mature(matured) => vec![(matured.kind, matured.lot, matured.value)],
        EntryKind::Expire(expired) => vec![(expired.after.kind, expired.after.lot, expired.value)],
        EntryKind::Redeem(redeemed) => items(&redeemed.items),
        EntryKind::Capture(capture) => items(&capture.redeem.items),
        EntryKind::Hold(hold) => items(&hold.items),
        EntryKind::Release(release) | EntryKind::Lapse(release) => items(&release.placed.items),
        EntryKind::Return(back) | EntryKind::Reversal(back) => {
            back.items.iter().map(|item| (item.kind, item.lot, item.value())).collect()
        }
        EntryKind::Extend(changes) => changes.iter().map(changed).collect(),
        EntryKind::ReassignOut(moved) => vec![changed(&moved.change)],
        EntryKind::ReassignIn(moved) => vec![changed(&moved.change)],
        EntryKind::TransferOut(sent) => sent.items.iter().map(|item| changed(&item.change)).collect(),
        EntryKind::Revoke(corrected) | EntryKind::Adjust(corrected) => vec![changed(&corrected.change)],
        EntryKind::Earn(earned) => vec![changed(&earned.change)],
        EntryKind::Clawback(clawed) => clawed.changes.iter().map(changed).collect(),
        _ => Vec::new(),
    }
}

fn items(items: &[scrip::journal::Item]) -> Vec<(LotKind, LotId, Quantity)> {
    items.iter().map(|item| (item.kind(), item.lot, item.value())).collect()
}

fn changed(change: &LotChange) -> (LotKind, LotId, Quantity) {
    let mut moved = change.moved.iter().map(|movement| movement.value);
    let value = moved.next().map_or(change.after.remaining, |first| {
        moved.fold(first, |sum, value| sum.checked_add(value).unwrap_or(sum))
    });
    (change.after.kind, change.after.lot, value)
}

/// Why it was done, where somebody said so: of a correction, or in the `meta` of what was made.
pub fn reason(entry: &Entry) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        reason: String,
    }
    match &entry.kind {
        EntryKind::Revoke(corrected) | EntryKind::Adjust(corrected) => corrected.reason.clone(),
        _ => serde_json::from_str::<Said>(entry.meta()?.as_str()).ok().map(|said| said.reason),
    }
}
