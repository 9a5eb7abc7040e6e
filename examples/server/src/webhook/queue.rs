//! What waits to be delivered to a receiver: in order for each profile, one at a time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

/// An event on its way to a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its place in the order of the receiver's events.
    pub place: u64,
    /// The event's id, by which the receiver drops doubles.
    pub event: String,
    pub kind: String,
    pub profile: String,
    /// What is sent and signed, to the byte.
    pub body: String,
    /// When it began to wait. Instants are microseconds of the machine's clock.
    pub since: i64,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// The earliest instant of the next try; of a dead letter, when it was tried last.
    pub next: i64,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Whether it failed as nobody was there: no reason lies in the event.
    pub is_unreachable: bool,
}

/// The deliveries that wait, as they will be tried.
#[derive(Default)]
pub struct Queue {
    lines: HashMap<String, Line>,
    /// The profiles whose first delivery is not under way, by when it may be tried.
    ready: BTreeMap<(i64, u64), String>,
    len: usize,
}

/// The deliveries about one profile.
#[derive(Default)]
struct Line {
    waiting: BTreeMap<u64, Delivery>,
    is_under_way: bool,
    /// Where the first one stands among those that are ready.
    ready: Option<(i64, u64)>,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds one that waits, or waits again.
    pub fn add(&mut self, delivery: Delivery) {
        let profile = delivery.profile.clone();
        let line = self.lines.entry(profile.clone()).or_default();
        if line.waiting.insert(delivery.place, delivery).is_none() {
            self.len += 1;
        }
        self.refresh(&profile);
    }

    /// The next one that may be tried: it is under way until it is settled, and so nothing else of its profile is tried.
    pub fn begin(&mut self, now: i64) -> Option<Delivery> {
        let ready = self.ready.first_entry().filter(|ready| ready.key().0 <= now)?;
        let line = self.lines.get_mut(&ready.remove())?;
        line.ready = None;
        line.is_under_way = true;
        line.waiting.first_key_value().map(|(_, delivery)| delivery.clone())
    }

    /// When the next one may be tried.
    pub fn next(&self) -> Option<i64> {
        self.ready.first_key_value().map(|((next, _), _)| *next)
    }

    /// One that was under way is done with, delivered or dead.
    pub fn finish(&mut self, delivery: &Delivery) {
        if let Some(line) = self.lines.get_mut(&delivery.profile) {
            line.is_under_way = false;
            if line.waiting.remove(&delivery.place).is_some() {
                self.len -= 1;
            }
        }
        self.refresh(&delivery.profile);
    }

    /// One that was under way waits again.
    pub fn put_back(&mut self, delivery: Delivery) {
        if let Some(line) = self.lines.get_mut(&delivery.profile) {
            line.is_under_way = false;
        }
        self.add(delivery);
    }

    /// Tries those at once that wait because the receiver was not there.
    pub fn hurry(&mut self, now: i64) {
        let late = |delivery: &&mut Delivery| delivery.is_unreachable && delivery.next > now;
        let mut hurried = Vec::new();
        for (profile, line) in &mut self.lines {
            if let Some(first) = line.waiting.values_mut().next().filter(late) {
                first.next = now;
                hurried.push(profile.clone());
            }
        }
        hurried.iter().for_each(|profile| self.refresh(profile));
    }

    /// Since when the oldest one waits.
    pub fn oldest(&self) -> Option<i64> {
        let firsts = self.lines.values().filter_map(|line| line.waiting.values().next());
        firsts.map(|delivery| delivery.since).min()
    }

    fn refresh(&mut self, profile: &str) {
        let Some(line) = self.lines.get_mut(profile) else { return };
        if let Some(ready) = line.ready.take() {
            self.ready.remove(&ready);
        }
        match line.waiting.values().next() {
            None if !line.is_under_way => {
                self.lines.remove(profile);
            }
            Some(first) if !line.is_under_way => {
                let ready = (first.next, first.place);
                line.ready = Some(ready);
                self.ready.insert(ready, profile.to_owned());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(place: u64, profile: &str, next: i64) -> Delivery {
        Delivery {
            place,
            event: format!("issued-{place}"),
            kind: "issued".to_owned(),
            profile: profile.to_owned(),
            body: String::new(),
            since: place as i64,
            attempts: 0,
            next,
            error: None,
            is_unreachable: false,
        }
    }

    fn places(queue: &mut Queue, now: i64) -> Vec<u64> {
        std::iter::from_fn(|| queue.begin(now)).map(|delivery| delivery.place).collect()
    }

    /// Catches: two of one profile under way at once; one that overtakes an earlier one that failed; another profile that waits for it.
    #[test]
    fn each_profile_is_told_in_order() {
        let mut queue = Queue::default();
        for place in 1..=6 {
            queue.add(delivery(place, if place % 2 == 0 { "even" } else { "odd" }, 0));
        }
        assert_eq!(places(&mut queue, 0), [1, 2]);
        queue.finish(&delivery(2, "even", 0));
        assert_eq!(places(&mut queue, 0), [4]);
        // The first one failed: its profile waits, and the other one goes on.
        queue.put_back(delivery(1, "odd", 100));
        queue.finish(&delivery(4, "even", 0));
        assert_eq!((places(&mut queue, 99), queue.next()), (vec![6], Some(100)));
        queue.finish(&delivery(6, "even", 0));
        assert_eq!((places(&mut queue, 100), queue.len(), queue.oldest()), (vec![1], 3, Some(1)));
        queue.finish(&delivery(1, "odd", 0));
        assert_eq!(places(&mut queue, 100), [3]);
        queue.finish(&delivery(3, "odd", 0));
        assert_eq!(places(&mut queue, 100), [5]);
        // What is added meanwhile waits, even if its place is an earlier one.
        queue.add(delivery(1, "odd", 0));
        assert_eq!(places(&mut queue, 100), [] as [u64; 0]);
        queue.finish(&delivery(5, "odd", 0));
        assert_eq!(places(&mut queue, 100), [1]);
        queue.finish(&delivery(1, "odd", 0));
        assert_eq!((queue.len(), queue.next(), queue.oldest(), queue.lines.len()), (0, None, None, 0));
    }

    /// Catches: a receiver that is back and waited for all the same; an event that fails by itself and is tried without a pause.
    #[test]
    fn whoever_could_not_be_reached_is_tried_at_once() {
        let mut queue = Queue::default();
        queue.add(Delivery { is_unreachable: true, ..delivery(1, "away", 100) });
        queue.add(delivery(2, "refused", 100));
        queue.hurry(7);
        assert_eq!((queue.next(), places(&mut queue, 7)), (Some(7), vec![1]));
        assert_eq!(queue.next(), Some(100));
    }
}
