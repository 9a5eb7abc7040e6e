//! The store in PostgreSQL: for many processes on many machines.
//!
//! ```no_run
//! use scrip::store::postgres::{Options, PostgresStore};
//! use scrip::{AsyncLedger, ProfileId, Program};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = "host=db.example user=loyalty dbname=shop sslmode=require".parse()?;
//! let options = Options::new();
//! PostgresStore::migrate(&config, &options).await?; // once, by whoever deploys
//! let store = PostgresStore::connect(&config, &options).await?;
//! let mut ledger = AsyncLedger::new(Program::new("AUD", "Australia/Melbourne")?, store);
//! let balances = ledger.at("2025-06-15T14:32:00+10:00".parse()?).balances(ProfileId::new("alice")?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The guide has a page on [operating it](crate::guide::postgres): spreading it over machines, partitions, retention,
//! and joining a transaction of your own.
//!
//! # Tables of your own
//! Identifiers, keys, amounts and instants are parameters and columns as they are ([`ToSql`](tokio_postgres::types::ToSql)
//! and [`FromSql`](tokio_postgres::types::FromSql)), and are checked when they are read. An identifier is a `bigint`, a
//! text a `text`; amounts and points are `bigint`, in ten-thousandths; a [`Timestamp`](crate::Timestamp) is a `timestamptz`,
//! or a `bigint` of microseconds since 1970 as in the tables that [`PostgresStore::project`] fills.
//!
//! ```no_run
//! use scrip::store::postgres::tokio_postgres::Client;
//! use scrip::{Amount, ProfileId, Redemption, RedemptionId, Timestamp};
//!
//! # async fn example(shop: Client, redemption: Redemption) -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, now) = (ProfileId::new("alice")?, "2025-06-15T14:32:00+10:00".parse::<Timestamp>()?);
//! let create = "CREATE TABLE sale (customer text, redemption bigint, taken bigint, sold_at timestamptz)";
//! shop.batch_execute(create).await?;
//! let insert = "INSERT INTO sale VALUES ($1, $2, $3, $4)";
//! shop.execute(insert, &[&alice, &redemption.id, &redemption.total, &now]).await?;
//! let row = shop.query_one("SELECT * FROM sale", &[]).await?;
//! let (customer, id): (ProfileId, RedemptionId) = (row.try_get(0)?, row.try_get(1)?);
//! let (taken, sold_at): (Amount, Timestamp) = (row.try_get("taken")?, row.try_get("sold_at")?);
//! # Ok(())
//! # }
//! ```
//!
//! # Tables
//! A narrow **head** row for each account, compared and swapped; the **journal**, append-only, entries as few bytes;
//! the account's **state**, which lags behind the journal by a few entries and is caught up on load; and look-up rows
//! for the entries that have a key, a name, or change the record of an earlier thing. Any number of processes may share a
//! database: what one remembers of an account is compared with the head before anything is written.
//!
//! # Commit status
//! On one server, one statement loads what a unit needs and one commits it, so the units of a work share a round trip and a
//! flush. On a remembered account the commit is sent at once.
//! A head that moved, `40001` and `40P01` are [`CommitStatus::Conflict`]. A commit that is answered with another error, or with
//! none, is [`CommitStatus::InDoubt`], unless the code proves that nothing was committed: that, and every error before the
//! commit, is a [`PostgresError`].

mod ask;
mod batch;
mod catalogue;
mod check;
mod commit;
mod distributed;
mod error;
mod join;
mod load;
mod options;
mod projections;
mod remembered;
mod retention;
mod run;
mod scan;
mod schema;
mod session;
mod sql;
mod values;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use deadpool_postgres::Pool;

pub use error::PostgresError;
pub use join::Joined;
pub use options::{Layout, Options, Tls};
pub use remembered::RememberedReport;
pub use retention::ArchiveReport;
pub use schema::{MigrateReport, SCHEMA_VERSION};

pub use super::check::CheckReport;
pub use super::projection::ProjectReport;
/// The versions of these crates that are part of this interface.
pub use {deadpool_postgres, rustls, tokio_postgres};

#[cfg(doc)]
use super::CommitStatus;
use super::{AsyncStore, Work};
use crate::id::ProfileNumber;
use remembered::Remembered;

/// A handle on a ledger in PostgreSQL. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    options: Options,
    statements: sql::Statements,
    /// The offset added to the database's transaction ids to give positions in the feed.
    offset: i64,
    /// Profile numbers that were drawn and are not in use; the lowest last.
    spare: Mutex<Vec<ProfileNumber>>,
    remembered: Remembered,
    /// For how many more newcomers it is asked whether the machine of their number answers.
    wary: AtomicU32,
    /// What is known of the catalogue of a distributed database.
    catalogue: catalogue::Known,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).field("pool", &self.pool.status()).finish()
    }
}

impl PostgresStore {
    /// Creates or migrates the schema. Any number of processes may do so at once; one does it, and the
    /// others find it done.
    ///
    /// # Errors
    /// The schema is of a newer version, or was made with another layout; or the database failed.
    pub async fn migrate(
        config: &tokio_postgres::Config,
        options: &Options,
    ) -> Result<MigrateReport, PostgresError> {
        let pool = options.clone().connections(1).pool(config)?;
        let mut client = pool.get().await?;
        let transaction = client.transaction().await?;
        let migrated = schema::migrate(&transaction, options).await?;
        transaction.commit().await?;
        Ok(migrated)
    }

    /// The statements that [`PostgresStore::migrate`] would carry out on a schema of this version, zero for none: for
    /// those who carry them out themselves, in one transaction.
    ///
    /// # Errors
    /// The schema's name is invalid.
    pub fn migration(options: &Options, from: i32) -> Result<Vec<String>, PostgresError> {
        schema::statements(options, from)
    }

    /// Connects to a schema that is up to date, with connections of its own.
    ///
    /// # Errors
    /// The schema is of another version or layout, the server does not commit durably, or it cannot be reached.
    pub async fn connect(config: &tokio_postgres::Config, options: &Options) -> Result<Self, PostgresError> {
        Self::with_pool(options.pool(config)?, options).await
    }

    /// The same, over a pool that the caller has.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`].
    pub async fn with_pool(pool: Pool, options: &Options) -> Result<Self, PostgresError> {
        let client = pool.get().await?;
        let state = schema::read(&client, options).await?;
        if state.version < SCHEMA_VERSION {
            return Err(PostgresError::NotMigrated { found: state.version, needed: SCHEMA_VERSION });
        }
        let row = client.query_one("SELECT current_setting('synchronous_commit')", &[]).await?;
        if row.try_get::<_, String>(0)? == "off" {
            return Err(PostgresError::NotDurable);
        }
        drop(client);
        let statements = sql::Statements::new(options)?;
        let remembered = Remembered::new(options);
        let (options, offset, spare) = (options.clone(), state.offset, Mutex::default());
        let (catalogue, wary) = (catalogue::Known::default(), AtomicU32::new(0));
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                options,
                statements,
                offset,
                spare,
                remembered,
                wary,
                catalogue,
            }),
        })
    }

    /// The pool of connections.
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// How many accounts this process remembers, and how often that was of use; see [`Options::remembered`].
    ///
    /// ```no_run
    /// # fn example(store: &scrip::store::postgres::PostgresStore) {
    /// let report = store.remembered();
    /// println!("{} of {} requests took one round trip", report.hits, report.hits + report.loads);
    /// # }
    /// ```
    pub fn remembered(&self) -> RememberedReport {
        self.shared.remembered.report()
    }
}

impl AsyncStore for PostgresStore {
    type Error = PostgresError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), PostgresError> {
        self.shared.run(work).await
    }
}
