//! The liability roll-forward: what is owed at the start of each period, why it changed, and what is owed at its end.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::changes::{OwnedChange, walk};
use super::cuts::{Cuts, Span};
use crate::account::Corrupt;
use crate::id::DefinitionId;
use crate::journal::{Flow, FlowSum, LotKind};
use crate::program::Program;
use crate::value::Sum;
use crate::view::ProfileJournal;

/// The roll-forward of what customers own, by period, kind of value and definition.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)).valid_for(30, PeriodType::Days);
/// # let ten = till.commit(Define::from(ten))?;
/// # till.commit(IssueReward::new(alice, ten.id))?;
/// use scrip::journal::Flow;
/// use scrip::report::{Cuts, Liability};
///
/// // Alice has a reward of 10, usable through 15 July, and spends 4 of it in June.
/// till.commit(Redeem::strict(alice, Amount::from(4)))?;
///
/// let zone = ledger.program().settings().timezone;
/// let cuts = Cuts::months(zone, "2025-06-01".parse()?, "2025-07-31".parse()?)?;
/// let mut liability = Liability::new(cuts);
/// let now = "2025-08-01T09:00:00+10:00".parse()?;
/// for journal in ledger.at(now).journals() {
///     liability.add(&journal?)?;
/// }
///
/// let rows = liability.totals(ledger.program());
/// let (june, july) = (&rows[0], &rows[1]);
/// assert_eq!(june.flow(Flow::Issued).to_string(), "10");
/// assert_eq!(june.flow(Flow::Redeemed).to_string(), "-4");
/// assert_eq!(june.closing.to_string(), "6");
/// // No sweep wrote that the rest expired.
/// assert_eq!((july.flow(Flow::Expired).to_string().as_str(), july.closing), ("-6", Default::default()));
/// assert!(rows.iter().all(|row| row.adds_up()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Liability {
    cuts: Cuts,
    /// For each kind of value and definition, the flows of each period; first those before the first period.
    flows: BTreeMap<(LotKind, Option<DefinitionId>), Vec<Flows>>,
}

/// The sum of each flow, in the order of [`Flow::ALL`]: what comes in is positive, what goes out negative.
type Flows = [Sum; Flow::ALL.len()];

/// What a row of the roll-forward is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Money, of rewards.
    Rewards,
    /// Points.
    Points,
    /// What the points are worth in money, at the program's rate.
    PointsWorth,
    /// Points that cannot be redeemed, and are worth nothing (rule K1).
    StatusPoints,
}

/// One period of the roll-forward: the opening balance, the flows and the closing balance.
///
/// The balances are what is owned: available, pending and held. [`LiabilityRow::adds_up`] holds for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiabilityRow {
    /// The period.
    pub span: Span,
    /// What it is measured in.
    pub measure: Measure,
    /// The definition; `None` in a row of totals, and for lots that were issued from none.
    pub definition_id: Option<DefinitionId>,
    /// What was owned before the period.
    pub opening: Sum,
    /// What is owned at its last instant.
    pub closing: Sum,
    flows: Flows,
}

impl Liability {
    /// A roll-forward over these periods, of no journal yet.
    pub const fn new(cuts: Cuts) -> Self {
        Self { cuts, flows: BTreeMap::new() }
    }

    /// Its periods.
    pub const fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// Adds the journal of a profile, and what falls due for it by the end of the last period.
    ///
    /// Entries after the last period change nothing. Every entry before is [checked](crate::account::Account::follow).
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is added.
    pub fn add(&mut self, journal: &ProfileJournal) -> Result<(), Corrupt> {
        let mut changes = Vec::new();
        walk(journal, self.cuts.end(), &mut |_, change| changes.push(change))?;
        changes.iter().for_each(|change| self.count(change));
        Ok(())
    }

    /// A roll-forward from the sums that a store's tables have, which is quicker than reading every journal.
    ///
    /// What fell due and has no entry yet is in no table: [`Liability::add_due`] adds it, for the profiles that
    /// [`LedgerAt::due_journals`](crate::LedgerAt::due_journals) finds. Until then a balance may be too high.
    pub fn from_flows(cuts: Cuts, flows: impl IntoIterator<Item = FlowSum>) -> Self {
        let mut liability = Self::new(cuts);
        for of in flows {
            liability.count_sum(of.period, (of.kind, of.definition_id), of.flow, of.value);
        }
        liability
    }

    /// Adds only what falls due for a profile by the end of the last period and has no entry yet.
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is added.
    pub fn add_due(&mut self, journal: &ProfileJournal) -> Result<(), Corrupt> {
        let written = journal.entries.last().map_or(0, |last| last.sequence);
        let mut changes = Vec::new();
        walk(journal, self.cuts.end(), &mut |_, change| {
            if change.sequence > written {
                changes.push(change);
            }
        })?;
        changes.iter().for_each(|change| self.count(change));
        Ok(())
    }

    fn count(&mut self, change: &OwnedChange) {
        let place = self.cuts.period(change.at).map_or(0, |period| period.saturating_add(1));
        self.count_sum(place, (change.kind, change.definition_id), change.flow, change.value.into());
    }

    fn count_sum(&mut self, place: usize, of: (LotKind, Option<DefinitionId>), flow: Flow, value: Sum) {
        let periods = self.cuts.spans().len();
        let cells = self.flows.entry(of);
        let cells = cells.or_insert_with(|| vec![Flows::default(); periods.saturating_add(1)]);
        if let Some(sum) = cells.get_mut(place).and_then(|flows| flows.get_mut(flow as usize)) {
            *sum = sum.plus(value);
        }
    }

    /// The rows of each definition, by kind of value and period. Lots without a definition come first.
    pub fn rows(&self) -> Vec<LiabilityRow> {
        let rows = |((kind, definition_id), cells): (&(LotKind, Option<DefinitionId>), &Vec<Flows>)| {
            self.roll(measure(*kind), *definition_id, cells)
        };
        let mut rows: Vec<LiabilityRow> = self.flows.iter().flat_map(rows).collect();
        rows.sort_by_key(|row| (row.measure, row.span, row.definition_id));
        rows
    }

    /// The rows of all definitions together: money, points, what these are worth, and points that cannot be redeemed, if there ever were any; period by period.
    ///
    /// The worth of all points is rounded down once, to the currency's minor unit. The worth of a flow is what it changes in
    /// that of the balance, in the order of the columns; so these rows add up to the cent as well.
    pub fn totals(&self, program: &Program) -> Vec<LiabilityRow> {
        let mut rows = Vec::new();
        let has_status = self.flows.keys().any(|(kind, _)| *kind == LotKind::Status);
        for kind in LotKind::ALL.into_iter().filter(|kind| *kind != LotKind::Status || has_status) {
            let mut together = vec![Flows::default(); self.cuts.spans().len().saturating_add(1)];
            for (_, cells) in self.flows.iter().filter(|((of, _), _)| *of == kind) {
                together.iter_mut().zip(cells).for_each(|(sums, flows)| add(sums, flows));
            }
            rows.extend(self.roll(measure(kind), None, &together));
        }
        let points = rows.iter().filter(|row| row.measure == Measure::Points);
        let worth: Vec<LiabilityRow> = points.map(|row| row.in_worth(program)).collect();
        rows.extend(worth);
        rows
    }

    fn roll(
        &self,
        measure: Measure,
        definition_id: Option<DefinitionId>,
        cells: &[Flows],
    ) -> Vec<LiabilityRow> {
        let mut opening = cells.first().map_or(Sum::ZERO, |before| before.iter().copied().sum());
        let row = |(span, flows): (Span, &Flows)| {
            let closing = opening.plus(flows.iter().copied().sum());
            let row = LiabilityRow { span, measure, definition_id, opening, closing, flows: *flows };
            opening = closing;
            row
        };
        self.cuts.spans().zip(cells.iter().skip(1)).map(row).collect()
    }
}

fn add(sums: &mut Flows, flows: &Flows) {
    sums.iter_mut().zip(flows).for_each(|(sum, flow)| *sum = sum.plus(*flow));
}

const fn measure(kind: LotKind) -> Measure {
    match kind {
        LotKind::Reward => Measure::Rewards,
        LotKind::Point => Measure::Points,
        LotKind::Status => Measure::StatusPoints,
    }
}

impl LiabilityRow {
    /// The sum of one flow: positive for what came in, negative for what went out.
    pub fn flow(&self, flow: Flow) -> Sum {
        self.flows.get(flow as usize).copied().unwrap_or_default()
    }

    /// Whether the opening balance and all flows together are the closing balance.
    pub fn adds_up(&self) -> bool {
        self.opening.plus(self.flows.iter().copied().sum()) == self.closing
    }

    /// Whether nothing was owned before, nothing after, and nothing moved in between.
    pub fn is_empty(&self) -> bool {
        self.opening == Sum::ZERO && self.flows.iter().all(|flow| *flow == Sum::ZERO)
    }

    fn in_worth(&self, program: &Program) -> Self {
        let worth = |points| program.worth_of(points);
        let (mut points, opening) = (self.opening, worth(self.opening));
        let mut before = opening;
        let flows = self.flows.map(|flow| {
            points = points.plus(flow);
            let after = worth(points);
            let change = after.minus(before);
            before = after;
            change
        });
        Self { measure: Measure::PointsWorth, opening, closing: worth(self.closing), flows, ..self.clone() }
    }
}

/// One flat object: the period, then the columns in the order of [`Flow::ALL`] between `opening` and `closing`.
impl Serialize for LiabilityRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("start", &self.span.start)?;
        map.serialize_entry("end", &self.span.end)?;
        map.serialize_entry("measure", &self.measure)?;
        map.serialize_entry("definition_id", &self.definition_id)?;
        map.serialize_entry("opening", &self.opening)?;
        for flow in Flow::ALL {
            map.serialize_entry(flow.name(), &self.flow(flow))?;
        }
        map.serialize_entry("closing", &self.closing)?;
        map.end()
    }
}
