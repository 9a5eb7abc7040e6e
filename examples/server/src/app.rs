//! What all calls share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use scrip::request::IsRequest;
use scrip::view::Catalogue;
use scrip::{Command, Define, PointDefinition, Timestamp};

use crate::backend::{Answer, Backend, Failure, LedgerAt};
use crate::clock::Clock;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::openapi::Description;
use crate::options::Options;
use crate::webhook::Webhooks;

/// How long the definitions may be remembered. Another process may have changed them.
const CATALOGUE_AGE: Duration = Duration::from_secs(1);

/// The service: a ledger, a clock, and what it remembers of itself.
pub struct App {
    pub backend: Backend,
    pub clock: Clock,
    /// The token that calls have to bring, and the one that only reads.
    pub token: Option<String>,
    pub read_token: Option<String>,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a connection may be idle, as clients are told.
    pub idle: HeaderValue,
    pub metrics: Metrics,
    pub webhooks: Webhooks,
    /// Whether the process was asked to stop: from then on nothing is waited for.
    stopping: AtomicBool,
    /// Which rewards, points and transactions there are, whoever has them.
    pub index: Index,
    catalogue: Mutex<Remembered>,
    /// The description of the interface, made once.
    pub description: Description,
}

pub type Shared = Arc<App>;

/// The definitions, when they were read, and how often they were changed here.
#[derive(Clone, Default)]
struct Remembered {
    catalogue: Option<(Instant, Arc<Catalogue>)>,
    changes: u64,
}

impl App {
    pub fn new(backend: Backend, metrics: Metrics, webhooks: Webhooks, options: &Options) -> Self {
        Self {
            backend,
            clock: Clock::new(options.test_clock),
            token: options.token.clone(),
            read_token: options.read_token.clone(),
            body_timeout: options.body_timeout,
            idle: idle(options.idle_timeout),
            metrics,
            webhooks,
            stopping: AtomicBool::new(false),
            index: Index::default(),
            catalogue: Mutex::default(),
            description: Description::new(),
        }
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Waits, but not beyond the stop.
    pub async fn unless_stopping(&self, wait: Duration) {
        const GLANCE: Duration = Duration::from_millis(100);
        let until = Instant::now() + wait;
        while !self.is_stopping() && Instant::now() < until {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Carries out a request.
    pub async fn run<A: IsRequest>(&self, command: Command<A>) -> Answer<A::Outcome>
    where
        A::Outcome: 'static,
    {
        let _queued = self.metrics.in_queue();
        let since = Instant::now();
        let answer = self.backend.run(command).await;
        self.metrics.committed(since.elapsed());
        answer
    }

    /// The definitions, as they were not long ago; what this process changed is always seen.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, Failure> {
        let Remembered { catalogue, changes } = self.lock().clone();
        if let Some((since, catalogue)) = catalogue
            && since.elapsed() < CATALOGUE_AGE
        {
            return Ok(catalogue);
        }
        let before = Instant::now();
        // The catalogue is read as it stands, whatever the clock was set to.
        let catalogue = Arc::new(self.backend.catalogue(LedgerAt::Now(Timestamp::MAX)).await?);
        let mut remembered = self.lock();
        // What was read while a change was on its way may be without it.
        if remembered.changes == changes {
            remembered.catalogue = Some((before, Arc::clone(&catalogue)));
        }
        Ok(catalogue)
    }

    /// To be called after a definition was changed.
    pub fn forget_catalogue(&self) {
        let mut remembered = self.lock();
        remembered.catalogue = None;
        remembered.changes += 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.catalogue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// In a store with nothing in it, makes point definition 1: with the first instant that there is, so that a clock
    /// can be set to any other.
    pub async fn prepare(&self) -> Result<(), Failure> {
        if self.catalogue().await?.iter().len() > 0 {
            return Ok(());
        }
        let handle = "points".parse().map_err(|error| Failure::Store(format!("points {error}")))?;
        let points = Define::from(PointDefinition::new(handle, "Points"));
        let epoch = Timestamp::from_micros(0).unwrap_or(Timestamp::MIN);
        match self.run(Command::new(epoch, points)).await {
            // Somebody else may have been faster.
            Ok(_) | Err(Failure::Rejected(scrip::Rejection::HandleTaken { .. })) => {
                self.forget_catalogue();
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Whole seconds, rounded down.
fn idle(timeout: Duration) -> HeaderValue {
    let told = HeaderValue::from_str(&format!("timeout={}", timeout.as_secs()));
    told.unwrap_or(HeaderValue::from_static("timeout=0"))
}
