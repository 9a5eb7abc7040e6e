//! By hand: what a good engineer writes in an afternoon. A hash map of profiles, sorted lots of `Decimal` and
//! `DateTime<Utc>`, a list of records.

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
    names: Vec<String>,
    profiles: HashMap<String, Profile>,
    records: Vec<Record>,
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

impl Contestant for ByHand {
    fn set_up(workload: &Workload) -> Self {
        let names: Vec<String> = (0..workload.profiles).map(Workload::name).collect();
        let mut hand = Self {
            names: Vec::new(),
            profiles: HashMap::new(),
            records: Vec::new(),
            later: LaterExpiries::new(),
            next_lot: 0,
            issued: Decimal::ZERO,
            now: "2025-06-15T00:00:00Z".parse().unwrap(),
        };
        for (name, profile) in names.iter().zip(0..) {
            for expiry in workload.expiries(profile) {
                hand.issue(name, expiry);
            }
        }
        Self { names, ..hand }
    }

    fn run(&mut self, requests: &[Request]) {
        let names = std::mem::take(&mut self.names);
        for request in requests {
            let name = &names[request.profile as usize];
            let amount = Decimal::new(request.cents, 2);
            if !self.redeem(name, u64::from(request.profile), amount) {
                for _ in 0..LOTS {
                    let expiry = self.later.next();
                    self.issue(name, expiry);
                }
                assert!(self.redeem(name, u64::from(request.profile), amount));
            }
        }
        self.names = names;
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
