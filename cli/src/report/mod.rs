//! `scrip report`: what is owed, why it changed, what will lapse, and the books.

mod ageing;
mod books;
mod breakage;
mod chart;
mod liability;
mod page;
mod sheet;

use scrip::account::Corrupt;
use scrip::chrono::{Datelike as _, Months, NaiveDate};
use scrip::journal::LotKind;
use scrip::report::Cuts;
use scrip::view::{Catalogue, ProfileJournal};
use scrip::{AsyncLedger, DefinitionId, ProfileId, Program, Timestamp, Zone};

use crate::failure::{Failure, Status};
use crate::place::{AnyStore, Where};

/// What `scrip report` is called with.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ReportCommand {
    /// What is owed to customers, period by period, and why it changed
    Liability(liability::LiabilityArgs),
    /// What is outstanding, by month of issue and month of expiry
    Ageing(ageing::AgeingArgs),
    /// What expires on each coming day, if nobody acts
    Forecast(ageing::ForecastArgs),
    /// What of a profile expires next
    Expiries(ageing::ExpiriesArgs),
    /// How much of what was issued is used, month by month, and an estimate of what never will be
    Breakage(breakage::BreakageArgs),
    /// Every entry as a balanced posting, with the balance at each day's end
    Books(books::BooksArgs),
    /// All of them but the books, for a terminal or as one page with pictures
    All(page::AllArgs),
    /// Revenue that is deferred, and recognised as rewards or points are used (IFRS 15, ASC 606)
    Deferral(breakage::DeferralArgs),
}

pub async fn run(command: &ReportCommand) -> Result<Status, Failure> {
    match command {
        ReportCommand::Liability(args) => liability::run(args).await,
        ReportCommand::Ageing(args) => ageing::ageing(args).await,
        ReportCommand::Forecast(args) => ageing::forecast(args).await,
        ReportCommand::Expiries(args) => ageing::next(args).await,
        ReportCommand::Breakage(args) => breakage::run(args).await,
        ReportCommand::Books(args) => books::run(args).await,
        ReportCommand::All(args) => page::run(args).await,
        ReportCommand::Deferral(args) => breakage::deferral(args),
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
struct Source {
    ledger: AsyncLedger<AnyStore>,
    now: Timestamp,
    catalogue: Catalogue,
}

impl Source {
    async fn open(place: &Where) -> Result<Self, Failure> {
        let (mut ledger, now) = (place.to_read().await?, place.now()?);
        let catalogue = ledger.at(now).catalogue().await?;
        Ok(Self { ledger, now, catalogue })
    }

    fn program(&self) -> &Program {
        self.ledger.program()
    }

    fn zone(&self) -> Zone {
        self.program().settings().timezone
    }

    /// The decimals of a kind of value.
    fn decimals(&self, kind: LotKind) -> u8 {
        match kind {
            LotKind::Reward => self.program().settings().currency.minor_unit(),
            LotKind::Point | LotKind::Status => self.program().settings().point_scale,
        }
    }

    fn title(&self, kind: LotKind) -> String {
        match kind {
            LotKind::Reward => format!("Rewards, {}", self.program().settings().currency.code()),
            LotKind::Point => "Points".to_owned(),
            LotKind::Status => "Points that cannot be redeemed".to_owned(),
        }
    }

    /// The journal of one profile.
    async fn journal(&mut self, profile: ProfileId) -> Result<Option<ProfileJournal>, Failure> {
        let wallet = self.ledger.at(self.now).wallet(profile).await?;
        let number = wallet.account().number();
        let journal = ProfileJournal::new(profile, number, wallet.written().to_vec());
        Ok((!journal.entries.is_empty()).then_some(journal))
    }

    /// Reads every journal, one after the other.
    async fn each(
        &mut self,
        mut add: impl FnMut(&ProfileJournal) -> Result<(), Corrupt>,
    ) -> Result<(), Failure> {
        self.try_each(|journal| add(journal).map_err(|error| of_journal(journal, &error))).await
    }

    /// The same, where what is done with a journal fails in other ways as well.
    async fn try_each(
        &mut self,
        mut add: impl FnMut(&ProfileJournal) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut at = self.ledger.at(self.now);
        let mut journals = at.journals();
        while let Some(journal) = journals.next().await {
            add(&journal?)?;
        }
        Ok(())
    }

    /// The handle of a definition.
    fn handle(&self, id: Option<DefinitionId>) -> &str {
        let defined = id.and_then(|id| self.catalogue.get(id));
        defined.map_or("", |defined| defined.definition.handle().as_str())
    }
}

fn of_journal(journal: &ProfileJournal, error: &Corrupt) -> Failure {
    Failure::of(format!("the journal of {}", journal.profile_id), error)
}
