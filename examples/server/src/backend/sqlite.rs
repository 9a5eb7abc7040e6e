//! The ledger in a SQLite file: one thread writes, many calls to a flush; a few handles read beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::{Ledger, Program};
use tokio::sync::Semaphore;

use super::Failure;
use super::counted::{Counted, StoreCounts};

/// How many calls read the file at once.
const READERS: usize = 4;
/// What a reader keeps of the file in memory.
const READER_CACHE: usize = 16 << 20;

type Sqlite = Ledger<SqliteStore>;
/// The one that writes is counted.
type Writer = Ledger<Counted<SqliteStore>>;

/// A file, its writer and its readers.
pub struct InSqlite {
    pub writer: GroupCommit<Writer>,
    driver: Mutex<Option<JoinHandle<Writer>>>,
    program: Program,
    path: PathBuf,
    idle: Mutex<Vec<Sqlite>>,
    permits: Semaphore,
}

impl InSqlite {
    pub fn open(path: &Path, program: Program, counts: &Arc<StoreCounts>) -> Result<Self, SqliteError> {
        let ledger = Ledger::new(program.clone(), Counted::new(SqliteStore::open(path)?, counts));
        let (writer, driver) = GroupCommit::new(ledger, GroupOptions::default());
        let driver = std::thread::spawn(move || driver.run());
        Ok(Self {
            writer,
            driver: Mutex::new(Some(driver)),
            program,
            path: path.to_owned(),
            idle: Mutex::default(),
            permits: Semaphore::new(READERS),
        })
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Reads from the file, on a thread that may block. What was committed before is seen.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Sqlite) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _permit = self.permits.acquire().await.map_err(|_| Failure::Closed)?;
        let idle = self.idle().pop();
        let reader = idle.map_or_else(|| self.reader(), Ok).map_err(|error| Failure::of(&error))?;
        let (answer, reader) = tokio::task::spawn_blocking(move || {
            let mut reader = reader;
            (question(&mut reader), reader)
        })
        .await
        .map_err(|error| Failure::Store(error.to_string()))?;
        self.idle().push(reader);
        answer
    }

    /// Reads between two commits, by the handle that writes: quick for what it keeps in memory.
    pub async fn read_hot<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Writer) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.writer.with(question).await.map_err(Failure::from)?
    }

    fn reader(&self) -> Result<Sqlite, SqliteError> {
        // The writer changes the file all the time: accounts that are kept would be out of date.
        let options = SqliteOptions::new().read_only().resident(0).page_cache(READER_CACHE);
        Ok(Ledger::new(self.program.clone(), SqliteStore::open_with(&self.path, options)?))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Sqlite>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finishes what is queued, and closes the file.
    pub async fn close(&self) {
        self.writer.close();
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(driver) = driver {
            // The last handle that closes writes the log back into the file.
            self.idle().clear();
            let _ = tokio::task::spawn_blocking(move || drop(driver.join())).await;
        }
    }
}
