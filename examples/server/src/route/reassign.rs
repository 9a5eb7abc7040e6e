//! Moving a reward to another profile. Under a key it is the sender's business (rule J5), but the path names only the
//! reward, which may be anywhere by the time that the call is repeated.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::Response;
use scrip::id::ProfileNumber;
use scrip::journal::{Entry, EntryKind};
use scrip::request::Reassign;
use scrip::store::AsOf;
use scrip::view::Wallet;
use scrip::{LotId, ProfileId};

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::lot;

const WHAT: &str = "reward";
/// In how many profiles a reward is looked for.
const MOST: usize = 100;

pub async fn reassign(call: Call) -> Result<Response, Problem> {
    let id: LotId = call.id(WHAT)?;
    let body = call.body()?;
    body.require(&["profile_id"])?;
    let to: ProfileId = body.get("profile_id")?.ok_or_else(|| Problem::missing("profile_id"))?;
    let mut request = Reassign::new(id, to);
    request.from = sender(&call, id).await?;
    let from = request.from;
    let moved = call.run(request).await.map_err(|problem| problem.in_path(WHAT))?.outcome;
    // The reward as it was with its receiver right after it came, whatever became of it since.
    let backend = &call.app.backend;
    let wallet = backend.wallet_of(LedgerAt::Now(call.at), moved.to).await?;
    let wallet = wallet.ok_or_else(|| Problem::not_found(WHAT))?;
    let mut arrivals =
        wallet.journal().iter().filter_map(|entry| Some((came_from(entry, id)?, entry.sequence)));
    let arrival = match from {
        Some(from) => {
            let sender = backend.wallet(LedgerAt::Now(call.at), from).await?;
            let number = sender.account().number();
            arrivals.filter(|(other, _)| *other == number).nth(moves_before(&sender, &call, id, moved.to))
        }
        None => arrivals.next_back(),
    };
    let (_, sequence) = arrival.ok_or_else(|| Problem::not_found(WHAT))?;
    let wallet = backend.wallet(LedgerAt::Past(AsOf::Sequence(sequence)), wallet.profile_id()).await?;
    let lots = lot::named(&wallet, &[id], &*call.app.catalogue().await?);
    Ok(answer::thing(StatusCode::OK, &lots.values().next()))
}

/// Whose key the call's is: of the profile that moved the reward under it before, or else of the one that has it now.
/// Without a key nobody has to be named.
async fn sender(call: &Call, id: LotId) -> Result<Option<ProfileId>, Problem> {
    let Some(key) = call.key() else { return Ok(None) };
    let (mut ahead, mut seen) = (vec![id.number()], BTreeSet::new());
    let mut holder = None;
    while let Some(number) = ahead.pop() {
        if seen.len() == MOST || !seen.insert(number) {
            continue;
        }
        let wallet = call.app.backend.wallet_of(LedgerAt::Now(call.at), number).await?;
        let wallet = wallet.ok_or_else(|| Problem::not_found(WHAT))?;
        for entry in wallet.journal() {
            let Some(to) = sent_to(entry, id) else { continue };
            if entry.key() == Some(key) {
                return Ok(Some(wallet.profile_id()));
            }
            ahead.push(to);
        }
        if wallet.moved_to(id).is_none() {
            holder = Some(wallet.profile_id());
        }
    }
    Ok(holder)
}

/// How often a profile had sent the reward to another before it did so under the call's key.
fn moves_before(sender: &Wallet, call: &Call, id: LotId, to: ProfileNumber) -> usize {
    let before = sender.journal().iter().take_while(|entry| entry.key() != call.key());
    before.filter(|entry| sent_to(entry, id) == Some(to)).count()
}

/// To whom an entry sends a lot.
fn sent_to(entry: &Entry, id: LotId) -> Option<ProfileNumber> {
    match &entry.kind {
        EntryKind::ReassignOut(moved) if moved.change.after.lot == id => Some(moved.to),
        _ => None,
    }
}

/// From whom an entry says that a lot came.
fn came_from(entry: &Entry, id: LotId) -> Option<ProfileNumber> {
    match &entry.kind {
        EntryKind::ReassignIn(moved) if moved.issue.lot == id => Some(moved.from),
        _ => None,
    }
}
