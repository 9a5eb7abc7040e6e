//! How long lots and lines take (rule S4): a quote of 20 rewards, most of them scoped, on 200 lines; one of the same basket
//! for 20 rewards that pay anything, which reads and answers as much and has nothing to allot; and one without lines.
//! `cargo bench --bench scope` prints all three.
//!
//! Baskets are drawn once, at random with a fixed seed, and each quote is checked: its shares add up to its total, and no
//! line is paid more than it costs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use scrip::definition::Scope;
use scrip::request::Line;
use scrip::{
    Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, Redeem, RewardDefinition, Timestamp,
};

const LOTS: u32 = 20;
const LINES: u32 = 200;
const BASKETS: usize = 200;
const ROUNDS: usize = 20;

fn main() {
    let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
    let [alice, bob] = ["alice", "bob"].map(|name| ProfileId::new(name).unwrap());
    let mut random = Random(42);
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
    let mut till = ledger.at(now);
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = till.commit(Define::from(ten)).unwrap().id;
    for lot in 0..LOTS {
        let value = Amount::from(20 + random.below(200));
        till.commit(IssueReward::new(bob, ten).with_value(value)).unwrap();
        let issue = IssueReward::new(alice, ten).with_value(value);
        // Every fourth pays anything.
        let scope = Scope::only([tag(&mut random), tag(&mut random)]).with_except([tag(&mut random)]);
        let issue = if lot % 4 == 0 { issue } else { issue.with_scope(scope) };
        till.commit(issue).unwrap();
    }
    let baskets: Vec<Redeem> = (0..BASKETS).map(|_| basket(alice, &mut random)).collect();
    let unscoped: Vec<Redeem> = baskets.iter().map(|redeem| redeem.clone().with_profile(bob)).collect();
    for redeem in baskets.iter().chain(&unscoped) {
        check(redeem, &till.quote(redeem).unwrap());
    }
    let plain = vec![Redeem::lenient(alice, Amount::from(40)); BASKETS];
    for (name, requests) in [
        ("without lines", &plain),
        ("20 lots that pay anything, on 200 lines", &unscoped),
        ("20 lots on 200 lines", &baskets),
    ] {
        // The quickest of some rounds for each basket: what else the machine does is left out.
        let quickest = requests.iter().map(|redeem| {
            let one = (0..ROUNDS).map(|_| {
                let begin = Instant::now();
                drop(std::hint::black_box(till.quote(redeem)));
                begin.elapsed()
            });
            one.min().unwrap()
        });
        let together: Duration = quickest.sum();
        println!("{name}: {:?} a quote", together / u32::try_from(requests.len()).unwrap());
    }
}

fn tag(random: &mut Random) -> String {
    format!("tag-{}", random.below(12))
}

fn basket(profile: ProfileId, random: &mut Random) -> Redeem {
    let lines: Vec<Line> = (0..LINES)
        .map(|id| {
            let tags: Vec<String> = (0..random.below(4)).map(|_| tag(random)).collect();
            Line::new(id.to_string(), Amount::from(1 + random.below(9))).with_tags(tags)
        })
        .collect();
    Redeem::lenient(profile, Amount::from(5_000)).with_lines(lines)
}

fn check(redeem: &Redeem, quote: &scrip::outcome::Quote) {
    let lines = redeem.lines.iter().flatten();
    let mut left: BTreeMap<&str, i64> =
        lines.map(|line| (line.id.as_str(), line.amount.ten_thousandths())).collect();
    let mut paid = 0;
    for share in quote.lines.as_ref().unwrap().iter().flatten() {
        *left.get_mut(share.id.as_str()).unwrap() -= share.amount.ten_thousandths();
        paid += share.amount.ten_thousandths();
    }
    assert!(left.values().all(|left| *left >= 0), "a line is paid more than it costs");
    assert_eq!(paid, quote.total.ten_thousandths());
}

/// A generator that gives the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % most
    }
}
