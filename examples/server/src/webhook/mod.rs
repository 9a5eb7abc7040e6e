//! Webhooks, by the Standard Webhooks convention: every event is sent to every receiver, signed, at least once, and those of a
//! profile in order.
//!
//! Events are first moved from the ledger's feed into a table of what waits, together with the cursor, and leave it once the
//! receiver has answered. So a receiver that minds one profile's events holds back that profile's and no other's, and a process
//! that is killed at any moment has lost nothing: what was not seen to be delivered is sent again, under the same id.

pub mod counts;
mod deliver;
mod keeper;
pub mod kept;
pub mod queue;
pub mod receiver;
mod send;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scrip::Timestamp;
use serde::Serialize;
use tokio::task::{JoinHandle, JoinSet};
use utoipa::ToSchema;

use self::deliver::Delivering;
use self::keeper::{Keeper, Session};
use self::kept::{Changes, Kept, State};
pub use self::receiver::Receiver;
use self::send::Sender;
use crate::app::{App, Shared};
use crate::backend::{Backend, Failure};
use crate::options::Options;
use crate::shape::event::EventOut;
use crate::told::Cursors;

/// How long after a failure it is tried again, and how long after another process was found delivering.
const PAUSE: Duration = Duration::from_secs(1);
const STANDBY: Duration = Duration::from_secs(5);

/// What is sent: the event as `GET /events` tells it, in the envelope of the convention.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookMessage)]
pub struct Message {
    r#type: &'static str,
    /// When it happened, in UTC by RFC 3339.
    #[schema(value_type = String)]
    timestamp: Timestamp,
    data: EventOut,
}

/// The receivers, and where it is kept how far they were told.
pub struct Webhooks {
    receivers: Vec<Arc<Receiver>>,
    /// Nowhere, if there are no receivers.
    keeper: Option<Keeper>,
    sender: Sender,
}

impl Webhooks {
    /// The receivers that the options name.
    ///
    /// # Errors
    /// The options do not go together, or the store failed.
    pub async fn new(options: &Options, backend: &Backend) -> Result<Self, Box<dyn Error>> {
        let receivers: Vec<_> = Receiver::all(options)?.into_iter().map(Arc::new).collect();
        for receiver in &receivers {
            if receiver.url.scheme_str() == Some("http") {
                tracing::warn!(receiver = receiver.name, "webhooks go to this receiver in the clear");
            }
        }
        let keeper = if receivers.is_empty() {
            None
        } else {
            let keeper = Keeper::prepare(&options.store, backend).await;
            Some(keeper.map_err(|failure| format!("{failure:?}"))?)
        };
        Ok(Self { receivers, keeper, sender: Sender::new()? })
    }

    pub fn receivers(&self) -> impl Iterator<Item = &Receiver> + Clone {
        self.receivers.iter().map(|receiver| &**receiver)
    }

    /// A receiver, and what is kept of it.
    pub async fn kept(&self, name: &str) -> Result<Option<(&Receiver, Kept)>, Failure> {
        let receiver = self.receivers().find(|receiver| receiver.name == name);
        let (Some(receiver), Some(keeper)) = (receiver, &self.keeper) else { return Ok(None) };
        Ok(Some((receiver, Kept::new(keeper.open().await?, name))))
    }

    /// The session of this process, if it is the one that delivers. A new receiver is told what happens from now on, and
    /// nothing that was in the ledger before.
    async fn lead(&self, app: &App) -> Result<Option<Session>, Failure> {
        let Some(keeper) = &self.keeper else { return Ok(None) };
        let Some(session) = keeper.lead().await? else { return Ok(None) };
        for receiver in &self.receivers {
            let kept = Kept::new(session.clone(), &receiver.name);
            if kept.state().await?.is_none() {
                let (_, position) = app.index.newest(&app.backend).await?;
                let start = app.clock.now();
                let cursor = Cursors::after(&position, start).to_string();
                let mut changes = Changes::default();
                kept.advance(&mut changes, &State { start, cursor, place: 1 });
                kept.save(changes).await?;
                tracing::info!(receiver = receiver.name, "a new receiver is told what happens from now on");
            }
        }
        Ok(Some(session))
    }
}

/// Begins to deliver, until the service stops.
///
/// # Errors
/// The store failed.
pub async fn start(app: &Shared) -> Result<JoinHandle<()>, Failure> {
    // Before the first call, so that a new receiver is told all that is done here.
    let session = app.webhooks.lead(app).await?;
    Ok(tokio::spawn(run(Shared::clone(app), session)))
}

async fn run(app: Shared, mut session: Option<Session>) {
    if app.webhooks.receivers.is_empty() {
        return;
    }
    while !app.is_stopping() {
        let failed = match session.take() {
            Some(session) => deliver_to_all(&app, &session).await.err(),
            None => match app.webhooks.lead(&app).await {
                Ok(None) => {
                    app.unless_stopping(STANDBY).await;
                    None
                }
                Ok(led) => {
                    session = led;
                    None
                }
                Err(failure) => Some(failure),
            },
        };
        if let Some(failure) = failed {
            tracing::error!(?failure, "webhooks are held up");
            app.unless_stopping(PAUSE).await;
        }
    }
}

/// Delivers to each receiver by itself, until the service stops or the store fails.
async fn deliver_to_all(app: &Shared, session: &Session) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for receiver in &app.webhooks.receivers {
        let kept = Kept::new(session.clone(), &receiver.name);
        let delivering = Delivering::new(Shared::clone(app), Arc::clone(receiver), kept).await?;
        tasks.spawn(delivering.run());
    }
    // The first that fails ends all: another process may be the one that delivers by now.
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| Failure::Store(error.to_string()))??;
    }
    Ok(())
}

/// Tries are timed by the machine's clock, whatever a client sets for the ledger.
pub fn machine_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
