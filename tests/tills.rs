//! Three tills that are offline for up to eight hours at a time, and send what they sold when they are back: each sale under
//! its key, one to three times, in any order (rules T10 and J5). Meanwhile lots are issued, expire, are extended and swept.
//!
//! Every answer is compared with a few lines of bookkeeping that know nothing of the engine. At the end no sale is lost
//! and none was taken twice, the sales that were short are those of the books, and every journal passes the audit.
//!
//! `SCRIP_SALES=n` makes so many sales, and `SCRIP_SEED=n` others.
//!
//! `each_property_catches_its_bug` plants a bug in the books, or in what a till sends, and sees it caught.

#[allow(dead_code)] // Each test uses its part.
mod planted;
#[path = "simulation/rng.rs"]
#[allow(dead_code)] // Each test uses its part.
mod rng;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use planted::{bug, catches};
use rng::Rng;
use scrip::account::Account;
use scrip::journal::EntryKind;
use scrip::outcome::Disposition;
use scrip::program::{Program, ProgramSettings};
use scrip::request::{Extend, Sweep};
use scrip::time::Until;
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssueReward, Ledger, LotId, MemoryStore, ProfileId, Redeem,
    Redemption, RewardDefinition, Timestamp,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const CUSTOMERS: u64 = 40;
const TILLS: u64 = 3;

/// What happens in the shop, in seconds from its start.
#[derive(Clone, Copy)]
enum Event {
    Issue { hours: i64 },
    Extend,
    Sweep,
    Send { sale: usize },
}

/// A sale, as its till noted it.
struct Sale {
    key: String,
    at: i64,
    customer: usize,
    cents: i64,
}

/// A lot in the books.
struct Lot {
    id: LotId,
    issued: i64,
    /// Each expiry that it had, and from when on.
    ends: Vec<(i64, i64)>,
    cents: i64,
}

impl Lot {
    /// When it was to expire, as of then; `None` if it was not there.
    fn end(&self, then: i64) -> Option<i64> {
        self.ends.iter().rfind(|(from, _)| *from <= then).map(|(_, end)| *end)
    }
}

struct Shop {
    rng: Rng,
    ledger: Ledger<MemoryStore>,
    ten: DefinitionId,
    sales: Vec<Sale>,
    /// The lots of each customer.
    lots: Vec<Vec<Lot>>,
    /// The first answer to each sale.
    answers: BTreeMap<usize, Option<Redemption>>,
    /// The sales that got less than was asked for, and how much.
    short: BTreeMap<usize, i64>,
    late: usize,
    revived: usize,
}

fn instant(seconds: i64) -> Timestamp {
    let start: Timestamp = "2025-06-15T00:00:00Z".parse().unwrap();
    start.checked_add(TimeDelta::seconds(seconds)).unwrap()
}

fn customer(number: usize) -> ProfileId {
    ProfileId::new(&format!("customer {number}")).unwrap()
}

fn amount(cents: i64) -> Amount {
    Amount::from_ten_thousandths(cents * 100).unwrap()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

impl Shop {
    fn new(seed: u64) -> Self {
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
        let program = Program::try_from(settings.with_late_window(9 * 3_600)).unwrap();
        let mut ledger = Ledger::new(program, MemoryStore::new());
        let ten =
            RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10)).with_extendable(true);
        let ten = ledger.at(instant(0)).commit(Define::from(ten)).unwrap().id;
        Self {
            rng: Rng::new(seed),
            ledger,
            ten,
            sales: Vec::new(),
            lots: (0..CUSTOMERS).map(|_| Vec::new()).collect(),
            answers: BTreeMap::new(),
            short: BTreeMap::new(),
            late: 0,
            revived: 0,
        }
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.rng.below(end.unsigned_abs())).unwrap()
    }

    /// When each till is offline: from, and to.
    fn schedule(&mut self, end: i64) -> Vec<(i64, i64)> {
        let (mut offline, mut at) = (Vec::new(), 0);
        while at < end {
            let from = at + self.below(3 * HOUR);
            let to = from + 1 + self.below(8 * HOUR);
            offline.push((from, to));
            at = to + 600;
        }
        offline
    }

    /// All that is to happen, in the order in which the ledger hears of it.
    fn plan(&mut self, count: usize) -> Vec<(i64, usize, Event)> {
        let step = 10 * DAY / 10_000;
        let end = step * i64::try_from(count).unwrap();
        let tills: Vec<_> = (0..TILLS).map(|_| self.schedule(end)).collect();
        let mut events = Vec::new();
        let mut at = 1;
        for sale in 0..count {
            at += self.below(2 * step);
            let till = self.rng.below(TILLS);
            let (customer, cents) = (self.rng.below(CUSTOMERS), 100 + self.below(800));
            let key = format!("till-{till}/{sale}");
            self.sales.push(Sale { key, at, customer: usize::try_from(customer).unwrap(), cents });
            let offline =
                tills[usize::try_from(till).unwrap()].iter().find(|(from, to)| (*from..*to).contains(&at));
            let first = offline.map_or(at, |(_, to)| to + self.below(1_200));
            events.push((first, Event::Send { sale }));
            for _ in 0..self.rng.below(3) {
                events.push((first + self.below(20 * HOUR), Event::Send { sale }));
            }
        }
        for at in (0..end).step_by(120) {
            events.push((at, Event::Issue { hours: 1 + self.below(10) }));
        }
        events.extend((0..end).step_by(900).map(|at| (at, Event::Extend)));
        events.extend((0..end).step_by(3 * 3_600).map(|at| (at, Event::Sweep)));
        let mut events: Vec<_> =
            events.into_iter().enumerate().map(|(place, (at, event))| (at, place, event)).collect();
        events.sort_by_key(|(at, place, _)| (*at, *place));
        events
    }

    fn run(&mut self, events: &[(i64, usize, Event)]) {
        for (at, _, event) in events {
            match *event {
                Event::Issue { hours } => self.issue(*at, hours),
                Event::Extend => self.extend(*at),
                Event::Sweep => self.sweep(*at),
                Event::Send { sale } => self.send(*at, sale),
            }
        }
    }

    fn any_customer(&mut self) -> usize {
        usize::try_from(self.rng.below(CUSTOMERS)).unwrap()
    }

    fn issue(&mut self, at: i64, hours: i64) {
        let (whose, end) = (self.any_customer(), at + hours * HOUR);
        let issue = IssueReward::new(customer(whose), self.ten).with_expiry(Until::Instant(instant(end)));
        let id = self.ledger.at(instant(at)).commit(issue).unwrap().id;
        self.lots[whose].push(Lot { id, issued: at, ends: vec![(at, end)], cents: 1_000 });
    }

    /// One more day for a lot that has something left, expired or not.
    fn extend(&mut self, at: i64) {
        let whose = self.any_customer();
        let mut left: Vec<&mut Lot> = self.lots[whose].iter_mut().filter(|lot| lot.cents > 0).collect();
        let Some(lot) = left.pop() else { return };
        let extend = Extend::by_days(customer(whose), vec![lot.id], 1);
        self.ledger.at(instant(at)).commit(extend).unwrap();
        let (_, end) = *lot.ends.last().unwrap();
        lot.ends.push((at, end + DAY));
    }

    fn sweep(&mut self, at: i64) {
        let whose = self.any_customer();
        self.ledger.at(instant(at)).commit(Sweep::ProfileId(customer(whose))).unwrap();
    }

    fn send(&mut self, at: i64, place: usize) {
        let sale = &self.sales[place];
        let redeem =
            Redeem::lenient(customer(sale.customer), amount(sale.cents)).with_occurred_at(instant(sale.at));
        let mut command = Command::new(instant(at), redeem).keyed(sale.key.parse().unwrap());
        if bug("a key that is forgotten") {
            command.key = None;
        }
        let answer = match self.ledger.run(&command) {
            Ok(receipt) => Some(receipt),
            Err(Error::Rejected(refused)) => {
                let is_too_late = refused.code() == "too_late" && self.answers.contains_key(&place);
                assert!(is_too_late || refused.code() == "insufficient_value", "{}: {refused}", sale.key);
                None
            }
            Err(error) => panic!("{}: {error}", sale.key),
        };
        if let Some(first) = self.answers.get(&place) {
            let is_again = answer.as_ref().is_none_or(|it| it.disposition == Disposition::Replayed);
            assert!(is_again && answer.map(|it| it.outcome) == *first, "{} again", sale.key);
            return;
        }
        let made = answer.map(|receipt| receipt.outcome);
        let found: Vec<(LotId, i64)> = made.iter().flat_map(|made| &made.items).map(taken).collect();
        let expected = self.book(at, place);
        assert_eq!(found, expected, "{}: {made:?}", self.sales[place].key);
        self.answers.insert(place, made);
    }

    /// What a sale takes, by the books: of lots that were there when it was made and not over, soonest expiry first as of
    /// then, what they still have.
    fn book(&mut self, at: i64, place: usize) -> Vec<(LotId, i64)> {
        let Sale { at: then, customer, cents, .. } = self.sales[place];
        let mut usable: Vec<&mut Lot> = self.lots[customer]
            .iter_mut()
            .filter(|lot| {
                let end = lot
                    .end(then)
                    .or(lot.end(at).filter(|_| bug("a lot that was issued after the sale gives")));
                lot.cents > 0 && end.is_some_and(|end| end > then)
            })
            .collect();
        let ordered_at = if bug("lots are drawn in the order of now") { at } else { then };
        usable.sort_by_key(|lot| (lot.end(ordered_at), lot.issued, lot.id));
        let (mut due, mut taken) = (cents, Vec::new());
        for lot in usable {
            let part = due.min(lot.cents);
            if part > 0 {
                taken.push((lot.id, part));
                self.revived += usize::from(lot.end(at).is_some_and(|end| end <= at));
                lot.cents -= part;
                due -= part;
            }
        }
        self.late += usize::from(at > then);
        if due > 0 {
            self.short.insert(place, due);
        }
        taken
    }

    /// Each sale once, and nothing but sales took anything.
    fn check(&mut self, end: i64) {
        assert_eq!(self.answers.len(), self.sales.len(), "a sale is lost");
        let told: BTreeMap<usize, i64> = self
            .answers
            .iter()
            .filter_map(|(sale, made)| {
                let total = made.as_ref().map_or(0, |made| made.total.ten_thousandths() / 100);
                Some((*sale, self.sales[*sale].cents - total)).filter(|(_, due)| *due > 0)
            })
            .collect();
        assert_eq!(told, self.short, "the list of what was short");
        let mut keys = Vec::new();
        for whose in 0..self.lots.len() {
            let wallet = self.ledger.at(instant(end)).wallet(customer(whose)).unwrap();
            let left: Vec<(LotId, i64)> = wallet
                .rewards()
                .iter()
                .map(|lot| (lot.id, lot.value_remaining.ten_thousandths() / 100))
                .collect();
            for lot in &self.lots[whose] {
                assert!(left.contains(&(lot.id, lot.cents)), "{}: {left:?}", lot.id);
            }
            let journal = wallet.written();
            let redeems = journal.iter().filter(|entry| matches!(entry.kind, EntryKind::Redeem(_)));
            keys.extend(redeems.map(|entry| entry.key().unwrap().as_str().to_owned()));
            let account = Account::replay(Some(customer(whose)), wallet.account().number(), journal).unwrap();
            assert!(account.is_conserved());
        }
        keys.sort();
        let done = self.answers.iter().filter(|(_, made)| made.is_some());
        let mut expected: Vec<String> = done.map(|(sale, _)| self.sales[*sale].key.clone()).collect();
        expected.sort();
        assert_eq!(keys, expected, "each sale that got something is in the journal once");
    }
}

fn taken(item: &scrip::journal::Item) -> (LotId, i64) {
    (item.lot, item.amount.ten_thousandths() / 100)
}

#[test]
fn no_sale_is_lost_and_none_is_taken_twice() {
    let count = usize::try_from(number("SCRIP_SALES").unwrap_or(10_000)).unwrap();
    let mut shop = Shop::new(number("SCRIP_SEED").unwrap_or(17));
    let events = shop.plan(count);
    shop.run(&events);
    let (end, ..) = *events.last().unwrap();
    shop.check(end);
    let (sales, sent) =
        (count, events.iter().filter(|(.., event)| matches!(event, Event::Send { .. })).count());
    let (short, refused) = (shop.short.len(), shop.answers.values().filter(|made| made.is_none()).count());
    println!(
        "{sales} sales, sent {sent} times; {} late; {} items of lots that had expired; {short} short, {refused} of them of all",
        shop.late, shop.revived
    );
    // It is worth running.
    assert!(shop.late > sales / 4 && shop.revived > sales / 20 && short > sales / 20 && refused < sales / 2);
}

#[test]
fn each_property_catches_its_bug() {
    let bugs = [
        "a lot that was issued after the sale gives",
        "lots are drawn in the order of now",
        "a key that is forgotten",
    ];
    catches(no_sale_is_lost_and_none_is_taken_twice, &bugs);
}
