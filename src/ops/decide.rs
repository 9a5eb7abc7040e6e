//! A command decided by hand: for audits, simulations, and those who test a store.

use crate::engine::{self, Action, Decision, Halt, Receipt, Refusal, Rejection};
use crate::ops::Command;
use crate::program::Program;
use crate::store::{Change, Need, View};

/// What a command needs to be decided: what to load before [`decide`].
///
/// # Errors
/// The request leaves out whose it is.
pub fn need<A: Action>(program: &Program, command: &Command<A>) -> Result<Need, Rejection> {
    engine::need(program, command.asked())
}

/// Decides a command on what was loaded for its [`need`]. Pure: the same arguments give the same decision, bit for bit.
/// `None`: it is about more than that, as its profile was merged into another, say; a ledger loads that by itself.
///
/// # Errors
/// The rules refuse it, or its key was used for something else. Then there is nothing to write.
pub fn decide<A: Action>(
    program: &Program,
    command: &Command<A>,
    view: &View<'_>,
) -> Result<Option<Decision<A::Outcome>>, Refusal> {
    let mut change = Change::default();
    let mut outcome = None;
    let decided =
        engine::decide(program, command.asked(), &need(program, command)?, view, &mut change, &mut outcome);
    match (decided, outcome) {
        (Ok(disposition), Some(outcome)) => {
            let receipt = Receipt { outcome, disposition, is_staged: false };
            Ok(Some(Decision { change, receipt }))
        }
        (Err(Halt::Refused(refusal)), _) => Err(refusal),
        (Ok(_), None) | (Err(Halt::Needs(_)), _) => Ok(None),
    }
}
