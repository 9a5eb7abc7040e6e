//! The journal that the engine wrote against the one that the model did (rules J1 and T7).

use proptest::prelude::*;
use scrip::journal::{Cause, Entry, EntryKind, Recovered, ReleasedLot};

use super::Model;
use super::calendar::Micros;
use super::check::{Checked, balances, lot_id, raw};
use super::money::Raw;
use super::owed::Owed;
use super::profile::{Origin, Profile, What};

/// Entry by entry. What happens by itself at one instant has no order among its like.
pub(crate) fn journal(model: &Model, account: &Profile, shown: &[Entry]) -> Checked {
    let mut expected: Vec<(Micros, String)> = (1..)
        .zip(&account.journal)
        .map(|(sequence, entry)| {
            (entry.at, told(model, account, entry.what) + &flowed_back(account, sequence))
        })
        .collect();
    let mut found: Vec<(Micros, String)> =
        shown.iter().map(|entry| (entry.at.micros(), said(entry) + &clawed_back(entry))).collect();
    for (first, last) in unordered_runs(account) {
        if let Some(run) = found.get_mut(first..last) {
            run.sort();
        }
        expected[first..last].sort();
    }
    prop_assert_eq!(expected, found, "rules J1 and T7");
    for (index, entry) in shown.iter().enumerate() {
        prop_assert_eq!(index + 1, usize::try_from(entry.sequence).unwrap(), "rule J1");
        let what = account.journal[index].what;
        prop_assert_eq!(what.is_clock(), entry.cause == Cause::Clock);
        prop_assert!(entry.stamp.is_none() || entry.cause == Cause::Request);
        // A lot that comes with what is held of it comes before its hold is told of.
        let is_half_way = account.is_half_way(index + 1);
        if !what.is_clock() && !is_half_way {
            balances(account, account.as_of_sequence(index + 1), &entry.balances)?;
        }
    }
    Ok(())
}

impl Profile {
    /// Whether so many entries are part of a merger that the next ones belong to as well.
    pub(crate) fn is_half_way(&self, entries: usize) -> bool {
        let is_merger = |what| matches!(what, What::MovedOut(_) | What::MovedIn(_) | What::MergedOut);
        let is_more = |what| matches!(what, What::MovedOut(_) | What::MovedIn(_) | What::MergedIn(_));
        let next = self.journal.get(entries);
        is_merger(self.journal[entries - 1].what) && next.is_some_and(|next| is_more(next.what))
    }
}

/// The runs of entries at one instant that have no order of their own: of one sort that the clock wrote, and what goes
/// along in a merger.
fn unordered_runs(account: &Profile) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (index, entry) in account.journal.iter().enumerate() {
        let class = |what: What| (what.is_clock(), std::mem::discriminant(&what));
        if !entry.what.is_clock() && !matches!(entry.what, What::MovedOut(_) | What::MovedIn(_)) {
            continue;
        }
        match runs.last_mut() {
            Some((first, last))
                if *last == index
                    && account.journal[*first].at == entry.at
                    && class(account.journal[*first].what) == class(entry.what) =>
            {
                *last += 1;
            }
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}

fn told(model: &Model, account: &Profile, what: What) -> String {
    let lot = |lot: usize| lot_id(account, lot).get();
    let hold = |hold: usize| account.hold_id(&account.holds[hold]);
    let came_in = |place: usize| {
        let sequence = account.lots[place].sequence;
        let first = account.flows.iter().filter(|flow| flow.lot == Some(place) && flow.sequence == sequence);
        first.map(|flow| flow.value).sum::<i128>()
    };
    match what {
        What::Issued(index) => format!("issue {} {}", lot(index), came_in(index)),
        What::Matured(index, value) => format!("mature {} {value}", lot(index)),
        What::Lapsed(index) => format!("lapse {}", hold(index)),
        What::Expired(index, value) => format!("expire {} {value}", lot(index)),
        What::Redeemed(index) => format!("redeem {}", account.redemptions[index].total()),
        What::Held(index) => format!("hold {}", hold(index)),
        What::Captured(index, redemption) => {
            format!("capture {} {}", hold(index), account.redemptions[redemption].total())
        }
        What::Released(index) => format!("release {}", hold(index)),
        What::Returned(index) => {
            let back = &account.returns[index];
            format!("return {} {}", back.redemption_id, back.total())
        }
        What::Extended(index) => {
            let ids: Vec<u64> = account.extensions[index].iter().map(|one| lot(*one)).collect();
            format!("extend {ids:?}")
        }
        What::Revoked(index) => format!("revoke {}", lot(index)),
        What::Adjusted(index) => format!("adjust {}", lot(index)),
        What::MovedOut(index) => format!("out {}", lot(index)),
        What::MovedIn(index) => format!("in {} {}", lot(index), came_in(index)),
        What::Transferred(index) => {
            let sent = &account.transfers[index];
            let gave: Vec<_> = sent.items.iter().map(|(from, _, value)| (lot(*from), *value)).collect();
            format!("transfer {} {gave:?}", account.made_by(sent.sequence))
        }
        What::Transacted(index) => {
            format!("transaction {}", model.id_of(&account.versions[index]))
        }
        What::EarnedMore(sale, into, paid) => format!("earn {sale} {into} paid {paid}"),
        What::ClawedBack(sale, points, _, owed, short) => {
            format!("clawback {sale} {points} owed {owed} short {short}")
        }
        What::MergedOut => "merge out".to_owned(),
        What::MergedIn(_) => "merge in".to_owned(),
    }
}

fn said(entry: &Entry) -> String {
    match &entry.kind {
        EntryKind::Issue(issue) => format!("issue {} {}", issue.lot, raw(issue.value_remaining)),
        EntryKind::Mature(value) => format!("mature {} {}", value.lot, raw(value.value)),
        EntryKind::Expire(value) => format!("expire {} {}", value.after.lot, raw(value.value)),
        EntryKind::Redeem(redeem) => format!("redeem {}", raw(redeem.total)),
        EntryKind::Hold(placed) => format!("hold {}", placed.hold),
        EntryKind::Capture(capture) => format!("capture {} {}", capture.hold, raw(capture.redeem.total)),
        EntryKind::Release(release) => format!("release {}{}", release.placed.hold, odd(&release.released)),
        EntryKind::Lapse(release) => format!("lapse {}{}", release.placed.hold, odd(&release.released)),
        EntryKind::Return(back) | EntryKind::Reversal(back) => {
            format!("return {} {}", back.redemption.id, raw(back.total))
        }
        EntryKind::Extend(changes) => {
            let ids: Vec<u64> = changes.iter().map(|change| change.after.lot.get()).collect();
            format!("extend {ids:?}")
        }
        EntryKind::Revoke(lot) => format!("revoke {}", lot.change.after.lot),
        EntryKind::Adjust(lot) => format!("adjust {}", lot.change.after.lot),
        EntryKind::ReassignOut(moved) => format!("out {}", moved.change.after.lot),
        EntryKind::ReassignIn(moved) => {
            format!("in {} {}", moved.issue.lot, raw(moved.change.after.remaining))
        }
        EntryKind::TransferOut(sent) => {
            let items = sent.items.iter();
            let gave: Vec<_> = items.map(|item| (item.change.after.lot.get(), raw(item.value()))).collect();
            format!("transfer {} {gave:?}", sent.transfer)
        }
        EntryKind::Transaction(change) => format!("transaction {}", change.transaction.id),
        EntryKind::Earn(more) => {
            let into: i128 = more.change.moved.iter().map(|moved| raw(moved.value)).sum();
            let paid = raw(more.paid_to_debt);
            format!("earn {} {} paid {paid}", more.transaction, into - paid)
        }
        EntryKind::Clawback(clawed) => {
            let (owed, short) = (raw(clawed.debt()), raw(clawed.shortfall()));
            format!("clawback {} {} owed {owed} short {short}", clawed.transaction, raw(clawed.points))
        }
        EntryKind::MergeOut(_) => "merge out".to_owned(),
        EntryKind::MergeIn(_) => "merge in".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What an entry lowers of what is owed, as it flows back (rule X5).
fn flowed_back(account: &Profile, sequence: u32) -> String {
    let is_back = |owed: &&Owed| owed.sequence == sequence && owed.value < 0;
    let what = account.journal[usize::try_from(sequence).unwrap() - 1].what;
    let paid = match what {
        What::EarnedMore(_, _, paid) => paid,
        What::Issued(lot) => match account.lots[lot].origin {
            Some(Origin::Earned { paid, .. }) => paid,
            _ => 0,
        },
        // All that is owed goes along.
        What::MergedOut => return String::new(),
        _ => 0,
    };
    let lowered: Raw = account.owed.iter().filter(is_back).map(|owed| -owed.value).sum();
    if lowered > paid { format!(" back {}", lowered - paid) } else { String::new() }
}

fn clawed_back(entry: &Entry) -> String {
    let released = |released: &[ReleasedLot]| -> Vec<Recovered> {
        released.iter().filter_map(|freed| freed.clawed_back).collect()
    };
    let recovered = match &entry.kind {
        EntryKind::Release(release) | EntryKind::Lapse(release) => released(&release.released),
        EntryKind::Capture(capture) => released(&capture.released),
        EntryKind::Return(back) | EntryKind::Reversal(back) => {
            back.items.iter().filter_map(|item| item.clawed_back).collect()
        }
        EntryKind::Adjust(corrected) => corrected.clawed_back.into_iter().collect(),
        EntryKind::Earn(more) => more.clawed_back.into_iter().collect(),
        EntryKind::Issue(issue) => match issue.details.as_ref().and_then(|details| details.origin) {
            Some(scrip::journal::Origin::Earned { clawed_back, .. }) => clawed_back.into_iter().collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let points: Raw = recovered.iter().map(|recovered| raw(recovered.points())).sum();
    if points > 0 { format!(" back {points}") } else { String::new() }
}

/// What should not be: a lot that is let go without anything.
fn odd(released: &[ReleasedLot]) -> &'static str {
    if released.iter().any(|freed| freed.value.is_zero()) { " of nothing" } else { "" }
}
