//! Transferring value to another profile (rule L5).

use axum::http::StatusCode;
use axum::response::Response;
use scrip::request::Transfer;

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::transfer::{KINDS, TransferOut};

pub async fn transfer(call: Call) -> Result<Response, Problem> {
    let mut body = call.body_about_another()?;
    body.require(&["profile_id", "type", "value"])?;
    body.drop_nulls();
    let named: Option<String> = body.get("type")?;
    let kind = KINDS.into_iter().find(|(name, _)| named.as_deref() == Some(name));
    let Some((_, kind)) = kind else {
        return Err(Problem::invalid("type", "is not one of reward, point and status_point"));
    };
    body.remove("type");
    body.set("kind", &kind);
    body.set("from", &call.profile()?);
    let sent = call.run(body.read::<Transfer>()?).await?.outcome;
    let receiver = call.app.backend.wallet_of(LedgerAt::Now(call.at), sent.to).await?;
    let receiver = receiver.ok_or_else(|| Problem::not_found("profile"))?.profile_id();
    let balances = sent.balances.valued(call.app.backend.program()).into();
    Ok(answer::data(StatusCode::CREATED, &TransferOut::new(sent, receiver, balances)))
}
