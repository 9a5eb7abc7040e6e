//! What must be so when a run is over.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use scrip::account::Account;
use scrip::journal::{Entry, EntryKind};
use scrip::outcome::Disposition;
use scrip::{AsyncLedger, Outcome, Request};

use super::client::{Desk, End, is_idempotent, mark, program};
use super::server::{Server, lock};
use super::store::Connection;

/// Whether what carries a name of the caller's is what it was, but for what later requests and time change of it.
fn is_the_same(first: &Outcome, now: &Outcome) -> bool {
    let mut first = first.clone();
    match (&mut first, now) {
        (Outcome::IssueReward(then), Outcome::IssueReward(now)) => {
            then.value_remaining = now.value_remaining;
            then.value_held = now.value_held;
            then.status = now.status;
        }
        (Outcome::IssuePoints(then), Outcome::IssuePoints(now)) => {
            then.value_remaining = now.value_remaining;
            then.value_held = now.value_held;
            then.status = now.status;
        }
        _ => {}
    }
    first == *now
}

/// Everything, on the state after the last crash.
pub fn check(desk: &Desk) -> Result<(), String> {
    lock(&desk.server).is_stormy = false;
    accounts(&lock(&desk.server))?;
    let ends = desk.ends().clone();
    for (operation, (command, end)) in &ends {
        let times = times_done(&lock(&desk.server), *operation, &command.request);
        let is_right = match end {
            End::Done(_) => times == 1,
            End::NotDone => times == 0,
            End::Unknown => times <= 1,
        };
        if !is_right {
            return Err(format!("{} ended {end:?}, and was done {times} times", mark(*operation)));
        }
    }
    // Whatever became of it: under its key it is found again or done now, and done once.
    for (operation, (command, end)) in ends.iter().filter(|(_, (command, _))| is_idempotent(command)) {
        let connection = Connection { server: Arc::clone(&desk.server), name: "auditor".to_owned() };
        let mut ledger = AsyncLedger::new(program(), connection);
        let again = drive(ledger.run(command));
        if let End::Done(first) = end {
            let is_found = again.as_ref().is_ok_and(|receipt| match receipt.disposition {
                Disposition::New => false,
                Disposition::Replayed => receipt.outcome == *first,
                // A thing of the caller's own name is shown as it stands now (rules D5 and X2).
                Disposition::Existing => is_the_same(first, &receipt.outcome),
            });
            if !is_found {
                return Err(format!("{} was answered {first:?}, and now {again:?}", mark(*operation)));
            }
        }
        let times = times_done(&lock(&desk.server), *operation, &command.request);
        if times > 1 || (again.is_ok() && times != 1) {
            return Err(format!("{} was run again, and was then done {times} times", mark(*operation)));
        }
    }
    accounts(&lock(&desk.server))
}

/// Each account is conserved (rule J3) and the fold of its journal (rule J2); what left one arrived at another (rule L2).
fn accounts(server: &Server) -> Result<(), String> {
    let mut moved = rust_decimal::Decimal::ZERO;
    for (number, journal) in &server.state.journals {
        let account = server.state.accounts.get(number).ok_or("a journal without an account")?;
        let profile = account.profile().copied();
        let folded = Account::replay(profile, *number, journal);
        if folded.as_ref() != Ok(account) {
            return Err(format!("the journal of {number:?} folds to {folded:?}, not to {account:?}"));
        }
        if !account.is_conserved() {
            return Err(format!("{number:?} is not conserved: {:?}", account.totals()));
        }
        moved += account.totals().rewards.moved.to_decimal();
    }
    let mut profiles = server.state.profiles.clone();
    profiles.sort_unstable();
    profiles.dedup();
    if profiles.len() != server.state.profiles.len() {
        return Err(format!("a profile has two accounts: {:?}", server.state.profiles));
    }
    if moved.is_zero() { Ok(()) } else { Err(format!("{moved} moved to nobody, or from nobody")) }
}

/// How often an operation is written down, by the mark that it left: in its document, its key or its name.
fn times_done(server: &Server, operation: u32, request: &Request) -> usize {
    let mark = mark(operation);
    let text = format!("{mark:?}");
    let is_it = |entry: &&Entry| {
        let is_marked = entry.meta().is_some_and(|meta| meta.as_str() == text);
        let is_keyed = entry.key().is_some_and(|key| key.as_str() == mark);
        match request {
            Request::Reassign(_) => is_keyed && matches!(entry.kind, EntryKind::ReassignOut(_)),
            Request::CaptureHold(_) => is_keyed && matches!(entry.kind, EntryKind::Capture(_)),
            Request::PlaceHold(_) => is_marked && matches!(entry.kind, EntryKind::Hold(_)),
            _ => is_marked,
        }
    };
    server.state.journals.values().flatten().filter(is_it).count()
}

/// Drives a future on a server where nothing goes wrong.
pub fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
