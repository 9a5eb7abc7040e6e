//! What other systems hear: the store's feed from a cursor, waited for.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::event::EventOut;
use crate::told::Cursors;

/// How many events there are in an answer, unless the client says, and at most.
const USUAL: usize = 100;
const MOST: usize = 500;
/// How long an answer is waited for, at most, and how often the store is asked meanwhile.
const LONGEST: u64 = 30;
const BEAT: Duration = Duration::from_millis(200);

/// A page of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    data: Vec<EventOut>,
    meta: EventMeta,
}

/// Where to go on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventMeta {
    /// To be sent with the next call, once these are done with.
    cursor: String,
    /// Whether there are more already.
    more: bool,
}

pub async fn events(call: Call) -> Result<Response, Problem> {
    let cursors = call.query.get("cursor").unwrap_or_default().parse::<Cursors>();
    let mut cursors = cursors.map_err(|message| Problem::invalid("cursor", message))?;
    let limit = number(&call, "limit", USUAL as u64)?.clamp(1, MOST as u64) as usize;
    let patience = Duration::from_secs(number(&call, "wait", 0)?.min(LONGEST));
    let since = Instant::now();
    loop {
        let (told, more) = cursors.next(&call.app, limit).await?;
        let is_over = since.elapsed() >= patience || call.app.is_stopping();
        if !told.is_empty() || (is_over && !more) {
            let meta = EventMeta { cursor: cursors.to_string(), more };
            let data = told.into_iter().map(|told| told.shown).collect();
            return Ok(answer::json(StatusCode::OK, &EventPage { data, meta }));
        }
        if !more {
            tokio::time::sleep(BEAT.min(patience.saturating_sub(since.elapsed()))).await;
        }
    }
}

fn number(call: &Call, name: &str, usual: u64) -> Result<u64, Problem> {
    let Some(text) = call.query.get(name) else { return Ok(usual) };
    text.parse().map_err(|_| Problem::invalid(name, format!("`{text}` is not a whole number")))
}
