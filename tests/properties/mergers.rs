//! What a merger leaves as it was (rules L2, X1 and X4).

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::program::{Earn, ProgramSettings};
use scrip::request::{
    DeleteTransaction, MergeProfiles, ReverseRedemption, Strategy as PayWith, UpdateTransaction,
};
use scrip::store::{Owner, Store};
use scrip::time::Period;
use scrip::value::Quantity;
use scrip::{
    Amount, Error, Ledger, MemoryStore, PeriodType, Points, PostTransaction, ProfileId, Redeem, RedemptionId,
    ReturnTransaction, TransactionId,
};

use crate::model::calendar::{DAY, Micros};
use crate::model::programs;
use crate::model::resolve::profile_id;
use crate::model::world::look;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

#[derive(Clone, Copy, Debug)]
enum Do {
    /// So much, linked to the newest redemption or not.
    Post(u32, bool),
    /// So many of the points.
    Redeem(u32),
    /// So much of one of the transactions.
    Return(usize, u32),
    /// One of the transactions costs only so much; whose it is said to be.
    Lower(usize, u32, u8),
    Delete(usize),
    Reverse(usize),
    Wait(Micros),
}

fn step() -> impl Strategy<Value = Do> {
    prop_oneof![
        3 => (0..80_u32, any::<bool>()).prop_map(|(total, linked)| Do::Post(total, linked)),
        2 => (1..40_u32).prop_map(Do::Redeem),
        5 => (0..8_usize, 1..60_u32).prop_map(|(which, amount)| Do::Return(which, amount)),
        2 => (0..8_usize, 0..80_u32, 0..2_u8).prop_map(|(which, total, whose)| Do::Lower(which, total, whose)),
        2 => (0..8_usize).prop_map(Do::Delete),
        1 => (0..8_usize).prop_map(Do::Reverse),
        3 => (0..25 * DAY).prop_map(Do::Wait),
    ]
}

/// A customer, who may have had another card before.
struct Till {
    ledger: Ledger<MemoryStore>,
    now: Micros,
    sales: Vec<TransactionId>,
    redemptions: Vec<RedemptionId>,
}

type Failed = Error<<MemoryStore as Store>::Error>;

const OLD: u8 = 0;
const NEW: u8 = 1;

impl Till {
    fn new(program: &ProgramSettings, now: Micros) -> Self {
        let ledger = Ledger::new(program.clone().try_into().unwrap(), MemoryStore::new());
        Self { ledger, now, sales: Vec::new(), redemptions: Vec::new() }
    }

    fn old() -> ProfileId {
        profile_id(OLD)
    }

    /// What the customer sees of it: the code of a refusal, or what was clawed back and the points that there are now.
    fn does(&mut self, step: Do) -> Result<(Points, Points, Points), &'static str> {
        let clawed_back = self.try_to(step).map_err(|error| error.code())?;
        let balances =
            self.ledger.at(timestamp(self.now)).balances(Self::old()).map_err(|error| error.code())?;
        Ok((clawed_back, balances.point_balance, balances.point_debt))
    }

    fn try_to(&mut self, step: Do) -> Result<Points, Failed> {
        let sale = |which: usize| self.sales.get(which % self.sales.len().max(1)).copied();
        let sale = match step {
            Do::Return(which, _) | Do::Lower(which, ..) | Do::Delete(which) => sale(which),
            _ => None,
        };
        let mut till = self.ledger.at(timestamp(self.now));
        match (step, sale) {
            (Do::Post(total, linked), _) => {
                let mut post = PostTransaction::new(Self::old(), Amount::from(total));
                if let Some(redemption) = self.redemptions.last().filter(|_| linked) {
                    post = post.paid_with(*redemption, Amount::from(1_000_000));
                }
                self.sales.push(till.commit(post)?.id);
            }
            (Do::Redeem(points), _) => {
                let redeem =
                    Redeem::lenient(Self::old(), Amount::from(points)).with_strategies([PayWith::Points]);
                self.redemptions.push(till.commit(redeem)?.id);
            }
            (Do::Return(_, amount), Some(transaction_id)) => {
                let amount = Amount::from(amount);
                return Ok(till.commit(ReturnTransaction::new(transaction_id, amount))?.points_clawed_back);
            }
            (Do::Lower(_, total, whose), Some(transaction_id)) => {
                let total = Amount::from(total);
                let known = till.transaction(transaction_id)?;
                if known.is_some_and(|known| total <= known.total) {
                    // The card that they had, or the one that they have.
                    let is_merged = till.wallet(Self::old())?.account().merged_into().is_some();
                    let whose = profile_id(if is_merged { whose } else { OLD });
                    let transaction = PostTransaction::new(whose, total);
                    till.commit(UpdateTransaction::new(transaction_id, transaction))?;
                }
            }
            (Do::Delete(_), Some(transaction_id)) => {
                till.commit(DeleteTransaction::new(transaction_id))?;
            }
            (Do::Reverse(which), _) => {
                // Only to see whether it is linked: what it would give back is another matter.
                let redemption = self.redemptions.get(which % self.redemptions.len().max(1));
                if let Some(redemption_id) = redemption.copied() {
                    let mut late = self.ledger.at(timestamp(self.now + 10 * DAY));
                    late.commit(ReverseRedemption::new(redemption_id))?;
                }
            }
            (Do::Wait(time), _) => self.now += time,
            _ => {}
        }
        Ok(Points::ZERO)
    }

    /// Where all points are that this customer ever had, and what they owe.
    fn sums(&mut self) -> [i64; 6] {
        let mut sums = [0; 6];
        for one in [OLD, NEW] {
            let mut totals = look(self.ledger.store(), Owner::Profile(profile_id(one))).0.totals();
            if one == NEW && bug("value of a merged profile that expires and counts for nothing") {
                totals.points.expired = Quantity::ZERO;
            }
            let pot = totals.points;
            let places = [pot.issued, pot.available, pot.redeemed, pot.expired, pot.clawed_back];
            for (sum, place) in sums.iter_mut().zip(places) {
                *sum += place.ten_thousandths();
            }
            sums[5] += totals.point_debt.ten_thousandths();
        }
        sums
    }
}

proptest! {
    #![proptest_config(config(300))]

    /// Rules X4 and L2: a merger between a purchase and its returns changes nothing in what is clawed back, from where, and
    /// what is owed; nor in what a deleted transaction frees.
    ///
    /// Catches: value of a merged profile that expires and counts for nothing; an entry of the other journal
    /// that is looked up by its number in this one (X4).
    #[test]
    fn a_merger_changes_nothing_in_what_comes_back(
        mut program in programs::open_program(),
        start in programs::start(),
        steps in vec(step(), 1..25),
        merger in any::<usize>(),
        period_days in proptest::option::of(0..20_u32),
    ) {
        let mut earn = Earn::new(Points::from(3), Amount::from(2));
        earn.period = period_days.map(|days| Period::new(days, PeriodType::Days));
        if program.earn.is_empty() {
            program.earn = vec![earn];
        }
        // A reversal of nothing but links.
        program.reversal_window_seconds = 0;
        let (mut one, mut other) = (Till::new(&program, start), Till::new(&program, start));
        for (place, step) in steps.iter().enumerate() {
            if place == merger % steps.len() {
                let merge = MergeProfiles::new(profile_id(OLD), profile_id(NEW));
                other.ledger.at(timestamp(other.now)).commit(merge).unwrap();
            }
            prop_assert_eq!(one.does(*step), other.does(*step), "step {}, {:?}", place, step);
        }
        // What fell due is written.
        for till in [&mut one, &mut other] {
            for profile in [OLD, NEW] {
                let sweep = scrip::request::Sweep::ProfileId(profile_id(profile));
                till.ledger.at(timestamp(till.now)).commit(sweep).unwrap();
            }
        }
        prop_assert_eq!(one.sums(), other.sums(), "issued, available, redeemed, expired, clawed back, owed");
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        a_merger_changes_nothing_in_what_comes_back,
        &["value of a merged profile that expires and counts for nothing"],
    );
}
