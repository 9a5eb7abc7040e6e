//! What a call would do, of which nothing is done.

use std::collections::BTreeMap;

use scrip::journal::Entry;
use scrip::ledger::Preview;
use scrip::outcome::Disposition;
use scrip::view::{Catalogue, Wallet};
use scrip::{LotId, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::balances::Balances;
use super::ledger::{self, LedgerEntry};
use super::lot::{self, Either};
use super::moved::moved;

/// What a call with `?dry_run=true` would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewOut {
    /// Whose balances these are: where value moves to another profile, the sender.
    profile_id: String,
    /// `new`; `replayed` if it was done under the same key before, `existing` if its external id stands for it already; or
    /// `unchanged`, where nothing is said that is not so. Nothing would be done but by what is `new`.
    result: &'static str,
    /// The balances before.
    before: Balances,
    /// The balances after.
    after: Balances,
    /// The rewards and lots of points that it would make or change.
    lots: Vec<LotPreview>,
    /// What it would add to the profile's journal.
    entries: Vec<LedgerEntry>,
}

/// A reward or lot of points before and after.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LotPreview {
    id: u64,
    /// Null if it would be made.
    before: Option<Either>,
    after: Option<Either>,
}

impl PreviewOut {
    /// The preview of a request on a wallet, in which is what the ledger decided on.
    pub fn new(preview: Preview<Outcome>, before: &Wallet, after: &Wallet, catalogue: &Catalogue) -> Self {
        let new = &preview.decision.change.first;
        let entries =
            ledger::entries(after, catalogue).into_iter().skip(before.written().len()).take(new.len());
        let of = |entry: &Entry| moved(&entry.kind).into_iter().map(|(_, id, _)| id).collect::<Vec<_>>();
        let ids: Vec<LotId> = new.iter().flat_map(of).collect();
        let mut lots_before = lot::named(before, &ids, catalogue);
        let lots_after: BTreeMap<LotId, Either> = lot::named(after, &ids, catalogue);
        let lots = lots_after.into_iter().map(|(id, after)| LotPreview {
            id: id.get(),
            before: lots_before.remove(&id),
            after: Some(after),
        });
        Self {
            profile_id: before.profile_id().to_string(),
            result: match preview.decision.receipt.disposition {
                Disposition::New => "new",
                Disposition::Replayed => "replayed",
                Disposition::Existing => "existing",
            },
            before: preview.before.into(),
            after: preview.after.into(),
            lots: lots.collect(),
            entries: entries.collect(),
        }
    }

    /// The preview of a call that says what is so already.
    pub fn unchanged(profile_id: String, balances: Balances) -> Self {
        let (before, after) = (balances.clone(), balances);
        Self { profile_id, result: "unchanged", before, after, lots: Vec::new(), entries: Vec::new() }
    }
}
