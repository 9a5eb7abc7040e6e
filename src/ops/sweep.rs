//! Sweeping: writing down what fell due (rule T7).

use crate::engine::draft::Draft;
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told};
use crate::id::ProfileId;
use crate::journal::{Entry, Fingerprint, Swept};
use crate::ops::Sweep;
use crate::program::Program;
use crate::store::{Need, Owner, View};

impl Decide for Sweep {
    type Outcome = Swept;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need::of(match self {
            Self::ProfileId(profile) => Owner::Profile(*profile),
            Self::Number(number) => Owner::Number(*number),
        }))
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("sweep", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn decides_on_merged(&self) -> bool {
        // There is nothing left in it that could fall due.
        true
    }

    /// What fell due was written before anything was decided; there is nothing more to do.
    fn decide(&self, draft: &mut Draft<'_>, view: &View<'_>) -> Result<Told<Swept>, Refusal> {
        let entries = draft.account().sequence().saturating_sub(view.first.sequence());
        Ok(Swept { entries, next_deadline: draft.account().next_deadline() }.into())
    }

    /// A sweep writes nothing of its own, so a key finds nothing; and doing it again adds nothing.
    fn recall(&self, _: ProfileId, _: &[&Entry]) -> Option<Swept> {
        None
    }
}
