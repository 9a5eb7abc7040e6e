//! Delivering to one receiver: what happened is put among what waits, and what waits is tried until it was answered.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use scrip::Timestamp;
use scrip::view::EventKind;
use tokio::task::{JoinError, JoinSet};

use super::kept::{Changes, Kept, State, Status};
use super::queue::{Delivery, Queue};
use super::receiver::Receiver;
use super::send::Answer;
use super::{Message, machine_micros};
use crate::app::Shared;
use crate::backend::Failure;
use crate::told::{Cursors, Told};

/// How often the ledger is asked for what happened.
const BEAT: Duration = Duration::from_millis(200);
/// How often the cursor is kept while nothing is to be told.
const IDLE: Duration = Duration::from_secs(60);
/// How many events are read at a time.
const STEP: usize = 500;
/// How many tries are under way at once.
const AT_ONCE: usize = 16;
/// How many deliveries wait, at most: what is beyond stays in the ledger for the time being.
const ROOM: usize = 10_000;
/// How long a stop waits for the answers of receivers.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// A try that was answered, or not.
struct Tried {
    delivery: Delivery,
    answer: Answer,
    took: Duration,
}

/// The deliveries to one receiver.
pub struct Delivering {
    app: Shared,
    receiver: Arc<Receiver>,
    kept: Kept,
    cursors: Cursors,
    /// As it was kept last, but for the place of the next event; and when that was.
    state: State,
    advanced: Instant,
    queue: Queue,
    under_way: JoinSet<Tried>,
    /// When the ledger is asked again.
    beat: Instant,
    /// The receiver asked to be left alone until then.
    paused: i64,
    is_gone: bool,
    /// Nobody was there, as far as this is known, and nothing was delivered since.
    is_away: bool,
}

impl Delivering {
    /// Goes on where it was left off; nowhere, if the receiver has just ended.
    pub async fn new(app: Shared, receiver: Arc<Receiver>, kept: Kept) -> Result<Option<Self>, Failure> {
        let corrupt = |what: &str| Failure::Corrupt(format!("webhooks: {what}"));
        let state = match kept.state().await? {
            Some(state) => state,
            None if receiver.number.is_some() => return Ok(None),
            None => return Err(corrupt("a receiver has no cursor")),
        };
        let mut queue = Queue::default();
        kept.deliveries(Status::Waiting).await?.into_iter().for_each(|delivery| queue.add(delivery));
        Ok(Some(Self {
            cursors: state.cursor.parse().map_err(corrupt)?,
            state,
            advanced: Instant::now(),
            queue,
            under_way: JoinSet::new(),
            beat: Instant::now(),
            paused: 0,
            is_gone: kept.is_gone().await?,
            is_away: true,
            app,
            receiver,
            kept,
        }))
    }

    /// Until the service stops, or the receiver has ended.
    pub async fn run(mut self) -> Result<(), Failure> {
        let mut tried = Vec::new();
        while !self.app.is_stopping() && !self.receiver.has_ended() {
            let mut changes = Changes::default();
            while let Some(done) = self.under_way.try_join_next() {
                tried.push(done.map_err(broken)?);
            }
            for tried in tried.drain(..) {
                self.settle(tried, &mut changes).await?;
            }
            if self.beat <= Instant::now() {
                self.hear(&mut changes).await?;
                self.receiver.counts.oldest.store(self.queue.oldest().unwrap_or_default(), Relaxed);
            }
            // Nothing is tried that is not kept.
            if !self.kept.save(changes).await? {
                self.receiver.end();
                break;
            }
            self.receiver.counts.waiting.store(self.queue.len() as u64, Relaxed);
            self.begin();
            let idle = self.idle();
            tokio::select! {
                Some(done) = self.under_way.join_next() => tried.push(done.map_err(broken)?),
                () = tokio::time::sleep(idle) => {}
            }
        }
        self.finish(tried).await
    }

    /// What was answered in time is kept; anything else will be sent again.
    async fn finish(mut self, mut tried: Vec<Tried>) -> Result<(), Failure> {
        if self.receiver.has_ended() {
            return Ok(());
        }
        let answers = async {
            while let Some(done) = self.under_way.join_next().await {
                tried.extend(done.ok());
            }
        };
        let _ = tokio::time::timeout(LAST_ANSWERS, answers).await;
        let mut changes = Changes::default();
        for tried in tried {
            self.settle(tried, &mut changes).await?;
        }
        self.kept.save(changes).await?;
        Ok(())
    }

    /// How long there is nothing to do, unless something is answered.
    fn idle(&self) -> Duration {
        let beat = self.beat.saturating_duration_since(Instant::now());
        match self.queue.next().filter(|_| !self.is_gone && self.under_way.len() < AT_ONCE) {
            Some(next) => {
                let wait = next.max(self.paused).saturating_sub(machine_micros());
                beat.min(Duration::from_micros(u64::try_from(wait).unwrap_or_default()))
            }
            None => beat,
        }
    }

    fn begin(&mut self) {
        let now = machine_micros();
        while !self.is_gone && now >= self.paused && self.under_way.len() < AT_ONCE {
            let Some(delivery) = self.queue.begin(now) else { return };
            let (sender, receiver) = (self.app.webhooks.sender.clone(), Arc::clone(&self.receiver));
            self.under_way.spawn(async move {
                let since = Instant::now();
                let answer = sender.send(&receiver, &delivery, now / 1_000_000).await;
                Tried { delivery, answer, took: since.elapsed() }
            });
        }
    }

    /// Puts among what waits what happened since, and the dead letters that somebody wants to be tried again.
    async fn hear(&mut self, changes: &mut Changes) -> Result<(), Failure> {
        self.beat = Instant::now() + BEAT;
        if self.is_gone {
            self.is_gone = self.kept.is_gone().await?;
            return Ok(());
        }
        let now = machine_micros();
        for dead in self.kept.deliveries(Status::Replayed).await? {
            let (since, next) = (now, now);
            let again = Delivery { since, next, attempts: 0, is_unreachable: false, ..dead };
            self.kept.put(changes, Status::Waiting, &again);
            self.queue.add(again);
        }
        if self.queue.len() >= ROOM {
            return Ok(());
        }
        let (told, more) = self.cursors.next(&self.app, STEP).await?;
        if more {
            self.beat = Instant::now();
        }
        let (start, place) = (self.state.start, self.state.place);
        for told in told.iter().filter(|told| !is_history(told, start)) {
            let delivery = self.delivery(told, now);
            self.kept.put(changes, Status::Waiting, &delivery);
            self.queue.add(delivery);
        }
        // The cursor moves with the time. Where nothing is to be told, it is enough to keep it now and then.
        if self.state.place > place || self.advanced.elapsed() > IDLE {
            self.state.cursor = self.cursors.to_string();
            self.advanced = Instant::now();
            self.kept.advance(changes, &self.state);
        }
        Ok(())
    }

    fn delivery(&mut self, told: &Told, now: i64) -> Delivery {
        let (kind, data) = (told.shown.kind(), &told.shown);
        let payload = Message { r#type: kind, timestamp: told.event.at, data: data.clone() };
        let place = self.state.place;
        self.state.place += 1;
        Delivery {
            place,
            event: data.id().to_owned(),
            kind: kind.to_owned(),
            profile: told.event.profile_id.to_string(),
            body: serde_json::to_string(&payload).unwrap_or_default(),
            since: now,
            attempts: 0,
            next: now,
            error: None,
            is_unreachable: false,
        }
    }

    /// Notes what became of a try.
    async fn settle(&mut self, tried: Tried, changes: &mut Changes) -> Result<(), Failure> {
        let Tried { mut delivery, answer, took } = tried;
        let (receiver, counts) = (Arc::clone(&self.receiver), &self.receiver.counts);
        let (name, event, attempt) = (&receiver.name, delivery.event.clone(), delivery.attempts + 1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        counts.retried.fetch_add((attempt > 1).into(), Relaxed);
        if answer == Answer::Delivered {
            counts.sent.fetch_add(1, Relaxed);
            tracing::info!(receiver = name, event, attempt, micros, "webhook delivered");
            self.kept.drop(changes, &delivery);
            self.queue.finish(&delivery);
            if std::mem::take(&mut self.is_away) {
                self.queue.hurry(machine_micros());
            }
            return Ok(());
        }
        let reason = answer.reason(receiver.tries.timeout);
        counts.failed.fetch_add(1, Relaxed);
        tracing::warn!(receiver = name, event, attempt, micros, reason, "webhook not delivered");
        if answer == Answer::Gone {
            // It waits until somebody lets the receiver be told again.
            self.is_gone = true;
            self.kept.set_gone(true).await?;
            self.queue.put_back(delivery);
            tracing::warn!(receiver = name, "the receiver wants no more webhooks");
            return Ok(());
        }
        delivery.error = Some(reason);
        delivery.is_unreachable = answer == Answer::Unreachable;
        self.is_away |= delivery.is_unreachable;
        delivery.attempts = attempt;
        self.fail(delivery, answer, changes);
        Ok(())
    }

    /// Lets it be tried again later, or no more.
    fn fail(&mut self, mut delivery: Delivery, answer: Answer, changes: &mut Changes) {
        let (now, tries) = (machine_micros(), self.receiver.tries);
        if delivery.attempts >= tries.most {
            self.receiver.counts.dead.fetch_add(1, Relaxed);
            let (receiver, event) = (&self.receiver.name, &delivery.event);
            tracing::error!(receiver, event, attempt = delivery.attempts, "webhook is a dead letter");
            delivery.next = now;
            self.kept.put(changes, Status::Dead, &delivery);
            self.queue.finish(&delivery);
            return;
        }
        // A quarter sooner or later, so that not all come back at once.
        let wait = tries.wait(delivery.attempts).mul_f64(0.75 + fastrand::f64() / 2.0);
        delivery.next = later(now, wait);
        if let Answer::Refused { pause: Some(pause), .. } = answer {
            self.paused = self.paused.max(later(now, pause));
            delivery.next = delivery.next.max(self.paused);
        }
        self.kept.put(changes, Status::Waiting, &delivery);
        self.queue.put_back(delivery);
    }
}

fn broken(error: JoinError) -> Failure {
    Failure::Store(format!("webhooks: {error}"))
}

fn later(now: i64, wait: Duration) -> i64 {
    now.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
}

/// What is no news to a receiver: a lot that had expired when it was brought along from elsewhere, and an expiry that was over
/// before the receiver's start and is written down only now.
fn is_history(told: &Told, start: Timestamp) -> bool {
    match told.event.kind {
        EventKind::Issued { expires_at, .. } => expires_at.is_past(told.event.at),
        EventKind::Expired { .. } => told.event.at <= start,
        _ => false,
    }
}
