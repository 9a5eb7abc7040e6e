//! What a transaction earns and what is clawed back (rules X3 and X4), told from the journals alone.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scrip::id::ProfileNumber;
use scrip::journal::{Cause, Entry, EntryKind, Origin, Recovered};
use scrip::store::Owner;
use scrip::{MemoryStore, Points, TransactionId};

use crate::config;
use crate::model::check::Checked;
use crate::model::generate;
use crate::model::resolve::profile_id;
use crate::model::world::{World, look};
use crate::planted::{bug, catches};

proptest! {
    #![proptest_config(config(150))]

    /// Rules X3 and X4: what stays earned is what the kept total would have earned, whatever the steps; the journal
    /// accounts for every point of it; and a debt is paid before anything is earned.
    ///
    /// Catches: points that are clawed back, and stay earned; in some hundreds of cases, a new lot that is earned before a debt
    /// is paid (X4).
    #[test]
    fn what_stays_earned_is_what_was_kept(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let mut sales = BTreeMap::new();
        let mut accounts: Vec<_> =
            (0..3).map(|id| look(world.ledger.store(), Owner::Profile(profile_id(id)))).collect();
        // Whoever took over comes after those that were merged into them.
        let into: BTreeMap<_, _> =
            accounts.iter().filter_map(|(one, _)| Some((one.number(), one.merged_into()?))).collect();
        let takeovers = |number| std::iter::successors(into.get(&number), |next| into.get(next)).count();
        accounts.sort_by_key(|(account, _)| std::cmp::Reverse(takeovers(account.number())));
        for (account, journal) in &accounts {
            let checked = earned_as_kept(&world, account.number(), journal, &mut sales);
            checked.map_err(|error| world.with_story(error))?;
        }
        for (id, Sale { told, earned }) in sales {
            prop_assert_eq!(told, earned, "rule X4: {:?}, wherever its points went", id);
        }
    }
}

/// What all journals tell of the points of a transaction, and what it says itself.
#[derive(Default)]
struct Sale {
    told: i64,
    earned: i64,
}

fn earned_as_kept(
    world: &World<MemoryStore>,
    number: ProfileNumber,
    journal: &[Entry],
    sales: &mut BTreeMap<TransactionId, Sale>,
) -> Checked {
    let mut told: BTreeMap<TransactionId, i64> = BTreeMap::new();
    let mut debt = 0;
    for (place, entry) in journal.iter().enumerate() {
        let raw = |points: Points| points.ten_thousandths();
        // What the transaction owed itself comes before the debts of others (rule X5).
        let recovered =
            |back: Option<Recovered>| back.map_or((0, 0), |back| (raw(back.points()), raw(back.debt)));
        let paid = match &entry.kind {
            EntryKind::Issue(issue) => match issue.details.as_ref().and_then(|details| details.origin) {
                Some(Origin::Earned { transaction, paid_to_debt, clawed_back, .. }) => {
                    let into_lot = issue.value_remaining.ten_thousandths();
                    let (back, lowered) = recovered(clawed_back);
                    debt -= lowered;
                    *told.entry(transaction).or_default() += into_lot + raw(paid_to_debt) + back;
                    Some((into_lot, raw(paid_to_debt)))
                }
                _ => None,
            },
            EntryKind::Earn(more) => {
                let all: i64 = more.change.moved.iter().map(|moved| moved.value.ten_thousandths()).sum();
                let (back, lowered) = recovered(more.clawed_back);
                debt -= lowered;
                *told.entry(more.transaction).or_default() += all + back;
                Some((all - raw(more.paid_to_debt), raw(more.paid_to_debt)))
            }
            EntryKind::Clawback(clawed) => {
                let is_lost = bug("points that are clawed back, and stay earned");
                *told.entry(clawed.transaction).or_default() -= if is_lost { 0 } else { raw(clawed.points) };
                None
            }
            _ => None,
        };
        if let Some((into_lot, paid)) = paid {
            prop_assert!(
                into_lot == 0 || paid == debt,
                "rule X4: a debt of {} is paid first by {:?}",
                debt,
                entry
            );
            prop_assert!(paid <= debt);
        }
        debt = raw(entry.balances.point_debt);
        let EntryKind::Transaction(change) = &entry.kind else { continue };
        let (sale, Some(earn)) = (&change.transaction, world.model.program.earn.first()) else {
            prop_assert!(change.transaction.earned.is_empty());
            continue;
        };
        let kept =
            if sale.is_deleted { 0 } else { sale.total.ten_thousandths() - sale.returned.ten_thousandths() };
        let expected = world.model.earns(earn, kept.into());
        let earned = sale.earned[0].clone();
        prop_assert_eq!(expected, i128::from(raw(earned.points)), "rule X4: {:?}", sale);
        sales.entry(sale.id).or_default().earned = raw(earned.points);
        // What another earned before a merger is told in their journal.
        if sale.id.number() != number {
            continue;
        }
        // The entries that settle it come right after its own.
        let settled = journal[place + 1..].iter();
        let settled: Vec<_> = settled.take_while(|next| next.cause == Cause::Transaction(sale.id)).collect();
        let before = told.get(&sale.id).copied().unwrap_or_default();
        prop_assert_eq!(settled.is_empty(), before == raw(earned.points), "rule X4: {:?}", sale);
        prop_assert!(settled.len() <= 1);
    }
    for (sale, told) in told {
        sales.entry(sale).or_default().told += told;
    }
    Ok(())
}

#[test]
fn each_property_catches_its_bug() {
    catches(what_stays_earned_is_what_was_kept, &["points that are clawed back, and stay earned"]);
}
