//! The figures of the reports.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use scrip::journal::{Flow, LotKind};
use scrip::report::{AgeingRow, ChainLadder, Cohort, CohortEstimate, LiabilityRow, Measure};
use scrip::value::Sum;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{Num, Time};

/// One period of the roll-forward: what was owed, why it changed, and what is owed at its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LiabilityRow)]
pub struct LiabilityOut {
    /// The first instant of the period.
    start: Time,
    /// The first instant after it.
    end: Time,
    /// `rewards`, `points`, `points_worth` or `status_points`.
    #[schema(value_type = String)]
    measure: Measure,
    opening: Num,
    /// What came in, positive, and what went out, negative: `issued`, `earned`, `returned`, `revived`, `moved_in`, `redeemed`,
    /// `expired`, `revoked`, `clawed_back`, `adjusted`, `moved_out`. They and the opening balance add up to the closing one.
    flows: BTreeMap<&'static str, Num>,
    closing: Num,
}

impl LiabilityOut {
    pub fn new(row: &LiabilityRow) -> Self {
        Self {
            start: row.span.start.into(),
            end: row.span.end.into(),
            measure: row.measure,
            opening: Num::of(row.opening),
            flows: Flow::ALL.into_iter().map(|flow| (flow.name(), Num::of(row.flow(flow)))).collect(),
            closing: Num::of(row.closing),
        }
    }
}

/// What is owed of one age.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AgeingRow)]
pub struct AgeingOut {
    /// `reward`, `point` or `status`.
    #[schema(value_type = String)]
    kind: LotKind,
    definition_id: Option<u64>,
    /// The month of issue, as `2025-06`.
    issued: String,
    /// The month of the last day of use; null for never.
    expires: Option<String>,
    value: Num,
}

impl AgeingOut {
    pub fn new(row: &AgeingRow) -> Self {
        Self {
            kind: row.kind,
            definition_id: row.definition_id.map(|id| id.get()),
            issued: month(row.issued),
            expires: row.expires.map(month),
            value: Num::of(row.value),
        }
    }
}

/// How much of what was issued is used, month by month, and an estimate of what never will be.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Breakage)]
pub struct BreakageOut {
    /// `chain_ladder`.
    method: &'static str,
    cohorts: Vec<CohortOut>,
}

/// What was issued in a month that is over, and what becomes of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cohort)]
pub struct CohortOut {
    /// The month of issue, as `2025-06`.
    month: String,
    issued: Num,
    /// What was redeemed by the end of that month, of the month after, and so on.
    redeemed: Vec<Num>,
    /// What is expected to be redeemed in all.
    expected: Num,
    /// What is expected never to be used.
    unused: Num,
}

impl BreakageOut {
    pub fn new(cohorts: &[Cohort], ladder: &ChainLadder) -> Self {
        let row = |(cohort, estimate): (&Cohort, &CohortEstimate)| CohortOut {
            month: month(cohort.month),
            issued: Num::of(cohort.issued),
            redeemed: cohort.redeemed.iter().map(|sum: &Sum| Num::of(*sum)).collect(),
            expected: Num::of(estimate.expected),
            unused: Num::of(estimate.unused),
        };
        Self { method: "chain_ladder", cohorts: cohorts.iter().zip(&ladder.cohorts).map(row).collect() }
    }
}

fn month(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}
