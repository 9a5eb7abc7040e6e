//! The tables, their formats, and how an older file becomes a newer one.
//!
//! Every table is called `scrip_…`, so that it can stand among the caller's own.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::SqliteError;

/// What is written in the header of a file that holds nothing but a ledger: `scrp`.
pub(super) const APPLICATION_ID: i64 = 0x7363_7270;

/// One step from each format to the next. What was released once never changes.
const MIGRATIONS: [&str; 2] = [
    // 1: the ledger.
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
        PRIMARY KEY (number, subject, place)) WITHOUT ROWID;",
    // 2: what people query, filled from the journal.
    "CREATE TABLE scrip_cursor (name TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE scrip_account (
        number INTEGER PRIMARY KEY, profile TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, last_at INTEGER NOT NULL,
        reward_balance INTEGER NOT NULL, reward_pending INTEGER NOT NULL, reward_held INTEGER NOT NULL,
        point_balance INTEGER NOT NULL, point_pending INTEGER NOT NULL, point_held INTEGER NOT NULL,
        point_debt INTEGER NOT NULL);
     CREATE TABLE scrip_definition (
        definition INTEGER PRIMARY KEY, kind TEXT NOT NULL, handle TEXT NOT NULL, name TEXT NOT NULL,
        is_archived INTEGER NOT NULL);
     CREATE TABLE scrip_lot (
        number INTEGER NOT NULL, lot INTEGER NOT NULL, kind TEXT NOT NULL, definition INTEGER, external_id TEXT,
        initial INTEGER NOT NULL, remaining INTEGER NOT NULL, held INTEGER NOT NULL, standing TEXT NOT NULL,
        issued_at INTEGER NOT NULL, available_at INTEGER NOT NULL, expires_at INTEGER, moved_to INTEGER,
        PRIMARY KEY (number, lot)) WITHOUT ROWID;
     CREATE INDEX scrip_lot_expiry ON scrip_lot (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;
     CREATE TABLE scrip_redemption (
        redemption INTEGER PRIMARY KEY, number INTEGER NOT NULL, redeemed_at INTEGER NOT NULL,
        requested INTEGER NOT NULL, total INTEGER NOT NULL, returned INTEGER NOT NULL, is_reversed INTEGER NOT NULL,
        transaction_id INTEGER, hold INTEGER);
     CREATE INDEX scrip_redemption_number ON scrip_redemption (number);
     CREATE TABLE scrip_redemption_item (
        redemption INTEGER NOT NULL, place INTEGER NOT NULL, lot INTEGER NOT NULL, kind TEXT NOT NULL,
        amount INTEGER NOT NULL, points INTEGER NOT NULL,
        PRIMARY KEY (redemption, place)) WITHOUT ROWID;
     CREATE TABLE scrip_transaction (
        transaction_id INTEGER PRIMARY KEY, number INTEGER NOT NULL, external_id TEXT, redemption INTEGER,
        total INTEGER NOT NULL, total_original INTEGER NOT NULL, returned INTEGER NOT NULL,
        points_earned INTEGER NOT NULL, transacted_at INTEGER NOT NULL, is_deleted INTEGER NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
     CREATE INDEX scrip_transaction_number ON scrip_transaction (number);
     CREATE INDEX scrip_transaction_name ON scrip_transaction (external_id) WHERE external_id IS NOT NULL;",
];

/// The format that this version writes.
#[allow(clippy::cast_possible_wrap)] // There are few.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// Makes the tables, or brings those of an older version up to this one, in one transaction.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), SqliteError> {
    if found(connection)? == FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it meanwhile.
    let found = found(&transaction)?;
    for (step, format) in MIGRATIONS.iter().zip(1..) {
        if format > found {
            transaction.execute_batch(step)?;
        }
    }
    let write = "INSERT INTO scrip_meta VALUES ('format', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
    transaction.execute(write, [FORMAT])?;
    Ok(transaction.commit()?)
}

/// Refuses a file that somebody else's application has made, and puts this one's name on a new one.
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

/// The format of the tables that there are; zero if there are none.
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
