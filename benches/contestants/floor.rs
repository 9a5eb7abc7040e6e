//! The floor: flat arrays, no hashing, no ids, logs that were touched before. What the memory bus allows.

use super::{Contestant, LOT_CENTS, LOTS, LaterExpiries, Request, Workload};

/// More lots than this a profile never has at once.
const ROOM: usize = 16;

pub(crate) struct Floor {
    lots: Vec<[(i64, i64); ROOM]>,
    counts: Vec<u8>,
    records: Vec<(u32, i64)>,
    items: Vec<(i64, i64)>,
    later: LaterExpiries,
    issued: i64,
}

impl Floor {
    pub(crate) fn set_up(workload: &Workload) -> Self {
        let mut lots = vec![[(0, 0); ROOM]; workload.profiles as usize];
        for (profile, lots) in lots.iter_mut().enumerate() {
            let mut expiries = workload.expiries(u32::try_from(profile).unwrap());
            // The last is used first, so that a spent lot is dropped by counting down.
            expiries.sort_unstable_by(|one, other| other.cmp(one));
            for (lot, expiry) in lots.iter_mut().zip(expiries) {
                *lot = (LOT_CENTS, expiry);
            }
        }
        let room = workload.requests.len();
        let mut records = vec![(0, 0); room];
        let mut items = vec![(0, 0); room * 4];
        records.clear();
        items.clear();
        Self {
            counts: vec![u8::try_from(LOTS).unwrap(); lots.len()],
            lots,
            records,
            items,
            later: LaterExpiries::new(),
            issued: i64::from(workload.profiles) * i64::try_from(LOTS).unwrap() * LOT_CENTS,
        }
    }
}

impl Contestant for Floor {
    fn run(&mut self, requests: &[Request]) {
        for request in requests {
            let lots = &mut self.lots[request.profile as usize];
            let count = &mut self.counts[request.profile as usize];
            let held: i64 = lots[..*count as usize].iter().map(|(value, _)| value).sum();
            if held < request.cents {
                lots.copy_within(..*count as usize, LOTS);
                for lot in lots[..LOTS].iter_mut().rev() {
                    *lot = (LOT_CENTS, self.later.next());
                }
                *count += u8::try_from(LOTS).unwrap();
                self.issued += i64::try_from(LOTS).unwrap() * LOT_CENTS;
            }
            let mut left = request.cents;
            while left > 0 {
                let (value, expiry) = &mut lots[*count as usize - 1];
                let take = left.min(*value);
                *value -= take;
                left -= take;
                self.items.push((*expiry, take));
                if *value == 0 {
                    *count -= 1;
                }
            }
            self.records.push((request.profile, request.cents));
        }
    }

    fn check(&self, _: &Workload) -> i64 {
        let left: i64 = self
            .lots
            .iter()
            .zip(&self.counts)
            .flat_map(|(lots, count)| &lots[..*count as usize])
            .map(|(value, _)| value)
            .sum();
        let redeemed: i64 = self.records.iter().map(|(_, cents)| cents).sum();
        let items: i64 = self.items.iter().map(|(_, cents)| cents).sum();
        assert_eq!(redeemed, items);
        assert_eq!(self.issued, left + redeemed);
        redeemed
    }
}
