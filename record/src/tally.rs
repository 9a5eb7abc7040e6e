//! How often each kind of request was accepted, repeated and rejected, and for what.

use std::collections::BTreeMap;

use crate::face::{Answer, Face, Verdict};
use crate::generate::KINDS;

/// The codes that no run reaches: in JSON, an end that is `null` is one that was left out; and four million entries take long.
const OUT_OF_REACH: [&str; 2] = ["no_end", "journal_full"];
/// From how many requests on every other code must have come.
const MANY: usize = 100_000;

#[derive(Default)]
pub struct Tally {
    kinds: BTreeMap<&'static str, [usize; 4]>,
    codes: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub fn count(&mut self, kind: &'static str, answer: &Answer) {
        let column = match answer.verdict {
            Verdict::Done => 0,
            Verdict::Replayed | Verdict::Existing => 1,
            Verdict::Rejected => 2,
            Verdict::Unreadable => 3,
        };
        self.kinds.entry(kind).or_default()[column] += 1;
        if let Some(code) = answer.code {
            *self.codes.entry(code).or_default() += 1;
        }
    }

    pub fn add(&mut self, other: &Self) {
        for (kind, counts) in &other.kinds {
            let sums = self.kinds.entry(kind).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        for (code, count) in &other.codes {
            *self.codes.entry(code).or_default() += count;
        }
    }

    /// Prints all counts, and answers whether each kind was both accepted and rejected, and in a long run every rejection met.
    pub fn print(&self, requests: usize) -> bool {
        let mut is_covered = true;
        println!(
            "{:<20} {:>9} {:>9} {:>9} {:>10}",
            "request", "accepted", "repeated", "rejected", "unreadable"
        );
        for (kind, ..) in KINDS {
            let [accepted, repeated, rejected, unreadable] =
                self.kinds.get(kind).copied().unwrap_or_default();
            println!("{kind:<20} {accepted:>9} {repeated:>9} {rejected:>9} {unreadable:>10}");
            if accepted == 0 || rejected == 0 {
                println!("^ must be accepted at least once, and rejected at least once");
                is_covered = false;
            }
        }
        println!("\n{:<26} {:>9}", "rejection", "times");
        let mut codes: Vec<_> = Face::codes();
        codes.extend(self.codes.keys().filter(|code| !Face::codes().contains(code)));
        for code in codes {
            let times = self.codes.get(code).copied().unwrap_or(0);
            println!("{code:<26} {times:>9}");
            if times == 0 && requests >= MANY && !OUT_OF_REACH.contains(&code) {
                println!("^ must be met at least once");
                is_covered = false;
            }
        }
        is_covered
    }
}
