//! `scrip import`: rewards and points from another system's file.
//!
//! The file is read twice. The first pass (`survey`) writes nothing: it counts the rows and settles by which pattern each
//! column's dates are written. The second (`run`) reads each row by the map, names it (`identity`), issues it, and adds it
//! up. A dry run is the same, on the same store, in a transaction that is rolled back.

mod date;
mod identity;
mod map;
pub mod preset;
mod progress;
mod refused;
mod row;
mod run;
mod slip;
mod source;
mod survey;
mod totals;
mod value;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use scrip::store::Blocking;
use scrip::store::sqlite::{SqliteStore, rusqlite};
use scrip::{AsyncLedger, Program};
use serde::Serialize;

use self::map::{Map, MapArgs};
use self::row::Kind;
use self::run::{INTERRUPTED, Job, Listed, Report, import};
use self::source::Source;
use self::survey::Survey;
use self::totals::Totals;
use crate::failure::{Failure, Status, say};
use crate::place::{self, Access, Place, Where};

/// What `scrip import` is called with.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// What the file is of
    kind: Kind,
    /// The file: CSV or NDJSON, plain or gzip; - for standard input
    file: PathBuf,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    map: MapArgs,
    /// Decide everything and write nothing: the same answers and totals, rolled back
    #[arg(long)]
    dry_run: bool,
    /// Make the definitions that the map describes and the ledger does not have
    #[arg(long)]
    define: bool,
    /// Where to write the rows that were refused, each with the reason; mended, that file can be imported as it is
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// What the old system says there is, as --totals writes it: any difference is exit status 2
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Where to write the totals of the file
    #[arg(long, value_name = "FILE")]
    totals: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The report as JSON says it.
#[derive(Serialize)]
struct Printed<'a> {
    dry_run: bool,
    agree: bool,
    #[serde(flatten)]
    report: &'a Report,
}

pub async fn run(args: &ImportArgs) -> Result<Status, Failure> {
    let program = args.place.program()?;
    let map = Map::load(&args.map)?;
    let expected = args.expect.as_deref().map(expectation).transpose()?;
    let source = Source::open(&args.file, map.file.clone())?;
    let survey = Survey::of(&source, &map)?;
    let job = Job {
        kind: args.kind,
        program: &program,
        at: args.place.now()?,
        map: &map,
        source: &source,
        survey: &survey,
        define: args.define,
        errors: args.errors.as_deref(),
    };
    stop_in_order()?;
    let report = match (&args.place.store, args.dry_run) {
        (_, false) => import(&mut args.place.to_write().await?, &job).await?,
        (Place::Sqlite(path), true) => try_in_sqlite(path, &program, &job).await?,
        (Place::Postgres(url), true) => try_in_postgres(url, &program, &job).await?,
    };
    conclude(args, &report, expected.as_ref())
}

/// An interruption lets the rows in flight end.
fn stop_in_order() -> Result<(), Failure> {
    let stop = || INTERRUPTED.store(true, Ordering::Relaxed);
    ctrlc::set_handler(stop).map_err(|error| Failure::of("signals", &error))
}

fn expectation(path: &Path) -> Result<Totals, Failure> {
    let text = place::read(path)?;
    serde_json::from_slice(&text).map_err(|error| Failure::of(path.display(), &error))
}

/// In a transaction on the file that is rolled back; in a file of its own, if there is none yet.
async fn try_in_sqlite(path: &Path, program: &Program, job: &Job<'_>) -> Result<Report, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of(path.display(), error);
    if !path.exists() {
        let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
        let store = SqliteStore::open_with(folder.path().join("dry-run.sqlite"), place::sqlite_options());
        let store = Blocking(store.map_err(|error| failed(&error))?);
        return import(&mut AsyncLedger::new(program.clone(), store), job).await;
    }
    let connection = rusqlite::Connection::open(path).map_err(|error| failed(&error))?;
    connection
        .execute_batch("PRAGMA cache_size = -12288; BEGIN IMMEDIATE")
        .map_err(|error| failed(&error))?;
    let store = SqliteStore::joining(&connection).map_err(|error| failed(&error))?;
    let report = import(&mut AsyncLedger::new(program.clone(), Blocking(store)), job).await;
    connection.execute_batch("ROLLBACK").map_err(|error| failed(&error))?;
    report
}

/// In a transaction that is rolled back.
async fn try_in_postgres(url: &str, program: &Program, job: &Job<'_>) -> Result<Report, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of("PostgreSQL", error);
    let store = place::postgres(url, Access::Read).await.map_err(|error| failed(&error))?;
    let mut client = store.pool().get().await.map_err(|error| failed(&error))?;
    let mut transaction = client.transaction().await.map_err(|error| failed(&error))?;
    let report = import(&mut AsyncLedger::new(program.clone(), store.joining(&mut transaction)), job).await;
    transaction.rollback().await.map_err(|error| failed(&error))?;
    report
}

/// Says what came of it, and whether it adds up.
fn conclude(args: &ImportArgs, report: &Report, expected: Option<&Totals>) -> Result<Status, Failure> {
    if let Some(path) = &args.totals {
        let text =
            serde_json::to_string_pretty(&report.file).map_err(|error| Failure::of("totals", &error))?;
        std::fs::write(path, text + "\n").map_err(|error| Failure::of(path.display(), &error))?;
    }
    let (table, mut agree) = report.file.beside(&report.ledger, ("file", "ledger"));
    let expected = expected.map(|expected| expected.beside(&report.ledger, ("expected", "ledger")));
    agree &= expected.as_ref().is_none_or(|(_, agree)| *agree);
    if args.json {
        let printed = Printed { dry_run: args.dry_run, agree, report };
        let text = serde_json::to_string_pretty(&printed).map_err(|error| Failure::of("report", &error))?;
        say(&(text + "\n"))?;
    } else {
        let expected = expected.map_or_else(String::new, |(table, _)| format!("\n{table}"));
        let verdict = if agree { "It adds up." } else { "It does not add up: what differs is marked *." };
        say(&format!("{}\n{table}{expected}\n{verdict}\n", summary(args, report)))?;
    }
    Ok(match (report.interrupted, agree) {
        (true, _) => Status::Interrupted,
        (false, true) => Status::Done,
        (false, false) => Status::Differs,
    })
}

fn summary(args: &ImportArgs, report: &Report) -> String {
    let Report { rows, issued, existing, refused, empty, defined, slips, .. } = report;
    let dry = if args.dry_run { " (a dry run: nothing was written)" } else { "" };
    let noun = if *rows == 1 { "row" } else { "rows" };
    let mut text = format!(
        "{rows} {noun}{dry}: {issued} issued, {existing} there already, {refused} refused, {empty} with nothing to bring in\n"
    );
    if !defined.is_empty() {
        text += &format!("defined: {}\n", defined.join(", "));
    }
    if report.interrupted {
        text += "Interrupted. Run it again to go on: no row is issued twice.\n";
    }
    let listed = [
        ("arrived expired", &slips.arrived_expired),
        ("expire more than twenty years from now", &slips.far_expiry),
        ("repeat an earlier row", &slips.duplicates),
    ];
    for (what, Listed { count, lines }) in listed {
        if *count > 0 {
            let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
            let more = if *count > lines.len() as u64 { " …" } else { "" };
            text += &format!("{count} {what}: lines {}{more}\n", lines.join(", "));
        }
    }
    if *refused > 0
        && let Some(path) = &args.errors
    {
        text += &format!("The refused rows are in {}.\n", path.display());
    }
    text
}
