//! Sweeping: journal entries for everything that fell due (rule T7).

use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Fingerprint;
use crate::program::Program;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;

/// Writes down what became available, lapsed or expired (rule T7). It changes no answer, and doing it twice adds
/// nothing.
///
/// Outcome: [`Swept`](crate::outcome::Swept).
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
/// use scrip::request::Sweep;
///
/// let week = RewardDefinition::new("week".parse()?, "Week", Amount::from(5)).valid_for(7, PeriodType::Days);
/// let week = till.commit(Define::from(week))?;
/// till.commit(IssueReward::new(alice, week.id))?;
/// let mut later = ledger.at("2025-07-15T14:32:00+10:00".parse()?);
/// assert_eq!(later.commit(Sweep::ProfileId(alice))?.entries, 1);
/// assert_eq!(later.commit(Sweep::ProfileId(alice))?.entries, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// Of a profile, by its id.
    ProfileId(ProfileId),
    /// Of a profile, by its number in the store.
    Number(ProfileNumber),
}

/// The result of a sweep (rule T7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Swept {
    /// How many entries it wrote.
    pub entries: u32,
    /// The next instant at which there will be something to sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
}

impl Operation for Sweep {
    type Answer = Swept;

    fn need(&self) -> Result<Need, Rejection> {
        let owner = match self {
            Self::ProfileId(profile) => Owner::Profile(*profile),
            Self::Number(number) => Owner::Number(*number),
        };
        // A merged profile has nothing left that could fall due.
        Ok(Need { even_merged: true, ..Need::of(owner) })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("sweep", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    /// Whatever fell due is settled before any rule is asked; there is nothing more to do.
    fn rule(&self, _: &mut EntryBuilder<'_>, _: &View<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    /// A sweep has no entries of its own, so a key finds nothing; and doing it again adds nothing.
    fn outcome(&self, written: &Written<'_>) -> Option<Swept> {
        let is_own = written.first().is_none();
        is_own.then(|| Swept { entries: written.settled, next_deadline: written.account.next_deadline() })
    }
}
