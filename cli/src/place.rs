//! Where a ledger is kept, and opening it.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use scrip::id::ProfileNumber;
use scrip::journal::{External, FlowSum};
use scrip::store::postgres::{Options, PostgresError, PostgresStore, tokio_postgres};
use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::store::{AsyncScan, AsyncStore, Blocking, Feed, Position, StoreError, Work};
use scrip::{AsyncLedger, ProfileId, Program, Timestamp};

use crate::failure::Failure;

/// A SQLite file, or a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err("must be sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned()),
        }
    }
}

/// Which ledger, and as of when.
#[derive(Clone, Debug, clap::Args)]
pub struct Where {
    /// Where the ledger is kept: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, env = "SCRIP_STORE", value_name = "STORE")]
    pub store: Place,
    /// A JSON file with the brand's choices: currency, time zone, rates and policies
    #[arg(long, env = "SCRIP_PROGRAM", value_name = "FILE")]
    pub program: PathBuf,
    /// The instant to act at, such as 2025-06-15T14:32:00+10:00; now, unless given
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<Timestamp>,
}

impl Where {
    /// The program that the file holds.
    pub fn program(&self) -> Result<Program, Failure> {
        let text = read(&self.program)?;
        scrip::json::read(&text).map_err(|error| Failure::of(self.program.display(), &error))
    }

    pub fn now(&self) -> Result<Timestamp, Failure> {
        match self.at {
            Some(at) => Ok(at),
            None => Timestamp::try_from(SystemTime::now()).map_err(|error| Failure::of("the clock", &error)),
        }
    }

    /// The ledger, which is made if it is not there.
    pub async fn to_write(&self) -> Result<AsyncLedger<AnyStore>, Failure> {
        Ok(AsyncLedger::new(self.program()?, AnyStore::open(&self.store, Access::Write).await?))
    }

    /// The ledger, which must be there.
    pub async fn to_read(&self) -> Result<AsyncLedger<AnyStore>, Failure> {
        Ok(AsyncLedger::new(self.program()?, AnyStore::open(&self.store, Access::Read).await?))
    }
}

/// A whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::of(path.display(), &error))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Small, as an import must fit beside whatever else runs on the machine.
pub const fn sqlite_options() -> SqliteOptions {
    SqliteOptions::new().page_cache(12 << 20).resident(8_000)
}

/// Either store.
#[derive(Debug)]
pub enum AnyStore {
    Sqlite(Box<Blocking<SqliteStore>>),
    Postgres(PostgresStore),
}

#[derive(Debug, thiserror::Error)]
pub enum AnyStoreError {
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    #[error(transparent)]
    Postgres(#[from] PostgresError),
}

impl StoreError for AnyStoreError {
    fn is_corruption(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.is_corruption(),
            Self::Postgres(error) => error.is_corruption(),
        }
    }
}

impl AnyStore {
    pub async fn open(place: &Place, access: Access) -> Result<Self, Failure> {
        match place {
            Place::Sqlite(path) => {
                let options = match access {
                    Access::Read => sqlite_options().read_only(),
                    Access::Write => sqlite_options(),
                };
                let store = SqliteStore::open_with(path, options)
                    .map_err(|error| Failure::of(path.display(), &error))?;
                Ok(Self::Sqlite(Box::new(Blocking(store))))
            }
            Place::Postgres(url) => postgres(url, access)
                .await
                .map(Self::Postgres)
                .map_err(|error| Failure::of("PostgreSQL", &error)),
        }
    }
}

/// Connects, and makes or updates the tables if they are to be written.
pub async fn postgres(url: &str, access: Access) -> Result<PostgresStore, PostgresError> {
    let config: tokio_postgres::Config = url.parse()?;
    let options = Options::new();
    if access == Access::Write {
        PostgresStore::migrate(&config, &options).await?;
    }
    PostgresStore::connect(&config, &options).await
}

impl AnyStore {
    /// The sums of all flows, from the tables that people query, which are brought up to date first.
    pub async fn flows(&mut self, cuts: &[Timestamp]) -> Result<Vec<FlowSum>, AnyStoreError> {
        match self {
            Self::Sqlite(store) => {
                store.0.project()?;
                Ok(store.0.flows(cuts)?)
            }
            Self::Postgres(store) => {
                store.project().await?;
                Ok(store.flows(cuts).await?)
            }
        }
    }
}

impl AsyncStore for AnyStore {
    type Error = AnyStoreError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), AnyStoreError> {
        match self {
            Self::Sqlite(store) => Ok(store.run(work).await?),
            Self::Postgres(store) => Ok(store.run(work).await?),
        }
    }
}

/// Asks whichever store it is.
macro_rules! scanned {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            AnyStore::Sqlite($store) => Ok($call.await?),
            AnyStore::Postgres($store) => Ok($call.await?),
        }
    };
}

impl AsyncScan for AnyStore {
    type Error = AnyStoreError;

    async fn profiles(
        &mut self,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, AnyStoreError> {
        scanned!(self, store => store.profiles(after, limit))
    }

    async fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, AnyStoreError> {
        scanned!(self, store => store.due(by, after, limit))
    }

    async fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, AnyStoreError> {
        scanned!(self, store => store.expiring(stretch, after, limit))
    }

    async fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, AnyStoreError> {
        scanned!(self, store => store.feed(after, limit))
    }

    async fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, AnyStoreError> {
        scanned!(self, store => store.named(name, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_or_a_database() {
        assert_eq!("sqlite:a/b.sqlite".parse(), Ok(Place::Sqlite("a/b.sqlite".into())));
        let url = "postgres://shop@localhost/loyalty";
        assert_eq!(url.parse(), Ok(Place::Postgres(url.to_owned())));
        for wrong in ["", "sqlite:", "sqlite", "postgres:shop", "mysql://x", "ledger.sqlite"] {
            assert!(wrong.parse::<Place>().unwrap_err().contains("sqlite:PATH"), "{wrong}");
        }
    }
}
