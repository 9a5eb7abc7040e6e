//! What other systems hear: the store's feed from a cursor, waited for.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use scrip::view::{Cursor, EventKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::event::{EventOut, Notice};

/// The notices before an expiry.
const NOTICES: [Notice; 3] =
    [Notice { days: 30, next: 7 }, Notice { days: 7, next: 1 }, Notice { days: 1, next: 0 }];
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

/// One cursor for each notice; the first one is for everything else as well.
type Cursors = [Cursor; 3];

pub async fn events(call: Call) -> Result<Response, Problem> {
    let mut cursors = read(call.query.get("cursor").unwrap_or_default())?;
    let limit = number(&call, "limit", USUAL as u64)?.clamp(1, MOST as u64) as usize;
    let patience = Duration::from_secs(number(&call, "wait", 0)?.min(LONGEST));
    let since = Instant::now();
    loop {
        let (data, more) = next(&call, &mut cursors, limit).await?;
        let is_over = since.elapsed() >= patience || call.app.is_stopping();
        if !data.is_empty() || (is_over && !more) {
            let meta = EventMeta { cursor: write(&cursors), more };
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

/// The events after the cursors, which go on; and whether there are more.
async fn next(call: &Call, cursors: &mut Cursors, limit: usize) -> Result<(Vec<EventOut>, bool), Problem> {
    let now = call.app.clock.now();
    let (mut told, mut more) = (Vec::new(), false);
    for (index, (cursor, notice)) in cursors.iter_mut().zip(NOTICES).enumerate() {
        let page = call.app.backend.events(now, cursor.clone(), TimeDelta::days(notice.days), limit).await?;
        *cursor = page.cursor;
        more |= page.more;
        let is_new = |kind: &EventKind| index == 0 || matches!(kind, EventKind::ExpiringSoon { .. });
        let events = page.events.iter().filter(|event| is_new(&event.kind));
        told.extend(events.filter_map(|event| EventOut::of(event, notice)));
    }
    Ok((told, more))
}

/// A cursor is opaque, and safe in an address: the positions, as JSON, in hexadecimal digits.
fn write(cursors: &Cursors) -> String {
    let json = serde_json::to_vec(cursors).unwrap_or_default();
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(text: &str) -> Result<Cursors, Problem> {
    if text.is_empty() {
        return Ok([Cursor::START, Cursor::START, Cursor::START]);
    }
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    let cursors = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    cursors.ok_or_else(|| Problem::invalid("cursor", "is not from an answer of this server"))
}
