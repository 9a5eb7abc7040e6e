//! What lots pay of the lines of a basket (rules S1 to S4), found by trying: a source gives the most with which all of them can
//! still be placed, and whether they can is told by Hall's condition, which knows no flow.

use scrip::definition::Scope;
use scrip::outcome::UnusedReason;
use scrip::request::Line;

use crate::planted::bug;

use super::money::Raw;

/// Some lines of a basket, a bit for each.
type Lines = u32;

/// What is bought.
#[derive(Clone, Debug)]
pub(super) struct Basket {
    pub(super) ids: Vec<String>,
    amounts: Vec<Raw>,
    tags: Vec<Vec<String>>,
}

/// A reward by its place, or all point lots together: the most that it has, and the lines that it may pay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) reward: Option<usize>,
    pub(super) most: Raw,
    pub(super) lines: Lines,
}

/// What each source pays: in all, and of each line.
#[derive(Clone, Debug)]
pub(super) struct Allotted {
    pub(super) totals: Vec<Raw>,
    pub(super) shares: Vec<Vec<(String, Raw)>>,
}

impl Basket {
    /// Every line has the tags of the request as well.
    pub(super) fn of(lines: Option<&Vec<Line>>, tags: &[String]) -> Option<Self> {
        let lines = lines?;
        let all_tags = |line: &Line| line.tags.iter().chain(tags).cloned().collect();
        Some(Self {
            ids: lines.iter().map(|line| line.id.clone()).collect(),
            amounts: lines.iter().map(|line| line.amount.ten_thousandths().into()).collect(),
            tags: lines.iter().map(all_tags).collect(),
        })
    }

    pub(super) fn total(&self) -> Raw {
        self.amounts.iter().sum()
    }

    fn lines(&self, is_one: impl Fn(usize) -> bool) -> Lines {
        (0..self.amounts.len()).filter(|line| is_one(*line)).map(|line| 1 << line).sum()
    }

    /// The lines that may be paid at all.
    pub(super) fn all(&self) -> Lines {
        self.lines(|line| self.amounts[line] > 0)
    }

    /// The lines that a lot may pay, or why it may pay none (rule S2). What is held was tested when it was held.
    pub(super) fn eligible(&self, scope: Option<&Scope>, is_held: bool) -> Result<Lines, UnusedReason> {
        let Some(scope) = scope else { return Ok(self.all()) };
        let has_one = |line: usize, tags: &[String]| self.tags[line].iter().any(|tag| tags.contains(tag));
        let lines = self.lines(|line| {
            let is_in = scope.only.is_empty() || has_one(line, &scope.only);
            self.amounts[line] > 0 && is_in && !has_one(line, &scope.except)
        });
        let minimum = scope.minimum_spend.map_or(0, |minimum| minimum.ten_thousandths().into());
        match lines {
            0 => Err(UnusedReason::NotEligible),
            _ if !is_held && cost(&self.amounts, lines) < minimum => Err(UnusedReason::BelowMinimum),
            _ => Ok(lines),
        }
    }

    /// Rule S4: the first source gives as much as it can in any allotment, then the second besides that, and so on; and of
    /// its total as much as it can to the first line, then to the next.
    pub(super) fn allot(&self, sources: &[Source], wanted: Raw) -> Allotted {
        let mut gives: Vec<(Lines, Raw)> = Vec::new();
        let mut left = wanted;
        for source in sources {
            let is_alone = bug("lots that each keep within their lines, and do not together");
            let before = if is_alone { &[] } else { &gives[..] };
            let with = |more: Raw| [before, &[(source.lines, more)]].concat();
            let most = largest(left.min(source.most), |more| fit(&with(more), &self.amounts));
            gives.push((source.lines, most));
            left -= most;
        }
        let totals = gives.iter().map(|(_, total)| *total).collect();
        let mut rest = self.amounts.clone();
        let mut shares = Vec::new();
        for source in 0..gives.len() {
            let mut paid = Vec::new();
            let lines = gives[source].0;
            for line in (0..rest.len()).filter(|line| lines >> line & 1 == 1) {
                let after = |share: Raw| {
                    let (mut gives, mut rest) = (gives.clone(), rest.clone());
                    gives[source].1 -= share;
                    rest[line] -= share;
                    (gives, rest)
                };
                let share = largest(gives[source].1.min(rest[line]), |share| {
                    let (gives, rest) = after(share);
                    fit(&gives, &rest)
                });
                (gives, rest) = after(share);
                if share > 0 {
                    paid.push((self.ids[line].clone(), share));
                }
            }
            shares.push(paid);
        }
        Allotted { totals, shares }
    }

    /// Whether a source could give more besides what all of them give.
    pub(super) fn is_room(&self, sources: &[Source], totals: &[Raw], source: usize) -> bool {
        let mut gives: Vec<_> =
            sources.iter().map(|source| source.lines).zip(totals.iter().copied()).collect();
        gives[source].1 += 1;
        fit(&gives, &self.amounts)
    }
}

fn cost(amounts: &[Raw], lines: Lines) -> Raw {
    amounts.iter().enumerate().filter(|(line, _)| lines >> line & 1 == 1).map(|(_, amount)| amount).sum()
}

/// Whether so much from each source can be placed: whatever lines one takes, those that may pay no other give no more than
/// these cost.
fn fit(gives: &[(Lines, Raw)], amounts: &[Raw]) -> bool {
    (0..1 << amounts.len()).all(|lines: Lines| {
        let within = gives.iter().filter(|(may, _)| may & !lines == 0);
        within.map(|(_, total)| total).sum::<Raw>() <= cost(amounts, lines)
    })
}

/// The largest number up to `most` of which something holds that holds of all smaller ones: found by halving.
fn largest(most: Raw, holds: impl Fn(Raw) -> bool) -> Raw {
    if holds(most) {
        return most;
    }
    let (mut fits, mut too_much) = (0, most);
    while too_much - fits > 1 {
        let middle = (fits + too_much) / 2;
        if holds(middle) { fits = middle } else { too_much = middle }
    }
    fits
}
