//! The receivers of webhooks, and their dead letters.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use scrip::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::call::Call;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::wire::{Num, Time};
use crate::webhook::kept::{Kept, Status};
use crate::webhook::queue::Delivery;
use crate::webhook::receiver::{self, Receiver};
use crate::webhook::registration::{Registered, Wanted};

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
    /// What signs, once: in the answer that registers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
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
    for (receiver, kept) in call.app.webhooks.all().await? {
        receivers.push(WebhookOut::of(&receiver, &kept).await?);
    }
    Ok(answer::ok(&receivers))
}

pub async fn show(call: Call) -> Result<Response, Problem> {
    let (receiver, kept) = known(&call, call.path("name")).await?;
    Ok(answer::ok(&WebhookOut::of(&receiver, &kept).await?))
}

pub async fn register(call: Call) -> Result<Response, Problem> {
    let wanted = wanted(&call)?;
    let (name, registered) = call.app.webhooks.register(&call.app, &wanted).await?;
    let (status, secret) = match registered {
        Registered::New(new) => (StatusCode::CREATED, Some(new.secret)),
        Registered::Known => (StatusCode::OK, None),
        Registered::Taken(field) => {
            let message =
                format!("is not that of the webhook `{name}`; DELETE /webhooks/{name} ends that one");
            return Err(Problem::field(Code::NameTaken, field, message));
        }
        Registered::Given => return Err(given_by_option(&name)),
    };
    let (receiver, kept) = known(&call, &name).await?;
    let shown = WebhookOut { secret, ..WebhookOut::of(&receiver, &kept).await? };
    Ok(answer::data(status, &shown))
}

fn wanted(call: &Call) -> Result<Wanted, Problem> {
    let body = call.body()?;
    let invalid = |field| move |message| Problem::invalid(field, message);
    let name: Option<String> = body.get("name")?;
    let name = name.map(|name| receiver::name(&name).map_err(invalid("name"))).transpose()?;
    let secret: Option<String> = body.get("secret")?;
    secret.as_deref().map(receiver::secret).transpose().map_err(invalid("secret"))?;
    let url: String = body.get("url")?.ok_or_else(|| Problem::missing("url"))?;
    let url = receiver::url(&url).map_err(invalid("url"))?;
    Ok(Wanted { url, name, secret })
}

pub async fn end(call: Call) -> Result<Response, Problem> {
    let name = call.path("name");
    let (receiver, _) = known(&call, name).await?;
    let number = receiver.number.ok_or_else(|| given_by_option(name))?;
    let has_ended = call.app.webhooks.end(name, number).await?;
    if has_ended { Ok(answer::gone()) } else { Err(Problem::not_found("webhook")) }
}

fn given_by_option(name: &str) -> Problem {
    let message = format!("the server was started with --webhook {name}=…: it is changed and ended there");
    Problem::new(Code::GivenByOption, message)
}

pub async fn resume(call: Call) -> Result<Response, Problem> {
    let (receiver, kept) = known(&call, call.path("name")).await?;
    kept.set_gone(false).await?;
    Ok(answer::ok(&WebhookOut::of(&receiver, &kept).await?))
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

async fn known(call: &Call, name: &str) -> Result<(Arc<Receiver>, Kept), Problem> {
    call.app.webhooks.kept(name).await?.ok_or_else(|| Problem::not_found("webhook"))
}

impl WebhookOut {
    async fn of(receiver: &Receiver, kept: &Kept) -> Result<Self, Problem> {
        let size = kept.size().await?;
        Ok(Self {
            name: receiver.name.clone(),
            url: receiver.shown_url(),
            is_gone: kept.is_gone().await?,
            waiting: size.waiting,
            lag_seconds: Num::of(crate::metrics::seconds(receiver.counts.lag().unsigned_abs().into())),
            dead_letters: size.dead,
            secret: None,
        })
    }
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
