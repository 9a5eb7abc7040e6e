//! One request at a time.

use std::collections::VecDeque;

use scrip::id::ExternalId;
use scrip::store::{Blocking, MemoryError};
use scrip::{
    Amount, AsyncLedger, CaptureHold, Command, Error, IssueReward, Ledger, MemoryStore, ReturnRedemption,
    json,
};

use super::{Call, ready};
use crate::contestants::Request;
use crate::contestants::till::{Till, assert_too_little, cents, key};

type Memory = Ledger<MemoryStore>;
type Result = std::result::Result<(), Error<MemoryError>>;

/// Calls a function for each request.
pub(crate) fn each(till: &Till, ask: fn(&mut Memory, &Till, Request) -> Result) -> Box<dyn Call> {
    Box::new(Each { ledger: till.ledger.clone(), ask })
}

struct Each {
    ledger: Memory,
    ask: fn(&mut Memory, &Till, Request) -> Result,
}

impl Call for Each {
    fn send(&mut self, till: &Till, requests: &[Request], refused: &mut Vec<Request>) {
        for request in requests {
            if let Err(error) = (self.ask)(&mut self.ledger, till, *request) {
                assert_too_little(&error);
                refused.push(*request);
            }
        }
    }
}

pub(crate) fn typed(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let redeem = till.redeem(request);
    let amount = redeem.amount;
    assert_eq!(ledger.at(till.now).commit(redeem)?.total, amount);
    Ok(())
}

pub(crate) fn as_request(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let command = Command::new(till.now, scrip::Request::from(till.redeem(request)));
    redeemed(&ledger.run(&command)?.outcome, cents(request.cents));
    Ok(())
}

pub(crate) fn keyed(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let redeem = till.redeem(request);
    let amount = redeem.amount;
    assert_eq!(ledger.at(till.now).keyed(key(request)).commit(redeem)?.total, amount);
    Ok(())
}

pub(crate) fn issue(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let reward = ledger.at(till.now).commit(IssueReward::new(till.profile(request), till.monthly))?;
    assert_eq!(reward.value_initial, Amount::from(10));
    Ok(())
}

pub(crate) fn issue_external(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let mut issue = IssueReward::new(till.profile(request), till.monthly);
    issue.external_id = Some(external_id(request));
    let reward = ledger.at(till.now).commit(issue)?;
    assert_eq!(reward.value_initial, Amount::from(10));
    Ok(())
}

pub(crate) fn external_id(request: Request) -> ExternalId {
    ExternalId::new(&format!("crm-{:09}", request.number)).unwrap()
}

pub(crate) fn hold_and_capture(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let hold = ledger.at(till.now).commit(till.hold(request))?;
    let capture = ledger.at(till.now).commit(CaptureHold::all(hold.id))?;
    assert_eq!(capture.total, cents(request.cents));
    Ok(())
}

pub(crate) fn redeem_and_return(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let redemption = ledger.at(till.now).commit(till.redeem(request))?;
    let part = cents(returned(request));
    let back = ledger.at(till.now).commit(ReturnRedemption::strict(redemption.id, part))?;
    assert_eq!(back.total, part);
    Ok(())
}

/// What is returned of a redemption: half of it.
pub(crate) const fn returned(request: Request) -> i64 {
    (request.cents + 1) / 2
}

pub(crate) fn quote(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let redeem = till.redeem(request);
    assert_eq!(ledger.at(till.now).quote(&redeem)?.total, redeem.amount);
    Ok(())
}

pub(crate) fn balances(ledger: &mut Memory, till: &Till, request: Request) -> Result {
    let balances = ledger.at(till.now).balances(till.profile(request))?;
    assert!(balances.reward_balance >= cents(request.cents));
    Ok(())
}

pub(super) fn redeemed(outcome: &scrip::Outcome, amount: Amount) {
    assert!(matches!(outcome, scrip::Outcome::Redeem(redemption) if redemption.total == amount));
}

/// Redemptions under a key that come as JSON text.
pub(crate) fn from_json(till: &Till) -> Box<dyn Call> {
    Box::new(FromJson { ledger: till.ledger.clone(), texts: VecDeque::new() })
}

struct FromJson {
    ledger: Memory,
    texts: VecDeque<String>,
}

impl Call for FromJson {
    fn receive(&mut self, till: &Till, requests: &[Request]) {
        let text = |request: &Request| {
            let (key, name) = (request.key(), till.name(*request));
            let (dollars, cents) = (request.cents / 100, request.cents % 100);
            let redeem = format!(r#"{{"profile_id": "{name}", "amount": {dollars}.{cents:02}}}"#);
            format!(r#"{{"at": "2025-06-15T00:00:00Z", "key": "{key}", "request": {{"redeem": {redeem}}}}}"#)
        };
        self.texts.extend(requests.iter().map(text));
    }

    fn send(&mut self, _: &Till, requests: &[Request], refused: &mut Vec<Request>) {
        for request in requests {
            let text = self.texts.pop_front().unwrap();
            let command: Command = json::read(text.as_bytes()).unwrap();
            match self.ledger.run(&command) {
                Ok(receipt) => redeemed(&receipt.outcome, cents(request.cents)),
                Err(error) => {
                    assert_too_little(&error);
                    refused.push(*request);
                }
            }
        }
    }
}

/// Redemptions under a key through an asynchronous ledger.
pub(crate) fn awaited(till: &Till) -> Box<dyn Call> {
    Box::new(Awaited(asynchronous(till)))
}

/// An asynchronous ledger over the till's store.
pub(super) fn asynchronous(till: &Till) -> AsyncLedger<Blocking<MemoryStore>> {
    AsyncLedger::new(till.ledger.program().clone(), Blocking(till.ledger.clone().store().clone()))
}

struct Awaited(AsyncLedger<Blocking<MemoryStore>>);

impl Call for Awaited {
    fn send(&mut self, till: &Till, requests: &[Request], refused: &mut Vec<Request>) {
        for request in requests {
            let redeem = till.redeem(*request);
            let amount = redeem.amount;
            match ready(self.0.at(till.now).keyed(key(*request)).commit(redeem)) {
                Ok(redemption) => assert_eq!(redemption.total, amount),
                Err(error) => {
                    assert_too_little(&error);
                    refused.push(*request);
                }
            }
        }
    }
}
