//! Merging a profile into another: a customer had two cards (rule L2).

use axum::response::Response;
use scrip::ProfileId;
use scrip::request::MergeProfiles;

use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::lot::Merged;

pub async fn merge(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    body.require(&["into"])?;
    let into: ProfileId = body.get("into")?.ok_or_else(|| Problem::missing("into"))?;
    let profile = call.profile()?;
    let merged = call.run(MergeProfiles::new(profile, into)).await?.outcome;
    Ok(answer::ok(&Merged::new(profile, into, &merged)))
}
