//! What random cases come to, counted: so that a generator that has gone dull is noticed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use scrip::store::Store;
use scrip::{LotKind, Novelty, Outcome, Receipt};

use super::profile::What;
use super::world::{Answer, World};

/// What random cases must come to now and then. Two codes are missing: an account's total and its journal are too large
/// for a case, and returns and reversals are not asked for yet.
const EXPECTED: [&str; 53] = [
    "ArchiveDefinition",
    "Define",
    "DeleteTransaction",
    "Existing",
    "Redefine",
    "Replayed",
    "a lot whose share is zero",
    "became available",
    "expired",
    "lots that expire together",
    "points issued: Active",
    "points issued: Exhausted",
    "points issued: Expired",
    "points issued: Pending",
    "posted, linked: false",
    "posted, linked: true",
    "redeemed",
    "redeemed from both kinds",
    "redeemed from three lots or more",
    "redeemed from two lots of points or more",
    "redeemed less than was asked for",
    "refused: above_max_value",
    "refused: amount_too_large",
    "refused: bad_strategies",
    "refused: basket_required",
    "refused: below_minimum_spend",
    "refused: cap_exceeded",
    "refused: contradiction",
    "refused: definition_archived",
    "refused: external_id_conflict",
    "refused: handle_taken",
    "refused: insufficient_value",
    "refused: key_reused",
    "refused: missing_field",
    "refused: never_usable",
    "refused: no_exchange_rate",
    "refused: not_assignable",
    "refused: not_positive",
    "refused: redemption_above_total",
    "refused: redemption_linked",
    "refused: remaining_above_initial",
    "refused: time_out_of_range",
    "refused: time_reversed",
    "refused: too_many_decimals",
    "refused: unknown_definition",
    "refused: unknown_redemption",
    "refused: unknown_transaction",
    "reward issued: Active",
    "reward issued: Expired",
    "reward issued: Exhausted",
    "reward issued: Pending",
    "updated, linked: false",
    "updated, linked: true",
];

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(pub(crate) BTreeMap<String, u32>);

impl Tally {
    fn note(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    fn note_if(&mut self, is_so: bool, what: &str) {
        if is_so {
            self.note(what);
        }
    }

    /// What happened less often than so many times, of all that should.
    pub(crate) fn rare(&self, times: u32) -> Vec<&'static str> {
        EXPECTED.into_iter().filter(|what| self.0.get(*what).is_none_or(|count| *count < times)).collect()
    }

    pub(crate) fn answer<S: Store>(&mut self, answer: &Answer<S>)
    where
        S::Error: Debug,
    {
        match answer {
            Ok(receipt) => self.receipt(receipt),
            Err(error) => self.note(format!("refused: {}", error.code())),
        }
    }

    fn receipt(&mut self, receipt: &Receipt<Outcome>) {
        if receipt.novelty != Novelty::New {
            return self.note(format!("{:?}", receipt.novelty));
        }
        match &receipt.outcome {
            Outcome::IssueReward(lot) => self.note(format!("reward issued: {:?}", lot.status)),
            Outcome::IssuePoints(lot) => self.note(format!("points issued: {:?}", lot.status)),
            Outcome::Redeem(made) => {
                let kinds: Vec<LotKind> = made.items.iter().map(|item| item.kind()).collect();
                self.note("redeemed");
                self.note_if(made.total < made.requested, "redeemed less than was asked for");
                self.note_if(kinds.len() >= 3, "redeemed from three lots or more");
                let points = kinds.iter().filter(|kind| **kind == LotKind::Point).count();
                self.note_if(points >= 2, "redeemed from two lots of points or more");
                self.note_if(points > 0 && points < kinds.len(), "redeemed from both kinds");
                let is_share_of_nothing = made.items.iter().any(|item| item.amount.is_zero());
                self.note_if(is_share_of_nothing, "a lot whose share is zero");
            }
            Outcome::PostTransaction(sale) => {
                self.note(format!("posted, linked: {}", sale.redemption_id.is_some()))
            }
            Outcome::UpdateTransaction(sale) => {
                self.note(format!("updated, linked: {}", sale.redemption_id.is_some()))
            }
            other => {
                let name = format!("{other:?}");
                self.note(name.split('(').next().unwrap_or_default());
            }
        }
    }

    /// What is to be seen at the end of a case.
    pub(crate) fn end<S>(&mut self, world: &World<S>) {
        for profile in &world.model.profiles {
            for entry in &profile.journal {
                self.note_if(matches!(entry.what, What::Matured(..)), "became available");
                self.note_if(matches!(entry.what, What::Expired(..)), "expired");
            }
            let ends =
                profile.lots.iter().filter_map(|lot| lot.facts.last().and_then(|fact| fact.expires_at));
            let mut ends: Vec<_> = ends.collect();
            let count = ends.len();
            ends.sort();
            ends.dedup();
            self.note_if(ends.len() < count, "lots that expire together");
        }
    }
}
