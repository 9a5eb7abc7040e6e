//! The ledger in PostgreSQL: commits share round trips and flushes, reads go beside them.

use std::error::Error;
use std::sync::Arc;

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::store::postgres::{Options, PostgresStore, tokio_postgres};
use scrip::{AsyncLedger, Program};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::counted::{Counted, StoreCounts};

type Postgres = AsyncLedger<PostgresStore>;
/// The one that writes is counted.
type Writer = AsyncLedger<Counted<PostgresStore>>;

/// A database, and the queue in front of it.
pub struct InPostgres {
    /// For reading: a clone shares the connections.
    pub ledger: Postgres,
    pub writer: GroupCommit<Writer>,
    driver: Mutex<Option<JoinHandle<Writer>>>,
}

impl InPostgres {
    pub async fn connect(
        url: &str,
        program: Program,
        counts: &Arc<StoreCounts>,
    ) -> Result<Self, Box<dyn Error>> {
        let config: tokio_postgres::Config = url.parse()?;
        let options = Options::new();
        PostgresStore::migrate(&config, &options).await?;
        let store = PostgresStore::connect(&config, &options).await?;
        let counted = AsyncLedger::new(program.clone(), Counted::new(store.clone(), counts));
        let ledger = AsyncLedger::new(program, store);
        let (writer, driver) = GroupCommit::new(counted, GroupOptions::default());
        let driver = Mutex::new(Some(tokio::spawn(driver.run())));
        Ok(Self { ledger, writer, driver })
    }

    /// Finishes what is queued.
    pub async fn close(&self) {
        self.writer.close();
        if let Some(driver) = self.driver.lock().await.take() {
            let _ = driver.await;
        }
    }
}
