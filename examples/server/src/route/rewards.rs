//! Rewards: issuing, reading, correcting, revoking, extending, moving.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::{Adjust, Disposition, Extend, IssueReward, Lot, LotId, LotKind, ProfileId, Quantity, Revoke};

use super::find::find_lot;
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::lot;
use crate::shape::wire::Time;

const WHAT: &str = "reward";

pub async fn issue(call: Call) -> Result<Response, Problem> {
    let issued = call.run(request(call.body()?)?).await?;
    let reward = &issued.outcome;
    let lots =
        call.lots_after(reward.profile_id, issued.disposition, reward.id.sequence(), &[reward.id]).await?;
    let status =
        if issued.disposition == Disposition::Existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer::data(status, &lots.values().next()))
}

/// The request that a body makes; a row of a batch is the same.
pub fn request(mut body: Body) -> Result<IssueReward, Problem> {
    body.drop_nulls();
    body.require(&["profile_id"])?;
    body.resolve(&["issued_at", "available_at"], &["expires_at"])?;
    body.read()
}

pub async fn index(call: Call) -> Result<Response, Problem> {
    if let Some(profile) = call.query.filter("profile_id") {
        let Ok(profile) = ProfileId::new(profile) else { return list::page(&call, [(); 0]) };
        let wallet = call.app.backend.wallet(call.moment, profile).await?;
        return list::page(&call, lot::rewards(&wallet, &*call.app.catalogue().await?));
    }
    let held = call.app.index.lots(&call.app.backend, call.moment, LotKind::Reward).await?;
    call.page_of(held, |wallet, ids, catalogue| {
        let there = |id: &LotId| Some((*id, find_lot(wallet, *id, LotKind::Reward, catalogue)?));
        ids.iter().filter_map(there).collect()
    })
    .await
}

pub async fn show(call: Call) -> Result<Response, Problem> {
    Ok(answer::ok(&call.lot(call.id(WHAT)?, LotKind::Reward, WHAT).await?))
}

pub async fn change(call: Call) -> Result<Response, Problem> {
    let id: LotId = call.id(WHAT)?;
    let before = call.lot_now(id, LotKind::Reward, WHAT).await?;
    let mut body = call.body()?;
    let lot = &before.lot;
    body.keeps("id", &lot.id)?;
    body.keeps("profile_id", &lot.profile_id)?;
    body.keeps("external_id", &lot.external_id)?;
    body.keeps("issued_at", &Time::from(lot.issued_at))?;
    body.keeps("available_at", &Time::from(lot.available_at))?;
    body.drop_unchanged("expires_at", &Time::last(lot.expires_at));
    body.resolve(&[], &["expires_at"])?;
    let reason: Option<String> = body.get("reason")?;
    let mut adjust = Adjust::new(id, reason.as_deref().unwrap_or("corrected"));
    adjust.value_initial = body.get("value_initial")?;
    adjust.value_remaining = body.get("value_remaining")?;
    adjust.meta = body.get("meta")?;
    adjust.expires_at = body.get("expires_at")?;
    if corrects(&adjust, lot) {
        call.run(adjust).await.map_err(|problem| problem.in_path(WHAT))?;
    }
    Ok(answer::ok(&call.lot(id, LotKind::Reward, WHAT).await?))
}

/// Whether a correction would change anything.
fn corrects(adjust: &Adjust, lot: &Lot<Quantity>) -> bool {
    let meta = lot.details.as_ref().and_then(|details| details.meta.as_ref());
    adjust.value_initial.is_some_and(|value| value != lot.value_initial)
        || adjust.value_remaining.is_some_and(|value| value != lot.value_remaining)
        || adjust.expires_at.is_some_and(|end| end.resolve(lot.terms.timezone) != Ok(lot.expires_at))
        || adjust.meta.as_ref().is_some_and(|new| meta != Some(new))
}

pub async fn revoke(call: Call) -> Result<Response, Problem> {
    let id: LotId = call.id(WHAT)?;
    call.lot_now(id, LotKind::Reward, WHAT).await?;
    let mut revoke = Revoke::new(id);
    revoke.reason = call.body()?.get("reason")?;
    call.run(revoke).await.map_err(|problem| problem.in_path(WHAT))?;
    Ok(answer::gone())
}

pub async fn extend(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    body.require(&["profile_id", "ids"])?;
    body.drop_nulls();
    body.resolve(&[], &["extend_date"])?;
    let request: Extend = body.read()?;
    let profile = request.profile_id;
    let extended = call.run(request).await?;
    let ids: Vec<LotId> = extended.outcome.lots.iter().map(|lot| lot.lot).collect();
    let wallet = call.wallet_after(profile, extended.disposition).await?;
    let lots = lot::named(&wallet, &ids, &*call.app.catalogue().await?);
    Ok(answer::ok(&ids.iter().filter_map(|id| lots.get(id)).collect::<Vec<_>>()))
}
