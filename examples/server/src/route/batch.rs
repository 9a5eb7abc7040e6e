//! Many rewards in one call, row by row.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::outcome::Disposition;
use scrip::request::KeyedBatch;
use scrip::{Command, IssueReward, Reward};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::rewards::request;
use crate::backend::{Answer, Failure};
use crate::http::answer;
use crate::http::body::document;
use crate::http::call::Call;
use crate::http::problem::Problem;

/// Where the rows that were refused are counted.
const ROUTE: &str = "/api/v3/rewards/batch";
/// The most rows of one batch.
const MOST: usize = 500;

/// What came of one row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    index: usize,
    /// `created`, `existing` or `rejected`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Whether it was expired from the first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    arrived_expired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What came of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Batch {
    data: Vec<Row>,
    meta: Counts,
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Counts {
    created: usize,
    existing: usize,
    rejected: usize,
}

pub async fn issue(call: Call) -> Result<Response, Problem> {
    let rows = rows(&call)?;
    if rows.is_empty() || rows.len() > MOST {
        return Err(Problem::invalid("rewards", format!("a batch has 1 to {MOST} rows, not {}", rows.len())));
    }
    let mut outcomes: Vec<Option<Row>> = Vec::new();
    let (mut requests, mut unread) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        match call.row(row).and_then(request) {
            Ok(request) => {
                requests.push(request);
                outcomes.push(None);
            }
            Err(problem) => {
                unread.push((index as u32, row.get().to_owned()));
                outcomes.push(Some(rejected(index, &problem)));
            }
        }
    }
    let mut answers = run(&call, requests, unread).await?.into_iter();
    let data: Vec<Row> = outcomes
        .into_iter()
        .enumerate()
        .filter_map(|(index, known)| known.or_else(|| answers.next().map(|answer| row(index, answer))))
        .collect();
    data.iter().filter_map(|row| row.code).for_each(|code| call.app.metrics.rejected(ROUTE, code));
    let count = |status: &str| data.iter().filter(|row| row.status == status).count();
    let meta = Counts { created: count("created"), existing: count("existing"), rejected: count("rejected") };
    Ok(answer::json(StatusCode::OK, &Batch { data, meta }))
}

/// The rows: an array, or an object that holds one.
fn rows(call: &Call) -> Result<Vec<Box<RawValue>>, Problem> {
    if call.bytes().trim_ascii_start().starts_with(b"[") {
        return Ok(scrip::json::read(document(call.bytes())?.get().as_bytes())?);
    }
    call.body()?.get("rewards")?.ok_or_else(|| Problem::missing("rewards"))
}

/// Carries out the rows; under the call's key they are one content, with those that could not be read.
async fn run(
    call: &Call,
    requests: Vec<IssueReward>,
    unread: Vec<(u32, String)>,
) -> Result<Vec<Answer<Reward>>, Problem> {
    let _queued = call.app.metrics.in_queue();
    let backend = &call.app.backend;
    let Some(key) = call.key() else {
        let commands = requests.into_iter().map(|request| Command::new(call.at, request));
        return Ok(backend.run_all(commands.collect()).await);
    };
    let batch = KeyedBatch::new(call.at, key.clone(), requests).with_unread(unread);
    let answers = backend.run_batch(batch).await?;
    match answers.first() {
        // Nothing of it was done, so the answer is the batch's and not its rows'.
        Some(Err(Failure::KeyReused(reused))) if answers.iter().all(is_key_reused) => {
            Err(Problem::from(reused))
        }
        _ => Ok(answers),
    }
}

fn is_key_reused<O>(answer: &Answer<O>) -> bool {
    matches!(answer, Err(Failure::KeyReused(_)))
}

fn row(index: usize, answer: Answer<Reward>) -> Row {
    match answer {
        Ok(receipt) => {
            let status = if receipt.disposition == Disposition::Existing { "existing" } else { "created" };
            let Reward { id, arrived_expired, .. } = receipt.outcome;
            Row { index, status, id: Some(id.get()), arrived_expired, code: None, message: None }
        }
        Err(failure) => rejected(index, &failure.into()),
    }
}

fn rejected(index: usize, problem: &Problem) -> Row {
    let message = Some(problem.message().to_owned());
    Row { index, status: "rejected", id: None, arrived_expired: false, code: Some(problem.code()), message }
}
