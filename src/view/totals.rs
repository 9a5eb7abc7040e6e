//! What all profiles hold, and where everything that came in went (rule J3).

use serde::Serialize;

use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{KindTotals, LotKind, Totals};
use crate::value::Sum;

/// A profile's totals at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProfileTotals {
    /// The profile.
    pub profile_id: ProfileId,
    /// Its number, as identifiers carry it.
    pub number: ProfileNumber,
    /// Where everything that came in is. Its [balances](Totals::balances) are part of it.
    pub totals: Totals,
}

/// The totals of many profiles together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerTotals {
    /// How many profiles there are, merged ones included.
    pub profiles: u64,
    /// Money.
    pub rewards: KindSums,
    /// Points that can be redeemed.
    pub points: KindSums,
    /// Points that cannot be redeemed (rule K1).
    pub status_points: KindSums,
    /// Points that profiles owe: spent before the purchase that earned them came back (rule X4).
    pub point_debt: Sum,
}

/// Everything that ever came in, in one kind of value, and where it is: the sums of [`KindTotals`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KindSums {
    /// Came in by being issued.
    pub issued: Sum,
    /// Can be redeemed.
    pub available: Sum,
    /// Will be available later.
    pub pending: Sum,
    /// Set aside by holds.
    pub held: Sum,
    /// Redeemed, less what was returned.
    pub redeemed: Sum,
    /// Expired unused.
    pub expired: Sum,
    /// Taken back by the shop.
    pub revoked: Sum,
    /// Earned points that came back with the purchase that earned them.
    pub clawed_back: Sum,
    /// Earned points that paid what was owed.
    pub paid_to_debt: Sum,
    /// Corrections, up less down.
    pub adjusted: Sum,
    /// Came in from other profiles, less what went to them: zero over a whole ledger, unless value was moved while it was
    /// read.
    pub moved: Sum,
}

impl LedgerTotals {
    /// Adds a profile.
    pub fn add(&mut self, profile: &ProfileTotals) {
        self.profiles = self.profiles.saturating_add(1);
        self.rewards.add(profile.totals.pot(LotKind::Reward));
        self.points.add(profile.totals.pot(LotKind::Point));
        self.status_points.add(profile.totals.pot(LotKind::Status));
        self.point_debt = self.point_debt.plus(profile.totals.point_debt.into());
    }

    /// Whether no value appeared or vanished, in any kind (rule J3).
    pub fn is_conserved(&self) -> bool {
        [self.rewards, self.points, self.status_points].iter().all(KindSums::is_conserved)
    }
}

impl KindSums {
    /// What is owed to customers: all that can be redeemed now or later.
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// till.commit(Redeem::strict(alice, Amount::from(4)))?;
    /// assert_eq!(till.totals()?.rewards.owed().to_string(), "6");
    /// # Ok(())
    /// # }
    /// ```
    pub fn owed(&self) -> Sum {
        [self.available, self.pending, self.held].into_iter().sum()
    }

    /// Whether no value appeared or vanished (rule J3).
    pub fn is_conserved(&self) -> bool {
        let came: Sum = [self.issued, self.adjusted, self.moved].into_iter().sum();
        let gone = [self.redeemed, self.expired, self.revoked, self.clawed_back, self.paid_to_debt];
        came == self.owed().plus(gone.into_iter().sum())
    }

    fn add(&mut self, one: &KindTotals) {
        let add = |sum: &mut Sum, more: Sum| *sum = sum.plus(more);
        add(&mut self.issued, one.issued.into());
        add(&mut self.available, one.available.into());
        add(&mut self.pending, one.pending.into());
        add(&mut self.held, one.held.into());
        add(&mut self.redeemed, one.redeemed.into());
        add(&mut self.expired, one.expired.into());
        add(&mut self.revoked, one.revoked.into());
        add(&mut self.clawed_back, one.clawed_back.into());
        add(&mut self.paid_to_debt, one.paid_to_debt.into());
        add(&mut self.adjusted, one.adjusted.into());
        add(&mut self.moved, one.moved.into());
    }
}
