//! What is done for each request of the workload, other than redeeming alone.

pub(crate) mod table;

use scrip::{CaptureHold, Command, RedemptionId, ReturnRedemption};

use crate::contestants::Request;
use crate::contestants::ledger::{OneByOne, cents};

/// What is done for each request; answers what stays redeemed of it, in cents.
pub(crate) type Job = fn(&mut OneByOne, &mut Made, Request) -> i64;

/// The redemptions so far, for those that return to one of them.
#[derive(Default)]
pub(crate) struct Made {
    redemptions: Vec<(RedemptionId, Request)>,
    requests: usize,
}

pub(crate) const JOBS: [(&str, Job); 5] = [
    ("redeem", redeem),
    ("hold, capture all", hold_and_capture),
    ("hold, capture half", hold_and_capture_half),
    ("redeem, return half", redeem_and_return),
    ("W, one in ten a return", one_in_ten_returns),
];

fn redeem(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    let command = ledger.redeem(request);
    ledger.commit(request.profile, &command);
    request.cents
}

fn hold_and_capture(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    capture(ledger, request, request.cents)
}

fn hold_and_capture_half(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    capture(ledger, request, half(request))
}

fn redeem_and_return(ledger: &mut OneByOne, _: &mut Made, request: Request) -> i64 {
    let command = ledger.redeem(request);
    let redemption = ledger.commit(request.profile, &command).id;
    request.cents - give_back(ledger, redemption, request)
}

/// Every tenth request returns half of the redemption that was made five requests before it.
fn one_in_ten_returns(ledger: &mut OneByOne, made: &mut Made, request: Request) -> i64 {
    made.requests += 1;
    let earlier = made.redemptions.len().checked_sub(5).map(|place| made.redemptions[place]);
    if let (true, Some((redemption, earlier))) = (made.requests.is_multiple_of(10), earlier) {
        return -give_back(ledger, redemption, earlier);
    }
    let command = ledger.redeem(request);
    let redemption = ledger.commit(request.profile, &command).id;
    made.redemptions.push((redemption, request));
    request.cents
}

fn capture(ledger: &mut OneByOne, request: Request, part: i64) -> i64 {
    let command = ledger.hold(request);
    let hold = ledger.commit(request.profile, &command).id;
    let capture = Command::new(ledger.now, CaptureHold::part(hold, cents(part)));
    ledger.commit(request.profile, &capture);
    part
}

fn give_back(ledger: &mut OneByOne, redemption: RedemptionId, request: Request) -> i64 {
    let part = half(request);
    let back = Command::new(ledger.now, ReturnRedemption::strict(redemption, cents(part)));
    ledger.commit(request.profile, &back);
    part
}

fn half(request: Request) -> i64 {
    (request.cents + 1) / 2
}
