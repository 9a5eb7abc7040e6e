//! What the command is called with.

use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::ask::Asked;
use crate::check::CheckArgs;
use crate::export::ExportArgs;
use crate::failure::{Failure, Status, say};
use crate::import::{ImportArgs, preset};
use crate::replay::ReplayArgs;
use crate::report::ReportCommand;
use crate::show::ShowArgs;
use crate::vectors::VectorArgs;

const EXAMPLES: &str = "\
Examples:
  scrip import rewards old.csv --preset omneo --store sqlite:shop.sqlite --program program.json --define --dry-run
  scrip balances alice@example.com --store sqlite:shop.sqlite --program program.json
  scrip redeem '{\"profile_id\": \"alice@example.com\", \"amount\": \"7.50\"}' --key till-7-000123
  scrip export journal --format ndjson > journal.ndjson
  scrip check sqlite:shop.sqlite
  scrip report liability --from 2026-01-01 --to 2026-03-31

SCRIP_STORE and SCRIP_PROGRAM stand for --store and --program.

Exit status:
  0    done
  1    it could not be done: a file, the store, the map
  2    what was compared differs: totals, a ledger with itself, a program with the reference
  3    the ledger refused the request
  64   called wrongly
  130  interrupted, and stopped in order";

/// A rewards ledger from the shell: bring rewards in from another system, look, check, export.
#[derive(Debug, Parser)]
#[command(name = "scrip", version, after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring rewards or points in from another system's file
    Import(ImportArgs),
    /// List the layouts that are known, or print the map of one
    Presets {
        /// Which one to print
        name: Option<String>,
    },
    /// Write out the journal, the balances or the rewards
    Export(ExportArgs),
    /// Read an exported journal into an empty store
    Replay(ReplayArgs),
    /// Replay every journal and say what is wrong, and where
    Check(CheckArgs),
    /// What a profile can spend
    Balances(ShowArgs),
    /// What a profile has and what became of it
    Statement(ShowArgs),
    /// Reports for finance
    #[command(subcommand)]
    Report(ReportCommand),
    /// Run the language-neutral cases against a program
    Vectors(VectorArgs),
    /// Answer the language-neutral cases, a line for a line: the reference's own side
    Answer,
    /// Print a script that completes the command in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder to write them to
        folder: PathBuf,
    },
    #[command(flatten)]
    Ask(Asked),
}

pub fn presets(name: Option<&str>) -> Result<Status, Failure> {
    let line = |(name, text): &(&str, &str)| {
        let about = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        format!("{name:<16} {about}\n")
    };
    match name {
        Some(name) => say(preset::text(name)?)?,
        None => say(&preset::PRESETS.iter().map(line).collect::<String>())?,
    }
    Ok(Status::Done)
}

pub fn completions(shell: Shell) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "scrip", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}

pub fn man(folder: &Path) -> Result<Status, Failure> {
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Args::command(), folder));
    written.map_err(|error| Failure::of(folder.display(), &error))?;
    Ok(Status::Done)
}
