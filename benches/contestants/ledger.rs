//! scrip itself, through its public interface, with everything that it writes down.

use scrip::store::{Change, CommitStatus, Need, Owner, View, Work};
use scrip::{
    Action, Amount, Command, Define, DefinitionId, Error, IssueReward, Ledger, MemoryStore, PlaceHold,
    ProfileId, Program, Redeem, Rejection, RewardDefinition, Store, Timestamp, Until,
};

use super::{Contestant, LOTS, LaterExpiries, Request, Workload};

/// One request after the other.
pub(crate) struct OneByOne {
    ledger: Ledger<MemoryStore>,
    ids: Vec<ProfileId>,
    definition: DefinitionId,
    pub(crate) now: Timestamp,
    later: LaterExpiries,
    /// Eight rewards more, for whoever has too little: the commands are made once and changed, as what is measured is not
    /// how they are made.
    more: [Command<IssueReward>; LOTS],
}

pub(crate) fn cents(cents: i64) -> Amount {
    Amount::from_ten_thousandths(cents * 100).unwrap()
}

impl OneByOne {
    fn issue(&self, profile: ProfileId, expiry: i64) -> Command<IssueReward> {
        let mut issue = IssueReward::new(profile, self.definition);
        issue.expires_at = Some(self.until(expiry));
        Command::new(self.now, issue)
    }

    fn until(&self, expiry: i64) -> Until {
        Until::Instant(Timestamp::from_micros(self.now.micros() + expiry * 125_000).unwrap())
    }

    /// The redemption that a request asks for.
    pub(crate) fn redeem(&self, request: Request) -> Command<Redeem> {
        Command::new(self.now, Redeem::strict(self.ids[request.profile as usize], cents(request.cents)))
    }

    /// The hold that a request could ask for.
    pub(crate) fn hold(&self, request: Request) -> Command<PlaceHold> {
        Command::new(self.now, PlaceHold::strict(self.ids[request.profile as usize], cents(request.cents)))
    }

    /// Carries out a command; a profile that has too little is first issued eight lots more.
    pub(crate) fn commit<A: Action>(&mut self, profile: u32, command: &Command<A>) -> A::Outcome {
        self.ledger
            .run(command)
            .map_or_else(|error| self.retry(profile, command, &error), |receipt| receipt.outcome)
    }

    #[cold]
    fn retry<A: Action, E: std::error::Error>(
        &mut self,
        profile: u32,
        command: &Command<A>,
        error: &Error<E>,
    ) -> A::Outcome {
        assert!(matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })), "{error}");
        for place in 0..LOTS {
            let expiry = self.later.next();
            let expires_at = self.until(expiry);
            let issue = &mut self.more[place].request;
            (issue.profile_id, issue.expires_at) = (self.ids[profile as usize], Some(expires_at));
        }
        assert!(self.ledger.run_all(&self.more).iter().all(Result::is_ok));
        self.ledger.run(command).unwrap().outcome
    }

    /// Shows what is stored.
    pub(crate) fn look(&mut self, work: &mut dyn Work) {
        self.ledger.store().run(work).unwrap();
    }

    fn issue_all(&mut self, commands: &[Command<IssueReward>]) {
        assert!(self.ledger.run_all(commands).iter().all(Result::is_ok));
    }
}

impl Contestant for OneByOne {
    fn set_up(workload: &Workload) -> Self {
        let now: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
        let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
        let definition = RewardDefinition::new("bonus".parse().unwrap(), "Bonus", Amount::from(10));
        let definition = ledger.at(now).commit(Define::from(definition)).unwrap().id;
        let ids: Vec<_> =
            (0..workload.profiles).map(|p| ProfileId::new(&Workload::name(p)).unwrap()).collect();
        let more = std::array::from_fn(|_| Command::new(now, IssueReward::new(ids[0], definition)));
        let mut contestant = Self { ledger, ids, definition, now, later: LaterExpiries::new(), more };
        for profile in 0..workload.profiles {
            let id = contestant.ids[profile as usize];
            let commands = workload.expiries(profile).map(|expiry| contestant.issue(id, expiry));
            contestant.issue_all(&commands);
        }
        contestant
    }

    fn run(&mut self, requests: &[Request]) {
        for request in requests {
            let redeem = self.redeem(*request);
            // The answer is read where it is, and not moved about.
            let total = match self.ledger.run(&redeem) {
                Ok(ref receipt) => receipt.outcome.total,
                Err(ref error) => self.retry(request.profile, &redeem, error).total,
            };
            assert_eq!(total, cents(request.cents));
        }
    }

    fn check(&self, _: &Workload) -> i64 {
        let mut audit = Audit::new(&self.ids);
        self.ledger.clone().store().run(&mut audit).unwrap();
        audit.redeemed
    }
}

/// Many requests in one call.
pub(crate) struct Batched(OneByOne);

/// How many.
const BATCH: usize = 1024;

impl Contestant for Batched {
    fn set_up(workload: &Workload) -> Self {
        Self(OneByOne::set_up(workload))
    }

    fn run(&mut self, requests: &[Request]) {
        let Self(one) = self;
        for requests in requests.chunks(BATCH) {
            let (mut open, mut commands) = (requests.to_vec(), Vec::with_capacity(BATCH));
            while !open.is_empty() {
                commands.clear();
                commands.extend(open.iter().map(|request| one.redeem(*request)));
                let answers = one.ledger.run_all(&commands);
                // What there was too little for waits for eight lots more each.
                let mut answers = answers.iter();
                open.retain(|request| match answers.next().unwrap() {
                    Ok(receipt) => {
                        assert_eq!(receipt.outcome.total, cents(request.cents));
                        false
                    }
                    Err(error) => {
                        assert!(
                            matches!(error.rejection(), Some(Rejection::InsufficientValue { .. })),
                            "{error}"
                        );
                        true
                    }
                });
                let mut issues = Vec::with_capacity(open.len() * LOTS);
                for request in &open {
                    for _ in 0..LOTS {
                        let expiry = one.later.next();
                        issues.push(one.issue(one.ids[request.profile as usize], expiry));
                    }
                }
                one.issue_all(&issues);
            }
        }
    }

    fn check(&self, workload: &Workload) -> i64 {
        self.0.check(workload)
    }
}

/// Looks at every account: does it add up (rule J3), and how much was redeemed?
pub(crate) struct Audit {
    needs: Vec<Need>,
    pub(crate) redeemed: i64,
}

impl Audit {
    pub(crate) fn new(ids: &[ProfileId]) -> Self {
        Self { needs: ids.iter().map(|id| Need::of(Owner::Profile(*id))).collect(), redeemed: 0 }
    }
}

impl Work for Audit {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        assert!(view.first.is_conserved());
        self.redeemed += view.first.totals().rewards.redeemed.ten_thousandths() / 100;
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}
