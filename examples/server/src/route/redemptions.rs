//! Redeeming, quoting, and giving back.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::journal::ReturnedTo;
use scrip::outcome::{Disposition, Return};
use scrip::request::{ReverseRedemption, Strategy};
use scrip::{LotId, ProfileId, Receipt, Redeem, Redemption, RedemptionId, ReturnRedemption};

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::lot;
use crate::shape::redemption::{QuoteOut, RedemptionOut, ReturnOut, returned_to};

const WHAT: &str = "redemption";

pub async fn redeem(call: Call) -> Result<Response, Problem> {
    let request = request(&call, call.body()?)?;
    carry_out(&call, request).await
}

pub async fn quote(call: Call) -> Result<Response, Problem> {
    let request = request(&call, call.body()?)?;
    let profile = call.profile()?;
    let quote = call.app.backend.quote(call.at, request).await?;
    let wallet = call.app.backend.wallet(LedgerAt::Now(call.at), profile).await?;
    let ids: Vec<LotId> = quote.items.iter().map(|item| item.lot).collect();
    let lots = lot::named(&wallet, &ids, &*call.app.catalogue().await?);
    Ok(answer::ok(&QuoteOut::new(&quote, &lots)))
}

/// The short form: one word says what to pay with.
pub async fn redeem_shortly(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    let strategy: Option<String> = body.get("strategy")?;
    let strategies: &[Strategy] = match strategy.as_deref() {
        Some("rewards") => &[Strategy::Rewards],
        Some("points") => &[Strategy::Points],
        None | Some("rewards_points") => &[Strategy::Rewards, Strategy::Points],
        Some("points_rewards") => &[Strategy::Points, Strategy::Rewards],
        Some(other) => {
            let said: String = other.chars().take(40).collect();
            let message =
                format!("`{said}` is not one of rewards, points, rewards_points and points_rewards");
            return Err(Problem::invalid("strategy", message));
        }
    };
    body.set("strategies", &strategies);
    let request = request(&call, body)?;
    carry_out(&call, request).await.map_err(|problem| problem.renamed("strategies", "strategy"))
}

/// What a body that redeems says. Lenient, unless it says strict.
fn request(call: &Call, mut body: Body) -> Result<Redeem, Problem> {
    body.require(&["amount"])?;
    body.drop_nulls();
    body.resolve(&["occurred_at"], &[])?;
    body.set_default("strict", &false);
    body.set("profile_id", &call.profile()?);
    body.read()
}

async fn carry_out(call: &Call, request: Redeem) -> Result<Response, Problem> {
    answer_redemption(call, &call.run(request).await?).await
}

pub async fn answer_redemption(call: &Call, receipt: &Receipt<Redemption>) -> Result<Response, Problem> {
    let redemption = &receipt.outcome;
    // What is repeated was counted before.
    if receipt.disposition == Disposition::New {
        call.app.metrics.redeemed();
    }
    let ids: Vec<LotId> = redemption.items.iter().map(|item| item.lot).collect();
    let lots =
        call.lots_after(redemption.profile_id, receipt.disposition, redemption.id.sequence(), &ids).await?;
    let version = redemption.id.sequence().into();
    let shape = RedemptionOut::new(redemption, version, call.app.backend.program(), &lots);
    Ok(answer::thing(StatusCode::CREATED, &shape))
}

pub async fn reverse(call: Call) -> Result<Response, Problem> {
    let mut request = ReverseRedemption::new(call.id::<RedemptionId>(WHAT)?);
    request.meta = call.body()?.get("meta")?;
    let back = call.run(request).await.map_err(|problem| problem.in_path(WHAT))?;
    answer_return(&call, &back).await
}

pub async fn give_back(call: Call) -> Result<Response, Problem> {
    let id: RedemptionId = call.id(WHAT)?;
    let body = call.body()?;
    if !body.has("lines") {
        body.require(&["amount"])?;
    }
    let mut request = ReturnRedemption::of_lines(id, []);
    (request.amount, request.lines) = (body.get("amount")?, body.get("lines")?);
    request.strict = body.get("strict")?.unwrap_or(false);
    request.meta = body.get("meta")?;
    let back = call.run(request).await.map_err(|problem| problem.in_path(WHAT))?;
    answer_return(&call, &back).await
}

async fn answer_return(call: &Call, receipt: &Receipt<Return>) -> Result<Response, Problem> {
    let back = &receipt.outcome;
    let profile: ProfileId = back.profile_id;
    // A new lot that takes value is issued right before or after the entry itself.
    let ids = returned_to(back);
    let last = ids.iter().filter(|id| id.number() == back.id.number()).map(|id| id.sequence()).max();
    let sequence = back.id.sequence().max(last.unwrap_or(0));
    // A new lot has an entry of its own, so that not all were changed by one.
    let is_one = back.items.iter().all(|item| !matches!(item.to, ReturnedTo::NewLot(_)));
    let disposition = if is_one { receipt.disposition } else { Disposition::Replayed };
    let lots = call.lots_after(profile, disposition, sequence, &ids).await?;
    Ok(answer::data(StatusCode::CREATED, &ReturnOut::new(back, call.app.backend.program(), &lots)))
}
