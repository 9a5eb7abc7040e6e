//! By hand: what a good engineer writes in an afternoon. A hash map of profiles, sorted lots of `Decimal` and
//! `DateTime<Utc>`, a list of records; and, with keys, a hash map from profile and key to the record.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::HashMap;
use rust_decimal::Decimal;

use super::{Contestant, LOT_CENTS, LOTS, LaterExpiries, Request, Workload};

struct Lot {
    id: u64,
    remaining: Decimal,
    expires_at: DateTime<Utc>,
}

#[derive(Default)]
struct Profile {
    lots: Vec<Lot>,
}

struct Record {
    id: u64,
    profile: u64,
    at: DateTime<Utc>,
    total: Decimal,
    items: Vec<(u64, Decimal)>,
}

pub(crate) struct ByHand {
    names: Arc<Vec<String>>,
    profiles: HashMap<String, Profile>,
    records: Vec<Record>,
    /// Where the record of a profile's key is, if requests have keys.
    keys: Option<HashMap<(u64, String), usize>>,
    later: LaterExpiries,
    next_lot: u64,
    issued: Decimal,
    now: DateTime<Utc>,
}

impl ByHand {
    fn issue(&mut self, name: &str, expiry: i64) {
        self.next_lot += 1;
        let value = Decimal::new(LOT_CENTS, 2);
        let expires_at = self.now + TimeDelta::microseconds(expiry * 125_000);
        let lot = Lot { id: self.next_lot, remaining: value, expires_at };
        let profile = self.profiles.entry_ref(name).or_default();
        let place = profile.lots.partition_point(|other| other.expires_at <= expires_at);
        profile.lots.insert(place, lot);
        self.issued += value;
    }

    fn redeem(&mut self, name: &str, profile_number: u64, amount: Decimal) -> bool {
        let Some(profile) = self.profiles.get_mut(name) else { return false };
        let now = self.now;
        let usable = profile.lots.iter().filter(|lot| lot.expires_at > now);
        if usable.map(|lot| lot.remaining).sum::<Decimal>() < amount {
            return false;
        }
        let mut left = amount;
        let mut items = Vec::new();
        for lot in profile.lots.iter_mut().filter(|lot| lot.expires_at > now) {
            if left.is_zero() {
                break;
            }
            let take = lot.remaining.min(left);
            lot.remaining -= take;
            left -= take;
            items.push((lot.id, take));
        }
        profile.lots.retain(|lot| !lot.remaining.is_zero());
        let id = self.records.len() as u64 + 1;
        self.records.push(Record { id, profile: profile_number, at: now, total: amount, items });
        true
    }
}

impl ByHand {
    pub(crate) fn set_up(workload: &Workload) -> Self {
        let mut hand = Self {
            names: Arc::clone(&workload.names),
            profiles: HashMap::new(),
            records: Vec::new(),
            keys: None,
            later: LaterExpiries::new(),
            next_lot: 0,
            issued: Decimal::ZERO,
            now: "2025-06-15T00:00:00Z".parse().unwrap(),
        };
        for (name, profile) in workload.names.iter().zip(0..) {
            for expiry in workload.expiries(profile) {
                hand.issue(name, expiry);
            }
        }
        hand
    }

    pub(crate) fn with_keys(workload: &Workload) -> Self {
        Self { keys: Some(HashMap::new()), ..Self::set_up(workload) }
    }

    /// Redeems, after issuing lots to a profile that has too little; answers where the record is.
    fn carry_out(&mut self, name: &str, request: Request) -> usize {
        let amount = Decimal::new(request.cents, 2);
        if !self.redeem(name, u64::from(request.profile), amount) {
            for _ in 0..LOTS {
                let expiry = self.later.next();
                self.issue(name, expiry);
            }
            assert!(self.redeem(name, u64::from(request.profile), amount));
        }
        self.records.len() - 1
    }
}

impl Contestant for ByHand {
    fn run(&mut self, requests: &[Request]) {
        let names = Arc::clone(&self.names);
        for request in requests {
            let name = &names[request.profile as usize];
            let Some(keys) = &self.keys else {
                self.carry_out(name, *request);
                continue;
            };
            let key = (u64::from(request.profile), request.key());
            if let Some(record) = keys.get(&key) {
                assert_eq!(self.records[*record].total, Decimal::new(request.cents, 2));
                continue;
            }
            let record = self.carry_out(name, *request);
            self.keys.as_mut().unwrap().insert(key, record);
        }
    }

    fn check(&self, _: &Workload) -> i64 {
        let left: Decimal = self.profiles.values().flat_map(|p| &p.lots).map(|lot| lot.remaining).sum();
        let redeemed: Decimal = self.records.iter().map(|record| record.total).sum();
        let items: Decimal = self.records.iter().flat_map(|r| &r.items).map(|(_, amount)| *amount).sum();
        assert_eq!(redeemed, items);
        assert_eq!(self.issued, left + redeemed);
        let last = self.records.last().map(|record| (record.id, record.profile, record.at));
        assert!(last.is_none_or(|(id, _, at)| id == self.records.len() as u64 && at == self.now));
        i64::try_from((redeemed * Decimal::ONE_HUNDRED).trunc()).unwrap()
    }
}
