//! `scrip replay`: an exported journal becomes a ledger again, entry by entry.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use scrip::account::Corrupt;
use scrip::id::ProfileNumber;
use scrip::store::{
    AsyncScan as _, AsyncStore as _, Change, CommitStatus, FeedEntry, Need, Owner, Position, View, Work,
};

use crate::failure::{Failure, Status, say};
use crate::place::{Access, AnyStore, Place};

/// How many entries share a commit.
const BATCH: usize = 1_000;

/// What `scrip replay` is called with.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// The journal: what `scrip export journal --format ndjson` wrote; - for standard input
    journal: PathBuf,
    /// The store to fill, which must be empty: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, env = "SCRIP_STORE", value_name = "STORE")]
    store: Place,
}

pub async fn run(args: &ReplayArgs) -> Result<Status, Failure> {
    let name = args.journal.display().to_string();
    let mut store = AnyStore::open(&args.store, Access::Write).await?;
    let written = store.feed(&Position::START, 1).await.map_err(|error| Failure::of("the store", &error))?;
    if !written.entries.is_empty() {
        return Err(Failure::new("the store is not empty: a journal is replayed into a new one"));
    }
    let text: Box<dyn BufRead> = if name == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(&args.journal).map_err(|error| Failure::of(&name, &error))?))
    };
    let (mut lines, mut entries) = (text.lines().enumerate(), 0);
    loop {
        let batch = read(&mut lines, &name)?;
        if batch.is_empty() {
            say(&format!("{entries} entries\n"))?;
            return Ok(Status::Done);
        }
        entries += batch.len();
        write(&mut store, batch).await?;
    }
}

/// The next entries, each with its line.
fn read(
    lines: &mut impl Iterator<Item = (usize, std::io::Result<String>)>,
    name: &str,
) -> Result<Vec<(usize, FeedEntry)>, Failure> {
    let entry = |(place, line): (usize, std::io::Result<String>)| {
        let line = line.map_err(|error| Failure::of(name, &error))?;
        let entry = scrip::json::read(line.as_bytes());
        Ok((
            place + 1,
            entry.map_err(|error| Failure::of(format_args!("{name}, line {}", place + 1), &error))?,
        ))
    };
    lines.take(BATCH).map(entry).collect()
}

async fn write(store: &mut AnyStore, batch: Vec<(usize, FeedEntry)>) -> Result<(), Failure> {
    let mut replay = Replay::new(batch);
    store.run(&mut replay).await.map_err(|error| Failure::of("the store", &error))?;
    match replay.failed {
        Some((line, why)) => Err(Failure::new(format!(
            "line {line}: {why}; what comes before it is in the store, so begin anew with an empty one"
        ))),
        None => Ok(()),
    }
}

/// Entries on their way into a store: each is a unit that writes itself.
struct Replay {
    needs: Vec<Need>,
    entries: Vec<(usize, ProfileNumber, Change)>,
    failed: Option<(usize, String)>,
}

impl Replay {
    fn new(batch: Vec<(usize, FeedEntry)>) -> Self {
        let (mut needs, mut entries) = (Vec::new(), Vec::new());
        for (line, FeedEntry { profile, number, entry }) in batch {
            needs.push(Need::of(profile.map_or(Owner::Number(number), Owner::Profile)));
            entries.push((line, number, Change { first: vec![entry], second: Vec::new() }));
        }
        Self { needs, entries, failed: None }
    }
}

impl Work for Replay {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        let (line, number, change) = self.entries.get(unit)?;
        // Nothing is written after an entry that does not fit.
        if self.failed.as_ref().is_some_and(|(failed, _)| failed < line) {
            return None;
        }
        match fits(*number, change, &view) {
            Ok(()) => Some(change),
            Err(why) => {
                self.failed = Some((*line, why));
                None
            }
        }
    }

    fn settle(&mut self, unit: usize, status: CommitStatus) {
        let line = self.entries.get(unit).map_or(0, |(line, ..)| *line);
        if status != CommitStatus::Committed && self.failed.is_none() {
            self.failed = Some((line, "somebody else writes to the store".to_owned()));
        }
    }
}

/// Whether an entry is the next of its account, and adds up.
fn fits(number: ProfileNumber, change: &Change, view: &View<'_>) -> Result<(), String> {
    let account = view.first;
    if account.number() != number {
        let (expected, found) = (account.number().get(), number.get());
        return Err(format!(
            "the account has the number {found}, and here it is given {expected}: the journal is not whole"
        ));
    }
    let mut after = account.clone();
    change
        .first
        .iter()
        .try_for_each(|entry| after.follow(entry))
        .map_err(|corrupt: Corrupt| corrupt.to_string())
}
