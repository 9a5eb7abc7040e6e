//! Sweeping: writing down what fell due (rule T7).

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::journal::{Fingerprint, Swept};
use crate::ops::Sweep;
use crate::program::Program;
use crate::store::{Need, Owner, View};

impl Operation for Sweep {
    type Outcome = Swept;

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
        let is_own = written.entries.is_empty();
        is_own.then(|| Swept { entries: written.settled, next_deadline: written.account.next_deadline() })
    }
}
