//! Holds: setting value aside, and what becomes of it.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::{CaptureHold, Hold, HoldId, LotId, PlaceHold, ReleaseHold};

use super::redemptions::answer_redemption;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::lot;
use crate::shape::redemption::{HoldOut, Lots};

const WHAT: &str = "hold";

pub async fn place(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    body.require(&["amount"])?;
    body.drop_nulls();
    body.set("profile_id", &call.profile()?);
    let placed = call.run(body.read::<PlaceHold>()?).await?;
    let hold = placed.outcome;
    let lots =
        call.lots_after(hold.profile_id, placed.disposition, hold.id.sequence(), &lots_of(&hold)).await?;
    let version = hold.id.sequence().into();
    Ok(answer::thing(StatusCode::CREATED, &shape(&call, &hold, version, &lots)))
}

pub async fn capture(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    let mut request = CaptureHold::all(call.id::<HoldId>(WHAT)?);
    request.amount = body.get("amount")?;
    request.lines = body.get("lines")?;
    request.tags = body.get("tags")?.unwrap_or_default();
    request.meta = body.get("meta")?;
    let captured = call.run(request).await.map_err(|problem| problem.in_path(WHAT))?;
    answer_redemption(&call, &captured).await
}

pub async fn release(call: Call) -> Result<Response, Problem> {
    let hold_id: HoldId = call.id(WHAT)?;
    call.body()?;
    let released = call.run(ReleaseHold::new(hold_id)).await.map_err(|problem| problem.in_path(WHAT))?;
    let hold = released.outcome;
    let wallet = call.wallet_after(hold.profile_id, released.disposition).await?;
    let lots = lot::named(&wallet, &lots_of(&hold), &*call.app.catalogue().await?);
    let version = wallet.version(hold.id).unwrap_or_default();
    Ok(answer::thing(StatusCode::OK, &shape(&call, &hold, version, &lots)))
}

pub fn lots_of(hold: &Hold) -> Vec<LotId> {
    hold.items.iter().map(|item| item.lot).collect()
}

pub fn shape(call: &Call, hold: &Hold, version: u64, lots: &Lots) -> HoldOut {
    HoldOut::new(hold, version, call.app.backend.program(), lots)
}
