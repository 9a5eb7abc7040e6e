//! The clients: each does one thing after the other, and runs it again under its key for as long as it must.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use scrip::id::ExternalId;
use scrip::journal::LotKind;
use scrip::json::Json;
use scrip::ledger::GroupCommit;
use scrip::request::{Reassign, Transfer};
use scrip::{
    Amount, AsyncLedger, CaptureHold, Command, DefinitionId, Error, HoldId, IssueReward, LotId, Outcome,
    PlaceHold, ProfileId, Program, Redeem, RedemptionId, Request, ReturnRedemption, Timestamp,
};

use super::server::{Plant, Shared, lock};
use super::store::{Connection, Down, turn};

pub type Group = GroupCommit<AsyncLedger<Connection>>;

/// What a client knows of one thing that it did.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[allow(clippy::large_enum_variant)] // There are thirty of them.
pub enum End {
    Done(Outcome),
    /// It was refused, or not carried out.
    NotDone,
    /// Nobody said.
    Unknown,
}

/// What all clients of a run share.
pub struct Desk {
    pub server: Shared,
    /// The group that runs now, if one does.
    pub group: Mutex<Option<Group>>,
    pub ends: Mutex<BTreeMap<u32, (Command, End)>>,
    known: Mutex<Known>,
}

/// What there is to be named.
#[derive(Default)]
struct Known {
    /// Each with who had it when it was last heard of.
    lots: BTreeMap<LotId, ProfileId>,
    redemptions: Vec<RedemptionId>,
    holds: Vec<HoldId>,
}

pub fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

pub fn start() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

pub fn profile(number: u64) -> ProfileId {
    ProfileId::new(&format!("profile {number}")).unwrap()
}

/// The mark of an operation, in what its entry says or in its key.
pub fn mark(operation: u32) -> String {
    format!("op {operation}")
}

impl Desk {
    pub fn new(server: Shared) -> Self {
        Self { server, group: Mutex::default(), ends: Mutex::default(), known: Mutex::default() }
    }

    pub fn ends(&self) -> MutexGuard<'_, BTreeMap<u32, (Command, End)>> {
        self.ends.lock().unwrap()
    }

    /// A command, whether it is safe to run again included in it: most carry a key, some a name.
    fn next(&self, operation: u32) -> Command {
        let (mut server, known) = (lock(&self.server), self.known.lock().unwrap());
        let rng = &mut server.rng;
        let whose = profile(rng.below(4));
        let amount = Amount::from(1 + rng.below(12) as u32);
        let meta = Some(Json::new(&format!("{:?}", mark(operation))).unwrap());
        let mut is_keyed = !rng.one_in(4);
        let request: Request = match rng.below(13) {
            4..=6 => {
                let mut redeem = if rng.one_in(2) {
                    Redeem::strict(whose, amount)
                } else {
                    Redeem::lenient(whose, amount)
                };
                redeem.meta = meta;
                redeem.into()
            }
            7 | 8 if !known.redemptions.is_empty() => {
                let mut back = ReturnRedemption::lenient(*rng.pick(&known.redemptions), amount);
                back.meta = meta;
                back.into()
            }
            9 | 10 if !known.lots.is_empty() => {
                // Its entries say nothing of the caller's; its key does.
                is_keyed = true;
                let lots: Vec<_> = known.lots.iter().collect();
                let (lot, holder) = *rng.pick(&lots);
                let mut reassign = Reassign::new(*lot, whose);
                // Keys are scoped to a profile: whose the lot was when it was first asked for.
                reassign.from = Some(*holder);
                reassign.into()
            }
            11 if !known.holds.is_empty() && rng.one_in(2) => {
                is_keyed = true;
                CaptureHold::all(*rng.pick(&known.holds)).into()
            }
            12 => {
                let mut transfer = Transfer::new(profile(rng.below(4)), whose, LotKind::Reward, amount);
                transfer.meta = meta;
                transfer.into()
            }
            11 => {
                let mut hold = PlaceHold::strict(whose, amount);
                hold.meta = meta;
                hold.into()
            }
            _ => {
                let mut issue = IssueReward::new(whose, DefinitionId::new(1).unwrap());
                issue.meta = meta;
                if rng.one_in(3) {
                    issue.external_id = Some(ExternalId::new(&mark(operation)).unwrap());
                }
                issue.into()
            }
        };
        let at = start().checked_add(chrono::TimeDelta::milliseconds(operation.into())).unwrap();
        let command = Command::new(at, request);
        if is_keyed { command.keyed(mark(operation).parse().unwrap()) } else { command }
    }

    fn learn(&self, command: &Command, outcome: &Outcome) {
        let mut known = self.known.lock().unwrap();
        match outcome {
            Outcome::IssueReward(reward) => {
                known.lots.insert(reward.id, reward.profile_id);
            }
            Outcome::Reassign(moved) => {
                if let Request::Reassign(reassign) = &command.request {
                    known.lots.insert(moved.lot.lot, reassign.profile_id);
                }
            }
            Outcome::Redeem(redemption) | Outcome::CaptureHold(redemption) => {
                known.redemptions.push(redemption.id);
            }
            Outcome::PlaceHold(hold) => known.holds.push(hold.id),
            _ => {}
        }
    }
}

pub fn is_idempotent(command: &Command) -> bool {
    let is_named = matches!(&command.request, Request::IssueReward(issue) if issue.external_id.is_some());
    command.key.is_some() || is_named
}

/// One client, from its first operation to its last.
pub async fn client(desk: Arc<Desk>, number: u32, operations: u32) {
    for operation in (0..operations).map(|operation| operation * 10 + number) {
        let command = desk.next(operation);
        // It may die in the middle, and nobody knows what it did.
        desk.ends().insert(operation, (command.clone(), End::Unknown));
        let end = pursue(&desk, number, &command).await;
        lock(&desk.server).tell(|| {
            format!("client {number}: {}, {}, ends {}", mark(operation), command.named(), end.name())
        });
        if let End::Done(outcome) = &end {
            desk.learn(&command, outcome);
        }
        desk.ends().insert(operation, (command, end));
    }
}

/// Runs a command until it is known what became of it, or it is not safe to run it again.
async fn pursue(desk: &Desk, number: u32, command: &Command) -> End {
    let (mut is_in_doubt, mut may_wait_still) = (false, false);
    for _ in 0..100 {
        let answer = impatient(desk, attempt(desk, number, command)).await;
        lock(&desk.server).tell(|| {
            let heard = match &answer {
                Some(Ok(_)) => "done",
                Some(Err(error)) => error.code(),
                None => "nothing, and gives up waiting",
            };
            format!("client {number}: hears {heard} of {}", command.named())
        });
        match answer {
            Some(Ok(outcome)) => return End::Done(outcome),
            // What was given up may wait in the queue still, and be decided later than this.
            Some(Err(Error::Rejected(_))) if may_wait_still => return End::Unknown,
            Some(Err(Error::Rejected(_))) => return End::NotDone,
            Some(Err(Error::Store(_) | Error::Closed | Error::Contention { .. })) => {}
            // No answer; and a key that was used for something else would be one that is not right.
            Some(Err(_)) => is_in_doubt = true,
            None => (is_in_doubt, may_wait_still) = (true, true),
        }
        let may_repeat = is_idempotent(command) || lock(&desk.server).has(Plant::ClientRunsDoubtAgain);
        if is_in_doubt && !may_repeat {
            return End::Unknown;
        }
        if lock(&desk.server).mishap(6) {
            return if is_in_doubt { End::Unknown } else { End::NotDone };
        }
        turn().await;
    }
    End::Unknown
}

/// Through the group, or by a connection of its own.
async fn attempt(desk: &Desk, number: u32, command: &Command) -> Result<Outcome, Error<Down>> {
    let group = desk.group.lock().unwrap().clone();
    let dice = lock(&desk.server).rng.below(4);
    let receipt = match (group, dice) {
        (Some(group), 0) => match group.try_commit(command.clone()) {
            Ok(pending) => pending.await,
            Err(_) => return Err(Error::Closed),
        },
        (Some(group), 1 | 2) => group.commit(command.clone()).await,
        _ => {
            let connection =
                Connection { server: Arc::clone(&desk.server), name: format!("client {number}") };
            AsyncLedger::new(program(), connection).run(command).await
        }
    };
    receipt.map(|receipt| receipt.outcome)
}

/// Gives up waiting, once in a while.
async fn impatient<T>(desk: &Desk, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        if lock(&desk.server).mishap(300) {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

impl End {
    fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::NotDone => "not done",
            Self::Unknown => "unknown",
        }
    }
}

trait Named {
    fn named(&self) -> String;
}

impl Named for Command {
    fn named(&self) -> String {
        let text = serde_json::to_string(&self.request).unwrap();
        let key = self.key.as_ref().map_or("without a key", |_| "under a key");
        format!("{} {key}", text.split('"').nth(1).unwrap_or_default())
    }
}
