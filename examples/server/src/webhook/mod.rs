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
pub mod registration;
mod send;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Uri;
use scrip::Timestamp;
use serde::Serialize;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use utoipa::ToSchema;

use self::deliver::Delivering;
use self::keeper::{Keeper, Session};
use self::kept::{Changes, Kept, State};
use self::receiver::{Receiver, Tries};
use self::registration::{Registered, Registration, Wanted, free_name};
use self::send::Sender;
use crate::app::{App, Shared};
use crate::backend::{Backend, Failure};
use crate::options::Options;
use crate::shape::event::EventOut;
use crate::told::Cursors;

/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked up who is registered, and whether another process still delivers.
const WATCH: Duration = Duration::from_secs(1);

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
    /// Those that the options name.
    given: Vec<Arc<Receiver>>,
    /// Those that are registered, as far as this process knows.
    registered: Mutex<Vec<Arc<Receiver>>>,
    /// Held while it is looked up who is registered: what was read last holds.
    reading: tokio::sync::Mutex<()>,
    tries: Tries,
    keeper: Keeper,
    sender: Sender,
}

impl Webhooks {
    /// The receivers that the options name.
    ///
    /// # Errors
    /// The options do not go together, or the store failed.
    pub async fn new(options: &Options, backend: &Backend) -> Result<Self, Box<dyn Error>> {
        let keeper = Keeper::prepare(&options.store, backend).await;
        Ok(Self {
            given: Receiver::all(options)?.into_iter().map(Arc::new).collect(),
            registered: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            tries: Tries::of(options),
            keeper: keeper.map_err(|failure| format!("{failure:?}"))?,
            sender: Sender::new()?,
        })
    }

    /// Everyone who is told, as far as this process knows.
    pub fn receivers(&self) -> Vec<Arc<Receiver>> {
        self.given.iter().chain(self.registered().iter()).map(Arc::clone).collect()
    }

    /// Everyone who is told by now, and what is kept of each.
    pub async fn all(&self) -> Result<Vec<(Arc<Receiver>, Kept)>, Failure> {
        let session = self.keeper.open().await?;
        self.look(&session).await?;
        let kept = |receiver: Arc<Receiver>| (Arc::clone(&receiver), Kept::new(&session, &receiver));
        Ok(self.receivers().into_iter().map(kept).collect())
    }

    /// A receiver, and what is kept of it.
    pub async fn kept(&self, name: &str) -> Result<Option<(Arc<Receiver>, Kept)>, Failure> {
        Ok(self.all().await?.into_iter().find(|(receiver, _)| receiver.name == name))
    }

    /// Registers a receiver; answers with its name as well. It is told what happens from now on.
    pub async fn register(&self, app: &App, wanted: &Wanted) -> Result<(String, Registered), Failure> {
        let session = self.keeper.open().await?;
        loop {
            let all = Registration::all(&session).await?;
            let name = wanted.name.clone().unwrap_or_else(|| self.name(&wanted.url, &all));
            if self.is_given(&name) {
                return Ok((name, Registered::Given));
            }
            if let Some(known) = all.iter().find(|known| known.name == name) {
                return Ok((name, known.differs(wanted).map_or(Registered::Known, Registered::Taken)));
            }
            let new = Registration::new(&name, wanted)?;
            if new.add(&session, &beginning(app).await?).await? {
                self.look(&session).await?;
                tracing::info!(receiver = name, "a receiver is registered");
                return Ok((name, Registered::New(new)));
            }
        }
    }

    /// Ends one that is registered; whether it still was.
    pub async fn end(&self, name: &str, number: i64) -> Result<bool, Failure> {
        let session = self.keeper.open().await?;
        let has_ended = Registration::end(&session, name, number).await?;
        self.look(&session).await?;
        tracing::info!(receiver = name, "a receiver is no longer registered");
        Ok(has_ended)
    }

    /// The name of the receiver at an address: the one that it has, or a new one.
    fn name(&self, url: &Uri, all: &[Registration]) -> String {
        let given = self.given.iter().find(|given| given.url == *url).map(|given| &given.name);
        let known = || all.iter().find(|known| known.is_at(url)).map(|known| &known.name);
        let is_taken = |name: &str| self.is_given(name) || all.iter().any(|other| other.name == name);
        given.or_else(known).cloned().unwrap_or_else(|| free_name(url, is_taken))
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    /// Learns who is registered by now. An option goes before a registration of its name.
    async fn look(&self, session: &Session) -> Result<(), Failure> {
        let _reading = self.reading.lock().await;
        let mut all = Registration::all(session).await?;
        all.retain(|registration| !self.is_given(&registration.name));
        let mut registered = self.registered();
        let known = |number| registered.iter().find(|known| known.number == Some(number)).map(Arc::clone);
        let now = all.iter().map(|registration| match known(registration.number) {
            Some(known) => Ok(known),
            None => registration.receiver(self.tries).map(Arc::new),
        });
        let now = now.collect::<Result<Vec<_>, _>>()?;
        let before = std::mem::replace(&mut *registered, now);
        let is_there = |old: &Arc<Receiver>| registered.iter().any(|new| new.number == old.number);
        before.iter().filter(|old| !is_there(old)).for_each(|old| old.end());
        Ok(())
    }

    /// Whether this process is the one that delivers. A new receiver is told what happens from now on, and nothing that was in
    /// the ledger before.
    async fn lead(&self, app: &App, session: &mut Session) -> Result<bool, Failure> {
        self.look(session).await?;
        if self.receivers().is_empty() || !self.keeper.lead(session).await? {
            return Ok(false);
        }
        for receiver in &self.given {
            let kept = Kept::new(session, receiver);
            if kept.state().await?.is_none() {
                let mut changes = Changes::default();
                kept.advance(&mut changes, &beginning(app).await?);
                kept.save(changes).await?;
                tracing::info!(receiver = receiver.name, "a new receiver is told what happens from now on");
            }
        }
        Ok(true)
    }

    fn registered(&self) -> MutexGuard<'_, Vec<Arc<Receiver>>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far somebody was told who is new.
async fn beginning(app: &App) -> Result<State, Failure> {
    let (_, position) = app.index.newest(&app.backend).await?;
    let start = app.clock.now();
    Ok(State { start, cursor: Cursors::after(&position, start).to_string(), place: 1 })
}

/// Begins to deliver, until the service stops.
///
/// # Errors
/// The store failed.
pub async fn start(app: &Shared) -> Result<JoinHandle<()>, Failure> {
    // Before the first call, so that a new receiver is told all that is done here.
    let mut session = app.webhooks.keeper.open().await?;
    app.webhooks.lead(app, &mut session).await?;
    Ok(tokio::spawn(run(Shared::clone(app), session)))
}

async fn run(app: Shared, session: Session) {
    let mut session = Some(session);
    while !app.is_stopping() {
        match watch(&app, session.take()).await {
            Ok(open) => {
                session = Some(open);
                app.unless_stopping(WATCH).await;
            }
            Err(failure) => {
                tracing::error!(?failure, "webhooks are held up");
                app.unless_stopping(PAUSE).await;
            }
        }
    }
}

/// Delivers, if there is anybody to deliver to and this is the process that does.
async fn watch(app: &Shared, session: Option<Session>) -> Result<Session, Failure> {
    let mut session = match session {
        Some(session) => session,
        None => app.webhooks.keeper.open().await?,
    };
    if app.webhooks.lead(app, &mut session).await? {
        deliver_to_all(app, &session).await?;
    }
    Ok(session)
}

/// Delivers to each receiver by itself, until the service stops or the store fails.
async fn deliver_to_all(app: &Shared, session: &Session) -> Result<(), Failure> {
    let (mut tasks, mut told) = (JoinSet::new(), BTreeSet::new());
    while !app.is_stopping() {
        app.webhooks.look(session).await?;
        for receiver in app.webhooks.receivers() {
            let who = (receiver.name.clone(), receiver.number);
            if told.contains(&who) {
                continue;
            }
            let kept = Kept::new(session, &receiver);
            if let Some(delivering) = Delivering::new(Shared::clone(app), receiver, kept).await? {
                told.insert(who);
                tasks.spawn(delivering.run());
            }
        }
        // The first that fails ends all: another process may be the one that delivers by now.
        tokio::select! {
            Some(done) = tasks.join_next() => ended(done)?,
            () = app.unless_stopping(WATCH) => {}
        }
    }
    while let Some(done) = tasks.join_next().await {
        ended(done)?;
    }
    Ok(())
}

fn ended(done: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    done.map_err(|error| Failure::Store(error.to_string()))?
}

/// Tries are timed by the machine's clock, whatever a client sets for the ledger.
pub fn machine_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
