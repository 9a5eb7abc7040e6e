//! The tables, their formats, and how an older file becomes a newer one.
//!
//! Every table is called `scrip_…`, so that it can stand among the caller's own.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{SqliteError, projections};

/// The application id in the header of a file that holds only a ledger: `scrp`.
pub(super) const APPLICATION_ID: i64 = 0x7363_7270;

/// One migration from each format to the next. A released migration never changes.
const MIGRATIONS: [fn() -> String; 2] = [ledger, projected];

/// The format that this version writes.
#[allow(clippy::cast_possible_wrap)] // There are few.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// Makes the tables, or brings those of an older version up to this one, in one transaction.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), SqliteError> {
    if found(connection)? == FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated it in the meantime.
    let found = found(&transaction)?;
    for (step, format) in MIGRATIONS.iter().zip(1..) {
        if format > found {
            transaction.execute_batch(&step())?;
        }
    }
    let write = "INSERT INTO scrip_meta VALUES ('format', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
    transaction.execute(write, [FORMAT])?;
    Ok(transaction.commit()?)
}

/// Refuses a file with another application's id, and sets this crate's id in a new one.
pub(super) fn claim(connection: &Connection, is_read_only: bool) -> Result<(), SqliteError> {
    let application_id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application_id == APPLICATION_ID || found(connection)? > 0 {
        return Ok(());
    }
    if application_id != 0 {
        return Err(SqliteError::Foreign { application_id });
    }
    let count = "SELECT count(*) FROM sqlite_schema";
    let is_empty = connection.query_row(count, [], |row| row.get::<_, i64>(0))? == 0;
    if is_empty && !is_read_only {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

/// The format of the existing tables; zero if there are none.
///
/// # Errors
/// It is newer than this version.
pub(super) fn found(connection: &Connection) -> Result<i64, SqliteError> {
    let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'scrip_meta'";
    if connection.query_row(exists, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    let read = "SELECT value FROM scrip_meta WHERE name = 'format'";
    match connection.query_row(read, [], |row| row.get(0)).optional()? {
        Some(found) if found > FORMAT => Err(SqliteError::Newer { found, known: FORMAT }),
        Some(found) => Ok(found),
        None => Ok(0),
    }
}

/// Format 1: the ledger.
fn ledger() -> String {
    "CREATE TABLE scrip_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE scrip_profile (number INTEGER PRIMARY KEY, profile TEXT NOT NULL UNIQUE);
     CREATE TABLE scrip_head (
        number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, last INTEGER NOT NULL, soonest INTEGER);
     CREATE TABLE scrip_journal (
        place INTEGER PRIMARY KEY, number INTEGER NOT NULL, before INTEGER NOT NULL, entries BLOB NOT NULL);
     CREATE TABLE scrip_state (number INTEGER PRIMARY KEY, account BLOB NOT NULL);
     CREATE TABLE scrip_mark (entry INTEGER PRIMARY KEY, place INTEGER NOT NULL);
     CREATE TABLE scrip_name (
        hash INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL,
        PRIMARY KEY (hash, number, place)) WITHOUT ROWID;
     CREATE TABLE scrip_subject (
        number INTEGER NOT NULL, subject INTEGER NOT NULL, place INTEGER NOT NULL,
        PRIMARY KEY (number, subject, place)) WITHOUT ROWID;"
        .to_owned()
}

/// Format 2: the tables for reports, filled from the journal.
fn projected() -> String {
    let cursor = "CREATE TABLE scrip_cursor (name TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;\n";
    cursor.to_owned() + &projections::create()
}
