//! `scrip report liability`: the roll-forward.

use scrip::chrono::NaiveDate;
use scrip::journal::Flow;
use scrip::report::{Cuts, Liability, LiabilityRow, Measure, Span};
use scrip::value::Sum;
use scrip::{Program, Timestamp, Zone};

use super::sheet::{Sheet, figure, print, print_csv, print_json};
use super::{Format, PeriodArgs, Source, of_journal};
use crate::failure::{Failure, Status};
use crate::place::Where;

#[derive(Clone, Debug, clap::Args)]
pub struct LiabilityArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    periods: PeriodArgs,
    /// A row for each definition
    #[arg(long)]
    definitions: bool,
    /// From the tables that people query, which are brought up to date first: quicker over many profiles
    #[arg(long)]
    projected: bool,
    #[arg(long, default_value = "table")]
    format: Format,
}

pub async fn run(args: &LiabilityArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let cuts = args.periods.cuts(source.program(), source.now)?;
    let liability = if args.projected {
        projected(args, &mut source, cuts).await?
    } else {
        replayed(&mut source, cuts).await?
    };
    let rows = if args.definitions { liability.rows() } else { liability.totals(source.program()) };
    match args.format {
        Format::Json => print_json(&rows)?,
        Format::Csv => print_csv(&list(&source, &rows))?,
        Format::Table => print(&sheets(&source, &rows))?,
    }
    Ok(if rows.iter().all(LiabilityRow::adds_up) { Status::Done } else { Status::Differs })
}

async fn replayed(source: &mut Source, cuts: Cuts) -> Result<Liability, Failure> {
    let mut liability = Liability::new(cuts);
    source.each(|journal| liability.add(journal)).await?;
    Ok(liability)
}

/// The same from the tables, and from the journals of profiles for which something fell due that nothing swept.
async fn projected(args: &LiabilityArgs, source: &mut Source, cuts: Cuts) -> Result<Liability, Failure> {
    source.ledger = args.place.to_write().await?;
    let flows = source.ledger.store().flows(&cuts.instants()).await;
    let flows = flows.map_err(|error| Failure::of("the store", &error))?;
    let last = cuts.spans().last().map_or(cuts.end(), Span::closes_at);
    let mut liability = Liability::from_flows(cuts, flows);
    let mut at = source.ledger.at(source.now);
    let mut journals = at.due_journals(last);
    while let Some(journal) = journals.next().await {
        let journal = journal?;
        liability.add_due(&journal).map_err(|error| of_journal(&journal, &error))?;
    }
    Ok(liability)
}

/// Every row and every column.
fn list(source: &Source, rows: &[LiabilityRow]) -> Sheet {
    let columns = Flow::ALL.map(Flow::name);
    let head =
        ["start", "end", "measure", "definition", "opening"].into_iter().chain(columns).chain(["closing"]);
    let mut sheet = Sheet::new("", head);
    for row in rows {
        let mut cells = vec![
            row.span.start.to_string(),
            row.span.end.to_string(),
            word(row.measure).to_owned(),
            source.handle(row.definition_id).to_owned(),
        ];
        cells.extend(figures(row, &Flow::ALL, decimals(row.measure, source.program())));
        sheet.rows.push(cells);
    }
    sheet
}

/// A table for each measure, with the columns that have anything in them.
pub fn sheets(source: &Source, rows: &[LiabilityRow]) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for measure in [Measure::Rewards, Measure::Points, Measure::PointsWorth, Measure::StatusPoints] {
        let rows: Vec<&LiabilityRow> =
            rows.iter().filter(|row| row.measure == measure && !row.is_empty()).collect();
        let mut flows = Flow::ALL.to_vec();
        flows.retain(|flow| rows.iter().any(|row| row.flow(*flow) != Sum::ZERO));
        let has_definitions = rows.iter().any(|row| row.definition_id.is_some());
        let mut head = vec!["period".to_owned()];
        head.extend(has_definitions.then(|| "definition".to_owned()));
        head.push("opening".to_owned());
        head.extend(flows.iter().map(|flow| flow.name().replace('_', " ")));
        head.push("closing".to_owned());
        let mut sheet = Sheet::new(title(measure, source.program()), head);
        for row in &rows {
            let mut cells = vec![period(source.program().settings().timezone, row.span)];
            cells.extend(has_definitions.then(|| source.handle(row.definition_id).to_owned()));
            cells.extend(figures(row, &flows, decimals(measure, source.program())));
            sheet.rows.push(cells);
        }
        if !rows.is_empty() {
            sheets.push(sheet);
        }
    }
    sheets
}

fn figures(row: &LiabilityRow, flows: &[Flow], decimals: u8) -> Vec<String> {
    let sums = flows.iter().map(|flow| row.flow(*flow));
    std::iter::once(row.opening).chain(sums).chain([row.closing]).map(|sum| figure(sum, decimals)).collect()
}

const fn word(measure: Measure) -> &'static str {
    match measure {
        Measure::Rewards => "rewards",
        Measure::Points => "points",
        Measure::PointsWorth => "points_worth",
        Measure::StatusPoints => "status_points",
    }
}

fn title(measure: Measure, program: &Program) -> String {
    let currency = program.settings().currency.code();
    match measure {
        Measure::Rewards => format!("Rewards, {currency}"),
        Measure::Points => "Points".to_owned(),
        Measure::StatusPoints => "Points that cannot be redeemed".to_owned(),
        Measure::PointsWorth => format!("Worth of the points, {currency}"),
    }
}

fn decimals(measure: Measure, program: &Program) -> u8 {
    match measure {
        Measure::Rewards | Measure::PointsWorth => program.settings().currency.minor_unit(),
        Measure::Points | Measure::StatusPoints => program.settings().point_scale,
    }
}

/// A period by its days, if it begins and ends with one: a month, a day, or from one to another.
fn period(zone: Zone, span: Span) -> String {
    let first = zone.local(span.start).date();
    let last = zone.local(span.closes_at()).date();
    let is_whole =
        is_end(zone, span.end, last) && first.pred_opt().is_some_and(|day| is_end(zone, span.start, day));
    if !is_whole {
        return format!("{} to {}", zone.local(span.start), zone.local(span.end));
    }
    if first == last {
        return first.to_string();
    }
    if first == super::first_of(first, 0) && last == super::last_of(first) {
        return first.format("%Y-%m").to_string();
    }
    format!("{first} to {last}")
}

/// Whether a day ends at an instant.
fn is_end(zone: Zone, at: Timestamp, day: NaiveDate) -> bool {
    zone.end_of_day(day) == Ok(at)
}
