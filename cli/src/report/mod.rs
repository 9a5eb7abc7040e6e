//! `scrip report`: what is owed, why it changed, what will lapse, and the books.

mod liability;
mod sheet;

use scrip::chrono::{Datelike as _, Months, NaiveDate};
use scrip::report::Cuts;
use scrip::view::{Catalogue, ProfileJournal};
use scrip::{AsyncLedger, DefinitionId, Program, Timestamp};

use crate::failure::{Failure, Status};
use crate::place::{AnyStore, Where};

/// What `scrip report` is called with.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ReportCommand {
    /// What is owed to customers, period by period, and why it changed
    Liability(liability::LiabilityArgs),
}

pub async fn run(command: &ReportCommand) -> Result<Status, Failure> {
    match command {
        ReportCommand::Liability(args) => liability::run(args).await,
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Table,
    Csv,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Day,
    Month,
}

/// Which periods a report has.
#[derive(Clone, Debug, clap::Args)]
pub struct PeriodArgs {
    /// The first day, in the program's zone; the first of last month, unless given
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// The last day; the last of its month, unless given
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    /// How long a period is
    #[arg(long, default_value = "month")]
    by: By,
    /// Where a period begins or ends, instead of days: two or more, as 2025-06-15T14:32:00+10:00
    #[arg(long = "cut", value_name = "INSTANT", conflicts_with_all = ["from", "to"])]
    cuts: Vec<Timestamp>,
}

impl PeriodArgs {
    pub fn cuts(&self, program: &Program, now: Timestamp) -> Result<Cuts, Failure> {
        let zone = program.settings().timezone;
        let cuts = if self.cuts.is_empty() {
            let today = zone.local(now).date();
            let first = self.from.unwrap_or_else(|| first_of(today, -1));
            let last = self.to.unwrap_or_else(|| last_of(first));
            match self.by {
                By::Day => Cuts::days(zone, first, last),
                By::Month => Cuts::months(zone, first, last),
            }
        } else {
            Cuts::new(self.cuts.iter().copied())
        };
        cuts.map_err(|error| Failure::new(format!("the periods: {error} ({})", error.code())))
    }
}

/// The first day of the month so many months later, or earlier.
fn first_of(day: NaiveDate, months: i32) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    let count = Months::new(months.unsigned_abs());
    let moved = if months < 0 { first.checked_sub_months(count) } else { first.checked_add_months(count) };
    moved.unwrap_or(first)
}

fn last_of(day: NaiveDate) -> NaiveDate {
    first_of(day, 1).pred_opt().unwrap_or(day)
}

/// Everything that a report is made from.
struct Books {
    ledger: AsyncLedger<AnyStore>,
    now: Timestamp,
    catalogue: Catalogue,
}

impl Books {
    async fn open(place: &Where) -> Result<Self, Failure> {
        let (mut ledger, now) = (place.to_read().await?, place.now()?);
        let catalogue = ledger.at(now).catalogue().await?;
        Ok(Self { ledger, now, catalogue })
    }

    fn program(&self) -> &Program {
        self.ledger.program()
    }

    /// Reads every journal, one after the other.
    async fn each(
        &mut self,
        mut add: impl FnMut(&ProfileJournal) -> Result<(), scrip::account::Corrupt>,
    ) -> Result<(), Failure> {
        let mut at = self.ledger.at(self.now);
        let mut journals = at.journals();
        while let Some(journal) = journals.next().await {
            let journal = journal?;
            let about = format!("the journal of {}", journal.profile_id);
            add(&journal).map_err(|error| Failure::of(about, &error))?;
        }
        Ok(())
    }

    /// The handle of a definition.
    fn handle(&self, id: Option<DefinitionId>) -> &str {
        let defined = id.and_then(|id| self.catalogue.get(id));
        defined.map_or("", |defined| defined.definition.handle().as_str())
    }
}
