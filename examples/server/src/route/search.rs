//! The look-up for people: whatever was typed, is it a customer, an order, or an id of ours?
//!
//! Ids are looked up whole and as they are written, by what the stores find quickly: profiles, the names that callers gave to
//! transactions, rewards and lots of points, and the ledger's own numbers.

use axum::response::Response;
use scrip::id::ExternalId;
use scrip::view::Wallet;
use scrip::{LotId, ProfileId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;

/// How many profiles may have one name.
const MOST: usize = 20;

/// Something that an id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Found {
    /// `profile`, `transaction`, `reward`, `point`, `redemption`, `return` or `hold`.
    r#type: &'static str,
    /// Its number; none of a profile.
    id: Option<u64>,
    /// Whose it is.
    profile_id: String,
    /// The name that the caller gave to it.
    external_id: Option<String>,
}

impl Found {
    fn new(r#type: &'static str, id: u64, wallet: &Wallet) -> Self {
        Self { r#type, id: Some(id), profile_id: wallet.profile_id().to_string(), external_id: None }
    }

    fn called(self, external_id: Option<&ExternalId>) -> Self {
        Self { external_id: external_id.map(ToString::to_string), ..self }
    }
}

pub async fn search(call: Call) -> Result<Response, Problem> {
    let text = call.query.get("q").ok_or_else(|| Problem::missing("q"))?.to_owned();
    let mut found = Vec::new();
    if let Ok(profile) = ProfileId::new(&text)
        && call.app.backend.lots(call.at, profile, Vec::new()).await?.version > 0
    {
        let profile_id = profile.to_string();
        found.push(Found { r#type: "profile", id: None, profile_id, external_id: None });
    }
    if let Ok(name) = ExternalId::new(&text) {
        found.extend(named(&call, &name).await?);
    }
    if let Ok(id) = text.parse::<LotId>() {
        found.extend(numbered(&call, id).await?.filter(|one| !found.contains(one)));
    }
    Ok(answer::ok(&found))
}

/// The transactions, rewards and lots of points with this name.
async fn named(call: &Call, name: &ExternalId) -> Result<Vec<Found>, Problem> {
    let (backend, now) = (&call.app.backend, LedgerAt::Now(call.at));
    let mut found: Vec<Found> = Vec::new();
    for profile in backend.profiles_with_transaction(call.at, name.clone(), MOST).await? {
        let posted = backend.transaction_by_external_id(now, profile, name.clone()).await?;
        found.extend(posted.map(|posted| Found {
            r#type: "transaction",
            id: Some(posted.id.get()),
            profile_id: posted.profile_id.to_string(),
            external_id: Some(name.to_string()),
        }));
    }
    for profile in backend.profiles_with_lot(name.clone(), MOST).await? {
        let wallet = backend.wallet(now, profile).await?;
        let (rewards, points) = (wallet.rewards(), wallet.points());
        let rewards = rewards.iter().map(|lot| (lot.id, lot.external_id.as_ref()));
        let lots = rewards.chain(points.iter().map(|lot| (lot.id, lot.external_id.as_ref())));
        let ids: Vec<LotId> = lots.filter(|(_, other)| *other == Some(name)).map(|(id, _)| id).collect();
        for id in ids {
            found.extend(numbered(call, id).await?);
        }
    }
    found.dedup();
    Ok(found)
}

/// The thing with this number, whatever it is. A lot is with whoever has it now.
async fn numbered(call: &Call, id: LotId) -> Result<Option<Found>, Problem> {
    let wallet = match call.wallet_with(id, "thing").await {
        Ok(wallet) => wallet,
        Err(problem) if problem.code() == "not_found" => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let number = id.get();
    let lot = |r#type, external_id: Option<&ExternalId>| {
        Some(Found::new(r#type, number, &wallet).called(external_id))
    };
    if let Some(reward) = wallet.rewards().iter().find(|lot| lot.id == id) {
        return Ok(lot("reward", reward.external_id.as_ref()));
    }
    if let Some(point) = wallet.points().iter().find(|lot| lot.id == id) {
        return Ok(lot("point", point.external_id.as_ref()));
    }
    if let Some(posted) = wallet.transactions().find(|posted| posted.id.get() == number) {
        return Ok(lot("transaction", posted.external_id.as_ref()));
    }
    let kind = if wallet.redemptions().any(|made| made.id.get() == number) {
        "redemption"
    } else if wallet.holds().any(|hold| hold.id.get() == number) {
        "hold"
    } else if wallet.returns().iter().any(|back| back.id.get() == number) {
        "return"
    } else {
        return Ok(None);
    };
    Ok(lot(kind, None))
}
