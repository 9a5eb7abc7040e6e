//! A shop with every profile's first lots, in a memory store of scrip's, and the requests that a till makes: built as users
//! build them, from the text of the profile, a decimal amount and a key that is formatted for each.

use std::sync::Arc;

use rust_decimal::Decimal;
use scrip::request::Action;
use scrip::store::{Change, CommitStatus, MemoryError, Need, Owner, Store, View, Work};
use scrip::time::Until;
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssueReward, Key, Ledger, MemoryStore, PeriodType,
    PlaceHold, ProfileId, Program, Redeem, Rejection, RewardDefinition, Timestamp,
};

use super::{LOTS, LaterExpiries, Request, Workload};

pub(crate) struct Till {
    pub(crate) ledger: Ledger<MemoryStore>,
    pub(crate) now: Timestamp,
    /// A reward of 10.00 that is valid for thirty days.
    pub(crate) monthly: DefinitionId,
    names: Arc<Vec<String>>,
    bonus: DefinitionId,
    later: LaterExpiries,
}

pub(crate) fn cents(cents: i64) -> Amount {
    Decimal::new(cents, 2).try_into().unwrap()
}

impl Till {
    pub(crate) fn set_up(workload: &Workload) -> Self {
        let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
        let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
        let mut define = |handle: &str, change: fn(RewardDefinition) -> RewardDefinition| {
            let definition = RewardDefinition::new(handle.parse().unwrap(), "Bonus", Amount::from(10));
            ledger.at(now).commit(Define::from(change(definition))).unwrap().id
        };
        let bonus = define("bonus", |definition| definition);
        let monthly = define("monthly", |definition| definition.valid_for(30, PeriodType::Days));
        let names = Arc::clone(&workload.names);
        let mut till = Self { ledger, now, monthly, names, bonus, later: LaterExpiries::new() };
        for profile in 0..workload.profiles {
            till.issue(profile, workload.expiries(profile));
        }
        till
    }

    pub(crate) fn name(&self, request: Request) -> &str {
        &self.names[request.profile as usize]
    }

    pub(crate) fn profile(&self, request: Request) -> ProfileId {
        ProfileId::new(self.name(request)).unwrap()
    }

    pub(crate) fn redeem(&self, request: Request) -> Redeem {
        Redeem::strict(self.profile(request), cents(request.cents))
    }

    pub(crate) fn hold(&self, request: Request) -> PlaceHold {
        PlaceHold::strict(self.profile(request), cents(request.cents))
    }

    /// Carries out a request; a profile that has too little is first issued eight lots more.
    pub(crate) fn commit<A: Action>(&mut self, profile: u32, request: A) -> A::Outcome {
        let command = Command::new(self.now, request);
        match self.ledger.run(&command) {
            Ok(receipt) => receipt.outcome,
            Err(error) => {
                assert_too_little(&error);
                self.top_up(profile);
                self.ledger.run(&command).unwrap().outcome
            }
        }
    }

    /// Issues eight lots more, each with a later expiry than all before.
    #[cold]
    pub(crate) fn top_up(&mut self, profile: u32) {
        let expiries = std::array::from_fn(|_| self.later.next());
        self.issue(profile, expiries);
    }

    fn issue(&mut self, profile: u32, expiries: [i64; LOTS]) {
        let profile = ProfileId::new(&self.names[profile as usize]).unwrap();
        let commands = expiries.map(|expiry| {
            let mut issue = IssueReward::new(profile, self.bonus);
            let instant = Timestamp::from_micros(self.now.micros() + expiry * 125_000).unwrap();
            issue.expires_at = Some(Until::Instant(instant));
            Command::new(self.now, issue)
        });
        assert!(self.ledger.run_all(&commands).iter().all(Result::is_ok));
    }

    /// What a profile can redeem, in cents.
    pub(crate) fn balance(&mut self, profile: u32) -> i64 {
        let profile = ProfileId::new(&self.names[profile as usize]).unwrap();
        let balances = self.ledger.at(self.now).balances(profile).unwrap();
        balances.reward_balance.ten_thousandths() / 100
    }

    /// Shows what is stored.
    pub(crate) fn look(&mut self, work: &mut dyn Work) {
        self.ledger.store().run(work).unwrap();
    }

    /// Checks that every account adds up (rule J3), and answers how many cents are redeemed.
    pub(crate) fn check(&self) -> i64 {
        let ids: Vec<_> = self.names.iter().map(|name| ProfileId::new(name).unwrap()).collect();
        let mut audit = Audit::new(&ids);
        self.ledger.clone().store().run(&mut audit).unwrap();
        audit.redeemed()
    }
}

pub(crate) fn key(request: Request) -> Key {
    Key::new(&request.key()).unwrap()
}

/// Whatever else went wrong is a mistake in the bench.
pub(crate) fn assert_too_little(error: &Error<MemoryError>) {
    assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })), "{error}");
}

/// Looks at every account: does it add up (rule J3), and how much was redeemed?
pub(crate) struct Audit {
    needs: Vec<Need>,
    /// Of each account; a unit may be decided more than once.
    redeemed: Vec<i64>,
}

impl Audit {
    pub(crate) fn new(ids: &[ProfileId]) -> Self {
        let needs = ids.iter().map(|id| Need::of(Owner::Profile(*id))).collect();
        Self { needs, redeemed: vec![0; ids.len()] }
    }

    pub(crate) fn redeemed(&self) -> i64 {
        self.redeemed.iter().sum()
    }
}

impl Work for Audit {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        assert!(view.first.is_conserved());
        self.redeemed[unit] = view.first.totals().rewards.redeemed.ten_thousandths() / 100;
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}
