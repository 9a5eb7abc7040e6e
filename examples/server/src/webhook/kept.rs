//! What is kept of a receiver: how far it was told, what waits, and its dead letters.

use scrip::Timestamp;
use serde::{Deserialize, Serialize};

use super::keeper::{Session, Statement, Value};
use super::queue::Delivery;
use super::receiver::Receiver;
use crate::backend::Failure;

/// How far a receiver was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// When it was new.
    pub start: Timestamp,
    /// Everything up to here is among the deliveries, or was delivered.
    pub cursor: String,
    /// The place of the next delivery.
    pub place: u64,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Waiting = 0,
    Dead = 1,
    /// A dead letter that somebody wants to be tried again.
    Replayed = 2,
}

/// How many deliveries of a receiver there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    pub waiting: u64,
    pub dead: u64,
}

/// Changes that are made together.
#[derive(Default)]
pub struct Changes(Vec<Statement>);

/// What is kept of one receiver.
#[derive(Clone)]
pub struct Kept {
    session: Session,
    name: String,
    /// The number of its registration.
    number: Option<i64>,
}

impl Kept {
    pub fn new(session: &Session, receiver: &Receiver) -> Self {
        Self { session: session.clone(), name: receiver.name.clone(), number: receiver.number }
    }

    /// How far it was told; `None`, if it is new.
    pub async fn state(&self) -> Result<Option<State>, Failure> {
        let rows = self
            .session
            .ask("SELECT is_gone, state FROM webhook_receiver WHERE name = $1", vec![self.named()]);
        rows.await?.pop().map(|(_, state)| read(&state)).transpose()
    }

    /// Whether it wants no more.
    pub async fn is_gone(&self) -> Result<bool, Failure> {
        let rows = self
            .session
            .ask("SELECT is_gone, name FROM webhook_receiver WHERE name = $1", vec![self.named()]);
        Ok(rows.await?.pop().is_some_and(|(is_gone, _)| is_gone != 0))
    }

    pub async fn set_gone(&self, is_gone: bool) -> Result<(), Failure> {
        let values = vec![Value::Number(is_gone.into()), self.named()];
        self.session.run(vec![("UPDATE webhook_receiver SET is_gone = $1 WHERE name = $2", values)]).await?;
        Ok(())
    }

    /// The deliveries with a status, in their order.
    pub async fn deliveries(&self, status: Status) -> Result<Vec<Delivery>, Failure> {
        let text =
            "SELECT place, delivery FROM webhook_delivery WHERE receiver = $1 AND status = $2 ORDER BY place";
        let rows = self.session.ask(text, vec![self.named(), Value::Number(status as i64)]).await?;
        rows.iter().map(|(_, delivery)| read(delivery)).collect()
    }

    pub async fn size(&self) -> Result<Size, Failure> {
        let text =
            "SELECT status, CAST(count(*) AS TEXT) FROM webhook_delivery WHERE receiver = $1 GROUP BY status";
        let mut size = Size::default();
        for (status, count) in self.session.ask(text, vec![self.named()]).await? {
            let count: u64 = count.parse().unwrap_or_default();
            if status == Status::Dead as i64 { size.dead += count } else { size.waiting += count }
        }
        Ok(size)
    }

    /// Lets dead letters be tried again, one or all; how many there are.
    pub async fn replay(&self, place: Option<u64>) -> Result<u64, Failure> {
        const ALL: &str = "UPDATE webhook_delivery SET status = 2 WHERE receiver = $1 AND status = 1";
        const ONE: &str =
            "UPDATE webhook_delivery SET status = 2 WHERE receiver = $1 AND status = 1 AND place = $2";
        let named = self.named();
        let statement = match place {
            Some(place) => (ONE, vec![named, number(place)]),
            None => (ALL, vec![named]),
        };
        self.session.run(vec![statement]).await
    }

    /// Carries out the changes, unless its registration has ended meanwhile; whether it did.
    pub async fn save(&self, changes: Changes) -> Result<bool, Failure> {
        const STANDS: &str =
            "UPDATE webhook_registration SET number = number WHERE name = $1 AND number = $2";
        if changes.0.is_empty() {
            return Ok(true);
        }
        let stands = self.number.map(|number| (STANDS, vec![self.named(), Value::Number(number)]));
        Ok(self.session.run_if(stands, changes.0).await?.is_some())
    }

    /// Keeps how far it was told, among other changes.
    pub fn advance(&self, changes: &mut Changes, state: &State) {
        let text = "INSERT INTO webhook_receiver (name, state, is_gone) VALUES ($1, $2, 0)
            ON CONFLICT (name) DO UPDATE SET state = excluded.state";
        changes.0.push((text, vec![self.named(), Value::Text(write(state))]));
    }

    /// Keeps a delivery as it stands now, among other changes.
    pub fn put(&self, changes: &mut Changes, status: Status, delivery: &Delivery) {
        let text = "INSERT INTO webhook_delivery (receiver, place, status, delivery) VALUES ($1, $2, $3, $4)
            ON CONFLICT (receiver, place) DO UPDATE SET status = excluded.status, delivery = excluded.delivery";
        let values = vec![
            self.named(),
            number(delivery.place),
            Value::Number(status as i64),
            Value::Text(write(delivery)),
        ];
        changes.0.push((text, values));
    }

    /// Forgets a delivery that was made, among other changes.
    pub fn drop(&self, changes: &mut Changes, delivery: &Delivery) {
        let text = "DELETE FROM webhook_delivery WHERE receiver = $1 AND place = $2";
        changes.0.push((text, vec![self.named(), number(delivery.place)]));
    }

    fn named(&self) -> Value {
        Value::Text(self.name.clone())
    }
}

fn number(place: u64) -> Value {
    Value::Number(i64::try_from(place).unwrap_or(i64::MAX))
}

pub fn write(thing: &impl Serialize) -> String {
    serde_json::to_string(thing).unwrap_or_default()
}

pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Corrupt(format!("webhooks: {error}")))
}
