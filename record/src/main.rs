//! Random requests from fixed seeds, and every answer as a line of JSON. See the README beside it.
//!
//! `scrip-record FOLDER [--requests N] [--plant]` writes one file for each ledger.

mod chance;
mod clock;
mod face;
mod generate;
mod known;
mod program;
mod run;
mod scripted;
mod tally;
mod views;

use std::fs::{File, create_dir_all};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use tally::Tally;

/// How many requests one ledger gets.
const EACH: usize = 500;

fn main() -> ExitCode {
    let (mut folder, mut requests, mut plant) = (None, 100_000, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--requests" => requests = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(0),
            "--plant" => plant = true,
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let (Some(folder), 1..) = (folder, requests) else {
        eprintln!("usage: scrip-record FOLDER [--requests N] [--plant]");
        return ExitCode::from(2);
    };
    if record(&folder, requests, plant).unwrap().print(requests) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs all ledgers, as many at once as there are processors.
fn record(folder: &Path, requests: usize, plant: bool) -> io::Result<Tally> {
    create_dir_all(folder)?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let ledger = next.fetch_add(1, Ordering::Relaxed);
            let rest = requests.saturating_sub(ledger * EACH).min(EACH);
            if rest == 0 {
                return Ok(tally);
            }
            let mut out = BufWriter::new(File::create(folder.join(format!("{ledger:04}.ndjson")))?);
            run::run(ledger, rest, plant && ledger == 0, &mut out, &mut tally)?;
            out.flush()?;
        }
    };
    let threads = std::thread::available_parallelism()?.get();
    let tallies: Vec<io::Result<Tally>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut all = Tally::default();
    for tally in tallies {
        all.add(&tally?);
    }
    Ok(all)
}
