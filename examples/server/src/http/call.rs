//! One call: who asks, when, under which key, about what, and what the body says.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts as _, MatchedPath, RawPathParams, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use chrono::TimeDelta;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use scrip::id::IdError;
use scrip::request::IsRequest;
use scrip::store::AsOf;
use scrip::time::{Until, When};
use scrip::{Command, Key, ProfileId, Receipt, Rejection, Timestamp, Zone};
use serde_json::value::RawValue;

use super::around::Access;
use super::body::Body;
use super::code::Code;
use super::known::Understood;
use super::list::Query;
use super::problem::Problem;
use crate::app::Shared;
use crate::backend::{Failure, LedgerAt};
use crate::shape::asked::RewardBody;

/// The largest body, and the largest batch.
const MAX_BODY: usize = 1 << 20;
const MAX_BATCH: usize = 16 << 20;

/// Everything that a handler needs to know of a request.
pub struct Call {
    pub app: Shared,
    /// The instant of the request: all of it happens at this one.
    pub at: Timestamp,
    /// As of when to read.
    pub moment: LedgerAt,
    pub query: Query,
    pub headers: HeaderMap,
    pub uri: Uri,
    pub access: Access,
    /// Whether nothing is to be done, only said.
    pub is_dry_run: bool,
    key: Option<Key>,
    path: Vec<(String, String)>,
    bytes: Vec<u8>,
    understood: Arc<Understood>,
}

impl FromRequest<Shared> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let path = path(&mut parts).await?;
        let route = parts.extensions.get::<MatchedPath>();
        let route = route.and_then(|route| app.description.understood(&parts.method, route.as_str()));
        let understood = route.unwrap_or_default();
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        understood.check_query(&query)?;
        let access = parts.extensions.get::<Access>().copied().unwrap_or(Access::Read);
        let at = app.clock.now();
        let moment = moment(app, at, &query)?;
        let key = if parts.method == Method::POST { key(&parts.headers)? } else { None };
        let is_dry_run = query.is_dry_run()?;
        let is_batch = parts.uri.path().contains("/rewards/batch");
        let limit = if is_batch { MAX_BATCH } else { MAX_BODY };
        let bytes = read(body, &parts.headers, limit, app.body_timeout).await?;
        Ok(Self {
            at,
            moment,
            app: Shared::clone(app),
            query,
            headers: parts.headers,
            uri: parts.uri,
            access,
            is_dry_run,
            key,
            path,
            bytes,
            understood,
        })
    }
}

impl Call {
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body, of which every field is understood.
    pub fn body(&self) -> Result<Body, Problem> {
        let body = self.body_about_another()?;
        // A path that names a profile is about that one.
        if self.path.iter().any(|(name, _)| name == "profile")
            && let Some(other) = body.get::<ProfileId>("profile_id")?
            && other != self.profile()?
        {
            return Err(Problem::invalid("profile_id", "is not the profile of the path"));
        }
        Ok(body)
    }

    /// The same, where the body's profile is another than the path's.
    pub fn body_about_another(&self) -> Result<Body, Problem> {
        let body = Body::parse(&self.bytes)?;
        self.understood.fields.check_fields(body.0.keys())?;
        body.get::<u64>("version")?;
        body.check_meta()?;
        Ok(body)
    }

    /// A row of a batch, which is a body of its own.
    pub fn row(&self, row: &RawValue) -> Result<Body, Problem> {
        let body = Body::of(row)?;
        self.app.description.names::<RewardBody>().check_fields(body.0.keys())?;
        body.check_meta()?;
        Ok(body)
    }

    /// The profile that the path names. Any text is one, but for those that cannot be.
    pub fn profile(&self) -> Result<ProfileId, Problem> {
        let text = self.path("profile");
        ProfileId::new(text).map_err(|_| Problem::not_found("profile"))
    }

    /// The thing that the path names. What is no id of any thing is simply not there.
    pub fn id<T: FromStr<Err = IdError>>(&self, what: &str) -> Result<T, Problem> {
        self.path("id").parse().map_err(|_| Problem::not_found(what))
    }

    pub fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Carries out a request now, if nothing was written to the account after this entry; `None` if something was.
    pub async fn run_at<A: IsRequest>(
        &self,
        version: u32,
        request: A,
    ) -> Result<Option<Receipt<A::Outcome>>, Failure>
    where
        A::Outcome: 'static,
    {
        let command = Command { key: self.key.clone(), ..Command::new(self.at, request).if_version(version) };
        match self.command(command).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(Failure::Rejected(Rejection::VersionChanged { .. })) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Carries out a request now, under the key of this call.
    pub async fn run<A: IsRequest>(&self, request: A) -> Result<Receipt<A::Outcome>, Problem>
    where
        A::Outcome: 'static,
    {
        Ok(self.command(Command { key: self.key.clone(), ..Command::new(self.at, request) }).await?)
    }
}

/// As of when to read: now, or `?at=`. A date is the end of that day in the program's zone.
fn moment(app: &Shared, now: Timestamp, query: &Query) -> Result<LedgerAt, Problem> {
    let Some(text) = query.get("at") else { return Ok(LedgerAt::Now(now)) };
    let invalid = |error: scrip::time::TimeError| Problem::invalid("at", format!("`{text}` {error}"));
    let at = match text.parse::<Until>() {
        Ok(Until::Day(date)) => {
            let zone = app.backend.program().settings().timezone;
            zone.end_of_day(date).and_then(|end| end.checked_add(TimeDelta::microseconds(-1)))
        }
        _ => text.parse::<When>().and_then(|when| when.resolve(Zone::UTC)),
    };
    Ok(LedgerAt::Past(AsOf::At(at.map_err(invalid)?)))
}

async fn path(parts: &mut axum::http::request::Parts) -> Result<Vec<(String, String)>, Problem> {
    // Only a path that is no text in UTF-8 fails here, and nothing has such a name.
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::not_found("resource"))?;
    Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn key(headers: &HeaderMap) -> Result<Option<Key>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let invalid = |message: String| Problem::invalid("Idempotency-Key", message);
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| invalid("is not UTF-8".to_owned()))?;
    Key::new(text).map(Some).map_err(|error| invalid(error.to_string()))
}

async fn read(
    body: axum::body::Body,
    headers: &HeaderMap,
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        let message = format!("a body holds at most {limit} bytes");
        Problem::new(Code::TooLarge, message)
    };
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Problem::new(Code::UnsupportedEncoding, "a body is sent as it is, and not compressed"));
    }
    // A client that says so beforehand need not send it.
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(too_large());
    }
    match tokio::time::timeout(patience, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Code::BrokenBody, "the body broke off")),
        Err(_) => Err(Problem::new(Code::TooSlow, "the body took too long")),
    }
}
