//! Reports for finance, each as figures and as a picture: what is owed and why it changed, when it expires, how much of it
//! is used. Every journal is read for one.

mod picture;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Datelike as _, Months, NaiveDate};
use scrip::journal::{Flow, LotKind};
use scrip::report::{
    Ageing, AgeingRow, ChainLadder, Cohort, CohortEstimate, Cohorts, Cuts, Liability, LiabilityRow, Measure,
};
use scrip::value::Sum;

use self::picture::Bar;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::report::{AgeingOut, BreakageOut, LiabilityOut};

const SVG: &str = "image/svg+xml";

pub async fn liability(call: Call) -> Result<Response, Problem> {
    let rows = liability_rows(&call).await?;
    Ok(answer::ok(&rows.iter().map(LiabilityOut::new).collect::<Vec<_>>()))
}

/// The roll-forward of rewards as a waterfall: from what was owed to what is.
pub async fn liability_picture(call: Call) -> Result<Response, Problem> {
    let mut rows = liability_rows(&call).await?;
    rows.retain(|row| row.measure == Measure::Rewards);
    let currency = call.app.backend.program().settings().currency;
    let title = format!("What is owed in rewards, and why it changed, {}", currency.code());
    Ok(answer::text(StatusCode::OK, SVG, picture::bars(&title, &waterfall(&rows))))
}

async fn liability_rows(call: &Call) -> Result<Vec<LiabilityRow>, Problem> {
    let backend = &call.app.backend;
    let liability = Liability::new(cuts(call)?);
    let liability = backend.each_journal(call.at, liability, Liability::add).await?;
    Ok(liability.totals(backend.program()))
}

/// The periods: months, or days, from the first of last month to the end of that month unless the query says otherwise.
fn cuts(call: &Call) -> Result<Cuts, Problem> {
    let zone = call.app.backend.program().settings().timezone;
    let day = |name: &str| -> Result<Option<NaiveDate>, Problem> {
        let Some(text) = call.query.get(name) else { return Ok(None) };
        let day = text
            .parse()
            .map_err(|_| Problem::invalid(name, format!("`{text}` is not a date such as 2025-06-30")));
        day.map(Some)
    };
    let this_month = first_of(zone.local(call.at).date());
    let first = day("from")?.or(this_month.checked_sub_months(Months::new(1))).unwrap_or(this_month);
    let month_end = first_of(first).checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    let last = day("to")?.or(month_end).unwrap_or(first);
    let cuts = match call.query.get("by") {
        None | Some("month") => Cuts::months(zone, first, last),
        Some("day") => Cuts::days(zone, first, last),
        Some(other) => return Err(Problem::invalid("by", format!("`{other}` is neither day nor month"))),
    };
    cuts.map_err(|error| Problem::invalid("to", error.to_string()))
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The opening balance, each flow over all periods on top of the one before, and the closing balance.
fn waterfall(rows: &[LiabilityRow]) -> Vec<Bar> {
    let opening = rows.first().map_or(Sum::ZERO, |row| row.opening);
    let mut bars = vec![Bar::total("opening", opening)];
    let mut sum = opening;
    for flow in Flow::ALL {
        let change: Sum = rows.iter().map(|row| row.flow(flow)).sum();
        if change != Sum::ZERO {
            let from = sum;
            sum = sum.plus(change);
            bars.push(Bar::change(flow.name().replace('_', " "), from, sum));
        }
    }
    bars.push(Bar::total("closing", sum));
    bars
}

pub async fn ageing(call: Call) -> Result<Response, Problem> {
    let rows = ageing_rows(&call).await?;
    Ok(answer::ok(&rows.iter().map(AgeingOut::new).collect::<Vec<_>>()))
}

/// What is owed in rewards, by the month of the last day of use.
pub async fn ageing_picture(call: Call) -> Result<Response, Problem> {
    let mut rows = ageing_rows(&call).await?;
    rows.retain(|row| row.kind == LotKind::Reward);
    let currency = call.app.backend.program().settings().currency;
    let title = format!("Rewards outstanding, by the month of their last day, {}", currency.code());
    Ok(answer::text(StatusCode::OK, SVG, picture::bars(&title, &by_expiry(&rows))))
}

async fn ageing_rows(call: &Call) -> Result<Vec<AgeingRow>, Problem> {
    let backend = &call.app.backend;
    let ageing = Ageing::new(backend.program().settings().timezone, call.at);
    Ok(backend.each_journal(call.at, ageing, Ageing::add).await?.rows())
}

/// A bar for each month, never last; a dozen at most, of which the last one has all that is later.
fn by_expiry(rows: &[AgeingRow]) -> Vec<Bar> {
    const MOST: usize = 12;
    let mut months: Vec<_> = rows.iter().map(|row| (row.expires.is_none(), row.expires)).collect();
    months.sort_unstable();
    months.dedup();
    let place = |row: &AgeingRow| months.binary_search(&(row.expires.is_none(), row.expires)).unwrap_or(0);
    let mut bars = Vec::new();
    for (at, (_, month)) in months.iter().enumerate().take(MOST) {
        let is_rest = at + 1 == MOST && months.len() > MOST;
        let of = rows.iter().filter(|row| if is_rest { place(row) >= at } else { place(row) == at });
        let sum = of.map(|row| row.value).sum();
        let month = month.map_or_else(|| "never".to_owned(), |day| day.format("%Y-%m").to_string());
        bars.push(Bar::total(if is_rest { "later" } else { &month }, sum));
    }
    bars
}

pub async fn breakage(call: Call) -> Result<Response, Problem> {
    let cohorts = cohorts(&call).await?;
    Ok(answer::ok(&BreakageOut::new(&cohorts, &ChainLadder::of(&cohorts))))
}

/// Of what was issued in each month: what was used, and is expected to be, and what never will be.
pub async fn breakage_picture(call: Call) -> Result<Response, Problem> {
    let estimates = ChainLadder::of(&cohorts(&call).await?).cohorts;
    let bar = |one: &CohortEstimate| Bar::total(&one.month.format("%Y-%m").to_string(), one.unused);
    let bars: Vec<Bar> = estimates.iter().map(bar).collect();
    let title = "What is expected never to be used, by the month of issue (chain ladder)";
    Ok(answer::text(StatusCode::OK, SVG, picture::bars(title, &bars)))
}

async fn cohorts(call: &Call) -> Result<Vec<Cohort>, Problem> {
    let kind = match call.query.get("kind") {
        None | Some("rewards") => LotKind::Reward,
        Some("points") => LotKind::Point,
        Some(other) => {
            return Err(Problem::invalid("kind", format!("`{other}` is neither rewards nor points")));
        }
    };
    let backend = &call.app.backend;
    let cohorts = Cohorts::new(kind, backend.program().settings().timezone, call.at);
    Ok(backend.each_journal(call.at, cohorts, Cohorts::add).await?.rows())
}
