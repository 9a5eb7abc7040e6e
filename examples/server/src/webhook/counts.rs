//! What is counted of the deliveries to a receiver.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::machine_micros;
use super::receiver::Receiver;
use crate::metrics::{head, line, seconds};

/// What became of the deliveries to a receiver, in this process.
#[derive(Default)]
pub struct Counts {
    pub sent: AtomicU64,
    pub failed: AtomicU64,
    /// Tries after the first one of a delivery.
    pub retried: AtomicU64,
    /// Deliveries that became dead letters.
    pub dead: AtomicU64,
    /// How many deliveries wait.
    pub waiting: AtomicU64,
    /// Since when the oldest one waits, in microseconds of the machine's clock; zero if none does.
    pub oldest: AtomicI64,
}

impl Counts {
    /// How long the oldest delivery has been waiting, in microseconds.
    pub fn lag(&self) -> i64 {
        match self.oldest.load(Relaxed) {
            0 => 0,
            oldest => (machine_micros() - oldest).max(0),
        }
    }
}

/// The counts of all receivers, as Prometheus reads them.
pub fn write<'a>(receivers: impl Iterator<Item = &'a Receiver> + Clone) -> String {
    let mut out = String::new();
    if receivers.clone().next().is_none() {
        return out;
    }
    let deliveries = "scrip_webhook_deliveries_total";
    head(&mut out, deliveries, "counter", "Tries to deliver a webhook, by what became of them.");
    for receiver in receivers.clone() {
        let (name, counts) = (&receiver.name, &receiver.counts);
        for (outcome, count) in [("sent", &counts.sent), ("failed", &counts.failed)] {
            let labels = format!("{{receiver=\"{name}\",outcome=\"{outcome}\"}}");
            line(&mut out, &format!("{deliveries}{labels}"), &count.load(Relaxed));
        }
    }
    type Read = fn(&Counts) -> String;
    let rest: [(&str, &str, &str, Read); 4] = [
        ("scrip_webhook_retries_total", "counter", "Tries after the first one.", |counts| {
            counts.retried.load(Relaxed).to_string()
        }),
        ("scrip_webhook_dead_letters_total", "counter", "Webhooks that are tried no more.", |counts| {
            counts.dead.load(Relaxed).to_string()
        }),
        ("scrip_webhook_waiting", "gauge", "Webhooks that are not delivered yet.", |counts| {
            counts.waiting.load(Relaxed).to_string()
        }),
        ("scrip_webhook_lag_seconds", "gauge", "How long the oldest of them has been waiting.", |counts| {
            seconds(counts.lag().unsigned_abs().into())
        }),
    ];
    for (name, kind, help, read) in rest {
        head(&mut out, name, kind, help);
        for receiver in receivers.clone() {
            let labels = format!("{{receiver=\"{}\"}}", receiver.name);
            line(&mut out, &format!("{name}{labels}"), &read(&receiver.counts));
        }
    }
    out
}
