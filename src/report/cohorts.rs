//! How much of what is issued is ever used: redemption by cohort, and an estimate of the rest.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::changes::{OwnedChange, Walk, next_tick, walk};
use crate::account::Corrupt;
use crate::journal::{Flow, LotKind};
use crate::time::{Timestamp, Zone};
use crate::value::Sum;
use crate::view::ProfileJournal;

/// What was issued in each month, and how much of it was redeemed in each month since: redemption curves.
///
/// The month is that of the lot's issue, wherever the lot went. Redeemed is net of returns. Only months that are over at the
/// instant of the report are in it.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
/// # let ten = till.commit(Define::from(ten))?;
/// use scrip::journal::LotKind;
/// use scrip::report::Cohorts;
///
/// till.commit(IssueReward::new(alice, ten.id))?;
/// ledger.at("2025-07-20T14:32:00+10:00".parse()?).commit(Redeem::strict(alice, Amount::from(4)))?;
/// let now = "2025-09-01T00:00:00+10:00".parse()?;
/// let mut cohorts = Cohorts::new(LotKind::Reward, "Australia/Melbourne".parse()?, now);
/// for journal in ledger.at(now).journals() {
///     cohorts.add(&journal?)?;
/// }
/// let june = &cohorts.rows()[0];
/// assert_eq!(june.issued, Amount::from(10).into());
/// // By the end of June, July and August.
/// assert_eq!(june.redeemed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["0", "4", "4"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cohorts {
    kind: LotKind,
    zone: Zone,
    at: Timestamp,
    cells: BTreeMap<Month, Cell>,
}

/// Months since the year 0.
type Month = i32;

#[derive(Clone, Debug, Default)]
struct Cell {
    issued: Sum,
    redeemed: BTreeMap<Month, Sum>,
}

/// What was issued in one month, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Cohort {
    /// The month of issue, by its first day.
    #[serde(serialize_with = "super::day")]
    pub month: NaiveDate,
    /// What was issued or earned, less what was clawed back, revoked or corrected away: what customers could use.
    pub issued: Sum,
    /// What of it was redeemed by the end of the month of issue, of the month after, and so on, net of returns.
    pub redeemed: Vec<Sum>,
}

impl Cohorts {
    /// The curves of one kind of value, as of an instant, with months as they are in a zone.
    pub const fn new(kind: LotKind, zone: Zone, at: Timestamp) -> Self {
        Self { kind, zone, at, cells: BTreeMap::new() }
    }

    /// Adds the journal of a profile.
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is added.
    pub fn add(&mut self, journal: &ProfileJournal) -> Result<(), Corrupt> {
        let mut changes = Vec::new();
        walk(journal, next_tick(self.at), &mut |walk, change| {
            if change.kind == self.kind {
                changes.push((self.issued_in(walk, &change), change));
            }
        })?;
        changes.iter().for_each(|(month, change)| self.count(*month, change));
        Ok(())
    }

    fn issued_in(&self, walk: &Walk, change: &OwnedChange) -> Month {
        let facts = change.lot.and_then(|lot| walk.facts(lot));
        month(self.zone, facts.map_or(change.at, |facts| facts.issued_at))
    }

    fn count(&mut self, issued: Month, change: &OwnedChange) {
        let cell = self.cells.entry(issued).or_default();
        let value: Sum = change.value.into();
        match change.flow {
            Flow::Issued | Flow::Earned | Flow::ClawedBack | Flow::Revoked | Flow::Adjusted => {
                cell.issued = cell.issued.plus(value);
            }
            Flow::Redeemed | Flow::Returned => {
                // A lot that was issued in the future, as it says, is used in the month of its issue at the earliest.
                let sum = cell.redeemed.entry(month(self.zone, change.at).max(issued)).or_default();
                *sum = sum.minus(value);
            }
            Flow::Expired | Flow::Revived | Flow::MovedIn | Flow::MovedOut => {}
        }
    }

    /// The months in which anything was issued, the oldest first. The current month is left out: it is not over.
    pub fn rows(&self) -> Vec<Cohort> {
        let now = month(self.zone, self.at);
        let cohort = |(issued, cell): (&Month, &Cell)| {
            let mut sum = Sum::ZERO;
            let redeemed = (*issued..now).map(|month| {
                sum = sum.plus(cell.redeemed.get(&month).copied().unwrap_or_default());
                sum
            });
            Cohort { month: first_day(*issued), issued: cell.issued, redeemed: redeemed.collect() }
        };
        self.cells.range(..now).map(cohort).collect()
    }
}

fn month(zone: Zone, at: Timestamp) -> Month {
    let date = zone.local(at).date();
    date.year().saturating_mul(12).saturating_add(date.month0().cast_signed())
}

fn first_day(month: Month) -> NaiveDate {
    let of_year = u32::try_from(month.rem_euclid(12)).unwrap_or_default().saturating_add(1);
    NaiveDate::from_ymd_opt(month.div_euclid(12), of_year, 1).unwrap_or_default()
}

/// An estimate, by the chain-ladder method, of how much will ever be redeemed, with everything that it is made from.
///
/// From each month of age to the next, all past cohorts that are old enough say by which factor what was redeemed grew: their
/// redeemed sums are added up before and after, and the factor is the one sum over the other. A younger cohort is taken from its
/// own last sum along the factors to the age of the oldest cohort; nothing is added for a greater age. Each step is rounded
/// down to the ten-thousandth. A cohort is never expected to use more than was issued.
///
/// A cohort that has used nothing yet has no base to grow from, and is expected to use nothing: so look at the curves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChainLadder {
    /// The growth from each month of age to the next, from the first.
    pub factors: Vec<Factor>,
    /// Each cohort with what it is expected to use.
    pub cohorts: Vec<CohortEstimate>,
}

/// The growth of what was redeemed from one month of age to the next: `after` over `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Factor {
    /// What the cohorts that are old enough had redeemed by the earlier age.
    pub before: Sum,
    /// What the same cohorts had redeemed a month later.
    pub after: Sum,
}

/// What a cohort is expected to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CohortEstimate {
    /// The month of issue, by its first day.
    #[serde(serialize_with = "super::day")]
    pub month: NaiveDate,
    /// What was issued.
    pub issued: Sum,
    /// What was redeemed so far.
    pub redeemed: Sum,
    /// What is expected to be redeemed in all.
    pub expected: Sum,
    /// What is expected never to be used: issued less expected.
    pub unused: Sum,
}

impl ChainLadder {
    /// The estimate from these cohorts, the oldest first, as [`Cohorts::rows`] gives them.
    pub fn of(cohorts: &[Cohort]) -> Self {
        let ages = cohorts.iter().map(|cohort| cohort.redeemed.len()).max().unwrap_or(0);
        let factor = |age: usize| {
            let at = |cohort: &Cohort, age: usize| cohort.redeemed.get(age).copied();
            let pairs = cohorts
                .iter()
                .filter_map(|cohort| Some((at(cohort, age)?, at(cohort, age.saturating_add(1))?)));
            pairs.fold(Factor { before: Sum::ZERO, after: Sum::ZERO }, |sum, (before, after)| Factor {
                before: sum.before.plus(before),
                after: sum.after.plus(after),
            })
        };
        let factors: Vec<Factor> = (0..ages.saturating_sub(1)).map(factor).collect();
        let estimate = |cohort: &Cohort| {
            let redeemed = cohort.redeemed.last().copied().unwrap_or_default();
            let coming = factors.iter().skip(cohort.redeemed.len().saturating_sub(1));
            let grown = coming.fold(redeemed, |sum, factor| factor.grow(sum));
            // What was used already stays used, also of a cohort of which much was clawed back since.
            let expected = grown.min(cohort.issued).max(redeemed);
            let unused = cohort.issued.minus(expected);
            CohortEstimate { month: cohort.month, issued: cohort.issued, redeemed, expected, unused }
        };
        Self { cohorts: cohorts.iter().map(estimate).collect(), factors }
    }

    /// What all cohorts together are expected to use.
    pub fn expected(&self) -> Sum {
        self.cohorts.iter().map(|cohort| cohort.expected).sum()
    }

    /// What all cohorts together are expected never to use.
    pub fn unused(&self) -> Sum {
        self.cohorts.iter().map(|cohort| cohort.unused).sum()
    }
}

impl Factor {
    fn grow(self, sum: Sum) -> Sum {
        if self.before <= Sum::ZERO {
            return sum;
        }
        sum.times(self.after, self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Amount;

    fn cohort(month: u32, issued: u32, redeemed: &[u32]) -> Cohort {
        let sum = |value: &u32| Amount::from(*value).into();
        Cohort {
            month: NaiveDate::from_ymd_opt(2025, month, 1).unwrap(),
            issued: sum(&issued),
            redeemed: redeemed.iter().map(sum).collect(),
        }
    }

    /// By hand: from 70 to 140 in the first month of age, and from 40 to 50 in the second.
    ///
    /// Catches: a factor that counts cohorts which are too young for it.
    #[test]
    fn a_young_cohort_grows_as_the_old_ones_did() {
        let cohorts = [cohort(1, 100, &[20, 40, 50]), cohort(2, 200, &[50, 100]), cohort(3, 100, &[30])];
        let estimate = ChainLadder::of(&cohorts);
        let text = |sum: Sum| sum.to_string();
        let factors: Vec<_> =
            estimate.factors.iter().map(|factor| (text(factor.before), text(factor.after))).collect();
        assert_eq!(factors, [("70".into(), "140".into()), ("40".into(), "50".into())]);
        let expected: Vec<_> =
            estimate.cohorts.iter().map(|of| (text(of.expected), text(of.unused))).collect();
        assert_eq!(
            expected,
            [("50".into(), "50".into()), ("125".into(), "75".into()), ("75".into(), "25".into())]
        );
        assert_eq!((text(estimate.expected()), text(estimate.unused())), ("250".into(), "150".into()));
    }

    /// Catches: more expected than was issued.
    #[test]
    fn no_cohort_uses_more_than_was_issued_or_less_than_it_used() {
        let cohorts =
            [cohort(1, 100, &[10, 90]), cohort(2, 100, &[50]), cohort(3, 0, &[]), cohort(4, 10, &[20])];
        let estimate = ChainLadder::of(&cohorts);
        let expected: Vec<_> = estimate.cohorts.iter().map(|of| of.expected.to_string()).collect();
        assert_eq!(expected, ["90", "100", "0", "20"]);
        assert_eq!(ChainLadder::of(&[]).factors, []);
        // Nothing was used by then: no factor.
        assert_eq!(
            ChainLadder::of(&[cohort(1, 9, &[0, 3]), cohort(2, 9, &[2])]).cohorts[1].expected.to_string(),
            "2"
        );
    }
}
