//! A connection to the server, as a store: between any two of its steps the others have turns, and things go wrong.

use std::task::Poll;

use scrip::store::{AsyncStore, CommitStatus, StoreError, View, Work};

use super::server::{Loaded, Plant, Sent, Shared, lock};

#[derive(Clone)]
pub struct Connection {
    pub server: Shared,
    pub name: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Down(&'static str);

impl StoreError for Down {}

/// Lets the others have a turn.
pub async fn turn() {
    let mut has_turned = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut has_turned, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What became of sending one change.
enum Delivery {
    FeedEntry,
    Conflict,
    /// No answer came; it was written, or may yet be.
    Lost,
}

impl Connection {
    /// One step: it may stall, and the connection may break.
    async fn step(&self, epoch: u64) -> Result<(), Down> {
        let stalls = if lock(&self.server).mishap(40) { 30 } else { 0 };
        for _ in 0..=stalls {
            turn().await;
        }
        let mut server = lock(&self.server);
        if server.epoch != epoch {
            return Err(Down("the server has crashed"));
        }
        if server.mishap(150) { Err(Down("the connection broke")) } else { Ok(()) }
    }

    /// Sends one change. The reply may be lost, and so may the message be held up.
    fn send(&self, loaded: Loaded, change: scrip::store::Change) -> Delivery {
        let mut server = lock(&self.server);
        let sent = Sent { first: loaded.first, second: loaded.second, change };
        if server.mishap(40) {
            server.in_flight.push(sent);
            return Delivery::Lost;
        }
        let fate = server.write(&sent);
        if fate == CommitStatus::Conflict {
            return Delivery::Conflict;
        }
        if server.mishap(60) { Delivery::Lost } else { Delivery::FeedEntry }
    }

    /// Loads, decides and sends one unit. `None`: nothing to write.
    async fn unit(&self, work: &mut dyn Work, unit: usize, epoch: u64) -> Result<Option<Delivery>, Down> {
        self.step(epoch).await?;
        let need = work.needs()[unit].clone();
        let loaded = lock(&self.server).load(&need);
        self.step(epoch).await?;
        let change = {
            let past =
                loaded.gather.past(&need, &loaded.first).map_err(|_| Down("the journal is corrupt"))?;
            let found = loaded.gather.found();
            let first = past.as_ref().unwrap_or(&loaded.first);
            work.decide(unit, View::new(first, loaded.second.as_ref(), &found)).cloned()
        };
        self.step(epoch).await?;
        Ok(change.map(|change| self.send(loaded, change)))
    }
}

impl AsyncStore for Connection {
    type Error = Down;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), Down> {
        let epoch = lock(&self.server).epoch;
        // What is settled once it is flushed: whether it wrote anything.
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut run = Ok(());
        for unit in 0..work.needs().len() {
            let delivery = match self.unit(work, unit, epoch).await {
                Ok(Some(Delivery::Lost)) if lock(&self.server).has(Plant::StoreRunsDoubtAgain) => {
                    self.unit(work, unit, epoch).await
                }
                delivery => delivery,
            };
            match delivery {
                Ok(None) if lock(&self.server).has(Plant::RepeatsBeforeDurable) => {
                    work.settle(unit, CommitStatus::Committed);
                }
                Ok(Some(Delivery::FeedEntry)) if lock(&self.server).has(Plant::AnswersBeforeDurable) => {
                    work.settle(unit, CommitStatus::Committed);
                }
                Ok(None) => open.push((unit, false)),
                Ok(Some(Delivery::FeedEntry)) => open.push((unit, true)),
                Ok(Some(Delivery::Conflict)) => work.settle(unit, CommitStatus::Conflict),
                Ok(Some(Delivery::Lost)) => work.settle(unit, CommitStatus::InDoubt),
                Err(down) => {
                    run = Err(down);
                    break;
                }
            }
        }
        if run.is_ok() {
            run = self.step(epoch).await;
        }
        if run.is_ok() {
            lock(&self.server).flush();
            // The answer to the flush may be lost as well.
            run = self.step(epoch).await;
        }
        let mut server = lock(&self.server);
        if let Err(down) = &run {
            server.tell(|| format!("{}: {down}, with {open:?} open", self.name));
        }
        let says_nothing = server.has(Plant::ErrorForDoubt);
        drop(server);
        for (unit, wrote) in open {
            match (&run, wrote) {
                (Ok(()), _) => work.settle(unit, CommitStatus::Committed),
                (Err(_), true) if !says_nothing => work.settle(unit, CommitStatus::InDoubt),
                // Not settled: it wrote nothing.
                (Err(_), _) => {}
            }
        }
        run
    }
}
