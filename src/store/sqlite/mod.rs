//! The store in one SQLite file: the embedded durable default (feature `sqlite`).
//!
//! A commit is one transaction, flushed to the disk once, whatever its size: [`Ledger::run_all`](crate::Ledger::run_all)
//! puts many requests in one. Any number of processes may open the file. See [the guide](crate::guide::operating) for
//! backups, several processes, and figures.
//!
//! # Tables
//! - `scrip_head`: one narrow row for each account, which is compared and swapped: its number, the sequence number of
//!   its last entry, and where that is.
//! - `scrip_journal`: the truth. One row for what one change wrote to one account, appended and never changed; each
//!   says where the row before it in the same journal is. So it needs no index; every sixteenth entry's place is noted
//!   in `scrip_mark`, so that an old entry is found in a few steps.
//! - `scrip_state`: the folded account, written every few entries. The rest is folded in on load.
//! - `scrip_name` and `scrip_subject`: where to find the entries that have keys, names and subjects. Most have none.
//! - Tables for people to query, filled from the journal when asked to: see [`SqliteStore::project`].
//!
//! # Tables of your own
//! Identifiers, keys, amounts and instants are parameters and columns as they are ([`rusqlite::ToSql`] and
//! [`FromSql`](rusqlite::types::FromSql)), and are checked when they are read. An identifier is an integer; amounts and
//! points are integers of ten-thousandths, and a [`Timestamp`](crate::Timestamp) is one of microseconds since 1970.
//!
//! ```
//! use scrip::store::sqlite::rusqlite::Connection;
//! use scrip::{Amount, ProfileId, RedemptionId, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, now) = (ProfileId::new("alice")?, "2025-06-15T14:32:00+10:00".parse::<Timestamp>()?);
//! let (redemption, total) = (RedemptionId::new(4_194_306)?, "99.95".parse::<Amount>()?);
//! let shop = Connection::open_in_memory()?;
//! shop.execute_batch("CREATE TABLE sale (customer TEXT, redemption INTEGER, total INTEGER, sold_at INTEGER)")?;
//! shop.execute("INSERT INTO sale VALUES (?, ?, ?, ?)", (alice, redemption, total, now))?;
//!
//! let read: (ProfileId, RedemptionId, Amount, Timestamp) =
//!     shop.query_row("SELECT * FROM sale", [], |row| row.try_into())?;
//! assert_eq!(read, (alice, redemption, total, now));
//! # Ok(())
//! # }
//! ```

mod cache;
mod check;
mod error;
mod joined;
mod options;
mod projections;
mod scan;
mod schema;
mod session;
mod tables;
mod values;

use std::ops::Range;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

pub use super::check::CheckReport;
pub use super::projection::ProjectReport;
pub use error::SqliteError;
pub use joined::JoinedSqlite;
pub use options::{Durability, SqliteOptions};
/// The client library whose connections can be joined.
pub use rusqlite;

use self::cache::AccountCache;
use self::session::SqliteSession;
use self::tables::Tables;
use super::apart::Apart;
use super::{CommitStatus, Store, Work};

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 64;
/// A page in a new file, as large as those of most disks: a commit writes whole pages.
const PAGE_SIZE: i64 = 4096;

/// A ledger's store in a SQLite file.
///
/// ```
/// use scrip::store::sqlite::SqliteStore;
/// use scrip::{Amount, Define, IssueReward, Ledger, ProfileId, Program, Redeem, RewardDefinition};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ledger.sqlite");
/// let program = Program::new("AUD", "Australia/Melbourne")?;
/// let (alice, now) = (ProfileId::new("alice")?, "2025-06-15T14:32:00+10:00".parse()?);
///
/// let mut ledger = Ledger::new(program.clone(), SqliteStore::open(&path)?);
/// let bonus = RewardDefinition::new("bonus".parse()?, "Bonus", Amount::from(10));
/// let bonus = ledger.at(now).commit(Define::from(bonus))?;
/// ledger.at(now).commit(IssueReward::new(alice, bonus.id))?;
/// ledger.at(now).commit(Redeem::strict(alice, "7.50".parse()?))?;
/// drop(ledger);
///
/// let mut again = Ledger::new(program, SqliteStore::open(&path)?);
/// assert_eq!(again.at(now).balances(alice)?.reward_balance, "2.50".parse()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    options: SqliteOptions,
    cache: AccountCache,
    /// The version of the data that the cache reflects.
    version: Option<i64>,
    statuses: Vec<CommitStatus>,
}

impl SqliteStore {
    /// Opens a file, or creates it; a file of an older format is migrated.
    ///
    /// # Errors
    /// It is a newer version's ([`SqliteError::Newer`]) or another application's; or it cannot be opened, made, read or
    /// written ([`SqliteError::CannotOpen`]).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Self::open_with(path, SqliteOptions::new())
    }

    /// Opens a file in a certain way; see [`SqliteStore::open`].
    ///
    /// ```
    /// use scrip::store::sqlite::{SqliteOptions, SqliteStore};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("ledger.sqlite");
    /// let mut writer = SqliteStore::open(&path)?;
    /// let mut reader = SqliteStore::open_with(&path, SqliteOptions::new().read_only())?;
    /// assert!(reader.check()?.is_whole());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; and a file of an older format, where it is only to be read.
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SqliteError> {
        let access = if options.is_read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let path = path.as_ref();
        let opened = Connection::open_with_flags(path, flags).map_err(SqliteError::from);
        opened.and_then(|connection| Self::of(connection, options)).map_err(|error| error.opening(path))
    }

    /// A store that is gone when it is dropped; for tests.
    ///
    /// ```
    /// use scrip::store::sqlite::SqliteStore;
    /// use scrip::{Ledger, Program, ProfileId};
    ///
    /// let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, SqliteStore::in_memory()?);
    /// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// assert!(till.balances(ProfileId::new("alice")?)?.reward_balance.is_zero());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// SQLite failed.
    pub fn in_memory() -> Result<Self, SqliteError> {
        Self::of(Connection::open_in_memory()?, SqliteOptions::new())
    }

    fn of(mut connection: Connection, options: SqliteOptions) -> Result<Self, SqliteError> {
        connection.busy_timeout(options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Plans do not depend on bound values; otherwise SQLite prepares a look-up again for each new value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // SQLite opens a read-only file without an error. Fail now rather than at the first customer's request.
        if !options.is_read_only && connection.is_readonly(MAIN_DB)? {
            let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
            return Err(SqliteError::ReadOnly(rusqlite::Error::SqliteFailure(error, None)));
        }
        schema::claim(&connection, options.is_read_only)?;
        let kibibytes = i64::try_from(options.page_cache >> 10).unwrap_or(i64::MAX);
        connection.pragma_update(None, "cache_size", kibibytes.saturating_neg())?;
        if options.is_read_only {
            match schema::found(&connection)? {
                schema::FORMAT => {}
                found => return Err(SqliteError::Unprepared { found, known: schema::FORMAT }),
            }
        } else {
            // Of a file that exists already, the page size stays.
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", options.durability.synchronous())?;
            let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages =
                |bytes| i64::try_from(bytes).unwrap_or(i64::MAX).checked_div(page).unwrap_or(1).max(1);
            connection.pragma_update(None, "wal_autocheckpoint", pages(options.log_bytes))?;
            if let Some(bytes) = options.max_bytes {
                connection.pragma_update(None, "max_page_count", pages(bytes))?;
            }
            schema::prepare(&mut connection)?;
        }
        Ok(Self { connection, options, cache: AccountCache::default(), version: None, statuses: Vec::new() })
    }

    fn run_together(&mut self, work: &mut dyn Work, units: Range<usize>) -> Result<(), SqliteError> {
        // A single unit may be a query, which waits for no writer. If it writes and another writer has written since it
        // began, it is run again with the others kept out from the start.
        if units.len() <= 1 {
            match self.attempt(work, units.clone(), "BEGIN") {
                Err(SqliteError::Busy(_)) => {}
                result => return result,
            }
        }
        self.attempt(work, units, "BEGIN IMMEDIATE")
    }

    /// Runs some units of a work in one transaction.
    fn attempt(&mut self, work: &mut dyn Work, units: Range<usize>, begin: &str) -> Result<(), SqliteError> {
        Tables(&self.connection).prepare(begin)?.execute([])?;
        self.statuses.clear();
        let staged = self.stage(work, units.clone());
        if !matches!(staged, Ok(true)) {
            // The decisions made in the transaction do not hold.
            self.cache.clear();
            self.roll_back();
            let is_swapped = staged?;
            debug_assert!(!is_swapped);
            self.statuses.iter_mut().for_each(|status| *status = CommitStatus::Conflict);
        } else if let Err(error) = self.commit() {
            self.cache.clear();
            let is_open = !self.connection.is_autocommit();
            self.roll_back();
            // A commit refused before writing is not committed; after any other error, only a look-up can tell.
            if !error.is_before_the_commit(is_open) {
                units.for_each(|unit| work.settle(unit, CommitStatus::InDoubt));
            }
            return Err(error);
        }
        units.zip(&self.statuses).for_each(|(unit, status)| work.settle(unit, *status));
        self.cache.shrink(self.options.resident);
        Ok(())
    }

    /// Runs the units; `false`: another writer was faster.
    fn stage(&mut self, work: &mut dyn Work, units: Range<usize>) -> Result<bool, SqliteError> {
        let tables = Tables(&self.connection);
        // This statement also takes the snapshot.
        let version = Some(tables.data_version()?);
        if self.version != version {
            self.cache.clear();
            self.version = version;
        }
        let mut session = SqliteSession::new(tables, &mut self.cache);
        for unit in units {
            self.statuses.push(session.unit(work, unit, CommitStatus::Committed)?);
        }
        session.flush()
    }

    fn commit(&self) -> Result<(), SqliteError> {
        Tables(&self.connection).prepare("COMMIT")?.execute([])?;
        Ok(())
    }

    /// After an error SQLite may have rolled back by itself. If it cannot, the connection's next transaction fails.
    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Store for SqliteStore {
    type Error = SqliteError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), SqliteError> {
        let mut apart = Apart::new(std::iter::once(0..work.needs().len()));
        while let Some(units) = apart.next() {
            if let Err(error) = self.run_together(work, units.clone()) {
                apart.failed(units, error)?;
            }
        }
        apart.end()
    }
}
