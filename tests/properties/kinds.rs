//! Points that cannot be redeemed (rule K1), over long random histories without the model; and points earned (rule K3),
//! against it.

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::definition::Definition;
use scrip::outcome::Hold;
use scrip::program::{Earn, ProgramSettings};
use scrip::request::{CaptureHold, PlaceHold, ReleaseHold, Strategy as Pay};
use scrip::store::AsOf;
use scrip::value::{ExchangeRate, Quantity};
use scrip::{
    Amount, Define, DefinitionId, IssuePoints, IssueReward, Ledger, LotId, MemoryStore, PeriodType,
    PointDefinition, Points, PostTransaction, ProfileId, Program, Redeem, ReturnTransaction,
    RewardDefinition, Timestamp, TransactionId,
};

use crate::config;
use crate::model::calendar::{DAY, HOUR, Micros};
use crate::model::generate;
use crate::model::world::World;
use crate::planted::{bug, catches};

/// What a step does, for which of two profiles, and how much.
type Step = (u8, bool, u32);

struct Shop {
    ledger: Ledger<MemoryStore>,
    now: i64,
    /// Of rewards, of points, and of points that cannot be redeemed.
    definitions: [DefinitionId; 3],
    holds: Vec<Hold>,
    sales: Vec<TransactionId>,
}

proptest! {
    #![proptest_config(config(40))]

    /// Rule K1: whatever is redeemed or held, with whatever strategies, none of it is of a lot whose points cannot be
    /// redeemed.
    ///
    /// Catches: a draw of points that goes on to the points of a tier (K1).
    #[test]
    fn status_points_are_never_spent(steps in vec((0_u8..12, any::<bool>(), 1_u32..60), 250)) {
        let mut shop = Shop::new();
        for (what, who, amount) in steps {
            let profile = ProfileId::new(if who { "alice" } else { "bob" }).unwrap();
            let drawn = shop.take((what, who, amount), profile);
            let wallet = shop.ledger.at(shop.now()).wallet(profile).unwrap();
            for lot in wallet.points().iter().filter(|lot| drawn.contains(&lot.id)) {
                prop_assert!(lot.definition_id != Some(shop.definitions[2]), "{lot:?}");
            }
            let totals = wallet.account().totals().status_points;
            prop_assert_eq!((totals.redeemed, totals.held), (Quantity::ZERO, Quantity::ZERO));
        }
    }

    /// Rule K3: the points that were earned between any two instants, as of any instant, are those that the model adds up
    /// from every purchase that there ever was.
    ///
    /// Catches: a purchase whose time was changed, found where it was before (K3); a merged profile's purchase without
    /// what came back of it since (K3, L2).
    #[test]
    fn points_earned_are_those_of_every_purchase_ever(case in generate::case(60), wide in 0..900 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let versions = world.model.profiles.iter().flat_map(|profile| &profile.versions);
        let mut times: Vec<Micros> = versions.map(|sale| sale.transacted_at).collect();
        times.extend([case.start - wide, case.start + wide]);
        let mut moments: Vec<Micros> = world.sent.iter().map(|command| command.at.micros()).step_by(7).collect();
        moments.push(case.start + 4_000 * DAY);
        let last = moments[moments.len() - 1];
        for profile in 0..world.model.profiles.len() {
            let name = world.model.profiles[profile].id;
            for (place, from) in times.iter().enumerate() {
                // One purchase by itself, and all up to another.
                for to in [from + 1, times[(place + 1) % times.len()]] {
                    let asked = crate::timestamp(*from)..crate::timestamp(to);
                    for (id, at) in [(2, last), (3, last), (3, moments[place % moments.len()])] {
                        let id = DefinitionId::new(id).unwrap();
                        let expected = world.model.points_earned(profile, id, *from..to, at);
                        let mut then = world.ledger.as_of(AsOf::At(crate::timestamp(at)));
                        let earned = then.points_earned(name, id, asked.clone()).unwrap();
                        prop_assert_eq!(i128::from(earned.ten_thousandths()), expected, "{} {:?} {}", name, asked, at);
                    }
                }
            }
        }
    }
}

impl Shop {
    fn new() -> Self {
        let settings = ProgramSettings::new("AUD".parse().unwrap(), "Australia/Melbourne".parse().unwrap());
        let mut earn = Earn::new(Points::from(1), Amount::from(1));
        earn.point_definition_id = Some(DefinitionId::new(3).unwrap());
        let rate = ExchangeRate::new(Points::from(10), Amount::from(1)).unwrap();
        let program: Program = settings.with_exchange_rate(rate).with_earn(earn).try_into().unwrap();
        let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let mut ledger = Ledger::new(program, MemoryStore::new());
        let points = |handle: &str| {
            PointDefinition::new(handle.parse().unwrap(), handle).valid_for(20, PeriodType::Days)
        };
        let definitions: [Definition; 3] = [
            RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10)).into(),
            points("points").into(),
            points("tier")
                .with_redeemable(bug("a draw of points that goes on to the points of a tier"))
                .into(),
        ];
        let definitions = definitions.map(|it| ledger.at(now).commit(Define(it)).unwrap().id);
        Self { ledger, now: now.micros(), definitions, holds: Vec::new(), sales: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        crate::timestamp(self.now)
    }

    /// Takes a step, refused or not: the lots that gave something.
    fn take(&mut self, (what, who, amount): Step, profile: ProfileId) -> Vec<LotId> {
        let [ten, points, tier] = self.definitions;
        let (money, some) = (Amount::from(amount), Points::from(amount * 3));
        let mut till = self.ledger.at(crate::timestamp(self.now));
        let pay = match amount % 3 {
            0 => vec![Pay::Points],
            1 => vec![Pay::Points, Pay::Rewards],
            _ => vec![Pay::Rewards, Pay::Points],
        };
        match what {
            0 => drop(till.commit(IssueReward::new(profile, ten))),
            1 => drop(till.commit(IssuePoints::new(profile, points).with_value(some))),
            2 => drop(till.commit(IssuePoints::new(profile, tier).with_value(some))),
            3 | 4 => {
                let redeem = Redeem::lenient(profile, money).with_strategies(pay);
                return till.commit(redeem).map_or(Vec::new(), |made| lots(&made.items));
            }
            5 => {
                let hold = PlaceHold::lenient(profile, money).with_strategies(pay);
                let Ok(hold) = till.commit(hold) else { return Vec::new() };
                let drawn = lots(&hold.items);
                self.holds.push(hold);
                return drawn;
            }
            6 | 7 => {
                let Some(hold) = self.holds.pop() else { return Vec::new() };
                match what {
                    6 => drop(till.commit(CaptureHold::all(hold.id))),
                    _ => drop(till.commit(ReleaseHold::new(hold.id))),
                }
            }
            8 => self.sales.extend(till.commit(PostTransaction::new(profile, money)).map(|sale| sale.id)),
            9 => {
                let Some(sale) = self.sales.pop() else { return Vec::new() };
                drop(till.commit(ReturnTransaction::new(sale, Amount::from(amount / 2 + 1))));
            }
            _ => self.now += i64::from(amount) * HOUR * if who { 1 } else { 3 },
        }
        Vec::new()
    }
}

fn lots(items: &[scrip::journal::Item]) -> Vec<LotId> {
    items.iter().map(|item| item.lot).collect()
}

#[test]
fn each_property_catches_its_bug() {
    catches(status_points_are_never_spent, &["a draw of points that goes on to the points of a tier"]);
    catches(
        points_earned_are_those_of_every_purchase_ever,
        &["a purchase whose time was changed, found where it was before"],
    );
}
