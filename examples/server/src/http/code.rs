//! The codes of a no that is the server's own and not a rule's.

use axum::http::StatusCode;
use scrip::Rejection;

macro_rules! codes {
    ($($variant:ident => $text:literal, $status:ident;)*) => {
        /// Why the server says no by itself. A code never changes, and it goes with one status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($variant),*
        }

        impl Code {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }

            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status),*
                }
            }
        }
    };
}

codes! {
    NotJson => "not_json", BAD_REQUEST;
    RepeatedKey => "repeated_key", BAD_REQUEST;
    BadQuery => "bad_query", BAD_REQUEST;
    BrokenBody => "broken_body", BAD_REQUEST;
    Unauthorized => "unauthorized", UNAUTHORIZED;
    Forbidden => "forbidden", FORBIDDEN;
    ReadOnly => "read_only", FORBIDDEN;
    NotFound => "not_found", NOT_FOUND;
    MethodNotAllowed => "method_not_allowed", METHOD_NOT_ALLOWED;
    TooSlow => "too_slow", REQUEST_TIMEOUT;
    KeyReused => "key_reused", CONFLICT;
    AmbiguousExternalId => "ambiguous_external_id", CONFLICT;
    NameTaken => "name_taken", CONFLICT;
    GivenByOption => "given_by_option", CONFLICT;
    VersionConflict => "version_conflict", CONFLICT;
    PreconditionFailed => "precondition_failed", PRECONDITION_FAILED;
    TooLarge => "too_large", PAYLOAD_TOO_LARGE;
    UnsupportedEncoding => "unsupported_encoding", UNSUPPORTED_MEDIA_TYPE;
    InvalidBody => "invalid_body", UNPROCESSABLE_ENTITY;
    InvalidField => "invalid_field", UNPROCESSABLE_ENTITY;
    UnknownField => "unknown_field", UNPROCESSABLE_ENTITY;
    UnknownParameter => "unknown_parameter", UNPROCESSABLE_ENTITY;
    MissingField => "missing_field", UNPROCESSABLE_ENTITY;
    Corrupt => "corrupt", INTERNAL_SERVER_ERROR;
    NotWritten => "not_written", INTERNAL_SERVER_ERROR;
    Contention => "contention", SERVICE_UNAVAILABLE;
    Stopping => "stopping", SERVICE_UNAVAILABLE;
    StoreFailed => "store_failed", SERVICE_UNAVAILABLE;
    InDoubt => "in_doubt", GATEWAY_TIMEOUT;
}

/// Every code that an answer may bear, the rules' and the server's, each once.
pub fn all() -> Vec<&'static str> {
    let own = Code::ALL.iter().map(|code| code.text());
    let mut all: Vec<_> = Rejection::CODES.iter().copied().chain(own).collect();
    all.sort_unstable();
    all.dedup();
    all
}
