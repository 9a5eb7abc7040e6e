//! The workload as commands of scrip's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use scrip::time::Until;
use scrip::{
    Amount, Command, Define, DefinitionId, IssueReward, ProfileId, Program, Redeem, RewardDefinition,
    Timestamp,
};

use super::{LOTS, LaterExpiries, Request, Workload};

pub(crate) fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

/// What all lots are issued from.
pub(crate) fn define() -> Define {
    Define::from(RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10)))
}

/// Makes commands, on any thread.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) ids: Arc<Vec<ProfileId>>,
    definition: DefinitionId,
    later: Arc<AtomicI64>,
}

impl Maker {
    pub(crate) fn new(workload: &Workload, definition: DefinitionId) -> Self {
        let ids = (0..workload.profiles).map(|p| ProfileId::new(&Workload::name(p)).unwrap()).collect();
        Self { ids: Arc::new(ids), definition, later: Arc::new(LaterExpiries::new().next().into()) }
    }

    pub(crate) fn redeem(&self, request: &Request) -> Command<Redeem> {
        let amount = Amount::from_ten_thousandths(request.cents * 100).unwrap();
        Command::new(now(), Redeem::strict(self.ids[request.profile as usize], amount))
    }

    fn issue(&self, profile: u32, expiry: i64) -> Command<IssueReward> {
        let mut issue = IssueReward::new(self.ids[profile as usize], self.definition);
        let end = Timestamp::from_micros(now().micros() + expiry * 125_000).unwrap();
        issue.expires_at = Some(Until::Instant(end));
        Command::new(now(), issue)
    }

    /// A profile's first lots.
    pub(crate) fn first(&self, workload: &Workload, profile: u32) -> [Command<IssueReward>; LOTS] {
        workload.expiries(profile).map(|expiry| self.issue(profile, expiry))
    }

    /// Eight more lots, each later than all before.
    pub(crate) fn more(&self, profile: u32) -> [Command<IssueReward>; LOTS] {
        std::array::from_fn(|_| self.issue(profile, self.later.fetch_add(1, Ordering::Relaxed)))
    }
}
