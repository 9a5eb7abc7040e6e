//! The allotment against enumeration, in whole units (rule S4).

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, proptest};
use proptest::test_runner::{TestCaseError, TestRunner};

use super::{LineSet, Source, allot};
use crate::value::Amount;

/// A basket in whole units: what each line costs, what each source has, and which lines it may pay.
#[derive(Clone, Debug)]
struct Case {
    lines: Vec<u8>,
    sources: Vec<(u8, u8)>,
    amount: u8,
}

fn case() -> impl Strategy<Value = Case> {
    let lines = prop::collection::vec(0_u8..4, 1..=6);
    let sources = prop::collection::vec((0_u8..6, any::<u8>()), 1..=6);
    (lines, sources, 1_u8..16).prop_map(|(lines, sources, amount)| Case { lines, sources, amount })
}

/// Shares of lots and of lines, as the ledger gives them: a row for each source.
fn ours(case: &Case) -> Vec<Vec<u8>> {
    let unit = |units: u8| Amount::from(u32::from(units));
    let lines: Vec<Amount> = case.lines.iter().map(|line| unit(*line)).collect();
    let sources = case.sources.iter().map(|(capacity, mask)| {
        let mut lines = LineSet::EMPTY;
        (0..case.lines.len()).filter(|line| mask & 1 << line != 0).for_each(|line| lines.insert(line));
        Source { capacity: unit(*capacity), lines }
    });
    let sources: Vec<Source> = sources.collect();
    let allotment = allot(&lines, &sources, unit(case.amount));
    let row = |source: usize| {
        let mut row = vec![0; lines.len()];
        for (line, amount) in allotment.shares()[source].iter().copied() {
            row[line] = u8::try_from(amount.ten_thousandths() / 10_000).unwrap();
        }
        row
    };
    (0..sources.len()).map(row).collect()
}

/// Enumerates every allotment in whole units, source by source, and keeps the one with the largest totals in the order of
/// the sources, and among those the largest shares in the order of sources and lines.
struct Enumeration<'a> {
    case: &'a Case,
    rows: Vec<Vec<u8>>,
    best: Option<(Vec<u8>, Vec<Vec<u8>>)>,
}

impl Enumeration<'_> {
    fn of(case: &Case) -> Vec<Vec<u8>> {
        let mut all = Enumeration { case, rows: Vec::new(), best: None };
        all.source(&case.lines, case.amount);
        all.best.unwrap().1
    }

    fn source(&mut self, room: &[u8], left: u8) {
        let Some((capacity, mask)) = self.case.sources.get(self.rows.len()).copied() else {
            let totals: Vec<u8> = self.rows.iter().map(|row| row.iter().sum()).collect();
            let found = (totals, self.rows.clone());
            if self.best.as_ref().is_none_or(|best| *best < found) {
                self.best = Some(found);
            }
            return;
        };
        // What is worse than the best so far by its totals need not be looked at.
        let totals: Vec<u8> = self.rows.iter().map(|row| row.iter().sum()).collect();
        if self.best.as_ref().is_some_and(|(best, _)| totals.as_slice() < &best[..totals.len()]) {
            return;
        }
        self.line(&mut vec![0; room.len()], 0, capacity.min(left), mask, room, left);
    }

    fn line(&mut self, row: &mut Vec<u8>, line: usize, most: u8, mask: u8, room: &[u8], left: u8) {
        if line == room.len() {
            let rest: Vec<u8> = room.iter().zip(&*row).map(|(room, paid)| room - paid).collect();
            let given: u8 = row.iter().sum();
            self.rows.push(row.clone());
            self.source(&rest, left - given);
            self.rows.pop();
            return;
        }
        let upper = if mask & 1 << line == 0 { 0 } else { room[line].min(most) };
        for paid in (0..=upper).rev() {
            row[line] = paid;
            self.line(row, line + 1, most - paid, mask, room, left);
        }
        row[line] = 0;
    }
}

/// Catches: greedy by lines instead of a flow, so that a lot which could have paid another line keeps one from a lot that
/// cannot; a path that takes from the total of an earlier lot; lines fixed in the order in which they were found.
#[test]
fn the_allotment_is_the_one_that_enumeration_finds() {
    let cases = std::env::var("ALLOTMENTS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000);
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let same = |case: Case| {
        let (found, expected) = (ours(&case), Enumeration::of(&case));
        if found == expected {
            Ok(())
        } else {
            Err(TestCaseError::fail(format!("{found:?}, not {expected:?}")))
        }
    };
    runner.run(&case(), same).unwrap();
}

proptest! {
    /// Catches: a path whose steps leave a line above its amount, or a source above what it has.
    #[test]
    fn large_baskets_keep_within_what_there_is(
        lines in prop::collection::vec(0_u32..50, 200..=500),
        sources in prop::collection::vec((0_u32..900, any::<u64>()), 1..=30),
        amount in prop::sample::select(vec![1_u32, 500, 20_000]),
        seed in Just(0x9E37_79B9_7F4A_7C15_u64),
    ) {
        let lines: Vec<Amount> = lines.into_iter().map(Amount::from).collect();
        let sources: Vec<Source> = sources.iter().map(|(capacity, tags)| {
            let mut set = LineSet::EMPTY;
            let tag = |line: usize| (line as u64).wrapping_mul(seed) >> 58;
            (0..lines.len()).filter(|line| tags >> tag(*line) & 1 == 1).for_each(|line| set.insert(line));
            Source { capacity: Amount::from(*capacity), lines: set }
        }).collect();
        let allotment = allot(&lines, &sources, Amount::from(amount));
        let mut paid = vec![Amount::ZERO; lines.len()];
        for (number, source) in sources.iter().enumerate() {
            let mut sum = Amount::ZERO;
            for (line, share) in allotment.shares()[number].iter().copied() {
                assert!(source.lines.contains(line) && !share.is_zero());
                (paid[line], sum) = (paid[line].plus(share), sum.plus(share));
            }
            assert!(sum == allotment.given(number) && sum <= source.capacity);
        }
        assert!(paid.iter().zip(&lines).all(|(paid, line)| paid <= line));
        let total = paid.iter().fold(Amount::ZERO, |sum, paid| sum.plus(*paid));
        assert!(total <= Amount::from(amount));
    }
}
