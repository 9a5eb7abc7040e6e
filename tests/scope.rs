//! What lots pay of a basket (rules S): the ledger against Hall's condition, which knows no flow.

mod planted;

use planted::{bug, catches, config};
use proptest::prelude::*;
use proptest::sample::select;
use scrip::account::Account;
use scrip::definition::Scope;
use scrip::journal::{Item, LotKind, PaidLines};
use scrip::program::ProgramSettings;
use scrip::request::{Line, ReturnLine, Strategy as Pay};
use scrip::store::MemoryError;
use scrip::time::Until;
use scrip::value::ExchangeRate;
use scrip::{
    Amount, Define, Error, IssuePoints, IssueReward, Ledger, LotId, MemoryStore, PointDefinition, Points,
    ProfileId, Program, Redeem, Redemption, ReturnRedemption, RewardDefinition, Timestamp,
};

const TAGS: [&str; 3] = ["shoes", "sale", "food"];

/// A lot: its value, `only` and `except` tags, and a minimum spend.
type Lot = (u32, Vec<&'static str>, Vec<&'static str>, Option<u32>);

/// A basket and a wallet. Lots expire in the order in which they are here.
#[derive(Clone, Debug)]
struct Case {
    lots: Vec<Lot>,
    points: Vec<u32>,
    points_first: bool,
    lines: Vec<(u32, Vec<&'static str>)>,
    amount: u32,
}

fn tags(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(&TAGS[..]), 0..=most)
}

fn case() -> impl Strategy<Value = Case> {
    let lot = (1_u32..9, tags(2), tags(1), prop::option::weighted(0.2, 1_u32..25));
    let lots = prop::collection::vec(lot, 1..=6);
    let points = prop::collection::vec(1_u32..700, 0..=2);
    let lines = prop::collection::vec((0_u32..9, tags(2)), 1..=6);
    (lots, (points, any::<bool>()), lines, 1_u32..30).prop_map(
        |(lots, (points, points_first), lines, amount)| Case { lots, points, points_first, lines, amount },
    )
}

/// A till with the lots of a case.
struct Till {
    ledger: Ledger<MemoryStore>,
    lots: Vec<LotId>,
}

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

fn alice() -> ProfileId {
    ProfileId::new("alice").unwrap()
}

impl Till {
    fn new(case: &Case) -> Self {
        let rate = ExchangeRate::new(Points::from(150), Amount::from(1)).unwrap();
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "Australia/Melbourne".parse().unwrap());
        let program = Program::try_from(settings.with_exchange_rate(rate)).unwrap();
        let mut ledger = Ledger::new(program, MemoryStore::new());
        let mut at = ledger.at(now());
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = at.commit(Define::from(ten)).unwrap().id;
        let points = PointDefinition::new("points".parse().unwrap(), "Points");
        let points = at.commit(Define::from(points)).unwrap().id;
        let mut lots = Vec::new();
        for (place, (value, only, except, minimum)) in case.lots.iter().enumerate() {
            let mut scope = Scope::only(only.iter().copied()).with_except(except.iter().copied());
            scope.minimum_spend = minimum.map(Amount::from);
            let expiry: Until = format!("2025-07-{:02}", place + 1).parse().unwrap();
            let issue = IssueReward::new(alice(), ten).with_value(Amount::from(*value)).with_expiry(expiry);
            lots.push(at.commit(issue.with_scope(scope)).unwrap().id);
        }
        for value in &case.points {
            let issue = IssuePoints::new(alice(), points).with_value(Points::from(*value));
            lots.push(at.commit(issue).unwrap().id);
        }
        Self { ledger, lots }
    }

    fn redeem(&mut self, case: &Case, amount: u32) -> Result<Redemption, Error<MemoryError>> {
        self.ledger.at(now()).commit(redeem(case, amount, lines(case)))
    }

    /// What is left of each lot.
    fn left(&mut self) -> Vec<(LotId, String)> {
        let wallet = self.ledger.at(now()).wallet(alice()).unwrap();
        let rewards = wallet.rewards().into_iter().map(|lot| (lot.id, lot.value_remaining.to_string()));
        let points = wallet.points().into_iter().map(|lot| (lot.id, lot.value_remaining.to_string()));
        let mut all: Vec<_> = rewards.chain(points).collect();
        all.sort();
        all
    }

    /// The journal replays, with every check that an auditor makes (rules J2 and J3).
    fn check(&mut self) {
        let wallet = self.ledger.at(now()).wallet(alice()).unwrap();
        let account = Account::replay(Some(alice()), self.lots[0].number(), wallet.journal()).unwrap();
        assert!(account.is_conserved() && account == *wallet.account());
    }
}

fn lines(case: &Case) -> Vec<Line> {
    let line = |(place, (amount, tags)): (usize, &(u32, Vec<&str>))| {
        Line::new(place.to_string(), Amount::from(*amount)).with_tags(tags.iter().copied())
    };
    case.lines.iter().enumerate().map(line).collect()
}

fn strategies(case: &Case) -> [Pay; 2] {
    if case.points_first { [Pay::Points, Pay::Rewards] } else { [Pay::Rewards, Pay::Points] }
}

fn redeem(case: &Case, amount: u32, lines: Vec<Line>) -> Redeem {
    Redeem::strict(alice(), Amount::from(amount)).with_strategies(strategies(case)).with_lines(lines)
}

/// What each source pays of each line, in cents, by the text of rules S2 to S4 and Hall's condition: sources can give these
/// totals together if no set of them gives more than the lines cost which it may pay.
fn by_hall(case: &Case, amount: i64) -> Vec<Vec<i64>> {
    let cost: Vec<i64> = case.lines.iter().map(|(dollars, _)| i64::from(*dollars) * 100).collect();
    let mut sources: Vec<(i64, Vec<bool>)> = Vec::new();
    for (value, only, except, minimum) in &case.lots {
        let may = |tags: &Vec<&str>| {
            (only.is_empty() || only.iter().any(|tag| tags.contains(tag)))
                && !except.iter().any(|tag| tags.contains(tag))
        };
        let lines: Vec<bool> = case.lines.iter().map(|(_, tags)| may(tags)).collect();
        let spend: i64 = cost.iter().zip(&lines).filter(|(_, may)| **may).map(|(cost, _)| cost).sum();
        let is_enough = spend >= i64::from(minimum.unwrap_or(0)) * 100;
        sources.push((if is_enough { i64::from(*value) * 100 } else { 0 }, lines));
    }
    let points = i64::from(case.points.iter().sum::<u32>()) * 100 / 150;
    let place = if case.points_first { 0 } else { sources.len() };
    sources.insert(place, (points, vec![true; cost.len()]));
    let count = sources.len();
    // What a set of sources, and one line more, leaves for one source more.
    let leaves = |set: usize, with: &[bool], gives: &[i64], cost: &[i64]| -> i64 {
        let is_in = |source: &usize| set >> source & 1 == 1;
        let reaches =
            |line: usize| with[line] || (0..count).filter(is_in).any(|source| sources[source].1[line]);
        let lines: i64 = (0..cost.len()).filter(|line| reaches(*line)).map(|line| cost[line]).sum();
        lines - (0..count).filter(is_in).map(|source| gives[source]).sum::<i64>()
    };
    let (mut totals, mut left) = (vec![0; count], amount);
    for source in 0..count {
        let sets =
            if bug("lots that each keep within their lines, and do not together") { 1 } else { 1 << source };
        let most = (0..sets).map(|set| leaves(set, &sources[source].1, &totals, &cost)).min().unwrap();
        totals[source] = most.min(sources[source].0).min(left);
        left -= totals[source];
    }
    let mut rest = cost.clone();
    let mut paid = vec![vec![0; cost.len()]; count];
    for source in 0..count {
        for line in (0..cost.len()).filter(|line| sources[source].1[*line]) {
            let mut one = vec![false; cost.len()];
            one[line] = true;
            let later = (0..1 << count).filter(|set| set & ((2 << source) - 1) == 0);
            let most = later.map(|set| leaves(set, &one, &totals, &rest)).min().unwrap();
            let share = most.min(totals[source] - paid[source].iter().sum::<i64>());
            paid[source][line] = share;
            rest[line] -= share;
        }
    }
    paid
}

/// The same of a redemption: a row for each source.
fn shares(case: &Case, till: &Till, items: &[Item], lines: &PaidLines) -> Vec<Vec<i64>> {
    let mut rows = vec![vec![0; case.lines.len()]; case.lots.len() + 1];
    for (item, shares) in items.iter().zip(lines.iter()) {
        let place = till.lots.iter().position(|lot| *lot == item.lot).unwrap();
        let row = match (item.kind(), case.points_first) {
            (LotKind::Point, true) => 0,
            (LotKind::Point, false) => case.lots.len(),
            (_, first) => place + usize::from(first),
        };
        for share in shares {
            rows[row][share.id.parse::<usize>().unwrap()] += share.amount.ten_thousandths() / 100;
        }
    }
    rows
}

proptest! {
    #![proptest_config(config(400))]

    /// Rules S2 to S4 and C7: who pays which line, refused only if there is no allotment, and a quote is what commits.
    ///
    /// Catches: greedy by lines; a minimum spend tested on what the lot could pay; each point lot as a source.
    #[test]
    fn lots_pay_what_the_rules_say(case in case()) {
        let mut till = Till::new(&case);
        let expected = by_hall(&case, i64::from(case.amount) * 100);
        let could: i64 = expected.iter().flatten().sum();
        let quote = till.ledger.at(now()).quote(&redeem(&case, case.amount, lines(&case)));
        match till.redeem(&case, case.amount) {
            Ok(made) => {
                let paid = made.lines.as_ref().unwrap();
                prop_assert_eq!(shares(&case, &till, &made.items, paid), expected);
                let quote = quote.unwrap();
                prop_assert_eq!((quote.items, quote.lines), (made.items.clone(), made.lines.clone()));
            }
            Err(error) => {
                let basket = case.lines.iter().map(|(dollars, _)| dollars).sum::<u32>();
                let code = if case.amount > basket { "above_basket" } else { "insufficient_value" };
                prop_assert_eq!(error.code(), code);
                prop_assert_eq!(quote.unwrap_err().code(), code);
                prop_assert!(could < i64::from(case.amount) * 100);
            }
        }
        till.check();
    }

    /// Rule S5: lines come back in any order, with amounts between them; no line gives back more than was paid of it, and at
    /// last everything is where it was.
    ///
    /// Catches: a return by amount that a later return by lines does not know of; points that go back line by line.
    #[test]
    fn lines_come_back_in_any_order(case in case(), parts in prop::collection::vec((0_usize..6, 1_u32..900), 0..5)) {
        let mut till = Till::new(&case);
        let before = till.left();
        let Ok(made) = till.redeem(&case, case.amount) else { return Ok(()) };
        let mut left: Vec<i64> = vec![0; case.lines.len()];
        for row in shares(&case, &till, &made.items, made.lines.as_ref().unwrap()) {
            left.iter_mut().zip(row).for_each(|(line, share)| *line += share);
        }
        for (number, (line, cents)) in parts.into_iter().enumerate() {
            let line = line % case.lines.len();
            let amount = Amount::from_ten_thousandths(i64::from(cents) * 100).unwrap();
            let part = ReturnRedemption::of_lines(made.id, [ReturnLine::part(line.to_string(), amount)]);
            let answer = till.ledger.at(now()).commit(part);
            let is_known = !bug("a return of lines that a later one does not know of");
            if i64::from(cents) <= left[line] {
                prop_assert_eq!(answer.unwrap().total, amount);
                left[line] -= i64::from(cents) * i64::from(is_known);
            } else {
                prop_assert_eq!(answer.unwrap_err().code(), "return_above_line");
            }
            if number == 1 && left.iter().sum::<i64>() > 1 {
                let cent = Amount::from_ten_thousandths(100).unwrap();
                till.ledger.at(now()).commit(ReturnRedemption::strict(made.id, cent)).unwrap();
                // Which line that was, what can still come back tells.
                for (line, left) in left.iter_mut().enumerate() {
                    let more = Amount::from_ten_thousandths((*left + 1) * 100).unwrap();
                    let part = ReturnRedemption::of_lines(made.id, [ReturnLine::part(line.to_string(), more)]);
                    let Err(Error::Rejected(scrip::Rejection::ReturnAboveLine { left: now_left, .. })) =
                        till.ledger.at(now()).commit(part) else { panic!("more than was paid came back") };
                    prop_assert!([*left, *left - 1].contains(&(now_left.ten_thousandths() / 100)));
                    *left = now_left.ten_thousandths() / 100;
                }
            }
            till.check();
        }
        for (line, _) in left.iter().enumerate().filter(|(_, left)| **left > 0) {
            let all = ReturnRedemption::of_lines(made.id, [ReturnLine::all(line.to_string())]);
            till.ledger.at(now()).commit(all).unwrap();
        }
        prop_assert_eq!(till.left(), before);
        till.check();
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(lots_pay_what_the_rules_say, &["lots that each keep within their lines, and do not together"]);
    catches(lines_come_back_in_any_order, &["a return of lines that a later one does not know of"]);
}
