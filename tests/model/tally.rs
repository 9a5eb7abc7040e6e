//! What random cases come to, counted: so that a generator that has gone dull is noticed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use scrip::journal::{LotKind, ReturnedTo};
use scrip::outcome::Disposition;
use scrip::store::Store;
use scrip::{Outcome, Receipt};

use super::calendar::DAY;
use super::money::Raw;
use super::owed::Owed;
use super::profile::{Back, BackTo, Cut, Origin, Profile, Return, What, Written, total};
use super::world::{Answer, World};

/// What random cases must come to now and then. Some codes are missing: an account's total and its journal are too large
/// for a case, and `tests/rejections.rs` has the texts that are too long and the end that is none.
const EXPECTED: [&str; 138] = [
    "Adjust",
    "ArchiveDefinition",
    "CaptureHold",
    "Define",
    "DeleteTransaction",
    "Existing",
    "Extend",
    "MergeProfiles",
    "PlaceHold",
    "Reassign",
    "Redefine",
    "ReleaseHold",
    "Replayed",
    "ReturnRedemption",
    "ReturnTransaction",
    "ReverseRedemption",
    "Revoke",
    "Sweep",
    "Transfer",
    "a debt is owed",
    "a debt is paid",
    "a lot whose share is zero",
    "a shortfall is written down",
    "became available",
    "brought back after it lapsed",
    "captured after its lot expired",
    "captured for lines, and held for none",
    "captured in part",
    "clawed back across a merger",
    "clawed back from the transaction's own lot",
    "clawed back that was adjusted away",
    "earned",
    "earned more",
    "earned more across a merger",
    "expired",
    "extended after it expired",
    "given back across a merger",
    "held less than was asked for",
    "kept by activity",
    "lapsed",
    "lapsed and clawed back",
    "lapsed for inactivity",
    "linked across a merger",
    "lots that expire together",
    "merged with a hold",
    "points issued: Active",
    "points issued: Exhausted",
    "points issued: Expired",
    "points issued: Pending",
    "posted, linked: false",
    "posted, linked: true",
    "redeemed for lines from a lot with a scope",
    "redeemed for lines that two lots pay",
    "redeemed for lines",
    "redeemed",
    "reassigned what a sale earned",
    "redeemed from both kinds",
    "redeemed late",
    "redeemed late from what has expired",
    "redeemed from three lots or more",
    "redeemed from two lots of points or more",
    "redeemed less than was asked for",
    "refused: above_basket",
    "refused: above_max_value",
    "refused: already_merged",
    "refused: amount_too_large",
    "refused: bad_strategies",
    "refused: basket_differs",
    "refused: basket_required",
    "refused: below_minimum_spend",
    "refused: cap_exceeded",
    "refused: capture_above_hold",
    "refused: contradiction",
    "refused: definition_archived",
    "refused: external_id_conflict",
    "refused: handle_taken",
    "refused: hold_captured",
    "refused: hold_lapsed",
    "refused: hold_released",
    "refused: insufficient_value",
    "refused: key_reused",
    "refused: lot_expired",
    "refused: lot_held",
    "refused: lot_revoked",
    "refused: missing_field",
    "refused: never_expires",
    "refused: never_usable",
    "refused: no_exchange_rate",
    "refused: not_assignable",
    "refused: not_extendable",
    "refused: not_positive",
    "refused: not_reassignable",
    "refused: nothing_left",
    "refused: occurred_at_in_future",
    "refused: redemption_above_total",
    "refused: redemption_linked",
    "refused: redemption_returned",
    "refused: redemption_reversed",
    "refused: remaining_above_initial",
    "refused: return_above_line",
    "refused: return_above_redemption",
    "refused: return_above_transaction",
    "refused: reversal_window_over",
    "refused: same_profile",
    "refused: scope_widened",
    "refused: shortens",
    "refused: time_out_of_range",
    "refused: time_reversed",
    "refused: too_late",
    "refused: too_many_decimals",
    "refused: transfer_limit",
    "refused: total_below_returned",
    "refused: unknown_definition",
    "refused: unknown_hold",
    "refused: unknown_lot",
    "refused: unknown_redemption",
    "refused: unknown_transaction",
    "returned after it was extended",
    "returned and clawed back",
    "returned by lines after an amount",
    "returned by lines",
    "returned in several steps",
    "returned money that needs no point",
    "returned to a new lot",
    "returned to a revoked lot",
    "returned to an expired lot",
    "returned to its lot",
    "returned to nowhere",
    "reward issued: Active",
    "reward issued: Exhausted",
    "reward issued: Expired",
    "reward issued: Pending",
    "swept something",
    "transferred from two lots or more",
    "transferred on",
    "transferred twice a day",
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
        if receipt.disposition != Disposition::New {
            return self.note(format!("{:?}", receipt.disposition));
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
                self.note_if(made.occurred_at.is_some(), "redeemed late");
                self.note_if(points >= 2, "redeemed from two lots of points or more");
                self.note_if(points > 0 && points < kinds.len(), "redeemed from both kinds");
                let is_share_of_nothing = made.items.iter().any(|item| item.amount.is_zero());
                self.note_if(is_share_of_nothing, "a lot whose share is zero");
                self.note_if(made.lines.is_some(), "redeemed for lines");
                let shares = made.lines.iter().flat_map(|lines| lines.iter()).flatten();
                let mut lines: Vec<&str> = shares.map(|share| share.id.as_str()).collect();
                let all = lines.len();
                lines.sort_unstable();
                lines.dedup();
                self.note_if(lines.len() < all, "redeemed for lines that two lots pay");
            }
            Outcome::PlaceHold(hold) => {
                self.note("PlaceHold");
                self.note_if(hold.total < hold.requested, "held less than was asked for");
            }
            Outcome::ReturnRedemption(back) => {
                self.note("ReturnRedemption");
                for item in &back.items {
                    self.note(match item.to {
                        ReturnedTo::Lot => "returned to its lot",
                        ReturnedTo::Expired => "returned to an expired lot",
                        ReturnedTo::Revoked => "returned to a revoked lot",
                        ReturnedTo::NewLot(_) => "returned to a new lot",
                        ReturnedTo::ClawedBack => "returned to nowhere",
                    });
                    let is_free = item.kind == LotKind::Point && item.points.is_zero();
                    self.note_if(is_free, "returned money that needs no point");
                }
            }
            Outcome::MergeProfiles(merged) => {
                self.note("MergeProfiles");
                self.note_if(!merged.holds.is_empty(), "merged with a hold");
            }
            Outcome::Transfer(sent) => {
                self.note("Transfer");
                self.note_if(sent.items.len() > 1, "transferred from two lots or more");
            }
            Outcome::Sweep(swept) => {
                self.note("Sweep");
                self.note_if(swept.entries > 0, "swept something");
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
        for (owner, profile) in world.model.profiles.iter().enumerate() {
            for (place, entry) in profile.journal.iter().enumerate() {
                self.afterwards((owner, profile), place);
                self.note_if(matches!(entry.what, What::Matured(..)), "became available");
                self.note_if(matches!(entry.what, What::Expired(..)), "expired");
                self.inactivity(profile, place);
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

    /// What activity did, or the want of it (rule T9).
    fn inactivity(&mut self, profile: &Profile, place: usize) {
        let Written { at, what } = profile.journal[place];
        let (before, after) = (Cut { entries: place, at }, Cut { entries: place + 1, at });
        let has_lapsed = |lot: usize| profile.lapse(lot, before) == Some(at);
        match what {
            What::Expired(lot, _) => self.note_if(has_lapsed(lot), "lapsed for inactivity"),
            What::Adjusted(lot) => {
                let anew = profile.fact(lot, after).anew.is_some_and(|(_, instant)| instant == at);
                let was_over = profile.lapse(lot, before).is_some_and(|end| end <= at);
                self.note_if(anew && was_over, "brought back after it lapsed");
            }
            What::Redeemed(_) | What::Captured(..) | What::Transacted(_) => {
                for (lot, known) in profile.lots_at(before) {
                    let (end, later) = (profile.lapse(lot, before), profile.lapse(lot, after));
                    let is_there = profile.remaining(lot, before) > 0 && profile.lives(lot, before);
                    let can_lapse = is_there && known.terms.inactivity.is_some();
                    self.note_if(can_lapse && later > end, "kept by activity");
                }
            }
            _ => {}
        }
    }

    /// What became of value, of an entry of the model's own journal.
    fn afterwards(&mut self, (owner, profile): (usize, &Profile), place: usize) {
        let Written { at, what } = profile.journal[place];
        let before = Cut { entries: place, at };
        let is_back = |owed: &Owed| usize::try_from(owed.sequence).unwrap() == place + 1 && owed.value < 0;
        let flowed_back = match what {
            What::Lapsed(_) => "lapsed and clawed back",
            What::Captured(..) => "captured in part and clawed back",
            What::Released(_) => "released and clawed back",
            What::Returned(_) => "returned and clawed back",
            What::Adjusted(_) => "adjusted and clawed back",
            What::EarnedMore(sale, ..) if profile.owed.iter().any(|one| is_back(one) && one.sale == sale) => {
                "earned more and clawed back"
            }
            _ => "",
        };
        self.note_if(!flowed_back.is_empty() && profile.owed.iter().any(is_back), flowed_back);
        match what {
            What::Lapsed(_) => self.note("lapsed"),
            What::Captured(hold, redemption) => {
                let (held, taken) = (&profile.holds[hold].items, &profile.redemptions[redemption].items);
                self.note_if(total(taken) < total(held), "captured in part");
                let is_anew =
                    profile.redemptions[redemption].lines.is_some() && profile.holds[hold].lines.is_none();
                self.note_if(is_anew, "captured for lines, and held for none");
                let is_late = taken.iter().any(|item| profile.is_expired(item.lot, before));
                self.note_if(is_late, "captured after its lot expired");
            }
            What::Redeemed(made) if profile.redemptions[made].lines.is_some() => {
                let mut lots = profile.redemptions[made].items.iter().map(|item| &profile.lots[item.lot]);
                let is_scoped = lots.any(|lot| lot.scope.is_some());
                self.note_if(is_scoped, "redeemed for lines from a lot with a scope");
            }
            What::Redeemed(made) if profile.redemptions[made].occurred_at.is_some() => {
                let mut items = profile.redemptions[made].items.iter();
                let has_expired = items.any(|item| profile.is_expired(item.lot, before));
                self.note_if(has_expired, "redeemed late from what has expired");
            }
            What::Returned(back) => self.returned(profile, back),
            What::Transacted(version) => {
                let linked = profile.versions[version].said.redemption_id;
                let is_others = linked.is_some_and(|id| Some(id.number().get()) != profile.number);
                self.note_if(is_others, "linked across a merger");
            }
            What::Transferred(sent) => {
                let sent = &profile.transfers[sent];
                let came = |(lot, ..): &(usize, usize, Raw)| profile.lots[*lot].origin;
                let is_on = |origin| matches!(origin, Some(Origin::Transferred(..)));
                self.note_if(sent.items.iter().map(came).any(is_on), "transferred on");
                let day = at - DAY..=at;
                let alike = profile.transfers.iter().filter(|one| one.kind == sent.kind);
                self.note_if(
                    alike.filter(|one| day.contains(&one.at)).count() > 1,
                    "transferred twice a day",
                );
            }
            What::MovedOut(lot) if profile.merged.is_none_or(|(merged, _)| place + 1 < merged as usize) => {
                self.note_if(profile.lots[lot].own.is_some(), "reassigned what a sale earned");
            }
            What::MovedIn(lot) if profile.lots[lot].is_former() => {
                let is_back = profile.lots[..lot].iter().any(|one| {
                    profile.full_id(one) == profile.full_id(&profile.lots[lot]) && one.own.is_some()
                });
                self.note_if(is_back, "what a sale earned came back");
            }
            What::Extended(extension) => {
                let mut lots = profile.extensions[extension].iter();
                let came_back = lots.any(|lot| profile.is_expired(*lot, before));
                self.note_if(came_back, "extended after it expired");
            }
            What::Issued(lot) => {
                if let Some(Origin::Earned { paid, clawed_back, .. }) = profile.lots[lot].origin {
                    self.note("earned");
                    // Its own lot comes right after what was said of the transaction.
                    let said = profile.lots[lot].sequence - 1;
                    let sale = profile.versions.iter().find(|version| version.sequence == said);
                    let is_others = sale.is_some_and(|sale| sale.owner != owner);
                    self.note_if(is_others, "earned more across a merger");
                    self.note_if(paid > 0, "a debt is paid");
                    self.note_if(clawed_back > 0, "earned and owed at once, in a new lot");
                }
            }
            What::EarnedMore(sale, _, paid) => {
                self.note_if(is_others(profile, sale), "earned more across a merger");
                self.note("earned more");
                self.note_if(paid > 0, "a debt is paid");
            }
            What::ClawedBack(sale, points, from_lot, owed, short) => {
                self.note_if(is_others(profile, sale), "clawed back across a merger");
                self.note_if(from_lot > 0, "clawed back from the transaction's own lot");
                let flows =
                    profile.flows.iter().filter(|flow| usize::try_from(flow.sequence).unwrap() == place + 1);
                let lots = flows.filter(|flow| flow.lot.is_some()).count();
                self.note_if(lots > 1, "clawed back from several lots");
                let is_counted = points > from_lot + owed + short;
                self.note_if(is_counted, "clawed back that was adjusted away");
                self.note_if(owed > 0, "a debt is owed");
                self.note_if(short > 0, "a shortfall is written down");
            }
            _ => {}
        }
    }

    fn returned(&mut self, profile: &Profile, back: usize) {
        let (made, earlier) = (&profile.returns[back], &profile.returns[..back]);
        self.note_if(is_others(profile, made.redemption_id), "given back across a merger");
        let again = earlier.iter().any(|one| one.redemption_id == made.redemption_id);
        self.note_if(again, "returned in several steps");
        let is_by_line = |one: &Return| one.less.iter().any(|(line, _)| line.is_some());
        self.note_if(is_by_line(made), "returned by lines");
        let by_amount = |one: &Return| one.redemption_id == made.redemption_id && !is_by_line(one);
        self.note_if(is_by_line(made) && earlier.iter().any(by_amount), "returned by lines after an amount");
        let is_former = |item: &Back| {
            let lot = profile.lot_with(item.lot);
            matches!(item.to, BackTo::New(_)) && lot.is_some_and(|lot| profile.lots[lot].is_former())
        };
        self.note_if(made.items.iter().any(is_former), "returned past a lot that came back");
        let extended = made.items.iter().any(|item| {
            let lot = profile.lot_with(item.lot);
            let mut extensions = profile.extensions.iter().flatten();
            item.to == BackTo::Lot && extensions.any(|one| Some(*one) == lot)
        });
        self.note_if(extended, "returned after it was extended");
    }
}

/// Whether a record was made by a profile that was merged into this one.
fn is_others(profile: &Profile, id: u64) -> bool {
    profile.number.is_some_and(|number| id >> 22 != u64::from(number))
}
