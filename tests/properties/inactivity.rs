//! Points that lapse without activity (rule T9), over long histories, against days counted by hand.

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::account::Account;
use scrip::journal::LotKind;
use scrip::program::ProgramSettings;
use scrip::request::{Strategy as Pay, Sweep, Transfer};
use scrip::time::Expiry;
use scrip::value::ExchangeRate;
use scrip::{
    Amount, Define, DefinitionId, IssuePoints, Ledger, LotId, MemoryStore, PeriodType, PointDefinition,
    PointLot, Points, PostTransaction, ProfileId, Redeem, Redemption, ReturnRedemption, Timestamp,
};

use crate::config;
use crate::model::calendar::{DAY, HOUR, Micros, SECOND};
use crate::planted::{bug, catches};

/// 15 June 2025, in UTC, in which everything here is counted.
const START: Micros = 1_749_945_600 * SECOND;

/// A wait to the end of the day: to the very instant at which points may lapse.
const TO_THE_END: Micros = -1;

/// Days without activity, and own days; never, if there are none.
const TERMS: [(Option<u32>, Option<u32>); 5] =
    [(Some(3), None), (Some(7), None), (Some(3), Some(9)), (Some(20), Some(12)), (None, Some(6))];

/// What a lot is known by, and when it came.
#[derive(Clone, Debug)]
struct Known {
    id: LotId,
    terms: usize,
    issued_at: Micros,
    /// By which step it came.
    came: usize,
}

struct Shop {
    ledger: Ledger<MemoryStore>,
    now: Micros,
    definitions: Vec<DefinitionId>,
    lots: Vec<Known>,
    /// The number of steps so far.
    steps: usize,
    /// Every activity: the step that told of it, and when it was.
    active: Vec<(usize, Micros)>,
}

impl Shop {
    fn new() -> Self {
        let rate = ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap();
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
        let settings = settings.with_exchange_rate(rate).with_late_window(u32::MAX);
        let program = settings.try_into().unwrap();
        let mut ledger = Ledger::new(program, MemoryStore::new());
        let definitions = TERMS.iter().enumerate().map(|(place, (idle, own))| {
            let handle = format!("points-{place}").parse().unwrap();
            let mut definition = PointDefinition::new(handle, "Points").with_reassignable(true);
            (definition.inactivity_period, definition.period) = (*idle, *own);
            definition.inactivity_period_type = PeriodType::Days;
            ledger.at(crate::timestamp(START)).commit(Define::from(definition)).unwrap().id
        });
        let definitions = definitions.collect();
        Self { ledger, now: START, definitions, lots: Vec::new(), steps: 0, active: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        crate::timestamp(self.now)
    }

    fn step(&mut self, (what, wait, number): Step) {
        self.now = if wait == TO_THE_END { (self.now.div_euclid(DAY) + 1) * DAY } else { self.now + wait };
        self.steps += 1;
        let (alice, now, step) = (alice(), self.now(), self.steps);
        let mut till = self.ledger.at(now);
        match what {
            0..=4 => {
                let terms = usize::from(what);
                let issued_at = self.now - Micros::from(number % 4) * 13 * HOUR;
                let issue = IssuePoints::new(alice, self.definitions[terms])
                    .with_value(Points::from(number))
                    .with_issued_at(crate::timestamp(issued_at));
                if let Ok(lot) = till.commit(issue) {
                    self.lots.push(Known { id: lot.id, terms, issued_at, came: step });
                }
            }
            5 => {
                till.commit(PostTransaction::new(alice, Amount::from(number))).unwrap();
                self.active.push((step, self.now));
            }
            6 | 7 => {
                if till.commit(redeem(number)).is_ok() {
                    self.active.push((step, self.now));
                }
            }
            // One that a till sends late.
            _ => {
                let then = self.now - Micros::from(number) * 5 * HOUR;
                if till.commit(redeem(number).with_occurred_at(crate::timestamp(then))).is_ok() {
                    self.active.push((step, then));
                }
            }
        }
    }

    /// When a lot ends: the days without activity counted from the last one that came in time, or its own days.
    fn end(&self, lot: &Known) -> Option<Micros> {
        let (idle, own) = TERMS[lot.terms];
        let after = |from: Micros, days: u32| (from.div_euclid(DAY) + Micros::from(days) + 1) * DAY;
        let own = own.map(|days| after(lot.issued_at, days));
        let idle = idle.map(|days| {
            let (before, later): (Vec<_>, Vec<_>) =
                self.active.iter().partition(|(step, _)| *step < lot.came);
            let mut from = before.into_iter().map(|(_, at)| at).fold(lot.issued_at, Micros::max);
            let mut later: Vec<_> = later.into_iter().map(|(_, at)| at).collect();
            later.sort_unstable();
            for active in later {
                let is_in_time = bug("an activity at the very instant of the lapse that keeps the points");
                if after(from, days) + Micros::from(is_in_time) <= active {
                    break;
                }
                from = from.max(active);
            }
            after(from, days)
        });
        own.into_iter().chain(idle).min()
    }

    fn lots(&mut self) -> Vec<PointLot> {
        self.ledger.at(self.now()).wallet(alice()).unwrap().points()
    }

    /// What there is of each lot, and until when; on this day and on later ones.
    fn seen(&mut self) -> Vec<String> {
        let days = (0..9).map(|days| crate::timestamp(self.now + days * DAY)).collect::<Vec<_>>();
        let at = |at: Timestamp| {
            let wallet = self.ledger.at(at).wallet(alice()).unwrap();
            let each = |lot: PointLot| (lot.id, lot.value_remaining, lot.status, lot.expires_at);
            let lots: Vec<_> = wallet.points().into_iter().map(each).collect();
            format!("{at}: {lots:?} {:?}", wallet.account().totals_at(at))
        };
        days.into_iter().map(at).collect()
    }
}

/// What, how long after the last, and how much.
type Step = (u8, Micros, u32);

fn redeem(number: u32) -> Redeem {
    Redeem::lenient(alice(), Amount::from(number)).with_strategies([Pay::Points])
}

fn alice() -> ProfileId {
    ProfileId::new("alice").unwrap()
}

fn end(expiry: Expiry) -> Option<Micros> {
    expiry.instant().map(|end| end.micros())
}

/// Short waits, and long ones in which points lapse; some to the very end of a day.
fn wait() -> impl Strategy<Value = Micros> {
    let days = (1_i64..5).prop_map(|days| days * DAY);
    prop_oneof![3 => 0..9 * HOUR, 2 => 0..3 * DAY, 1 => Just(0), 1 => days, 2 => Just(TO_THE_END)]
}

/// A few steps, by which not everything has lapsed that came first; or many.
fn few_or_many() -> impl Strategy<Value = Vec<Step>> {
    let step = || (0_u8..8, wait(), 1_u32..40);
    prop_oneof![vec(step(), 1..8), vec(step(), 1..40)]
}

proptest! {
    #![proptest_config(config(60))]

    /// Rules T9 and C1: every lot ends when the days without activity, counted by hand over the whole history, are over,
    /// or its own are; and at each instant lots stand in the order of those ends, then of issue, then of their ids.
    ///
    /// Catches: a lot put in a chain where its own end comes before that of the one ahead of it; ends that tie after an
    /// activity and stay in the order that they had before (C1); an activity at the very instant of the lapse that keeps the
    /// points; a lot that was used up when it lapsed, and lives again; a late redemption that keeps all lots that lapsed
    /// since, or none, or also one that had lapsed before it happened; one that keeps them beyond their own end.
    #[test]
    fn lots_end_when_the_days_without_activity_are_over(
        steps in vec((0_u8..10, wait(), 1_u32..40), 1..90),
    ) {
        let mut shop = Shop::new();
        for step in steps {
            shop.step(step);
            let shown = shop.lots();
            prop_assert_eq!(shown.len(), shop.lots.len());
            for lot in &shown {
                let known = shop.lots.iter().find(|known| known.id == lot.id).unwrap();
                prop_assert_eq!(end(lot.expires_at), shop.end(known), "{:?} at {}", known, shop.now);
            }
            let wallet = shop.ledger.at(shop.now()).wallet(alice()).unwrap();
            let account = wallet.account();
            let rank = |lot: &scrip::account::LiveLot| (lot.expires_at, lot.issued_at, lot.id);
            let ranks: Vec<_> = account.lots(LotKind::Point).map(|lot| rank(&lot)).collect();
            prop_assert!(ranks.is_sorted(), "rule C1: {ranks:?}");
            let text = serde_json::to_string(account).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Account>(&text).unwrap(), account);
            prop_assert_eq!(account.is_conserved(), true);
        }
    }

    /// Rule T10, over lapses: redemptions that are sent late, one after the other, leave the same lots as on time, now and for
    /// days to come, swept in between or not; and what is returned of them goes where it would have gone.
    ///
    /// Catches: a lot that lapsed since and is not kept; one that a sweep had written down as lapsed, and that is not found;
    /// one that the entry says nothing of, as it was used up; one that the first keeps and the second does not find; a
    /// second one that takes lots in the order that they had without the first.
    #[test]
    fn late_is_as_on_time_over_a_lapse(
        steps in vec((0_u8..8, wait(), 1_u32..40), 1..30),
        sales in vec((prop_oneof![Just(0), 0..6 * DAY], 1_u32..20), 1..5),
        late in 1..12 * DAY,
        swept in proptest::option::of(0..20 * DAY),
    ) {
        let (mut one, mut other) = (Shop::new(), Shop::new());
        for step in steps {
            one.step(step);
            other.step(step);
        }
        let all: Micros = sales.iter().map(|(wait, _)| wait).sum();
        let now = crate::timestamp(one.now + all + late);
        if let Some(after) = swept.filter(|after| *after < all + late) {
            let at = crate::timestamp(other.now + after);
            other.ledger.at(at).commit(Sweep::ProfileId(alice())).unwrap();
        }
        let mut made = Vec::new();
        for (wait, number) in sales {
            one.now += wait;
            let then = one.now();
            let on_time = one.ledger.at(then).commit(redeem(number)).ok();
            let occurred_at = if bug("a late redemption that is decided when it is sent") { now } else { then };
            let late = other.ledger.at(now).commit(redeem(number).with_occurred_at(occurred_at)).ok();
            let items = |made: &Option<Redemption>| made.as_ref().map(|made| made.items.clone());
            prop_assert_eq!(items(&on_time), items(&late), "at {}", then);
            made.extend(on_time.zip(late));
        }
        (one.now, other.now) = (now.micros(), now.micros());
        prop_assert_eq!(one.seen(), other.seen());
        for (on_time, late) in made {
            for (shop, made) in [(&mut one, on_time), (&mut other, late)] {
                shop.ledger.at(now).commit(ReturnRedemption::strict(made.id, made.total)).unwrap();
            }
        }
        prop_assert_eq!(one.seen(), other.seen());
    }

    /// Rule T9: what goes to another profile ends there no sooner than it would have, and the rest of the sender's is as
    /// it was.
    ///
    /// Catches: a transfer that leaves the last activity behind; a merger in which only the lots that came count it.
    #[test]
    fn moving_never_shortens(steps in few_or_many(), part in 1_u32..9, merge: bool) {
        let mut shop = Shop::new();
        let bob = ProfileId::new("bob").unwrap();
        let theirs = IssuePoints::new(bob, shop.definitions[0]).with_value(Points::from(5));
        let own = shop.ledger.at(shop.now()).commit(theirs).unwrap();
        steps.into_iter().for_each(|step| shop.step(step));
        let before = shop.lots();
        let now = shop.now();
        let mut till = shop.ledger.at(now);
        if merge {
            till.commit(scrip::request::MergeProfiles::new(alice(), bob)).unwrap();
        } else {
            let transfer = Transfer::new(alice(), bob, LotKind::Point, Points::from(part));
            prop_assume!(till.commit(transfer).is_ok());
        }
        let after = till.wallet(bob).unwrap().points();
        for lot in after.iter().filter(|lot| lot.id != own.id) {
            let origin = lot.details.as_ref().and_then(|details| details.origin);
            let old = match origin {
                Some(scrip::journal::Origin::Transferred { lot, .. }) => lot,
                _ => lot.id,
            };
            let was = before.iter().find(|lot| lot.id == old).unwrap();
            prop_assert!(lot.expires_at >= was.expires_at, "{was:?} is now {lot:?}");
        }
        if merge && let Some((_, active)) = shop.active.last() {
            let own = after.iter().find(|lot| lot.id == own.id).unwrap();
            let until = |from: Micros| (from.div_euclid(DAY) + 4) * DAY;
            // What had lapsed before the merger stays so.
            let is_alone = bug("a merger in which only the lots that came count the activity");
            let from = if is_alone || until(START) <= shop.now { START } else { *active };
            prop_assert_eq!(end(own.expires_at), Some(until(from)));
        }
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        lots_end_when_the_days_without_activity_are_over,
        &["an activity at the very instant of the lapse that keeps the points"],
    );
    catches(late_is_as_on_time_over_a_lapse, &["a late redemption that is decided when it is sent"]);
    catches(moving_never_shortens, &["a merger in which only the lots that came count the activity"]);
}
