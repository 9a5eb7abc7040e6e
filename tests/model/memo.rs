//! Answers that were written down, to be compared with what the same questions are answered later.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::journal::{Cause, Entry, LotKind};
use scrip::store::{AsOf, Store};
use scrip::time::Expiry;
use scrip::view::Wallet;
use scrip::{Ledger, Outcome, ProfileId, Timestamp};

use crate::planted::bug;

use super::check::Checked;
use super::generate::Shuffled;
use super::resolve::timestamp;
use super::steps::{Ask, Step, Wait};
use super::world::World;

/// What was seen of a profile as of some moment (rule J4).
#[derive(Clone, Debug)]
pub(crate) struct Memo {
    pub(crate) profile: ProfileId,
    as_of: AsOf,
    /// How many entries there were when it was written.
    entries: u32,
    seen: String,
}

impl Memo {
    pub(crate) fn write<S: Store>(
        ledger: &mut Ledger<S>,
        profile: ProfileId,
        as_of: AsOf,
        entries: u32,
    ) -> Self
    where
        S::Error: Debug,
    {
        Self { profile, as_of, entries, seen: seen(ledger, profile, as_of) }
    }

    /// Whether the answer must still be the same: nothing was asked for since that happened by then. What the clock
    /// wrote since, for a time that had come by then, must not matter.
    fn holds(&self, journal: &[Entry]) -> bool {
        match self.as_of {
            AsOf::At(at) => {
                let mut later = journal.iter().filter(|entry| entry.sequence > self.entries);
                !later.any(|entry| entry.cause != Cause::Clock && entry.at <= at)
            }
            _ => true,
        }
    }

    pub(crate) fn check<S: Store>(&self, ledger: &mut Ledger<S>, journal: &[Entry]) -> Checked
    where
        S::Error: Debug,
    {
        if self.holds(journal) {
            let is_now = bug("a past that is answered as of now");
            let as_of = if is_now { AsOf::Sequence(u32::MAX) } else { self.as_of };
            let again = seen(ledger, self.profile, as_of);
            prop_assert_eq!(&self.seen, &again, "rule J4: {:?} of {:?}", self.as_of, self.profile);
        }
        Ok(())
    }
}

/// Everything that can be seen of a profile. What the clock says is in its journal, written or not (rule T7).
fn seen<S: Store>(ledger: &mut Ledger<S>, profile: ProfileId, as_of: AsOf) -> String
where
    S::Error: Debug,
{
    let mut then = ledger.as_of(as_of);
    let (balances, next) = (then.balances(profile).unwrap(), then.next_expiry(profile).unwrap());
    let wallet = then.wallet(profile).unwrap();
    serde_json::to_string(&(balances, next)).unwrap() + &lists(&wallet)
}

/// Every list of a wallet, one a line.
pub(crate) fn lists(wallet: &Wallet) -> String {
    let (rewards, points) = (wallet.rewards(), wallet.points());
    let ids = rewards.iter().map(|lot| lot.id).chain(points.iter().map(|lot| lot.id));
    let times: Vec<_> = ids.map(|id| wallet.lot_times(id)).collect();
    let holds: Vec<_> = wallet.holds().collect();
    let redemptions: Vec<_> = wallet.redemptions().collect();
    let transactions: Vec<_> = wallet.transactions().collect();
    let lots = serde_json::to_string(&(rewards, points)).unwrap();
    let taken = serde_json::to_string(&(holds, redemptions, wallet.returns(), transactions)).unwrap();
    let journal = serde_json::to_string(wallet.journal()).unwrap();
    format!("{lots}\n{times:?}\n{taken}\n{journal}")
}

/// Two journals, or several, line by line; the first difference is told.
pub(crate) fn same_lines(one: &[String], other: &[String]) -> Checked {
    for (place, pair) in one.iter().zip(other).enumerate() {
        prop_assert_eq!(pair.0, pair.1, "in line {}", place);
    }
    prop_assert_eq!(one.len(), other.len());
    Ok(())
}

/// What was drawn, request by request, from lots that agree in all that rule C1 looks at but the id: money and points.
pub(crate) type Draws = Vec<Result<BTreeMap<(LotKind, Expiry, Timestamp), (i64, i64)>, &'static str>>;

/// Issues lots in an order, and redeems.
pub(crate) fn draws<S: Store>(shuffled: &Shuffled, order: &[usize], store: S) -> Result<Draws, TestCaseError>
where
    S::Error: Debug,
{
    let mut world = World::alone(&shuffled.case, store)?;
    for place in order {
        let ask = Ask::Issue(shuffled.lots[*place].clone());
        world.step(&Step { wait: Wait::Micros(0), key: None, ask })?.ok();
    }
    let mut draws = Draws::new();
    for step in &shuffled.case.steps {
        let answer = world.step(step)?.map_err(|error| error.code());
        draws.push(match answer {
            Ok(receipt) => Ok(by_order_of_use(&mut world, &receipt.outcome)),
            Err(code) => Err(code),
        });
    }
    Ok(draws)
}

fn by_order_of_use<S: Store>(
    world: &mut World<S>,
    outcome: &Outcome,
) -> BTreeMap<(LotKind, Expiry, Timestamp), (i64, i64)>
where
    S::Error: Debug,
{
    let Outcome::Redeem(made) = outcome else { panic!("only redemptions were asked for") };
    let wallet = world.ledger.at(made.redeemed_at).wallet(made.profile_id).unwrap();
    let rewards = wallet.rewards().into_iter().map(|lot| (lot.id, lot.expires_at, lot.issued_at));
    let points = wallet.points().into_iter().map(|lot| (lot.id, lot.expires_at, lot.issued_at));
    let mut lots: Vec<_> = rewards.chain(points).collect();
    if bug("lots that are used in the order of their ids") {
        lots.iter_mut().for_each(|(id, _, issued_at)| *issued_at = timestamp(id.get().try_into().unwrap()));
    }
    let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for item in &made.items {
        let (_, expires_at, issued_at) = lots.iter().find(|(id, ..)| *id == item.lot).unwrap();
        let sum = sums.entry((item.kind(), *expires_at, *issued_at)).or_default();
        sum.0 += item.amount.ten_thousandths();
        sum.1 += item.points.ten_thousandths();
    }
    sums
}
