//! `scrip report all`: every report of the ledger, for a terminal or as one page.

use std::fmt::Write as _;

use scrip::journal::{Flow, LotKind};
use scrip::report::{Ageing, AgeingRow, ChainLadder, Cohort, Cohorts, Liability, LiabilityRow, Measure};
use scrip::rust_decimal::Decimal;
use scrip::value::Sum;

use super::chart::{self, Bar};
use super::sheet::{Sheet, print};
use super::{PeriodArgs, Source, ageing, breakage, liability, of_journal};
use crate::failure::{Failure, Status, say};
use crate::place::Where;

#[derive(Clone, Debug, clap::Args)]
pub struct AllArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    periods: PeriodArgs,
    /// Print one self-contained page, with pictures
    #[arg(long)]
    html: bool,
}

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
figure { margin: 1rem 0; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 34rem; max-width: 760px; height: auto; }
svg text { fill: currentColor; }
svg [stroke='#000000'] { stroke: currentColor; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { padding: 0.15rem 0.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
th:first-child, td:first-child { text-align: left; }
@media print { :root { color-scheme: light; } body { max-width: none; font-size: 10pt; } section { break-inside: avoid; } figure, .wide { overflow: visible; } svg { min-width: 0; } }
";

/// One picture with its tables.
struct Part {
    title: String,
    about: &'static str,
    picture: Option<String>,
    sheets: Vec<Sheet>,
}

pub async fn run(args: &AllArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let all = All::read(&mut source, &args.periods).await?;
    let parts = all.parts(&source)?;
    if args.html {
        say(&page(&source, &parts))?;
    } else {
        print(&parts.into_iter().flat_map(|part| part.sheets).collect::<Vec<_>>())?;
    }
    Ok(Status::Done)
}

/// All figures, from one reading of the journals.
struct All {
    liability: Vec<LiabilityRow>,
    ageing: Vec<AgeingRow>,
    cohorts: [(LotKind, Vec<Cohort>); 2],
}

impl All {
    async fn read(source: &mut Source, periods: &PeriodArgs) -> Result<Self, Failure> {
        let (zone, now) = (source.zone(), source.now);
        let mut liability = Liability::new(periods.cuts(source.program(), now)?);
        let mut ageing = Ageing::new(zone, now);
        let mut cohorts = [LotKind::Reward, LotKind::Point].map(|kind| (kind, Cohorts::new(kind, zone, now)));
        source
            .try_each(|journal| {
                let mut add = || {
                    liability.add(journal)?;
                    ageing.add(journal)?;
                    cohorts.iter_mut().try_for_each(|(_, cohorts)| cohorts.add(journal))
                };
                add().map_err(|error| of_journal(journal, &error))
            })
            .await?;
        Ok(Self {
            liability: liability.totals(source.program()),
            ageing: ageing.rows(),
            cohorts: cohorts.map(|(kind, cohorts)| (kind, cohorts.rows())),
        })
    }

    fn parts(&self, source: &Source) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        for (measure, kind) in [(Measure::Rewards, LotKind::Reward), (Measure::Points, LotKind::Point)] {
            let rows: Vec<LiabilityRow> =
                self.liability.iter().filter(|row| row.measure == measure).cloned().collect();
            if rows.iter().all(LiabilityRow::is_empty) {
                continue;
            }
            let worth = self
                .liability
                .iter()
                .filter(|row| measure == Measure::Points && row.measure == Measure::PointsWorth);
            let tables: Vec<LiabilityRow> = rows.iter().chain(worth).cloned().collect();
            parts.push(Part {
                title: format!("What is owed: {}", source.title(kind)),
                about: "From what was owed before the first period to what is owed at the end of the last, and why.",
                picture: Some(chart::bars(&waterfall(&rows))?),
                sheets: liability::sheets(source, &tables),
            });
        }
        for kind in LotKind::ALL {
            let rows: Vec<AgeingRow> = self.ageing.iter().filter(|row| row.kind == kind).copied().collect();
            if !rows.is_empty() {
                parts.push(Part {
                    title: format!("Outstanding, by month of expiry: {}", source.title(kind)),
                    about: "What is owed now, by the month of the last day on which it can be used.",
                    picture: Some(chart::bars(&by_expiry(&rows))?),
                    sheets: ageing::matrices(source, &rows),
                });
            }
        }
        for (kind, cohorts) in &self.cohorts {
            if !cohorts.is_empty() {
                let title = format!("How much is used: {}", source.title(*kind));
                parts.push(Part {
                    about: "Of what was issued in each month, the share that was redeemed since; the newest month is the strongest line.",
                    picture: Some(chart::curves(&shares(cohorts))?),
                    sheets: breakage::sheets(cohorts, &ChainLadder::of(cohorts), &title, source.decimals(*kind)),
                    title,
                });
            }
        }
        Ok(parts)
    }
}

/// The opening balance, each flow over all periods on top of the one before, and the closing balance.
fn waterfall(rows: &[LiabilityRow]) -> Vec<Bar> {
    let ends = rows.first().zip(rows.last());
    let Some((opening, closing)) = ends.map(|(first, last)| (first.opening, last.closing)) else {
        return Vec::new();
    };
    let total = |name: &str, sum: Sum| Bar {
        name: name.to_owned(),
        from: Decimal::ZERO,
        to: sum.to_decimal(),
        is_total: true,
    };
    let (mut bars, mut sum) = (vec![total("opening", opening)], opening);
    for flow in Flow::ALL {
        let change: Sum = rows.iter().map(|row| row.flow(flow)).sum();
        if change != Sum::ZERO {
            let (from, name) = (sum.to_decimal(), flow.name().replace('_', " "));
            sum = sum.plus(change);
            bars.push(Bar { name, from, to: sum.to_decimal(), is_total: false });
        }
    }
    bars.push(total("closing", closing));
    bars
}

/// A bar for each month of expiry, never last; a dozen at most, of which the last has all that is later.
fn by_expiry(rows: &[AgeingRow]) -> Vec<Bar> {
    let mut months: Vec<_> = rows.iter().map(|row| (row.expires.is_none(), row.expires)).collect();
    months.sort_unstable();
    months.dedup();
    let bar = |name: String, of: &dyn Fn(&AgeingRow) -> bool| {
        let sum: Sum = rows.iter().filter(|row| of(row)).map(|row| row.value).sum();
        Bar { name, from: Decimal::ZERO, to: sum.to_decimal(), is_total: true }
    };
    let shown = if months.len() > 12 { 11 } else { months.len() };
    let mut bars: Vec<Bar> = months[..shown]
        .iter()
        .map(|(_, month)| bar(ageing::month(*month), &|row| row.expires == *month))
        .collect();
    if let Some((_, first)) = months.get(shown) {
        let is_later = |row: &AgeingRow| row.expires.is_none() || row.expires >= *first;
        bars.push(bar("later".to_owned(), &is_later));
    }
    bars
}

/// What each cohort redeemed, in percent of what was issued.
fn shares(cohorts: &[Cohort]) -> Vec<Vec<Decimal>> {
    let share = |cohort: &Cohort, sum: &Sum| {
        let percent = sum.to_decimal().checked_mul(Decimal::ONE_HUNDRED);
        percent.and_then(|percent| percent.checked_div(cohort.issued.to_decimal())).unwrap_or(Decimal::ZERO)
    };
    cohorts.iter().map(|cohort| cohort.redeemed.iter().map(|sum| share(cohort, sum)).collect()).collect()
}

fn page(source: &Source, parts: &[Part]) -> String {
    let at = source.zone().local(source.now).format("%Y-%m-%d %H:%M");
    let title = format!("Rewards: what is owed, as of {at} in {}", source.zone().name());
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
        escaped(&title),
        escaped(&title)
    );
    if parts.is_empty() {
        html += "<p>Nothing was ever owed.</p>\n";
    }
    for part in parts {
        let _ =
            writeln!(html, "<section>\n<h2>{}</h2>\n<p>{}</p>", escaped(&part.title), escaped(part.about));
        if let Some(picture) = &part.picture {
            let _ = writeln!(
                html,
                "<figure role=\"img\" aria-label=\"{}\">{picture}</figure>",
                escaped(&part.title)
            );
        }
        part.sheets.iter().for_each(|sheet| table(&mut html, sheet));
        html += "</section>\n";
    }
    html + "</body>\n</html>\n"
}

fn table(html: &mut String, sheet: &Sheet) {
    let row = |tag: &str, cells: &[String]| {
        let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let _ = write!(html, "<div class=\"wide\"><table>\n<caption>{}</caption>\n", escaped(&sheet.title));
    let rows = sheet.rows.iter().map(|cells| row("td", cells)).collect::<String>();
    let _ =
        writeln!(html, "<thead>{}</thead>\n<tbody>\n{rows}</tbody>\n</table></div>", row("th", &sheet.head));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
