//! Several rates at once, each on the lines that its scope admits (rule K2): whatever comes back, in whatever order, what stays
//! earned is what the kept lines earn.

mod planted;

use std::collections::BTreeMap;

use planted::{bug, catches, config};
use proptest::prelude::*;
use scrip::audit::Auditor;
use scrip::definition::Scope;
use scrip::journal::LotKind;
use scrip::program::{Clawback, Earn, ProgramError, ProgramSettings};
use scrip::request::{DeleteTransaction, Line, ReturnLine, Strategy as Pay, UpdateTransaction};
use scrip::value::ExchangeRate;
use scrip::{
    Amount, CaptureHold, Define, Ledger, MemoryStore, PlaceHold, PointDefinition, Points, PostTransaction,
    ProfileId, Program, Redeem, Redemption, ReleaseHold, Request, ReturnRedemption, ReturnTransaction,
    Timestamp, Transaction,
};

const TAGS: [&str; 3] = ["shoes", "tax", "gift-card"];

/// A sale: what each line costs in cents, and its tags as bits.
type Lines = Vec<(u32, u8)>;

#[derive(Clone, Debug)]
struct Case {
    lines: Lines,
    /// What is on no line.
    rest: u32,
    /// Which line, and how much of what is left of it, in quarters; at which of two instants.
    returns: Vec<(u8, u8)>,
    /// Points that are spent before anything comes back.
    spent: u32,
    is_deleted: bool,
}

/// What is done with points of a sale before anything of it comes back, and what happens then in two orders (rule X5).
#[derive(Clone, Debug)]
struct Afterwards {
    /// Points that are spent at once, held and let go, and held and captured in part: in dollars.
    amounts: [u32; 3],
    /// How much of the redemption, and of the hold that is captured, comes back first or is captured, in quarters.
    quarters: u32,
    policy: Clawback,
    order: Vec<usize>,
}

fn afterwards() -> impl Strategy<Value = Afterwards> {
    let amounts = [0_u32..25, 0_u32..25, 0_u32..25];
    let order = Just((0..MOST_EVENTS).collect::<Vec<usize>>()).prop_shuffle();
    let policy = prop_oneof![3 => Just(Clawback::Debt), 1 => Just(Clawback::Shortfall)];
    (amounts, 1_u32..4, policy, order).prop_map(|(amounts, quarters, policy, order)| Afterwards {
        amounts,
        quarters,
        policy,
        order,
    })
}

/// Six lines, two parts of a redemption, a release and a capture.
const MOST_EVENTS: usize = 10;

fn case() -> impl Strategy<Value = Case> {
    let lines = proptest::collection::vec((0_u32..5_000, 0_u8..8), 1..7);
    let returns = proptest::collection::vec((any::<u8>(), 1_u8..5), 0..8);
    (lines, 0_u32..500, returns, 0_u32..40, proptest::bool::weighted(0.1)).prop_map(
        |(lines, rest, returns, spent, is_deleted)| Case { lines, rest, returns, spent, is_deleted },
    )
}

fn cents(cents: u32) -> Amount {
    Amount::from_ten_thousandths(i64::from(cents) * 100).unwrap()
}

fn tags(bits: u8) -> Vec<&'static str> {
    TAGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, tag)| *tag).collect()
}

/// A point for a dollar of anything that is neither tax nor a gift card; three for two dollars of shoes, of another
/// definition, and seven status points for ten dollars of all.
fn rates(definitions: &[scrip::DefinitionId]) -> Vec<Earn> {
    let of = |points: u32, amount: u32, definition: usize| {
        let mut earn = Earn::new(Points::from(points), Amount::from(amount));
        earn.point_definition_id = definitions.get(definition).copied();
        earn
    };
    vec![
        of(1, 1, 0).with_scope(Scope::except(["tax", "gift-card"])),
        of(3, 2, 1).with_scope(Scope::only(["shoes"])),
        of(7, 10, 2),
    ]
}

fn program(rates: Vec<Earn>, policy: Clawback) -> Program {
    let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
    let exchange = ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap();
    let mut settings = settings.with_point_scale(0).with_exchange_rate(exchange).with_earn(rates);
    settings.clawback = policy;
    settings.try_into().unwrap()
}

fn at(minute: u32) -> Timestamp {
    format!("2025-06-15T{:02}:{:02}:00Z", minute / 60, minute % 60).parse().unwrap()
}

/// What each rate earns on so many cents of each line, and of what is on none.
fn naive(lines: &[(u32, u8)], rest: u32) -> [u32; 3] {
    let sum = |is_in: &dyn Fn(u8) -> bool| -> u32 {
        lines.iter().filter(|(_, tags)| is_in(*tags)).map(|(cents, _)| cents).sum()
    };
    let all = sum(&|_| true) + rest;
    if bug("a base that is rounded line by line") {
        let by_line = lines.iter().filter(|(_, tags)| tags & 0b110 == 0).map(|(cents, _)| cents / 100).sum();
        return [by_line, sum(&|tags| tags & 1 == 1) * 3 / 200, all * 7 / 1_000];
    }
    [sum(&|tags| tags & 0b110 == 0) / 100, sum(&|tags| tags & 1 == 1) * 3 / 200, all * 7 / 1_000]
}

struct Shop {
    ledger: Ledger<MemoryStore>,
    store: MemoryStore,
    alice: ProfileId,
    sale: Transaction,
}

fn open(case: &Case) -> Shop {
    open_with(case, Clawback::Debt)
}

fn open_with(case: &Case, policy: Clawback) -> Shop {
    let store = MemoryStore::new();
    let program = |rates| program(rates, policy);
    let mut ledger = Ledger::new(program(Vec::new()), store.clone());
    let mut definitions = Vec::new();
    for (handle, is_redeemable) in [("base", true), ("shoes", true), ("status", false)] {
        let mut point = PointDefinition::new(handle.parse().unwrap(), handle);
        point.is_redeemable = is_redeemable;
        definitions.push(ledger.at(at(0)).commit(Define::from(point)).unwrap().id);
    }
    let mut ledger = Ledger::new(program(rates(&definitions)), store.clone());
    let alice = ProfileId::new("alice").unwrap();
    let lines = case.lines.iter().enumerate();
    let lines =
        lines.map(|(id, (amount, bits))| Line::new(id.to_string(), cents(*amount)).with_tags(tags(*bits)));
    let total = case.lines.iter().map(|(amount, _)| amount).sum::<u32>() + case.rest;
    let sale = PostTransaction::new(alice, cents(total)).with_lines(lines);
    let sale = ledger.at(at(1)).commit(sale).unwrap();
    Shop { ledger, store, alice, sale }
}

fn earned(sale: &Transaction) -> Vec<u32> {
    sale.earned
        .iter()
        .map(|earned| u32::try_from(earned.points.ten_thousandths() / 10_000).unwrap())
        .collect()
}

/// Every entry passes the auditor, who states the rules a second time.
fn audit(shop: &mut Shop) {
    for journal in shop.ledger.at(at(200)).journals() {
        let journal = journal.unwrap();
        let mut auditor = Auditor::new(Some(journal.profile_id), journal.number);
        journal.entries.iter().for_each(|entry| auditor.follow(entry).unwrap());
        auditor.check_end().unwrap();
    }
}

/// Points that are spent: what of them is taken back cannot come from the lots, and is owed.
fn spend(shop: &mut Shop, case: &Case) -> Option<Redemption> {
    let redeem = Redeem::lenient(shop.alice, Amount::from(case.spent)).with_strategies([Pay::Points]);
    match shop.ledger.at(at(2)).commit(redeem) {
        Ok(redemption) => Some(redemption),
        Err(error) => {
            assert!(["not_positive", "insufficient_value"].contains(&error.code()), "{error}");
            None
        }
    }
}

/// How much of each line comes back: each line once.
fn parts(case: &Case) -> Vec<(usize, u32)> {
    let mut parts: BTreeMap<usize, u32> = BTreeMap::new();
    for (pick, quarters) in &case.returns {
        let line = usize::from(*pick) % case.lines.len();
        parts.insert(line, case.lines[line].0 * u32::from(*quarters) / 4);
    }
    parts.into_iter().filter(|(_, part)| *part > 0).collect()
}

/// Spends and holds points of the sale; answers what happens then: lines come back, the redemption does in two parts, one hold
/// is released and the other captured in part.
fn events(shop: &mut Shop, case: &Case, afterwards: &Afterwards) -> Vec<Request> {
    let mut events: Vec<Request> = Vec::new();
    for (line, part) in parts(case) {
        let wanted = [ReturnLine::part(line.to_string(), cents(part))];
        events.push(ReturnTransaction::of_lines(shop.sale.id, wanted).into());
    }
    let [spent, released, captured] = afterwards.amounts.map(Amount::from);
    let quarters = |all: Amount| {
        let whole = all.ten_thousandths() / 10_000 * i64::from(afterwards.quarters) / 4;
        Amount::from_ten_thousandths(whole * 10_000).unwrap()
    };
    let (alice, mut till) = (shop.alice, shop.ledger.at(at(2)));
    if let Ok(spent) = till.commit(Redeem::lenient(alice, spent).with_strategies([Pay::Points])) {
        let first = quarters(spent.total);
        let rest =
            Amount::from_ten_thousandths(spent.total.ten_thousandths() - first.ten_thousandths()).unwrap();
        let some = [first, rest].into_iter().filter(|part| !part.is_zero());
        events.extend(some.map(|part| ReturnRedemption::strict(spent.id, part).into()));
    }
    if let Ok(hold) = till.commit(PlaceHold::lenient(alice, released).with_strategies([Pay::Points])) {
        events.push(ReleaseHold::new(hold.id).into());
    }
    if let Ok(hold) = till.commit(PlaceHold::lenient(alice, captured).with_strategies([Pay::Points])) {
        let part = quarters(hold.total);
        events.push(if part.is_zero() {
            ReleaseHold::new(hold.id).into()
        } else {
            CaptureHold::part(hold.id, part).into()
        });
    }
    events
}

/// Every lot, the balances, and what each rate owes.
fn end(shop: &mut Shop) -> String {
    let wallet = shop.ledger.at(at(100)).wallet(shop.alice).unwrap();
    let lots = [LotKind::Point, LotKind::Status].into_iter().flat_map(|kind| wallet.account().lots(kind));
    let lots: Vec<_> = lots.map(|lot| (lot.id, lot.remaining)).collect();
    let owed = wallet.owed();
    let owed: Vec<_> = owed
        .iter()
        .map(|owed| (owed.transaction, owed.rate, owed.policy, owed.points, owed.status))
        .collect();
    format!("{lots:?}\n{:?}\n{owed:?}", wallet.balances())
}

/// What is left in the lot of each rate.
fn left(shop: &mut Shop) -> [Points; 3] {
    let wallet = shop.ledger.at(at(120)).wallet(shop.alice).unwrap();
    let lots = [LotKind::Point, LotKind::Status].into_iter().flat_map(|kind| wallet.account().lots(kind));
    let lots: BTreeMap<_, _> = lots.map(|lot| (Some(lot.id), lot.remaining.as_points())).collect();
    std::array::from_fn(|rate| lots.get(&shop.sale.earned[rate].lot).copied().unwrap_or_default())
}

/// Catches: a program whose seventeenth rate, or whose rate's minimum spend, is taken and then ignored; tags in it that no line
/// can have.
#[test]
fn a_program_with_bad_rates_is_refused() {
    let refused = |rates: Vec<Earn>| {
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
        Program::try_from(settings.with_earn(rates)).unwrap_err()
    };
    let rate = Earn::new(Points::from(1), Amount::from(1));
    assert_eq!(refused(vec![rate.clone(); 17]), ProgramError::TooManyRates(17));
    let mut scope = Scope::only(["shoes"]);
    scope.minimum_spend = Some(Amount::from(50));
    assert_eq!(refused(vec![rate.clone().with_scope(scope)]), ProgramError::RateMinimumSpend);
    let many = (0..33).map(|tag| tag.to_string());
    for scope in [Scope::only(many), Scope::except([""]), Scope::only(["x".repeat(65)])] {
        assert_eq!(refused(vec![rate.clone().with_scope(scope)]), ProgramError::RateTags);
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// Catches: a rate that earns on lines which its scope leaves out; a base that is rounded line by line; a clawback from
    /// another rate's lot; rates that are read from the program again after it changed.
    #[test]
    fn what_stays_earned_is_what_the_kept_lines_earn(case in case()) {
        let mut shop = open(&case);
        let mut kept = case.lines.clone();
        prop_assert_eq!(earned(&shop.sale), naive(&kept, case.rest));
        let spent = spend(&mut shop, &case);
        // A restart with another file: what was earned at the old rates goes back at these.
        shop.ledger = Ledger::new(program(vec![Earn::new(Points::from(900), Amount::from(1))], Clawback::Debt), shop.store.clone());
        for ((pick, quarters), minute) in case.returns.iter().zip(3..) {
            let line = usize::from(*pick) % kept.len();
            let part = kept[line].0 * u32::from(*quarters) / 4;
            let wanted = ReturnLine::part(line.to_string(), cents(part));
            let back = shop.ledger.at(at(minute)).commit(ReturnTransaction::of_lines(shop.sale.id, [wanted]));
            if part == 0 {
                prop_assert_eq!(back.unwrap_err().code(), "not_positive");
                continue;
            }
            kept[line].0 -= part;
            let back = back.unwrap();
            prop_assert_eq!(earned(&back.transaction), naive(&kept, case.rest));
        }
        let by_amount = ReturnTransaction::new(shop.sale.id, cents(1));
        prop_assert_eq!(shop.ledger.at(at(90)).commit(by_amount).unwrap_err().code(), "lines_required");
        if case.is_deleted {
            let gone = shop.ledger.at(at(100)).commit(DeleteTransaction::new(shop.sale.id)).unwrap();
            prop_assert_eq!(earned(&gone), [0, 0, 0]);
        } else {
            // Nothing is earned by saying the same again, whatever the program says now.
            let same = PostTransaction::new(shop.alice, shop.sale.total);
            let same = UpdateTransaction::new(shop.sale.id, same);
            let sale = shop.ledger.at(at(100)).commit(same).unwrap();
            prop_assert_eq!(earned(&sale), naive(&kept, case.rest));
        }
        if let Some(spent) = spent {
            // All that was spent comes back: what each rate owes is taken from what comes back to its own lot.
            let back = ReturnRedemption::strict(spent.id, spent.total);
            shop.ledger.at(at(110)).commit(back).unwrap();
        }
        let stays = if case.is_deleted { [0; 3] } else { naive(&kept, case.rest) };
        prop_assert_eq!(left(&mut shop), stays.map(Points::from));
        prop_assert!(shop.ledger.at(at(120)).balances(shop.alice).unwrap().point_debt.is_zero());
        audit(&mut shop);
    }

    /// Rule X5, at several rates: returns of lines, returns of a redemption, a release and a capture lead to the same lots,
    /// debts and shortfalls in any order.
    ///
    /// Catches: what is owed at one rate that a return at another lowers; what flows back to the lot of a later rate and is
    /// not clawed back, or for the first rate.
    #[test]
    fn the_order_of_returns_is_irrelevant(case in case(), afterwards in afterwards()) {
        let mut ends = Vec::new();
        for is_shuffled in [false, true] {
            let mut shop = open_with(&case, afterwards.policy);
            let events = events(&mut shop, &case, &afterwards);
            let shuffled = afterwards.order.iter().filter(|place| **place < events.len()).copied();
            let order: Vec<usize> = if is_shuffled { shuffled.collect() } else { (0..events.len()).collect() };
            let is_lost = is_shuffled && bug("what comes back first, and changes nothing");
            for place in order.into_iter().skip(usize::from(is_lost)) {
                shop.ledger.at(at(3)).commit(events[place].clone()).unwrap();
            }
            audit(&mut shop);
            ends.push(end(&mut shop));
        }
        prop_assert_eq!(&ends[0], &ends[1]);
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(what_stays_earned_is_what_the_kept_lines_earn, &["a base that is rounded line by line"]);
    catches(the_order_of_returns_is_irrelevant, &["what comes back first, and changes nothing"]);
}
