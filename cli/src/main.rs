//! The command `scrip`: brings rewards in from another system, and shows, checks and exports a ledger.

mod answer;
mod args;
mod ask;
mod check;
mod export;
mod failure;
mod import;
mod place;
mod replay;
mod report;
mod show;
mod vectors;

use std::process::ExitCode;

use clap::Parser as _;

use self::args::{Args, Command};
use self::failure::{Failure, Status, USAGE};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(&args.command)),
        Err(error) => Err(Failure::of("the runtime", &error)),
    };
    match ended {
        Ok(status) => status.into(),
        Err(failure) => {
            eprintln!("scrip: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: &Command) -> Result<Status, Failure> {
    match command {
        Command::Import(args) => import::run(args).await,
        Command::Presets { name } => args::presets(name.as_deref()),
        Command::Export(args) => export::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Balances(args) => show::balances(args).await,
        Command::Statement(args) => show::statement(args).await,
        Command::Report(command) => report::run(command).await,
        Command::Vectors(args) => vectors::run(args),
        Command::Answer => answer::run(),
        Command::Completions { shell } => args::completions(*shell),
        Command::Man { folder } => args::man(folder),
        Command::Ask(asked) => ask::run(asked).await,
    }
}
