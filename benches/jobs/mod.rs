//! What is done for each request of the workload, other than redeeming alone.

pub(crate) mod table;

use scrip::{CaptureHold, RedemptionId, ReturnRedemption};

use crate::contestants::Request;
use crate::contestants::till::{Till, cents};

/// What is done for each request; answers what stays redeemed of it, in cents.
pub(crate) type Job = fn(&mut Till, &mut Made, Request) -> i64;

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

fn redeem(till: &mut Till, _: &mut Made, request: Request) -> i64 {
    let redeem = till.redeem(request);
    till.commit(request.profile, redeem);
    request.cents
}

fn hold_and_capture(till: &mut Till, _: &mut Made, request: Request) -> i64 {
    capture(till, request, request.cents)
}

fn hold_and_capture_half(till: &mut Till, _: &mut Made, request: Request) -> i64 {
    capture(till, request, half(request))
}

fn redeem_and_return(till: &mut Till, _: &mut Made, request: Request) -> i64 {
    let redeem = till.redeem(request);
    let redemption = till.commit(request.profile, redeem).id;
    request.cents - give_back(till, redemption, request)
}

/// Every tenth request returns half of the redemption that was made five requests before it.
fn one_in_ten_returns(till: &mut Till, made: &mut Made, request: Request) -> i64 {
    made.requests += 1;
    let earlier = made.redemptions.len().checked_sub(5).map(|place| made.redemptions[place]);
    if let (true, Some((redemption, earlier))) = (made.requests.is_multiple_of(10), earlier) {
        return -give_back(till, redemption, earlier);
    }
    let redeem = till.redeem(request);
    let redemption = till.commit(request.profile, redeem).id;
    made.redemptions.push((redemption, request));
    request.cents
}

fn capture(till: &mut Till, request: Request, part: i64) -> i64 {
    let hold = till.hold(request);
    let hold = till.commit(request.profile, hold).id;
    till.commit(request.profile, CaptureHold::part(hold, cents(part)));
    part
}

fn give_back(till: &mut Till, redemption: RedemptionId, request: Request) -> i64 {
    let part = half(request);
    till.commit(request.profile, ReturnRedemption::strict(redemption, cents(part)));
    part
}

fn half(request: Request) -> i64 {
    (request.cents + 1) / 2
}
