//! The receivers of webhooks, and their dead letters.

use axum::response::Response;
use scrip::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::wire::{Num, Time};
use crate::webhook::Receiver;
use crate::webhook::kept::{Kept, Status};
use crate::webhook::queue::Delivery;

/// A system that webhooks are sent to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookOut {
    name: String,
    /// Without a query or a password.
    url: String,
    /// Whether it answered 410 and so is told nothing, until somebody resumes it.
    is_gone: bool,
    /// How many webhooks are not delivered yet.
    waiting: u64,
    /// For how many seconds the oldest of them has been waiting, as far as this process delivers.
    lag_seconds: Num,
    dead_letters: u64,
}

/// A webhook that is tried no more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    id: u64,
    /// The event's id, which is the `webhook-id`.
    event_id: String,
    r#type: String,
    profile_id: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was tried last.
    failed_at: Option<Time>,
    /// Why that failed.
    error: Option<String>,
    /// What was sent.
    #[schema(value_type = Object)]
    payload: Option<Box<RawValue>>,
}

/// How many dead letters are tried again.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Replayed {
    replayed: u64,
}

pub async fn index(call: Call) -> Result<Response, Problem> {
    let mut receivers = Vec::new();
    for receiver in call.app.webhooks.receivers() {
        let (_, kept) = known(&call, &receiver.name).await?;
        receivers.push(show(receiver, &kept).await?);
    }
    Ok(answer::ok(&receivers))
}

pub async fn resume(call: Call) -> Result<Response, Problem> {
    let (receiver, kept) = known(&call, call.path("name")).await?;
    kept.set_gone(false).await?;
    Ok(answer::ok(&show(receiver, &kept).await?))
}

pub async fn dead_letters(call: Call) -> Result<Response, Problem> {
    let (_, kept) = known(&call, call.path("name")).await?;
    let dead = kept.deliveries(Status::Dead).await?;
    list::page(&call, dead.into_iter().map(DeadLetter::from))
}

pub async fn replay_all(call: Call) -> Result<Response, Problem> {
    replay(&call, None).await
}

pub async fn replay_one(call: Call) -> Result<Response, Problem> {
    let place = call.path("id").parse().map_err(|_| Problem::not_found("dead letter"))?;
    replay(&call, Some(place)).await
}

async fn replay(call: &Call, place: Option<u64>) -> Result<Response, Problem> {
    let (_, kept) = known(call, call.path("name")).await?;
    let replayed = kept.replay(place).await?;
    if place.is_some() && replayed == 0 {
        return Err(Problem::not_found("dead letter"));
    }
    Ok(answer::ok(&Replayed { replayed }))
}

async fn known<'a>(call: &'a Call, name: &str) -> Result<(&'a Receiver, Kept), Problem> {
    call.app.webhooks.kept(name).await?.ok_or_else(|| Problem::not_found("webhook"))
}

async fn show(receiver: &Receiver, kept: &Kept) -> Result<WebhookOut, Problem> {
    let size = kept.size().await?;
    Ok(WebhookOut {
        name: receiver.name.clone(),
        url: receiver.shown_url(),
        is_gone: kept.is_gone().await?,
        waiting: size.waiting,
        lag_seconds: Num::of(crate::metrics::seconds(receiver.counts.lag().unsigned_abs().into())),
        dead_letters: size.dead,
    })
}

impl From<Delivery> for DeadLetter {
    fn from(dead: Delivery) -> Self {
        Self {
            id: dead.place,
            event_id: dead.event,
            r#type: dead.kind,
            profile_id: dead.profile,
            attempts: dead.attempts,
            failed_at: Timestamp::from_micros(dead.next).ok().map(Time::from),
            error: dead.error,
            payload: RawValue::from_string(dead.body).ok(),
        }
    }
}
