//! What can go wrong in PostgreSQL, and what it means for a unit of work.

use deadpool_postgres::{BuildError, PoolError};
use thiserror::Error;
use tokio_postgres::error::{Severity, SqlState};

use crate::store::{Damage, StoreError};

/// What can go wrong in the PostgreSQL store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The database refused a statement, or could not be reached. Its `SQLSTATE` is in the source.
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had: why is in the source. That TLS is required and the server offers none is such a
    /// reason.
    #[error("no connection could be had")]
    Pool(#[source] PoolError),
    /// The server's certificate is not one to be trusted, or not one for the name of its host: see
    /// [`Tls`](super::Tls).
    #[error("the server's certificate is not trusted")]
    Certificate(#[source] rustls::Error),
    /// The pool could not be built.
    #[error("the pool of connections could not be built")]
    Build(#[from] BuildError),
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// No certificate could be read from a PEM file.
    #[error("no certificate could be read from a PEM file")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// A schema's name is 1 to 48 small letters, digits and underscores, and starts with a letter.
    #[error("`{0}` cannot be the name of a schema")]
    SchemaName(String),
    /// The schema is older than this version of the crate, or there is none: see
    /// [`PostgresStore::migrate`](super::PostgresStore::migrate).
    #[error("the schema is at version {found}, and {needed} is needed: migrate it")]
    NotMigrated {
        /// The version that was found; zero where there is none.
        found: i32,
        /// The version that is needed.
        needed: i32,
    },
    /// The schema was written by a newer version of the crate, which this one does not know how to read.
    #[error("the schema is at version {found}, and this version of scrip knows only up to {known}")]
    TooNew {
        /// The version that was found.
        found: i32,
        /// The newest version that is known.
        known: i32,
    },
    /// The schema was laid out in another way than the options say.
    #[error("the schema was migrated with another layout or other partitions than the options say")]
    OtherLayout,
    /// The server is set to answer before a commit is on disk (`synchronous_commit = off`).
    #[error("the server answers before a commit is durable: synchronous_commit is off")]
    NotDurable,
    /// Two billion profiles.
    #[error("there are no profile numbers left")]
    Full,
    /// A change to the account of a number that was never drawn.
    #[error("a change to an account that does not exist")]
    NoSuchAccount,
    /// A position in the feed that this store did not give out.
    #[error("not a position in this store's feed")]
    NoSuchPosition,
    /// What a distributed database has no means for; see [the guide](crate::guide::postgres).
    #[error("{0} is not to be had from a distributed database")]
    NotDistributed(&'static str),
    /// Stored data is not what was written.
    #[error(transparent)]
    Damaged(#[from] Damage),
}

impl PostgresError {
    /// A stable code for programs to act on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Pool(_) => "no_connection",
            Self::Certificate(_) => "not_trusted",
            Self::Build(_) => "no_pool",
            Self::Tls(_) => "tls",
            Self::Pem(_) => "not_pem",
            Self::SchemaName(_) => "schema_name",
            Self::NotMigrated { .. } => "not_migrated",
            Self::TooNew { .. } => "newer_format",
            Self::OtherLayout => "other_layout",
            Self::NotDurable => "not_durable",
            Self::Full => "no_numbers",
            Self::NoSuchAccount => "no_such_account",
            Self::NoSuchPosition => "no_such_position",
            Self::NotDistributed(_) => "not_distributed",
            Self::Damaged(damage) => damage.code(),
        }
    }

    /// What is wrong with stored data.
    ///
    /// # Errors
    /// It is not about stored data.
    pub(super) fn damage(self) -> Result<Damage, Self> {
        match self {
            Self::Damaged(damage) => Ok(damage),
            other => Err(other),
        }
    }

    /// What became of a statement that failed; `None`: it surely had no effect, and the error is to be told.
    pub(super) fn meaning(&self) -> Option<Failure> {
        match self {
            Self::Database(error) => meaning(error),
            _ => None,
        }
    }
}

impl StoreError for PostgresError {
    fn is_corruption(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> Self {
        match distrust(&error) {
            Some(distrust) => Self::Certificate(distrust.clone()),
            None => Self::Pool(error),
        }
    }
}

/// What is wrong with a server's certificate, if that is why there is no connection.
fn distrust(error: &PoolError) -> Option<&rustls::Error> {
    let PoolError::Backend(error) = error else { return None };
    // The handshake's error comes inside one of the stream's.
    let error = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(error, rustls::Error::InvalidCertificate(_)).then_some(error)
}

/// What a failed statement means for what it was to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody else was in the way, and nothing was written.
    Conflict,
    /// The answer was lost. It may have been written.
    Lost,
}

fn meaning(error: &tokio_postgres::Error) -> Option<Failure> {
    let Some(answer) = error.as_db_error() else {
        // Not an answer of the server's: what was sent may have got there. What could not be encoded was not sent.
        return (error.is_closed() || is_io(error)).then_some(Failure::Lost);
    };
    let code = answer.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return Some(Failure::Conflict);
    }
    // A session can be ended after its commit and before its answer.
    let is_fatal = matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    let is_unknown = *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
        || *code == SqlState::TRANSACTION_RESOLUTION_UNKNOWN;
    (is_fatal || is_unknown).then_some(Failure::Lost)
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}
