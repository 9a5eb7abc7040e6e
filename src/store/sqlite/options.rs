//! How a file is opened.

use std::time::Duration;

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// A commit that was acknowledged survives the end of the process, of the machine, and of the power. One flush to the
    /// disk for each commit, whatever its size.
    #[default]
    Full,
    /// A commit survives the end of the process. When the power fails, the newest commits may be gone, though they were
    /// acknowledged; the file is whole.
    LosesLastOnPowerLoss,
    /// A commit survives the end of the process. When the power fails, the file may be ruined. For imports that can be
    /// started again.
    MayRuinOnPowerLoss,
}

impl Durability {
    pub(super) const fn synchronous(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::LosesLastOnPowerLoss => "NORMAL",
            Self::MayRuinOnPowerLoss => "OFF",
        }
    }
}

/// How to open a file; see [`SqliteStore::open_with`](super::SqliteStore::open_with).
///
/// ```
/// use std::time::Duration;
///
/// use scrip::store::sqlite::{Durability, SqliteOptions, SqliteStore};
///
/// let folder = tempfile::tempdir()?;
/// let options = SqliteOptions::new()
///     .durability(Durability::Full)
///     .busy_timeout(Duration::from_secs(2))
///     .resident(0); // many processes write: whatever is kept would be out of date
/// let store = SqliteStore::open_with(folder.path().join("ledger.sqlite"), options)?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    pub(super) durability: Durability,
    pub(super) busy_timeout: Duration,
    pub(super) resident: usize,
    pub(super) page_cache: usize,
    pub(super) log_bytes: usize,
    pub(super) max_bytes: Option<usize>,
    pub(super) is_read_only: bool,
}

impl SqliteOptions {
    /// Full durability, five seconds of patience, some 20 000 accounts kept in memory.
    pub const fn new() -> Self {
        Self {
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            resident: 20_000,
            page_cache: 64 << 20,
            log_bytes: 32 << 20,
            max_bytes: None,
            is_read_only: false,
        }
    }

    /// What a commit survives.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long to wait for another writer before [`SqliteError::Busy`](super::SqliteError::Busy).
    #[must_use]
    pub const fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy_timeout = busy_timeout;
        self
    }

    /// How many accounts stay in memory, less than a kilobyte each at eight lots; zero for none.
    ///
    /// They are valid until another handle writes to the file, which is checked each time; after such a write, all
    /// of them are read anew. So it pays where one process writes, and costs little where several do.
    #[must_use]
    pub const fn resident(mut self, accounts: usize) -> Self {
        self.resident = accounts;
        self
    }

    /// How many bytes of the file SQLite keeps in memory.
    #[must_use]
    pub const fn page_cache(mut self, bytes: usize) -> Self {
        self.page_cache = bytes;
        self
    }

    /// How many bytes the write-ahead log grows to before it is written back to the file. Larger is faster, and takes
    /// that much more disk beside the file.
    #[must_use]
    pub const fn log_bytes(mut self, bytes: usize) -> Self {
        self.log_bytes = bytes;
        self
    }

    /// How many bytes the file may grow to; beyond that is [`SqliteError::Full`](super::SqliteError::Full), as it is
    /// when the disk is full.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Only for reading: nothing is created and nothing is migrated.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new()
    }
}
