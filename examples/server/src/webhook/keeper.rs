//! Where it is kept how far the receivers were told: beside the ledger, so that a copy of one is a copy of both.
//!
//! SQLite and PostgreSQL are asked in the same words. In memory it is a SQLite database of its own, gone with the ledger.

use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use scrip::store::postgres::deadpool_postgres::{ClientWrapper, Object, Pool};
use scrip::store::postgres::tokio_postgres::types::ToSql;
use scrip::store::sqlite::rusqlite::{self, Connection};
use tokio::sync::Mutex;

use crate::backend::{Backend, Failure};
use crate::options::Where;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS webhook_receiver (
        name TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        is_gone BIGINT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS webhook_registration (
        name TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        registration TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS webhook_delivery (
        receiver TEXT NOT NULL,
        place BIGINT NOT NULL,
        status BIGINT NOT NULL,
        delivery TEXT NOT NULL,
        PRIMARY KEY (receiver, place)
    );
    CREATE INDEX IF NOT EXISTS webhook_delivery_by_status ON webhook_delivery (receiver, status, place);
";
/// In a schema of their own, made by one process while others wait.
const POSTGRES_TABLES: &str = "
    SELECT pg_advisory_xact_lock(7310, 2);
    CREATE SCHEMA IF NOT EXISTS scrip_server;
    SET search_path TO scrip_server;
";
/// Held by the process that delivers, for as long as its connection lives.
const POSTGRES_LEAD: &str = "SELECT pg_try_advisory_lock(7310, 1)";
/// How long to wait while the ledger writes to the same file.
const BUSY: Duration = Duration::from_secs(10);

/// A place where things can be kept.
#[derive(Clone)]
pub enum Keeper {
    Memory(Arc<std::sync::Mutex<Connection>>),
    Sqlite(PathBuf),
    Postgres(Pool),
}

/// A connection to it.
#[derive(Clone)]
pub enum Session {
    Sqlite {
        connection: Arc<std::sync::Mutex<Connection>>,
        /// The file that only one process can lock, if this is the one that delivers.
        lock: Option<Arc<File>>,
    },
    Postgres(Arc<Mutex<ClientWrapper>>),
}

/// A value in a statement.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Number(i64),
}

pub type Statement = (&'static str, Vec<Value>);

impl Keeper {
    /// Makes the tables.
    ///
    /// # Errors
    /// It cannot be opened or written.
    pub async fn prepare(place: &Where, backend: &Backend) -> Result<Self, Failure> {
        let keeper = match (place, backend) {
            (Where::Sqlite(path), _) => Self::Sqlite(path.clone()),
            (_, Backend::Postgres(shared)) => Self::Postgres(shared.ledger.clone().store().pool().clone()),
            _ => {
                let connection = Connection::open_in_memory().map_err(failed)?;
                Self::Memory(Arc::new(std::sync::Mutex::new(connection)))
            }
        };
        match keeper.open().await? {
            Session::Sqlite { connection, .. } => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                connection.execute_batch(TABLES).map_err(failed)?;
            }
            Session::Postgres(client) => {
                let mut client = client.lock().await;
                let transaction = client.transaction().await.map_err(failed)?;
                let tables = format!("{POSTGRES_TABLES}{TABLES}");
                transaction.batch_execute(&tables).await.map_err(failed)?;
                transaction.commit().await.map_err(failed)?;
            }
        }
        Ok(keeper)
    }

    pub async fn open(&self) -> Result<Session, Failure> {
        match self {
            Self::Memory(connection) => Ok(Session::file(Arc::clone(connection))),
            Self::Sqlite(path) => {
                let connection = open_file(path).map_err(failed)?;
                Ok(Session::file(Arc::new(std::sync::Mutex::new(connection))))
            }
            Self::Postgres(pool) => {
                // Taken out of the pool: what is set and locked in it goes with it.
                let client = Object::take(pool.get().await.map_err(failed)?);
                client.batch_execute("SET search_path TO scrip_server").await.map_err(failed)?;
                Ok(Session::Postgres(Arc::new(Mutex::new(client))))
            }
        }
    }

    /// Whether the session is that of the one process that delivers: from then on, for as long as it lives.
    pub async fn lead(&self, session: &mut Session) -> Result<bool, Failure> {
        match (self, session) {
            (Self::Sqlite(path), Session::Sqlite { lock, .. }) if lock.is_none() => {
                let mut name = path.clone().into_os_string();
                name.push("-webhooks");
                let file = File::options().create(true).append(true).open(name).map_err(failed)?;
                *lock = file.try_lock().is_ok().then(|| Arc::new(file));
                Ok(lock.is_some())
            }
            (_, Session::Postgres(client)) => {
                let row = client.lock().await.query_one(POSTGRES_LEAD, &[]).await.map_err(failed)?;
                row.try_get(0).map_err(failed)
            }
            _ => Ok(true),
        }
    }
}

fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // What a power failure takes of this was committed after the ledger's last flush: it is told again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

impl Session {
    fn file(connection: Arc<std::sync::Mutex<Connection>>) -> Self {
        Self::Sqlite { connection, lock: None }
    }

    /// Carries out all of it or nothing; answers with how many rows it was about.
    pub async fn run(&self, statements: Vec<Statement>) -> Result<u64, Failure> {
        Ok(self.run_if(None, statements).await?.unwrap_or_default())
    }

    /// The same, and nothing (`None`) if the first statement is about no row.
    pub async fn run_if(
        &self,
        first: Option<Statement>,
        statements: Vec<Statement>,
    ) -> Result<Option<u64>, Failure> {
        match self {
            Self::Sqlite { connection, .. } => {
                let work = move |connection: &mut Connection| {
                    let transaction =
                        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                    if let Some((text, values)) = &first
                        && transaction.execute(text, rusqlite::params_from_iter(values))? == 0
                    {
                        return Ok(None);
                    }
                    let mut rows = 0;
                    for (text, values) in &statements {
                        let mut statement = transaction.prepare_cached(text)?;
                        rows += statement.execute(rusqlite::params_from_iter(values))? as u64;
                    }
                    transaction.commit()?;
                    Ok(Some(rows))
                };
                blocking(connection, work).await
            }
            Self::Postgres(client) => {
                let mut client = client.lock().await;
                let transaction = client.transaction().await.map_err(failed)?;
                if let Some((text, values)) = &first {
                    let statement = transaction.prepare_cached(text).await.map_err(failed)?;
                    if transaction.execute(&statement, &params(values)).await.map_err(failed)? == 0 {
                        return transaction.rollback().await.map(|()| None).map_err(failed);
                    }
                }
                let mut rows = 0;
                for (text, values) in &statements {
                    let statement = transaction.prepare_cached(text).await.map_err(failed)?;
                    rows += transaction.execute(&statement, &params(values)).await.map_err(failed)?;
                }
                transaction.commit().await.map_err(failed)?;
                Ok(Some(rows))
            }
        }
    }

    /// The rows of a question: a number and a text.
    pub async fn ask(&self, text: &'static str, values: Vec<Value>) -> Result<Vec<(i64, String)>, Failure> {
        match self {
            Self::Sqlite { connection, .. } => {
                let work = move |connection: &mut Connection| {
                    let mut statement = connection.prepare_cached(text)?;
                    let values = rusqlite::params_from_iter(&values);
                    let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()
                };
                blocking(connection, work).await
            }
            Self::Postgres(client) => {
                let client = client.lock().await;
                let statement = client.prepare_cached(text).await.map_err(failed)?;
                let rows = client.query(&statement, &params(&values)).await.map_err(failed)?;
                rows.iter()
                    .map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?)))
                    .collect()
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    connection: &Arc<std::sync::Mutex<Connection>>,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let connection = Arc::clone(connection);
    let done = tokio::task::spawn_blocking(move || {
        work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
    });
    done.await.map_err(failed)?.map_err(failed)
}

fn param(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Text(text) => text,
        Value::Number(number) => number,
    }
}

fn params(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(param).collect()
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => rusqlite::ToSql::to_sql(text),
            Self::Number(number) => rusqlite::ToSql::to_sql(number),
        }
    }
}

fn failed(error: impl Display) -> Failure {
    Failure::Store(format!("webhooks: {error}"))
}
