//! `scrip report breakage` and `deferral`: how much will never be used, and the revenue that waits for it.

use std::str::FromStr;

use scrip::Amount;
use scrip::journal::LotKind;
use scrip::report::{ChainLadder, Cohort, Cohorts, Deferral, Recognised};
use scrip::value::Sum;

use super::sheet::{Sheet, figure, print, print_csv, print_json};
use super::{Format, Source};
use crate::failure::{Failure, Status};
use crate::place::Where;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Rewards,
    Points,
}

#[derive(Clone, Debug, clap::Args)]
pub struct BreakageArgs {
    #[command(flatten)]
    place: Where,
    #[arg(long, default_value = "rewards")]
    kind: Kind,
    #[arg(long, default_value = "table")]
    format: Format,
}

/// The curves and the estimate from them, as JSON says it.
#[derive(serde::Serialize)]
struct Breakage {
    method: &'static str,
    cohorts: Vec<Cohort>,
    estimate: ChainLadder,
}

pub async fn run(args: &BreakageArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let kind = match args.kind {
        Kind::Rewards => LotKind::Reward,
        Kind::Points => LotKind::Point,
    };
    let mut cohorts = Cohorts::new(kind, source.zone(), source.now);
    source.each(|journal| cohorts.add(journal)).await?;
    let cohorts = cohorts.rows();
    let breakage = Breakage { method: "chain_ladder", estimate: ChainLadder::of(&cohorts), cohorts };
    let decimals = source.decimals(kind);
    match args.format {
        Format::Json => print_json(&breakage)?,
        Format::Csv => print_csv(&curves(&breakage.cohorts, "", decimals))?,
        Format::Table => {
            let title = format!("{}: redeemed by the end of each month since issue", source.title(kind));
            print(&sheets(&breakage.cohorts, &breakage.estimate, &title, decimals))?;
        }
    }
    Ok(Status::Done)
}

/// The curves, and the estimate from them.
pub fn sheets(cohorts: &[Cohort], ladder: &ChainLadder, title: &str, decimals: u8) -> Vec<Sheet> {
    vec![curves(cohorts, title, decimals), factors(ladder, decimals), estimate(ladder, decimals)]
}

fn curves(cohorts: &[Cohort], title: &str, decimals: u8) -> Sheet {
    let ages = cohorts.iter().map(|cohort| cohort.redeemed.len()).max().unwrap_or(0);
    let head =
        ["month".to_owned(), "issued".to_owned()].into_iter().chain((0..ages).map(|age| age.to_string()));
    let mut sheet = Sheet::new(title, head);
    for cohort in cohorts {
        let mut cells = vec![cohort.month.format("%Y-%m").to_string(), figure(cohort.issued, decimals)];
        cells.extend(
            (0..ages)
                .map(|age| cohort.redeemed.get(age).map_or_else(String::new, |sum| figure(*sum, decimals))),
        );
        sheet.rows.push(cells);
    }
    sheet
}

fn factors(estimate: &ChainLadder, decimals: u8) -> Sheet {
    let head = ["to month", "redeemed before", "redeemed after"];
    let mut sheet =
        Sheet::new("Chain ladder: growth from one month of age to the next, of the cohorts old enough", head);
    for (age, factor) in estimate.factors.iter().enumerate() {
        let (before, after) = (figure(factor.before, decimals), figure(factor.after, decimals));
        sheet.rows.push(vec![(age + 1).to_string(), before, after]);
    }
    sheet
}

fn estimate(estimate: &ChainLadder, decimals: u8) -> Sheet {
    let head = ["month", "issued", "redeemed", "expected in all", "never used"];
    let mut sheet = Sheet::new("Estimate, by the chain ladder", head);
    let row = |name: String, sums: [Sum; 4]| {
        std::iter::once(name).chain(sums.map(|sum| figure(sum, decimals))).collect::<Vec<_>>()
    };
    let mut all = [Sum::ZERO; 4];
    for of in &estimate.cohorts {
        let sums = [of.issued, of.redeemed, of.expected, of.unused];
        all.iter_mut().zip(sums).for_each(|(all, sum)| *all = all.plus(sum));
        sheet.rows.push(row(of.month.format("%Y-%m").to_string(), sums));
    }
    sheet.rows.push(row("all".to_owned(), all));
    sheet
}

/// What was used by the end of a period, of what was expected then: `4500/9700`.
#[derive(Clone, Copy, Debug)]
struct Use {
    used: Amount,
    expected: Amount,
}

impl FromStr for Use {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "must be what was used by the end of the period, of what is expected in all: 4500/9700".to_owned()
        };
        let (used, expected) = text.split_once('/').ok_or_else(wrong)?;
        let amount = |text: &str| text.parse().map_err(|error| format!("{error}"));
        Ok(Self { used: amount(used)?, expected: amount(expected)? })
    }
}

#[derive(Clone, Debug, clap::Args)]
pub struct DeferralArgs {
    /// The part of the sales' price that is allotted to what was issued
    #[arg(long, value_name = "AMOUNT")]
    allotted: Amount,
    /// Used by the end of a period since the beginning, of what is expected then to be used in all; once for each period
    #[arg(long = "period", value_name = "USED/EXPECTED", required = true)]
    periods: Vec<Use>,
    /// The decimals of the currency
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=4))]
    decimals: u8,
    #[arg(long, default_value = "table")]
    format: Format,
}

pub fn deferral(args: &DeferralArgs) -> Result<Status, Failure> {
    let mut deferral = Deferral::new(args.allotted, args.decimals);
    let rows: Vec<Recognised> =
        args.periods.iter().map(|of| deferral.close(of.used.into(), of.expected.into())).collect();
    let head = ["period", "used", "expected", "recognised", "recognised in all", "deferred"];
    let mut sheet = Sheet::new("Deferred revenue, in proportion to use", head);
    for (place, row) in rows.iter().enumerate() {
        let money =
            [row.recognised, row.recognised_in_all, row.deferred].map(|sum| figure(sum, args.decimals));
        let cells = [(place + 1).to_string(), row.used.to_string(), row.expected.to_string()];
        sheet.rows.push(cells.into_iter().chain(money).collect());
    }
    match args.format {
        Format::Json => print_json(&rows)?,
        Format::Csv => print_csv(&sheet)?,
        Format::Table => print(&[sheet])?,
    }
    Ok(Status::Done)
}
