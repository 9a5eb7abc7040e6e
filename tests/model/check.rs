//! What the engine shows against what the model says.

use std::fmt::Debug;

use chrono::NaiveDateTime;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rust_decimal::Decimal;
use scrip::{
    Amount, Balances, Cause, Defined, Entry, EntryKind, Expiry, Item, Lot, LotId, LotKind, LotStatus,
    NextExpiry, Outcome, Points, Pot, Quantity, Quote, RedemptionId, Totals, Transaction, TransactionId,
    UnusedReason, ValuedBalances, Wallet,
};

use super::calendar::{Calendar, Micros, SECOND};
use super::money::{Exchange, Raw};
use super::profile::{self, Cut, Profile, Sums, What};
use super::{Made, Model, Plan, define};

pub(crate) type Checked = Result<(), TestCaseError>;

/// Whether a request was refused for one of the reasons for which it may be.
pub(crate) fn is_one_of(codes: &[&str], code: &str) -> Checked {
    prop_assert!(codes.contains(&code), "one of {:?} expected, and not {}", codes, code);
    Ok(())
}

pub(crate) fn differ(expected: &impl Debug, shown: &impl Debug) -> Checked {
    Err(TestCaseError::fail(format!("{expected:?} expected, and not {shown:?}")))
}

/// The identifier of what a profile's entry made: its number in the high bits, the entry's in the low 22.
pub(crate) fn id_of(account: &Profile, sequence: u32) -> u64 {
    (u64::from(account.number.unwrap_or(0)) << 22) | u64::from(sequence)
}

pub(crate) fn lot_id(account: &Profile, lot: usize) -> LotId {
    LotId::new(id_of(account, account.lots[lot].sequence)).unwrap()
}

fn raw(quantity: impl Into<Quantity>) -> Raw {
    quantity.into().ten_thousandths().into()
}

fn end(expiry: Expiry) -> Option<Micros> {
    expiry.instant().map(|end| end.micros())
}

/// An outcome, right after it was carried out.
pub(crate) fn outcome(model: &Model, made: Made, outcome: &Outcome) -> Checked {
    match (made, outcome) {
        (Made::Definition { version }, Outcome::Define(defined))
        | (Made::Definition { version }, Outcome::Redefine(defined))
        | (Made::Definition { version }, Outcome::ArchiveDefinition(defined)) => {
            definition(&model.catalogue.versions[version], defined)
        }
        (Made::Lot { profile, lot: made }, Outcome::IssueReward(shown)) => {
            let account = &model.profiles[profile];
            lot(account, made, LotKind::Reward, account.now(Micros::MIN), shown)
        }
        (Made::Lot { profile, lot: made }, Outcome::IssuePoints(shown)) => {
            let account = &model.profiles[profile];
            lot(account, made, LotKind::Point, account.now(Micros::MIN), shown)
        }
        (Made::Redemption { profile, redemption: made }, Outcome::Redeem(shown)) => {
            let account = &model.profiles[profile];
            redemption(account, made, account.now(Micros::MIN), shown)
        }
        (Made::Transaction { profile, version }, Outcome::PostTransaction(shown))
        | (Made::Transaction { profile, version }, Outcome::UpdateTransaction(shown))
        | (Made::Transaction { profile, version }, Outcome::DeleteTransaction(shown)) => {
            let account = &model.profiles[profile];
            transaction(model, account, &account.versions[version], shown)
        }
        (made, outcome) => Err(TestCaseError::fail(format!("{made:?} is not {outcome:?}"))),
    }
}

pub(crate) fn definition(expected: &define::Version, shown: &Defined) -> Checked {
    prop_assert_eq!(expected.id, shown.id);
    prop_assert_eq!(&expected.definition, &shown.definition, "rule D1: every field as given");
    prop_assert_eq!(expected.is_archived, shown.is_archived);
    prop_assert_eq!(expected.created_at, shown.created_at.micros());
    prop_assert_eq!(expected.updated_at, shown.updated_at.micros());
    Ok(())
}

/// Any lot, whatever it holds.
fn lot<Q: Copy + Into<Quantity>>(
    account: &Profile,
    index: usize,
    kind: LotKind,
    cut: Cut,
    shown: &Lot<Q>,
) -> Checked {
    let expected = &account.lots[index];
    prop_assert_eq!(expected.kind, kind);
    prop_assert_eq!(lot_id(account, index), shown.id, "rule J1: the id is that of the entry");
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(Some(expected.definition), shown.definition_id);
    prop_assert_eq!(expected.initial, raw(shown.value_initial));
    prop_assert_eq!(
        account.remaining(index, cut),
        raw(shown.value_remaining),
        "what is left of {:?}",
        shown.id
    );
    prop_assert_eq!(0, raw(shown.value_held));
    prop_assert_eq!(account.status(index, cut), shown.status, "rules T2 and D4");
    prop_assert_eq!(expected.issued_at, shown.issued_at.micros(), "rule T3");
    prop_assert_eq!(expected.available_at, shown.available_at.micros(), "rule T3");
    prop_assert_eq!(expected.expires_at, end(shown.expires_at), "rules T4 and T5");
    prop_assert_eq!(expected.terms, shown.terms, "rule D3");
    let calendar = Calendar::of(expected.terms.timezone);
    let wall = |local: NaiveDateTime| local.and_utc().timestamp_micros();
    prop_assert_eq!(calendar.wall(expected.issued_at), wall(shown.issued_local_at()));
    let last_second = expected.expires_at.map(|end| calendar.wall(end - SECOND));
    prop_assert_eq!(last_second, shown.expires_local_at().map(wall), "rule T5");
    prop_assert_eq!(shown.is_active(), shown.status == LotStatus::Active);
    prop_assert_eq!(shown.is_expired(), shown.status == LotStatus::Expired);
    prop_assert_eq!(&expected.external_id, &shown.external_id);
    let details = shown.details.clone().unwrap_or_default();
    prop_assert_eq!(&expected.source_type, &details.source_type);
    prop_assert_eq!(&expected.source, &details.source);
    prop_assert_eq!(&expected.meta, &details.meta);
    Ok(())
}

/// The items of a redemption or a quote, in the order of use (rules C1, C2, C5 and Q5).
fn items(account: &Profile, expected: &[profile::Item], shown: &[Item]) -> Checked {
    let expected: Vec<_> =
        expected.iter().map(|item| (lot_id(account, item.lot), item.amount, item.points)).collect();
    let shown: Vec<_> = shown.iter().map(|item| (item.lot, raw(item.amount), raw(item.points))).collect();
    prop_assert_eq!(expected, shown, "rules C1 to C3 and Q5");
    Ok(())
}

fn redemption(account: &Profile, index: usize, cut: Cut, shown: &scrip::Redemption) -> Checked {
    let expected = &account.redemptions[index];
    let id = RedemptionId::new(id_of(account, expected.sequence)).unwrap();
    prop_assert_eq!(id, shown.id, "rule J1: the id is that of the entry");
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(expected.at, shown.redeemed_at.micros());
    prop_assert_eq!(expected.requested, raw(shown.requested), "rule C4");
    prop_assert_eq!(expected.total(), raw(shown.total), "rule C4");
    items(account, &expected.items, &shown.items)?;
    prop_assert_eq!(0, raw(shown.returned));
    prop_assert!(!shown.is_reversed);
    let linked = account.linked_at(id, cut);
    prop_assert_eq!(linked, shown.transaction_id.map(TransactionId::sequence), "rule X1");
    let right_after = account.as_of_sequence(usize::try_from(expected.sequence).unwrap());
    balances(account, right_after, &shown.balances)?;
    prop_assert_eq!(&expected.meta, &shown.meta);
    Ok(())
}

fn transaction(
    model: &Model,
    account: &Profile,
    expected: &profile::Version,
    shown: &Transaction,
) -> Checked {
    let said = &expected.said;
    prop_assert_eq!(id_of(account, expected.made), shown.id.get(), "rule J1: the id is that of the entry");
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(&said.external_id, &shown.external_id);
    prop_assert_eq!(said.redemption_id, shown.redemption_id, "rule X1");
    prop_assert_eq!(said.total, shown.total);
    prop_assert_eq!(said.total_original.unwrap_or(said.total), shown.total_original);
    prop_assert_eq!(expected.transacted_at, shown.transacted_at.micros(), "rule T3");
    prop_assert_eq!(said.timezone.unwrap_or(model.program.timezone), shown.timezone);
    prop_assert_eq!(&said.tags, &shown.tags);
    prop_assert_eq!(&said.items, &shown.items);
    prop_assert_eq!(&said.payments, &shown.payments);
    prop_assert_eq!(&said.meta, &shown.meta);
    prop_assert_eq!(expected.is_deleted, shown.is_deleted);
    prop_assert_eq!(expected.created_at, shown.created_at.micros());
    prop_assert_eq!(expected.updated_at, shown.updated_at.micros());
    Ok(())
}

pub(crate) fn quote(account: &Profile, plan: &Plan, shown: &Quote) -> Checked {
    prop_assert_eq!(plan.requested, raw(shown.requested));
    prop_assert_eq!(plan.items.iter().map(|item| item.amount).sum::<Raw>(), raw(shown.total));
    items(account, &plan.items, &shown.items)?;
    prop_assert_eq!(account.journal.len(), usize::try_from(shown.version).unwrap());
    let by_id = |(lot, _, _): &(LotId, LotKind, UnusedReason)| *lot;
    let mut expected: Vec<_> = plan
        .unused
        .iter()
        .map(|(lot, reason)| (lot_id(account, *lot), account.lots[*lot].kind, *reason))
        .collect();
    let mut unused: Vec<_> = shown.unused.iter().map(|one| (one.lot, one.kind, one.reason)).collect();
    expected.sort_by_key(by_id);
    unused.sort_by_key(by_id);
    prop_assert_eq!(expected, unused, "rule C7");
    Ok(())
}

pub(crate) fn balances(account: &Profile, cut: Cut, shown: &Balances) -> Checked {
    let (rewards, points) = (account.sums(LotKind::Reward, cut), account.sums(LotKind::Point, cut));
    prop_assert_eq!(rewards.available, raw(shown.reward_balance), "rewards at {:?}", cut);
    prop_assert_eq!(rewards.pending, raw(shown.reward_pending), "pending rewards at {:?}", cut);
    prop_assert_eq!(points.available, raw(shown.point_balance), "points at {:?}", cut);
    prop_assert_eq!(points.pending, raw(shown.point_pending), "pending points at {:?}", cut);
    prop_assert_eq!((Amount::ZERO, Points::ZERO), (shown.reward_held, shown.point_held));
    prop_assert_eq!(Points::ZERO, shown.point_debt);
    Ok(())
}

/// With what the points are worth (rule Q4).
pub(crate) fn valued(model: &Model, account: &Profile, cut: Cut, shown: &ValuedBalances) -> Checked {
    let (rewards, points) = (account.sums(LotKind::Reward, cut), account.sums(LotKind::Point, cut));
    let worth = |points: Raw| Exchange::of(&model.program).map_or(0, |exchange| exchange.worth(points));
    let decimal = |raw: Raw| Decimal::from_i128_with_scale(raw, 4);
    prop_assert_eq!(rewards.available, raw(shown.reward_balance), "rewards at {:?}", cut);
    prop_assert_eq!(points.available, raw(shown.point_balance), "points at {:?}", cut);
    prop_assert_eq!(decimal(worth(points.available)), shown.point_balance_dollars, "rule Q4");
    prop_assert_eq!(decimal(rewards.available + worth(points.available)), shown.combined_balance_dollars);
    prop_assert_eq!(decimal(rewards.pending + worth(points.pending)), shown.pending_balance);
    prop_assert_eq!(Decimal::ZERO, shown.held_balance);
    prop_assert_eq!(Points::ZERO, shown.point_debt);
    Ok(())
}

/// Rule J3: where everything is that ever came in.
pub(crate) fn totals(account: &Profile, cut: Cut, shown: &Totals) -> Checked {
    let pots = [(LotKind::Reward, &shown.rewards), (LotKind::Point, &shown.points)];
    for (kind, pot) in pots {
        prop_assert_eq!(account.sums(kind, cut), sums(pot), "rule J3, {:?} at {:?}", kind, cut);
        prop_assert_eq!(pot.revoked, Quantity::ZERO);
    }
    prop_assert!(shown.is_conserved());
    Ok(())
}

fn sums(pot: &Pot) -> Sums {
    Sums {
        issued: raw(pot.issued),
        available: raw(pot.available),
        pending: raw(pot.pending),
        redeemed: raw(pot.redeemed),
        expired: raw(pot.expired),
    }
}

/// Everything that a wallet shows, but for its journal.
pub(crate) fn wallet(model: &Model, account: &Profile, cut: Cut, shown: &Wallet) -> Checked {
    prop_assert_eq!(account.id, shown.profile_id());
    balances(account, cut, &shown.balances())?;
    lots(account, LotKind::Reward, cut, &shown.rewards())?;
    lots(account, LotKind::Point, cut, &shown.points())?;
    prop_assert_eq!(account.redemptions_at(cut).count(), shown.redemptions().len());
    for ((index, _), shown) in account.redemptions_at(cut).zip(shown.redemptions()) {
        redemption(account, index, cut, shown)?;
    }
    let mut sales: Vec<_> = account.transactions_at(cut).filter(|version| !version.is_deleted).collect();
    sales.sort_by_key(|version| version.made);
    prop_assert_eq!(sales.len(), shown.transactions().count());
    for (expected, shown) in sales.into_iter().zip(shown.transactions()) {
        transaction(model, account, expected, shown)?;
    }
    Ok(())
}

/// The lots of one kind: those with usable value in the order of use, then the rest in any order.
fn lots<Q: Copy + Into<Quantity>>(account: &Profile, kind: LotKind, cut: Cut, shown: &[Lot<Q>]) -> Checked {
    let usable: Vec<LotId> = account.usable(kind, cut).into_iter().map(|lot| lot_id(account, lot)).collect();
    let active: Vec<LotId> = shown.iter().take(usable.len()).map(|lot| lot.id).collect();
    prop_assert_eq!(usable, active, "rule C1");
    let known: Vec<usize> =
        account.lots_at(cut).filter(|(_, lot)| lot.kind == kind).map(|(index, _)| index).collect();
    prop_assert_eq!(known.len(), shown.len());
    for index in known {
        let wanted = lot_id(account, index);
        let Some(shown) = shown.iter().find(|lot| lot.id == wanted) else {
            return Err(TestCaseError::fail(format!("{wanted:?} is not listed")));
        };
        lot(account, index, kind, cut, shown)?;
    }
    Ok(())
}

/// What expires next of what is available.
pub(crate) fn next_expiry(account: &Profile, cut: Cut, shown: Option<&NextExpiry>) -> Checked {
    let active = |kind| account.usable(kind, cut).into_iter();
    let usable: Vec<usize> = active(LotKind::Reward).chain(active(LotKind::Point)).collect();
    let soonest = usable.iter().filter_map(|lot| account.lots[*lot].expires_at).min();
    prop_assert_eq!(soonest, shown.map(|next| next.expires_at.micros()));
    let Some(shown) = shown else { return Ok(()) };
    let of_kind = |kind| -> Raw {
        let lots = active(kind).filter(|lot| account.lots[*lot].expires_at == soonest);
        lots.map(|lot| account.remaining(lot, cut)).sum()
    };
    prop_assert_eq!(of_kind(LotKind::Reward), raw(shown.amount));
    prop_assert_eq!(of_kind(LotKind::Point), raw(shown.points));
    let mut expected: Vec<LotId> = usable
        .iter()
        .filter(|lot| account.lots[**lot].expires_at == soonest)
        .map(|lot| lot_id(account, *lot))
        .collect();
    let mut lots = shown.lots.clone();
    expected.sort();
    lots.sort();
    prop_assert_eq!(expected, lots);
    Ok(())
}

/// Rules J1 and T7: the journal, entry by entry. What happens by itself at one instant has no order of its own.
pub(crate) fn journal(account: &Profile, shown: &[Entry]) -> Checked {
    let mut expected: Vec<(Micros, String)> =
        account.journal.iter().map(|entry| (entry.at, told(account, entry.what))).collect();
    let mut found: Vec<(Micros, String)> =
        shown.iter().map(|entry| (entry.at.micros(), said(entry))).collect();
    for (first, last) in clock_runs(account) {
        if let Some(run) = found.get_mut(first..last) {
            run.sort();
        }
        expected[first..last].sort();
    }
    prop_assert_eq!(expected, found, "rules J1 and T7");
    for (index, entry) in shown.iter().enumerate() {
        prop_assert_eq!(index + 1, usize::try_from(entry.sequence).unwrap(), "rule J1");
        let is_clock = matches!(entry.kind, EntryKind::Mature(_) | EntryKind::Expire(_));
        prop_assert_eq!(is_clock, entry.cause == Cause::Clock);
        prop_assert!(entry.stamp.as_ref().is_none_or(|stamp| !is_clock && stamp.entries == 1));
        if !is_clock {
            balances(account, account.as_of_sequence(index + 1), &entry.balances)?;
        }
    }
    Ok(())
}

/// The runs of entries that the clock wrote at one instant.
fn clock_runs(account: &Profile) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (index, entry) in account.journal.iter().enumerate() {
        if !matches!(entry.what, What::Matured(..) | What::Expired(..)) {
            continue;
        }
        match runs.last_mut() {
            Some((first, last)) if *last == index && account.journal[*first].at == entry.at => *last += 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}

fn told(account: &Profile, what: What) -> String {
    let lot = |lot: usize| lot_id(account, lot).get();
    match what {
        What::Issued(index) => format!("issue {} {}", lot(index), account.lots[index].came_in),
        What::Matured(index, value) => format!("mature {} {value}", lot(index)),
        What::Expired(index, value) => format!("expire {} {value}", lot(index)),
        What::Redeemed(index) => format!("redeem {}", account.redemptions[index].total()),
        What::Transacted(index) => format!("transaction {}", id_of(account, account.versions[index].made)),
    }
}

fn said(entry: &Entry) -> String {
    match &entry.kind {
        EntryKind::Issue(issue) => format!("issue {} {}", issue.lot, raw(issue.value_remaining)),
        EntryKind::Mature(value) => format!("mature {} {}", value.lot, raw(value.value)),
        EntryKind::Expire(value) => format!("expire {} {}", value.after.lot, raw(value.value)),
        EntryKind::Redeem(redeem) => format!("redeem {}", raw(redeem.total)),
        EntryKind::Transaction(change) => format!("transaction {}", change.transaction.id),
        other => format!("{other:?}"),
    }
}
