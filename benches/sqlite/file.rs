//! scrip in a SQLite file, through its public interface.

use std::path::Path;
use std::time::{Duration, Instant};

use scrip::store::Store;
use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{Command, Ledger, Redeem, Rejection};

use super::InFile;
use super::contestants::maker::{Maker, define, now, program};
use super::contestants::till::Audit;
use super::contestants::{Request, Workload};

/// How many rewards are imported in one transaction.
const IMPORT: usize = 8_000;

pub(crate) struct ScripFile {
    pub(crate) ledger: Ledger<SqliteStore>,
    pub(crate) maker: Maker,
}

impl ScripFile {
    /// A file with every profile's first lots, and how long it took to put them in.
    pub(crate) fn set_up(path: &Path, workload: &Workload, options: SqliteOptions) -> (Self, Duration) {
        let mut ledger = Ledger::new(program(), SqliteStore::open_with(path, options).unwrap());
        let definition = ledger.at(now()).commit(define()).unwrap().id;
        let mut file = Self { ledger, maker: Maker::new(workload, definition) };
        let start = Instant::now();
        let mut commands = Vec::with_capacity(IMPORT);
        for profile in 0..workload.profiles {
            commands.extend(file.maker.first(workload, profile));
            if commands.len() >= IMPORT || profile + 1 == workload.profiles {
                assert!(file.ledger.run_all(&commands).iter().all(Result::is_ok));
                commands.clear();
            }
        }
        (file, start.elapsed())
    }

    /// Issues another eight lots to whoever has too little.
    pub(crate) fn top_up(&mut self, short: impl Iterator<Item = u32>) {
        let issues: Vec<_> = short.flat_map(|profile| self.maker.more(profile)).collect();
        assert!(self.ledger.run_all(&issues).iter().all(Result::is_ok));
    }
}

pub(crate) fn is_short<T, E>(answer: &Result<T, scrip::Error<E>>) -> bool {
    let Err(error) = answer else { return false };
    assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })));
    true
}

impl InFile for ScripFile {
    fn one_by_one(&mut self, requests: &[Request]) {
        for request in requests {
            let command = self.maker.redeem(request);
            while is_short(&self.ledger.run(&command)) {
                self.top_up(std::iter::once(request.profile));
            }
        }
    }

    fn grouped(&mut self, requests: &[Request]) {
        let mut requests = requests.to_vec();
        while !requests.is_empty() {
            let commands: Vec<Command<Redeem>> =
                requests.iter().map(|request| self.maker.redeem(request)).collect();
            let answers = self.ledger.run_all(&commands);
            let mut answers = answers.iter();
            requests.retain(|_| is_short(answers.next().unwrap()));
            if !requests.is_empty() {
                self.top_up(requests.iter().map(|request| request.profile));
            }
        }
    }

    fn check(&mut self) -> i64 {
        let checked = self.ledger.store().check().unwrap();
        assert!(checked.is_whole(), "{checked:?}");
        let mut audit = Audit::new(&self.maker.ids);
        self.ledger.store().run(&mut audit).unwrap();
        audit.redeemed()
    }
}
