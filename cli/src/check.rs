//! `scrip check`: replays every journal, and compares it with everything stored beside it.

use scrip::store::{CheckReport, Damage};
use serde::Serialize;

use crate::failure::{Failure, Status, say};
use crate::place::{Access, AnyStore, Place};

#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The ledger: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(env = "SCRIP_STORE")]
    store: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The report as JSON says it.
#[derive(Serialize)]
struct Printed {
    is_whole: bool,
    accounts: u64,
    entries: u64,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    code: &'static str,
    message: String,
}

fn json(report: &CheckReport) -> Result<String, Failure> {
    let fault = |fault: &Damage| Fault { code: fault.code(), message: fault.to_string() };
    let printed = Printed {
        is_whole: report.is_whole(),
        accounts: report.accounts,
        entries: report.entries,
        faults: report.faults.iter().map(fault).collect(),
    };
    serde_json::to_string_pretty(&printed).map_err(|error| Failure::of("the report", &error))
}

pub async fn run(args: &CheckArgs) -> Result<Status, Failure> {
    let report = match AnyStore::open(&args.store, Access::Read).await? {
        AnyStore::Sqlite(mut store) => store.0.check().map_err(|error| Failure::of("check", &error))?,
        AnyStore::Postgres(store) => store.check().await.map_err(|error| Failure::of("check", &error))?,
    };
    let CheckReport { accounts, entries, faults, .. } = &report;
    let mut text: String = faults.iter().map(|fault| format!("{fault} ({})\n", fault.code())).collect();
    let found = match faults.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "one fault".to_owned(),
        many => format!("{many} faults"),
    };
    text += &format!("{accounts} accounts with {entries} entries: {found}\n");
    say(&if args.json { json(&report)? + "\n" } else { text })?;
    Ok(if report.is_whole() { Status::Done } else { Status::Differs })
}
