//! The honest floor: what any ledger must do and nothing more. Text profile ids through one hash lookup, `(i64, i64)`
//! lots, logs that grow from empty; no rules, no journal, no replay.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Contestant, LOT_CENTS, LOTS, LaterExpiries, Request, Workload};

pub(crate) struct HonestFloor {
    names: Arc<Vec<String>>,
    profiles: HashMap<String, Vec<(i64, i64)>>,
    records: Vec<(u32, i64)>,
    items: Vec<(i64, i64)>,
    later: LaterExpiries,
    issued: i64,
}

impl HonestFloor {
    pub(crate) fn set_up(workload: &Workload) -> Self {
        let names = Arc::clone(&workload.names);
        let profiles = names
            .iter()
            .zip(0..)
            .map(|(name, profile)| {
                let mut lots: Vec<_> =
                    workload.expiries(profile).into_iter().map(|expiry| (LOT_CENTS, expiry)).collect();
                lots.sort_unstable_by_key(|(_, expiry)| std::cmp::Reverse(*expiry));
                (name.clone(), lots)
            })
            .collect();
        Self {
            names,
            profiles,
            records: Vec::new(),
            items: Vec::new(),
            later: LaterExpiries::new(),
            issued: i64::from(workload.profiles) * i64::try_from(LOTS).unwrap() * LOT_CENTS,
        }
    }
}

impl Contestant for HonestFloor {
    fn run(&mut self, requests: &[Request]) {
        for request in requests {
            let name = &self.names[request.profile as usize];
            let lots = self.profiles.get_mut(name.as_str()).unwrap();
            let held: i64 = lots.iter().map(|(value, _)| value).sum();
            if held < request.cents {
                let new: [(i64, i64); LOTS] = std::array::from_fn(|_| (LOT_CENTS, self.later.next()));
                lots.splice(0..0, new.into_iter().rev());
                self.issued += i64::try_from(LOTS).unwrap() * LOT_CENTS;
            }
            let mut left = request.cents;
            while let Some((value, expiry)) = lots.last_mut().filter(|_| left > 0) {
                let take = left.min(*value);
                *value -= take;
                left -= take;
                self.items.push((*expiry, take));
                if *value == 0 {
                    lots.pop();
                }
            }
            self.records.push((request.profile, request.cents));
        }
    }

    fn check(&self, _: &Workload) -> i64 {
        let left: i64 = self.profiles.values().flatten().map(|(value, _)| value).sum();
        let redeemed: i64 = self.records.iter().map(|(_, cents)| cents).sum();
        assert_eq!(redeemed, self.items.iter().map(|(_, cents)| cents).sum::<i64>());
        assert_eq!(self.issued, left + redeemed);
        redeemed
    }
}
