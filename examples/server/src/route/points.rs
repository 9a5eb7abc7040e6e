//! Lots of points.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::journal::LotKind;
use scrip::outcome::Disposition;
use scrip::{IssuePoints, LotId, ProfileId};

use super::find::find_lot;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::lot;

const WHAT: &str = "lot of points";

pub async fn issue(call: Call) -> Result<Response, Problem> {
    let mut body = call.body()?;
    body.drop_nulls();
    body.require(&["profile_id"])?;
    body.resolve(&["issued_at", "available_at"], &["expires_at"])?;
    if !body.has("point_definition_handle") {
        // The definition that every store starts with.
        body.set_default("point_definition_id", &1);
    }
    let issued = call.run(body.read::<IssuePoints>()?).await?;
    let point = &issued.outcome;
    let lots =
        call.lots_after(point.profile_id, issued.disposition, point.id.sequence(), &[point.id]).await?;
    let status =
        if issued.disposition == Disposition::Existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok(answer::thing(status, &lots.values().next()))
}

pub async fn index(call: Call) -> Result<Response, Problem> {
    if let Some(profile) = call.query.filter("profile_id") {
        let Ok(profile) = ProfileId::new(profile) else { return list::page(&call, [(); 0]) };
        let wallet = call.app.backend.wallet(call.moment, profile).await?;
        return list::page(&call, lot::points(&wallet, &*call.app.catalogue().await?));
    }
    let held = call.app.index.lots(&call.app.backend, call.moment, LotKind::Point).await?;
    call.page_of(held, |wallet, ids, catalogue| {
        let there = |id: &LotId| Some((*id, find_lot(wallet, *id, LotKind::Point, catalogue)?));
        ids.iter().filter_map(there).collect()
    })
    .await
}

pub async fn show(call: Call) -> Result<Response, Problem> {
    Ok(answer::thing(StatusCode::OK, &call.lot(call.id(WHAT)?, LotKind::Point, WHAT).await?))
}
