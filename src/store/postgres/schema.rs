//! The tables and their migrations: one step for each version of the schema.
//!
//! Nothing here may stand in the way of spreading the tables over many machines by profile number: every key starts
//! with it, nothing is unique across profiles but their names, and there are no foreign keys and no triggers.

use deadpool_postgres::GenericClient;

use super::{Layout, Options, PostgresError, projections};

/// The version of the schema that this version of the crate reads and writes.
pub const SCHEMA_VERSION: i32 = 3;

type Migration = fn(&Options) -> String;

/// The migration from each version to the next. A released migration never changes.
const STEPS: [Migration; SCHEMA_VERSION as usize] = [journals, projected, archive];

/// From which version of the schema to which a migration led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrateReport {
    /// The version before; zero if there was no schema.
    pub from: i32,
    /// The version now.
    pub to: i32,
}

/// The one row about the schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) version: i32,
    /// The offset added to the database's transaction ids to give positions in the feed.
    pub(super) offset: i64,
}

/// The statements that lead from one version of the schema to the next, for those who would rather carry them out
/// themselves. They belong in one transaction.
pub(super) fn statements(options: &Options, from: i32) -> Result<Vec<String>, PostgresError> {
    let schema = options.checked_schema()?;
    let done = usize::try_from(from).unwrap_or(0);
    let mut statements: Vec<String> = STEPS.iter().skip(done).map(|step| step(options)).collect();
    if !statements.is_empty() {
        statements.push(format!("UPDATE {schema}.version SET version = {SCHEMA_VERSION}"));
    }
    Ok(statements)
}

/// Reads the row about the schema; version zero if there is no schema.
pub(super) async fn read(client: &impl GenericClient, options: &Options) -> Result<State, PostgresError> {
    let schema = options.checked_schema()?;
    let sql =
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1 AND table_name = 'version'";
    let tables: i64 = client.query_one(sql, &[&schema]).await?.try_get(0)?;
    if tables == 0 {
        return Ok(State { version: 0, offset: 0 });
    }
    let sql = format!("SELECT version, position, distributed, partitioned FROM {schema}.version");
    let row = client.query_one(&sql, &[]).await?;
    let state = State { version: row.try_get(0)?, offset: row.try_get(1)? };
    if state.version > SCHEMA_VERSION {
        return Err(PostgresError::TooNew { found: state.version, known: SCHEMA_VERSION });
    }
    let layout: (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
    if layout != (options.layout == Layout::Distributed, options.partitioned) {
        return Err(PostgresError::OtherLayout);
    }
    Ok(state)
}

/// Brings the schema up to date, inside a transaction.
pub(super) async fn migrate(
    client: &impl GenericClient,
    options: &Options,
) -> Result<MigrateReport, PostgresError> {
    let schema = options.checked_schema()?;
    // A second process waits here, and then finds nothing left to do.
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&lock_number(schema)]).await?;
    let from = read(client, options).await?.version;
    for statement in statements(options, from)?.into_iter().filter(|statement| !statement.is_empty()) {
        client.batch_execute(&statement).await?;
    }
    if options.layout == Layout::OneServer {
        // A database that was restored from a dump counts its transactions anew; positions must go on.
        let sql = format!(
            "UPDATE {schema}.version SET position = last.position - pg_current_xact_id()::text::bigint + 1
             FROM (SELECT max(position) AS position FROM {schema}.head) AS last
             WHERE last.position > version.position + pg_current_xact_id()::text::bigint"
        );
        client.batch_execute(&sql).await?;
    }
    Ok(MigrateReport { from, to: SCHEMA_VERSION })
}

/// The number of the lock that a migration of this schema takes.
fn lock_number(schema: &str) -> i64 {
    schema.bytes().fold(0x0073_6372_6970, |number: i64, byte| {
        number.wrapping_mul(0x0100_0193).wrapping_add(i64::from(byte))
    })
}

/// Version 1: profiles, journals, and the look-up tables.
fn journals(options: &Options) -> String {
    let schema = &options.schema;
    let is_one = options.layout == Layout::OneServer;
    // Comparing bytes is faster than any language's order, and nothing here is shown to people.
    let text = if is_one { "text COLLATE \"C\"" } else { "text" };
    // Room in each page for the next version of its rows, so that no index has to follow them.
    let roomy = if is_one { " WITH (fillfactor = 70)" } else { "" };
    let (time, partition) = if options.partitioned { (", at", " PARTITION BY RANGE (at)") } else { ("", "") };
    let mut sql = format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE {schema}.version (
             version integer PRIMARY KEY, distributed boolean NOT NULL, partitioned boolean NOT NULL,
             position bigint NOT NULL);
         INSERT INTO {schema}.version VALUES (1, {distributed}, {partitioned}, 0);
         CREATE SEQUENCE {schema}.number AS integer;
         CREATE TABLE {schema}.profile (profile {text} PRIMARY KEY, number integer NOT NULL);
         CREATE TABLE {schema}.head (
             number integer PRIMARY KEY, profile {text}, sequence integer NOT NULL, previous integer NOT NULL,
             position bigint NOT NULL){roomy};
         CREATE TABLE {schema}.journal (
             number integer NOT NULL, sequence integer NOT NULL, at bigint NOT NULL, position bigint NOT NULL,
             entry bytea NOT NULL, PRIMARY KEY (number, sequence{time})){partition};
         CREATE TABLE {schema}.state (
             number integer PRIMARY KEY, sequence integer NOT NULL, deadline bigint, expires bigint,
             state bytea NOT NULL){roomy};
         CREATE TABLE {schema}.key (
             number integer, key {text}, sequence integer, PRIMARY KEY (number, key, sequence));
         CREATE TABLE {schema}.name (
             number integer, sort smallint, name {text}, sequence integer,
             PRIMARY KEY (number, sort, name, sequence));
         CREATE TABLE {schema}.subject (
             number integer, subject bigint, sequence integer, PRIMARY KEY (number, subject, sequence));
         CREATE INDEX name_of_anybody ON {schema}.name (sort, name);
         CREATE INDEX state_deadline ON {schema}.state (deadline) WHERE deadline IS NOT NULL;
         CREATE INDEX state_expires ON {schema}.state (expires) WHERE expires IS NOT NULL;",
        distributed = !is_one,
        partitioned = options.partitioned,
    );
    if options.partitioned {
        sql.push_str(&format!("CREATE TABLE {schema}.journal_rest PARTITION OF {schema}.journal DEFAULT;"));
    }
    if !is_one {
        // A copy of the entries of number 0, which every machine has.
        sql.push_str(&format!(
            "CREATE TABLE {schema}.catalogue (sequence integer PRIMARY KEY, entry bytea NOT NULL);"
        ));
    }
    if is_one {
        // Only the feed reads by it. New entries always go to its end, which costs little.
        sql.push_str(&format!("CREATE INDEX journal_position ON {schema}.journal (position);"));
    }
    sql
}

/// Version 2: the tables for reports, filled from the journal.
fn projected(options: &Options) -> String {
    let schema = &options.schema;
    // A distributed database has no feed to fill them from.
    if options.layout == Layout::Distributed {
        return String::new();
    }
    format!(
        "CREATE TABLE {schema}.cursor (name text PRIMARY KEY, position text NOT NULL);
         INSERT INTO {schema}.cursor VALUES ('tables', '');
         {}",
        projections::create(schema),
    )
}

/// Version 3: the archive, for entries that are no longer needed.
fn archive(options: &Options) -> String {
    let schema = &options.schema;
    format!(
        "CREATE TABLE {schema}.archive (
             number integer NOT NULL, sequence integer NOT NULL, at bigint NOT NULL, position bigint NOT NULL,
             entry bytea NOT NULL, PRIMARY KEY (number, sequence));"
    )
}
