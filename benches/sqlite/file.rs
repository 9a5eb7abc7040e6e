//! scrip in a SQLite file, through its public interface.

use std::path::Path;
use std::time::{Duration, Instant};

use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{
    Amount, Command, Define, DefinitionId, IssueReward, Ledger, ProfileId, Program, Redeem, Rejection,
    RewardDefinition, Store, Timestamp, Until,
};

use super::InFile;
use super::contestants::ledger::{Audit, cents};
use super::contestants::{LOTS, LaterExpiries, Request, Workload};

/// How many rewards are imported in one transaction.
const IMPORT: usize = 8_000;

pub(crate) struct ScripFile {
    ledger: Ledger<SqliteStore>,
    ids: Vec<ProfileId>,
    definition: DefinitionId,
    later: LaterExpiries,
}

pub(crate) fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

impl ScripFile {
    /// A file with every profile's first lots, and how long it took to put them in.
    pub(crate) fn set_up(path: &Path, workload: &Workload, options: SqliteOptions) -> (Self, Duration) {
        let mut ledger = Ledger::new(program(), SqliteStore::open_with(path, options).unwrap());
        let definition = RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10));
        let definition = ledger.at(now()).commit(Define::from(definition)).unwrap().id;
        let ids: Vec<_> =
            (0..workload.profiles).map(|p| ProfileId::new(&Workload::name(p)).unwrap()).collect();
        let mut file = Self { ledger, ids, definition, later: LaterExpiries::new() };
        let start = Instant::now();
        let mut commands = Vec::with_capacity(IMPORT);
        for profile in 0..workload.profiles {
            let id = file.ids[profile as usize];
            commands.extend(workload.expiries(profile).map(|expiry| file.issue(id, expiry)));
            if commands.len() >= IMPORT || profile + 1 == workload.profiles {
                assert!(file.ledger.run_all(&commands).iter().all(Result::is_ok));
                commands.clear();
            }
        }
        (file, start.elapsed())
    }

    fn issue(&self, profile: ProfileId, expiry: i64) -> Command<IssueReward> {
        let mut issue = IssueReward::new(profile, self.definition);
        let end = Timestamp::from_micros(now().micros() + expiry * 125_000).unwrap();
        issue.expires_at = Some(Until::Instant(end));
        Command::new(now(), issue)
    }

    fn redeem(&self, request: &Request) -> Command<Redeem> {
        Command::new(now(), Redeem::strict(self.ids[request.profile as usize], cents(request.cents)))
    }

    /// Issues another eight lots to whoever has too little.
    fn top_up(&mut self, commands: &[Command<Redeem>]) {
        let mut issues = Vec::with_capacity(commands.len() * LOTS);
        for command in commands {
            for _ in 0..LOTS {
                let expiry = self.later.next();
                issues.push(self.issue(command.request.profile_id.unwrap(), expiry));
            }
        }
        assert!(self.ledger.run_all(&issues).iter().all(Result::is_ok));
    }
}

impl InFile for ScripFile {
    fn one_by_one(&mut self, requests: &[Request]) {
        for request in requests {
            let command = self.redeem(request);
            if let Err(error) = self.ledger.run(&command) {
                assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })));
                self.top_up(std::slice::from_ref(&command));
                self.ledger.run(&command).unwrap();
            }
        }
    }

    fn grouped(&mut self, requests: &[Request]) {
        let mut commands: Vec<_> = requests.iter().map(|request| self.redeem(request)).collect();
        while !commands.is_empty() {
            let answers = self.ledger.run_all(&commands);
            let mut kept = answers.iter().map(|answer| match answer {
                Ok(_) => false,
                Err(error) => {
                    assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })));
                    true
                }
            });
            commands.retain(|_| kept.next().unwrap());
            if !commands.is_empty() {
                self.top_up(&commands);
            }
        }
    }

    fn check(&mut self) -> i64 {
        let checked = self.ledger.store().check().unwrap();
        assert!(checked.is_whole(), "{checked:?}");
        let mut audit = Audit::new(&self.ids);
        self.ledger.store().run(&mut audit).unwrap();
        audit.redeemed
    }
}
