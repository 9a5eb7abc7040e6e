//! Transactions: purchases at the till.

use axum::http::StatusCode;
use axum::response::Response;
use scrip::id::ExternalId;
use scrip::journal::External;
use scrip::outcome::Disposition;
use scrip::request::{DeleteTransaction, IsRequest, UpdateTransaction};
use scrip::store::AsOf;
use scrip::time::When;
use scrip::view::Wallet;
use scrip::{
    Command, PostTransaction, ProfileId, Receipt, Rejection, ReturnTransaction, Transaction, TransactionId,
};

use super::find::transaction;
use super::items;
use crate::backend::{Failure, LedgerAt};
use crate::http::body::Body;
use crate::http::call::Call;
use crate::http::code::Code;
use crate::http::precondition::TRIES;
use crate::http::problem::Problem;
use crate::http::{answer, list};
use crate::shape::transaction::{ANSWERED, TransactionOut, TransactionReturnOut};
use crate::shape::{lot, sent};

const WHAT: &str = "transaction";
/// The version of no account: nothing is done at it but what was done before.
const NEVER: u32 = u32::MAX;
/// What the ledger knows of a transaction. Everything else is kept as sent.
const KNOWN: [&str; 10] = [
    "profile_id",
    "total",
    "total_original",
    "redemption_id",
    "transacted_at",
    "timezone",
    "external_id",
    "tags",
    "items",
    "payments",
];

pub async fn post(call: Call) -> Result<Response, Problem> {
    let posted = call.run(new(call.body()?)?).await?;
    answer_posted(&call, posted, StatusCode::CREATED).await
}

async fn answer_posted(
    call: &Call,
    receipt: Receipt<Transaction>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let is_posted = status == StatusCode::CREATED;
    let status = if receipt.disposition == Disposition::Existing { StatusCode::OK } else { status };
    let shape = shape_after(call, &receipt.outcome, receipt.disposition, is_posted).await?;
    Ok(answer::thing(status, &shape))
}

/// A transaction as it was right after what this call did, or repeats under its key; as it stands, where its external id
/// stood for it already.
async fn shape_after(
    call: &Call,
    done: &Transaction,
    disposition: Disposition,
    is_posted: bool,
) -> Result<TransactionOut, Problem> {
    let first = done.id.sequence();
    // The journal is read for what was there before, and for the lots of a redemption.
    if is_posted && done.redemption_id.is_none() && disposition != Disposition::Existing {
        return Ok(TransactionOut::new(done, first.into(), None));
    }
    let wallet = call.wallet_after(done.profile_id, disposition).await?;
    shape(call, &wallet, wallet.transaction(done.id).unwrap_or(done)).await
}

/// A transaction as it stands, with its version: that is in the journal.
async fn shape_now(call: &Call, posted: &Transaction) -> Result<TransactionOut, Problem> {
    let wallet = call.app.backend.wallet(call.moment, posted.profile_id).await?;
    shape(call, &wallet, wallet.transaction(posted.id).unwrap_or(posted)).await
}

async fn shape(call: &Call, wallet: &Wallet, posted: &Transaction) -> Result<TransactionOut, Problem> {
    let items = posted.redemption_id.and_then(|id| wallet.redemption(id)).map(|redemption| &redemption.items);
    let ids: Vec<_> = items.into_iter().flat_map(|items| items.iter()).map(|item| item.lot).collect();
    let lots = lot::named(wallet, &ids, &*call.app.catalogue().await?);
    Ok(transaction(call, wallet, posted, &lots))
}

/// The request that a body makes of a purchase that is not there yet.
fn new(body: Body) -> Result<PostTransaction, Problem> {
    if body.get("is_void")? == Some(true) {
        return Err(Problem::invalid("is_void", "is said of a transaction that is there"));
    }
    request(body)
}

/// What a body says of a purchase.
fn request(mut body: Body) -> Result<PostTransaction, Problem> {
    body.drop_nulls();
    body.require(&["profile_id", "total"])?;
    body.resolve(&["transacted_at"], &[])?;
    ANSWERED.iter().for_each(|field| drop(body.remove(field)));
    let mut beside = body.clone();
    beside.0.retain(|field, _| !KNOWN.contains(&field.as_str()));
    body.0.retain(|field, _| KNOWN.contains(&field.as_str()));
    // Tags that are no list of words are kept as sent, too.
    if body.get::<Vec<String>>("tags").is_err()
        && let Some(tags) = body.remove("tags")
    {
        beside.0.insert("tags".to_owned(), tags);
    }
    let mut request: PostTransaction = body.read()?;
    request.meta = sent::pack(beside.0)?;
    request.lines = request.items.as_ref().and_then(items::lines).unwrap_or_default();
    Ok(request)
}

pub async fn index(call: Call) -> Result<Response, Problem> {
    if let Some(profile) = call.query.filter("profile_id") {
        let Ok(profile) = ProfileId::new(profile) else { return list::page(&call, [(); 0]) };
        let wallet = call.app.backend.wallet(call.moment, profile).await?;
        let lots = lot::all(&wallet, &*call.app.catalogue().await?);
        return list::page(
            &call,
            wallet.transactions().map(|posted| transaction(&call, &wallet, posted, &lots)),
        );
    }
    let held = call.app.index.transactions(&call.app.backend, call.moment).await?;
    call.page_of(held, |wallet, ids, catalogue| {
        let lots = lot::all(wallet, catalogue);
        let there =
            |id: &TransactionId| Some((*id, transaction(&call, wallet, wallet.transaction(*id)?, &lots)));
        ids.iter().filter_map(there).collect()
    })
    .await
}

pub async fn show(call: Call) -> Result<Response, Problem> {
    let posted = current(&call).await?;
    Ok(answer::thing(StatusCode::OK, &shape_now(&call, &posted).await?))
}

/// The transaction that the path names.
async fn current(call: &Call) -> Result<Transaction, Problem> {
    let id: TransactionId = call.id(WHAT)?;
    call.app.backend.transaction(call.moment, id).await?.ok_or_else(|| Problem::not_found(WHAT))
}

/// By the caller's own id. It is unique per profile only: where several have it, the query says which is meant.
pub async fn external(call: Call) -> Result<Response, Problem> {
    let id = ExternalId::new(call.path("id")).map_err(|_| Problem::not_found(WHAT))?;
    let profiles = match call.query.get("profile_id") {
        Some(profile) => vec![ProfileId::new(profile).map_err(|_| Problem::not_found(WHAT))?],
        None => call.app.backend.profiles_with_transaction(call.at, id.clone(), 100).await?,
    };
    let mut found: Vec<Transaction> = Vec::new();
    for profile in profiles {
        let posted = call.app.backend.transaction_by_external_id(call.moment, profile, id.clone()).await?;
        // Profiles that were merged have it in common.
        found.extend(posted.filter(|posted| found.iter().all(|other| other.id != posted.id)));
    }
    match found.as_slice() {
        [] => Err(Problem::not_found(WHAT)),
        [only] => Ok(answer::thing(StatusCode::OK, &shape_now(&call, only).await?)),
        _ => {
            let message =
                "several profiles have a transaction with this external_id; say which: ?profile_id=";
            Err(Problem::new(Code::AmbiguousExternalId, message))
        }
    }
}

fn named<'a>(wallet: &'a Wallet, id: &ExternalId) -> Option<&'a Transaction> {
    wallet.transactions().find(|posted| posted.external_id.as_ref() == Some(id))
}

pub async fn change(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    for _ in 0..TRIES {
        let before = current(&call).await?;
        match replace(&call, &before, &body).await? {
            Ok(Replaced::Again) => {}
            Ok(done) => return answer_replaced(&call, done).await,
            Err(failure) => return Err(Problem::from(failure).in_path(WHAT)),
        }
    }
    Err(Failure::Contention.into())
}

/// What came of replacing what a transaction says.
enum Replaced {
    Done(Box<Receipt<Transaction>>),
    /// It says all of that already.
    Unchanged(Box<Transaction>),
    /// Something was written in between.
    Again,
}

async fn answer_replaced(call: &Call, replaced: Replaced) -> Result<Response, Problem> {
    match replaced {
        Replaced::Done(receipt) => answer_posted(call, *receipt, StatusCode::OK).await,
        Replaced::Unchanged(posted) if call.is_dry_run => call.unchanged(posted.profile_id).await,
        Replaced::Unchanged(posted) => Ok(answer::thing(StatusCode::OK, &shape_now(call, &posted).await?)),
        Replaced::Again => Err(Failure::Contention.into()),
    }
}

/// Has a transaction say what the body says, if it is what the client has seen.
async fn replace(
    call: &Call,
    before: &Transaction,
    body: &Body,
) -> Result<Result<Replaced, Failure>, Problem> {
    let wallet = call.app.backend.wallet(LedgerAt::Now(call.at), before.profile_id).await?;
    // What was changed since it was looked up is looked up again.
    let Some(before) = wallet.transaction(before.id).filter(|now| *now == before) else {
        return Ok(Ok(Replaced::Again));
    };
    let seen = call.precondition(body)?.check(wallet.version(before.id).unwrap_or_default());
    let update = update(before, body.clone())?;
    // A key is looked for first, and remembered, whatever comes of it.
    if call.key().is_none() {
        seen.clone()?;
        if !changes(&update, before)? {
            return Ok(Ok(Replaced::Unchanged(Box::new(before.clone()))));
        }
    }
    let last = if seen.is_ok() { wallet.account().sequence() } else { NEVER };
    match call.run_at(last, update).await {
        Ok(Some(done)) => Ok(Ok(Replaced::Done(Box::new(done)))),
        Ok(None) => seen.map(|()| Ok(Replaced::Again)),
        Err(failure) => Ok(Err(failure)),
    }
}

/// What a transaction says from now on: what it said, with what the body says over it.
fn update(before: &Transaction, mut body: Body) -> Result<UpdateTransaction, Problem> {
    let said = Body::from_value(&TransactionOut::new(before, 0, None));
    said.0
        .iter()
        .filter(|(field, _)| *field != "version")
        .for_each(|(field, value)| body.drop_unchanged(field, value));
    if body.has("profile_id") {
        return Err(Problem::invalid("profile_id", "a transaction stays with its profile"));
    }
    body.resolve(&["transacted_at"], &[])?;
    let mut merged = said;
    // Where the body says nothing of when and where, the ledger keeps it, to the microsecond.
    merged.remove("transacted_at");
    merged.remove("timezone");
    for field in ["items", "payments"] {
        let is_empty = merged.0.get(field).is_some_and(|value| value.get() == "[]");
        if is_empty {
            merged.remove(field);
        }
    }
    let is_void = body.get("is_void")?.unwrap_or(before.is_void);
    let update = UpdateTransaction::new(before.id, request(merged.overlaid(body))?);
    Ok(if is_void { update.voided() } else { update })
}

/// Whether anything is said that was not said before.
fn changes(update: &UpdateTransaction, before: &Transaction) -> Result<bool, Problem> {
    let mut now = update.transaction.clone();
    now.transacted_at = now.transacted_at.filter(|when| *when != When::Instant(before.transacted_at));
    now.timezone = now.timezone.filter(|zone| *zone != before.timezone);
    let same = self::update(before, Body::default())?;
    Ok(now != same.transaction || update.is_void != same.is_void)
}

/// Makes a transaction, or changes the one that has its external id.
pub async fn update_or_create(call: Call) -> Result<Response, Problem> {
    let body = call.body()?;
    body.require(&["profile_id", "external_id"])?;
    let profile: ProfileId = body.get("profile_id")?.ok_or_else(|| Problem::missing("profile_id"))?;
    let id: ExternalId = body.get("external_id")?.ok_or_else(|| Problem::missing("external_id"))?;
    let mut moment = LedgerAt::Now(call.at);
    for _ in 0..TRIES {
        let backend = &call.app.backend;
        let before = match moment {
            LedgerAt::Now(_) => backend.transaction_by_external_id(moment, profile, id.clone()).await?,
            LedgerAt::Past(_) => named(&backend.wallet(moment, profile).await?, &id).cloned(),
        };
        let was_there = before.is_some();
        let done = match (before, moment) {
            (Some(before), LedgerAt::Now(_)) => match replace(&call, &before, &body).await? {
                Ok(Replaced::Again) => continue,
                Ok(done) => return answer_replaced(&call, done).await,
                Err(failure) => Err(failure),
            },
            (Some(before), LedgerAt::Past(_)) => {
                run(&call, update(&before, body.clone())?).await.map(|done| (done, StatusCode::OK))
            }
            (None, _) => run(&call, new(body.clone())?).await.map(|done| (done, StatusCode::CREATED)),
        };
        match (done, moment) {
            // The key was used before. What it was used for is what the body meant then.
            (Err(Failure::KeyReused(reused)), LedgerAt::Now(_)) => {
                moment = LedgerAt::Past(AsOf::Sequence(reused.first.saturating_sub(1)));
            }
            // Somebody else was faster: it is there by now, or no longer.
            (Err(Failure::Rejected(why)), LedgerAt::Now(_)) if is_outdated(&why, was_there) => {}
            (done, _) => {
                let (done, status) = done?;
                return answer_posted(&call, done, status).await;
            }
        }
    }
    Err(Failure::Contention.into())
}

/// Whether it was refused because it was found not to be there, and is; or the other way round.
fn is_outdated(why: &Rejection, was_there: bool) -> bool {
    match why {
        Rejection::ExternalIdConflict { external: External::Transaction(_), .. } => !was_there,
        Rejection::UnknownTransaction { .. } => was_there,
        _ => false,
    }
}

async fn run<A: IsRequest>(call: &Call, request: A) -> Result<Receipt<A::Outcome>, Failure>
where
    A::Outcome: 'static,
{
    call.command(Command { key: call.key().cloned(), ..Command::new(call.at, request) }).await
}

pub async fn delete(call: Call) -> Result<Response, Problem> {
    let precondition = call.precondition(&Body::default())?;
    for _ in 0..TRIES {
        let posted = current(&call).await?;
        let wallet = call.app.backend.wallet(LedgerAt::Now(call.at), posted.profile_id).await?;
        precondition.check(wallet.version(posted.id).unwrap_or_default())?;
        let done = call.run_at(wallet.account().sequence(), DeleteTransaction::new(posted.id)).await;
        if done.map_err(|failure| Problem::from(failure).in_path(WHAT))?.is_some() {
            return Ok(answer::gone());
        }
    }
    Err(Failure::Contention.into())
}

pub async fn give_back(call: Call) -> Result<Response, Problem> {
    let transaction_id = call.id(WHAT)?;
    let body = call.body()?;
    if !body.has("lines") {
        body.require(&["amount"])?;
    }
    let mut request = ReturnTransaction::of_lines(transaction_id, []);
    (request.amount, request.lines) = (body.get("amount")?, body.get("lines")?);
    let back = call.run(request).await.map_err(|problem| problem.in_path(WHAT))?;
    Ok(answer::data(
        StatusCode::CREATED,
        &TransactionReturnOut::new(&back.outcome, call.app.backend.program()),
    ))
}
