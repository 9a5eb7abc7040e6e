//! Every way of not doing what a call asks: one shape for a no, with a stable code; and what a dry run would do.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use scrip::Rejection;
use scrip::json::JsonError;
use scrip::rejection::KeyReused;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::code::Code;
use crate::backend::Failure;
use crate::shape::preview::PreviewOut;

/// What a client gets when its request was not carried out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    #[serde(skip)]
    status: StatusCode,
    /// For people.
    message: String,
    /// For programs: it never changes.
    code: &'static str,
    /// What was wrong with which field.
    errors: BTreeMap<String, Vec<String>>,
    /// The numbers, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    meta: Option<BTreeMap<String, Box<RawValue>>>,
    /// Nothing was wrong: it was a dry run, and this is the answer instead.
    #[serde(skip)]
    preview: Option<Box<PreviewOut>>,
}

/// The code of a problem, kept beside the response for the log and the metrics.
#[derive(Clone, Copy, Debug)]
pub struct ProblemCode(pub &'static str);

impl Problem {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::bare(code.status(), code.text(), message.into())
    }

    fn bare(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { status, message, code, errors: BTreeMap::new(), meta: None, preview: None }
    }

    /// A request that names what is not there, by its path.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    pub fn missing(field: &str) -> Self {
        Self::field(Code::MissingField, field, "is required")
    }

    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::field(Code::InvalidField, field, message)
    }

    /// Refuses all these fields, each with what is wrong with it; nothing, if there are none.
    pub fn unless_empty(code: Code, wrong: Vec<(&str, String)>) -> Result<(), Self> {
        let Some((field, message)) = wrong.first() else { return Ok(()) };
        let problem = Self::new(code, format!("{field}: {message}"));
        Err(wrong.into_iter().fold(problem, |problem, (field, message)| problem.on(field, message)))
    }

    /// A field that cannot be: it is named.
    pub fn field(code: Code, field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let problem = Self::new(code, format!("{field}: {message}"));
        problem.on(field, message)
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    fn on(mut self, field: &str, message: impl Into<String>) -> Self {
        self.errors.entry(field.to_owned()).or_default().push(message.into());
        self
    }

    /// The same, about a field that bears another name in the request.
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Some(said) = self.errors.remove(from) {
            self.message = self.message.replacen(from, to, 1);
            self.errors.insert(to.to_owned(), said);
        }
        self
    }

    /// What a rejection says when the thing that it does not know, or that is gone, was named by the path.
    pub fn in_path(self, what: &str) -> Self {
        let gone: &[&str] = match what {
            "reward" => &["unknown_lot", "lot_revoked"],
            "redemption" => &["unknown_redemption"],
            "transaction" => &["unknown_transaction"],
            "hold" => &["unknown_hold"],
            _ => &["unknown_definition", "definition_archived"],
        };
        if gone.contains(&self.code) { Self::not_found(what) } else { self }
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let status = match rejection {
            Rejection::ExternalIdConflict { .. } => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let message = rejection.to_string();
        let problem =
            Self { meta: numbers(rejection), ..Self::bare(status, rejection.code(), message.clone()) };
        // An instant is the server's to say.
        match rejection.field().filter(|field| *field != "at") {
            Some(field) => {
                // The text starts with the field already.
                let said = message.strip_prefix(field).and_then(|rest| rest.strip_prefix(": "));
                problem.on(field, said.unwrap_or(&message))
            }
            None => problem,
        }
    }
}

impl From<&KeyReused> for Problem {
    fn from(reused: &KeyReused) -> Self {
        let problem = Self::new(Code::KeyReused, reused.to_string());
        problem.on("Idempotency-Key", "was used before with other content")
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        match error.path.as_str() {
            "." => Self::new(Code::InvalidBody, error.message),
            path => Self::invalid(path, error.message),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::DryRun(preview) => {
                let dry = Self::bare(StatusCode::OK, "", String::new());
                Self { preview: Some(preview.clone()), ..dry }
            }
            Failure::Rejected(rejection) => rejection.into(),
            Failure::KeyReused(reused) => reused.into(),
            Failure::Contention => Self::new(Code::Contention, "too many at once; try again"),
            Failure::Closed => Self::new(Code::Stopping, "the service is stopping; try again"),
            Failure::InDoubt => {
                let message =
                    "it may or may not have been done; try again with the same Idempotency-Key, or look";
                Self::new(Code::InDoubt, message)
            }
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed");
                Self::new(Code::StoreFailed, "the store failed; nothing was changed")
            }
            Failure::Corrupt(error) => {
                tracing::error!(%error, "the store holds what no ledger wrote");
                Self::new(Code::Corrupt, "what is stored cannot be read")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(preview) = &self.preview {
            return super::answer::ok(preview);
        }
        let code = ProblemCode(self.code);
        let mut response = super::answer::json(self.status, &self);
        response.extensions_mut().insert(code);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The numbers of a rejection, under the names that it has for them.
fn numbers(rejection: &Rejection) -> Option<BTreeMap<String, Box<RawValue>>> {
    let text = serde_json::to_string(rejection).ok()?;
    let outer: BTreeMap<String, BTreeMap<String, Box<RawValue>>> = serde_json::from_str(&text).ok()?;
    let mut inner = outer.into_values().next()?;
    inner.retain(|name, _| name != "field" && name != "other");
    for value in inner.values_mut() {
        // Quantities are texts with the ledger, and numbers here.
        let plain = value.get().trim_matches('"');
        if plain.parse::<scrip::Amount>().is_ok() {
            *value = RawValue::from_string(plain.to_owned()).ok()?;
        }
    }
    (!inner.is_empty()).then_some(inner)
}
