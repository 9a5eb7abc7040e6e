//! What comes back of purchases and of what was spent, in whatever order (rule X5).

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::journal::{EntryKind, LotKind, Origin, ValuedBalances};
use scrip::outcome::{HoldStatus, LotStatus};
use scrip::program::{Clawback, Earn, ExpiredReturn, ProgramSettings};
use scrip::request::{Reassign, Strategy as PayWith, Sweep};
use scrip::time::Period;
use scrip::value::ExchangeRate;
use scrip::view::Wallet;
use scrip::{
    Amount, CaptureHold, Command, DefinitionId, HoldId, LotId, MemoryStore, Outcome, PeriodType, PlaceHold,
    Points, PostTransaction, Redeem, RedemptionId, ReleaseHold, Request, ReturnRedemption, ReturnTransaction,
    TransactionId,
};

use crate::model::calendar::{DAY, HOUR, Micros, SECOND};
use crate::model::check::Checked;
use crate::model::generate::plain;
use crate::model::resolve::profile_id;
use crate::model::steps::Case;
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

/// Purchases, what was spent of their points, and what comes back of both.
#[derive(Clone, Debug)]
struct Story {
    program: ProgramSettings,
    /// What each sale costs, the parts of it that come back, and where the rest of its points goes.
    sales: Vec<(u32, Vec<u32>, Stay)>,
    spends: Vec<Spend>,
    /// Whether what comes back does so after the lots have expired.
    is_late: bool,
}

/// Points that are redeemed or held, and what comes back of what was redeemed.
#[derive(Clone, Debug)]
struct Spend {
    points: u32,
    fate: Fate,
    parts: Vec<u32>,
}

/// What becomes of what is left in a lot that was earned, once some of it is spent: it stays, goes to another profile, or
/// comes back from there, at once or at any time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stay {
    Here,
    Gone,
    Back,
    BackLater,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Redeemed,
    /// A part of it, of a hundred; the rest is let go.
    Captured(u32),
    Released,
    Lapses,
    StaysHeld,
}

#[derive(Clone, Copy, Debug)]
enum Do {
    ReturnSale(usize, u32),
    Capture(usize, u32),
    Release(usize),
    /// Of what was spent, once it is redeemed.
    Return(usize, u32),
    /// What went to another profile comes back.
    ComeBack(LotId),
    /// The time passes at which holds lapse; whether that is swept.
    Wait(bool),
}

fn story() -> impl Strategy<Value = Story> {
    let stay = prop_oneof![4 => Just(Stay::Here), 2 => Just(Stay::Gone), 2 => Just(Stay::Back), 2 => Just(Stay::BackLater)];
    let sales = vec((1..100_u32, vec(1..60_u32, 0..4), stay), 1..4);
    let fate = prop_oneof![
        3 => Just(Fate::Redeemed),
        2 => (1..=100_u32).prop_map(Fate::Captured),
        1 => Just(Fate::Released),
        2 => Just(Fate::Lapses),
        1 => Just(Fate::StaysHeld),
    ];
    let spend = (1..90_u32, fate, vec(1..60_u32, 0..4));
    let spend = spend.prop_map(|(points, fate, parts)| Spend { points, fate, parts });
    let returns = [ExpiredReturn::Original, ExpiredReturn::GraceDays(3), ExpiredReturn::Fresh];
    let returns = proptest::sample::select(returns.to_vec());
    (sales, vec(spend, 1..5), any::<[bool; 2]>(), returns).prop_map(|(sales, mut spends, which, returns)| {
        let [is_late, is_debt] = which;
        if is_late && returns != ExpiredReturn::Original {
            // What a hold lets go after the expiry has expired, and what is returned then comes as a new lot: of the two,
            // the first to flow back is what is clawed back.
            spends.iter_mut().for_each(|spend| spend.fate = Fate::Redeemed);
        }
        let mut program =
            ProgramSettings::new("AUD".parse().unwrap(), "Australia/Melbourne".parse().unwrap());
        program.earn = vec![Earn {
            period: Some(Period::new(5, PeriodType::Days)),
            point_definition_id: Some(DefinitionId::new(1).unwrap()),
            ..Earn::new(Points::from(1), Amount::from(1))
        }];
        program.exchange_rate = Some(ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap());
        program.point_scale = 0;
        program.clawback = if is_debt { Clawback::Debt } else { Clawback::Shortfall };
        program.expired_return = returns;
        Story { program, sales, spends, is_late }
    })
}

/// Parts that are no more than the whole together.
fn parts(whole: u32, parts: &[u32]) -> Vec<u32> {
    let mut left = whole;
    let some = parts.iter().map(|part| {
        let part = left.min(*part);
        left -= part;
        part
    });
    some.filter(|part| *part > 0).collect()
}

/// A customer, and what happened so far.
struct Till {
    world: World<MemoryStore>,
    now: Micros,
    sales: Vec<TransactionId>,
    holds: BTreeMap<usize, HoldId>,
    redemptions: BTreeMap<usize, (RedemptionId, u32)>,
}

impl Till {
    /// What was bought and spent; and what is to come back.
    fn new(story: &Story, start: Micros) -> Result<(Self, Vec<Do>), TestCaseError> {
        let program = story.program.clone();
        let definitions = vec![plain(LotKind::Point, 91, None)];
        let case = Case { program, start, definitions, steps: Vec::new() };
        let world = World::compared(&case, MemoryStore::new())?;
        let (sales, holds, redemptions) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut till = Self { world, now: start, sales, holds, redemptions };
        let mut to_come = Vec::new();
        for (place, (total, back, _)) in story.sales.iter().enumerate() {
            let sale = PostTransaction::new(profile_id(0), Amount::from(*total));
            let Some(Outcome::PostTransaction(sale)) = till.send(sale)? else { continue };
            till.sales.push(sale.id);
            to_come.extend(parts(*total, back).into_iter().map(|part| Do::ReturnSale(place, part)));
            till.now += HOUR;
        }
        let later = start + if story.is_late { 10 * DAY } else { DAY };
        for (place, spend) in story.spends.iter().enumerate() {
            till.spend(place, spend, later + HOUR, &mut to_come)?;
            till.now += HOUR;
        }
        for (place, (.., stay)) in story.sales.iter().enumerate() {
            let is_late = story.is_late;
            to_come.extend(till.go(till.sales[place], *stay, is_late)?.map(Do::ComeBack));
        }
        till.now = later;
        Ok((till, to_come))
    }

    /// What is left of what a sale earned goes to another profile, unless some of it is held; answers whether it comes back
    /// at any time.
    fn go(&mut self, sale: TransactionId, stay: Stay, is_late: bool) -> Result<Option<LotId>, TestCaseError> {
        let earned = self.world.ledger.at(timestamp(self.now)).transaction(sale).unwrap().unwrap().earned;
        let Some(lot) = earned[0].lot.filter(|_| stay != Stay::Here) else { return Ok(None) };
        let has_left = self.send(Reassign::new(lot, profile_id(1)))?.is_some();
        if has_left && (stay == Stay::Back || is_late && stay == Stay::BackLater) {
            self.send(Reassign::new(lot, profile_id(0)))?;
        }
        Ok(Some(lot).filter(|_| has_left && stay == Stay::BackLater && !is_late))
    }

    fn spend(
        &mut self,
        place: usize,
        spend: &Spend,
        lapse: Micros,
        to_come: &mut Vec<Do>,
    ) -> Result<(), TestCaseError> {
        let (who, amount) = (profile_id(0), Amount::from(spend.points));
        if spend.fate == Fate::Redeemed {
            let redeem = Redeem::lenient(who, amount).with_strategies([PayWith::Points]);
            // There may be nothing left.
            let Some(Outcome::Redeem(made)) = self.send(redeem)? else { return Ok(()) };
            let total = whole(made.total);
            self.redemptions.insert(place, (made.id, total));
            to_come.extend(parts(total, &spend.parts).into_iter().map(|part| Do::Return(place, part)));
            return Ok(());
        }
        let until = if spend.fate == Fate::Lapses { lapse } else { lapse + 30 * DAY };
        let mut hold = PlaceHold::lenient(who, amount).with_strategies([PayWith::Points]);
        hold.expires_in = Some(u32::try_from((until - self.now) / SECOND).unwrap());
        let Some(Outcome::PlaceHold(placed)) = self.send(hold)? else { return Ok(()) };
        self.holds.insert(place, placed.id);
        match spend.fate {
            Fate::Captured(share) => {
                let total = (whole(placed.total) * share / 100).max(1);
                to_come.push(Do::Capture(place, total));
                to_come.extend(parts(total, &spend.parts).into_iter().map(|part| Do::Return(place, part)));
            }
            Fate::Released => to_come.push(Do::Release(place)),
            _ => {}
        }
        Ok(())
    }

    fn send(&mut self, request: impl Into<Request>) -> Result<Option<Outcome>, TestCaseError> {
        let command = Command::new(timestamp(self.now), request.into());
        Ok(self.world.run(&command)?.ok().map(|receipt| receipt.outcome))
    }

    /// All of it, in an order. What cannot be done yet is done later.
    fn all(&mut self, mut order: Vec<Do>) -> Checked {
        while !order.is_empty() {
            let step = order.remove(0);
            let request: Request = match step {
                Do::Wait(is_swept) => {
                    self.now += 2 * HOUR;
                    if !is_swept {
                        continue;
                    }
                    Sweep::ProfileId(profile_id(0)).into()
                }
                Do::ReturnSale(sale, amount) => {
                    ReturnTransaction::new(self.sales[sale], Amount::from(amount)).into()
                }
                Do::Capture(place, amount) => {
                    CaptureHold::part(self.holds[&place], Amount::from(amount)).into()
                }
                Do::ComeBack(lot) => Reassign::new(lot, profile_id(0)).into(),
                Do::Release(place) => ReleaseHold::new(self.holds[&place]).into(),
                Do::Return(place, amount) => match self.redemptions.get(&place) {
                    Some((redemption, _)) => {
                        ReturnRedemption::strict(*redemption, Amount::from(amount)).into()
                    }
                    None => {
                        order.push(step);
                        continue;
                    }
                },
            };
            let outcome = self.send(request)?;
            prop_assert!(outcome.is_some(), "{:?} is refused", step);
            if let (Do::Capture(place, amount), Some(Outcome::CaptureHold(made))) = (step, outcome) {
                self.redemptions.insert(place, (made.id, amount));
            }
        }
        Ok(())
    }

    /// What there is in the end: of each sale, how its own lots stand and what it owes; and what each of two profiles has.
    fn end(&mut self) -> Result<(Vec<String>, [ValuedBalances; 2]), TestCaseError> {
        self.world.now = self.now;
        self.world.check_now()?;
        let mut till = self.world.ledger.at(timestamp(self.now));
        let balances = [0, 1].map(|profile| till.balances(profile_id(profile)).unwrap());
        let wallet = till.wallet(profile_id(0)).unwrap();
        let sales: Vec<String> = self.sales.iter().map(|sale| of_sale(&wallet, *sale)).collect();
        Ok((sales, balances))
    }
}

/// By the transaction, whose own lot each lot is, or was.
fn owner(details: Option<&scrip::journal::LotDetails>) -> Option<TransactionId> {
    match details?.origin? {
        Origin::Earned { transaction, .. } => Some(transaction),
        Origin::Returned { transaction, .. } => transaction,
        _ => None,
    }
}

/// How the own lots of a transaction stand, those that stand in for it added up; and what it owes, which must be what
/// the rule says.
fn of_sale(wallet: &Wallet, sale: TransactionId) -> String {
    let (mut lots, mut own) = (BTreeMap::new(), Vec::new());
    for lot in wallet.points().iter().filter(|lot| owner(lot.details.as_deref()) == Some(sale)) {
        own.push(lot.id);
        let is_own = lot.details.as_ref().is_some_and(|details| !details.was_reassigned);
        if is_own && !matches!(lot.status, LotStatus::Exhausted | LotStatus::Moved) {
            let sums: &mut (i64, i64) = lots.entry(format!("{:?}", lot.status)).or_default();
            sums.0 += lot.value_remaining.ten_thousandths();
            sums.1 += lot.value_held.ten_thousandths();
        }
    }
    let owed = wallet.owed().into_iter().filter(|owed| owed.transaction == sale);
    let owed: Vec<_> = owed.map(|owed| (owed.policy, owed.points.ten_thousandths())).collect();
    let sum: i64 = owed.iter().map(|(_, points)| points).sum();
    assert_eq!(sum, owes(wallet, sale, &own), "rule X5: what {sale} owes, in {wallet:#?}");
    format!("{lots:?}, owed {owed:?}")
}

/// Rule X5, with nothing paid: the claim, less what was earned and is not out.
fn owes(wallet: &Wallet, sale: TransactionId, own: &[LotId]) -> i64 {
    let (mut claim, mut earned, mut out, mut left) = (0, 0, 0, BTreeSet::new());
    for entry in wallet.journal() {
        match &entry.kind {
            EntryKind::Clawback(clawed) if clawed.transaction == sale => {
                claim += clawed.points.ten_thousandths();
            }
            EntryKind::Issue(issue) if own.contains(&issue.lot) => {
                if let Some(Origin::Earned { .. }) = issue.details.as_ref().and_then(|details| details.origin)
                {
                    earned += issue.value_initial.ten_thousandths();
                }
            }
            EntryKind::Return(back) => {
                let items = back.items.iter().filter(|item| own.contains(&item.lot));
                let is_ignored = bug("a return that does not lower what its lot's transaction owes");
                out -=
                    if is_ignored { 0 } else { items.map(|item| item.points.ten_thousandths()).sum::<i64>() };
            }
            // Only the first time: when it goes again, it is the sale's own no more.
            EntryKind::ReassignOut(moved) => {
                let after = moved.change.after;
                let is_first = own.contains(&after.lot) && left.insert(after.lot);
                out += if is_first { after.remaining.ten_thousandths() } else { 0 };
            }
            _ => {}
        }
    }
    let redeemed = wallet.redemptions().flat_map(|made| made.items.iter().copied());
    let holds: Vec<_> = wallet.holds().filter(|hold| hold.status == HoldStatus::Held).collect();
    let held = holds.iter().flat_map(|hold| hold.items.iter().copied());
    let given = redeemed.chain(held).filter(|item| own.contains(&item.lot));
    out += given.map(|item| item.points.ten_thousandths()).sum::<i64>();
    (claim - (earned - out)).max(0)
}

fn whole(amount: Amount) -> u32 {
    u32::try_from(amount.ten_thousandths() / 10_000).unwrap()
}

proptest! {
    #![proptest_config(config(200))]

    /// Rule X5: returns of sales, returns of redemptions, releases, lapses, swept or not, and captures lead to the same
    /// lots, debts and shortfalls in whatever order they come; and so do they where what was earned goes to another profile
    /// before, and whenever it comes back.
    ///
    /// Catches: a lapse that claws back only where it is swept; of a transaction's lots, only the first gives back (X5).
    #[test]
    fn the_order_of_returns_is_irrelevant(
        story in story(),
        start in crate::model::programs::start(),
        one in any::<u128>(),
        other in any::<u128>(),
    ) {
        let mut ends = Vec::new();
        for seed in [one, other] {
            let (mut till, mut to_come) = Till::new(&story, start)?;
            to_come.push(Do::Wait(seed % 2 == 0));
            let order = shuffled(to_come, seed);
            let told = format!("{order:?}");
            till.all(order).map_err(|error| till.world.with_story(error))?;
            ends.push((till.end()?, told));
        }
        prop_assert_eq!(&ends[0].0, &ends[1].0, "{} and {}", ends[0].1, ends[1].1);
    }
}

/// In an order that a number stands for.
fn shuffled(mut steps: Vec<Do>, seed: u128) -> Vec<Do> {
    let mut order = Vec::new();
    let mut rest = seed / 2;
    while !steps.is_empty() {
        let count = u128::try_from(steps.len()).unwrap();
        order.push(steps.remove(usize::try_from(rest % count).unwrap()));
        rest /= count;
    }
    order
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        the_order_of_returns_is_irrelevant,
        &[
            "a return that does not lower what its lot's transaction owes",
            "a lot that came back, and takes what it gave as its sale's own",
        ],
    );
}
