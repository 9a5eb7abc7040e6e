//! The next expiry of an account.

use serde::{Deserialize, Serialize};

use super::{Account, settle_due};
use crate::id::LotId;
use crate::journal::LotKind;
use crate::time::Timestamp;
use crate::value::{Amount, Points};

/// The next expiry of an account, and the value that is lost unless it is used before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NextExpiry {
    /// The instant of expiry, exclusive (rule T2).
    pub expires_at: Timestamp,
    /// The money that expires then, without held money.
    pub amount: Amount,
    /// The points that expire then, without held points.
    pub points: Points,
    /// The points that cannot be redeemed and expire then (rule K1).
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub status_points: Points,
    /// The lots, in the order of use.
    pub lots: Vec<LotId>,
}

impl Account {
    /// The next expiry after an instant, for value that is available by then.
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
    /// let week = RewardDefinition::new("week".parse()?, "Week", Amount::from(5));
    /// let week = till.commit(Define::from(week.valid_for(7, PeriodType::Days)))?;
    /// let soon = till.commit(IssueReward::new(alice, week.id))?;
    /// let wallet = till.wallet(alice)?;
    /// let next = wallet.account().next_expiry(wallet.at()).unwrap();
    /// assert_eq!((next.amount, next.lots), (Amount::from(5), vec![soon.id]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_expiry(&self, at: Timestamp) -> Option<NextExpiry> {
        let mut later = self.clone();
        settle_due(&mut later, at, &mut Vec::new());
        let ends = LotKind::ALL.map(|kind| {
            later.lots(kind).find(|lot| !lot.unheld().is_zero()).and_then(|lot| lot.expires_at.instant())
        });
        let expires_at = ends.into_iter().flatten().min()?;
        let mut next = NextExpiry {
            expires_at,
            amount: Amount::ZERO,
            points: Points::ZERO,
            status_points: Points::ZERO,
            lots: Vec::new(),
        };
        for kind in LotKind::ALL {
            for lot in later.lots(kind).take_while(|lot| lot.expires_at.is_past(expires_at)) {
                if lot.unheld().is_zero() {
                    continue;
                }
                match kind {
                    LotKind::Reward => next.amount = next.amount.plus(lot.unheld().as_amount()),
                    LotKind::Point => next.points = next.points.plus(lot.unheld().as_points()),
                    LotKind::Status => {
                        next.status_points = next.status_points.plus(lot.unheld().as_points());
                    }
                }
                next.lots.push(lot.id);
            }
        }
        Some(next)
    }
}
