//! Rewards: issuing, reading, correcting, revoking, extending, moving.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::definition::Scope;
use scrip::journal::LotKind;
use scrip::outcome::Disposition;
use scrip::request::{Adjust, Extend, IsRequest, Revoke};
use scrip::{IssueReward, LotId, ProfileId};

use super::find::find_lot;
use crate::backend::Failure;
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::precondition::TRIES;
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
    Ok(answer::thing(status, &lots.values().next()))
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
    Ok(answer::thing(StatusCode::OK, &call.lot(call.id(WHAT)?, LotKind::Reward, WHAT).await?))
}

pub async fn change(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    let precondition = call.precondition(&body)?;
    for _ in 0..TRIES {
        let (lot, version, last) = current(&call).await?;
        precondition.check(version)?;
        let adjust = correction(&lot, body.clone())?;
        let corrects = corrects(&adjust, &lot);
        if call.is_dry_run && !corrects {
            return call.unchanged(lot.profile_id).await;
        }
        let is_done = !corrects || done(&call, last, adjust).await?;
        if is_done {
            return Ok(answer::thing(StatusCode::OK, &call.lot(lot.id, LotKind::Reward, WHAT).await?));
        }
    }
    Err(Failure::Contention.into())
}

/// The reward that the path names, its version, and the last entry of its profile.
async fn current(call: &Call) -> Result<(scrip::Reward, u64, u32), Problem> {
    let id: LotId = call.id(WHAT)?;
    let wallet = call.wallet_with(id, WHAT).await?;
    let lot = wallet.rewards().into_iter().find(|lot| lot.id == id && lot::is_there(lot));
    let lot = lot.ok_or_else(|| Problem::not_found(WHAT))?;
    Ok((lot, wallet.version(id).unwrap_or_default(), wallet.account().sequence()))
}

/// Whether a request was carried out: not, if something was written after what it was made from.
async fn done<A: IsRequest>(call: &Call, last: u32, request: A) -> Result<bool, Problem>
where
    A::Outcome: 'static,
{
    let done = call.run_at(last, request).await;
    Ok(done.map_err(|failure| Problem::from(failure).in_path(WHAT))?.is_some())
}

/// What a body says that a reward is to be.
fn correction(lot: &scrip::Reward, mut body: Body) -> Result<Adjust, Problem> {
    body.keeps("id", &lot.id)?;
    body.keeps("profile_id", &lot.profile_id)?;
    body.keeps("external_id", &lot.external_id)?;
    body.keeps("issued_at", &Time::from(lot.issued_at))?;
    body.keeps("available_at", &Time::from(lot.available_at))?;
    // Whatever the order of its fields.
    let own = lot.details.as_ref().and_then(|details| details.scope.as_deref());
    if body.get::<Scope>("scope")?.is_some_and(|scope| Some(&scope) != own) {
        return Err(Problem::invalid("scope", "stays what it is"));
    }
    body.drop_unchanged("expires_at", &Time::last(lot.expires_at));
    body.resolve(&[], &["expires_at"])?;
    let reason: Option<String> = body.get("reason")?;
    let mut adjust = Adjust::new(lot.id, reason.as_deref().unwrap_or("corrected"));
    adjust.value_initial = body.get("value_initial")?;
    adjust.value_remaining = body.get("value_remaining")?;
    adjust.meta = body.get("meta")?;
    adjust.expires_at = body.get("expires_at")?;
    Ok(adjust)
}

/// Whether a correction would change anything.
fn corrects(adjust: &Adjust, lot: &scrip::Reward) -> bool {
    let meta = lot.details.as_ref().and_then(|details| details.meta.as_ref());
    adjust.value_initial.is_some_and(|value| value != lot.value_initial.into())
        || adjust.value_remaining.is_some_and(|value| value != lot.value_remaining.into())
        || adjust.expires_at.is_some_and(|end| end.resolve(lot.terms.timezone) != Ok(lot.expires_at))
        || adjust.meta.as_ref().is_some_and(|new| meta != Some(new))
}

pub async fn revoke(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    let precondition = call.precondition(&body)?;
    for _ in 0..TRIES {
        let (lot, version, last) = current(&call).await?;
        precondition.check(version)?;
        let mut revoke = Revoke::new(lot.id);
        revoke.reason = body.get("reason")?;
        if done(&call, last, revoke).await? {
            return Ok(answer::gone());
        }
    }
    Err(Failure::Contention.into())
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
