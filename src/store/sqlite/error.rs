//! The errors of the SQLite store.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi;
use thiserror::Error;

use crate::id::ProfileNumber;
use crate::store::{Damage, StoreError};

/// Why the SQLite store could not do something. Unless a unit is in doubt, nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// Another writer held the lock for longer than the [busy timeout](super::SqliteOptions::busy_timeout). Retry.
    #[error("another writer held the file for too long")]
    Busy(#[source] rusqlite::Error),
    /// The disk is full, or the file has as many pages as it may.
    #[error("the disk is full, or the file is at its size limit")]
    Full(#[source] rusqlite::Error),
    /// The file was opened only for reading; or one of the two beside it, `-wal` and `-shm`, cannot be written.
    #[error("the file, or its `-wal` or `-shm`, cannot be written")]
    ReadOnly(#[source] rusqlite::Error),
    /// The system refused to read or write: the disk is at fault, or a quota or a limit on the size of files is used up.
    #[error("the system refused to read or write the file")]
    Io(#[source] rusqlite::Error),
    /// The file cannot be opened, made or read; or it cannot be written, and was not said to be only for reading.
    #[error("`{}` cannot be opened", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this crate. Nothing in it was touched.
    #[error("the file has format {found}, and this version knows formats up to {known}: use a newer version")]
    Newer {
        /// The file's format.
        found: i64,
        /// The newest that this version knows.
        known: i64,
    },
    /// The file belongs to another application, by the id in its header. Nothing in it was touched.
    #[error("the file belongs to another application ({application_id:#010x})")]
    Foreign {
        /// The id in its header.
        application_id: i64,
    },
    /// [`SqliteStore::prepare`](super::SqliteStore::prepare) was not called, or not by this version, in the database of the
    /// connection to be joined.
    #[error(
        "the database has format {found} of the ledger's tables, not {known}: call `SqliteStore::prepare`"
    )]
    Unprepared {
        /// The database's format; zero if it has none of the tables.
        found: i64,
        /// The one that is needed.
        known: i64,
    },
    /// A transaction was to be joined, and none is open.
    #[error("there is no open transaction to join")]
    NoTransaction,
    /// Two billion profiles.
    #[error("the store has no numbers left")]
    NoNumbers,
    /// A change to the account of a number that was never drawn.
    #[error("the account to be changed does not exist")]
    NoSuchAccount,
    /// A position in the feed that this store did not give out.
    #[error("not a position in this store's feed")]
    NoSuchPosition,
    /// Stored data is corrupt.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// Anything else that SQLite says.
    #[error(transparent)]
    Sql(rusqlite::Error),
}

impl SqliteError {
    /// A stable code for programs to act on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Full(_) => "full",
            Self::ReadOnly(_) => "read_only",
            Self::Io(_) => "io",
            Self::CannotOpen { .. } => "cannot_open",
            Self::Newer { .. } => "newer_format",
            Self::Foreign { .. } => "foreign_file",
            Self::Unprepared { .. } => "unprepared",
            Self::NoTransaction => "no_transaction",
            Self::NoNumbers => "no_numbers",
            Self::NoSuchAccount => "no_such_account",
            Self::NoSuchPosition => "no_such_position",
            Self::Damaged(damage) => damage.code(),
            Self::Sql(_) => "sql",
        }
    }

    /// The damage to the rows of an account.
    ///
    /// # Errors
    /// It is not about stored data.
    pub(super) fn damage(self, number: ProfileNumber) -> Result<Damage, Self> {
        match self {
            Self::Damaged(damage) => Ok(damage),
            Self::Sql(error) if is_about_values(&error) => {
                Ok(Damage::broken(number, "a column has a value of another type"))
            }
            other => Err(other),
        }
    }

    /// Whether a commit that ended so surely wrote nothing. `is_open`: its transaction could still go on.
    pub(super) fn is_before_the_commit(&self, is_open: bool) -> bool {
        match self {
            Self::Busy(_) | Self::ReadOnly(_) => is_open,
            // The last write of a commit is what makes it one, so a write that was refused made none. SQLite has rolled
            // it back by itself. A flush that was refused may come after a commit that is there.
            Self::Full(_) => true,
            Self::Io(rusqlite::Error::SqliteFailure(error, _)) => {
                error.extended_code == ffi::SQLITE_IOERR_WRITE
            }
            _ => false,
        }
    }

    /// The same, about a file that was to be opened.
    pub(super) fn opening(self, file: &Path) -> Self {
        match self {
            Self::Sql(source) | Self::ReadOnly(source) | Self::Io(source) => {
                Self::CannotOpen { path: file.to_path_buf(), source }
            }
            other => other,
        }
    }

    /// Whether another writer has changed data that this transaction read, so that it cannot write any more.
    pub(super) fn is_stale(&self) -> bool {
        matches!(self, Self::Busy(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == ffi::SQLITE_BUSY_SNAPSHOT)
    }
}

impl StoreError for SqliteError {
    fn is_corruption(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sql(error) => is_about_values(error),
            _ => false,
        }
    }
}

/// A value of a type that this store does not write in that place.
const fn is_about_values(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
    )
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error),
            Some(ErrorCode::SystemIoFailure) => Self::Io(error),
            _ => Self::Sql(error),
        }
    }
}
