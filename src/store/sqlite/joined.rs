//! The store inside a transaction that the caller has open.

use rusqlite::Connection;

use super::cache::AccountCache;
use super::schema::FORMAT;
use super::session::SqliteSession;
use super::tables::Tables;
use super::{SqliteError, SqliteStore, schema};
use crate::store::apart::Apart;
use crate::store::{CommitStatus, Store, Work};

/// A store that joins a transaction which the caller has open; see [`SqliteStore::joining`].
///
/// Each unit has a savepoint of its own, so that a failed one leaves its neighbours and the caller's own rows
/// alone. Nothing is kept in memory from one run to the next.
#[derive(Debug)]
pub struct JoinedSqlite<'c> {
    connection: &'c Connection,
}

impl SqliteStore {
    /// A store in a transaction that the caller has open on their own connection: the ledger's rows are committed or rolled
    /// back with the caller's. Outcomes are staged ([`Receipt::is_staged`](crate::Receipt::is_staged)) until then.
    ///
    /// The database must have been [prepared](SqliteStore::prepare).
    ///
    /// ```
    /// use rusqlite::Connection;
    /// use scrip::store::sqlite::SqliteStore;
    /// use scrip::{
    ///     Amount, Define, IssueReward, Ledger, ProfileId, Program, Redeem, RewardDefinition,
    /// };
    /// # use scrip::store::sqlite::rusqlite;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut shop = Connection::open_in_memory()?;
    /// shop.execute_batch("CREATE TABLE sale (id INTEGER PRIMARY KEY, paid TEXT NOT NULL)")?;
    /// SqliteStore::prepare(&mut shop)?;
    ///
    /// let program = Program::new("AUD", "Australia/Melbourne")?;
    /// let now = "2025-06-15T14:32:00+10:00".parse()?;
    /// let alice = ProfileId::new("alice")?;
    ///
    /// let transaction = shop.transaction()?;
    /// let mut ledger = Ledger::new(program, SqliteStore::joining(&transaction)?);
    /// let bonus = RewardDefinition::new("bonus".parse()?, "Bonus", Amount::from(10));
    /// let bonus = ledger.at(now).commit(Define::from(bonus))?;
    /// ledger.at(now).commit(IssueReward::new(alice, bonus.id))?;
    /// let receipt = ledger.at(now).commit_with_receipt(Redeem::strict(alice, Amount::from(4)))?;
    /// assert!(receipt.is_staged);
    /// transaction.execute("INSERT INTO sale VALUES (1, '95.95')", [])?;
    /// transaction.commit()?; // the sale and the redemption, or neither
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SqliteError::Unprepared`] or [`SqliteError::Newer`]: the tables are not there, or not in this version's format.
    pub fn joining(connection: &Connection) -> Result<JoinedSqlite<'_>, SqliteError> {
        match schema::found(connection)? {
            FORMAT => Ok(JoinedSqlite { connection }),
            found => Err(SqliteError::Unprepared { found, known: FORMAT }),
        }
    }

    /// Makes the ledger's tables in a database of the caller's, or brings those of an older version up to this one. They are
    /// all called `scrip_…`. Does nothing if they are there.
    ///
    /// # Errors
    /// [`SqliteError::Newer`], or SQLite failed; nothing is changed then.
    pub fn prepare(connection: &mut Connection) -> Result<(), SqliteError> {
        schema::prepare(connection)
    }
}

impl Store for JoinedSqlite<'_> {
    type Error = SqliteError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), SqliteError> {
        if self.connection.is_autocommit() {
            return Err(SqliteError::NoTransaction);
        }
        let mut apart = Apart::new((0..work.needs().len()).map(|unit| unit..unit.saturating_add(1)));
        while let Some(units) = apart.next() {
            match self.unit(work, units.start) {
                Ok(status) => work.settle(units.start, status),
                Err(error) => {
                    // SQLite itself rolls back after some errors, and a stale snapshot can never write.
                    if self.connection.is_autocommit() || error.is_stale() {
                        work.settle(units.start, CommitStatus::Aborted);
                    }
                    apart.failed(units, error)?;
                }
            }
        }
        apart.end()
    }
}

impl JoinedSqlite<'_> {
    fn unit(&self, work: &mut dyn Work, unit: usize) -> Result<CommitStatus, SqliteError> {
        self.connection.execute_batch("SAVEPOINT scrip_unit")?;
        let mut cache = AccountCache::default();
        let mut session = SqliteSession::new(Tables(self.connection), &mut cache);
        let status = session.unit(work, unit, CommitStatus::Staged).and_then(|status| match status {
            CommitStatus::Staged => {
                Ok(if session.flush()? { CommitStatus::Staged } else { CommitStatus::Conflict })
            }
            other => Ok(other),
        });
        if matches!(status, Ok(CommitStatus::Staged)) {
            self.connection.execute_batch("RELEASE scrip_unit")?;
        } else if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK TO scrip_unit; RELEASE scrip_unit")?;
        }
        status
    }
}
