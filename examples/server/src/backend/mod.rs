//! The ledger, over whichever store was chosen. One enum, so that no handler knows which.

mod across;
pub mod counted;
mod memory;
mod postgres;
mod sqlite;

use std::error::Error;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use scrip::id::{ExternalId, ProfileNumber};
use scrip::journal::ValuedBalances;
use scrip::ledger::{GroupCommit, Grouped, Preview};
use scrip::outcome::{LotSnapshots, Quote};
use scrip::rejection::KeyReused;
use scrip::request::{IsRequest, KeyedBatch};
use scrip::store::postgres::RememberedReport;
use scrip::store::{AsOf, AsyncScan as _, Feed, Position, Scan as _, StoreError};
use scrip::view::{Catalogue, Wallet};
use scrip::{
    Command, DefinitionId, LotId, Outcome, Points, ProfileId, Program, Receipt, Redeem, Rejection, Timestamp,
    Transaction, TransactionId,
};

use self::counted::StoreCounts;
use self::memory::InMemory;
use self::postgres::InPostgres;
use self::sqlite::InSqlite;
use crate::options::Where;
use crate::shape::preview::PreviewOut;

/// A ledger over one of the stores. Clones share what is stored.
#[derive(Clone)]
pub enum Backend {
    Memory(Arc<InMemory>),
    Sqlite(Arc<InSqlite>),
    Postgres(Arc<InPostgres>),
}

/// As of when to read.
#[derive(Clone, Copy, Debug)]
pub enum LedgerAt {
    Now(Timestamp),
    Past(AsOf),
}

/// Why a request was not carried out: the crate's error, without the type of the store's own; or it was a dry run.
#[derive(Debug)]
pub enum Failure {
    Rejected(Rejection),
    KeyReused(KeyReused),
    Contention,
    InDoubt,
    /// The service is stopping.
    Closed,
    Corrupt(String),
    Store(String),
    /// Nothing was wrong: this is what it would do.
    DryRun(Box<PreviewOut>),
}

/// What comes of a command.
pub type Answer<O> = Result<Receipt<O>, Failure>;

/// Asks whichever ledger it is, and forgets the type of its store's errors.
macro_rules! ask {
    ($backend:expr, $ledger:ident => $call:expr) => {
        match $backend {
            Backend::Memory(shared) => {
                let mut $ledger = shared.ledger.clone();
                let answer = $call.await;
                answer.map_err(Failure::from)
            }
            Backend::Sqlite(shared) => shared.read(move |$ledger| $call.map_err(Failure::from)).await,
            Backend::Postgres(shared) => {
                let mut $ledger = shared.ledger.clone();
                let answer = $call.await;
                answer.map_err(Failure::from)
            }
        }
    };
}

use ask;

/// The same read, now or in the past.
macro_rules! read {
    ($backend:expr, $moment:expr, $method:ident($($argument:expr),*)) => {
        match $moment {
            LedgerAt::Now(at) => ask!($backend, ledger => ledger.at(at).$method($($argument),*)),
            LedgerAt::Past(as_of) => ask!($backend, ledger => ledger.as_of(as_of).$method($($argument),*)),
        }
    };
}

impl Backend {
    /// Opens the store, which counts what it is asked to do.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(
        store: &Where,
        program: Program,
        counts: &Arc<StoreCounts>,
    ) -> Result<Self, Box<dyn Error>> {
        Ok(match store {
            Where::Memory => Self::Memory(Arc::new(InMemory::new(program, counts))),
            Where::Sqlite(path) => Self::Sqlite(Arc::new(InSqlite::open(path, program, counts)?)),
            Where::Postgres(url) => {
                Self::Postgres(Arc::new(InPostgres::connect(url, program, counts).await?))
            }
        })
    }

    pub fn program(&self) -> &Program {
        match self {
            Self::Memory(shared) => shared.ledger.program(),
            Self::Sqlite(shared) => shared.program(),
            Self::Postgres(shared) => shared.ledger.program(),
        }
    }

    /// What the process remembers of accounts, if it does.
    pub fn remembered(&self) -> Option<RememberedReport> {
        match self {
            Self::Memory(_) | Self::Sqlite(_) => None,
            Self::Postgres(shared) => Some(shared.ledger.clone().store().remembered()),
        }
    }

    /// Finishes what is queued, and takes nothing more.
    pub async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(shared) => shared.close().await,
            Self::Postgres(shared) => shared.close().await,
        }
    }

    pub async fn run<A: IsRequest>(&self, command: Command<A>) -> Answer<A::Outcome>
    where
        A::Outcome: 'static,
    {
        match self {
            Self::Memory(shared) => shared.writer.clone().run(&command).await.map_err(Failure::from),
            Self::Sqlite(shared) => queued(&shared.writer, command).await,
            Self::Postgres(shared) => queued(&shared.writer, command).await,
        }
    }

    /// Each stands for itself; the answers come in the order of the commands.
    pub async fn run_all<A: IsRequest>(&self, commands: Vec<Command<A>>) -> Vec<Answer<A::Outcome>>
    where
        A::Outcome: 'static,
    {
        match self {
            Self::Memory(shared) => failures(shared.writer.clone().run_all(&commands).await),
            Self::Sqlite(shared) => all_queued(&shared.writer, commands).await,
            Self::Postgres(shared) => all_queued(&shared.writer, commands).await,
        }
    }

    /// A batch under its key: if that was used for something else, each answer says so, and nothing was done.
    pub async fn run_batch<A: IsRequest + 'static>(
        &self,
        batch: KeyedBatch<A>,
    ) -> Result<Vec<Answer<A::Outcome>>, Failure>
    where
        A::Outcome: 'static,
    {
        Ok(match self {
            Self::Memory(shared) => failures(shared.writer.clone().run_batch(&batch).await),
            Self::Sqlite(shared) => failures(shared.writer.commit_batch(batch).await?),
            Self::Postgres(shared) => failures(shared.writer.commit_batch(batch).await?),
        })
    }

    pub async fn quote(&self, at: Timestamp, redeem: Redeem) -> Result<Quote, Failure> {
        ask!(self, ledger => ledger.at(at).quote(&redeem))
    }

    /// What a command would do.
    pub async fn preview(&self, command: Arc<Command>) -> Result<Preview<Outcome>, Failure> {
        ask!(self, ledger => ledger.preview(&command))
    }

    pub async fn balances(&self, moment: LedgerAt, profile: ProfileId) -> Result<ValuedBalances, Failure> {
        read!(self, moment, balances(profile))
    }

    pub async fn points_earned(
        &self,
        moment: LedgerAt,
        profile: ProfileId,
        definition: DefinitionId,
        window: Range<Timestamp>,
    ) -> Result<Points, Failure> {
        read!(self, moment, points_earned(profile, definition, window))
    }

    pub async fn wallet(&self, moment: LedgerAt, profile: ProfileId) -> Result<Wallet, Failure> {
        read!(self, moment, wallet(profile))
    }

    pub async fn wallet_of(
        &self,
        moment: LedgerAt,
        number: ProfileNumber,
    ) -> Result<Option<Wallet>, Failure> {
        read!(self, moment, wallet_of(number))
    }

    pub async fn catalogue(&self, moment: LedgerAt) -> Result<Catalogue, Failure> {
        read!(self, moment, catalogue())
    }

    pub async fn lots(
        &self,
        at: Timestamp,
        profile: ProfileId,
        ids: Vec<LotId>,
    ) -> Result<LotSnapshots, Failure> {
        match self {
            // It is asked right after a commit, when the writer has the account at hand.
            Self::Sqlite(shared) => {
                shared.read_hot(move |ledger| Ok(ledger.at(at).lots(profile, &ids)?)).await
            }
            _ => ask!(self, ledger => ledger.at(at).lots(profile, &ids)),
        }
    }

    pub async fn transaction(
        &self,
        moment: LedgerAt,
        id: TransactionId,
    ) -> Result<Option<Transaction>, Failure> {
        read!(self, moment, transaction(id))
    }

    pub async fn transaction_by_external_id(
        &self,
        moment: LedgerAt,
        profile: ProfileId,
        id: ExternalId,
    ) -> Result<Option<Transaction>, Failure> {
        read!(self, moment, transaction_by_external_id(profile, &id))
    }

    /// Whoever has a transaction of this name.
    pub async fn profiles_with_transaction(
        &self,
        at: Timestamp,
        id: ExternalId,
        limit: usize,
    ) -> Result<Vec<ProfileId>, Failure> {
        ask!(self, ledger => ledger.at(at).profiles_with_transaction(&id, limit))
    }

    /// What was written after a position.
    pub async fn feed(&self, after: Position, limit: usize) -> Result<Feed, Failure> {
        match self {
            Self::Memory(shared) => {
                let mut ledger = shared.ledger.clone();
                ledger.store().feed(&after, limit).await.map_err(|error| Failure::of(&error))
            }
            Self::Sqlite(shared) => {
                let feed = shared.read(move |ledger| {
                    ledger.store().feed(&after, limit).map_err(|error| Failure::of(&error))
                });
                feed.await
            }
            Self::Postgres(shared) => {
                let mut ledger = shared.ledger.clone();
                ledger.store().feed(&after, limit).await.map_err(|error| Failure::of(&error))
            }
        }
    }
}

async fn queued<L, A: IsRequest>(writer: &GroupCommit<L>, command: Command<A>) -> Answer<A::Outcome>
where
    L: Grouped<Error: Display + Send + Sync + 'static>,
    A::Outcome: 'static,
{
    writer.commit(command).await.map_err(Failure::from)
}

async fn all_queued<L, A: IsRequest>(
    writer: &GroupCommit<L>,
    commands: Vec<Command<A>>,
) -> Vec<Answer<A::Outcome>>
where
    L: Grouped<Error: Display + Send + Sync + 'static>,
    A::Outcome: 'static,
{
    // All are queued before the first is waited for, so that they share a flush.
    let pending: Vec<_> = commands.into_iter().map(|command| writer.commit(command)).collect();
    let mut answers = Vec::with_capacity(pending.len());
    for pending in pending {
        answers.push(pending.await.map_err(Failure::from));
    }
    answers
}

fn failures<O, E: StoreError + Display>(answers: Vec<Result<Receipt<O>, scrip::Error<E>>>) -> Vec<Answer<O>> {
    answers.into_iter().map(|answer| answer.map_err(Failure::from)).collect()
}

impl Failure {
    fn of(error: &(impl StoreError + Display)) -> Self {
        if error.is_corruption() { Self::Corrupt(error.to_string()) } else { Self::Store(error.to_string()) }
    }
}

impl<E: StoreError + Display> From<scrip::Error<E>> for Failure {
    fn from(error: scrip::Error<E>) -> Self {
        match error {
            scrip::Error::Rejected(rejection) => Self::Rejected(rejection),
            scrip::Error::KeyReused(reused) => Self::KeyReused(reused),
            scrip::Error::Contention { .. } => Self::Contention,
            scrip::Error::InDoubt => Self::InDoubt,
            scrip::Error::Closed => Self::Closed,
            scrip::Error::Corrupt(corrupt) => Self::Corrupt(corrupt.to_string()),
            scrip::Error::Store(error) => Self::of(&*error),
            // Nobody here opens a transaction for the store to join.
            other => Self::Store(other.code().to_owned()),
        }
    }
}
