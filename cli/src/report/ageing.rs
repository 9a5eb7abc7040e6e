//! `scrip report ageing`, `forecast` and `expiries`: what is outstanding, and what lapses.

use std::collections::BTreeSet;

use scrip::ProfileId;
use scrip::chrono::{Days, NaiveDate};
use scrip::journal::LotKind;
use scrip::report::{Ageing, AgeingRow, Cuts, Forecast, ForecastRow, OwnedChange, expiries};
use scrip::value::Sum;

use super::sheet::{Sheet, figure, print, print_csv, print_json};
use super::{Format, Source};
use crate::failure::{Failure, Status};
use crate::place::Where;

#[derive(Clone, Debug, clap::Args)]
pub struct AgeingArgs {
    #[command(flatten)]
    place: Where,
    #[arg(long, default_value = "table")]
    format: Format,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ForecastArgs {
    #[command(flatten)]
    place: Where,
    /// How many days ahead
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    days: u16,
    #[arg(long, default_value = "table")]
    format: Format,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ExpiriesArgs {
    /// The profile's id, byte for byte
    profile: ProfileId,
    #[command(flatten)]
    place: Where,
    /// How many of them
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    first: usize,
    #[arg(long, default_value = "table")]
    format: Format,
}

pub async fn ageing(args: &AgeingArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let mut ageing = Ageing::new(source.zone(), source.now);
    source.each(|journal| ageing.add(journal)).await?;
    let rows = ageing.rows();
    match args.format {
        Format::Json => print_json(&rows)?,
        Format::Csv => print_csv(&list(&source, &rows))?,
        Format::Table => print(&matrices(&source, &rows))?,
    }
    Ok(Status::Done)
}

fn list(source: &Source, rows: &[AgeingRow]) -> Sheet {
    let mut sheet = Sheet::new("", ["kind", "definition", "issued", "expires", "value"]);
    sheet.rows = rows
        .iter()
        .map(|row| {
            let value = figure(row.value, source.decimals(row.kind));
            let definition = source.handle(row.definition_id).to_owned();
            vec![word(row.kind).to_owned(), definition, month(Some(row.issued)), month(row.expires), value]
        })
        .collect();
    sheet
}

/// For each kind of value, a row for each month of issue and a column for each month of expiry.
pub fn matrices(source: &Source, rows: &[AgeingRow]) -> Vec<Sheet> {
    let matrix = |kind: LotKind| {
        let rows: Vec<&AgeingRow> = rows.iter().filter(|row| row.kind == kind).collect();
        // Never comes last.
        let expires: BTreeSet<(bool, Option<NaiveDate>)> =
            rows.iter().map(|row| (row.expires.is_none(), row.expires)).collect();
        let issued: BTreeSet<NaiveDate> = rows.iter().map(|row| row.issued).collect();
        let columns = expires.iter().map(|(_, month_of)| month(*month_of)).chain(["all".to_owned()]);
        let mut sheet = Sheet::new(
            format!("{}, by month of issue (down) and month of expiry (across)", source.title(kind)),
            std::iter::once("issued".to_owned()).chain(columns),
        );
        let sum = |of: &dyn Fn(&AgeingRow) -> bool| -> String {
            let sum: Sum = rows.iter().filter(|row| of(row)).map(|row| row.value).sum();
            figure(sum, source.decimals(kind))
        };
        for from in &issued {
            let cells = expires.iter().map(|(_, to)| sum(&|row| row.issued == *from && row.expires == *to));
            let cells = std::iter::once(month(Some(*from))).chain(cells);
            sheet.rows.push(cells.chain([sum(&|row| row.issued == *from)]).collect());
        }
        let cells = expires.iter().map(|(_, to)| sum(&|row| row.expires == *to));
        sheet.rows.push(std::iter::once("all".to_owned()).chain(cells).chain([sum(&|_| true)]).collect());
        (!rows.is_empty()).then_some(sheet)
    };
    LotKind::ALL.into_iter().filter_map(matrix).collect()
}

pub fn month(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "never".to_owned(), |day| day.format("%Y-%m").to_string())
}

pub async fn forecast(args: &ForecastArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let rows = coming(&mut source, args.days).await?;
    match args.format {
        Format::Json => print_json(&rows)?,
        Format::Csv => print_csv(&days(&source, "", &rows))?,
        Format::Table => print(&[days(&source, "Expires after its last day of use, if nobody acts", &rows)])?,
    }
    Ok(Status::Done)
}

async fn coming(source: &mut Source, days: u16) -> Result<Vec<ForecastRow>, Failure> {
    let (zone, now) = (source.zone(), source.now);
    let today = zone.local(now).date();
    let last = today.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX);
    let until = Cuts::days(zone, last, last).map_err(|error| Failure::of("the days", &error))?.end();
    let mut forecast = Forecast::new(zone, now, until);
    source.each(|journal| forecast.add(journal)).await?;
    Ok(forecast.rows())
}

fn days(source: &Source, title: &str, rows: &[ForecastRow]) -> Sheet {
    let mut sheet = Sheet::new(title, ["last_day", "kind", "value"]);
    let row = |row: &ForecastRow| {
        vec![
            row.last_day.to_string(),
            word(row.kind).to_owned(),
            figure(row.value, source.decimals(row.kind)),
        ]
    };
    sheet.rows = rows.iter().map(row).collect();
    sheet
}

pub async fn next(args: &ExpiriesArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let mut rows = match source.journal(args.profile).await? {
        Some(journal) => expiries(&journal, source.now, scrip::Timestamp::MAX)
            .map_err(|error| Failure::of(format!("the journal of {}", args.profile), &error))?,
        None => Vec::new(),
    };
    rows.truncate(args.first);
    match args.format {
        Format::Json => print_json(&rows)?,
        Format::Csv => print_csv(&lots(&source, "", &rows))?,
        Format::Table => print(&[lots(&source, &format!("{}: what expires next", args.profile), &rows)])?,
    }
    Ok(Status::Done)
}

fn lots(source: &Source, title: &str, rows: &[OwnedChange]) -> Sheet {
    let mut sheet = Sheet::new(title, ["expires", "lot", "kind", "definition", "value"]);
    let row = |row: &OwnedChange| {
        let value = Sum::ZERO.minus(row.value.into());
        vec![
            source.zone().local(row.at).to_string(),
            row.lot.map_or_else(String::new, |lot| lot.get().to_string()),
            word(row.kind).to_owned(),
            source.handle(row.definition_id).to_owned(),
            figure(value, source.decimals(row.kind)),
        ]
    };
    sheet.rows = rows.iter().map(row).collect();
    sheet
}

const fn word(kind: LotKind) -> &'static str {
    match kind {
        LotKind::Reward => "reward",
        LotKind::Point => "point",
        LotKind::Status => "status_point",
    }
}
