//! Reading what a profile has.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::definition::Definition;
use scrip::journal::LotKind;
use scrip::time::{Until, When};
use scrip::view::Wallet;
use scrip::{DefinitionId, LotId, RedemptionId, Timestamp, Zone};

use super::find::{find_lot, redemption, transaction};
use super::holds;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::balances::{Balances, PointsEarned};
use crate::shape::redemption::Lots;
use crate::shape::{ledger, lot};

pub async fn balances(call: Call) -> Result<Response, Problem> {
    let balances = call.app.backend.balances(call.moment, call.profile()?).await?;
    Ok(answer::ok(&Balances::from(balances)))
}

/// The query says of which definition, from when, and to when.
pub async fn earned(call: Call) -> Result<Response, Problem> {
    let asked = |field: &str| call.query.get(field).ok_or_else(|| Problem::missing(field));
    let (definition, from, to) = (asked("definition_id")?, instant(&call, "from")?, instant(&call, "to")?);
    let catalogue = call.app.catalogue().await?;
    let known = definition.parse().ok().and_then(|id: DefinitionId| catalogue.get(id));
    let known = known.filter(|known| matches!(known.definition, Definition::Point(_)));
    let id =
        known.ok_or_else(|| Problem::invalid("definition_id", "is not the id of a point definition"))?.id;
    let points = call.app.backend.points_earned(call.moment, call.profile()?, id, from..to).await?;
    Ok(answer::ok(&PointsEarned::new(id, &(from..to), points)))
}

/// A time in the query: in UTC, or a day, which begins in the program's zone.
fn instant(call: &Call, field: &str) -> Result<Timestamp, Problem> {
    let text = call.query.get(field).ok_or_else(|| Problem::missing(field))?;
    let zone = call.app.backend.program().settings().timezone;
    let parsed = match text.parse::<Until>() {
        Ok(Until::Day(date)) => zone.end_of_day(date.pred_opt().unwrap_or(date)),
        _ => text.parse::<When>().and_then(|when| when.resolve(Zone::UTC)),
    };
    parsed.map_err(|error| Problem::invalid(field, format!("`{text}` {error}")))
}

async fn wallet(call: &Call) -> Result<Wallet, Problem> {
    Ok(call.app.backend.wallet(call.moment, call.profile()?).await?)
}

pub async fn rewards(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    list::page(&call, lot::rewards(&wallet, &*call.app.catalogue().await?))
}

pub async fn reward(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    let id: LotId = call.id("reward")?;
    let reward = find_lot(&wallet, id, LotKind::Reward, &*call.app.catalogue().await?);
    Ok(answer::thing(StatusCode::OK, &reward.ok_or_else(|| Problem::not_found("reward"))?))
}

pub async fn points(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    list::page(&call, lot::points(&wallet, &*call.app.catalogue().await?))
}

async fn lots(call: &Call, wallet: &Wallet) -> Result<Lots, Problem> {
    Ok(lot::all(wallet, &*call.app.catalogue().await?))
}

pub async fn redemptions(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    let lots = lots(&call, &wallet).await?;
    list::page(&call, wallet.redemptions().filter_map(|made| redemption(&call, &wallet, made.id, &lots)))
}

pub async fn one_redemption(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    let lots = lots(&call, &wallet).await?;
    let found = redemption(&call, &wallet, call.id::<RedemptionId>("redemption")?, &lots);
    Ok(answer::thing(StatusCode::OK, &found.ok_or_else(|| Problem::not_found("redemption"))?))
}

pub async fn transactions(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    let lots = lots(&call, &wallet).await?;
    list::page(&call, wallet.transactions().map(|posted| transaction(&call, &wallet, posted, &lots)))
}

pub async fn held(call: Call) -> Result<Response, Problem> {
    let wallet = wallet(&call).await?;
    let lots = lots(&call, &wallet).await?;
    list::page(
        &call,
        wallet
            .holds()
            .map(|hold| holds::shape(&call, &hold, wallet.version(hold.id).unwrap_or_default(), &lots)),
    )
}

pub async fn ledgers(call: Call) -> Result<Response, Problem> {
    let (wallet, catalogue) = (wallet(&call).await?, call.app.catalogue().await?);
    list::entries(&call, ledger::entries(&wallet, &catalogue), wallet.account().sequence())
}

pub async fn one_ledger(call: Call) -> Result<Response, Problem> {
    let entries = ledger::entries(&wallet(&call).await?, &*call.app.catalogue().await?);
    let wanted = call.path("id");
    let found = entries.into_iter().find(|entry| entry.id().to_string() == wanted);
    Ok(answer::thing(StatusCode::OK, &found.ok_or_else(|| Problem::not_found("ledger entry"))?))
}
