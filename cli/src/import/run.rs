//! The second pass: rows are read, named, issued in batches, and added up twice, from the file and from the answers.

use std::sync::atomic::{AtomicBool, Ordering};

use scrip::definition::Defined;
use scrip::ledger::Answer;
use scrip::outcome::{Disposition, Lot};
use scrip::rust_decimal::Decimal;
use scrip::store::AsyncStore;
use scrip::view::Catalogue;
use scrip::{
    AsyncLedger, Command, Define, Error, Outcome, PointDefinition, Program, Request, RewardDefinition,
    Timestamp, Zone,
};
use serde::Serialize;

use super::identity::Identity;
use super::map::{self, Map};
use super::progress::Progress;
use super::refused::Refused;
use super::row::{Kind, Named, Row, RowReader};
use super::slip::Slip;
use super::source::{Record, Rows, Source};
use super::survey::Survey;
use super::totals::{Group, Totals};
use crate::failure::Failure;

/// How many rows share a commit.
const BATCH: usize = 1_000;
/// How many slips of a kind are listed; all are counted.
const LISTED: usize = 20;
/// An expiry that is more than this many years away may be a slip.
const FAR: i32 = 20;

/// Set when the command is interrupted: the rows in flight end, and nothing more begins.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The import to run.
pub struct Job<'a> {
    pub kind: Kind,
    pub program: &'a Program,
    pub at: Timestamp,
    pub map: &'a Map,
    pub source: &'a Source,
    pub survey: &'a Survey,
    pub define: bool,
    pub errors: Option<&'a std::path::Path>,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub rows: u64,
    pub issued: u64,
    /// Already there from an earlier run, or from an earlier row of the same name.
    pub existing: u64,
    pub refused: u64,
    /// With nothing to bring in: no value at all.
    pub empty: u64,
    pub defined: Vec<String>,
    pub slips: Slips,
    pub file: Totals,
    pub ledger: Totals,
    pub interrupted: bool,
}

/// What may be a mistake in the file, though the ledger took it.
#[derive(Debug, Default, Serialize)]
pub struct Slips {
    pub arrived_expired: Listed,
    pub far_expiry: Listed,
    pub duplicates: Listed,
}

/// The first of some rows, and how many there are.
#[derive(Debug, Default, Serialize)]
pub struct Listed {
    pub count: u64,
    pub lines: Vec<u64>,
}

impl Listed {
    fn add(&mut self, line: u64) {
        self.count += 1;
        if self.lines.len() < LISTED {
            self.lines.push(line);
        }
    }
}

/// A row on its way to the ledger.
struct InFlight {
    record: Record,
    row: Row,
    command: Command<Request>,
    /// Whether an earlier row has the same id, and so stands for the same lot.
    is_same_lot: bool,
}

/// An import that is under way.
struct Import<'a> {
    job: &'a Job<'a>,
    columns: Vec<String>,
    catalogue: Catalogue,
    refused: Option<Refused>,
    progress: Progress,
    report: Report,
}

/// Brings a file in.
pub async fn import<S>(ledger: &mut AsyncLedger<S>, job: &Job<'_>) -> Result<Report, Failure>
where
    S: AsyncStore,
    S::Error: 'static,
{
    let mut rows = job.source.rows()?;
    let reader = RowReader::new(job.map, job.kind, job.program, &rows, job.survey)?;
    let mut identity = Identity::new(job.map, &rows)?;
    let defined = if job.define { define(ledger, job).await? } else { Vec::new() };
    let catalogue = ledger.at(job.at).catalogue().await?;
    let mut import = Import::new(job, &rows, catalogue)?;
    import.report.defined = defined;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(record) = rows.next()? {
        import.report.rows += 1;
        match import.read(&reader, &mut identity, record)? {
            Some(row) => batch.push(row),
            None => import.progress.add(1),
        }
        if batch.len() == BATCH {
            import.commit(ledger, &mut batch).await?;
            if INTERRUPTED.load(Ordering::Relaxed) {
                import.report.interrupted = true;
                break;
            }
        }
    }
    import.commit(ledger, &mut batch).await?;
    import.finish()
}

/// Makes the definitions of the map that the ledger does not have, and answers with their handles.
async fn define<S>(ledger: &mut AsyncLedger<S>, job: &Job<'_>) -> Result<Vec<String>, Failure>
where
    S: AsyncStore,
    S::Error: 'static,
{
    let mut made = Vec::new();
    for table in &job.map.define {
        let catalogue = ledger.at(job.at).catalogue().await?;
        let (handle, is_there, request) = match job.kind {
            Kind::Rewards => {
                let definition: RewardDefinition = map::definition(table)?;
                let handle = definition.handle.clone();
                (handle.clone(), catalogue.reward(&handle).is_some(), Define::from(definition))
            }
            Kind::Points => {
                let definition: PointDefinition = map::definition(table)?;
                let handle = definition.handle.clone();
                (handle.clone(), catalogue.point(&handle).is_some(), Define::from(definition))
            }
        };
        if !is_there {
            ledger.at(job.at).commit(request).await?;
            made.push(handle.to_string());
        }
    }
    Ok(made)
}

impl<'a> Import<'a> {
    fn new(job: &'a Job<'a>, rows: &Rows, catalogue: Catalogue) -> Result<Self, Failure> {
        let columns = rows.columns().to_vec();
        let refused =
            job.errors.map(|path| Refused::create(path, job.source.form(), &columns)).transpose()?;
        let progress = Progress::of(job.survey.rows);
        Ok(Self { job, columns, catalogue, refused, progress, report: Report::default() })
    }

    /// A row, ready for the ledger; `None` if it is refused or empty.
    fn read(
        &mut self,
        reader: &RowReader<'_>,
        identity: &mut Identity,
        record: Record,
    ) -> Result<Option<InFlight>, Failure> {
        let row = match reader.read(&record) {
            Ok(row) => row,
            Err(slip) => return self.refuse(&record, None, &slip).map(|()| None),
        };
        // A row that says what is left of nothing is not empty: it goes to the ledger, which refuses it.
        let is_zero = |value: Option<Decimal>| value.is_some_and(|value| value.is_zero());
        if is_zero(row.initial) && (row.remaining.is_none() || is_zero(row.remaining)) {
            self.report.empty += 1;
            return Ok(None);
        }
        let named = identity.name(&record)?;
        let (repeats, is_same_lot) =
            named.as_ref().map_or((false, false), |named| (named.repeats, named.is_same_lot));
        if repeats {
            self.report.slips.duplicates.add(record.line);
        }
        match named.and_then(|named| reader.request(&row, named.external_id)) {
            Ok(request) => {
                let command = Command::new(self.job.at, request);
                Ok(Some(InFlight { record, row, command, is_same_lot }))
            }
            Err(slip) => self.refuse(&record, Some(&row), &slip).map(|()| None),
        }
    }

    async fn commit<S>(
        &mut self,
        ledger: &mut AsyncLedger<S>,
        batch: &mut Vec<InFlight>,
    ) -> Result<(), Failure>
    where
        S: AsyncStore,
        S::Error: 'static,
    {
        let split = |row: InFlight| ((row.record, row.row, row.is_same_lot), row.command);
        let (rows, commands): (Vec<_>, Vec<_>) = batch.drain(..).map(split).unzip();
        let answers = ledger.run_all(&commands).await;
        for ((record, row, is_same_lot), answer) in rows.into_iter().zip(answers) {
            self.answered((&record, &row, is_same_lot), answer)?;
        }
        self.progress.add(commands.len() as u64);
        Ok(())
    }

    fn answered<E>(
        &mut self,
        (record, row, is_same_lot): (&Record, &Row, bool),
        answer: Answer<Request, E>,
    ) -> Result<(), Failure>
    where
        E: scrip::store::StoreError + 'static,
    {
        let receipt = match answer {
            Ok(receipt) => receipt,
            Err(Error::Rejected(rejection)) => {
                let column = rejection.field().and_then(|field| self.job.map.column_of(field));
                let slip = Slip::new(rejection.code(), rejection.to_string());
                let slip = column.map_or(slip.clone(), |column| slip.at(column));
                return self.refuse(record, Some(row), &slip);
            }
            Err(error) => return Err(stopped(record.line, error)),
        };
        let is_new = receipt.disposition == Disposition::New;
        if is_new {
            self.report.issued += 1;
        } else {
            self.report.existing += 1;
        }
        let usual = match &receipt.outcome {
            Outcome::IssueReward(lot) => self.enter(record, row, lot, is_same_lot && !is_new),
            Outcome::IssuePoints(lot) => self.enter(record, row, lot, is_same_lot && !is_new),
            _ => None,
        };
        self.enter_of_file(row, usual);
        Ok(())
    }

    /// Adds the lot that a row led to, unless it is there by an earlier row. Answers with what such a lot is worth usually.
    fn enter<Q>(&mut self, record: &Record, row: &Row, lot: &Lot<Q>, is_there: bool) -> Option<Decimal>
    where
        Q: Copy + Into<Decimal>,
    {
        if lot.arrived_expired {
            self.report.slips.arrived_expired.add(record.line);
        }
        let last = lot.expires_local_at();
        let now = lot.terms.timezone.local(self.job.at);
        if last.is_some_and(|last| years(last) - years(now) > FAR) {
            self.report.slips.far_expiry.add(record.line);
        }
        let defined = lot.definition_id.and_then(|id| self.catalogue.get(id));
        let group = Group {
            definition: defined.map_or_else(|| row.definition.to_string(), handle_of),
            status: if row.expires_at.is_some() { name_of(lot.status) } else { BY_DEFINITION.to_owned() },
            expires: match (row.expires_at, last) {
                (None, _) => BY_DEFINITION.to_owned(),
                (Some(_), None) => NEVER.to_owned(),
                (Some(_), Some(last)) => month(last),
            },
        };
        let usual = defined.map(value_of);
        if !is_there {
            self.report.ledger.add(group, lot.value_initial.into(), lot.value_remaining.into());
        }
        usual
    }

    /// Adds what the file says of a row. What it leaves out is what the definition says.
    fn enter_of_file(&mut self, row: &Row, usual: Option<Decimal>) {
        let initial = row.initial.or(usual).unwrap_or_default();
        let remaining = row.remaining.unwrap_or(initial);
        let group = self.group_of(row, remaining);
        self.report.file.add(group, initial, remaining);
    }

    /// The group that a row should be in, by its cells.
    fn group_of(&self, row: &Row, remaining: Decimal) -> Group {
        let defined = match &row.definition {
            Named::Id(id) => self.catalogue.get(*id),
            Named::Handle(handle) if self.job.kind == Kind::Rewards => self.catalogue.reward(handle),
            Named::Handle(handle) => self.catalogue.point(handle),
        };
        let definition = defined.map_or_else(|| row.definition.to_string(), handle_of);
        let zone = row.zone.or(defined.and_then(zone_of)).unwrap_or(self.job.program.settings().timezone);
        let Some(until) = row.expires_at else {
            return Group { definition, status: BY_DEFINITION.to_owned(), expires: BY_DEFINITION.to_owned() };
        };
        let Ok(expiry) = until.resolve(zone) else {
            return Group { definition, status: "unknown".to_owned(), expires: "unknown".to_owned() };
        };
        let available = row.available_at.and_then(|at| at.resolve(zone).ok());
        let status = if remaining.is_zero() {
            scrip::outcome::LotStatus::Exhausted
        } else if expiry.is_past(self.job.at) {
            scrip::outcome::LotStatus::Expired
        } else if available.is_some_and(|available| available > self.job.at) {
            scrip::outcome::LotStatus::Pending
        } else {
            scrip::outcome::LotStatus::Active
        };
        let expires = expiry.last_second().map_or_else(|| NEVER.to_owned(), |last| month(zone.local(last)));
        Group { definition, status: name_of(status), expires }
    }

    /// Writes a row down as refused. What it says is in the file's totals, as far as it can be read.
    fn refuse(&mut self, record: &Record, row: Option<&Row>, slip: &Slip) -> Result<(), Failure> {
        self.report.refused += 1;
        match row {
            Some(row) => self.enter_of_file(row, None),
            None => self.report.file.add(Group::unread(), Decimal::ZERO, Decimal::ZERO),
        }
        match &mut self.refused {
            Some(refused) => refused.add(record, &self.columns, slip),
            None => {
                let column = slip.column.as_ref().map_or(String::new(), |column| format!(", {column}"));
                eprintln!("line {}{column}: {} ({})", record.line, slip.message, slip.code);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Report, Failure> {
        let Self { refused, progress, report, .. } = self;
        progress.finish();
        refused.map_or(Ok(()), Refused::finish)?;
        Ok(report)
    }
}

const BY_DEFINITION: &str = "by definition";
const NEVER: &str = "never";

impl Group {
    /// What cannot be read.
    fn unread() -> Self {
        Self { definition: "unread".to_owned(), status: String::new(), expires: String::new() }
    }
}

/// Lots already in the ledger are not issued again, so an import that is run again continues.
fn stopped<E: scrip::store::StoreError + 'static>(line: u64, error: Error<E>) -> Failure {
    let failure = Failure::from(error);
    Failure::new(format!("stopped at line {line}: {failure}; run it again to go on, no row is issued twice"))
}

fn handle_of(defined: &Defined) -> String {
    defined.definition.handle().to_string()
}

fn value_of(defined: &Defined) -> Decimal {
    match &defined.definition {
        scrip::definition::Definition::Reward(definition) => definition.value.into(),
        scrip::definition::Definition::Point(definition) => {
            definition.value.map_or(Decimal::ZERO, Into::into)
        }
    }
}

fn zone_of(defined: &Defined) -> Option<Zone> {
    match &defined.definition {
        scrip::definition::Definition::Reward(definition) => definition.timezone,
        scrip::definition::Definition::Point(definition) => definition.timezone,
    }
}

/// A status as JSON names it.
fn name_of(status: scrip::outcome::LotStatus) -> String {
    let name = serde_json::to_value(status).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn month(local: scrip::chrono::NaiveDateTime) -> String {
    local.format("%Y-%m").to_string()
}

fn years(local: scrip::chrono::NaiveDateTime) -> i32 {
    scrip::chrono::Datelike::year(&local)
}
