//! `scrip report books`: every entry as a balanced posting.

use std::path::{Path, PathBuf};

use scrip::chrono::NaiveDate;
use scrip::report::{BookAccounts, BookFormat, Books, BooksCursor, BooksError};

use super::{Source, of_journal};
use crate::failure::{Failure, Status, say};
use crate::place::{Where, read};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum As {
    Beancount,
    Hledger,
    Csv,
}

#[derive(Clone, Debug, clap::Args)]
pub struct BooksArgs {
    #[command(flatten)]
    place: Where,
    /// Which program reads them
    #[arg(long = "format", default_value = "beancount")]
    format: As,
    /// The first day, in the program's zone; where the cursor is, if it is there
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// The last day, which must be over; yesterday, unless given
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    /// Where the books go on: read if it is there, and written once the export is done
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
    /// A JSON file with the names of the accounts
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

/// How much text is put together before it is written.
const CHUNK: usize = 1 << 16;

pub async fn run(args: &BooksArgs) -> Result<Status, Failure> {
    let mut source = Source::open(&args.place).await?;
    let mut books = open(args, &source)?;
    let mut text = books.head();
    source
        .try_each(|journal| {
            books.add(journal, &mut text).map_err(|error| of_journal(journal, &error))?;
            if text.len() >= CHUNK {
                say(&text)?;
                text.clear();
            }
            Ok(())
        })
        .await?;
    let (end, cursor) = books.finish().map_err(|error| failure(&error))?;
    say(&(text + &end))?;
    args.cursor.as_ref().map_or(Ok(()), |path| keep(path, &cursor))?;
    Ok(Status::Done)
}

fn open(args: &BooksArgs, source: &Source) -> Result<Books, Failure> {
    let program = source.program();
    let accounts = match &args.accounts {
        Some(path) => json(path)?,
        None => BookAccounts::default(),
    };
    let format = match args.format {
        As::Beancount => BookFormat::Beancount,
        As::Hledger => BookFormat::Hledger,
        As::Csv => BookFormat::Csv,
    };
    let today = source.zone().local(source.now).date();
    let last = args.to.or(today.pred_opt()).unwrap_or(today);
    if last >= today {
        return Err(Failure::new(format!("--to {last}: the day must be over, and it is {today}")));
    }
    let cursor = args.cursor.as_ref().filter(|path| path.exists()).map(|path| json(path)).transpose()?;
    let books = match (cursor, args.from) {
        (Some(cursor), None) => Books::resume(program, accounts, format, cursor, last),
        (None, Some(first)) => Books::new(program, accounts, format, first, last),
        (Some(_), Some(_)) => return Err(Failure::new("--from: the books go on where the cursor is")),
        (None, None) => return Err(Failure::new("--from: new books need a first day")),
    };
    books.map_err(|error| failure(&error))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    scrip::json::read(&read(path)?).map_err(|error| Failure::of(path.display(), &error))
}

fn failure(error: &BooksError) -> Failure {
    Failure::new(format!("the books: {error} ({})", error.code()))
}

/// Writes the cursor beside its place and renames it, so that it is never half there.
fn keep(path: &Path, cursor: &BooksCursor) -> Result<(), Failure> {
    let beside = path.with_extension("new");
    let text = serde_json::to_string(cursor).map_err(|error| Failure::of("the cursor", &error))?;
    let written = std::fs::write(&beside, text + "\n").and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| Failure::of(path.display(), &error))
}
