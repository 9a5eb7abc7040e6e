//! Many requests together: in one call, or of many callers in group commit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::request::Action;
use scrip::store::Blocking;
use scrip::{Amount, AsyncLedger, Command, IssueReward, Ledger, MemoryStore, Outcome, Redeem, Redemption};

use super::single::{asynchronous, external_id, redeemed};
use super::{Call, ready};
use crate::contestants::Request;
use crate::contestants::till::{Till, assert_too_little, cents, key};

/// How many commands a batch has.
pub(crate) const BATCH: usize = 1_024;
/// How many callers of group commit wait for an answer at any time.
const CALLERS: usize = 64;

/// Redemptions.
pub(crate) fn typed(till: &Till) -> Box<dyn Call> {
    batches(till, |till, request| Command::new(till.now, till.redeem(request)), check_redemption)
}

/// Redemptions under a key.
pub(crate) fn keyed(till: &Till) -> Box<dyn Call> {
    batches(till, keyed_redemption, check_redemption)
}

/// Redemptions, as any request.
pub(crate) fn as_request(till: &Till) -> Box<dyn Call> {
    batches(
        till,
        |till, request| Command::new(till.now, scrip::Request::from(till.redeem(request))),
        |outcome, request| redeemed(outcome, cents(request.cents)),
    )
}

/// Half redemptions under a key, a quarter issues under a key, and a quarter issues with an external id.
pub(crate) fn mixed(till: &Till) -> Box<dyn Call> {
    batches(
        till,
        |till, request| {
            if is_redemption(request) {
                return Command::new(till.now, scrip::Request::from(till.redeem(request)))
                    .keyed(key(request));
            }
            let mut issue = IssueReward::new(till.profile(request), till.monthly);
            if request.number % 4 == 1 {
                return Command::new(till.now, scrip::Request::from(issue)).keyed(key(request));
            }
            issue.external_id = Some(external_id(request));
            Command::new(till.now, scrip::Request::from(issue))
        },
        |outcome, request| match outcome {
            Outcome::IssueReward(reward) => assert_eq!(reward.value_initial, Amount::from(10)),
            outcome => redeemed(outcome, cents(request.cents)),
        },
    )
}

/// Whether a request of a mixed batch is a redemption.
pub(crate) const fn is_redemption(request: Request) -> bool {
    request.number.is_multiple_of(2)
}

fn keyed_redemption(till: &Till, request: Request) -> Command<Redeem> {
    Command::new(till.now, till.redeem(request)).keyed(key(request))
}

fn check_redemption(redemption: &Redemption, request: Request) {
    assert_eq!(redemption.total, cents(request.cents));
}

struct Batches<A: Action> {
    ledger: Ledger<MemoryStore>,
    command: fn(&Till, Request) -> Command<A>,
    check: fn(&A::Outcome, Request),
}

fn batches<A: Action + 'static>(
    till: &Till,
    command: fn(&Till, Request) -> Command<A>,
    check: fn(&A::Outcome, Request),
) -> Box<dyn Call> {
    Box::new(Batches { ledger: till.ledger.clone(), command, check })
}

impl<A: Action> Call for Batches<A> {
    fn at_once(&self) -> usize {
        BATCH
    }

    fn send(&mut self, till: &Till, requests: &[Request], refused: &mut Vec<Request>) {
        let commands: Vec<_> = requests.iter().map(|request| (self.command)(till, *request)).collect();
        for (answer, request) in self.ledger.run_all(&commands).iter().zip(requests) {
            match answer {
                Ok(receipt) => (self.check)(&receipt.outcome, *request),
                Err(error) => {
                    assert_too_little(error);
                    refused.push(*request);
                }
            }
        }
    }
}

type Memory = AsyncLedger<Blocking<MemoryStore>>;

/// Redemptions under a key in group commit, the driver on the thread of its callers.
pub(crate) fn grouped(till: &Till) -> Box<dyn Call> {
    let (group, driver) = GroupCommit::new(asynchronous(till), GroupOptions::default());
    Box::new(Group { group, driver: Box::pin(driver.run()) })
}

struct Group {
    group: GroupCommit<Memory>,
    driver: Pin<Box<dyn Future<Output = Memory>>>,
}

impl Call for Group {
    fn at_once(&self) -> usize {
        CALLERS
    }

    fn send(&mut self, till: &Till, requests: &[Request], refused: &mut Vec<Request>) {
        let commit = |request: &Request| self.group.commit(keyed_redemption(till, *request));
        let pending: Vec<_> = requests.iter().map(commit).collect();
        let driver = self.driver.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(driver.is_pending(), "it ends with the last handle");
        for (pending, request) in pending.into_iter().zip(requests) {
            match ready(pending) {
                Ok(receipt) => check_redemption(&receipt.outcome, *request),
                Err(error) => {
                    assert_too_little(&error);
                    refused.push(*request);
                }
            }
        }
    }
}
