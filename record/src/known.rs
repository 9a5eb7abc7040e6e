//! What earlier answers told: the ids, sums and instants that later requests are about.

use serde_json::Value;

use crate::face::News;

/// A record of a profile, and a sum that it is about.
#[derive(Clone)]
pub struct Thing {
    pub id: u64,
    pub profile: String,
    pub sum: i64,
}

pub struct Definition {
    pub id: u64,
    pub handle: String,
}

/// A command that was sent.
#[derive(Clone)]
pub struct Sent {
    pub kind: &'static str,
    pub at: i64,
    pub key: Option<String>,
    pub request: Value,
}

#[derive(Default)]
pub struct Known {
    /// Whether profiles are merged in this ledger. In most they are not, so that a rule about mergers can change without
    /// hiding what else has changed.
    pub merges: bool,
    pub profiles: Vec<String>,
    pub rewards: Vec<Definition>,
    pub points: Vec<Definition>,
    pub lots: Vec<Thing>,
    pub redemptions: Vec<Thing>,
    pub holds: Vec<Thing>,
    pub transactions: Vec<Thing>,
    pub sent: Vec<Sent>,
    pub keyed: Vec<Sent>,
    /// When something is due.
    ends: Vec<i64>,
}

impl Known {
    pub fn learn(&mut self, news: News) {
        let profile = news.profile.unwrap_or_default();
        if let Some((id, is_reward, handle)) = news.definition {
            let list = if is_reward { &mut self.rewards } else { &mut self.points };
            match list.iter_mut().find(|known| known.id == id) {
                Some(known) => known.handle = handle,
                None => list.push(Definition { id, handle }),
            }
        }
        for lot in news.lots {
            note(&mut self.lots, &profile, Some(lot));
        }
        note(&mut self.redemptions, &profile, news.redemption);
        note(&mut self.holds, &profile, news.hold);
        note(&mut self.transactions, &profile, news.transaction);
        self.ends.extend(news.ends);
    }

    /// A lot went to another profile.
    pub fn moved(&mut self, lot: u64, to: &str) {
        if let Some(lot) = self.lots.iter_mut().find(|known| known.id == lot) {
            to.clone_into(&mut lot.profile);
        }
    }

    /// Whose a lot is, as far as the answers told.
    pub fn owner(&self, lot: u64) -> Option<&str> {
        self.lots.iter().find(|known| known.id == lot).map(|known| known.profile.as_str())
    }

    pub fn merged(&mut self, from: &str, into: &str) {
        for lot in self.lots.iter_mut().filter(|lot| lot.profile == from) {
            into.clone_into(&mut lot.profile);
        }
    }

    /// The next few instants at which something is due.
    pub fn next_ends(&mut self, now: i64) -> &[i64] {
        self.ends.retain(|end| *end > now);
        self.ends.sort_unstable();
        self.ends.dedup();
        &self.ends[..self.ends.len().min(4)]
    }
}

fn note(things: &mut Vec<Thing>, profile: &str, news: Option<(u64, i64)>) {
    let Some((id, sum)) = news else { return };
    match things.iter_mut().find(|known| known.id == id) {
        Some(known) => known.sum = sum,
        None => things.push(Thing { id, profile: profile.to_owned(), sum }),
    }
}
