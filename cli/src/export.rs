//! `scrip export`: the journal, the balances or the lots, one row after the other.

use std::io::{BufWriter, Stdout, Write};

use scrip::id::ProfileNumber;
use scrip::journal::ValuedBalances;
use scrip::outcome::{Lot, LotStatus};
use scrip::store::{AsOf, AsyncScan as _, FeedEntry, Position};
use scrip::view::{Catalogue, Wallet};
use scrip::{AsyncLedger, DefinitionId, ProfileId, Timestamp};
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::place::{AnyStore, Where};

/// How many entries, or profiles, are asked for at once.
const PAGE: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Every entry, in the order in which they were written
    Journal,
    /// One row for each profile
    Balances,
    /// One row for each reward
    Rewards,
    /// One row for each lot of points
    Points,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

/// What `scrip export` is called with.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    what: What,
    #[command(flatten)]
    place: Where,
    /// As of this instant: what the ledger said then
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<Timestamp>,
    #[arg(long, default_value = "csv")]
    format: Format,
}

pub async fn run(args: &ExportArgs) -> Result<Status, Failure> {
    let ledger = args.place.to_read().await?;
    let mut export =
        Export { ledger, as_of: args.as_of, now: args.place.now()?, rows: Rows::new(args.format) };
    match args.what {
        What::Journal => export.journal().await?,
        What::Balances => export.wallets(balances).await?,
        What::Rewards => export.wallets(rewards).await?,
        What::Points => export.wallets(points).await?,
    }
    export.rows.finish()?;
    Ok(Status::Done)
}

struct Export {
    ledger: AsyncLedger<AnyStore>,
    as_of: Option<Timestamp>,
    now: Timestamp,
    rows: Rows,
}

/// An entry as a row: its own JSON in one cell.
#[derive(Serialize)]
struct EntryRow<'a> {
    profile_id: Option<ProfileId>,
    number: ProfileNumber,
    sequence: u32,
    at: Timestamp,
    entry: &'a str,
}

/// What a wallet's rows are.
type OfWallet = fn(&Wallet, ValuedBalances, &Catalogue, &mut Rows) -> Result<(), Failure>;

impl Export {
    async fn journal(&mut self) -> Result<(), Failure> {
        let mut position = Position::START;
        loop {
            let feed = self.ledger.store().feed(&position, PAGE).await;
            let feed = feed.map_err(|error| Failure::of("the store", &error))?;
            for row in &feed.entries {
                if self.as_of.is_none_or(|as_of| row.entry.at <= as_of) {
                    self.entry(row)?;
                }
            }
            if feed.entries.is_empty() {
                return Ok(());
            }
            position = feed.position;
        }
    }

    fn entry(&mut self, row: &FeedEntry) -> Result<(), Failure> {
        if let Rows::Ndjson(_) = self.rows {
            return self.rows.add(row);
        }
        let entry = serde_json::to_string(&row.entry).map_err(|error| Failure::of("an entry", &error))?;
        self.rows.add(&EntryRow {
            profile_id: row.profile,
            number: row.number,
            sequence: row.entry.sequence,
            at: row.entry.at,
            entry: &entry,
        })
    }

    /// The rows of each profile's wallet, in the order of their numbers.
    async fn wallets(&mut self, of_wallet: OfWallet) -> Result<(), Failure> {
        let as_of = self.as_of.map(AsOf::At);
        let catalogue = match as_of {
            Some(as_of) => self.ledger.as_of(as_of).catalogue().await?,
            None => self.ledger.at(self.now).catalogue().await?,
        };
        let mut last = ProfileNumber::CATALOGUE;
        loop {
            let numbers = self.ledger.store().profiles(last, PAGE).await;
            let numbers = numbers.map_err(|error| Failure::of("the store", &error))?;
            let Some(newest) = numbers.last() else { return Ok(()) };
            last = *newest;
            for number in numbers {
                let wallet = match as_of {
                    Some(as_of) => self.ledger.as_of(as_of).wallet_of(number).await?,
                    None => self.ledger.at(self.now).wallet_of(number).await?,
                };
                if let Some(wallet) = wallet {
                    let balances = wallet.balances().valued(self.ledger.program());
                    of_wallet(&wallet, balances, &catalogue, &mut self.rows)?;
                }
            }
        }
    }
}

#[derive(Serialize)]
struct BalanceRow {
    profile_id: ProfileId,
    reward_balance: String,
    reward_pending: String,
    reward_held: String,
    point_balance: String,
    point_pending: String,
    point_held: String,
    point_debt: String,
    point_worth: String,
    combined_worth: String,
    pending_worth: String,
    held_worth: String,
}

fn balances(wallet: &Wallet, of: ValuedBalances, _: &Catalogue, rows: &mut Rows) -> Result<(), Failure> {
    rows.add(&BalanceRow {
        profile_id: wallet.profile_id(),
        reward_balance: of.reward_balance.to_string(),
        reward_pending: of.reward_pending.to_string(),
        reward_held: of.reward_held.to_string(),
        point_balance: of.point_balance.to_string(),
        point_pending: of.point_pending.to_string(),
        point_held: of.point_held.to_string(),
        point_debt: of.point_debt.to_string(),
        point_worth: of.point_worth.to_string(),
        combined_worth: of.combined_worth.to_string(),
        pending_worth: of.pending_worth.to_string(),
        held_worth: of.held_worth.to_string(),
    })
}

#[derive(Serialize)]
struct LotRow<'a> {
    profile_id: ProfileId,
    id: u64,
    definition_id: Option<DefinitionId>,
    definition: &'a str,
    external_id: Option<&'a str>,
    value_initial: String,
    value_remaining: String,
    value_held: String,
    status: LotStatus,
    issued_at: Timestamp,
    available_at: Timestamp,
    expires_at: String,
    timezone: &'static str,
}

fn rewards(
    wallet: &Wallet,
    _: ValuedBalances,
    catalogue: &Catalogue,
    rows: &mut Rows,
) -> Result<(), Failure> {
    wallet.rewards().iter().try_for_each(|lot| rows.add(&LotRow::of(lot, catalogue)))
}

fn points(wallet: &Wallet, _: ValuedBalances, catalogue: &Catalogue, rows: &mut Rows) -> Result<(), Failure> {
    wallet.points().iter().try_for_each(|lot| rows.add(&LotRow::of(lot, catalogue)))
}

impl<'a> LotRow<'a> {
    fn of<Q: ToString>(lot: &'a Lot<Q>, catalogue: &'a Catalogue) -> Self {
        let defined = lot.definition_id.and_then(|id| catalogue.get(id));
        Self {
            profile_id: lot.profile_id,
            id: lot.id.get(),
            definition_id: lot.definition_id,
            definition: defined.map_or("", |defined| defined.definition.handle().as_str()),
            external_id: lot.external_id.as_ref().map(scrip::id::ExternalId::as_str),
            value_initial: lot.value_initial.to_string(),
            value_remaining: lot.value_remaining.to_string(),
            value_held: lot.value_held.to_string(),
            status: lot.status,
            issued_at: lot.issued_at,
            available_at: lot.available_at,
            // The last second of use, as everywhere outside Rust (rule T5).
            expires_at: lot
                .expires_at
                .last_second()
                .map_or_else(|| "never".to_owned(), |last| last.to_string()),
            timezone: lot.terms.timezone.name(),
        }
    }
}

/// Where rows go: standard output, as they come.
enum Rows {
    Csv(Box<csv::Writer<Stdout>>),
    Ndjson(BufWriter<Stdout>),
}

impl Rows {
    fn new(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(std::io::stdout()))),
            Format::Ndjson => Self::Ndjson(BufWriter::new(std::io::stdout())),
        }
    }

    fn add(&mut self, row: &impl Serialize) -> Result<(), Failure> {
        match self {
            Self::Csv(writer) => {
                writer.serialize(row).map_err(|error| Failure::of("standard output", &error))
            }
            Self::Ndjson(writer) => {
                let written = serde_json::to_writer(&mut *writer, row).map_err(std::io::Error::from);
                let written = written.and_then(|()| writer.write_all(b"\n"));
                written.map_err(|error| Failure::of("standard output", &error))
            }
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let flushed = match self {
            Self::Csv(writer) => writer.flush(),
            Self::Ndjson(writer) => writer.flush(),
        };
        flushed.map_err(|error| Failure::of("standard output", &error))
    }
}
