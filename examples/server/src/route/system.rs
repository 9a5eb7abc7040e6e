//! What is about the service itself.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::time::When;
use scrip::{ProfileId, Zone};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::around::Access;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::wire::Time;
use crate::webhook::counts;

/// Whether the service can do its work.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
}

/// What time it is, for tests.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct TestClock {
    now: Time,
}

/// What the token of a call may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Access)]
pub struct AccessOut {
    can_change: bool,
}

pub async fn access(call: Call) -> Result<Response, Problem> {
    Ok(answer::ok(&AccessOut { can_change: call.access == Access::Change }))
}

pub async fn health(call: Call) -> Result<Response, Problem> {
    // The store has to answer, so something is asked of it. The name is nobody's.
    let nobody = ProfileId::new("health").map_err(|_| Problem::not_found("profile"))?;
    call.app.backend.balances(LedgerAt::Now(scrip::Timestamp::MAX), nobody).await?;
    Ok(answer::ok(&Health { status: "ok" }))
}

pub async fn metrics(call: Call) -> Result<Response, Problem> {
    let mut metrics = call.app.metrics.write(call.app.backend.remembered());
    metrics += &counts::write(call.app.webhooks.receivers().iter().map(|receiver| &**receiver));
    Ok(answer::text(StatusCode::OK, "text/plain; version=0.0.4", metrics))
}

pub async fn openapi(call: Call) -> Result<Response, Problem> {
    Ok(answer::text(StatusCode::OK, "application/json", call.app.description.text.clone()))
}

pub async fn clock(call: Call) -> Result<Response, Problem> {
    check_clock(&call)?;
    Ok(answer::ok(&TestClock { now: call.at.into() }))
}

pub async fn set_clock(call: Call) -> Result<Response, Problem> {
    check_clock(&call)?;
    let body = call.body()?;
    let now: When = body.get("now")?.ok_or_else(|| Problem::missing("now"))?;
    let now = now.resolve(Zone::UTC).map_err(|error| Problem::invalid("now", error.to_string()))?;
    call.app.clock.set(now);
    Ok(answer::ok(&TestClock { now: now.into() }))
}

fn check_clock(call: &Call) -> Result<(), Problem> {
    if call.app.clock.can_be_set() { Ok(()) } else { Err(Problem::not_found("resource")) }
}
