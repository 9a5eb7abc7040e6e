//! The errors of PostgreSQL, and what each means for a unit of work.

use deadpool_postgres::{BuildError, PoolError};
use thiserror::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::{Damage, StoreError};

/// An error of the PostgreSQL store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The database refused a statement, or could not be reached. Its `SQLSTATE` is in the source. What a request was to
    /// write is not there. What else writes ([`migrate`](super::PostgresStore::migrate),
    /// [`project`](super::PostgresStore::project), [`archive`](super::PostgresStore::archive)) may have done its work, and
    /// may be run again: nothing is done twice.
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had: why is in the source. That TLS is required and the server offers none is such a
    /// reason.
    #[error("no connection was available")]
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
        /// The version that was found; zero if there is none.
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
    #[error("the account to be changed does not exist")]
    NoSuchAccount,
    /// A position in the feed that this store did not give out.
    #[error("not a position in this store's feed")]
    NoSuchPosition,
    /// What takes a single order of transactions, which a distributed database does not have; see
    /// [the guide](crate::guide::postgres).
    #[error("a distributed database has no {0}: it has no single order of transactions")]
    NotDistributed(&'static str),
    /// Stored data is corrupt.
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

    /// The damage to stored data.
    ///
    /// # Errors
    /// It is not about stored data.
    pub(super) fn damage(self) -> Result<Damage, Self> {
        match self {
            Self::Damaged(damage) => Ok(damage),
            other => Err(other),
        }
    }

    /// Whether the pending changes are committed, given this error.
    pub(super) fn failure(&self, sent: Sent) -> CommitFailure {
        let Self::Database(error) = self else { return CommitFailure::Refused };
        match (error.as_db_error(), sent) {
            (Some(answer), _) => answered(sent, is_fatal(answer), answer.code()),
            (None, Sent::Uncommitted) if self.is_disconnected() => CommitFailure::Conflict,
            (None, Sent::Uncommitted) => CommitFailure::Refused,
            // Not an answer of the server's, or not one that can be understood. The commit may have arrived.
            (None, Sent::Committing | Sent::Commit) => CommitFailure::InDoubt,
        }
    }

    /// Whether it is an answer of the server's, on a connection that goes on.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Self::Database(error) if error.as_db_error().is_some()) && !self.is_disconnected()
    }

    /// Whether its connection is gone.
    pub(super) fn is_disconnected(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error.as_db_error() {
            Some(answer) => is_fatal(answer),
            None => error.is_closed() || is_io(error),
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

/// The fault of a server's certificate, if that is why the connection failed.
fn distrust(error: &PoolError) -> Option<&rustls::Error> {
    let PoolError::Backend(error) = error else { return None };
    // The handshake's error comes inside one of the stream's.
    let error = std::error::Error::source(error)?.downcast_ref::<std::io::Error>()?;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(error, rustls::Error::InvalidCertificate(_)).then_some(error)
}

/// The statement that an error answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// A statement that commits nothing: it reads, or its transaction is rolled back now.
    Uncommitted,
    /// A statement outside a transaction, which is committed as it ends.
    Committing,
    /// `COMMIT`.
    Commit,
}

/// Whether anything was written, when the answer is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitFailure {
    /// Something was in the way. Nothing was written, and it may be tried again.
    Conflict,
    /// Nothing was written.
    Refused,
    /// It may have been written.
    InDoubt,
}

/// What an error of the server's says: a commit is in doubt unless the code proves that nothing was committed.
///
/// A plain server answers an error to nothing that it has committed, unless it ends the session (`FATAL`) between the
/// commit and the answer. Others pass on an error that came after the commit: a coordinator that lost the worker which
/// had committed (class 08, `57P01`, `XX000`), was told to stop waiting (`57014`), or ran out of something itself (class
/// 53); a pooler; CockroachDB, which says so (`40003`). Only the code tells them apart. So only these are proof:
/// - `40001` and `40P01`: every such database rolls back the transaction that it chose to fail.
/// - In answer to a statement that commits by itself, a code that finds fault with the statement, its values or its target,
///   as it is raised before the statement ends: see [`REFUSALS`]. No constraint of the schema is deferred.
///
/// In answer to `COMMIT` no other code is proof, not even a violated constraint (`23505`): by then every constraint of the
/// schema has been checked, and of several machines that commit, one may fail after another has committed.
fn answered(sent: Sent, is_fatal: bool, code: &SqlState) -> CommitFailure {
    let is_rolled_back =
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code);
    let is_refusal = REFUSALS.iter().any(|refusal| code.code().starts_with(refusal));
    match sent {
        _ if is_rolled_back && !is_fatal => CommitFailure::Conflict,
        Sent::Uncommitted if is_fatal => CommitFailure::Conflict,
        Sent::Uncommitted => CommitFailure::Refused,
        Sent::Committing if is_refusal && !is_fatal => CommitFailure::Refused,
        Sent::Committing | Sent::Commit => CommitFailure::InDoubt,
    }
}

/// Codes and classes of a statement that is refused before it ends: not supported (0A), invalid values (22), a violated
/// constraint (23), sent to a standby (25), not prepared on this connection (26), wrong or not allowed (42), `lock_timeout`
/// (55P03), refused by a trigger (P0).
const REFUSALS: [&str; 8] = ["0A", "22", "23", "25", "26", "42", "55P03", "P0"];

/// Whether the session has ended.
fn is_fatal(answer: &DbError) -> bool {
    matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

#[cfg(test)]
mod tests;
