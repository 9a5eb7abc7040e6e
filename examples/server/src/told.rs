//! What other systems are told: the ledger's events from a cursor, with the notices before an expiry.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use scrip::Timestamp;
use scrip::store::Position;
use scrip::view::{Cursor, Event, EventKind, Progress};

use crate::app::App;
use crate::backend::Failure;
use crate::shape::event::{EventOut, Notice};

/// The notices before an expiry.
const NOTICES: [Notice; 3] =
    [Notice { days: 30, next: 7 }, Notice { days: 7, next: 1 }, Notice { days: 1, next: 0 }];

/// How far somebody was told: a cursor for each notice, of which the first one is for everything else as well.
#[derive(Clone, Debug)]
pub struct Cursors([Cursor; 3]);

/// An event of the ledger, and as other systems hear it.
pub struct Told {
    pub event: Event,
    pub shown: EventOut,
}

impl Cursors {
    pub const START: Self = Self([Cursor::START, Cursor::START, Cursor::START]);

    /// Everything until an instant is told, and every entry until a position: what is left is what happens from now on.
    pub fn after(position: &Position, now: Timestamp) -> Self {
        let through = |at| Progress { through: Some(at), telling: None };
        Self(NOTICES.map(|notice| {
            let soon = now.checked_add(TimeDelta::days(notice.days)).unwrap_or(Timestamp::MAX);
            Cursor { position: position.clone(), due: through(now), expiring: through(soon) }
        }))
    }

    /// The events after these, which go on; and whether there are more.
    pub async fn next(&mut self, app: &App, limit: usize) -> Result<(Vec<Told>, bool), Failure> {
        let now = app.clock.now();
        let (mut told, mut more) = (Vec::new(), false);
        for (index, (cursor, notice)) in self.0.iter_mut().zip(NOTICES).enumerate() {
            let lead = TimeDelta::days(notice.days);
            let page = app.backend.events(now, cursor.clone(), lead, limit).await?;
            *cursor = page.cursor;
            more |= page.more;
            let is_new = |kind: &EventKind| index == 0 || matches!(kind, EventKind::ExpiringSoon { .. });
            let events = page.events.into_iter().filter(|event| is_new(&event.kind));
            told.extend(events.filter_map(|event| {
                let shown = EventOut::of(&event, notice)?;
                Some(Told { event, shown })
            }));
        }
        Ok((told, more))
    }
}

/// Opaque, and safe in an address: the positions, as JSON, in hexadecimal digits.
impl fmt::Display for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        json.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Nothing is the start.
impl FromStr for Cursors {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::START);
        }
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
        let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
        let cursors = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        cursors.map(Self).ok_or("is not from an answer of this server")
    }
}
