//! At once: what nearly every request comes to, decided and carried out on the account itself.
//!
//! In general an account is lent, entries are decided on it, and they are folded into it when they are written. Where the
//! account is in memory and locked, and a request needs nothing else, that is a detour: decided by the same functions, it
//! can be carried out where it stands. It then leaves what it would have left the other way, entry and all; whatever is
//! out of the ordinary goes that way. It halves the instructions of the benches' workload, and more.

use crate::account::Account;
use crate::definition::Template;
use crate::engine::Rejection;
use crate::engine::sealed::Decide;
use crate::id::{DefinitionId, MAX_SEQUENCE, ProfileId};
use crate::ops::Command;
use crate::program::Program;
use crate::time::Timestamp;

/// What a request needs that can be carried out at once.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) definition: Option<DefinitionId>,
}

/// The account, and what else there is.
#[derive(Debug)]
pub struct OnAccount<'a> {
    pub(crate) program: &'a Program,
    pub(crate) at: Timestamp,
    pub(crate) account: &'a mut Account,
    pub(crate) template: Option<&'a Template>,
    /// Where the entry is packed.
    pub(crate) out: &'a mut Vec<u8>,
}

/// What a command needs, if it could be carried out at once.
#[inline]
pub(crate) fn plain<R: Decide>(command: &Command<R>) -> Option<Plain<'_>> {
    if command.key.is_some() { None } else { command.request.plain() }
}

/// Carries a command out on the account, and writes its entry. `None`: it has to go the general way, and nothing was done.
#[inline]
pub(crate) fn carry_out<R: Decide>(
    program: &Program,
    command: &Command<R>,
    account: &mut Account,
    template: Option<&Template>,
    out: &mut Vec<u8>,
    outcome: &mut Option<R::Outcome>,
) -> Option<Result<(), Rejection>> {
    let at = command.at;
    let is_ordinary = account.merged_into().is_none()
        && account.sequence() < MAX_SEQUENCE
        && account.last_at().is_none_or(|last| last <= at)
        && !account.is_due(at);
    if !is_ordinary {
        return None;
    }
    if let Err(rejection) = command.request.check(program) {
        return Some(Err(rejection));
    }
    command.request.carry_out(OnAccount { program, at, account, template, out }, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Redeem;
    use crate::value::{Amount, json};

    /// The four millionth entry and so on: there is no number for another (rule J1).
    #[test]
    fn a_full_journal_goes_the_general_way() {
        let program = Program::new("AUD", "Australia/Melbourne").unwrap();
        let golden = std::str::from_utf8(include_bytes!("../../tests/goldens/account.json")).unwrap();
        for (sequence, is_carried_out) in [(MAX_SEQUENCE - 1, true), (MAX_SEQUENCE, false)] {
            let text = golden.replacen("\"sequence\": 43", &format!("\"sequence\": {sequence}"), 1);
            let mut account: Account = json::read(text.as_bytes()).unwrap();
            let alice = *account.profile().unwrap();
            let command = Command::new(account.last_at().unwrap(), Redeem::strict(alice, Amount::from(1)));
            let mut outcome = None;
            let done = carry_out(&program, &command, &mut account, None, &mut Vec::new(), &mut outcome);
            assert_eq!((done.is_some(), outcome.is_some()), (is_carried_out, is_carried_out));
        }
    }
}
